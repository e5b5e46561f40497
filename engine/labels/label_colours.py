"""Colour tables of label maps: exact colour -> id, the nearest label, and the sentence about colours of no table."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import numpy as np

from engine.errors import Message, listed
from engine.files import as_sentence
from engine.labels.colour_tables import ColourTable
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set

Array = np.ndarray


def packed(colour: Iterable[int]) -> int:
    red, green, blue = colour
    return int(red) << 16 | int(green) << 8 | int(blue)


def colour_tables(label_set: LabelSet, said: ColourTable = MappingProxyType({})) -> list[tuple[str, dict[int, int]]]:
    """Tables colour -> id that fit the set: its own first, then published ones of the same labels.

    `said`: what somebody said of these files; it goes before the set's own colours. Where labels share a colour
    (Cityscapes' five blacks) the lowest id stands for it.
    """
    fitting_sets = [label_set]
    for name in bundled_label_sets():
        bundled_set = load_label_set(name)
        if label_set.same_labels(bundled_set) and not np.array_equal(bundled_set.palette(), label_set.palette()):
            fitting_sets.append(bundled_set)
    return [
        (fitting.name, {packed(label.colour): label.id for label in reversed(fitting.labels)} | dict(said))
        for fitting in fitting_sets
    ]


def nearest_labels(colours: Iterable[int], label_set: LabelSet) -> dict[int, int]:
    """The label whose colour an eye takes for the nearest, for each 0xRRGGBB: a table to begin with.

    Distances by T. Riemersma's weighting of red and blue (compuphase.com/cmetric.htm).
    """
    palette = label_set.palette().astype(np.float64)

    def nearest(colour: int) -> int:
        wanted = np.array([colour >> 16, colour >> 8 & 255, colour & 255], np.float64)
        red_mean = (palette[:, 0] + wanted[0]) / 2
        weights = np.stack([2 + red_mean / 256, np.full(len(palette), 4.0), 2 + (255 - red_mean) / 256], axis=1)
        return int((weights * (palette - wanted) ** 2).sum(axis=1).argmin())

    return {colour: nearest(colour) for colour in colours}


def ids_by_colour(rgb: Array, id_by_colour: dict[int, int]) -> Array:
    """(H, W, 3) uint8 whose colours are all in `id_by_colour` -> (H, W) uint8 ids."""
    sorted_colours = np.array(sorted(id_by_colour), dtype=np.uint32)
    ids = np.array([id_by_colour[int(key)] for key in sorted_colours], dtype=np.uint8)
    pixel_colours = rgb[..., 0].astype(np.uint32) << 16 | rgb[..., 1].astype(np.uint32) << 8 | rgb[..., 2]
    return ids[np.searchsorted(sorted_colours, pixel_colours)]


def colours_sentence(
    counts: dict[int, int], tables: list[tuple[str, dict[int, int]]], label_set: LabelSet, called: str
) -> Message:
    """Name the unknown colours by the table that explains most pixels."""
    unknown = min(
        ({key: count for key, count in counts.items() if key not in table} for _, table in tables),
        key=lambda rest: sum(rest.values()),
    )
    by_count = sorted(unknown.items(), key=lambda item: -item[1])
    shown = listed(_counted(colour, count) for colour, count in by_count[:6])
    if len(by_count) > 6:
        shown = Message("{0} and {1} more", shown, len(by_count) - 6)
    if len(by_count) == 1:
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


def _counted(colour: int, count: int) -> Message:
    if count == 1:
        return Message("{0} (1 pixel)", f"#{colour:06x}")
    return Message("{0} ({1} pixels)", f"#{colour:06x}", f"{count:,}")
