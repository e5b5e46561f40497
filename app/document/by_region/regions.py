"""Regions of a document: those of its labels, and pieces of them that have a style of their own.

A region is one number, a label's id or a piece's (`engine.labels.pieces`). Styles, strengths and locks of styles are by
region; what is painted and hidden is by label.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.document.checks import checked_label
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import tr
from app.texts.label_names import name_of
from engine.errors import BadRequest
from engine.labels.looked_at import UNSEEN, slices_of
from engine.labels.pieces import is_piece, number_of, piece_mask, region_map, with_piece

if TYPE_CHECKING:
    from app.document.document import Document


class Regions:
    """Where a document's regions are, what they are called, and pieces that come and go; each change one step."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._map: np.ndarray | None = None  # with pieces, until pixels or pieces change
        for changed in (document.label_map_changed, document.pieces_changed, document.replaced):
            changed.connect(self._forget)

    def _forget(self, *_: object) -> None:
        self._map = None

    # ------------------------------------------------------------ what there is

    @property
    def map(self) -> np.ndarray:
        """(H, W): the region of each pixel; the label map itself where there are no pieces. Not to be written to."""
        document = self._document
        if not document.pieces or document.piece_map is None:
            return document.label_map
        if self._map is None:
            self._map = region_map(document.label_map, document.piece_map.array(), document.pieces)
        return self._map

    def at(self, x: int, y: int) -> int:
        """The region of a pixel; `UNSEEN` for background that nobody looked at."""
        document = self._document
        label = int(document.label_map[y, x])
        if document.looked_at is not None and label == 0:
            rows, columns = slices_of(document.looked_at, document.height, document.width)
            if not (rows.start <= y < rows.stop and columns.start <= x < columns.stop):
                return UNSEEN
        return int(self.map[y, x]) if document.pieces else label

    def checked(self, region: int) -> int:
        """A region as a plain number. Raises BadRequest where the document does not have it."""
        return int(region) if region in self._document.pieces else checked_label(region, self._document.label_set)

    def label_of(self, region: int) -> int:
        """The label of a region. Raises BadRequest where the document does not have it."""
        region = self.checked(region)
        return self._document.pieces[region] if is_piece(region) else region

    def area(self, region: int) -> int:
        """Its pixels; those of a label with those of its pieces."""
        if not is_piece(region):
            return int(self._document.areas[region])
        return int((self.map == region).sum()) if region in self._document.pieces else 0

    def share(self, region: int) -> float:
        """The same as a share of the label map, 0-1. Raises BadRequest where the document does not have the region."""
        return self.area(self.checked(region)) / self._document.label_map.size

    def pieces_of(self, label: int) -> list[int]:
        """The pieces of a label, in their order."""
        return sorted(piece for piece, owner in self._document.pieces.items() if owner == label)

    def name(self, region: int) -> str:
        """What a region is called, in the language of the application."""
        return name_of(self._document.label_set, region, self._document.pieces)

    # ------------------------------------------------------------ pieces that come and go

    def make_piece(self, mask: np.ndarray, label: int) -> int:
        """Makes those pixels of `mask`, (H, W) bool, that have a label a piece, which begins in its label's style.

        Older pieces lose them, and go where nothing is left. Returns its number. Raises BadRequest: there is nothing of
        the label, or there are too many pieces.
        """
        document = self._document
        own = mask & (document.label_map == label)
        if not own.any():
            raise BadRequest("There is nothing of the label there to make a piece of.")
        before = None if document.piece_map is None else document.piece_map.array()
        piece_map, pieces, piece = with_piece(before, document.pieces, own, label)
        values = self._values_without(self._emptied(piece_map), piece_map, pieces)
        values["styles"] |= {piece: document.style(label)}
        if label in document.strengths:
            values["strengths"] |= {piece: document.strengths[label]}
        if label in document.switched_off:
            values["switched_off"] |= {piece}
        name = name_of(document.label_set, piece, pieces)
        document.change_values(values, tr("A style of its own for {0}").format(name))
        document.set_current_region(piece)
        return piece

    def add_to_piece(self, piece: int, mask: np.ndarray) -> None:
        """Makes those pixels of `mask` that have the piece's label a part of it. Raises BadRequest for no piece."""
        own = mask & (self._document.label_map == self.label_of(piece))
        self._redraw(own, number_of(piece), tr("Add to {0}").format(self.name(piece)))

    def take_from_pieces(self, mask: np.ndarray) -> None:
        """Makes the pixels of `mask` their labels' again; a piece that loses its last one goes."""
        if self._document.pieces:
            self._redraw(mask, 0, tr("Take from pieces"))

    def remove_piece(self, piece: int) -> None:
        """Makes a piece its label's again: its own style goes. Raises BadRequest for no piece."""
        label, text = self.label_of(piece), tr("Back to the label's style: {0}").format(self.name(piece))
        assert self._document.piece_map is not None  # it has a piece
        values = self._values_without([piece], self._document.piece_map.array(), self._document.pieces)
        self._document.change_values(values, text)
        self._document.set_current_region(label)

    def _redraw(self, mask: np.ndarray, number: int, text: str) -> None:
        document = self._document
        piece_map = np.zeros(mask.shape, np.uint8) if document.piece_map is None else document.piece_map.array()
        piece_map[mask] = number
        document.change_values(self._values_without(self._emptied(piece_map), piece_map, document.pieces), text)

    def _emptied(self, piece_map: np.ndarray) -> list[int]:
        """The pieces that are seen now, and would not be with another piece map."""
        document = self._document
        return [
            piece
            for piece, label in document.pieces.items()
            if self.area(piece) and not piece_mask(document.label_map, piece_map, piece, label).any()
        ]

    def _values_without(
        self, removed: Collection[int], piece_map: np.ndarray, pieces: Mapping[int, int]
    ) -> dict[str, Any]:
        """What the fields of the scene become that say something of pieces, without those in `removed`."""
        document = self._document
        left = {piece: label for piece, label in pieces.items() if piece not in removed}
        piece_map[np.isin(piece_map, [number_of(piece) for piece in removed])] = 0
        return {
            "pieces": left,
            "piece_map": FrozenMap.of(piece_map) if left else None,
            "styles": {region: style for region, style in document.styles.items() if region not in removed},
            "strengths": {region: share for region, share in document.strengths.items() if region not in removed},
            "switched_off": document.switched_off.difference(removed),
            "style_locked": document.style_locked.difference(removed),
        }
