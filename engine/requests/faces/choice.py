"""Which face of a photo is edited where nobody says it: the largest of several, or the only one if it is turned."""

from __future__ import annotations

from engine.errors import BadRequest
from engine.labels.doubts import FACE_PARTS
from engine.labels.label_sets import LabelSet
from engine.pictures.face_frames import FaceFrame
from engine.requests.faces.find_faces import FoundFaces

MOST_TURN = 10.0
"""Degrees up to which a face is upright."""


def is_of_faces(label_set: LabelSet) -> bool:
    """Whether labels are of a face, so that there is one to look for."""
    return {label.name for label in label_set.labels} >= set(FACE_PARTS)


def chosen_frame(faces: FoundFaces, number: int | None = None) -> FaceFrame | None:
    """The frame of face `number` (1 is the largest), as requests have it.

    number: None takes the largest of several, and the only one if it is turned. A photo without a face, or with one
    that is upright, is edited whole: a frame around the face would cut off hair, hat and clothes for nothing.

    Raises BadRequest: there are not so many.
    """
    frames = faces.frames
    if number is not None:
        if not 1 <= number <= len(frames):
            raise BadRequest(
                "There is no face {0} in this photo; {1} were found, and 1 is the largest.", number, len(frames)
            )
        return frames[number - 1]
    is_whole = not frames or (len(frames) == 1 and abs(frames[0].turn) <= MOST_TURN)
    return None if is_whole else frames[0]
