"""Round brush strokes as pixels: pure numpy, no Qt.

A stroke is a chain of capsules (the convex hull of two discs). A capsule is convex, so each image row meets
it in one span; the spans are found analytically for all rows at once and compared with the columns of the
bounding box. That costs one byte comparison per pixel of the box, instead of a distance per pixel.

Coordinates are continuous image coordinates: pixel (column i, row j) covers [i, i + 1) x [j, j + 1) and its
centre is (i + 0.5, j + 0.5). A pixel belongs to the brush when its centre does.
"""

from __future__ import annotations

import math

import numpy as np

from app.raster.boxes import EMPTY, Box

MIN_DIAMETER = 1
MAX_DIAMETER = 1024

_SNAP_BELOW = 10.0  # diameter in pixels under which the centre snaps to the pixel grid
_TOUCH = 1e-9  # a centre that lies on the rim, up to rounding, is inside


def snap_centre(*, x: float, y: float, radius: float) -> tuple[float, float]:
    """Moves the centre of a small brush onto the pixel grid, so that it is the same shape wherever it is put
    down.

    An odd diameter centres on a pixel, an even one on a pixel corner; large brushes stay where they are.
    """
    diameter = 2.0 * radius
    if diameter >= _SNAP_BELOW:
        return x, y
    if max(1, round(diameter)) % 2 == 1:
        return math.floor(x) + 0.5, math.floor(y) + 0.5
    return float(math.floor(x + 0.5)), float(math.floor(y + 0.5))


def segment_mask(
    *,
    start: tuple[float, float],
    end: tuple[float, float],
    start_radius: float,
    end_radius: float,
    height: int,
    width: int,
) -> tuple[Box, np.ndarray]:
    """The pixels that a round brush covers going straight from `start` to `end`, its radius changing evenly.

    `height`, `width`: the image. Returns the bounding box inside the image and a bool mask of the box's shape
    (rows, columns); both are empty when the brush stays outside the image.
    """
    ax, ay = snap_centre(x=start[0], y=start[1], radius=start_radius)
    bx, by = snap_centre(x=end[0], y=end[1], radius=end_radius)
    ra, rb = max(0.5, start_radius), max(0.5, end_radius)
    box = Box(
        max(0, math.floor(min(ax - ra, bx - rb))),
        max(0, math.floor(min(ay - ra, by - rb))),
        min(width, math.ceil(max(ax + ra, bx + rb))),
        min(height, math.ceil(max(ay + ra, by + rb))),
    )
    if box.empty:
        return EMPTY, np.zeros((0, 0), dtype=bool)
    rows = np.arange(box.y0, box.y1, dtype=np.float64) + 0.5
    left, right = _disc_span(rows=rows, x=ax, y=ay, radius=ra)
    if (ax, ay, ra) != (bx, by, rb):
        for span_left, span_right in (
            _disc_span(rows=rows, x=bx, y=by, radius=rb),
            _hull_span(rows, ax, ay, ra, bx, by, rb),
        ):
            left, right = np.minimum(left, span_left), np.maximum(right, span_right)
    # First and last column whose centre lies in the span. Rows that the brush misses have (inf, -inf): clip
    # them to an empty span.
    first_columns = np.clip(np.ceil(left - 0.5 - _TOUCH), box.x0, box.x1).astype(np.int32)
    last_columns = np.clip(np.floor(right - 0.5 + _TOUCH), box.x0 - 1, box.x1 - 1).astype(np.int32)
    columns = np.arange(box.x0, box.x1, dtype=np.int32)
    mask = columns >= first_columns[:, None]
    mask &= columns <= last_columns[:, None]
    return box, mask


def _disc_span(*, rows: np.ndarray, x: float, y: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Left and right end of a disc on each row centre, (rows,) float64 each; (inf, -inf) where the row misses
    it.
    """
    half_width_squared = radius * radius - (rows - y) ** 2
    half_width = np.sqrt(np.maximum(half_width_squared, 0.0))
    rows_hit = half_width_squared >= -_TOUCH
    return np.where(rows_hit, x - half_width, np.inf), np.where(rows_hit, x + half_width, -np.inf)


def _hull_span(
    rows: np.ndarray, ax: float, ay: float, ra: float, bx: float, by: float, rb: float
) -> tuple[np.ndarray, np.ndarray]:
    """Span on each row of the quadrilateral between the two common outer tangents of two discs."""
    missed = np.full(rows.shape, np.inf), np.full(rows.shape, -np.inf)
    distance = math.hypot(bx - ax, by - ay)
    if distance <= abs(ra - rb):
        return missed  # one disc contains the other: no tangents, the larger disc is the hull
    ux, uy = (bx - ax) / distance, (by - ay) / distance
    cos = (ra - rb) / distance  # the angle between the axis and the tangent points
    sin = math.sqrt(max(0.0, 1.0 - cos * cos))
    up = (ux * cos - uy * sin, uy * cos + ux * sin)
    down = (ux * cos + uy * sin, uy * cos - ux * sin)
    corners = [
        (ax + ra * up[0], ay + ra * up[1]),
        (bx + rb * up[0], by + rb * up[1]),
        (bx + rb * down[0], by + rb * down[1]),
        (ax + ra * down[0], ay + ra * down[1]),
    ]
    left, right = missed
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        rows_hit = (rows >= min(y0, y1)) & (rows <= max(y0, y1))
        if y1 == y0:
            span_left, span_right = np.full(rows.shape, min(x0, x1)), np.full(rows.shape, max(x0, x1))
        else:
            span_left = span_right = x0 + (rows - y0) * ((x1 - x0) / (y1 - y0))
        left = np.where(rows_hit, np.minimum(left, span_left), left)
        right = np.where(rows_hit, np.maximum(right, span_right), right)
    return left, right


def step_diameter(*, diameter: int, direction: int, large: bool = False) -> int:
    """The next brush diameter for `[` (direction -1) and `]` (+1): 1 px steps below 10 px, a tenth above.

    `large` (Shift) multiplies the step by ten. The result stays within MIN_DIAMETER..MAX_DIAMETER.
    """
    # Going down from exactly 10 is already "below 10": a step there and back ends where it began.
    reference = diameter - 1 if direction < 0 else diameter
    step = 1 if reference < 10 else max(1, reference // 10)
    return clamp_diameter(diameter + direction * step * (10 if large else 1))


def pressed_radius(diameter: int, pressure: float) -> float:
    """Radius of the brush under a pen's pressure (0-1): the full size when pressed hard, never under half a pixel."""
    return max(0.5, diameter / 2 * min(1.0, max(0.0, pressure)))


def clamp_diameter(diameter: float) -> int:
    return int(min(MAX_DIAMETER, max(MIN_DIAMETER, round(diameter))))
