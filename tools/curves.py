"""Smooth curves and their rasters: what the templates are drawn with.

All coordinates are (x, y) in pixels of the finished square map (x to the right, y down); shapes are filled at
four times that size and brought down to pixel centres, so that thin curves keep their form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from engine.labels.label_maps import resize_label_map

Point = tuple[float, float]
OVERSAMPLE = 4


def spline(points: Sequence[Point], *, closed: bool = False, segment_steps: int = 12) -> list[Point]:
    """A Catmull-Rom curve through `points`, `segment_steps` segments between two of them; open or closed."""
    point_count = len(points)
    curve: list[Point] = []
    for index in range(point_count if closed else point_count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(index + offset) % point_count] for offset in (-1, 0, 1, 2))
        else:
            p0, p1, p2, p3 = (points[min(max(index + offset, 0), point_count - 1)] for offset in (-1, 0, 1, 2))
        for step in range(segment_steps):
            position = step / segment_steps
            curve.append((_cubic(p0[0], p1[0], p2[0], p3[0], position), _cubic(p0[1], p1[1], p2[1], p3[1], position)))
    return curve if closed else [*curve, points[-1]]


def _cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def wavy(curve: Sequence[Point], amplitude: float, wavelength: float, phase: float = 0.0) -> list[Point]:
    """Displace an open or closed curve along its normals by up to about `amplitude` pixels.

    Three sines of incommensurate lengths, the strongest `wavelength` pixels long: strands of hair without random
    numbers.
    """
    displaced: list[Point] = []
    arc_length = 0.0
    for index, (x, y) in enumerate(curve):
        previous, following = curve[max(index - 1, 0)], curve[min(index + 1, len(curve) - 1)]
        dx, dy = following[0] - previous[0], following[1] - previous[1]
        length = math.hypot(dx, dy) or 1.0
        phase_angle = 2 * math.pi * arc_length / wavelength + phase
        waves = 0.6 * math.sin(phase_angle) + 0.4 * math.sin(0.37 * phase_angle + 2.1)
        displacement = amplitude * (waves + 0.3 * math.sin(1.63 * phase_angle + 1.7))
        displaced.append((x - dy / length * displacement, y + dx / length * displacement))
        arc_length += math.hypot(following[0] - x, following[1] - y)
    return displaced


def ellipse(centre_x: float, centre_y: float, radius_x: float, radius_y: float, point_count: int = 48) -> list[Point]:
    """A closed ellipse."""
    angles = (2 * math.pi * index / point_count for index in range(point_count))
    return [(centre_x + radius_x * math.cos(angle), centre_y + radius_y * math.sin(angle)) for angle in angles]


def band(centre: Sequence[Point], thickness: float | Sequence[float]) -> list[Point]:
    """A closed ribbon around an open curve; `thickness` in pixels, one number or one per point of `centre`."""
    widths = [float(thickness)] * len(centre) if isinstance(thickness, (int, float)) else list(thickness)
    left_edge: list[Point] = []
    right_edge: list[Point] = []
    for index, (x, y) in enumerate(centre):
        previous, following = centre[max(index - 1, 0)], centre[min(index + 1, len(centre) - 1)]
        dx, dy = following[0] - previous[0], following[1] - previous[1]
        length = (math.hypot(dx, dy) or 1.0) / (0.5 * widths[index])
        left_edge.append((x - dy / length, y + dx / length))
        right_edge.append((x + dy / length, y - dx / length))
    return left_edge + right_edge[::-1]


class Sheet:
    """A square label map being drawn; `side` in finished pixels. Later shapes cover earlier ones."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.ids = np.zeros((side * OVERSAMPLE, side * OVERSAMPLE), np.uint8)

    def mask(self, *shapes: Sequence[Point]) -> np.ndarray:
        """(4 * side, 4 * side) bool: the union of closed shapes."""
        mask_image = Image.new("1", (self.ids.shape[1], self.ids.shape[0]))
        drawing = ImageDraw.Draw(mask_image)
        for shape in shapes:
            drawing.polygon([(x * OVERSAMPLE - 0.5, y * OVERSAMPLE - 0.5) for x, y in shape], fill=1)
        return np.asarray(mask_image).copy()

    def fill(self, label: int, mask_or_shape: np.ndarray | Sequence[Point]) -> None:
        """Give a mask, or the inside of one closed shape, the label `label`."""
        self.ids[mask_or_shape if isinstance(mask_or_shape, np.ndarray) else self.mask(mask_or_shape)] = label

    def label_map(self) -> np.ndarray:
        """(side, side) uint8."""
        return resize_label_map(self.ids, self.side, self.side)
