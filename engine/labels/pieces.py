"""Pieces: parts of a label's region that have a style of their own (SEAN speaks of a style per region instance).

A region is named by one number: a label by its id, a piece by `FIRST_PIECE` and more. A document or request says of
which label each piece is (`PieceLabels`), and a piece map (H, W) uint8 says where they lie: 0 for nowhere, 1 for the
first piece, and so on. A pixel belongs to a piece where the piece map says so *and* the label map has the piece's
label. So whoever paints another label over a piece takes pixels from it, and whoever paints its label there again gives
them back; the label map alone decides what is there, and a new stroke beside a piece is no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from engine.errors import BadRequest

Array = np.ndarray
PieceLabels = Mapping[int, int]
"""The label of each piece, by the piece's number as a region."""

FIRST_PIECE = 256
MOST_PIECES = 120
"""Of one label map. The fast renderers' codes for so many pieces of each of 256 labels still fit into 16 bits."""


def is_piece(region: int) -> bool:
    """Whether a region is a piece, and no label."""
    return region >= FIRST_PIECE


def label_of(region: int, piece_labels: PieceLabels) -> int:
    """The label of a region: its own id, or that of the label that it is a piece of."""
    return piece_labels[region] if is_piece(region) else region


def check_pieces(has_map: bool, piece_labels: PieceLabels) -> None:
    """Raise BadRequest where numbers are no pieces, or pieces come without a map."""
    if any(not FIRST_PIECE <= piece < FIRST_PIECE + MOST_PIECES for piece in piece_labels):
        raise BadRequest(
            'The key "pieces" numbers its pieces from {0} to {1}.', FIRST_PIECE, FIRST_PIECE + MOST_PIECES - 1
        )
    if piece_labels and not has_map:
        raise BadRequest('The key "pieces" needs the key "piece_map", which says where the pieces lie.')


def free_piece(piece_labels: PieceLabels) -> int:
    """The number of the next piece. Raises BadRequest: there are as many as there can be."""
    for piece in range(FIRST_PIECE, FIRST_PIECE + MOST_PIECES):
        if piece not in piece_labels:
            return piece
    raise BadRequest("There are {0} pieces with styles of their own, and there can be no more.", MOST_PIECES)


def number_of(piece: int) -> int:
    """What a piece map holds where a piece lies."""
    return piece - FIRST_PIECE + 1


def region_map(label_map: Array, piece_map: Array | None, piece_labels: PieceLabels) -> Array:
    """(H, W) uint16: the region of each pixel. label_map, piece_map: (H, W) uint8 of one size."""
    regions = label_map.astype(np.uint16)
    if piece_map is not None:
        for piece, label in piece_labels.items():
            regions[(piece_map == number_of(piece)) & (label_map == label)] = piece
    return regions


def piece_mask(label_map: Array, piece_map: Array, piece: int, label: int) -> Array:
    """(H, W) bool: the pixels of a piece of that label."""
    mask: Array = (piece_map == number_of(piece)) & (label_map == label)
    return mask


def connected_part(regions: Array, x: int, y: int) -> Array:
    """(H, W) bool: the connected part, also over corners, of the region at a pixel. regions: (H, W) integers."""
    same = (regions == regions[y, x]).astype(np.uint8)
    _, parts = cv2.connectedComponents(same, connectivity=8)
    mask: Array = parts == parts[y, x]
    return mask


def largest_part(regions: Array, region: int) -> Array:
    """(H, W) bool: the largest connected part of a region; nothing where there is none."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats((regions == region).astype(np.uint8), connectivity=8)
    areas = statistics[1:, cv2.CC_STAT_AREA]
    mask: Array = parts == 1 + int(areas.argmax()) if len(areas) else np.zeros(regions.shape, bool)
    return mask


@dataclass(frozen=True)
class PieceSlots:
    """Where painters look a pixel's style code up: pieces as further rows, behind those of the labels.

    slots: (H, W) uint8, 0 where the pixel's label has its own code, k where the code of the k-th piece counts.
    labels: of the pieces, in that order.
    """

    slots: Array
    labels: tuple[int, ...]

    @classmethod
    def of(cls, label_map: Array, piece_map: Array | None, piece_labels: PieceLabels) -> PieceSlots | None:
        """Of the pieces in the order of their numbers; None where there is none."""
        if piece_map is None or not piece_labels:
            return None
        slots = np.zeros(label_map.shape, np.uint8)
        ordered = sorted(piece_labels.items())
        for slot, (piece, label) in enumerate(ordered, 1):
            slots[piece_mask(label_map, piece_map, piece, label)] = slot
        return cls(slots, tuple(label for _, label in ordered))


def with_piece(
    piece_map: Array | None, piece_labels: PieceLabels, mask: Array, label: int
) -> tuple[Array, dict[int, int], int]:
    """The piece map, the label of each piece, and the number of a new one: the pixels of `mask`, (H, W) bool, that have
    `label`. Older pieces lose what it takes. Raises BadRequest: there are as many as there can be."""
    piece = free_piece(piece_labels)
    changed = np.zeros(mask.shape, np.uint8) if piece_map is None else piece_map.copy()
    changed[mask] = number_of(piece)
    return changed, {**piece_labels, piece: label}, piece
