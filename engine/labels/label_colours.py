"""Colour tables of label maps: exact colour -> id, and the sentence about colours that no table has."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.errors import Message
from engine.files import as_sentence
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set

Array = np.ndarray


def packed(colour: Iterable[int]) -> int:
    red, green, blue = colour
    return int(red) << 16 | int(green) << 8 | int(blue)


def colour_tables(label_set: LabelSet) -> list[tuple[str, dict[int, int]]]:
    """Tables colour -> id that fit the set: its own first, then published ones of the same labels.

    Where labels share a colour (Cityscapes' five blacks) the lowest id stands for it.
    """
    sets = [label_set]
    for name in bundled_label_sets():
        other = load_label_set(name)
        if label_set.same_labels(other) and not np.array_equal(other.palette(), label_set.palette()):
            sets.append(other)
    return [(one.name, {packed(x.colour): x.id for x in reversed(one.labels)}) for one in sets]


def ids_by_colour(rgb: Array, table: dict[int, int]) -> Array:
    """(H, W, 3) uint8 whose colours are all in `table` -> (H, W) uint8 ids."""
    keys = np.array(sorted(table), dtype=np.uint32)
    ids = np.array([table[int(key)] for key in keys], dtype=np.uint8)
    keyed = rgb[..., 0].astype(np.uint32) << 16 | rgb[..., 1].astype(np.uint32) << 8 | rgb[..., 2]
    return ids[np.searchsorted(keys, keyed)]


def colours_sentence(
    counts: dict[int, int], tables: list[tuple[str, dict[int, int]]], label_set: LabelSet, called: str
) -> Message:
    """Name the unknown colours by the table that explains most pixels."""
    unknown = min(
        ({key: count for key, count in counts.items() if key not in table} for _, table in tables),
        key=lambda rest: sum(rest.values()),
    )
    rows = sorted(unknown.items(), key=lambda item: -item[1])
    shown = ", ".join(f"#{key:06x} ({count:,} pixel{'s' if count > 1 else ''})" for key, count in rows[:6])
    if len(rows) > 6:
        shown = Message("{0} and {1} more", shown, len(rows) - 6)
    if len(rows) == 1:
        return Message(
            "{0} contains the colour {1} that '{2}' does not have; choose the label set that the map was made for, "
            "or repaint these pixels without smoothing.",
            as_sentence(called), shown, label_set.name,
        )
    return Message(
        "{0} contains the colours {1} that '{2}' does not have; choose the label set that the map was made for, or "
        "repaint these pixels without smoothing.",
        as_sentence(called), shown, label_set.name,
    )
