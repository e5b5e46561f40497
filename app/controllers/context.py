"""What controllers work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from app.core import Core
from app.dialogs.files import FileAsker
from app.panels.status import StatusPanel
from app.shell.i18n import tr


@dataclass(frozen=True)
class Context:
    """What every controller may need of its window; the panels and menus that one steers are given to it alone."""

    core: Core
    window: QWidget  # what dialogs stand in front of
    status: StatusPanel
    ask: FileAsker
    show_checked: Callable[[str], None]  # marks the action of this id as the chosen one of its group


class CloseOnChange(QObject):
    """Closes a dialog whose pictures would be of another model or document: one that was chosen before it opened may
    arrive while it is open, and nothing in it could be taken any more."""

    def __init__(self, dialog: QDialog, core: Core) -> None:
        super().__init__(dialog)  # so that Qt cuts the document's signals off when the dialog goes
        self._dialog = dialog
        self._core = core
        core.document.replaced.connect(self._close)
        core.document.weights_changed.connect(self._close)

    def _close(self, *_: object) -> None:
        if self._dialog.isVisible():
            self._dialog.reject()
            self._core.hub.notice(tr("The model or the document has changed meanwhile; open the dialog again."))
