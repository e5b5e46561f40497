"""Paints a portrait's label map from the back to the front."""

from __future__ import annotations

import numpy as np

from tools import features, worn
from tools.curves import Point, Sheet, wavy
from tools.portrait import (
    HAIR,
    HAT,
    LEFT_EAR,
    LOWER_LIP,
    MOUTH,
    NOSE,
    RIGHT_EAR,
    SIDE,
    SKIN,
    UPPER_LIP,
    Portrait,
    placed,
)


def draw(portrait: Portrait) -> np.ndarray:
    """The portrait's label map, (256, 256) uint8."""
    sheet = Sheet(SIDE)
    _head(portrait, sheet)
    for label, shape in features.brows(portrait):
        sheet.fill(label, shape)
    if portrait.glasses:
        worn.glasses(portrait, sheet)
    if portrait.glasses != "sun":
        for label, shape in features.eyes(portrait):
            sheet.fill(label, shape)
    sheet.fill(NOSE, features.nose(portrait))
    upper, inside, lower = features.mouth(portrait)
    sheet.fill(UPPER_LIP, upper)
    sheet.fill(LOWER_LIP, lower)
    if portrait.teeth:
        sheet.fill(MOUTH, inside)
    for part in portrait.hat:
        sheet.fill(HAT, placed(portrait, part, "hair"))
    if portrait.earrings:
        worn.earrings(portrait, sheet)
    return sheet.label_map()


def _head(p: Portrait, sheet: Sheet) -> None:
    """Hair behind, neck and clothes, ears, skin, hair in front."""
    hair = p.hair
    outline = sheet.mask(wavy(placed(p, hair.outline, "hair"), hair.wave, hair.wavelength))
    if hair.behind:
        sheet.fill(HAIR, outline)
    worn.neck_and_clothes(p, sheet)
    face = sheet.mask(features.face(p))
    if hair.over_ears:
        _ears(p, sheet, face)
    sheet.fill(SKIN, face)
    # The opening belongs to the face, not to the mass of hair: they move differently when the head turns.
    sheet.fill(HAIR, outline & ~sheet.mask(placed(p, hair.opening, "skin")))
    if not hair.over_ears:
        _ears(p, sheet, face)
    for lock in hair.locks:
        sheet.fill(HAIR, placed(p, lock, "skin"))


def _ears(p: Portrait, sheet: Sheet, face: np.ndarray) -> None:
    sides: tuple[tuple[int, int, float], ...] = ((LEFT_EAR, 1, p.ears[0]), (RIGHT_EAR, -1, p.ears[1]))
    for label, side, size in sides:
        if size:
            ear: list[Point] = features.ear(p, side, size)
            sheet.fill(label, sheet.mask(ear) & ~face)
