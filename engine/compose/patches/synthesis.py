"""A hole filled with patches of its surroundings, from coarse to fine.

Wexler et al., "Space-Time Completion of Video", PAMI 2007: patches of the hole look for known ones that resemble them
(`matches`), and each pixel of the hole becomes what the patches over it agree on; both in turns, on a small picture
first. Texture counts beside colour, so that a smooth place is no good match of a rough one (Newson et al., "Video
Inpainting of Complex Scenes", SIAM J. Imaging Sciences 2014, section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from engine.compose.patches.matches import OFFSETS, PATCH, REACH, Matches, Places, distance_costs
from engine.compose.regions import region_blur

Array = np.ndarray
COARSEST = 16.0
"""A picture is reduced until its hole is no more than so many pixels thick."""
LEAST_SIDE = 28
"""No picture is made smaller than that, in pixels."""
ROUNDS = (10, 6, 4, 3)
"""How many times the hole is matched and mixed: at the coarsest size, the next ones, and the last number at others."""
SEARCHES = 2
TEXTURE_WEIGHT = 1.5
"""What texture counts beside colour."""
FARNESS = 0.03
"""What a patch counts less at a distance of the longer side, in mean squares of colours: near ones are likelier."""
FADING = 1.2
"""A patch counts so many times less for each pixel that it lies deeper in the hole (Wexler et al., section 3.1)."""
LOCAL = 3
"""How far from what a coarser size found a patch is looked for, in pixels."""
MOST_BEGINNINGS = 1200
"""Patches that the first filling, from the border inwards, chooses from."""
TOLERANCE = 1.1
"""It draws among those that fit nearly as well as the best, so that fillings differ by their seed."""


def synthesised(
    colours: Array, known: Array, seed: int, working: Callable[[float], None] = lambda share: None
) -> tuple[Array, Array] | None:
    """A picture filled where it is not known, and where each of its pixels comes from.

    Args:
        colours: (h, w, 3) float32 in 0..1. known: (h, w) bool, where they hold and may be taken.
        seed: of what is left to chance.
        working: told the share done, 0..1, before each round; what it raises stops it.

    Returns:
        (h, w, 3) float32, as `colours` where known; (h, w, 2) int rows and columns, the pixel's own where known. None
        where no patch is known as a whole.
    """
    random = np.random.default_rng(seed)
    features = np.dstack([colours, TEXTURE_WEIGHT * _texture(colours, known)]).astype(np.float32)
    level, taken, sizes = None, np.empty(0, int), _sizes(known)
    for number, size in enumerate(sizes):
        coarser, level = level, _Level.of(features, known, size)
        if not len(level.places.sources):
            level, coarser = coarser, None
            continue
        if coarser is None:
            filled, taken = level.begun(random)
        else:
            taken = level.enlarged(coarser, taken)
            filled = level.mixed(taken, np.zeros(len(taken), np.float32))
        rounds = ROUNDS[min(number, len(ROUNDS) - 1)]
        for turn in range(rounds):
            working(4.0 ** (number + 1 - len(sizes)) * (turn + 1) / rounds)  # each size takes four times the one before
            matches = Matches(level.places, filled, taken, FARNESS)
            matches.search(random, SEARCHES, max(size) if coarser is None else LOCAL)
            taken = matches.found
            filled = level.mixed(taken, matches.distances)
    if level is None or level.shape != known.shape:
        return None
    return filled[REACH:-REACH, REACH:-REACH, :3], level.origins(matches.found, matches.distances)


def _sizes(known: Array) -> list[tuple[int, int]]:
    """Heights and widths, the coarsest first and the picture's own last, each about twice the one before."""
    height, width = known.shape
    padded = np.pad((~known).astype(np.uint8), 1, mode="edge")
    thickness = 2 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 5).max())
    sizes, factor = [(height, width)], 1.0
    while thickness * factor > COARSEST and min(height, width) * factor / 2 >= LEAST_SIDE:
        factor /= 2
        sizes.append((round(height * factor), round(width * factor)))
    return sizes[::-1]


def _texture(colours: Array, known: Array) -> Array:
    """(h, w) float32: how much the lightness changes from pixel to pixel, averaged over about a patch."""
    luma = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    down, right = (cv2.Sobel(luma, cv2.CV_32F, *order, ksize=1) for order in ((0, 1), (1, 0)))
    inner = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    return region_blur(np.hypot(down, right), inner, PATCH / 3)


def _layers(hole: Array) -> Iterator[Array]:
    """Flat places, in the padded picture, of the pixels of a hole (h, w) bool without padding: layer by layer from what
    is known inwards. Where the picture ends nothing begins."""
    width = hole.shape[1] + 2 * REACH
    waiting: Array = hole.astype(np.uint8)
    while waiting.any():
        inner: Array = cv2.erode(waiting, np.ones((3, 3), np.uint8), borderValue=1)
        rows, columns = np.nonzero(waiting > inner)
        yield (rows + REACH) * width + columns + REACH
        waiting = inner


@dataclass(frozen=True)
class _Level:
    """The picture at one size, padded by `REACH`.

    shape: of the picture, without. image: (H, W, C) float32. hole: (H, W) bool. depth: (H, W) of a pixel in the hole.
    """

    shape: tuple[int, int]
    image: Array
    hole: Array
    depth: Array
    places: Places

    @classmethod
    def of(cls, features: Array, known: Array, size: tuple[int, int]) -> _Level:
        """features: (h, w, C). known: (h, w) bool."""
        height, width = size
        shares = cv2.resize(known.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        image = cv2.resize(np.where(known[..., None], features, 0), (width, height), interpolation=cv2.INTER_AREA)
        image = image / np.maximum(shares, 1e-3)[..., None]
        hole = shares < 0.5
        usable = cv2.erode((shares > 1 - 1e-4).astype(np.uint8), np.ones((PATCH, PATCH), np.uint8), borderValue=1) > 0
        usable, hole = (np.pad(field, REACH) for field in (usable, hole))
        depth = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
        padded = np.pad(image, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="reflect").astype(np.float32)
        return cls(size, padded, hole, depth, Places.of(hole, usable))

    def begun(self, random: np.random.Generator) -> tuple[Array, Array]:
        """The picture with its hole filled from the border inwards, and what each target took."""
        places, pixels = self.places, self.image.reshape(-1, self.image.shape[2]).copy()
        sources = places.sources
        if len(sources) > MOST_BEGINNINGS:
            sources = random.choice(sources, MOST_BEGINNINGS, replace=False)
        patches = pixels[sources[:, None] + places.offsets]  # (M, 49, C)
        squares, numbers = np.square(patches).sum(2), patches.reshape(len(sources), -1)
        taken = random.choice(places.sources, len(places.targets))
        shown: Array = np.pad(~self._unpadded(self.hole), REACH).ravel()
        for layer in _layers(self._unpadded(self.hole)):
            around = layer[:, None] + places.offsets
            seen = shown[around]  # (L, 49) bool
            wanted = np.where(seen[..., None], pixels[around], 0)
            distances = seen @ squares.T - 2 * wanted.reshape(len(layer), -1) @ numbers.T
            distances += np.square(wanted).sum((1, 2))[:, None]
            distances /= np.maximum(seen.sum(1), 1)[:, None]
            distances += distance_costs(layer[:, None], sources, self.hole.shape, FARNESS)
            fitting = distances <= TOLERANCE * distances.min(1, keepdims=True) + 1e-6
            chosen = sources[(fitting * random.random(fitting.shape)).argmax(1)]
            pixels[layer], taken[places.number[layer]], shown[layer] = pixels[chosen], chosen, True
        return self._padded(self._unpadded(pixels.reshape(self.image.shape))), taken

    def mixed(self, taken: Array, distances: Array) -> Array:
        """The picture with its hole mixed from the patches taken; those that fit well count more."""
        places, pixels = self.places, self.image.reshape(-1, self.image.shape[2])
        spread = max(float(np.percentile(distances, 75)), 1e-5)
        weights = np.exp(-distances / (2 * spread)) * FADING ** -self.depth.ravel()[places.targets]
        within = np.flatnonzero(self.hole)
        total, mass = np.zeros((len(within), pixels.shape[1]), np.float32), np.zeros(len(within), np.float32)
        for row, column in OFFSETS:
            step = row * self.image.shape[1] + column
            number = places.number[within - step]
            weight = np.where(number >= 0, weights[number], 0).astype(np.float32)
            total += weight[:, None] * pixels[taken[number] + step]
            mass += weight
        filled = pixels.copy()
        filled[within] = total / np.maximum(mass, 1e-12)[:, None]
        return self._padded(self._unpadded(filled.reshape(self.image.shape)))

    def enlarged(self, coarser: _Level, taken: Array) -> Array:
        """(N,) what a coarser level took, as places of this one."""
        scale = np.array(self.shape) / np.array(coarser.shape)
        own = np.stack(np.divmod(self.places.targets, self.image.shape[1]), 1) - REACH
        coarse_width = coarser.image.shape[1]
        beside = np.clip(((own + 0.5) / scale).astype(int), 0, np.array(coarser.shape) - 1) + REACH
        number = coarser.places.number[beside[:, 0] * coarse_width + beside[:, 1]]
        source = np.stack(np.divmod(taken[number], coarse_width), 1)
        wanted = own + np.rint((source - beside) * scale).astype(int)
        wanted = np.clip(wanted, 0, np.array(self.shape) - 1) + REACH
        return self._nearest_usable()[wanted[:, 0], wanted[:, 1]]

    def origins(self, taken: Array, distances: Array) -> Array:
        """(h, w, 2) rows and columns that each pixel comes from: in the patch over it that fits best."""
        places, width = self.places, self.image.shape[1]
        costs = distances + 1e-4 * self.depth.ravel()[places.targets]
        within = np.flatnonzero(self.hole)
        least, origin = np.full(len(within), np.inf), within.copy()
        for row, column in OFFSETS:
            step = row * width + column
            number = places.number[within - step]
            cost = np.where(number >= 0, costs[number], np.inf) * (1 + 0.02 * (row * row + column * column))
            better = cost < least
            least[better], origin[better] = cost[better], (taken[number] + step)[better]
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]]
        inside = self._unpadded(self.hole)
        source_rows, source_columns = np.divmod(origin, width)
        rows[inside], columns[inside] = source_rows - REACH, source_columns - REACH
        return np.dstack([rows, columns])

    def _nearest_usable(self) -> Array:
        """(H, W) flat places of the usable one nearest to each."""
        blocked = (~self.places.usable).astype(np.uint8).reshape(self.hole.shape)
        _, nearest = cv2.distanceTransformWithLabels(blocked, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        place_of = np.zeros(int(nearest.max()) + 1, np.int64)
        place_of[nearest.ravel()[self.places.sources]] = self.places.sources
        places: Array = place_of[nearest]
        return places

    def _unpadded(self, field: Array) -> Array:
        return field[REACH:-REACH, REACH:-REACH]

    def _padded(self, field: Array) -> Array:
        return np.pad(field, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="reflect")
