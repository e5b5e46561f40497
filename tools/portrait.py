"""A portrait as a label map, drawn from parameters, in the 19 labels of the faces set.

Proportions follow the customs of CelebAMask-HQ, 256 x 256: pictures are aligned by the eyes (eye line 122, centres
62 apart), left and right are the sitter's (the left eye is on the right of the picture), the nose is a region from
between the eyes to its tip, hair often leaves the frame. Turning the head moves parts by their depth: per pixel
that the nose goes aside, the skin's outline goes 2.7 the other way, the hair 4.3 and the neck 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.curves import Point, Sheet, band, ellipse, spline, wavy

SIDE, MIDDLE, EYE_LINE = 256, 127.5, 122.0
BACKGROUND, SKIN, NOSE, GLASSES, LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, LEFT_EAR, RIGHT_EAR = range(10)
MOUTH, UPPER_LIP, LOWER_LIP, HAIR, HAT, EARRING, NECKLACE, NECK, CLOTHES = range(10, 19)

DEPTH = {"skin": -2.7, "chin": -0.8, "hair": -4.3, "neck": -6.5, "brow": 0.5, "eye": 0.1, "bridge": 0.9, "tip": 1.2,
         "mouth": 0.4}
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

    hair: Hair | None
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


def draw(portrait: Portrait) -> np.ndarray:
    """The portrait's label map, (256, 256) uint8."""
    return _Artist(portrait).label_map()


class _Artist:
    """Paints one portrait from the back to the front."""

    def __init__(self, portrait: Portrait) -> None:
        self.p = portrait
        self.sheet = Sheet(SIDE)

    def label_map(self) -> np.ndarray:
        p, sheet = self.p, self.sheet
        outline = self._hair_mask() if p.hair else None
        if p.hair and outline is not None and p.hair.behind:
            sheet.fill(HAIR, outline)
        self._neck_and_clothes()
        ears = [(label, self._ear(side, size)) for label, side, size in
                ((LEFT_EAR, 1, p.ears[0]), (RIGHT_EAR, -1, p.ears[1])) if size]
        if not (p.hair and p.hair.over_ears):
            ears_after = ears
        else:
            ears_after = []
            for label, shape in ears:
                sheet.fill(label, shape)
        face = sheet.mask(self._face())
        sheet.fill(SKIN, face)
        if p.hair and outline is not None:
            opening = sheet.mask(self._placed(p.hair.opening, "hair_front"))
            sheet.fill(HAIR, outline & ~opening)
        for label, shape in ears_after:
            sheet.fill(label, sheet.mask(shape) & ~face)
        if p.hair:
            for lock in p.hair.locks:
                sheet.fill(HAIR, self._placed(lock, "hair_front"))
        self._brows()
        if p.glasses:
            self._glasses()
        if p.glasses != "sun":
            self._eyes()
        sheet.fill(NOSE, self._nose())
        self._mouth()
        for shape in p.hat:
            sheet.fill(HAT, self._placed(shape, "hair"))
        if p.earrings:
            self._earrings()
        return sheet.label_map()

    # ------------------------------------------------------------------ places

    def _dx(self, part: str) -> float:
        return MIDDLE + DEPTH[part] * self.p.turn

    def _placed(self, points: Sequence[Point], part: str) -> list[Point]:
        """A closed spline through points whose x is relative to the face's middle."""
        shift = self._dx("skin") if part == "hair_front" else self._dx(part)
        return spline([(shift + x, y) for x, y in points], closed=True)

    # ------------------------------------------------------------------ head

    def _face(self) -> list[Point]:
        """Outline of the skin, up to under the hair."""
        p = self.p
        half = [
            (p.forehead * 0.72, 42.0), (p.forehead * 0.93, 60.0), (p.forehead, 76.0),
            (0.45 * p.forehead + 0.55 * p.cheek, 100.0), (p.cheek, 130.0), (p.cheek * 0.985, 150.0),
            (0.55 * p.cheek + 0.47 * p.jaw, 174.0), (p.jaw, 200.0),
            (0.62 * p.jaw + 0.36 * p.chin, 200.0 + 0.45 * (p.chin_y - 200.0)), (p.chin, p.chin_y - 6.0),
        ]

        def middle(y: float) -> float:
            skin, chin = self._dx("skin"), self._dx("chin")
            down = min(max((y - 150.0) / (p.chin_y - 150.0), 0.0), 1.0)
            return skin + (chin - skin) * down

        right = [(middle(y) + x, y) for x, y in half]
        left = [(middle(y) - x, y) for x, y in half[::-1]]
        top = self._dx("skin")
        return spline([(top, 30.0), *right, (middle(p.chin_y), p.chin_y), *left], closed=True)

    def _hair_mask(self) -> np.ndarray:
        assert self.p.hair is not None
        curve = self._placed(self.p.hair.outline, "hair")
        return self.sheet.mask(wavy(curve, self.p.hair.wave, self.p.hair.wavelength))

    def _ear(self, side: int, size: float) -> list[Point]:
        """An ear that stands out `size` pixels; its inner part lies under the face."""
        edge = self._dx("skin") + side * self.p.cheek
        out = [(-8, 112), (0.45 * size, 110), (size, 118), (1.02 * size, 132), (0.72 * size, 148), (0.5 * size, 161),
               (0.05 * size, 165), (-8, 158)]
        return spline([(edge + side * x, y + 4) for x, y in out], closed=True)

    def _neck_and_clothes(self) -> None:
        p, sheet = self.p, self.sheet
        x = self._dx("neck")
        inner = self._dx("skin")
        slope = [(p.neck * 0.98, 200.0), (p.neck * 0.97, 222.0), (p.neck, 238.0), (p.neck * 1.14, 250.0),
                 (p.neck * 1.5, 262.0)]
        right = [(inner + slope[0][0], 185.0), *((x + a, b) for a, b in slope)]
        left = [(inner - slope[0][0], 185.0), *((x - a, b) for a, b in slope)]
        neck = sheet.mask(spline(right) + spline(left)[::-1])
        if p.collar == "none":
            sheet.fill(NECK, neck)
            return
        top = 256.0 - 0.55 * (256.0 - p.shoulder_y)
        shoulders = [(x, top - 14)] + [
            (x + side * a, b) for side, row in
            ((1, [(p.neck * 0.9, p.shoulder_y - 8), (p.neck * 1.5, p.shoulder_y + 4), (100, p.shoulder_y + 16),
                  (150, p.shoulder_y + 34), (160, 300)]),
             (-1, [(160, 300), (150, p.shoulder_y + 34), (100, p.shoulder_y + 16), (p.neck * 1.5, p.shoulder_y + 4),
                   (p.neck * 0.9, p.shoulder_y - 8)])) for a, b in row]
        clothes = sheet.mask(spline(shoulders, closed=True))
        width = p.neck
        cut: list[Point]
        if p.collar == "wide":
            cut = ellipse(x, p.shoulder_y - 14, width * 1.5, 32)
        elif p.collar == "v":
            cut = [(x - width * 1.05, 150), (x + width * 1.05, 150), (x + width * 0.98, p.shoulder_y),
                   (x, p.shoulder_y + 44), (x - width * 0.98, p.shoulder_y)]
        elif p.collar == "shirt":
            cut = [(x - width, 150), (x + width, 150), (x + width * 0.98, p.shoulder_y - 2),
                   (x + 5, p.shoulder_y + 27), (x - 5, p.shoulder_y + 27), (x - width * 0.98, p.shoulder_y - 2)]
        else:
            cut = ellipse(x, p.shoulder_y - 6, width * 1.0, 24)
        opening = sheet.mask(cut)
        sheet.fill(CLOTHES, clothes & ~opening)
        sheet.fill(NECK, (neck & ~(clothes & ~opening)) | (opening & clothes))
        if p.necklace:
            self._necklace(x)

    def _necklace(self, x: float) -> None:
        p = self.p
        chain = spline([(x - p.neck * 0.98, 218), (x - p.neck * 0.8, 234), (x - p.neck * 0.4, 245), (x, 249),
                        (x + p.neck * 0.4, 245), (x + p.neck * 0.8, 234), (x + p.neck * 0.98, 218)])
        on_skin = np.isin(self.sheet.ids, (NECK,))
        self.sheet.fill(NECKLACE, self.sheet.mask(band(chain, 5.0)) & on_skin)

    # ------------------------------------------------------------------ features

    def _eye_centre(self, side: int) -> Point:
        # The far eye comes nearer to the nose, the near one keeps its place.
        return self._dx("eye") + side * 31.0 - (0.5 * self.p.turn if side * self.p.turn > 0 else 0.0), EYE_LINE

    def _eyes(self) -> None:
        p = self.p
        for side, label in ((1, LEFT_EYE), (-1, RIGHT_EYE)):
            cx, cy = self._eye_centre(side)
            w, h = p.eye_width / 2, p.eye_height
            inner, outer = (cx - side * w, cy + 1.5), (cx + side * w, cy + 1.5 - p.eye_slant)
            upper = [inner, (cx - side * w * 0.55, cy - h * 0.38), (cx, cy - h * 0.58), (cx + side * w * 0.55,
                     cy - h * 0.44), outer]
            lower = [outer, (cx + side * w * 0.5, cy + h * 0.36), (cx, cy + h * 0.46), (cx - side * w * 0.5,
                     cy + h * 0.34), inner]
            self.sheet.fill(label, spline(upper) + spline(lower))

    def _brows(self) -> None:
        p = self.p
        for side, label in ((1, LEFT_BROW), (-1, RIGHT_BROW)):
            near = 1.0 - 0.035 * max(0.0, side * p.turn)  # foreshortened on the far side
            x, w = self._dx("brow") + side * 11.5, p.brow_width * near
            top = p.brow_y - 3.0
            centre = [(x, top + 0.5), (x + side * w * 0.25, top - 0.45 * p.brow_arch), (x + side * w * 0.6,
                      top - p.brow_arch), (x + side * w * 0.85, top - 0.6 * p.brow_arch), (x + side * w, top + 2.0)]
            curve = spline(centre, steps=8)
            t = [i / (len(curve) - 1) for i in range(len(curve))]
            widths = [p.brow * (0.9 + 0.35 * s - 1.05 * s * s) + 0.6 for s in t]
            self.sheet.fill(label, band(curve, widths))

    def _nose(self) -> list[Point]:
        p = self.p
        top, tip, w = self._dx("bridge"), self._dx("tip"), p.nose
        rows = [(9.0, 118.0), (8.6, 126.0), (9.6, 136.0), (12.0, 146.0), (0.86 * w, 153.0), (w, 159.0),
                (0.93 * w, p.nose_tip - 5.5), (0.55 * w, p.nose_tip - 2.5), (0.26 * w, p.nose_tip)]

        def at(y: float) -> float:
            return top + (tip - top) * min(max((y - 118.0) / (p.nose_tip - 118.0), 0.0), 1.0)

        right = spline([(at(y) + x, y) for x, y in rows])
        left = spline([(at(y) - x, y) for x, y in rows])
        return right + left[::-1]

    def _mouth(self) -> None:
        p = self.p
        x, w, y = self._dx("mouth"), p.mouth, p.mouth_y
        corner, gap = y - p.smile, p.teeth
        rise = 0.35 * gap  # the upper lip goes up when the mouth opens
        near, far = (1.0, 1.0) if not p.turn else ((1.0, 0.94) if p.turn > 0 else (0.94, 1.0))
        left, right = (x - w * near, corner), (x + w * far, corner)

        def arc(offsets: Sequence[float], bow: float = 0.0) -> list[Point]:
            """Corner to corner through heights at 1/6 ... 5/6 of the mouth; `bow` dips the middle."""
            stops = (-0.72, -0.4, -0.13, 0.0, 0.13, 0.4, 0.72)
            mirrored = [*offsets, offsets[-1] + bow, *offsets[::-1]]
            points = [(x + s * w * (near if s < 0 else far), y + d) for s, d in zip(stops, mirrored)]
            return spline([left, *points, right])

        s, up, low = p.smile, p.upper_lip, p.lower_lip
        line = -0.45 * s
        top = arc((line - rise - 0.62 * up, -rise - 0.94 * up - 0.2 * s, -rise - up), bow=1.0)
        inner_top = arc((line - 0.6 * rise, -rise - 0.1 * s, -rise))
        inner_low = arc((line + 0.42 * gap, 0.62 * gap - 0.05 * s, 0.65 * gap))
        bottom = arc((line + 0.45 * gap + 0.5 * low, 0.62 * gap + 0.88 * low, 0.65 * gap + low))
        self.sheet.fill(UPPER_LIP, top + inner_top[::-1])
        self.sheet.fill(LOWER_LIP, inner_low + bottom[::-1])
        if gap:
            self.sheet.fill(MOUTH, inner_top + inner_low[::-1])

    # ------------------------------------------------------------------ things worn

    def _glasses(self) -> None:
        p = self.p
        thick = p.glasses in ("thick", "sun")
        half_w, half_h = (30.0, 20.0) if thick else (27.0, 17.0)
        shapes = []
        for side in (1, -1):
            cx = self._eye_centre(side)[0] + side * 2.0
            cy = EYE_LINE + 5.0
            lens = [(-half_w, -0.55 * half_h), (-0.6 * half_w, -0.92 * half_h), (0.3 * half_w, -half_h),
                    (half_w, -0.72 * half_h), (1.02 * half_w, 0.0), (0.72 * half_w, 0.8 * half_h), (0.0, half_h),
                    (-0.7 * half_w, 0.78 * half_h), (-0.98 * half_w, 0.1 * half_h)]
            shapes.append(spline([(cx + side * a, cy + b) for a, b in lens], closed=True))
            arm = self._dx("skin") + side * (p.cheek + 1.0)
            start = (cx + side * half_w * 0.9, cy - 0.5 * half_h)
            if (arm - start[0]) * side > 0:
                shapes.append(band([start, (arm, cy - 0.55 * half_h - 1.0)], 7.0 if thick else 5.0))
        bridge = self._dx("bridge")
        shapes.append(band(spline([(bridge - 10, EYE_LINE - 1), (bridge, EYE_LINE - 4), (bridge + 10, EYE_LINE - 1)]),
                           6.0 if thick else 4.0))
        self.sheet.fill(GLASSES, self.sheet.mask(*shapes))

    def _earrings(self) -> None:
        p = self.p
        for side in (1, -1):
            if side * p.turn > 3:
                continue  # the far ear is out of sight
            size = p.ears[0] if side == 1 else p.ears[1]
            x = self._dx("skin") + side * (p.cheek + 0.2 * size + 1)
            if p.earrings == "drop":
                self.sheet.fill(EARRING, self.sheet.mask(
                    ellipse(x, 171, 4.0, 4.5), band([(x, 172), (x + side, 186)], 3.5), ellipse(x + side, 192, 6.5, 9.0)))
            else:
                ring = ellipse(x + side * 3, 190, 14, 20)
                hole = ellipse(x + side * 3, 190, 10.5, 16.5)
                self.sheet.fill(EARRING, self.sheet.mask(ring) & ~self.sheet.mask(hole))


def mirrored(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points of a right half, from the top down, and their mirror images from the bottom up."""
    return (*points, *((-x, y) for x, y in reversed(points) if abs(x) > 1e-9))
