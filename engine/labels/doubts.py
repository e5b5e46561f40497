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
MOUTH = ("upper lip", "lower lip", "mouth")
COVERING = ("background", "hair", "hat", "clothes")
"""What may lie over an eye or a brow, or be seen where a turned head has its other side."""
GAP, TORN = 0.008, 0.1
"""Gap between pieces of a mouth that is none, in longer sides of the picture; share of the mouth in other pieces than
the largest from which on it is torn."""
AROUND = 0.03
"""Of a longer side: reach of what is looked at around the place of an eye or a brow."""
UNLIKE_HALF = 0.12
"""The smaller half of a face over the larger: a head that is turned far has .16."""
SMALL_FACE = 1 / 8
"""Of a picture's longer side: below, few of a parser's pixels lie on a face."""


def doubt_about(label_map: Array, label_set: LabelSet) -> str:
    """Why a label map cannot be right, as the second half of a sentence; "" where nothing speaks against it.

    label_map: (H, W) uint8. Any map: one label everywhere. Faces: no skin, nose or lips; no eyes, unless glasses
    cover them; two noses; lips above the nose or the nose above the eyes; a torn or a second mouth; an eye or a brow on
    one side alone though nothing lies over the other; halves of very different size.
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
    if not shows("left eye", "right eye", "eyeglasses"):
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
    return _doubt_about_halves(label_map, ids, least)


def _doubt_about_halves(label_map: Array, ids: dict[str, int], least: int) -> str:
    """As `doubt_about`, of a map with a nose and lips: a mouth in pieces, and left and right of the face's middle.

    ids: by name. least: pixels of what is there.
    """

    def region(*names: str) -> Array:
        mask: Array = np.isin(label_map, [ids[name] for name in names if name in ids])
        return mask

    mouth = region(*MOUTH)
    if _share_beside_largest(mouth, max(1, round(GAP * max(label_map.shape)))) > TORN:
        return Message("the mouth is in pieces")
    nose_at, mouth_at = _middle(region("nose")), _middle(mouth)
    down = mouth_at - nose_at
    down = down / max(float(np.hypot(*down)), 1e-6)
    across = np.array([down[1], -down[0]])  # from left to right in an upright face
    for name, covering, sentence in (
        ("eye", (*COVERING, "eyeglasses"), Message("an eye is missing on one side")),
        ("eyebrow", COVERING, Message("an eyebrow is missing on one side")),
    ):
        left, right = region(f"left {name}"), region(f"right {name}")
        if (left.sum() >= least) == (right.sum() >= least):
            continue
        way = _middle(left if left.sum() >= right.sum() else right) - nose_at
        mirrored = nose_at + way - 2 * (way @ across) * across
        if _is_open(label_map, mirrored, [ids[each] for each in covering if each in ids]):
            return sentence
    rows, columns = np.nonzero(region(*FACE_PARTS, *MOUTH, "left eyebrow", "right eyebrow", "eyeglasses"))
    right_of = float(((np.stack([columns, rows], -1) - nose_at) @ across > 0).mean())
    if min(right_of, 1 - right_of) < UNLIKE_HALF * max(right_of, 1 - right_of):
        return Message("one half of the face was not recognised")
    return ""


def _share_beside_largest(mask: Array, gap: int) -> float:
    """Share of a mask that is in other pieces than its largest, where gaps of so many pixels part nothing."""
    bridged = cv2.dilate(mask.astype(np.uint8), np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    _, pieces = cv2.connectedComponents(bridged)
    sizes = np.bincount(pieces[mask])
    return 1 - float(sizes.max() / sizes.sum())


def _is_open(label_map: Array, place: Array, covering: list[int]) -> bool:
    """Whether less than a third of what lies around a place (x, y) covers it; False beyond the map."""
    height, width = label_map.shape
    reach = max(1, round(AROUND * max(height, width)))
    x, y = np.rint(place).astype(int)
    if not (0 <= x < width and 0 <= y < height):
        return False
    seen = label_map[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
    return float(np.isin(seen, covering).mean()) < 0.3


def _middle(mask: Array) -> Array:
    """The mean place (x, y) of a mask that is not empty."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


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
