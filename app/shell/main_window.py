"""The main window: puts canvas, panels, bars and controllers together, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox, QTabWidget, QVBoxLayout, QWidget

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.controllers.dice import DiceController
from app.controllers.engine_menus import DeviceController, ModelController
from app.controllers.exports import ExportController
from app.controllers.files import FilesController
from app.controllers.new import NewController
from app.controllers.render import RenderController
from app.controllers.results import ResultsController
from app.controllers.simple import (
    EditController,
    HelpController,
    LabelsController,
    LooksController,
    ToolsController,
    ViewController,
)
from app.controllers.studio import StudioController
from app.controllers.styles import StylesController
from app.controllers.variety import VarietyController
from app.controllers.weights import WeightsController
from app.dialogs.files import FileAsker
from app.errors_ui.bar import ErrorBar
from app.imaging.mime import may_be_useful, read_mime
from app.panels.labels import LabelsPanel
from app.panels.options import OptionsBar
from app.panels.results import ResultsPanel
from app.panels.status import StatusPanel
from app.panels.styles import StylesPanel
from app.panels.tool_bar import ToolBar
from app.shell.action_set import list_menu, make_actions, make_menus
from app.shell.actions import SEPARATOR
from app.shell.core import Core
from app.shell.docks import SIZE, STATE_VERSION, add_docks, restore_place, save_place

LABEL_MENU = ("label_change", SEPARATOR, "label_hide", "label_solo", "label_lock", SEPARATOR, "style_file",
              "style_dice", "style_variations")  # fmt: skip
STYLE_MENU = ("style_file", "style_dice", "style_lock", SEPARATOR, "style_variations", "style_morph", SEPARATOR,
              "style_reset")  # fmt: skip


class MainWindow(QMainWindow):
    """The editor's window on a core. ``first_frame`` comes once, when the window has been painted."""

    first_frame = Signal()
    closed = Signal()
    rebuild_wanted = Signal()

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.setObjectName("mainWindow")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.resize(SIZE)
        self._painted = False
        self._asking = False
        self.actions_by_id: dict[str, QAction] = make_actions(self, self.run)
        self.menus: dict[str, QMenu] = make_menus(self.menuBar(), self.actions_by_id, self)
        self._build_middle()
        self._build_docks()
        self._build_bars()
        self._build_controllers()
        self._first_state: QByteArray = self.saveState(STATE_VERSION)
        core.document.undo_changed.connect(self._show_history)
        core.document.dirty_changed.connect(self._show_title)
        self._show_history()
        self._show_title()

    # --- building -----------------------------------------------------------------------------------

    def _build_middle(self) -> None:
        document = self.core.document
        self.canvas = CanvasWidget(document)
        self.error_bar = ErrorBar()
        self.core.hub.reported.connect(self.error_bar.show_problem)
        self.core.hub.cleared.connect(self.error_bar.clear_topic)
        self.canvas.failed.connect(self.core.hub.error)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.error_bar)
        column.addWidget(self.canvas, 1)
        self.setCentralWidget(middle)

    def _build_docks(self) -> None:
        document = self.core.document
        self.labels = LabelsPanel(document)
        self.styles = StylesPanel(document, self.core.thumbnails, self.core.scope)
        self.results = ResultsPanel(document, self.actions_by_id)
        self.docks = add_docks(self, self.labels, self.styles, self.results)

    def _build_bars(self) -> None:
        self.tool_bar = ToolBar(self.actions_by_id)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)
        self.options = OptionsBar(self.canvas, self.actions_by_id)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.options)
        self.status = StatusPanel(self.core.document, self.actions_by_id, self.menus)
        self.setStatusBar(self.status)

    def _build_controllers(self) -> None:
        context = Context(
            core=self.core,
            window=self,
            shell=self,
            canvas=self.canvas,
            labels=self.labels,
            styles=self.styles,
            status=self.status,
            ask=FileAsker(self.core.settings, self),
        )
        self.context = context
        render = RenderController(context, self)
        styles = StylesController(context, self)
        exports = ExportController(context, render, self)
        new = NewController(context, styles, exports, self)
        self.controllers: dict[str, Any] = {
            "window": self,
            "render": render,
            "styles": styles,
            "exports": exports,
            "new": new,
            "files": FilesController(context, styles, new, self.menus["RECENT"], self),
            "edit": EditController(context, self),
            "tools": ToolsController(context, self),
            "labels": LabelsController(context, self),
            "view": ViewController(context, self),
            "variety": VarietyController(context, styles, self),
            "dice": DiceController(context, render, self),
            "results": ResultsController(
                context, render, self.results, self.docks["resultsDock"], self.actions_by_id, self
            ),
            "studio": StudioController(context, self),
            "weights": WeightsController(context, self),
            "looks": LooksController(context, self),
            "help": HelpController(context, self),
            "model": ModelController(context, self.menus["MODEL"], self),
            "device": DeviceController(context, self.menus["DEVICE"], self),
        }
        exports.path_changed.connect(self._show_title)
        list_menu(self.labels.list, LABEL_MENU, self.actions_by_id)
        list_menu(self.styles.list, STYLE_MENU, self.actions_by_id)
        self.set_checked(self.canvas.tool_id)
        self.controllers["view"].restore()
        self.controllers["looks"].restore()

    # --- what controllers and actions ask -------------------------------------------------------------

    def run(self, handler: str, *args: object) -> None:
        """Do what an action's ``handler`` names: "controller.method"."""
        controller, method = handler.split(".")
        getattr(self.controllers[controller], method)(*args)

    def set_checked(self, action: str) -> None:
        """Show that a tool, view, theme or language is the chosen one."""
        if action in self.actions_by_id:
            self.actions_by_id[action].setChecked(True)

    def rebuild(self) -> None:
        """The language has changed: whoever owns the window makes a new one on the same core."""
        self.rebuild_wanted.emit()

    def settle(self, then: Callable[[], object]) -> None:
        """The document is about to give way to another: call ``then`` once nothing unsaved can be lost by it,
        that is at once, after saving, or never if the user thinks better of it."""
        answer = self._answer()
        if answer == QMessageBox.StandardButton.Discard:
            then()
        elif answer == QMessageBox.StandardButton.Save:
            self.controllers["exports"].save_then(then)

    def next_panel(self) -> None:
        """Move the keyboard to the next of canvas, labels, styles, results, seed."""
        places: list[QWidget] = [self.canvas, self.labels.list, self.styles.list, self.results.list, self.status.seed]
        places = [place for place in places if place.isVisible()]
        now = next((i for i, place in enumerate(places) if place.hasFocus()), -1)
        places[(now + 1) % len(places)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset_layout(self) -> None:
        """Put docks and bars back where they were at first."""
        self.restoreState(self._first_state, STATE_VERSION)

    def toggle_full_screen(self) -> None:
        """Use the whole screen, or no longer."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def restore_place(self) -> None:
        """Come back where the window was closed last time."""
        restore_place(self, self.docks, self.core.settings)

    # --- showing ------------------------------------------------------------------------------------

    def _show_history(self) -> None:
        document = self.core.document
        for name, text, step in (
            ("undo", self.tr("Undo"), document.undo_text),
            ("redo", self.tr("Redo"), document.redo_text),
        ):
            action = self.actions_by_id[name]
            action.setEnabled(bool(step))
            action.setText(f"{text}: {step}" if step else text)

    def _show_title(self, *_: object) -> None:
        path = self.controllers["exports"].path
        self.setWindowTitle(f"{path.name if path is not None else self.tr('Untitled')}[*] - Tessera")
        self.setWindowModified(self.core.document.dirty)

    # --- events -------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._painted:
            self._painted = True
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self.first_frame.emit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.run("render.cancel")
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_useful(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        incoming = read_mime(event.mimeData())
        if incoming.files or incoming.image is not None:
            event.acceptProposedAction()
            self.controllers["files"].take(incoming)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.controllers["studio"].settle(lambda: QTimer.singleShot(0, self.close)):
            event.ignore()
            return
        answer = self._answer()
        if answer != QMessageBox.StandardButton.Discard:
            event.ignore()
            if answer == QMessageBox.StandardButton.Save:
                self.controllers["exports"].save_then(lambda: QTimer.singleShot(0, self.close))
            return
        save_place(self, self.core.settings)
        self.controllers["render"].stop()
        self.controllers["results"].stop()
        self.controllers["studio"].close_window()
        event.accept()
        self.closed.emit()

    def _answer(self) -> QMessageBox.StandardButton:
        """Save, discard or stay; discard where there is nothing to save, stay while the user is being asked."""
        if not self.core.document.dirty:
            return QMessageBox.StandardButton.Discard
        if self._asking:
            return QMessageBox.StandardButton.Cancel
        self._asking = True
        try:
            return self.ask_unsaved()
        finally:
            self._asking = False

    def ask_unsaved(self) -> QMessageBox.StandardButton:
        """Save, discard or stay; tests replace this question."""
        return QMessageBox.question(
            self,
            self.tr("Unsaved changes"),
            self.tr("Save the changes to this document first?"),
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Save,
        )
