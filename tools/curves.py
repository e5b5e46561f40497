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


def spline(points: Sequence[Point], *, closed: bool = False, steps: int = 12) -> list[Point]:
    """A Catmull-Rom curve through `points`, `steps` segments between two of them; open or closed."""
    count = len(points)
    curve: list[Point] = []
    for i in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        else:
            p0, p1, p2, p3 = (points[min(max(i + k, 0), count - 1)] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append((_cubic(p0[0], p1[0], p2[0], p3[0], t), _cubic(p0[1], p1[1], p2[1], p3[1], t)))
    return curve if closed else [*curve, points[-1]]


def _cubic(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def wavy(curve: Sequence[Point], amplitude: float, wavelength: float, phase: float = 0.0) -> list[Point]:
    """Displace an open or closed curve along its normals by up to about `amplitude` pixels.

    Three sines of incommensurate lengths, the strongest `wavelength` pixels long: strands of hair without random
    numbers.
    """
    result: list[Point] = []
    travelled = 0.0
    for i, (x, y) in enumerate(curve):
        before, after = curve[max(i - 1, 0)], curve[min(i + 1, len(curve) - 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = math.hypot(dx, dy) or 1.0
        s = 2 * math.pi * travelled / wavelength + phase
        push = amplitude * (0.6 * math.sin(s) + 0.4 * math.sin(0.37 * s + 2.1) + 0.3 * math.sin(1.63 * s + 1.7))
        result.append((x - dy / length * push, y + dx / length * push))
        travelled += math.hypot(after[0] - x, after[1] - y)
    return result


def ellipse(cx: float, cy: float, rx: float, ry: float, steps: int = 48) -> list[Point]:
    """A closed ellipse."""
    angles = (2 * math.pi * i / steps for i in range(steps))
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def band(centre: Sequence[Point], thickness: float | Sequence[float]) -> list[Point]:
    """A closed ribbon around an open curve; `thickness` in pixels, one number or one per point of `centre`."""
    widths = [float(thickness)] * len(centre) if isinstance(thickness, (int, float)) else list(thickness)
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(centre):
        before, after = centre[max(i - 1, 0)], centre[min(i + 1, len(centre) - 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = (math.hypot(dx, dy) or 1.0) / (0.5 * widths[i])
        left.append((x - dy / length, y + dx / length))
        right.append((x + dy / length, y - dx / length))
    return left + right[::-1]


class Sheet:
    """A square label map being drawn; `side` in finished pixels. Later shapes cover earlier ones."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.ids = np.zeros((side * OVERSAMPLE, side * OVERSAMPLE), np.uint8)

    def mask(self, *shapes: Sequence[Point]) -> np.ndarray:
        """(4 * side, 4 * side) bool: the union of closed shapes."""
        image = Image.new("1", (self.ids.shape[1], self.ids.shape[0]))
        pen = ImageDraw.Draw(image)
        for shape in shapes:
            pen.polygon([(x * OVERSAMPLE - 0.5, y * OVERSAMPLE - 0.5) for x, y in shape], fill=1)
        return np.asarray(image).copy()

    def fill(self, label: int, where: np.ndarray | Sequence[Point]) -> None:
        """Give a mask, or the inside of one closed shape, the label `label`."""
        self.ids[where if isinstance(where, np.ndarray) else self.mask(where)] = label

    def label_map(self) -> np.ndarray:
        """(side, side) uint8."""
        return resize_label_map(self.ids, self.side, self.side)
