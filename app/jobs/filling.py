"""Holes filled for the window: one candidate after the other, in the work lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.jobs.work_lane import Work
from app.shell.i18n import tr
from engine.compose.samples import as_seen
from engine.pictures.png import encode_rgb_png
from engine.pictures.profiles import to_srgb
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference

if TYPE_CHECKING:
    from engine.requests.inpaint import InpaintRequest


@dataclass(frozen=True)
class Candidate:
    """One filling of a hole: what a document keeps of it, and how it looks.

    pixels: (h, w, 3) uint8 sRGB of the hole's part of the picture. rows, columns: of that part.
    """

    filled: FilledHole
    pixels: np.ndarray
    rows: slice
    columns: slice

    def over(self, picture: np.ndarray) -> np.ndarray:
        """A picture (H, W, 3) with the hole filled."""
        shown = picture.copy()
        shown[self.rows, self.columns][self.inside] = self.pixels[self.inside]
        return shown

    @property
    def inside(self) -> np.ndarray:
        """(h, w) bool: the hole in its part."""
        return self.filled.mask.inside()


def photo_of_picture(picture: np.ndarray, name: str) -> PhotoReference:
    """A painted picture (H, W, 3) as a photo that travels inside its document."""
    return PhotoReference(name, data=encode_rgb_png(picture))


def fill_request(
    photo: PhotoReference, filled: tuple[FilledHole, ...], hole: np.ndarray, weights: str, seed: int
) -> InpaintRequest:
    """The request of one candidate; compresses the hole: for workers."""
    from engine.requests.inpaint import InpaintRequest  # only who fills needs what fills

    return InpaintRequest(weights, photo, LabelMapData.from_mask(hole), seed=seed, filled_holes=filled)


def candidate_for(
    work: Work, photo: PhotoReference, filled: tuple[FilledHole, ...], hole: np.ndarray, weights: str, seed: int
) -> Candidate:
    """Fill a hole (H, W) bool of a photo in which others are filled already. Raises EngineError as the request."""
    work.progress(0.0, tr("Filling"))
    request = fill_request(photo, filled, hole, weights, seed)
    with work.session() as session:
        result = session.run(request, work.progress, work.cancel_event)
    samples = result.candidates[0]
    new = FilledHole.of(samples, hole, weights=weights, seed=seed)
    height, width = new.mask.height, new.mask.width
    rows, columns = slice(new.top, new.top + height), slice(new.left, new.left + width)
    seen = as_seen(np.ascontiguousarray(samples[rows, columns]))
    return Candidate(new, to_srgb(seen, result.photo.icc_profile), rows, columns)
