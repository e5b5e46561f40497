"""The main window: puts canvas, panels, bars and controllers together, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QGridLayout, QMainWindow, QMenu, QTabWidget, QWidget

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.controllers.handlers import command_handlers
from app.controllers.wiring import WindowParts, make_controllers
from app.core import Core
from app.dialogs.files import FileAsker
from app.document.kinds import title_of
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import ACTION, TRAINING, Problem
from app.imaging.mime import STYLE_MIME, may_be_useful, read_mime
from app.panels.labels import LabelsPanel
from app.panels.options import OptionsBar
from app.panels.results import ResultsPanel
from app.panels.status import StatusPanel
from app.panels.tool_bar import ToolBar
from app.shell.actions import SEPARATOR
from app.window.action_set import connect_actions, list_menu, make_actions, make_menus
from app.window.docks import RESULTS, SIZE, STATE_VERSION, add_docks, bring_to_front, restore_place, save_place
from app.window.request_kinds import PAIR, PIECE, TAKEN, RequestPanels, own_docks, region_reset, tool_actions

LABEL_MENU = ("label_change", SEPARATOR, "label_hide", "label_solo", "label_lock", SEPARATOR, *TAKEN, *PAIR,
              "style_dice", "style_variations")  # fmt: skip
CANVAS_MENU = (*TAKEN, *PAIR, "style_dice", "style_variations", "style_lock", SEPARATOR, *PIECE, SEPARATOR,
               "label_change", "label_lock", "fill", SEPARATOR, "style_keep")  # fmt: skip


class MainWindow(QMainWindow):
    """The editor's window on a core. ``first_frame`` comes once, when the window has been painted."""

    first_frame = Signal()
    closed = Signal()
    language_changed = Signal()  # the window's owner makes a new one on the same core

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.setObjectName("mainWindow")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.resize(SIZE)
        self._painted = False
        self._docks_restored = False
        self.actions_by_id: dict[str, QAction] = make_actions(self)
        self.menus: dict[str, QMenu] = make_menus(self.menuBar(), self.actions_by_id, self)
        self._build_middle()
        self._build_docks()
        self._build_bars()
        self._build_controllers()
        self._first_state: QByteArray = self.saveState(STATE_VERSION)
        core.document.undo_changed.connect(self._show_history)
        document = core.document
        for signal in (document.dirty_changed, document.path_changed, document.photo_changed, document.replaced):
            signal.connect(self._show_title)
        core.document.replaced.connect(self._show_docks)
        self._show_history()
        self._show_title()
        self._show_docks()

    # --- building -----------------------------------------------------------------------------------

    def _build_middle(self) -> None:
        document = self.core.document
        self.canvas = CanvasWidget(document)
        self.error_bar = ErrorBar(self.actions_by_id)
        self.core.hub.cleared.connect(self.error_bar.clear_topic)
        self.canvas.failed.connect(self.core.hub.error)
        central_widget = QWidget()
        stacked_layout = QGridLayout(central_widget)
        stacked_layout.setContentsMargins(0, 0, 0, 0)
        stacked_layout.addWidget(self.canvas, 0, 0)
        # Over the canvas: a message that comes or goes does not move what is being painted on. At its foot: faces are
        # at the top of most pictures.
        stacked_layout.addWidget(self.error_bar, 0, 0, Qt.AlignmentFlag.AlignBottom)
        self.setCentralWidget(central_widget)

    def _build_docks(self) -> None:
        document = self.core.document
        self.labels = LabelsPanel(document)
        self._request_panels = RequestPanels(self.core)
        self.results = ResultsPanel(document, self.actions_by_id)
        self.docks = add_docks(self, self.labels, self._request_panels.side_docks(), self.results)

    def _build_bars(self) -> None:
        self.tool_bar = ToolBar(self.actions_by_id, tool_actions())
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_bar)
        self.options = OptionsBar(self.canvas, self.actions_by_id)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.options)
        self.status = StatusPanel(self.core.document, self.actions_by_id, self.menus)
        self.setStatusBar(self.status)

    def _build_controllers(self) -> None:
        ask = FileAsker(self.core.settings, self)
        ask.refused.connect(self.core.hub.error)
        self.context = Context(
            core=self.core,
            window=self,
            status=self.status,
            ask=ask,
            show_checked=lambda action: self.actions_by_id[action].setChecked(True),
        )
        window_parts = WindowParts(
            canvas=self.canvas,
            labels=self.labels,
            request_panels=self._request_panels.all(),
            results=self.results,
            results_dock=self.docks[RESULTS],
            actions=self.actions_by_id,
            menus=self.menus,
        )
        self.controllers = make_controllers(self.context, window_parts, self)
        self._origin = self.core.document.origin
        self.core.hub.reported.connect(self._report)
        self.core.document.undo_changed.connect(self._leave_action)
        self.core.document.replaced.connect(self._leave_error)
        own_commands = {
            "quit": self.close,
            "next_panel": self.next_panel,
            "reset_layout": self.reset_layout,
            "full_screen": self.toggle_full_screen,
        }
        commands = command_handlers(self.controllers, self.core.document, self.canvas)
        connect_actions(self.actions_by_id, {**commands, **own_commands})
        self.controllers.looks.language_changed.connect(self.language_changed)
        list_menu(self.labels.list, LABEL_MENU, self.actions_by_id)
        for list_widget, menu in self._request_panels.menus():
            list_menu(list_widget, menu, self.actions_by_id)
        self.canvas.menu_wanted.connect(self._show_canvas_menu)
        self.controllers.canvas.restore()
        self.controllers.looks.restore()

    # --- commands -----------------------------------------------------------------------------------

    def next_panel(self) -> None:
        """Move the keyboard to the next of canvas, labels, the panels of the kinds of request, results, seed."""
        focus_widgets: list[QWidget] = [
            self.canvas,
            self.labels.list,
            *self._request_panels.focus_widgets(),
            self.results.list,
            self.status.seed,
        ]
        # A panel behind another one's tab counts as visible for Qt.
        focus_widgets = [focus_widget for focus_widget in focus_widgets if not focus_widget.visibleRegion().isEmpty()]
        focused = next((position for position, focus_widget in enumerate(focus_widgets) if focus_widget.hasFocus()), -1)
        focus_widgets[(focused + 1) % len(focus_widgets)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def reset_layout(self) -> None:
        """Put docks and bars back where they were at first."""
        self.restoreState(self._first_state, STATE_VERSION)
        self._show_docks()

    def toggle_full_screen(self) -> None:
        """Use the whole screen, or no longer."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def restore_place(self) -> None:
        """Come back where the window was closed last time."""
        self._docks_restored = restore_place(self, self.docks, self.core.settings)
        self._show_docks()

    # --- showing ------------------------------------------------------------------------------------

    def _report(self, problem: Problem) -> None:
        if problem.topic != TRAINING or not self.controllers.studio.is_open:
            self.error_bar.show_problem(problem)

    def _leave_action(self) -> None:
        """The document goes on: what failed before it is over."""
        self.error_bar.clear_topic(ACTION)

    def _leave_error(self) -> None:
        """Another document is on the screen: an error is not about that one."""
        if self.core.document.origin is not self._origin:
            self._origin = self.core.document.origin
            self.error_bar.clear_error()

    def _show_history(self) -> None:
        document = self.core.document
        for action_id, caption, step_text in (
            ("undo", self.tr("Undo"), document.undo_text),
            ("redo", self.tr("Redo"), document.redo_text),
        ):
            action = self.actions_by_id[action_id]
            action.setEnabled(bool(step_text))
            action.setText(f"{caption}: {step_text}" if step_text else caption)

    def _show_title(self, *_: object) -> None:
        self.setWindowTitle(f"{title_of(self.core.document)}[*] - Tessera")
        self.setWindowModified(self.core.document.dirty)

    def _show_docks(self) -> None:
        """A panel that only documents of its kind have is there for them, and in front: the list of edits, say."""
        for name, in_sight in own_docks(self.core.document.kind).items():
            if self.docks[name].isHidden() == in_sight:
                self.docks[name].setVisible(in_sight)
                if in_sight:
                    bring_to_front(self.docks[name])

    def _show_canvas_menu(self, region: int, screen_point: QPoint) -> None:
        """What can be done with the region that was clicked, which becomes the chosen one."""
        self.core.document.set_current_region(region)
        self.controllers.pieces.point_at(*self.canvas.pixel_at(QPointF(self.canvas.mapFromGlobal(screen_point))))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = menu.addAction(self.core.scope.name(region))
        title.setEnabled(False)
        menu.addSeparator()
        menu.addAction(self.tr("Paint with this label")).triggered.connect(self.actions_by_id["brush"].trigger)
        for action_id in (*CANVAS_MENU, region_reset(self.core.document.kind)):
            if action_id == SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self.actions_by_id[action_id])
        menu.popup(screen_point)

    # --- events -------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._painted:
            self._painted = True
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self._on_first_frame)

    def _on_first_frame(self) -> None:
        for name, in_sight in own_docks(self.core.document.kind).items():
            if in_sight and not self._docks_restored:
                bring_to_front(self.docks[name])  # its head says what the picture of the first start is
        self.first_frame.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.controllers.render.cancel()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_useful(event.mimeData()) and not event.mimeData().hasFormat(STYLE_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        incoming = read_mime(event.mimeData())
        if not incoming.empty and incoming.style_of is None:  # a label's own style says nothing beside the labels
            event.acceptProposedAction()
            self.controllers.files.take(incoming)

    def closeEvent(self, event: QCloseEvent) -> None:
        def close_later() -> None:
            QTimer.singleShot(0, self.close)

        if not self.controllers.studio.settle(close_later) or not self.controllers.unsaved.may_go(close_later):
            event.ignore()
            return
        save_place(self, self.core.settings)
        self.controllers.render.stop()
        self.controllers.results.stop()
        self.controllers.studio.close_window()
        event.accept()
        self.closed.emit()
