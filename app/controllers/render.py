"""Live rendering: every change of the document becomes a request; results become the document's picture."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.controllers.context import Context
from app.document.state import Snapshot
from engine.errors import Cancelled, EngineError

TOPIC = "render"
COALESCE_MS = 8  # several signals of one change, or several moves of the brush in one frame, make one request


class RenderController(QObject):
    """Binds the document to the render lane, and the lane to the window."""

    rendered = Signal(object)  # RenderResult that has become the document's picture

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._lane = context.core.render_lane
        self._submitted: dict[int, Snapshot] = {}
        self._shown: Snapshot | None = None  # what the document's picture was painted from
        self._notes: tuple[str, ...] = ()
        self._fresh_document = False
        self._told_no_weights = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(COALESCE_MS)
        self._soon.timeout.connect(self._submit)
        self._enabled = False
        document, lane = self._document, self._lane
        document.label_map_changed.connect(self._changed)
        document.styles_changed.connect(self._changed)
        document.seed_changed.connect(self._changed)
        document.precision_changed.connect(self._changed)
        document.weights_changed.connect(self._replaced)
        document.replaced.connect(self._replaced)
        lane.rendered.connect(self._on_rendered)
        lane.failed.connect(self._on_failed)
        lane.progress.connect(context.status.show_progress)
        lane.busy_changed.connect(self._on_busy)
        context.core.work_lane.busy_changed.connect(self._on_busy)
        context.core.work_lane.progress.connect(context.status.show_progress)
        context.status.cancel_wanted.connect(self.cancel)

    def start(self) -> None:
        """Begin to render; called after the first frame, so that the window is there before torch is loaded."""
        self._enabled = True
        self._replaced()

    def stop(self) -> None:
        """Submit nothing more (the window closes)."""
        self._enabled = False
        self._soon.stop()

    @property
    def up_to_date(self) -> bool:
        """True when the document's picture shows exactly its present label map, styles, seed and precision."""
        return self._shown is not None and self._shown.same_as(self._document.snapshot())

    @property
    def shown(self) -> Snapshot | None:
        """What the document's picture was painted from; None before the first one."""
        return self._shown

    def picture_shows(self, snapshot: Snapshot) -> bool:
        """True when the document's picture was painted from ``snapshot``."""
        return self._shown is not None and self._shown.same_as(snapshot)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def render_now(self) -> None:
        """Render again even if nothing changed."""
        self._shown = None
        self._changed()

    @Slot()
    def cancel(self) -> None:
        """Drop what is rendered, parsed, encoded or written; the last picture stays."""
        if self._context.core.cancel():
            self._context.status.show_message(self.tr("Cancelled"))

    # --- inside -------------------------------------------------------------------------------------

    def _changed(self, *_: object) -> None:
        if self._enabled and not self._soon.isActive():
            self._soon.start()

    def _replaced(self, *_: object) -> None:
        self._fresh_document = True
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
        snapshot = self._document.snapshot()
        if self.picture_shows(snapshot) and self._document.picture is not None:
            # An undo led back to what is shown: whatever is under way would replace it by something else.
            self._fresh_document = False
            self._lane.cancel()
            self._context.core.hub.clear(TOPIC)
            return
        stamp = self._lane.submit(snapshot.to_request, drop_running=self._fresh_document)
        self._fresh_document = False
        self._submitted[stamp] = snapshot
        for old in [key for key in self._submitted if key < stamp - 3]:
            del self._submitted[old]

    def _on_rendered(self, result: object) -> None:
        self._shown = self._submitted.get(self._lane.rendered_stamp)
        self._document.set_picture(result.pixels)  # type: ignore[attr-defined]
        self._context.core.hub.clear(TOPIC)
        status = self._context.status
        status.show_time(result.seconds, str(result.device))  # type: ignore[attr-defined]
        notes = tuple(getattr(result, "notes", ()))
        if notes != self._notes:  # live rendering would repeat itself many times a second
            self._notes = notes
            for note in notes:
                self._context.core.hub.notice(str(note), topic="notes")
        self.rendered.emit(result)

    def _on_failed(self, error: EngineError) -> None:
        if not isinstance(error, Cancelled):
            self._context.core.hub.error(error, topic=TOPIC)

    def _on_busy(self, _busy: bool) -> None:
        core = self._context.core
        self._context.status.show_busy(core.render_lane.busy or core.foreground_busy)
