"""The results strip: pictures that were painted, to star, to throw away and to go back to."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.panels.result_rows import GAP, NUMBER_ROLE, SIDE, ResultDelegate, ResultModel
from app.shell.icons import icons


class _List(QListView):
    """The tiles, in one row. The wheel goes sideways; a press on a star must not move the choice."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        delegate = self.itemDelegate()
        assert isinstance(delegate, ResultDelegate)
        left = event.button() == Qt.MouseButton.LeftButton
        if index.isValid() and left and delegate.click(event, self.visualRect(index), index):
            event.accept()
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            event.ignore()  # letters and digits are the window's shortcuts, Delete and S are the panel's
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
        empty = QLabel(self.tr("Finished pictures are kept here, with everything that made them."))
        empty.setProperty("muted", True)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        self._pages = QStackedLayout()
        self._pages.addWidget(empty)
        self._pages.addWidget(self.list)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(10)
        row.addLayout(self._build_head(actions))
        row.addLayout(self._pages, 1)
        self._build_actions()
        self.model.rowsInserted.connect(self._added)
        self.model.rowsRemoved.connect(self._show_count)
        self.model.modelReset.connect(self._show_count)
        self._show_count()

    def _build_head(self, actions: dict[str, QAction]) -> QVBoxLayout:
        title = QLabel(self.tr("Results"))
        title.setProperty("heading", True)
        self._count = QLabel()
        self._count.setProperty("muted", True)
        self._count.setAccessibleName(self.tr("Number of pictures"))
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for name in ("result_keep", "result_auto"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setAutoRaise(True)
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(actions[name].text())
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(title)
        column.addWidget(self._count)
        column.addStretch(1)
        column.addLayout(buttons)
        return column

    def _make_list(self) -> _List:
        view = _List()
        view.setModel(self.model)
        self.delegate = ResultDelegate(view)
        self.delegate.star_clicked.connect(lambda number: self._toggle_star([number]))
        view.setItemDelegate(self.delegate)
        view.setAccessibleName(self.tr("Results"))
        view.setFlow(QListView.Flow.LeftToRight)
        view.setWrapping(False)
        view.setMouseTracking(True)
        view.setUniformItemSizes(True)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._menu)
        view.activated.connect(self._activated)
        return view

    def _build_actions(self) -> None:
        """What can be done with the chosen tiles: by menu, and by keys while the strip has the keyboard."""

        def make(text: str, icon: str, key: str, do: object) -> QAction:
            action = QAction(text, self.list)
            icons().bind(action, icon)
            if key:
                action.setShortcut(key)
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(do)
            self.list.addAction(action)
            return action

        self.action_recall = make(self.tr("Bring back"), "undo", "", lambda: self._one(self.recall_wanted))
        self.action_star = make(self.tr("Star"), "star", "S", lambda: self._toggle_star(self.chosen))
        self.action_copy = make(self.tr("Copy picture"), "copy", "", lambda: self._one(self.copy_wanted))
        self.action_export = make(self.tr("Export picture..."), "export", "", lambda: self._one(self.export_wanted))
        self.action_delete = make(self.tr("Delete"), "trash", "Del", lambda: self.delete_wanted.emit(self.chosen))

    def sizeHint(self) -> QSize:
        return QSize(600, SIDE + GAP + 12 + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, SIDE + GAP + 12 + 14)

    @property
    def chosen(self) -> list[int]:
        """The numbers of the chosen tiles, in the order of the strip."""
        return [index.data(NUMBER_ROLE) for index in sorted(self.list.selectedIndexes(), key=QModelIndex.row)]

    def choose(self, number: int) -> None:
        """Make one tile the chosen one and bring it into view."""
        index = self.model.index_of(number)
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    # --- inside -------------------------------------------------------------------------------------

    def _activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.recall_wanted.emit(index.data(NUMBER_ROLE))

    def _one(self, signal: object) -> None:
        index = self.list.currentIndex()
        if index.isValid():
            signal.emit(index.data(NUMBER_ROLE))  # type: ignore[attr-defined]

    def _toggle_star(self, numbers: list[int]) -> None:
        stars = {result.number for result in self._document.results if result.starred}
        if numbers:
            self.star_wanted.emit(numbers, not all(number in stars for number in numbers))

    def _menu(self, point: QPoint) -> None:
        index = self.list.indexAt(point)
        if index.isValid() and index.data(NUMBER_ROLE) not in self.chosen:
            self.list.setCurrentIndex(index)
        if not self.chosen:
            return
        stars = {result.number for result in self._document.results if result.starred}
        all_starred = all(number in stars for number in self.chosen)
        self.action_star.setText(self.tr("Remove the star") if all_starred else self.tr("Star"))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in (self.action_recall, self.action_star, None, self.action_copy, self.action_export, None):
            menu.addSeparator() if action is None else menu.addAction(action)
        menu.addAction(self.action_delete)
        menu.popup(self.list.viewport().mapToGlobal(point))

    def _added(self) -> None:
        self._show_count()
        self.list.horizontalScrollBar().setValue(0)  # where the newest one is

    def _show_count(self) -> None:
        count = self.model.rowCount()
        self._count.setText(self.tr("{0} kept").format(count) if count else "")
        self._pages.setCurrentIndex(1 if count else 0)
