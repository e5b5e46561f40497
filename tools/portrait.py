"""What describes a portrait: numbers in pixels of a 256 x 256 map, in the 19 labels of the faces set.

Proportions follow the customs of CelebAMask-HQ: pictures are aligned by the eyes (eye line 122, centres 62 apart),
left and right are the sitter's (the left eye is on the right of the picture), the nose is a region from between the
eyes to its tip, hair often leaves the frame. Turning the head moves parts by their depth: per pixel that the nose
goes aside, the skin's outline goes 2.7 the other way, the hair 4.3 and the neck 6.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.curves import Point, spline

SIDE, MIDDLE, EYE_LINE = 256, 127.5, 122.0
BACKGROUND, SKIN, NOSE, GLASSES, LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, LEFT_EAR, RIGHT_EAR = range(10)
MOUTH, UPPER_LIP, LOWER_LIP, HAIR, HAT, EARRING, NECKLACE, NECK, CLOTHES = range(10, 19)

DEPTH = {
    "skin": -2.7, "chin": -0.8, "hair": -4.3, "neck": -6.5,
    "brow": 0.5, "eye": 0.1, "bridge": 0.9, "tip": 1.2, "mouth": 0.4,
}  # fmt: skip
"""Pixels that a part moves aside when the nose moves one pixel."""


@dataclass(frozen=True)
class Hair:
    """Hair, all x relative to the middle of the face, positive to the right of the picture.

    outline: the whole mass as a closed curve, clockwise from the top.
    opening: where the face shows, closed, clockwise from the hairline's middle; its bottom may be far below.
    behind: whether the mass also lies behind neck and shoulders (long hair).
    locks: further closed curves over the face (a fringe, strands).
    wave, wavelength: how uneven the outline is, in pixels.
    over_ears: whether hair covers the ears.
    """

    outline: tuple[Point, ...]
    opening: tuple[Point, ...]
    behind: bool = True
    locks: tuple[tuple[Point, ...], ...] = ()
    wave: float = 1.5
    wavelength: float = 60.0
    over_ears: bool = True


@dataclass(frozen=True)
class Portrait:
    """One portrait. Widths are halves, from the middle, in pixels of 256.

    turn: pixels that the nose goes to the right (-8 .. 8).
    forehead, cheek, jaw, chin: half widths of the face at y = 75, 130, 200 and 7 above the chin.
    chin_y: the lowest point of the face.
    eye_height, eye_width, eye_slant: opening, width, how much higher the outer corner is.
    brow: thickness; brow_arch: height of the arch; brow_y: its lower inner corner; brow_width.
    nose: half width at the wings; nose_tip: lowest y.
    mouth_y: the line between the lips when closed; mouth: half width; smile: rise of the corners.
    teeth: opening between the lips; upper_lip, lower_lip: heights in the middle.
    ears: (left, right) pixels that stand out from the face, 0 hides one.
    neck: half width at y = 245.
    shoulder_y: where clothes begin at the frame's side; collar: "round", "wide", "shirt", "v" or "none".
    hair: see Hair. hat: closed curve and brim, x relative like hair. glasses: "", "thin", "thick" or "sun".
    earrings: "", "drop" or "hoop"; necklace: whether there is one.
    """

    hair: Hair
    turn: float = 0.0
    forehead: float = 56.0
    cheek: float = 66.0
    jaw: float = 52.0
    chin: float = 22.0
    chin_y: float = 235.0
    eye_height: float = 9.5
    eye_width: float = 25.0
    eye_slant: float = 1.0
    brow: float = 6.0
    brow_arch: float = 5.0
    brow_y: float = 110.0
    brow_width: float = 45.0
    nose: float = 19.0
    nose_tip: float = 170.0
    mouth_y: float = 189.5
    mouth: float = 27.0
    smile: float = 1.0
    teeth: float = 0.0
    upper_lip: float = 6.0
    lower_lip: float = 10.0
    ears: tuple[float, float] = (0.0, 0.0)
    neck: float = 48.0
    shoulder_y: float = 225.0
    collar: str = "round"
    hat: tuple[tuple[Point, ...], ...] = ()
    glasses: str = ""
    earrings: str = ""
    necklace: bool = False


def part_x(portrait: Portrait, part_name: str) -> float:
    """Where the middle of a part is: its x, given how the head is turned."""
    return MIDDLE + DEPTH[part_name] * portrait.turn


def placed(portrait: Portrait, relative_points: Sequence[Point], part_name: str) -> list[Point]:
    """A closed curve through points whose x is relative to the middle of `part_name`."""
    return spline([(part_x(portrait, part_name) + x, y) for x, y in relative_points], closed=True)


def eye_centre(portrait: Portrait, side: int) -> Point:
    """The middle of the eye on the right (1) or left (-1) of the picture."""
    # The far eye comes nearer to the nose, the near one keeps its place.
    return part_x(portrait, "eye") + side * 31.0 - (0.5 * portrait.turn if side * portrait.turn > 0 else 0.0), EYE_LINE


def mirrored(right_points: Sequence[Point]) -> tuple[Point, ...]:
    """Points of a right half, from the top down, and their mirror images from the bottom up."""
    return (*right_points, *((-x, y) for x, y in reversed(right_points) if abs(x) > 1e-9))
