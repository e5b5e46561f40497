"""Pieces: parts of regions that get a style of their own, where the canvas was clicked or brushed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from app.canvas.tools import ToolId
from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from engine.errors import EngineError
from engine.labels.pieces import connected_part, is_piece, largest_part

ACTIONS = ("piece_own", "piece_back", ToolId.PIECE.value)


class PiecesController(QObject):
    """Makes a part of a region a piece, and a piece its label's again."""

    def __init__(
        self, context: Context, canvas: CanvasWidget, actions: Mapping[str, QAction], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._scope = context.core.scope
        self._canvas = canvas
        self._own, self._back, self._tool = (actions[name] for name in ACTIONS)
        self._tips = {action: action.toolTip() for action in (self._own, self._tool)}
        self._point: tuple[int, int] | None = None  # of the document, that was clicked for a menu
        document = self._document
        for changed in (
            document.current_label_changed, document.pieces_changed, document.weights_changed, document.replaced,
        ):  # fmt: skip
            changed.connect(self._show_possible)
        self._show_possible()

    def point_at(self, x: int, y: int) -> None:
        """The pixel of the document that a menu is opened for; it may lie outside."""
        self._point = x, y

    @Slot()
    def give_own(self) -> None:
        """The part of the chosen region that was clicked gets a style of its own; else its largest part."""
        document, region = self._document, self._document.current_region
        if is_piece(region) or not self._scope.may_change(region):
            return
        try:
            document.regions.make_piece(self._part(region), region)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        sentence = self.tr("{0} has a style of its own now: drop a picture or a colour on it")
        self._context.status.show_message(sentence.format(document.regions.name(document.current_region)))

    @Slot()
    def take_back(self) -> None:
        """The chosen piece is its label's again."""
        if is_piece(self._document.current_region):
            self._document.regions.remove_piece(self._document.current_region)

    def _part(self, region: int) -> np.ndarray:
        """(H, W) bool: the part around the clicked pixel, if it is the region's."""
        document, regions = self._document, self._document.regions.map
        if self._point is not None:
            x, y = self._point
            inside = 0 <= x < document.width and 0 <= y < document.height
            if inside and int(regions[y, x]) == region:
                return connected_part(regions, x, y)
        return largest_part(regions, region)

    def _show_possible(self, *_: object) -> None:
        possible, chosen = self._scope.takes_pieces, is_piece(self._document.current_region)
        impossible = self.tr("These weights have one style for all of a label; choose others from the Model menu.")
        for action, tip in self._tips.items():
            action.setToolTip(tip if possible else impossible)
        self._own.setEnabled(possible and not chosen)
        self._back.setEnabled(chosen)
        self._tool.setEnabled(possible)
        if not possible and self._canvas.tool_id == ToolId.PIECE.value:
            self._canvas.set_tool(ToolId.BRUSH.value)
