"""Outlines of a face and what is in it, as closed curves."""

from __future__ import annotations

from collections.abc import Sequence

from tools.curves import Point, band, spline
from tools.portrait import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE, Portrait, at, eye_centre

Shapes = list[tuple[int, list[Point]]]


def face(p: Portrait) -> list[Point]:
    """The skin, up to under the hair."""
    half = [
        (p.forehead * 0.72, 42.0),
        (p.forehead * 0.93, 60.0),
        (p.forehead, 76.0),
        (0.45 * p.forehead + 0.55 * p.cheek, 100.0),
        (p.cheek, 130.0),
        (p.cheek * 0.985, 150.0),
        (0.55 * p.cheek + 0.47 * p.jaw, 174.0),
        (p.jaw, 200.0),
        (0.62 * p.jaw + 0.36 * p.chin, 200.0 + 0.45 * (p.chin_y - 200.0)),
        (p.chin, p.chin_y - 6.0),
    ]

    def middle(y: float) -> float:
        skin, chin = at(p, "skin"), at(p, "chin")
        return skin + (chin - skin) * min(max((y - 150.0) / (p.chin_y - 150.0), 0.0), 1.0)

    right = [(middle(y) + x, y) for x, y in half]
    left = [(middle(y) - x, y) for x, y in half[::-1]]
    return spline([(at(p, "skin"), 30.0), *right, (middle(p.chin_y), p.chin_y), *left], closed=True)


def ear(p: Portrait, side: int, size: float) -> list[Point]:
    """The ear on the right (1) or left (-1) of the picture, standing out `size` pixels; it starts under the face."""
    edge = at(p, "skin") + side * p.cheek
    rim = ((0.45, 114), (1.0, 122), (1.02, 136), (0.72, 152), (0.5, 165), (0.05, 169))
    out = [(-8.0, 116.0), *((part * size, float(y)) for part, y in rim), (-8.0, 162.0)]
    return spline([(edge + side * x, y) for x, y in out], closed=True)


def eyes(p: Portrait) -> Shapes:
    """Both eyes with their labels."""
    shapes: Shapes = []
    for side, label in ((1, LEFT_EYE), (-1, RIGHT_EYE)):
        cx, cy = eye_centre(p, side)
        half, height = side * p.eye_width / 2, p.eye_height
        inner, outer = (cx - half, cy + 1.5), (cx + half, cy + 1.5 - p.eye_slant)
        above = ((-0.55, -0.38), (0.0, -0.58), (0.55, -0.44))
        below = ((0.5, 0.36), (0.0, 0.46), (-0.5, 0.34))
        upper = [inner, *((cx + a * half, cy + b * height) for a, b in above), outer]
        lower = [outer, *((cx + a * half, cy + b * height) for a, b in below), inner]
        shapes.append((label, spline(upper) + spline(lower)))
    return shapes


def brows(p: Portrait) -> Shapes:
    """Both brows with their labels."""
    shapes: Shapes = []
    for side, label in ((1, LEFT_BROW), (-1, RIGHT_BROW)):
        width = p.brow_width * (1.0 - 0.035 * max(0.0, side * p.turn))  # foreshortened on the far side
        x, y = at(p, "brow") + side * 11.5, p.brow_y - 3.0
        rows = (
            (0.0, 0.5),
            (0.25, -0.45 * p.brow_arch),
            (0.6, -p.brow_arch),
            (0.85, -0.6 * p.brow_arch),
            (1.0, 2.0),
        )
        curve = spline([(x + side * width * a, y + b) for a, b in rows], steps=8)
        along = [i / (len(curve) - 1) for i in range(len(curve))]
        thickness = [p.brow * (0.9 + 0.35 * s - 1.05 * s * s) + 0.6 for s in along]
        shapes.append((label, band(curve, thickness)))
    return shapes


def nose(p: Portrait) -> list[Point]:
    """From between the eyes to the tip."""
    top, tip, wing = at(p, "bridge"), at(p, "tip"), p.nose
    rows = (
        (9.0, 118.0),
        (8.6, 126.0),
        (9.6, 136.0),
        (12.0, 146.0),
        (0.86 * wing, 153.0),
        (wing, 159.0),
        (0.93 * wing, p.nose_tip - 5.5),
        (0.55 * wing, p.nose_tip - 2.5),
        (0.26 * wing, p.nose_tip),
    )

    def middle(y: float) -> float:
        return top + (tip - top) * min(max((y - 118.0) / (p.nose_tip - 118.0), 0.0), 1.0)

    right = spline([(middle(y) + x, y) for x, y in rows])
    return right + spline([(middle(y) - x, y) for x, y in rows])[::-1]


def mouth(p: Portrait) -> tuple[list[Point], list[Point], list[Point]]:
    """Upper lip, the inside of the mouth (flat when it is shut) and lower lip."""
    x, y, gap = at(p, "mouth"), p.mouth_y, p.teeth
    rise = 0.35 * gap  # the upper lip goes up when the mouth opens
    near, far = (1.0, 1.0) if not p.turn else ((1.0, 0.94) if p.turn > 0 else (0.94, 1.0))
    corners = (x - p.mouth * near, y - p.smile), (x + p.mouth * far, y - p.smile)

    def arc(heights: Sequence[float], bow: float = 0.0) -> list[Point]:
        """Corner to corner through three heights of each half; `bow` lowers the middle."""
        stops = (-0.72, -0.4, -0.13, 0.0, 0.13, 0.4, 0.72)
        all_heights = [*heights, heights[-1] + bow, *heights[::-1]]
        points = [(x + s * p.mouth * (near if s < 0 else far), y + d) for s, d in zip(stops, all_heights, strict=True)]
        return spline([corners[0], *points, corners[1]])

    smile, up, low = p.smile, p.upper_lip, p.lower_lip
    line = -0.45 * smile
    top = arc((line - rise - 0.62 * up, -rise - 0.94 * up - 0.2 * smile, -rise - up), bow=1.0)
    inner_top = arc((line - 0.6 * rise, -rise - 0.1 * smile, -rise))
    inner_low = arc((line + 0.42 * gap, 0.62 * gap - 0.05 * smile, 0.65 * gap))
    bottom = arc((line + 0.45 * gap + 0.5 * low, 0.62 * gap + 0.88 * low, 0.65 * gap + low))
    return top + inner_top[::-1], inner_top + inner_low[::-1], inner_low + bottom[::-1]


__all__ = ["brows", "ear", "eyes", "face", "mouth", "nose"]
