"""What speaks against a label map that a parser found, however sure it was."""

from __future__ import annotations

import cv2
import numpy as np

from engine.errors import Message
from engine.labels.label_sets import LabelSet

Array = np.ndarray

NEARLY_ALL = 0.985
"""Share of a picture that one label may cover at most: more shows nothing."""
FACE_PARTS = ("skin", "nose", "left eye", "right eye", "upper lip", "lower lip")
"""A label set with these is of faces, and what a face must have can be asked for."""
SMALL_FACE = 1 / 8
"""Of a picture's longer side: below, few of a parser's pixels lie on a face."""


def doubt_about(label_map: Array, label_set: LabelSet) -> str:
    """Why a label map cannot be right, as the second half of a sentence; "" where nothing speaks against it.

    label_map: (H, W) uint8. Any map: one label everywhere. Faces: no skin, nose or lips; no eyes, unless glasses
    cover them; two noses; lips above the nose or the nose above the eyes.
    """
    counts = np.bincount(label_map.ravel(), minlength=len(label_set))
    if counts.max() > NEARLY_ALL * label_map.size:
        return Message("nearly all of it is {0}", label_set.labels[int(counts.argmax())].name)
    ids = {label.name: label.id for label in label_set.labels}
    if not all(name in ids for name in FACE_PARTS):
        return ""
    least = max(4, label_map.size // 10_000)

    def shows(*names: str) -> bool:
        return sum(int(counts[ids[name]]) for name in names if name in ids) >= least

    for name in ("skin", "nose"):
        if not shows(name):
            return Message("no {0} was recognised", name)
    if not shows("upper lip", "lower lip"):
        return Message("no lips were recognised")
    both = shows("left eye") and shows("right eye")
    if not both and not shows("eyeglasses"):
        return Message("the eyes were not recognised")
    nose = label_map == ids["nose"]
    areas = cv2.connectedComponentsWithStats(nose.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    if areas.max() < 0.8 * areas.sum():
        return Message("it shows more than one nose")
    nose_at = _height(nose)
    if _height(np.isin(label_map, [ids["upper lip"], ids["lower lip"]])) < nose_at:
        return Message("the lips are above the nose")
    if both and _height(np.isin(label_map, [ids["left eye"], ids["right eye"]])) > nose_at:
        return Message("the eyes are below the nose")
    return ""


def has_small_face(label_map: Array, label_set: LabelSet) -> bool:
    """Whether a map (H, W) uint8 of portrait labels shows a face smaller than `SMALL_FACE`."""
    ids = [label.id for label in label_set.labels if label.name in FACE_PARTS]
    if len(ids) < len(FACE_PARTS):
        return False
    is_face = np.isin(label_map, ids)
    if not is_face.any():
        return False
    extents = [_percentile(counts, 98) - _percentile(counts, 2) for counts in (is_face.sum(1), is_face.sum(0))]
    return max(extents) < SMALL_FACE * max(label_map.shape)


def _percentile(counts: Array, per_cent: float) -> float:
    """Of the numbers 0, 1, 2 ..., each there `counts` times: as `np.percentile` of them all, which a photo has millions
    of."""
    numbers_up_to = np.cumsum(counts)
    place = (int(numbers_up_to[-1]) - 1) * per_cent / 100
    lower, upper = np.searchsorted(numbers_up_to, [np.floor(place), np.ceil(place)], side="right").tolist()
    return float(lower + (upper - lower) * (place % 1))


def _height(mask: Array) -> float:
    """The mean row of a mask that is not empty."""
    return float(np.nonzero(mask)[0].mean())
