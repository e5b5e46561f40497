"""Which face of a photo is edited where nobody says it: the largest, if the photo is no portrait as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import BadRequest
from engine.labels.doubts import FACE_PARTS
from engine.labels.label_sets import LabelSet
from engine.pictures.face_frames import FaceFrame
from engine.requests.faces.find_faces import FoundFaces

MOST_OF_SIDE = 0.75
"""Side of a face's frame over the photo's shorter side from which on the photo is a portrait already."""
MOST_TURN = 10.0
"""Degrees up to which a portrait is upright."""


def is_of_faces(label_set: LabelSet) -> bool:
    """Whether labels are of a face, so that there is one to look for."""
    return {label.name for label in label_set.labels} >= set(FACE_PARTS)


def chosen_frame(faces: FoundFaces, number: int | None = None) -> FaceFrame | None:
    """The frame of face `number` (1 is the largest), as requests have it.

    number: None takes the largest, or no frame where the photo has no face, or one that fills it, upright.

    Raises BadRequest: there are not so many.
    """
    if number is not None:
        if not 1 <= number <= len(faces.frames):
            raise BadRequest(
                "There is no face {0} in this photo; {1} were found, and 1 is the largest.", number, len(faces.frames)
            )
        return faces.frames[number - 1]
    return None if _is_portrait(faces.frames, faces.width, faces.height) else faces.frames[0]


def _is_portrait(frames: Sequence[FaceFrame], width: int, height: int) -> bool:
    if len(frames) != 1:
        return not frames
    fills = frames[0].side * max(width, height) >= MOST_OF_SIDE * min(width, height)
    return fills and abs(frames[0].turn) <= MOST_TURN
