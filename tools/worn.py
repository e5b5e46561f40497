"""Neck, clothes and things worn, drawn into a sheet."""

from __future__ import annotations

import numpy as np

from tools.curves import Point, Sheet, band, ellipse, spline
from tools.portrait import CLOTHES, EARRING, EYE_LINE, GLASSES, NECK, NECKLACE, Portrait, at, eye_centre


def neck_and_clothes(p: Portrait, sheet: Sheet) -> None:
    """The neck, then clothes with the collar's opening in them, then the necklace."""
    x = at(p, "neck")
    neck = sheet.mask(_neck(p, x))
    cloth = sheet.mask(_shoulders(p, x)) & ~sheet.mask(_collar(p, x))
    sheet.fill(CLOTHES, cloth)
    sheet.fill(NECK, (neck & ~cloth) | (sheet.mask(_collar(p, x)) & sheet.mask(_shoulders(p, x))))
    if p.necklace:
        chain = ((0.98, 218), (0.8, 234), (0.4, 245), (0.0, 249), (-0.4, 245), (-0.8, 234), (-0.98, 218))
        ring = sheet.mask(band(spline([(x + a * p.neck, y) for a, y in chain]), 5.0))
        sheet.fill(NECKLACE, ring & (sheet.ids == NECK))


def _neck(p: Portrait, x: float) -> list[Point]:
    top = at(p, "skin")  # it starts under the face and ends where the shoulders are
    rows = ((0.98, 200.0), (0.97, 222.0), (1.0, 238.0), (1.14, 250.0), (1.5, 262.0))
    right = [(top + 0.98 * p.neck, 185.0), *((x + a * p.neck, y) for a, y in rows)]
    left = [(top - 0.98 * p.neck, 185.0), *((x - a * p.neck, y) for a, y in rows)]
    return spline(right) + spline(left)[::-1]


def _shoulders(p: Portrait, x: float) -> list[Point]:
    y = p.shoulder_y
    half = ((p.neck * 0.9, y - 8), (p.neck * 1.5, y + 4), (100.0, y + 16), (150.0, y + 34), (160.0, 300.0))
    points = [(x, 101.2 + 0.55 * y)]
    points += [(x + a, b) for a, b in half]
    points += [(x - a, b) for a, b in reversed(half)]
    return spline(points, closed=True)


def _collar(p: Portrait, x: float) -> list[Point]:
    y, width = p.shoulder_y, p.neck
    if p.collar == "wide":
        return ellipse(x, y - 14, width * 1.5, 32)
    if p.collar == "round":
        return ellipse(x, y - 6, width, 24)
    if p.collar == "v":
        half = [(1.05 * width, 150.0), (0.98 * width, y), (0.0, y + 44)]
    else:  # shirt
        half = [(width, 150.0), (0.98 * width, y - 2), (5.0, y + 27)]
    return [(x + a, b) for a, b in half] + [(x - a, b) for a, b in reversed(half)]


def glasses(p: Portrait, sheet: Sheet) -> None:
    """Two lenses, a bridge, and arms to the edge of the face."""
    thick = p.glasses in ("thick", "sun")
    width, height = (30.0, 20.0) if thick else (27.0, 17.0)
    lens = (
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
        cx, cy = eye_centre(p, side)[0] + side * 2.0, EYE_LINE + 5.0
        shapes.append(spline([(cx + side * width * a, cy + height * b) for a, b in lens], closed=True))
        end = at(p, "skin") + side * (p.cheek + 1.0)
        start = (cx + side * width * 0.9, cy - 0.5 * height)
        if (end - start[0]) * side > 0:
            shapes.append(band([start, (end, cy - 0.55 * height - 1.0)], 7.0 if thick else 5.0))
    x = at(p, "bridge")
    bridge = spline([(x - 10, EYE_LINE - 1), (x, EYE_LINE - 4), (x + 10, EYE_LINE - 1)])
    shapes.append(band(bridge, 6.0 if thick else 4.0))
    sheet.fill(GLASSES, sheet.mask(*shapes))


def earrings(p: Portrait, sheet: Sheet) -> None:
    """A pair; the one at the far ear of a turned head is out of sight."""
    for side in (1, -1):
        if side * p.turn > 3:
            continue
        x = at(p, "skin") + side * (p.cheek + 0.2 * p.ears[0 if side == 1 else 1] + 1)
        if p.earrings == "drop":
            wire = band([(x, 172), (x + side, 186)], 3.5)
            where = sheet.mask(ellipse(x, 171, 4.0, 4.5), wire, ellipse(x + side, 192, 6.5, 9.0))
        else:
            x += side * 3
            where = sheet.mask(ellipse(x, 190, 14, 20)) & ~sheet.mask(ellipse(x, 190, 10.5, 16.5))
        sheet.fill(EARRING, np.asarray(where))
