"""After a crash: what was left is shown, and brought back or thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.controllers.context import Context
from app.controllers.new import NewController
from app.document.opening import look_at_leftover
from app.document.saved.process_folders import Leftover, leftovers
from app.errors_ui.hub import OPEN

if TYPE_CHECKING:
    from app.dialogs.recovery import RecoveryDialog


class RecoveryController(QObject):
    """Looks once, after the first frame."""

    def __init__(self, context: Context, new_controller: NewController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._new = new_controller
        self.dialog: RecoveryDialog | None = None

    def look(self) -> None:
        """Show what processes have left that ended before their time; nothing where none did."""
        self._context.core.work_lane.submit(lambda _: leftovers(), on_done=self.show)

    def show(self, left: list[Leftover]) -> None:
        """Show what was left."""
        if not left:
            return
        from app.dialogs.recovery import RecoveryDialog

        self.dialog = RecoveryDialog(left, self._context.window)
        self.dialog.restore_wanted.connect(self.restore)
        self.dialog.discard_wanted.connect(self._discard)
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    def restore(self, leftover: Leftover) -> None:
        """Become what was left; it is removed once the document is kept again."""
        self._context.core.submit(
            lambda work: look_at_leftover(work, leftover),
            text=self.tr("Bringing back {0}").format(leftover.manifest.title),
            topic=OPEN,
            on_done=self._new.open,
        )

    def _discard(self, leftover: Leftover) -> None:
        self._context.core.work_lane.submit(lambda _: leftover.remove())

    def _closed(self) -> None:
        self.dialog = None
