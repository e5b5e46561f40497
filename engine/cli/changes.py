"""Render requests for `render` and `morph`: read from a file or made for a label map, then changed by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.common import tell
from engine.cli.request import read_request
from engine.cli.styles import PieceFinder
from engine.cli.words import split_label, split_mix, split_point, split_relabel, split_style
from engine.errors import BadRequest
from engine.labels.label_maps import read_certain_map
from engine.program import program
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


def read_render_request(request_file: Path) -> RenderRequest:
    """The render request in a file. Raises BadFile or BadRequest, naming it."""
    request = read_request(request_file)
    if not isinstance(request, RenderRequest):
        raise BadRequest(
            '"{0}" is no painting but another kind of request; {1} request "{0}" --out FILE performs it.',
            request_file, program(),
        )
    return request


def new_request(weights: str, label_map_path: Path, style_reader: StyleReader, order: str | None) -> RenderRequest:
    """A request for a label map file in the mean style. Raises BadFile, BadLabelMap, WeightsError."""
    label_map_file = read_certain_map(label_map_path, style_reader.label_set, order=order, option="--order")
    tell(label_map_file.notes)
    return RenderRequest(lasting_name(weights), LabelMapData.from_array(label_map_file.label_map))


def changed(request: RenderRequest, style_reader: StyleReader, changes: Changes) -> RenderRequest:
    """The request with regions relabelled, then styles: of all labels that it does not lock, of single ones, mixed into
    what there is. A label that is named is changed, locked or not: the word says so.

    Raises:
        BadRequest, BadFile, MissingStyle: naming the word that is wrong.
    """
    if (changes.style or changes.mix) and style_reader.abilities.scope == "picture":
        raise BadRequest(
            '"{0}" has one style for the whole picture; use --styles instead of --style and --mix.', request.weights
        )
    if changes.relabel:
        request = _relabelled(request, style_reader, changes.relabel)
    styles: dict[int, Style] = dict(request.styles)
    finder = _finder(request, style_reader)
    if changes.styles is not None:
        everywhere = style_reader.everywhere(split_style("--styles", changes.styles))
        style_reader.require_unlocked(request)
        style_reader.tell_kept(label for label in request.style_locks if label in everywhere)
        styles.update({label: style for label, style in everywhere.items() if label not in request.style_locks})
    for word in changes.style:
        label_name, style_word = split_label("--style", word)
        region, label = _region("--style", word, label_name, style_reader, finder)
        styles[region] = style_reader.one_of(split_style("--style", style_word), label)
    for word in changes.mix:
        label_name, style, amount = split_mix(word)
        region, label = _region("--mix", word, label_name, style_reader, finder)
        before = styles.get(region, styles.get(label, MEAN))
        styles[region] = MixStyle(before, style_reader.one_of(style, label), amount)
    style_reader.warn(finder.label_map)
    if finder.piece_map is None:
        return request.replace(styles=styles)
    piece_map = LabelMapData.from_array(finder.piece_map)
    return request.replace(styles=styles, pieces=dict(finder.pieces), piece_map=piece_map)


def _finder(request: RenderRequest, style_reader: StyleReader) -> PieceFinder:
    label_map = request.label_map.array()
    piece_map = None if request.piece_map is None else request.piece_map.array()
    return PieceFinder(label_map, style_reader.label_set, label_map.shape, piece_map, request.pieces)


def _region(
    option: str, word: str, name: str, style_reader: StyleReader, finder: PieceFinder
) -> tuple[int, int]:
    """The label or piece that a word names, and its label. Raises BadRequest."""
    label_name, point = split_point(name)
    label = style_reader.label_set.find(label_name)
    if point is None:
        return label, label
    if not style_reader.abilities.pieces:
        raise BadRequest(
            '{0} "{1}": these weights have one style for a label; leave out the point, or choose other weights.',
            option, word,
        )
    return finder.piece(option, word, label, point), label


def _relabelled(request: RenderRequest, style_reader: StyleReader, words: Sequence[str]) -> RenderRequest:
    changes: dict[int, int] = {}
    for word in words:
        old_label, new_label = (style_reader.label_set.find(label_name) for label_name in split_relabel(word))
        style_reader.require_region(old_label, request.label_map.array())
        changes[old_label] = new_label
    return relabelled(request, changes)
