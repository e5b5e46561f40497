"""Tables that give each label of a map its colour on the screen."""

from __future__ import annotations

import numpy as np

from engine.labels.label_sets import LabelSet

_OPAQUE = 0xFF000000
_DIM = 0x80000000  # what a highlight lays over everything else: black, half transparent


def colour_table(*, label_set: LabelSet, hidden: frozenset[int] = frozenset()) -> np.ndarray:
    """(256,) uint32, 0xAARRGGBB premultiplied: each label's colour, nothing for hidden labels and unknown
    ids.
    """
    palette = label_set.palette().astype(np.uint32)
    table = np.zeros(256, np.uint32)
    table[: len(palette)] = _OPAQUE | palette[:, 0] << 16 | palette[:, 1] << 8 | palette[:, 2]
    table[list(hidden)] = 0
    return table


def highlight_table(*, label: int) -> np.ndarray:
    """(256,) uint32: darkens everything but one label."""
    table = np.full(256, _DIM, np.uint32)
    table[label] = 0
    return table
