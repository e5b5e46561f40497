"""Reshaped regions: where another label is wanted, the photo becomes what the model paints, in the photo's colours.

A painted picture differs from the photo in tone and has none of its texture. So of each label that is new somewhere,
the painted colours are moved by what painting and photo differ by where both show that label (a membrane), and fine
texture is laid from the photo's own region of that label (quilting). Both are decided on a small picture of the frame,
and what was decided is laid into the photo at any size. Only changed places are written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from engine.compose.regions import region_blur
from engine.compose.samples import as_colours, opaque, write_colours
from engine.compose.shapes.membranes import membrane
from engine.compose.shapes.quilting import Piece, lay, quilt

Array = np.ndarray
Report = Callable[[float], None]
GROWN, GROWN_BESIDE = 6, 2
"""Pixels of the small picture by which a change reaches beyond an old border that it moves, where old and new are half
mixed: into regions of a label that is new there, and into others, which keep their look."""
TEXTURE = 2.5
"""Standard deviation, in pixels of the small picture, of the blur that texture is the rest of."""
COMPARED = 5.0
"""The same of the blur in which painting and photo are compared: single strands are no difference of tone."""
SOFT, SOFT_STRANDS = 1.5, 3.5
"""Pixels of the small picture over which a new region fades into another label beside it; the latter where it consists
of strands."""
STRAND_REACH = 0.35
"""How far single strands, the lighter or darker ones, reach into that fading: a share of it."""
SMOOTH = 0.8
"""Standard deviation of the blur, in pixels of the small picture, without which its steps show in a large photo."""
TONES = 8, 75
"""Percentiles of a region's coarse colours between which its new parts stay, channel by channel."""
TILE = 32
"""Side, in pixels of the small picture, of the parts that are written at once."""
LEAST_KNOWN = 400
"""Pixels of a region that give more texture than a pattern that repeats."""


@dataclass(frozen=True)
class LabelTexture:
    """What is laid on a label's new part: hole, (h, w) float32, where; the pieces; coarse, (h, w, 3), what of the photo
    is no texture."""

    hole: Array
    coarse: Array
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Reshape:
    """What becomes of a frame, decided on its small picture.

    colours: (h, w, 3) float32 in 0..1, coarse where texture is laid on it. share: (h, w) float32, how much of the photo
    they replace. textures: of the labels that have some.
    """

    colours: Array
    share: Array
    textures: tuple[LabelTexture, ...]

    def apply(
        self, samples: Array, top: int, left: int, bottom: int, right: int, report: Report | None = None
    ) -> None:
        """Write the reshaped regions into a photo's samples (H, W[, C]), whose frame has those sides in pixels.

        What share is 0 of keeps its samples, bit for bit; so do pixels that nobody can see. report: called with the
        share done, 0..1, after each tile; it may raise to stop.
        """
        frame = samples[top:bottom, left:right]
        before, tiles = frame.copy(), list(self._tiles())  # texture is the photo's, not what was laid a tile before
        for number, tile in enumerate(tiles):
            self._apply_tile(frame, before, tile)
            if report is not None:
                report((number + 1) / len(tiles))

    def _tiles(self) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of the small picture, tile by tile, where anything is replaced."""
        reached = cv2.dilate(self.share, np.ones((3, 3), np.uint8)) > 0  # enlarging reaches half a pixel farther
        height, width = reached.shape
        for top in range(0, height, TILE):
            for left in range(0, width, TILE):
                tile = slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
                if reached[tile].any():
                    yield tile

    def _apply_tile(self, frame: Array, photo: Array, tile: tuple[slice, slice]) -> None:
        """Write one tile of the frame; photo: the frame as it was."""
        scale = frame.shape[0] / self.share.shape[0], frame.shape[1] / self.share.shape[1]
        rows, columns = (
            slice(round(side.start * factor), round(side.stop * factor))
            for side, factor in zip(tile, scale, strict=True)
        )
        box = rows, columns
        if rows.start == rows.stop or columns.start == columns.stop:
            return
        share = _sampled(self.share, box, scale)
        colours = _sampled(self.colours, box, scale)
        for texture in self.textures:
            hole = _sampled(texture.hole, box, scale)
            if not hole.any():
                continue
            laid = np.zeros_like(colours)

            def fine(rows: slice, columns: slice, coarse: Array = texture.coarse) -> Array:
                return as_colours(photo[rows, columns]) - _sampled(coarse, (rows, columns), scale)

            lay(laid, fine, texture.pieces, frame.shape[:2], scale, (rows.start, columns.start))
            colours += laid * hole[..., None]
        old = as_colours(photo[box])
        mixed = old + share[..., None] * (np.clip(colours, 0, 1) - old)
        seen = opaque(photo[box])
        write_colours(frame[box], mixed, (share > 0) if seen is None else (share > 0) & seen)


def changed_places(base: Array, wanted: Array) -> Array:
    """(h, w) bool: where label maps differ, and what lies beside an old border that is gone or has moved.

    base, wanted: (h, w) uint8.
    """
    differs = base != wanted
    moved_border = differs & _touches_another(base)
    beyond = _dilated(moved_border, GROWN_BESIDE)
    for label in np.unique(wanted[differs]):
        beyond |= _dilated(moved_border & (wanted == label), GROWN) & (wanted == label)
    places: Array = differs | beyond
    return places


def plan_reshape(
    photo: Array, base: Array, wanted: Array, painted: Array, *, stranded: Collection[int] = (), seed: int = 0
) -> Reshape:
    """Decide how the photo shows its regions as they are wanted.

    Args:
        photo: (h, w, 3) float32 colours in 0..1: the frame, small.
        base: (h, w) uint8 labels of what the photo shows. wanted: (h, w) uint8 what it is to show.
        painted: (h, w, 3) float32, the model's picture of `wanted` in the photo's styles.
        stranded: labels of regions that end in strands.
        seed: of what the texture leaves to chance.
    """
    places = changed_places(base, wanted)
    colours, textures = np.zeros_like(photo), []
    softness, strands = np.full(base.shape, SOFT, np.float32), np.zeros(base.shape, np.float32)
    for label in np.unique(wanted[places]):
        hole, known = places & (wanted == label), ~places & (base == label)
        toned = painted + _tone(photo, painted, known, hole)
        colours[hole] = toned[hole]
        if known.sum() < LEAST_KNOWN:
            continue
        coarse_photo = region_blur(photo, known.astype(np.float32), TEXTURE)
        low, high = np.percentile(coarse_photo[known], TONES, axis=0)
        coarse = np.clip(region_blur(toned, hole.astype(np.float32), COMPARED), low, high)
        texture = photo - coarse_photo
        pieces = quilt(texture, np.where(known[..., None], coarse_photo, coarse), known, hole, seed)
        if not pieces:
            continue
        colours[hole] = coarse[hole]
        textures.append(LabelTexture(hole.astype(np.float32), coarse_photo, tuple(pieces)))
        if label in stranded:
            softness[hole] = SOFT_STRANDS
            strands[hole] = _strands(texture, pieces)[hole]
    colours = np.where(places[..., None], colours, region_blur(colours, places.astype(np.float32), 2.0))
    share = _share(places, places & (base == wanted), softness, strands)
    return Reshape(colours, share, tuple(textures))


def _tone(photo: Array, painted: Array, known: Array, hole: Array) -> Array:
    """(h, w, 3): what the painting is moved by in a hole, so that it goes on from the known pixels of its label."""
    if not known.any():
        return np.zeros_like(photo)
    difference = region_blur(photo - painted, known.astype(np.float32), COMPARED)
    ring = known & _dilated(hole, 1)
    if not ring.any():  # the label is elsewhere in the picture: its mean difference is all that is known
        mean: Array = (photo - painted)[known].mean(0)
        return np.broadcast_to(mean, photo.shape)
    return membrane(difference, ring, hole)


def _strands(texture: Array, pieces: list[Piece]) -> Array:
    """(h, w) of about -1..1: which strands of the texture that is laid stand out, the dark as the light."""
    laid = np.zeros_like(texture)
    lay(laid, lambda rows, columns: texture[rows, columns], pieces, texture.shape[:2], (1.0, 1.0), (0, 0))
    luma = laid.mean(-1)
    spread = float(luma.std())
    return np.clip(luma / (2 * spread), -1, 1) if spread > 0 else luma


def _share(places: Array, grown: Array, softness: Array, strands: Array) -> Array:
    """(h, w) float32, how much of the photo is replaced: it rises from 0 over what a change has grown by, beyond the
    old border, and softly beside other labels."""
    inside = cv2.distanceTransform(np.pad(places.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = np.where(_dilated(grown, 1), GROWN / 2, softness)
    loose = (inside < reach) & ~_dilated(grown, GROWN)  # ends of strands, not their beginnings in the old region
    share = np.clip((inside - 0.5) / reach + STRAND_REACH * strands * loose, 0, 1).astype(np.float32)
    smooth: Array = cv2.GaussianBlur(share * places, (0, 0), SMOOTH) * places
    return smooth


def _touches_another(label_map: Array) -> Array:
    """(h, w) bool: pixels with another label among their eight neighbours."""
    kernel = np.ones((3, 3), np.uint8)
    border: Array = cv2.dilate(label_map, kernel) != cv2.erode(label_map, kernel)
    return border


def _dilated(mask: Array, reach: int) -> Array:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown: Array = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    return grown


def _sampled(field: Array, box: tuple[slice, slice], scale: tuple[float, float]) -> Array:
    """A small field at the photo's pixels in a box of the frame, by linear interpolation."""
    rows, columns = (
        ((np.arange(box[axis].start, box[axis].stop, dtype=np.float32) + 0.5) / scale[axis] - 0.5) for axis in (0, 1)
    )
    if not len(rows) or not len(columns):
        return np.zeros((len(rows), len(columns), *field.shape[2:]), np.float32)
    matrix = np.array([[1 / scale[1], 0, columns[0]], [0, 1 / scale[0], rows[0]]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = len(columns), len(rows)
    sampled: Array = cv2.warpAffine(field, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return sampled
