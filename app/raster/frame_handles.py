"""Frames of faces under a pointer: what of them is taken, and what becomes of them as it moves. No widgets.

All places are (x, y) in pixels of the photo.
"""

from __future__ import annotations

import enum
import math

from msgspec import structs

from engine.pictures.face_frames import FaceFrame

LEAST_SIDE = 24.0
"""Pixels: below, a parser sees nothing in a frame."""
SNAP = 2.0
"""Degrees from a multiple of 90 at which a frame is turned to it."""
STALK = 0.12
"""How far above the upper edge the knob stands that turns a frame, in sides."""


class Grip(enum.Enum):
    """What of a frame is taken: a corner resizes it, the knob turns it, its edge moves it."""

    CORNER = "corner"
    KNOB = "knob"
    EDGE = "edge"


def knob_of(frame: FaceFrame) -> tuple[float, float]:
    """Where the knob stands that turns it."""
    x, y = frame.axes().T @ (0.0, -(0.5 + STALK) * frame.side)
    return frame.x + float(x), frame.y + float(y)


def grip_at(frame: FaceFrame, x: float, y: float, reach: float) -> Grip | None:
    """What of the frame lies within `reach` of a place; None inside the frame and beside it."""
    knob_x, knob_y = knob_of(frame)
    if math.hypot(x - knob_x, y - knob_y) <= reach:
        return Grip.KNOB
    if any(math.hypot(x - corner_x, y - corner_y) <= reach for corner_x, corner_y in frame.corners()):
        return Grip.CORNER
    return Grip.EDGE if on_edge(frame, x, y, reach) else None


def on_edge(frame: FaceFrame, x: float, y: float, reach: float) -> bool:
    """Whether a place lies within `reach` of an edge of the frame."""
    across, down = abs(frame.axes() @ (x - frame.x, y - frame.y))
    return abs(max(float(across), float(down)) - frame.side / 2) <= reach


def dragged(
    frame: FaceFrame, grip: Grip, start: tuple[float, float], now: tuple[float, float], size: tuple[int, int]
) -> FaceFrame:
    """The frame as it becomes where its grip was taken at `start` and is at `now`. size: (height, width) of the photo,
    in which its centre stays."""
    if grip is Grip.EDGE:
        return kept_in(structs.replace(frame, x=frame.x + now[0] - start[0], y=frame.y + now[1] - start[1]), size)
    if grip is Grip.CORNER:
        before, after = (math.hypot(place[0] - frame.x, place[1] - frame.y) for place in (start, now))
        return scaled(frame, after / max(before, 1e-6), size)
    before, after = (math.atan2(place[1] - frame.y, place[0] - frame.x) for place in (start, now))
    return turned(frame, math.degrees(after - before))


def turned(frame: FaceFrame, degrees: float) -> FaceFrame:
    """The frame turned clockwise by so much, upright or lying where it nearly is."""
    turn = (frame.turn + degrees + 180) % 360 - 180
    straight = 90.0 * round(turn / 90)
    if abs(turn - straight) <= SNAP:
        turn = straight
    return structs.replace(frame, turn=-180.0 if turn == 180 else turn)


def scaled(frame: FaceFrame, factor: float, size: tuple[int, int]) -> FaceFrame:
    """The frame around the same centre, larger or smaller; size: (height, width) of the photo."""
    return kept_in(structs.replace(frame, side=frame.side * factor), size)


def kept_in(frame: FaceFrame, size: tuple[int, int]) -> FaceFrame:
    """The frame with its centre in the photo, and neither too small to see a face nor far larger than the photo."""
    height, width = size
    side = min(max(frame.side, LEAST_SIDE), 2.0 * max(height, width))
    return structs.replace(frame, x=min(max(frame.x, 0.0), width), y=min(max(frame.y, 0.0), height), side=side)


def frame_amidst(box: tuple[float, float, float, float]) -> FaceFrame:
    """A new upright frame in the middle of a part (left, top, right, bottom) of the photo, half as large as fits."""
    left, top, right, bottom = box
    return FaceFrame((left + right) / 2, (top + bottom) / 2, max(LEAST_SIDE, min(right - left, bottom - top) / 2))
