"""Reading a label map file for the user to look at: by its numbers, its colours, or a table of what colours mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.errors import BadLabelMap
from engine.labels.label_colours import colour_tables, nearest_labels
from engine.labels.label_maps import LabelMapFile, few_colours, read_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.sniffing import sets_by_colours


@dataclass(frozen=True)
class MapReading:
    """A label map file as it was read.

    shown_ids: the labels that it shows. pixel_counts: by 0xRRGGBB, of the colours of which a table can say what they
    mean; empty where the file has none, or too many. table: what was said of them, and the nearest label where nothing
    was; empty where the file was read without one. offered: of some nobody has said yet what they mean.
    """

    label_set: LabelSet
    map_file: LabelMapFile
    shown_ids: list[int]
    pixel_counts: Mapping[int, int] = field(default_factory=dict)
    table: Mapping[int, int] = field(default_factory=dict)
    offered: bool = False


def read_map(
    path: Path, label_set: LabelSet, said: Mapping[int, int], *, order: str | None = None, by_colours: bool = False
) -> MapReading:
    """Read a label map in somebody's colours too.

    said: which label each 0xRRGGBB means, of whatever file; labels that the set does not have are left out.
    by_colours: the file's colours count, whatever its numbers are. Raises BadFile, BadLabelMap as `read_label_map`.
    """
    (_, own_table), *_ = colour_tables(label_set)
    pixel_counts = _speaking_colours(path) if order is None else {}
    known = {
        colour: label_id
        for colour, label_id in said.items()
        if colour in pixel_counts and label_id < len(label_set) and own_table.get(colour) != label_id
    }
    if not by_colours:
        try:
            map_file = read_label_map(path, label_set, order=order, colours=known)
            by_table = bool(known) and map_file.how == "colour"
            table = nearest_labels(pixel_counts, label_set) | known if by_table else {}
            return MapReading(label_set, map_file, _ids_in(map_file), pixel_counts, table)
        except BadLabelMap:
            if not pixel_counts:
                raise
    table = nearest_labels(pixel_counts, label_set) | known
    map_file = read_label_map(path, label_set, colours=table, by_colours=by_colours)
    offered = not pixel_counts.keys() <= known.keys() | own_table.keys()
    return MapReading(label_set, map_file, _ids_in(map_file), pixel_counts, table, offered)


def set_by_colours(path: Path, label_sets: Sequence[LabelSet]) -> int:
    """Which of the sets' colours a label map has: the first one, 0, where nothing speaks for another."""
    named_sets = [load_label_set(set_name) for set_name in sets_by_colours(path)]
    return next(
        (
            set_index
            for set_index, label_set in enumerate(label_sets)
            if any(label_set.same_labels(named_set) for named_set in named_sets)
        ),
        0,
    )


def _ids_in(map_file: LabelMapFile) -> list[int]:
    shown_ids: list[int] = np.unique(map_file.label_map).tolist()
    return shown_ids


def _speaking_colours(path: Path) -> dict[int, int]:
    """The colours of a file of which one can say what they mean; greys alone are numbers."""
    pixel_counts = few_colours(path)
    return {} if all(colour % 0x10101 == 0 for colour in pixel_counts) else pixel_counts
