"""The photos that are edited, as people see them: read in the work lane, kept for those who show them.

The engine reads a photo's own samples for itself; here is what the window compares with.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.jobs.photos import file_regions
from app.jobs.work_lane import Work
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.compose.samples import as_seen
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part
from engine.pictures.closeup import reduced
from engine.pictures.face_frames import FaceFrame
from engine.pictures.photos import read_photo
from engine.pictures.profiles import to_srgb
from engine.requests.kept import Kept
from engine.requests.photo_reference import PhotoReference

KEPT = 2  # photos: the present one, and the one that undo leads back to


@dataclass(frozen=True)
class Original:
    """A photo as people see it: pixels (H, W, 3) uint8 sRGB, read-only. notes: what was done to the file's samples."""

    reference: PhotoReference
    pixels: np.ndarray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Regions:
    """What was found in a photo: label map (H, W) uint8 of its own size; why it may be wrong; the part of the photo
    that the parser looked at, None where that is all of it; labels whose regions are probably others. face: the frame
    that it was looked at in, None for the whole photo; faces: the frames of all faces that were found, the largest
    first."""

    label_map: np.ndarray
    warnings: tuple[str, ...] = ()
    looked_at: Part | None = None
    doubtful: tuple[int, ...] = ()
    face: FaceFrame | None = None
    faces: tuple[FaceFrame, ...] = ()


def read_original(photo: Path | PhotoReference) -> Original:
    """The photo of a path, or the one that a request refers to; its hash is known from then on.

    Raises BadFile: it is no picture, or damaged; MissingPhoto: it is gone, or another file stands in its place.
    """
    reference = photo if isinstance(photo, PhotoReference) else PhotoReference.of(photo)
    if not reference.sha256:
        reference = PhotoReference.of(reference.path)
    reference.identity(Kept())
    decoded = read_photo(reference.source(), name=None if reference.data is None else f'"{reference.name}"')
    pixels = to_srgb(as_seen(decoded.samples), decoded.icc_profile)
    pixels.flags.writeable = False
    notes = tuple(tr("{0}: {1}.").format(reference.name, translate(note)) for note in decoded.notes)
    return Original(reference, pixels, notes)


def original_for(work: Work, photo: Path | PhotoReference) -> Original:
    """`read_original` as a job."""
    name = photo.name
    work.progress(0.1, tr("Opening {0}").format(name))
    return read_original(photo)


def regions_for(
    work: Work, original: Original, *, label_set: LabelSet, parser: str | None
) -> Regions:
    """The regions of a photo. Raises EngineError as `find_regions`."""
    path, pixels = Path(original.reference.path), reduced(original.pixels)
    regions = file_regions(work, path, pixels, label_set=label_set, parser=parser)
    label_map = resize_label_map(regions.label_map, *original.pixels.shape[:2])
    return Regions(label_map, regions.warnings, regions.looked_at, regions.doubtful)


class Originals:
    """The photos that were read last, by the hash of their file. GUI thread only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, np.ndarray] = OrderedDict()

    def pixels(self, photo: PhotoReference | None) -> np.ndarray | None:
        """A photo as people see it, (H, W, 3) uint8; None where it has not been read, or not lately."""
        return None if photo is None else self._kept.get(photo.sha256)

    def keep(self, original: Original) -> None:
        """Remember a photo that was read."""
        self._kept[original.reference.sha256] = original.pixels
        self._kept.move_to_end(original.reference.sha256)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
