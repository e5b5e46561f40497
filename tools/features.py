"""Outlines of a face and what is in it, as closed curves."""

from __future__ import annotations

from collections.abc import Sequence

from tools.curves import Point, band, spline
from tools.portrait import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE, Portrait, eye_centre, part_x

Shapes = list[tuple[int, list[Point]]]


def face(portrait: Portrait) -> list[Point]:
    """The skin, up to under the hair."""
    half_outline = [
        (portrait.forehead * 0.72, 42.0),
        (portrait.forehead * 0.93, 60.0),
        (portrait.forehead, 76.0),
        (0.45 * portrait.forehead + 0.55 * portrait.cheek, 100.0),
        (portrait.cheek, 130.0),
        (portrait.cheek * 0.985, 150.0),
        (0.55 * portrait.cheek + 0.47 * portrait.jaw, 174.0),
        (portrait.jaw, 200.0),
        (0.62 * portrait.jaw + 0.36 * portrait.chin, 200.0 + 0.45 * (portrait.chin_y - 200.0)),
        (portrait.chin, portrait.chin_y - 6.0),
    ]

    def middle(y: float) -> float:
        skin_x, chin_x = part_x(portrait, "skin"), part_x(portrait, "chin")
        return skin_x + (chin_x - skin_x) * min(max((y - 150.0) / (portrait.chin_y - 150.0), 0.0), 1.0)

    right_side = [(middle(y) + x, y) for x, y in half_outline]
    left_side = [(middle(y) - x, y) for x, y in half_outline[::-1]]
    return spline(
        [(part_x(portrait, "skin"), 30.0), *right_side, (middle(portrait.chin_y), portrait.chin_y), *left_side],
        closed=True,
    )


def ear(portrait: Portrait, side: int, ear_size: float) -> list[Point]:
    """The ear on the right (1) or left (-1) of the picture, `ear_size` pixels wide; it starts under the face."""
    face_edge = part_x(portrait, "skin") + side * portrait.cheek
    rim_points = ((0.45, 114), (1.0, 122), (1.02, 136), (0.72, 152), (0.5, 165), (0.05, 169))
    outline = [(-8.0, 116.0), *((share * ear_size, float(y)) for share, y in rim_points), (-8.0, 162.0)]
    return spline([(face_edge + side * x, y) for x, y in outline], closed=True)


def eyes(portrait: Portrait) -> Shapes:
    """Both eyes with their labels."""
    shapes: Shapes = []
    for side, label in ((1, LEFT_EYE), (-1, RIGHT_EYE)):
        centre_x, centre_y = eye_centre(portrait, side)
        half_width, height = side * portrait.eye_width / 2, portrait.eye_height
        inner_corner = (centre_x - half_width, centre_y + 1.5)
        outer_corner = (centre_x + half_width, centre_y + 1.5 - portrait.eye_slant)
        upper_points = ((-0.55, -0.38), (0.0, -0.58), (0.55, -0.44))
        lower_points = ((0.5, 0.36), (0.0, 0.46), (-0.5, 0.34))
        upper_edge = [
            inner_corner,
            *((centre_x + x_share * half_width, centre_y + y_share * height) for x_share, y_share in upper_points),
            outer_corner,
        ]
        lower_edge = [
            outer_corner,
            *((centre_x + x_share * half_width, centre_y + y_share * height) for x_share, y_share in lower_points),
            inner_corner,
        ]
        shapes.append((label, spline(upper_edge) + spline(lower_edge)))
    return shapes


def brows(portrait: Portrait) -> Shapes:
    """Both brows with their labels."""
    shapes: Shapes = []
    for side, label in ((1, LEFT_BROW), (-1, RIGHT_BROW)):
        foreshortening = 1.0 - 0.035 * max(0.0, side * portrait.turn)  # on the far side
        brow_width = portrait.brow_width * foreshortening
        x, y = part_x(portrait, "brow") + side * 11.5, portrait.brow_y - 3.0
        brow_points = (
            (0.0, 0.5),
            (0.25, -0.45 * portrait.brow_arch),
            (0.6, -portrait.brow_arch),
            (0.85, -0.6 * portrait.brow_arch),
            (1.0, 2.0),
        )
        curve = spline(
            [(x + side * brow_width * x_share, y + y_offset) for x_share, y_offset in brow_points], segment_steps=8
        )
        positions = [index / (len(curve) - 1) for index in range(len(curve))]
        thickness = [
            portrait.brow * (0.9 + 0.35 * position - 1.05 * position * position) + 0.6 for position in positions
        ]
        shapes.append((label, band(curve, thickness)))
    return shapes


def nose(portrait: Portrait) -> list[Point]:
    """From between the eyes to the tip."""
    bridge_x, tip_x, wing_width = part_x(portrait, "bridge"), part_x(portrait, "tip"), portrait.nose
    outline = (
        (9.0, 118.0),
        (8.6, 126.0),
        (9.6, 136.0),
        (12.0, 146.0),
        (0.86 * wing_width, 153.0),
        (wing_width, 159.0),
        (0.93 * wing_width, portrait.nose_tip - 5.5),
        (0.55 * wing_width, portrait.nose_tip - 2.5),
        (0.26 * wing_width, portrait.nose_tip),
    )

    def middle(y: float) -> float:
        return bridge_x + (tip_x - bridge_x) * min(max((y - 118.0) / (portrait.nose_tip - 118.0), 0.0), 1.0)

    right_side = spline([(middle(y) + x, y) for x, y in outline])
    return right_side + spline([(middle(y) - x, y) for x, y in outline])[::-1]


def mouth(portrait: Portrait) -> tuple[list[Point], list[Point], list[Point]]:
    """Upper lip, the inside of the mouth (flat when it is shut) and lower lip."""
    x, y, opening = part_x(portrait, "mouth"), portrait.mouth_y, portrait.teeth
    rise = 0.35 * opening  # the upper lip goes up when the mouth opens
    left_scale, right_scale = (1.0, 1.0) if not portrait.turn else ((1.0, 0.94) if portrait.turn > 0 else (0.94, 1.0))
    corners = (
        (x - portrait.mouth * left_scale, y - portrait.smile),
        (x + portrait.mouth * right_scale, y - portrait.smile),
    )

    def arc(heights: Sequence[float], bow: float = 0.0) -> list[Point]:
        """Corner to corner through three heights of each half; `bow` lowers the middle."""
        x_shares = (-0.72, -0.4, -0.13, 0.0, 0.13, 0.4, 0.72)
        all_heights = [*heights, heights[-1] + bow, *heights[::-1]]
        points = [
            (x + x_share * portrait.mouth * (left_scale if x_share < 0 else right_scale), y + height)
            for x_share, height in zip(x_shares, all_heights, strict=True)
        ]
        return spline([corners[0], *points, corners[1]])

    smile, upper, lower = portrait.smile, portrait.upper_lip, portrait.lower_lip
    corner_line = -0.45 * smile
    upper_edge = arc((corner_line - rise - 0.62 * upper, -rise - 0.94 * upper - 0.2 * smile, -rise - upper), bow=1.0)
    inner_upper = arc((corner_line - 0.6 * rise, -rise - 0.1 * smile, -rise))
    inner_lower = arc((corner_line + 0.42 * opening, 0.62 * opening - 0.05 * smile, 0.65 * opening))
    lower_edge = arc(
        (corner_line + 0.45 * opening + 0.5 * lower, 0.62 * opening + 0.88 * lower, 0.65 * opening + lower)
    )
    return upper_edge + inner_upper[::-1], inner_upper + inner_lower[::-1], inner_lower + lower_edge[::-1]


__all__ = ["brows", "ear", "eyes", "face", "mouth", "nose"]
