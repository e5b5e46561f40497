"""Whether the brush corrects the regions that were found in a photo, or gives them other shapes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from app.controllers.context import Context

SHAPES = "shapes"
"""Topic of what is said about it."""


class ShapesController(QObject):
    """Switches between the two, as a step of the history, and shows which it is.

    What is painted while the switch is on is painted into the photo; off, the label map is what the photo shows.
    """

    def __init__(self, context: Context, action: QAction, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._action = action
        self._document.replaced.connect(self._show)
        self._document.picture_outdated.connect(self._show)
        self._show()

    @Slot()
    def switch(self) -> None:
        """From correcting to shaping, or back: then the photo is seen as it is, and the map stays."""
        document = self._document
        if document.scene.photo_map is None:
            document.change("photo_map", document.scene.label_map)
            self._context.core.hub.notice(
                self.tr("Paint the shapes that regions are to have: the photo is painted anew where they differ."),
                topic=SHAPES,
            )
        else:
            document.change("photo_map", None)
        self._show()

    def _show(self, *_: object) -> None:
        document = self._document
        is_on = document.scene.photo_map is not None
        self._action.setChecked(is_on)
        self._action.setEnabled(document.kind.reshapes and not document.origin.awaits_regions)
        if not is_on:
            self._context.core.hub.clear(SHAPES)
