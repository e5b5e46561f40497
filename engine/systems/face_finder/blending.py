"""Pictures to learn from: portraits blended into places at random spots, sizes and turns, and things that are no faces.

Where a portrait was pasted must not tell that there is a face, so that other things are pasted in the same ways, whole
portraits are shown without any border, and light, sharpness and compression change after all is pasted.
All that is drawn comes from one generator: the same one gives the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.pictures.face_frames import FaceFrame, frame_of, moved, upright

Array = np.ndarray
CLOSEST = 0.42
"""Distance of two frames' centres over the sum of their sides: what lies nearer would hide one another."""
LEAST_SEEN = 0.25
"""Of the frame's side that must lie in the picture around a face's centre, on each side of it, for it to count."""
OUTLINE = 64
"""Pixels a side at which outlines of what is pasted are drawn."""
CLOSE = 0.45, 0.85
"""Of a picture's side: the frame of a face that is looked at closer, from and to."""
HIDDEN = 0.4
"""Of an eye's or the mouth's pixels: a face with more of it pasted over does not count."""


@dataclass(frozen=True)
class Blending:
    """What pictures are made of; a recipe's settings.

    least, most: side of a face's frame in pixels.
    turn: degrees that faces are turned to either side.
    empty: places without any face, for each portrait.
    others: mean number of things pasted that are no faces.
    crowd: share of the pictures with many small faces.
    whole: share of the pictures that are a small portrait, padded.
    covered: share of the faces with a plain bar before a part of them.
    closer: share of the pictures that show one face as the finder looks at it again, or as closely a place without any.
    harm: share of the pictures that are blurred, enlarged from fewer pixels or compressed, each.
    """

    least: float = 18.0
    most: float = 170.0
    turn: float = 50.0
    empty: float = 0.4
    others: float = 1.0
    crowd: float = 0.06
    whole: float = 0.08
    covered: float = 0.12
    closer: float = 0.0
    harm: float = 0.35


@dataclass(frozen=True)
class Portrait:
    """pixels (S, S, 3) and head (S, S) uint8, which is 255 where the person is; points (3, 2), see `frame_of`."""

    pixels: Array
    head: Array
    points: Array


@dataclass(frozen=True)
class Scene:
    """A picture (S, S, 3) uint8, and the faces in it.

    points: (N, 3, 2) in pixels. counted: (N,) bool; faces that do not count are too small, cut by the border or hidden,
    and nothing is learnt of them either way.
    """

    pixels: Array
    points: Array
    counted: Array

    def rows(self) -> Array:
        """(N, 7) float32: x and y of the eyes and the mouth, 1 for a face that counts."""
        return np.column_stack([self.points.reshape(-1, 6), self.counted]).astype(np.float32)


class Composer:
    """One picture in the making."""

    def __init__(self, chance: np.random.Generator, blending: Blending, place: Array) -> None:
        self.chance, self.blending, self.side = chance, blending, place.shape[0]
        self.pixels = self._part_of(place)
        self.points: list[Array] = []
        self.hidden: list[bool] = []

    def scene(self) -> Scene:
        """As it is now, in the light and with the harm that are drawn last."""
        counted = [self._is_seen(points) and not hidden for points, hidden in zip(self.points, self.hidden)]
        pixels = harmed(self.pixels, self.chance, self.blending.harm)
        return Scene(pixels, np.array(self.points).reshape(-1, 3, 2), np.array(counted, bool))

    def paste_faces(self, portraits: list[Portrait]) -> None:
        """All of them, where there is room: those without any are left out."""
        crowded = len(portraits) > 3
        for portrait in portraits:
            most = 2.2 * self.blending.least if crowded else self.blending.most
            frame = self._free_frame(self.blending.least, most)
            if frame is not None:
                self._paste_portrait(portrait, frame)

    def fill_with(self, portrait: Portrait) -> None:
        """A portrait in the corner, its border going on: as a small picture that it fills is padded."""
        side = self.side * self.chance.uniform(0.4, 1.0)
        turn = self.chance.uniform(-0.2, 0.2) * self.blending.turn
        frame = FaceFrame(side / 2, side / 2, side * self.chance.uniform(0.9, 1.25), turn)
        affine = self._affine(portrait, frame)
        small = _warped(portrait.pixels, affine, round(side), cv2.BORDER_REPLICATE)
        beyond = self.side - round(side)
        self.pixels = cv2.copyMakeBorder(small, 0, beyond, 0, beyond, cv2.BORDER_REPLICATE)
        self._add(moved(portrait.points, affine))

    def look_closer(self) -> None:
        """Go on with what lies around one of the faces, nearly upright, or around some place where there is none.

        A face that does not count before does not count after it, however large it becomes.
        """
        self.hidden = [hidden or not self._is_seen(points) for points, hidden in zip(self.points, self.hidden)]
        chance, side = self.chance, self.side
        if self.points:
            frame = frame_of(self.points[int(chance.integers(len(self.points)))])
        else:
            least, most = self.blending.least, self.blending.most
            x, y = chance.uniform(0, side, 2)
            frame = FaceFrame(x, y, self._drawn_side(least, most), chance.uniform(-180, 180))
        right, down = chance.uniform(-0.12, 0.12, 2) * frame.side
        turn = frame.turn + 9 * chance.standard_normal()
        look = FaceFrame(frame.x + right, frame.y + down, frame.side / chance.uniform(*CLOSE), turn)
        self.pixels = upright(self.pixels, look, side)
        self.points = [moved(points, look.inwards(side)) for points in self.points]

    def paste_other(self, source: Array) -> None:
        """Something that is no face: a part of a place, or of a portrait without its middle, with such a border."""
        side = self._drawn_side(self.blending.least, self.blending.most)
        x, y = self.chance.uniform(0, self.side, 2)
        frame = FaceFrame(x, y, side, self.chance.uniform(-180, 180))
        affine = frame.outwards(source.shape[0])
        alpha = _warped(self._outline(source.shape[0]), affine, self.side)
        self._lay_over(_warped(source, affine, self.side), alpha)

    def _part_of(self, place: Array) -> Array:
        """A random part of a place, (side, side, 3), perhaps mirrored."""
        share = self.chance.uniform(0.35, 1.0)
        size = max(16, round(share * self.side))
        top, left = self.chance.integers(0, self.side - size, 2, endpoint=True)
        piece = place[top : top + size, left : left + size]
        return cv2.resize(np.ascontiguousarray(piece), (self.side, self.side), interpolation=cv2.INTER_LINEAR)

    def _drawn_side(self, least: float, most: float) -> float:
        return float(least * (most / least) ** self.chance.random())

    def _free_frame(self, least: float, most: float) -> FaceFrame | None:
        """Somewhere beside the faces that there are; None where ten draws find no room."""
        for _ in range(10):
            side = self._drawn_side(least * 0.75, most)
            x, y = self.chance.uniform(0, self.side, 2)
            frames = [frame_of(points) for points in self.points]
            if all(np.hypot(other.x - x, other.y - y) > CLOSEST * (other.side + side) for other in frames):
                return FaceFrame(x, y, side, self.chance.uniform(-1, 1) * self.blending.turn)
        return None

    def _affine(self, portrait: Portrait, frame: FaceFrame) -> Array:
        """From the portrait to where `frame` is, stretched a little."""
        own = frame_of(portrait.points)
        inwards = own.inwards(1)  # the face's own square, 1 a side
        stretch = np.exp(self.chance.uniform(-0.08, 0.08))
        linear = np.diag([stretch, 1 / stretch])
        linear[0, 1] = self.chance.uniform(-0.08, 0.08)
        to_middle = np.column_stack([linear, np.array([0.5, 0.5]) - linear @ (0.5, 0.5)])
        return _after(frame.outwards(1), _after(to_middle, inwards))

    def _paste_portrait(self, portrait: Portrait, frame: FaceFrame) -> None:
        affine = self._affine(portrait, frame)
        size = portrait.pixels.shape[0]
        outline = self._outline(size)
        if self.chance.random() < 0.5:  # the head alone, as if cut out
            soft = self.chance.choice([3, 5, 9])
            outline = np.minimum(outline, cv2.GaussianBlur(portrait.head, (int(soft), int(soft)), 0))
        pixels = relit(portrait.pixels, self.chance) if self.chance.random() < 0.5 else portrait.pixels
        if self.chance.random() < self.blending.covered:
            pixels = self._with_something_before(pixels)
        alpha = _warped(outline, affine, self.side)
        self._lay_over(_warped(pixels, affine, self.side), alpha)
        self._add(moved(portrait.points, affine))

    def _with_something_before(self, pixels: Array) -> Array:
        """A plain bar over a part of the face: a hand, a mask, a branch."""
        covered = pixels.copy()
        size = pixels.shape[0]
        centre = self.chance.uniform(0.25, 0.75, 2) * size
        half = self.chance.uniform(0.04, 0.14, 2) * size
        colour = self.chance.integers(0, 256, 3).tolist()
        box = cv2.boxPoints((centre.tolist(), (2 * half).tolist(), self.chance.uniform(0, 180)))
        cv2.fillPoly(covered, [box.astype(np.int32)], colour, cv2.LINE_AA)
        return covered

    def _outline(self, size: int) -> Array:
        """(size, size) uint8: a rounded shape with a soft edge, between an ellipse and a square."""
        chance = self.chance
        roundness = chance.choice([2.0, 2.5, 4.0, 10.0])
        half = chance.uniform(0.40, 0.5, 2) if roundness < 3 else chance.uniform(0.36, 0.5, 2)
        feather = chance.uniform(0.01, 0.2)
        place = (np.abs((np.arange(OUTLINE) + 0.5) / OUTLINE - 0.5)[:, None] / half) ** roundness
        distance = place[None, :, 0] + place[:, None, 1]
        inside = (1 - distance ** (1 / roundness)) / feather
        drawn = (np.clip(inside, 0, 1) * 255).astype(np.uint8)
        return cv2.resize(drawn, (size, size), interpolation=cv2.INTER_LINEAR)

    def _lay_over(self, pixels: Array, alpha: Array) -> None:
        for number, points in enumerate(self.points):
            self.hidden[number] = self.hidden[number] or self._hides(points, alpha)
        left, top, width, height = cv2.boundingRect(alpha)
        covered = slice(top, top + height), slice(left, left + width)
        share = alpha[covered][:, :, None].astype(np.float32) / 255
        below = self.pixels[covered].astype(np.float32)
        self.pixels[covered] = np.rint(below + (pixels[covered] - below) * share).astype(np.uint8)

    def _hides(self, points: Array, alpha: Array) -> bool:
        reach = max(1, round(frame_of(points).side / 16))
        for x, y in points:
            rows, columns = (slice(max(0, int(at) - reach), int(at) + reach + 1) for at in (y, x))
            around = alpha[rows, columns]
            if around.size and around.mean() > HIDDEN * 255:
                return True
        return False

    def _add(self, points: Array) -> None:
        self.points.append(points)
        self.hidden.append(False)

    def _is_seen(self, points: Array) -> bool:
        frame = frame_of(points)
        room = LEAST_SEEN * frame.side
        middle = np.array([frame.x, frame.y])
        within = bool(((middle > room / 2) & (middle < self.side - room / 2)).all())
        return within and bool(((points > 0) & (points < self.side)).all()) and frame.side >= self.blending.least


def compose(
    chance: np.random.Generator, blending: Blending, place: Array, portraits: list[Portrait], others: list[Array]
) -> Scene:
    """A place (S, S, 3) uint8 with portraits in it, and with squares that show no face.

    One portrait may fill the picture (`Blending.whole`); more than three are a crowd of small ones.
    """
    composer = Composer(chance, blending, place)
    if len(portraits) == 1 and chance.random() < blending.whole:
        composer.fill_with(portraits[0])
        return composer.scene()
    others_first = int(chance.integers(0, len(others), endpoint=True))
    for other in others[:others_first]:
        composer.paste_other(other)
    composer.paste_faces(portraits)
    for other in others[others_first:]:
        composer.paste_other(other)
    if blending.closer and chance.random() < blending.closer:
        composer.look_closer()
    return composer.scene()


def without_face(portrait: Portrait, chance: np.random.Generator) -> Array:
    """Of a portrait, what is no face: hair, ears, cheeks, clothes, a corner of it enlarged."""
    size = portrait.pixels.shape[0]
    eye_line, mouth_line = portrait.points[:2, 1].min(), portrait.points[2, 1]
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    down, right = corners[int(chance.integers(4))]
    high = 0.8 * eye_line if not down else 0.9 * (size - mouth_line)
    part_side = int(max(16, chance.uniform(0.7, 1.0) * high))
    top = size - part_side if down else 0
    left = size - part_side if right else 0
    piece = portrait.pixels[top : top + part_side, left : left + part_side]
    return cv2.resize(np.ascontiguousarray(piece), (size, size), interpolation=cv2.INTER_LINEAR)


def relit(pixels: Array, chance: np.random.Generator) -> Array:
    """In another light and of another colour."""
    saturation = chance.uniform(0.5, 1.3)
    mixing = np.full((3, 3), (1 - saturation) / 3) + np.eye(3) * saturation
    gains = chance.uniform(0.6, 1.3) * chance.uniform(0.88, 1.12, 3)
    exponent = np.exp(chance.uniform(-0.45, 0.45))
    curve = (np.linspace(0, 1, 256) ** exponent * 255).round().astype(np.uint8)
    return cv2.LUT(cv2.transform(pixels, mixing * gains[:, None]), curve)


def harmed(pixels: Array, chance: np.random.Generator, share: float) -> Array:
    """The picture in another light, perhaps grey, noisy, blurred, enlarged from fewer pixels, compressed."""
    side = pixels.shape[0]
    pixels = relit(pixels, chance)
    if chance.random() < 0.06:
        pixels = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    if chance.random() < 0.5 * share:
        pixels = cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.4, 1.4))
    if chance.random() < 0.5 * share:
        small = max(8, round(side / chance.uniform(1.2, 2.2)))
        pixels = cv2.resize(cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    if chance.random() < share:
        noise = chance.standard_normal(pixels.shape, np.float32) * chance.uniform(1, 10)
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    if chance.random() < share:
        packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(25, 90))])[1]
        decoded = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        assert decoded is not None  # what OpenCV has just packed
        pixels = decoded
    return pixels


def _after(second: Array, first: Array) -> Array:
    """The (2, 3) affine map that does `first`, then `second`."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def _warped(pixels: Array, affine: Array, side: int, border: int = cv2.BORDER_CONSTANT) -> Array:
    """Pixels by an affine map of places, reduced by area first where the map makes them much smaller."""
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    size = pixels.shape[0]
    reduced = min(size, max(4, round(1.4 * scale * size)))
    if reduced < size:
        pixels = cv2.resize(pixels, (reduced, reduced), interpolation=cv2.INTER_AREA)
    linear = affine[:, :2] * (size / reduced)
    shift = affine[:, 2] + linear @ (0.5, 0.5) - 0.5
    return cv2.warpAffine(pixels, np.column_stack([linear, shift]), (side, side), borderMode=border)
