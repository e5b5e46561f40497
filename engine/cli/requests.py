"""Requests for `render` and `morph`: read from a file or made from words, then changed by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.common import tell
from engine.cli.words import split_label, split_mix, split_relabel, split_style
from engine.errors import BadFile, BadRequest
from engine.files import read_text
from engine.labels.label_maps import read_label_map
from engine.pictures.png import read_embedded_request
from engine.pictures.sniffing import sniff
from engine.requests.render import LabelMapData, RenderRequest, from_json
from engine.requests.styles import MEAN, MixStyle, Style, located
from engine.requests.variations import relabelled

if TYPE_CHECKING:
    from engine.cli.styles import StyleReader

WANTED = "give a request JSON file, or a PNG that Tessera exported"


@dataclass(frozen=True)
class Changes:
    """What --relabel, --styles, --style and --mix say, as they were written."""

    relabel: Sequence[str] = ()
    styles: str | None = None
    style: Sequence[str] = ()
    mix: Sequence[str] = ()


def read_render_request(path: Path) -> RenderRequest:
    """The render request in `path`; relative picture paths are looked for beside it first.

    Raises BadFile or BadRequest, naming the file.
    """
    kind = sniff(path)
    if kind in ("request_png", "image", "label_map"):
        text = read_embedded_request(path)
        if text is None:
            raise BadRequest('"{0}" carries no request; {1}.', path, WANTED)
    else:
        try:
            text = read_text(path)
        except BadFile as error:
            if not path.is_file() or kind == "request_json":
                raise
            raise BadRequest('"{0}" is no request; {1}.', path, WANTED, details=str(error)) from error
        if not text.lstrip("\ufeff").lstrip().startswith("{"):
            raise BadRequest('"{0}" is no request; {1}.', path, WANTED)
    try:
        request = from_json(text)
    except BadRequest as error:
        raise BadRequest('"{0}" cannot be rendered: {1}', path, error, details=error.details) from error
    if not isinstance(request, RenderRequest):
        raise BadRequest('"{0}" holds a request of another kind than render.', path)
    folder = path.resolve().parent
    return request.replace(styles={label: located(style, folder) for label, style in request.styles.items()})


def new_request(weights: str, labels: Path, reader: StyleReader) -> RenderRequest:
    """A request for a label map file in the mean style. Raises BadFile, BadLabelMap, WeightsError."""
    from engine.weights.store import lasting_name

    found = read_label_map(labels, reader.label_set)
    tell(found.notes)
    return RenderRequest(lasting_name(weights), LabelMapData.from_array(found.label_map))


def changed(request: RenderRequest, reader: StyleReader, changes: Changes) -> RenderRequest:
    """The request with regions relabelled, then styles: of all labels that it does not lock, of single ones, mixed into
    what there is. A label that is named is changed, locked or not: the word says so.

    Raises:
        BadRequest, BadFile, MissingStyle: naming the word that is wrong.
    """
    if (changes.style or changes.mix) and reader.abilities.scope == "picture":
        raise BadRequest(
            '"{0}" has one style for the whole picture; use --styles instead of --style and --mix.',
            request.weights,
        )
    if changes.relabel:
        request = _relabelled(request, reader, changes.relabel)
    chosen: dict[int, Style] = dict(request.styles)
    if changes.styles is not None:
        found = reader.everywhere(split_style("--styles", changes.styles))
        reader.require_unlocked(request)
        reader.tell_kept(label for label in request.style_locks if label in found)
        chosen.update({label: style for label, style in found.items() if label not in request.style_locks})
    for word in changes.style:
        name, rest = split_label("--style", word)
        label = reader.label_set.find(name)
        chosen[label] = reader.one_of(split_style("--style", rest), label)
    for word in changes.mix:
        name, style, amount = split_mix(word)
        label = reader.label_set.find(name)
        chosen[label] = MixStyle(chosen.get(label, MEAN), reader.one_of(style, label), amount)
    reader.warn(request.label_map.array())
    result: RenderRequest = request.replace(styles=chosen)
    return result


def _relabelled(request: RenderRequest, reader: StyleReader, words: Sequence[str]) -> RenderRequest:
    changes: dict[int, int] = {}
    for word in words:
        old, new = (reader.label_set.find(name) for name in split_relabel(word))
        reader.require_region(old, request.label_map.array())
        changes[old] = new
    return relabelled(request, changes)
