"""The photo of a document that is opened, and the regions of a photo. The functions run in the work lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.document.opening import Found
from app.document.photo.frames import FrameState
from app.jobs.frames import find_faces, frame_regions
from app.jobs.originals import Original, Regions, original_for, regions_for
from app.jobs.photos import known_regions
from app.jobs.work_lane import Work
from app.raster.frozen_maps import FrozenMap
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import WHOLE
from engine.pictures.face_frames import FaceFrame


@dataclass(frozen=True)
class OpenedPhoto:
    """The file of a document that is a photo, read: the photo, all else that the file says of a scene, and what to tell
    the user.

    picture: (H, W, 3) uint8, what the file shows, where it is a picture of the photo's size. found_again: as in
    `Found`.
    """

    original: Original
    values: dict[str, Any]
    picture: np.ndarray | None = None
    warnings: tuple[str, ...] = ()
    found_again: bool = False


def read_photo_document(work: Work, opened_file: Found, *, label_set: LabelSet, parser: str | None) -> OpenedPhoto:
    """The photo that a file refers to, and its maps at the photo's size; the label map is found by the parser where the
    file has none.

    Raises EngineError: the photo is gone (MissingPhoto), or something in the file is damaged.
    """
    assert opened_file.photo_request is not None
    original = original_for(work, opened_file.photo_request.photo)
    values = _sized(opened_file.values(), *original.pixels.shape[:2])
    warnings: tuple[str, ...] = ()
    if values["label_map"] is None:
        face, others = values.get("face"), values.get("other_frames") or ()
        faces = tuple(state.face for state in others if state.face is not None)
        values["label_map"], regions = photo_regions(
            work, original, label_set=label_set, parser=parser, frame=face, others=faces
        )
        asked_part, warnings = values.get("looked_at") or regions.looked_at, regions.warnings
        values["looked_at"] = None if asked_part == WHOLE else asked_part
    values["photo"] = original.reference
    return OpenedPhoto(original, values, opened_file.picture_of(original), warnings, opened_file.found_again)


def photo_regions(
    work: Work,
    original: Original,
    *,
    label_set: LabelSet,
    parser: str | None,
    finder: str | None = None,
    frame: FaceFrame | None = None,
    others: tuple[FaceFrame, ...] = (),
) -> tuple[FrozenMap, Regions]:
    """The label map of a photo, of its own size, and all that was found.

    ``finder``: looks for faces first; of several the largest is looked at. ``frame``: what is looked at, None for the
    whole photo; ``others``: frames of other faces. All in longer sides of the photo. Raises EngineError as
    `regions_for`.
    """
    faces: tuple[FaceFrame, ...] = ()
    if finder is not None and known_regions(Path(original.reference.path), label_set) is None:
        frame, faces = find_faces(work, original, label_set=label_set, finder=finder)
        others = tuple(face for face in faces if face != frame)
    if frame is None:
        regions = regions_for(work, original, label_set=label_set, parser=parser)
    else:
        regions = frame_regions(work, original, frame, others, parser=parser)
    return _counted(regions.label_map), replace(regions, face=frame, faces=faces)


def _sized(values: Mapping[str, Any], height: int, width: int) -> dict[str, Any]:
    """What a file says of a scene, by field, with all its maps, those of other frames too, at the photo's size."""
    sized: dict[str, Any] = {
        name: _counted(resize_label_map(value, height, width)) if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    if "other_frames" in values:
        states: tuple[FrameState, ...] = values["other_frames"]
        sized["other_frames"] = tuple(FrameState(_sized(state.values, height, width)) for state in states)
    return sized


def _counted(label_map: np.ndarray) -> FrozenMap:
    """A frozen copy of a label map whose areas are known: the worker counts them, not the window."""
    frozen = FrozenMap.of(label_map)
    _ = frozen.areas  # counted when first asked for
    return frozen
