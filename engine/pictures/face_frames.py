"""Frames of faces: upright squares around faces, as they lie in a picture at any place, size and turn.

Places are (x, y), x to the right and y down, with the picture's upper left corner at (0, 0) and its first pixel's
centre at (0.5, 0.5). The square is the one that portraits of CelebA-HQ are cut along (Karras et al., ICLR 2018,
appendix C), which all portrait networks here are trained on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import msgspec
import numpy as np
from msgspec import structs

from engine.errors import BadRequest
from engine.pictures.images import resize_image

Array = np.ndarray
BY_EYES, BY_MOUTH = 4.0, 3.6
"""Side of a frame over the distance of the eyes, and over that of the mouth from between them: the larger counts."""
BELOW_EYES = 0.1
"""The frame's centre, from between the eyes on the way to the mouth."""


class FaceFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A square that is upright in a face.

    x, y: its centre. side: of the square. All three in one unit: pixels, or (in requests) longer sides of the picture.
    turn: degrees clockwise that the face's upright is from the picture's, more than -180 to 180.
    """

    x: float
    y: float
    side: float
    turn: float = 0.0

    def scaled(self, factor: float) -> FaceFrame:
        """The same in another unit, or in the same picture at another size."""
        return structs.replace(self, x=self.x * factor, y=self.y * factor, side=self.side * factor)

    def axes(self) -> Array:
        """(2, 2): what one step right and one step down in the upright face are in the picture, in rows."""
        cosine, sine = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        return np.array([[cosine, sine], [-sine, cosine]])

    def corners(self) -> Array:
        """(4, 2): the face's upper left corner, upper right, lower right, lower left."""
        steps = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
        return steps * self.side @ self.axes() + (self.x, self.y)

    def box(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns of a picture that hold it, in pixels; at least one of each."""
        corners = self.corners()
        left, top = np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1)).astype(int).tolist()
        right, bottom = np.clip(np.ceil(corners.max(0)), (left + 1, top + 1), (width, height)).astype(int).tolist()
        return slice(top, bottom), slice(left, right)

    def inwards(self, size: int) -> Array:
        """(2, 3): the affine map from places in the picture to those in the upright square at `size` pixels."""
        linear = self.axes() * (size / self.side)
        return np.column_stack([linear, size / 2 - linear @ (self.x, self.y)])

    def outwards(self, size: int) -> Array:
        """(2, 3): the inverse of `inwards`."""
        linear = self.axes().T * (self.side / size)
        return np.column_stack([linear, (self.x, self.y) - linear @ (size / 2, size / 2)])


@dataclass(frozen=True)
class Face:
    """A face that was found: (3, 2) places of its eyes and mouth in pixels (`frame_of`), and how sure that is, 0..1."""

    points: Array
    sureness: float

    @property
    def frame(self) -> FaceFrame:
        """Its frame, in pixels."""
        return frame_of(self.points)

    def scaled(self, factor: float) -> Face:
        """The same in a picture of another size."""
        return Face(self.points * factor, self.sureness)


def check_face(frame: FaceFrame) -> None:
    """Raise BadRequest unless it is a frame in longer sides of a photo, with its centre in or beside the photo."""
    numbers = frame.x, frame.y, frame.side, frame.turn
    if not (all(map(math.isfinite, numbers)) and -1 <= min(numbers[:2]) and max(numbers[:2]) <= 2
            and 1e-4 <= frame.side <= 8 and -180 <= frame.turn <= 180):  # fmt: skip
        raise BadRequest(
            'The key "face" should have x, y and side in longer sides of the photo and a turn from -180 to 180 degrees.'
        )


def frame_of(points: Array) -> FaceFrame:
    """The frame of a face, by (3, 2) places: the eye that lies left when it is upright, the right one, the mouth.

    Raises ValueError: all three are one place, or make a frame without side.
    """
    left, right, mouth = np.asarray(points, float)
    between = (left + right) / 2
    across, down = right - left, mouth - between
    direction = across + (down[1], -down[0])
    side = max(BY_EYES * math.hypot(*across), BY_MOUTH * math.hypot(*down))
    if not 0 < side < math.inf or not math.hypot(*direction) > 1e-6 * side:
        raise ValueError("the points make no frame")
    x, y = between + BELOW_EYES * down
    return FaceFrame(float(x), float(y), side, math.degrees(math.atan2(direction[1], direction[0])))


def makes_frame(points: Array) -> bool:
    """Whether there is a frame of these places, all of them finite."""
    try:
        frame_of(points)
    except ValueError:
        return False
    return bool(np.isfinite(points).all())


def moved(places: Array, affine: Array) -> Array:
    """(..., 2) places by a (2, 3) affine map."""
    return np.asarray(places) @ affine[:, :2].T + affine[:, 2]


def upright(pixels: Array, frame: FaceFrame, size: int) -> Array:
    """What a frame (in pixels) shows, upright, (size, size, ...); beyond the picture its border goes on.

    Of a frame larger than `size` the picture is reduced first, so that no pixel is passed over.
    """
    corners = frame.corners()
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(corners.min(0)) - 2, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)) + 2, (left + 1, top + 1), (width, height)).astype(int)
    shown = pixels[top:bottom, left:right]
    local = structs.replace(frame, x=frame.x - left, y=frame.y - top)
    affine = local.inwards(size)
    if frame.side > size:
        factor = size / frame.side
        small_height, small_width = (max(1, round(length * factor)) for length in shown.shape[:2])
        scales = shown.shape[1] / small_width, shown.shape[0] / small_height
        shown = resize_image(shown, small_height, small_width)
        affine = np.column_stack([affine[:, :2] * scales, affine[:, 2]])
    return cv2.warpAffine(
        np.ascontiguousarray(shown), _by_centres(affine), (size, size), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def brought_back(values: Array, frame: FaceFrame, height: int, width: int) -> Array:
    """(size, size[, C]) of an upright square -> (height, width[, C]) of the picture, 0 beyond the frame (in pixels).

    For what may be interpolated: a change, probabilities; no label ids.
    """
    affine = _by_centres(frame.outwards(values.shape[0]))
    return cv2.warpAffine(values, affine, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _by_centres(affine: Array) -> Array:
    """An affine map of places as OpenCV has it, which counts pixels from their centres."""
    return np.column_stack([affine[:, :2], affine[:, 2] + affine[:, :2] @ (0.5, 0.5) - 0.5])
