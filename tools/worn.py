"""Neck, clothes and things worn, drawn into a sheet."""

from __future__ import annotations

import numpy as np

from tools.curves import Point, Sheet, band, ellipse, spline
from tools.portrait import CLOTHES, EARRING, EYE_LINE, GLASSES, NECK, NECKLACE, Portrait, eye_centre, part_x


def neck_and_clothes(portrait: Portrait, sheet: Sheet) -> None:
    """The neck, then clothes with the collar's opening in them, then the necklace."""
    neck_x = part_x(portrait, "neck")
    neck_mask = sheet.mask(_neck(portrait, neck_x))
    shoulder_mask, collar_mask = sheet.mask(_shoulders(portrait, neck_x)), sheet.mask(_collar(portrait, neck_x))
    cloth_mask = shoulder_mask & ~collar_mask
    sheet.fill(CLOTHES, cloth_mask)
    opening_mask = collar_mask & shoulder_mask
    sheet.fill(NECK, (neck_mask & ~cloth_mask) | opening_mask)
    if portrait.necklace:
        chain_points = ((0.98, 218), (0.8, 234), (0.4, 245), (0.0, 249), (-0.4, 245), (-0.8, 234), (-0.98, 218))
        chain_curve = spline([(neck_x + x_share * portrait.neck, y) for x_share, y in chain_points])
        chain_mask = sheet.mask(band(chain_curve, 5.0))
        sheet.fill(NECKLACE, chain_mask & (sheet.ids == NECK))


def _neck(portrait: Portrait, neck_x: float) -> list[Point]:
    face_x = part_x(portrait, "skin")  # it starts under the face and ends where the shoulders are
    outline = ((0.98, 200.0), (0.97, 222.0), (1.0, 238.0), (1.14, 250.0), (1.5, 262.0))
    right_side = [
        (face_x + 0.98 * portrait.neck, 185.0),
        *((neck_x + x_share * portrait.neck, y) for x_share, y in outline),
    ]
    left_side = [
        (face_x - 0.98 * portrait.neck, 185.0),
        *((neck_x - x_share * portrait.neck, y) for x_share, y in outline),
    ]
    return spline(right_side) + spline(left_side)[::-1]


def _shoulders(portrait: Portrait, neck_x: float) -> list[Point]:
    shoulder_y = portrait.shoulder_y
    half_outline = (
        (portrait.neck * 0.9, shoulder_y - 8),
        (portrait.neck * 1.5, shoulder_y + 4),
        (100.0, shoulder_y + 16),
        (150.0, shoulder_y + 34),
        (160.0, 300.0),
    )
    outline = [(neck_x, 101.2 + 0.55 * shoulder_y)]
    outline += [(neck_x + half_width, row_y) for half_width, row_y in half_outline]
    outline += [(neck_x - half_width, row_y) for half_width, row_y in reversed(half_outline)]
    return spline(outline, closed=True)


def _collar(portrait: Portrait, neck_x: float) -> list[Point]:
    shoulder_y, neck_width = portrait.shoulder_y, portrait.neck
    if portrait.collar == "wide":
        return ellipse(neck_x, shoulder_y - 14, neck_width * 1.5, 32)
    if portrait.collar == "round":
        return ellipse(neck_x, shoulder_y - 6, neck_width, 24)
    if portrait.collar == "v":
        half_outline = [(1.05 * neck_width, 150.0), (0.98 * neck_width, shoulder_y), (0.0, shoulder_y + 44)]
    else:  # shirt
        half_outline = [(neck_width, 150.0), (0.98 * neck_width, shoulder_y - 2), (5.0, shoulder_y + 27)]
    return [(neck_x + half_width, row_y) for half_width, row_y in half_outline] + [
        (neck_x - half_width, row_y) for half_width, row_y in reversed(half_outline)
    ]


def glasses(portrait: Portrait, sheet: Sheet) -> None:
    """Two lenses, a bridge, and arms to the edge of the face."""
    is_thick = portrait.glasses in ("thick", "sun")
    width, height = (30.0, 20.0) if is_thick else (27.0, 17.0)
    lens_points = (
        (-1.0, -0.55),
        (-0.6, -0.92),
        (0.3, -1.0),
        (1.0, -0.72),
        (1.02, 0.0),
        (0.72, 0.8),
        (0.0, 1.0),
        (-0.7, 0.78),
        (-0.98, 0.1),
    )
    shapes: list[list[Point]] = []
    for side in (1, -1):
        centre_x, centre_y = eye_centre(portrait, side)[0] + side * 2.0, EYE_LINE + 5.0
        shapes.append(
            spline(
                [(centre_x + side * width * x_share, centre_y + height * y_share) for x_share, y_share in lens_points],
                closed=True,
            )
        )
        arm_end = part_x(portrait, "skin") + side * (portrait.cheek + 1.0)
        arm_start = (centre_x + side * width * 0.9, centre_y - 0.5 * height)
        if (arm_end - arm_start[0]) * side > 0:
            shapes.append(band([arm_start, (arm_end, centre_y - 0.55 * height - 1.0)], 7.0 if is_thick else 5.0))
    bridge_x = part_x(portrait, "bridge")
    bridge = spline([(bridge_x - 10, EYE_LINE - 1), (bridge_x, EYE_LINE - 4), (bridge_x + 10, EYE_LINE - 1)])
    shapes.append(band(bridge, 6.0 if is_thick else 4.0))
    sheet.fill(GLASSES, sheet.mask(*shapes))


def earrings(portrait: Portrait, sheet: Sheet) -> None:
    """A pair; the one at the far ear of a turned head is out of sight."""
    for side in (1, -1):
        if side * portrait.turn > 3:
            continue
        ear_x = part_x(portrait, "skin") + side * (portrait.cheek + 0.2 * portrait.ears[0 if side == 1 else 1] + 1)
        if portrait.earrings == "drop":
            wire_shape = band([(ear_x, 172), (ear_x + side, 186)], 3.5)
            ring_mask = sheet.mask(ellipse(ear_x, 171, 4.0, 4.5), wire_shape, ellipse(ear_x + side, 192, 6.5, 9.0))
        else:
            ear_x += side * 3
            ring_mask = sheet.mask(ellipse(ear_x, 190, 14, 20)) & ~sheet.mask(ellipse(ear_x, 190, 10.5, 16.5))
        sheet.fill(EARRING, np.asarray(ring_mask))
