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


def draw_portrait(portrait: Portrait) -> np.ndarray:
    """The portrait's label map, (256, 256) uint8."""
    sheet = Sheet(SIDE)
    _draw_head(portrait, sheet)
    for label, shape in features.brows(portrait):
        sheet.fill(label, shape)
    if portrait.glasses:
        worn.glasses(portrait, sheet)
    if portrait.glasses != "sun":
        for label, shape in features.eyes(portrait):
            sheet.fill(label, shape)
    sheet.fill(NOSE, features.nose(portrait))
    upper_lip, mouth_inside, lower_lip = features.mouth(portrait)
    sheet.fill(UPPER_LIP, upper_lip)
    sheet.fill(LOWER_LIP, lower_lip)
    if portrait.teeth:
        sheet.fill(MOUTH, mouth_inside)
    for hat_curve in portrait.hat:
        sheet.fill(HAT, placed(portrait, hat_curve, "hair"))
    if portrait.earrings:
        worn.earrings(portrait, sheet)
    return sheet.label_map()


def _draw_head(portrait: Portrait, sheet: Sheet) -> None:
    """Hair behind, neck and clothes, ears, skin, hair in front."""
    hair = portrait.hair
    hair_mask = sheet.mask(wavy(placed(portrait, hair.outline, "hair"), hair.wave, hair.wavelength))
    if hair.behind:
        sheet.fill(HAIR, hair_mask)
    worn.neck_and_clothes(portrait, sheet)
    face_mask = sheet.mask(features.face(portrait))
    if hair.over_ears:
        _draw_ears(portrait, sheet, face_mask)
    sheet.fill(SKIN, face_mask)
    # The opening belongs to the face, not to the mass of hair: they move differently when the head turns.
    sheet.fill(HAIR, hair_mask & ~sheet.mask(placed(portrait, hair.opening, "skin")))
    if not hair.over_ears:
        _draw_ears(portrait, sheet, face_mask)
    for lock in hair.locks:
        sheet.fill(HAIR, placed(portrait, lock, "skin"))


def _draw_ears(portrait: Portrait, sheet: Sheet, face_mask: np.ndarray) -> None:
    ear_sides: tuple[tuple[int, int, float], ...] = ((LEFT_EAR, 1, portrait.ears[0]), (RIGHT_EAR, -1, portrait.ears[1]))
    for label, side, ear_size in ear_sides:
        if ear_size:
            ear_curve: list[Point] = features.ear(portrait, side, ear_size)
            sheet.fill(label, sheet.mask(ear_curve) & ~face_mask)
