"""The results strip: pictures that were painted, to star, to throw away and to go back to."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QMenu,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.panels.result_rows import GAP, NUMBER_ROLE, SIDE, ResultDelegate, ResultModel
from app.panels.rows import is_for_window
from app.panels.widgets import heading_label, muted_label
from app.shell.icons import icons


class _List(QListView):
    """The tiles, in one row. The wheel goes sideways; a press on a star must not move the choice."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        delegate = self.itemDelegate()
        assert isinstance(delegate, ResultDelegate)
        left_pressed = event.button() == Qt.MouseButton.LeftButton
        if index.isValid() and left_pressed and delegate.click(event, self.visualRect(index), index):
            event.accept()
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if is_for_window(event):  # or the panel's, as Delete and S are
            event.ignore()
            return
        super().keyPressEvent(event)


class ResultsPanel(QWidget):
    """Shows the document's kept pictures; what is done with them is the controller's business."""

    recall_wanted = Signal(int)
    star_wanted = Signal(object, bool)  # numbers, starred
    delete_wanted = Signal(object)  # numbers
    export_wanted = Signal(int)
    copy_wanted = Signal(int)

    def __init__(self, document: Document, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("resultsPanel")
        self.setAccessibleName(self.tr("Results"))
        self._document = document
        self.model = ResultModel(document, self)
        self.list = self._make_list()
        empty_hint = muted_label(self.tr("Finished pictures are kept here, with everything that made them."))
        empty_hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty_hint.setWordWrap(True)
        self._pages = QStackedLayout()
        self._pages.addWidget(empty_hint)
        self._pages.addWidget(self.list)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(10, 6, 8, 6)
        row_layout.setSpacing(10)
        row_layout.addLayout(self._build_head(actions))
        row_layout.addLayout(self._pages, 1)
        self._build_actions()
        self.model.rowsInserted.connect(self._added)
        self.model.rowsRemoved.connect(self._show_count)
        self.model.modelReset.connect(self._show_count)
        self._show_count()

    def _build_head(self, actions: dict[str, QAction]) -> QVBoxLayout:
        title = heading_label(self.tr("Results"))
        self._count = muted_label()
        self._count.setAccessibleName(self.tr("Number of pictures"))
        button_row = QHBoxLayout()
        button_row.setSpacing(2)
        for action_id in ("result_keep", "result_auto"):
            button = QToolButton()
            button.setDefaultAction(actions[action_id])
            button.setAutoRaise(True)
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(actions[action_id].text())
            button_row.addWidget(button)
        button_row.addStretch(1)
        column_layout = QVBoxLayout()
        column_layout.setSpacing(2)
        column_layout.addWidget(title)
        column_layout.addWidget(self._count)
        column_layout.addStretch(1)
        column_layout.addLayout(button_row)
        return column_layout

    def _make_list(self) -> _List:
        list_view = _List()
        list_view.setModel(self.model)
        self.delegate = ResultDelegate(list_view)
        self.delegate.star_clicked.connect(lambda picture_number: self._toggle_star([picture_number]))
        list_view.setItemDelegate(self.delegate)
        list_view.setAccessibleName(self.tr("Results"))
        list_view.setFlow(QListView.Flow.LeftToRight)
        list_view.setWrapping(False)
        list_view.setMouseTracking(True)
        list_view.setUniformItemSizes(True)
        list_view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        list_view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        list_view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        list_view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        list_view.customContextMenuRequested.connect(self._menu)
        list_view.activated.connect(self._activated)
        return list_view

    def _build_actions(self) -> None:
        """What can be done with the chosen tiles: by menu, and by keys while the strip has the keyboard."""

        def make(caption: str, icon: str, shortcut: str, handler: object) -> QAction:
            action = QAction(caption, self.list)
            icons().bind(action, icon)
            if shortcut:
                action.setShortcut(shortcut)
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(handler)
            self.list.addAction(action)
            return action

        self.action_recall = make(self.tr("Bring back"), "undo", "", lambda: self._emit(self.recall_wanted))
        self.action_star = make(self.tr("Star"), "star", "S", lambda: self._toggle_star(self.chosen))
        self.action_copy = make(self.tr("Copy picture"), "copy", "", lambda: self._emit(self.copy_wanted))
        self.action_export = make(self.tr("Export picture..."), "export", "", lambda: self._emit(self.export_wanted))
        self.action_delete = make(self.tr("Delete"), "trash", "Del", lambda: self.delete_wanted.emit(self.chosen))

    def sizeHint(self) -> QSize:
        return QSize(600, SIDE + GAP + 12 + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, SIDE + GAP + 12 + 14)

    @property
    def chosen(self) -> list[int]:
        """The numbers of the chosen tiles, in the order of the strip."""
        return [index.data(NUMBER_ROLE) for index in sorted(self.list.selectedIndexes(), key=QModelIndex.row)]

    def choose(self, picture_number: int) -> None:
        """Make one tile the chosen one and bring it into view."""
        index = self.model.index_of(picture_number)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    # --- inside -------------------------------------------------------------------------------------

    def _activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.recall_wanted.emit(index.data(NUMBER_ROLE))

    def _emit(self, signal: object) -> None:
        """With the number of the current picture."""
        index = self.list.currentIndex()
        if index.isValid():
            signal.emit(index.data(NUMBER_ROLE))  # type: ignore[attr-defined]

    def _toggle_star(self, picture_numbers: list[int]) -> None:
        starred_numbers = {result.number for result in self._document.results if result.starred}
        if picture_numbers:
            self.star_wanted.emit(
                picture_numbers, not all(picture_number in starred_numbers for picture_number in picture_numbers)
            )

    def _menu(self, menu_point: QPoint) -> None:
        index = self.list.indexAt(menu_point)
        if index.isValid() and index.data(NUMBER_ROLE) not in self.chosen:
            self.list.setCurrentIndex(index)
        if not self.chosen:
            return
        starred_numbers = {result.number for result in self._document.results if result.starred}
        all_starred = all(picture_number in starred_numbers for picture_number in self.chosen)
        self.action_star.setText(self.tr("Remove the star") if all_starred else self.tr("Star"))
        context_menu = QMenu(self)
        context_menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in (self.action_recall, self.action_star, None, self.action_copy, self.action_export, None):
            context_menu.addSeparator() if action is None else context_menu.addAction(action)
        context_menu.addAction(self.action_delete)
        context_menu.popup(self.list.viewport().mapToGlobal(menu_point))

    def _added(self) -> None:
        self._show_count()
        self.list.horizontalScrollBar().setValue(0)  # where the newest one is

    def _show_count(self) -> None:
        count = self.model.rowCount()
        self._count.setText(self.tr("{0} kept").format(count) if count else "")
        self._pages.setCurrentIndex(1 if count else 0)
