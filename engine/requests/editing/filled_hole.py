"""A hole of a photo with what fills it: samples, so that it stays what was chosen, whatever is installed later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta

from engine.errors import BadRequest, EngineError, Message
from engine.pictures.photos import read_photo
from engine.requests.base import Frozen
from engine.requests.label_map_data import LabelMapData
from engine.requests.styles import MAX_SEED

Array = np.ndarray
LEAST_SIDE = 16
"""Pixels of the part that is stored, where the photo has them: smaller pictures are refused when they are read."""


class FilledHole(Frozen, frozen=True):
    """A part of a photo, filled inside a mask.

    top, left: of the part in the photo. mask: of the part's size, above 0 in the hole. png: the part's samples, grey or
    RGB, of the photo's depth and in its own numbers; alpha stays the photo's. weights, seed: what made it, see
    `engine.requests.inpaint.InpaintRequest`; they decide nothing any more.
    """

    top: Annotated[int, Meta(ge=0)]
    left: Annotated[int, Meta(ge=0)]
    mask: LabelMapData
    png: bytes
    weights: str = ""
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0

    @classmethod
    def of(cls, samples: Array, hole: Array, *, weights: str = "", seed: int = 0) -> FilledHole:
        """samples: of the whole photo, filled. hole: (H, W) bool, not empty."""
        rows, columns = (_box(hole, axis) for axis in (1, 0))
        patch = _colours_of(samples)[rows, columns]
        stored = patch if patch.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(patch), cv2.COLOR_RGB2BGR)
        _, png = cv2.imencode(".png", np.ascontiguousarray(stored))
        mask = LabelMapData.from_mask(np.ascontiguousarray(hole[rows, columns]))
        return cls(rows.start, columns.start, mask, png.tobytes(), weights, seed)

    def write_into(self, samples: Array) -> None:
        """Put what fills the hole into a photo's samples; nothing else is written.

        Raises BadRequest: it is of a photo of another size, depth or mode, or damaged.
        """
        inside = self.mask.inside()
        rows, columns = (slice(first, first + side) for first, side in zip((self.top, self.left), inside.shape))
        target = _colours_of(samples)
        patch = self._samples()
        suits = rows.stop <= target.shape[0] and columns.stop <= target.shape[1] and patch.shape[:2] == inside.shape
        if not suits or patch.dtype != target.dtype or patch.shape[2:] != target.shape[2:]:
            raise BadRequest("What fills a hole of the photo does not suit it; fill the hole again.")
        target[rows, columns][inside] = patch[inside]

    def check_data(self) -> None:
        """Raise BadRequest where the data inside is damaged."""
        self.mask.inside()
        self._samples()

    def _samples(self) -> Array:
        try:
            return read_photo(self.png, name=Message("what fills a hole")).samples
        except EngineError as error:
            raise BadRequest(
                "What fills a hole of the photo is damaged; fill the hole again.", details=str(error)
            ) from error


def with_filled(samples: Array, filled_holes: Iterable[FilledHole]) -> Array:
    """A copy of a photo's samples with its holes filled, one after the other. Raises as `FilledHole.write_into`."""
    filled = samples.copy()
    for hole in filled_holes:
        hole.write_into(filled)
    filled.flags.writeable = False
    return filled


def _colours_of(samples: Array) -> Array:
    """A view of them without alpha: (H, W) or (H, W, 3)."""
    if samples.ndim == 2 or samples.shape[2] == 3:
        return samples
    return samples[..., 0] if samples.shape[2] == 2 else samples[..., :3]


def _box(hole: Array, axis: int) -> slice:
    """From the first to the last row (1) or column (0) of a hole, and more where that is less than `LEAST_SIDE`."""
    places, length = np.flatnonzero(hole.any(axis)), hole.shape[1 - axis]
    side = min(length, max(LEAST_SIDE, int(places[-1] - places[0]) + 1))
    first = min(int(places[0]), length - side)
    return slice(first, first + side)
