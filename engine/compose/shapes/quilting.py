"""Image quilting: texture of a region of the photo laid over a new part of it (Efros and Freeman, SIGGRAPH 2001).

Square pieces are laid in rows, each chosen among pieces of the photo to agree with what lies there already (section 2)
and with a coarse guide (texture transfer, section 3), and cut to its neighbours along the line where both differ least.
The choice is made on a small picture; what is laid comes from the photo at its own size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Array = np.ndarray
Texture = Callable[[slice, slice], Array]
BLOCK, OVERLAP = 16, 6
"""Side of a piece and of what two of them share, in pixels of the small picture."""
MOST_SOURCES, ENOUGH_SOURCES = 1500, 100
NEARLY_WHOLE = 0.8
"""Share of a piece that has to be known where there are not enough that are known as a whole."""
TOLERANCE = 1.15
"""One of the pieces that fit almost as well as the best is drawn: the best alone would repeat."""
GUIDED = 1.0
"""What a difference of the guide weighs beside one of what lies there."""


@dataclass(frozen=True)
class Piece:
    """Where a piece is laid and where it comes from (rows and columns of top left corners in the small picture), and
    how much of it counts, (BLOCK, BLOCK) float32 in 0..1."""

    row: int
    column: int
    source_row: int
    source_column: int
    share: Array


def quilt(texture: Array, guide: Array, known: Array, hole: Array, seed: int) -> list[Piece]:
    """The pieces that cover a hole, in the order in which they are laid; none where no piece is known as a whole.

    Args:
        texture: (h, w, C) float32, what pieces must agree in with what lies there.
        guide: (h, w, G) float32, the same quantity of photo and hole; e.g. coarse colours.
        known: (h, w) bool, where pieces may come from and what lies there already. hole: (h, w) bool.
        seed: draws among pieces that fit.
    """
    random = np.random.default_rng(seed)
    sources = _whole_pieces(known, random)
    if not len(sources):
        return []
    source_textures = _cut(texture, sources)
    source_squares = np.square(source_textures)
    targets = _targets(hole)
    follows = _all_distances(_cut(guide, np.array(targets)), _cut(guide, sources))
    laid, is_laid = np.where(known[..., None], texture, 0).astype(np.float32), known.copy()
    pieces = []
    for (row, column), guided in zip(targets, follows, strict=True):
        block = slice(row, row + BLOCK), slice(column, column + BLOCK)
        agrees = _distances(source_textures, source_squares, laid[block], is_laid[block])
        chosen = _drawn(agrees + GUIDED * guided, random)
        source_row, source_column = sources[chosen]
        new = source_textures[chosen].reshape(BLOCK, BLOCK, -1)
        share = _share(np.square(new - laid[block]).sum(-1), is_laid[block])
        pieces.append(Piece(row, column, int(source_row), int(source_column), share))
        laid[block] += share[..., None] * (new - laid[block])
        is_laid[block] = True
    return pieces


def lay(
    target: Array,
    texture: Texture,
    pieces: Sequence[Piece],
    lengths: tuple[int, int],
    scale: tuple[float, float],
    corner: tuple[int, int],
) -> None:
    """Lay the texture of pieces over `target`, in a frame of any size.

    Args:
        target: (h, w, C) float32, a part of the frame, over which it is laid.
        texture: what the frame has in some rows and columns, (h, w, C) float32.
        lengths: height and width of the frame. scale: these over those of the small picture.
        corner: row and column of target's first pixel in the frame.
    """
    for piece in pieces:
        place = [slice(*_both(start, scale[axis])) for axis, start in enumerate((piece.row, piece.column))]
        rows, columns = (
            slice(max(side.start - first, 0), min(side.stop - first, length))
            for side, first, length in zip(place, corner, target.shape, strict=False)
        )
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        sizes = [side.stop - side.start for side in place]
        starts = [
            min(round(start * factor), length - size)
            for start, factor, length, size in zip(
                (piece.source_row, piece.source_column), scale, lengths, sizes, strict=True
            )
        ]
        share = piece.share
        if list(share.shape) != sizes:
            share = cv2.resize(share, (sizes[1], sizes[0]), interpolation=cv2.INTER_LINEAR)
        cut = tuple(
            slice(side.start + first - laid_side.start, side.stop + first - laid_side.start)
            for side, first, laid_side in zip((rows, columns), corner, place, strict=True)
        )
        source = texture(*(slice(s + side.start, s + side.stop) for s, side in zip(starts, cut, strict=True)))
        laid = target[rows, columns]
        laid += share[cut][..., None] * (source - laid)


def _both(start: int, scale: float) -> tuple[int, int]:
    """First and last pixel of a piece's side in the frame."""
    return round(start * scale), round((start + BLOCK) * scale)


def _whole_pieces(known: Array, random: np.random.Generator) -> Array:
    """(N, 2) top left corners of pieces that are known as a whole, drawn where there are more than enough."""
    if min(known.shape) < BLOCK:
        return np.empty((0, 2), int)
    share = cv2.boxFilter(
        known.astype(np.float32), -1, (BLOCK, BLOCK), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    share = share[: known.shape[0] - BLOCK + 1, : known.shape[1] - BLOCK + 1]
    corners = np.argwhere(share >= 1 - 1e-4)
    if len(corners) < ENOUGH_SOURCES:
        corners = np.argwhere(share >= NEARLY_WHOLE)
    if len(corners) > MOST_SOURCES:
        corners = corners[random.choice(len(corners), MOST_SOURCES, replace=False)]
    return corners


def _targets(hole: Array) -> list[tuple[int, int]]:
    """Corners of the pieces that cover a hole, row by row, inside the picture."""
    step = BLOCK - OVERLAP
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))

    def along(first: int, last: int, length: int) -> list[int]:
        corners = range(first - OVERLAP, last + 1, step)
        return sorted({min(max(corner, 0), length - BLOCK) for corner in corners})

    return [
        (row, column)
        for row in along(rows[0], rows[-1], hole.shape[0])
        for column in along(columns[0], columns[-1], hole.shape[1])
        if hole[row : row + BLOCK, column : column + BLOCK].any()
    ]


def _cut(field: Array, corners: Array) -> Array:
    """(N, BLOCK * BLOCK * C): the pieces of a field at those corners."""
    windows = np.lib.stride_tricks.sliding_window_view(field, (BLOCK, BLOCK), axis=(0, 1))  # (.., .., C, B, B)
    cut = windows[corners[:, 0], corners[:, 1]].transpose(0, 2, 3, 1)
    return np.ascontiguousarray(cut, dtype=np.float32).reshape(len(corners), -1)


def _distances(sources: Array, squares: Array, laid: Array, is_laid: Array) -> Array:
    """(N,) mean square of what sources differ from `laid` (B, B, C) by, over what is laid there already (B, B) bool.

    squares: of the sources' numbers.
    """
    weights = np.repeat(is_laid.ravel(), laid.shape[2]).astype(np.float32)
    count = float(weights.sum())
    if not count:
        return np.zeros(len(sources), np.float32)
    wanted = laid.ravel() * weights
    total: Array = squares @ weights - 2 * (sources @ wanted) + float(wanted @ wanted)
    return np.maximum(total, 0) / count


def _all_distances(targets: Array, sources: Array) -> Array:
    """(T, N) mean square of what each source differs from each target by."""
    lengths = np.square(sources).sum(1)
    total: Array = np.square(targets).sum(1)[:, None] - 2 * (targets @ sources.T) + lengths
    return np.maximum(total, 0) / targets.shape[1]


def _drawn(distances: Array, random: np.random.Generator) -> int:
    fitting = np.flatnonzero(distances <= TOLERANCE * distances.min() + 1e-12)
    return int(random.choice(fitting))


def _share(difference: Array, is_laid: Array) -> Array:
    """How much of a new piece counts: 1 where nothing lies, and beyond the cut through what lies on its left and top.

    What lies there without being an overlap at the left or the top (the photo at the hole's other sides) fades out.
    """
    share = np.ones_like(difference)
    if is_laid[:, :OVERLAP].mean() > 0.5:
        cut = _cut_line(difference[:, :OVERLAP])
        share[:, :OVERLAP] = np.minimum(share[:, :OVERLAP], np.arange(OVERLAP)[None] >= cut[:, None])
    if is_laid[:OVERLAP].mean() > 0.5:
        cut = _cut_line(difference[:OVERLAP].T)
        share[:OVERLAP] = np.minimum(share[:OVERLAP], np.arange(OVERLAP)[:, None] >= cut[None])
    share[~is_laid] = 1
    return cv2.blur(share, (3, 3), borderType=cv2.BORDER_REPLICATE) * is_laid + (~is_laid)


def _cut_line(difference: Array) -> Array:
    """(n,) for each row the column of the path of least difference from the first row to the last (section 2.1)."""
    cost = np.full((len(difference), difference.shape[1] + 2), np.inf, np.float32)  # a wall on either side
    cost[:, 1:-1] = difference
    for row in range(1, len(cost)):
        before = cost[row - 1]
        cost[row, 1:-1] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    cost = cost[:, 1:-1]
    column = int(cost[-1].argmin())
    line = [column]
    for row in range(len(cost) - 2, -1, -1):
        first = max(0, column - 1)
        column = first + int(cost[row, first : column + 2].argmin())
        line.append(column)
    return np.array(line[::-1])
