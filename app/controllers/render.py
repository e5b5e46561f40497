"""Live rendering: every change of the document becomes a request; results become the document's picture.

While the hand moves, previews may come first (`app.jobs.render_lane`): the canvas shows them over the last exact
picture where something has changed, and drops them for the exact one. The document never holds a preview.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.document.scene import Scene
from app.raster import preview
from engine.errors import Cancelled, EngineError
from engine.labels.pieces import FIRST_PIECE, MOST_PIECES, region_map

TOPIC = "render"
COALESCE_MS = 8  # several signals of one change make one request
STROKE_MS = 16  # and so do several moves of the brush in one frame


class RenderController(QObject):
    """Binds the document to the render lane, and the lane to the window."""

    rendered = Signal(object)  # the result that has become the document's picture

    def __init__(self, context: Context, canvas: CanvasWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._canvas = canvas
        self._document = context.core.document
        self._lane = context.core.render_lane
        self._shown: Scene | None = None  # what the document's picture was painted from,
        self._shown_picture: np.ndarray | None = None  # if it still is this one: another document has another
        self._notes: tuple[str, ...] = ()
        self._fresh_document = False
        self._told_no_weights = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._submit)
        self._enabled = False
        document, render_lane = self._document, self._lane
        document.picture_outdated.connect(self._changed)
        document.detail_changed.connect(self._show_detail)
        document.replaced.connect(self._show_detail)
        document.undo_changed.connect(self._on_hand)
        document.weights_changed.connect(self._replaced)
        document.replaced.connect(self._replaced)
        render_lane.rendered.connect(self._on_rendered)
        render_lane.previewed.connect(self._on_previewed)
        render_lane.failed.connect(self._on_failed)
        render_lane.progress.connect(context.status.show_progress)
        render_lane.busy_changed.connect(self._on_busy)
        context.core.work_lane.busy_changed.connect(self._on_busy)
        context.core.foreground_changed.connect(self._on_busy)
        context.core.work_lane.progress.connect(context.status.show_progress)
        context.status.cancel_wanted.connect(self.cancel)
        self._show_detail()

    def start(self) -> None:
        """Begin to render; called after the first frame, so that the window is there before torch is loaded.

        A picture that came with the document, as the sample's, is seen meanwhile. It is made again all the same: that
        loads all that the first edit needs.
        """
        self._enabled = True
        document, scene = self._document, self._document.scene
        if document.picture is None or scene.idle or not document.weights:
            self._replaced()
            return
        self._shown, self._shown_picture = scene, document.picture
        self._lane.submit(scene, previewed=True)

    def stop(self) -> None:
        """Submit nothing more (the window closes)."""
        self._enabled = False
        self._soon.stop()

    @property
    def up_to_date(self) -> bool:
        """True when the document's picture shows exactly its present label map, styles, seed, precision and detail."""
        return self.picture_shows(self._document.scene)

    @property
    def shown(self) -> Scene | None:
        """What the document's picture was painted from; None before the first one."""
        return self._shown if self._document.picture is self._shown_picture else None

    def picture_shows(self, scene: Scene) -> bool:
        """True when the document's picture was painted from ``scene``."""
        return self.shown is not None and self.shown.same_picture(scene)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def render_now(self) -> None:
        """Render again even if nothing changed."""
        self._shown = None
        self._changed()

    @Slot()
    def cancel(self) -> None:
        """Drop what is rendered, parsed, encoded or written; the last picture stays."""
        self._canvas.show_preview(None)
        if self._context.core.cancel():
            self._context.status.show_message(self.tr("Cancelled"))

    # --- inside -------------------------------------------------------------------------------------

    def _changed(self, *_: object) -> None:
        if self._enabled and not self._soon.isActive():
            self._soon.start(STROKE_MS if self._document.stroking else COALESCE_MS)

    def _show_detail(self, *_: object) -> None:
        self._context.show_checked(f"detail_{self._document.detail}")

    def _replaced(self, *_: object) -> None:
        """What is under way belongs to another document, even a picture that is ready but not delivered yet."""
        self._fresh_document = True
        if self._enabled:
            self._lane.cancel()
            self._canvas.show_preview(None)
        self._changed()

    def _submit(self) -> None:
        if not self._document.weights:
            if self._told_no_weights:
                return  # once is enough: every stroke comes here
            self._told_no_weights = True
            self._context.core.hub.warning(
                self.tr("There are no weights to paint with; put a weights folder into place or drop one here."),
                topic=TOPIC,
            )
            return
        self._told_no_weights = False
        scene = self._document.scene
        already_shown = not self._document.stroking and self.picture_shows(scene)
        if already_shown and self._document.picture is not None:
            # An undo led back to what is shown: whatever is under way would replace it by something else.
            self._fresh_document = False
            self._lane.cancel()
            self._canvas.show_preview(None)
            self._context.core.hub.clear(TOPIC)
            return
        if scene.idle:
            self._show_photo(scene)
            return
        if self._fresh_document:
            self._canvas.show_preview(None)
        self._lane.submit(scene, drop_running=self._fresh_document)
        self._fresh_document = False

    def _show_photo(self, scene: Scene) -> None:
        """Nothing is restyled: the picture is the photo. It is asked for again once it has been read."""
        pixels, picture = self._context.core.originals.pixels(scene.photo), self._document.picture
        if pixels is None:
            return
        self._fresh_document = False
        self._lane.cancel()
        self._canvas.show_preview(None)
        self._shown = scene
        if picture is None or not np.may_share_memory(picture, pixels):
            self._document.set_picture(pixels)
        self._shown_picture = self._document.picture
        self._context.core.hub.clear(TOPIC)

    def _on_hand(self) -> None:
        self._lane.set_hand_down(self._document.stroking)

    def _on_previewed(self, render_result: Any) -> None:
        painted_scene = self._lane.rendered_source
        if isinstance(painted_scene, Scene):
            pixels = render_result.pixels
            opacity = self._opacity(painted_scene, *pixels.shape[:2])
            self._canvas.show_preview(preview.layer(pixels, opacity))

    def _opacity(self, new_scene: Scene, height: int, width: int) -> np.ndarray:
        """Where a preview of `new_scene` has to be seen: (height, width) uint8, 0 where the exact picture still
        holds."""
        shown_scene = self.shown
        everywhere = np.full((height, width), 255, np.uint8)
        if shown_scene is None or self._document.picture is None:
            return everywhere
        restyled_labels = new_scene.restyled_labels(shown_scene)
        if restyled_labels is None or new_scene.label_map.shape != shown_scene.label_map.shape:
            return everywhere
        reduced_map = new_scene.label_map.resized(height, width)  # what the preview was painted from
        restyled = np.zeros(FIRST_PIECE + MOST_PIECES, bool)
        restyled[list(restyled_labels)] = True
        piece_map = None if new_scene.piece_map is None else new_scene.piece_map.resized(height, width)
        regions = region_map(reduced_map, piece_map, new_scene.pieces)
        return preview.fading((reduced_map != shown_scene.label_map.resized(height, width)) | restyled[regions])

    def _on_rendered(self, render_result: Any) -> None:
        painted_scene = self._lane.rendered_source
        if render_result.pixels.shape[:2] != self._document.label_map.shape:
            return  # of another document
        self._shown = painted_scene if isinstance(painted_scene, Scene) else None
        self._canvas.show_preview(None)
        self._document.take(self._document.kind, render_result)
        self._shown_picture = self._document.picture
        self._context.core.hub.clear(TOPIC)
        status = self._context.status
        status.show_time(render_result.seconds, render_result.device)
        if render_result.notes != self._notes:  # live rendering would repeat itself many times a second
            self._notes = render_result.notes
            for note in render_result.notes:
                self._context.core.hub.notice(note, topic="notes")
        self.rendered.emit(render_result)

    def _on_failed(self, error: EngineError) -> None:
        self._canvas.show_preview(None)
        if not isinstance(error, Cancelled):
            self._context.core.hub.error(error, topic=TOPIC)

    def _on_busy(self, _busy: bool = True) -> None:
        core = self._context.core
        self._context.status.show_busy(core.render_lane.busy or core.foreground_busy)
