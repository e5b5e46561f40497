"""How the canvas shows map and picture, and which tool it has: remembered, and shown in the menus."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.raster.view import Enlarged, Mode

PHOTO_BRUSH = 24
"""Diameter on the screen of the brush that a photo's document starts with."""
ACTION_OF_MODE = {Mode.STACK: "view_stack", Mode.SIDE_BY_SIDE: "view_side", Mode.WIPE: "view_wipe"}


class CanvasController(QObject):
    """Remembers the canvas's view, overlay and brush, and shows in the menus which tool and view are chosen."""

    def __init__(self, context: Context, canvas: CanvasWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._context = context
        self._settings = context.core.settings
        self._document = context.core.document
        self._document.replaced.connect(self._show_overlay)
        self._document.replaced.connect(self._take_brush)
        canvas.tool_changed.connect(context.show_checked)
        canvas.mode_changed.connect(self._mode_changed)
        canvas.overlay_changed.connect(self._overlay_changed)
        canvas.brush_changed.connect(self._brush_changed)

    def restore(self) -> None:
        """Show things as they were last time."""
        self._canvas.set_mode(Mode(self._settings.view))
        self._show_overlay()
        self._take_brush()
        self.enlarge(Enlarged[self._settings.enlarged])
        self._mode_changed(self._canvas.mode)
        self._context.show_checked(self._canvas.tool_id)

    def step_overlay(self, difference: float) -> None:
        """Show the label map stronger or, with a negative ``difference``, fainter; 1 is all there is."""
        self._canvas.set_overlay(self._canvas.overlay + difference)

    def enlarge(self, enlarged: Enlarged) -> None:
        """Show pictures larger than they are smoothly, or as pixels."""
        self._settings.enlarged = enlarged.name
        self._canvas.set_enlarged(enlarged)
        self._context.show_checked(f"enlarged_{enlarged.name.lower()}")

    def _mode_changed(self, mode: Mode) -> None:
        self._settings.view = mode.value
        self._context.show_checked(ACTION_OF_MODE[mode])

    def _show_overlay(self) -> None:
        settings, shows_photo = self._settings, self._document.kind.shows_photo
        self._canvas.set_overlay((settings.photo_overlay if shows_photo else settings.overlay) / 100)

    def _overlay_changed(self, opacity: float) -> None:
        if self._document.kind.shows_photo:
            self._settings.photo_overlay = round(100 * opacity)
        else:
            self._settings.overlay = round(100 * opacity)

    def _take_brush(self) -> None:
        """A painting's brush is the one used last; a photo's suits the view, as photos have very different sizes."""
        shows_photo = self._document.kind.shows_photo
        diameter = PHOTO_BRUSH / self._canvas.view.scale if shows_photo else self._settings.brush
        self._canvas.set_brush_diameter(diameter)

    def _brush_changed(self, diameter: int) -> None:
        if not self._document.kind.shows_photo:
            self._settings.brush = diameter
