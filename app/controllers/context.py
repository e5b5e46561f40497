"""What controllers work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtWidgets import QDialog, QMainWindow

from app.canvas.widget import CanvasWidget
from app.dialogs.files import FileAsker
from app.panels.labels import LabelsPanel
from app.panels.status import StatusPanel
from app.panels.styles import StylesPanel
from app.shell.core import Core
from app.shell.i18n import tr


class Shell(Protocol):
    """What controllers ask of the window that is not a panel's business."""

    def set_checked(self, action: str) -> None: ...

    def rebuild(self) -> None: ...

    def run(self, handler: str, *args: object) -> None: ...

    def settle(self, then: Callable[[], object]) -> None: ...


@dataclass
class Context:
    """The core and the parts of one window."""

    core: Core
    window: QMainWindow
    shell: Shell
    canvas: CanvasWidget
    labels: LabelsPanel
    styles: StylesPanel
    status: StatusPanel
    ask: FileAsker


def close_on_change(dialog: QDialog, core: Core) -> None:
    """Close a dialog whose pictures would be of another model or document: one that was chosen before it opened may
    arrive while it is open, and nothing in it could be taken any more."""
    document = core.document

    def changed(*_: object) -> None:
        dialog.reject()
        core.hub.notice(tr("The model or the document has changed meanwhile; open the dialog again."))

    def over(*_: object) -> None:
        document.replaced.disconnect(changed)
        document.weights_changed.disconnect(changed)

    document.replaced.connect(changed)
    document.weights_changed.connect(changed)
    dialog.finished.connect(over)
