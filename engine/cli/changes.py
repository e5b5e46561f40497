"""Render requests for `render` and `morph`: read from a file or made for a label map, then changed by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.common import tell
from engine.cli.request import read_request
from engine.cli.words import split_label, split_mix, split_relabel, split_style
from engine.errors import BadRequest
from engine.labels.label_maps import read_label_map
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, MixStyle, Style
from engine.requests.variations import relabelled
from engine.weights.store import lasting_name

if TYPE_CHECKING:
    from engine.cli.styles import StyleReader


@dataclass(frozen=True)
class Changes:
    """What --relabel, --styles, --style and --mix say, as they were written."""

    relabel: Sequence[str] = ()
    styles: str | None = None
    style: Sequence[str] = ()
    mix: Sequence[str] = ()


def read_render_request(path: Path) -> RenderRequest:
    """The render request in a file. Raises BadFile or BadRequest, naming it."""
    request = read_request(path)
    if not isinstance(request, RenderRequest):
        raise BadRequest('"{0}" holds a request of another kind than render.', path)
    return request


def new_request(weights: str, labels: Path, reader: StyleReader) -> RenderRequest:
    """A request for a label map file in the mean style. Raises BadFile, BadLabelMap, WeightsError."""
    label_map_file = read_label_map(labels, reader.label_set)
    tell(label_map_file.notes)
    return RenderRequest(lasting_name(weights), LabelMapData.from_array(label_map_file.label_map))


def changed(request: RenderRequest, reader: StyleReader, changes: Changes) -> RenderRequest:
    """The request with regions relabelled, then styles: of all labels that it does not lock, of single ones, mixed into
    what there is. A label that is named is changed, locked or not: the word says so.

    Raises:
        BadRequest, BadFile, MissingStyle: naming the word that is wrong.
    """
    if (changes.style or changes.mix) and reader.abilities.scope == "picture":
        raise BadRequest(
            '"{0}" has one style for the whole picture; use --styles instead of --style and --mix.', request.weights
        )
    if changes.relabel:
        request = _relabelled(request, reader, changes.relabel)
    styles: dict[int, Style] = dict(request.styles)
    if changes.styles is not None:
        everywhere = reader.everywhere(split_style("--styles", changes.styles))
        reader.require_unlocked(request)
        reader.tell_kept(label for label in request.style_locks if label in everywhere)
        styles.update({label: style for label, style in everywhere.items() if label not in request.style_locks})
    for word in changes.style:
        name, rest = split_label("--style", word)
        label = reader.label_set.find(name)
        styles[label] = reader.one_of(split_style("--style", rest), label)
    for word in changes.mix:
        name, style, amount = split_mix(word)
        label = reader.label_set.find(name)
        styles[label] = MixStyle(styles.get(label, MEAN), reader.one_of(style, label), amount)
    reader.warn(request.label_map.array())
    return request.replace(styles=styles)


def _relabelled(request: RenderRequest, reader: StyleReader, words: Sequence[str]) -> RenderRequest:
    changes: dict[int, int] = {}
    for word in words:
        old, new = (reader.label_set.find(name) for name in split_relabel(word))
        reader.require_region(old, request.label_map.array())
        changes[old] = new
    return relabelled(request, changes)
