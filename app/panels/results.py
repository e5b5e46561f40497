"""The results strip: pictures that were painted, to star, to throw away and to go back to."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.document.results import Results
from app.panels.result_rows import GAP, NUMBER_ROLE, SIDE, ResultDelegate, ResultModel
from app.panels.rows import is_for_window
from app.panels.widgets import heading_label, icon_button, muted_label
from app.shell.i18n import tr
from app.shell.icons import icons

SEARCH_WIDTH = 150


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
    compare_wanted = Signal(object)  # numbers

    def __init__(self, document: Document, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("resultsPanel")
        self.setAccessibleName(self.tr("Results"))
        self._document = document
        self.model = ResultModel(document, self)
        self.list = self._make_list()
        self._build_actions()
        self._empty_hint = muted_label()
        self._empty_hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty_hint.setWordWrap(True)
        self._pages = QStackedLayout()
        self._pages.addWidget(self._empty_hint)
        self._pages.addWidget(self.list)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(10, 6, 8, 6)
        row_layout.setSpacing(10)
        row_layout.addLayout(self._build_head(actions))
        row_layout.addLayout(self._pages, 1)
        self.model.rowsInserted.connect(self._show_newest)
        for changed in (document.results_changed, document.replaced):  # after the model: no row comes of what is hidden
            changed.connect(self._show_count)
        self._show_count()

    def _build_head(self, actions: dict[str, QAction]) -> QVBoxLayout:
        self._count = muted_label()
        self._count.setAccessibleName(self.tr("Number of pictures"))
        title_row = QHBoxLayout()
        title_row.addWidget(heading_label(self.tr("Results")))
        title_row.addStretch(1)
        title_row.addWidget(self._count)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find: hair copper"))
        self.search.setAccessibleName(self.tr("Find a kept picture"))
        self.search.setToolTip(
            self.tr("Words of a label and its style, or a number, a seed or weights: pictures that have them all")
        )
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(SEARCH_WIDTH)
        self.search.textChanged.connect(self._search)
        self.star_filter = icon_button("star", self.tr("Only pictures with a star"))
        self.star_filter.setToolTip(self.tr("Only pictures with a star"))
        self.star_filter.setCheckable(True)
        self.star_filter.setIconSize(QSize(18, 18))
        self.star_filter.toggled.connect(self._search)
        search_row = QHBoxLayout()
        search_row.setSpacing(2)
        search_row.addWidget(self.search)
        search_row.addWidget(self.star_filter)
        button_row = QHBoxLayout()
        button_row.setSpacing(2)
        for action in (actions["result_keep"], actions["result_auto"], self.action_compare):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(action.text())
            button_row.addWidget(button)
        button_row.addStretch(1)
        column_layout = QVBoxLayout()
        column_layout.setSpacing(4)
        column_layout.addLayout(title_row)
        column_layout.addLayout(search_row)
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
        self.action_compare = make(self.tr("Compare"), "wipe", "C", lambda: self.compare_wanted.emit(self.chosen))
        self.action_compare.setToolTip(
            self.tr("Compare two chosen pictures, or one with the present picture (C in the strip)")
        )
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
        of_one = (self.action_copy, self.action_export)
        for action in (self.action_recall, self.action_star, self.action_compare, None, *of_one, None):
            context_menu.addSeparator() if action is None else context_menu.addAction(action)
        context_menu.addAction(self.action_delete)
        context_menu.popup(self.list.viewport().mapToGlobal(menu_point))

    def _show_newest(self) -> None:
        self.list.horizontalScrollBar().setValue(0)

    def _search(self, *_: object) -> None:
        self.model.search(self.search.text(), only_starred=self.star_filter.isChecked())
        self._show_count()

    def _show_count(self) -> None:
        shown_count, results = self.model.rowCount(), self._document.origin.results
        count, dropped_count = len(results), results.dropped_count
        if shown_count < count:
            caption = self.tr("{0} of {1}").format(shown_count, count)
        elif dropped_count:
            caption = self.tr("{0} kept, {1} gone").format(count, dropped_count)
        else:
            caption = self.tr("{0} kept").format(count)
        self._count.setText(caption if count else "")
        self._count.setToolTip(limit_text(results) if dropped_count else "")
        self._empty_hint.setText(
            self.tr("No kept picture is found by this search.")
            if count
            else self.tr("Finished pictures are kept here, with everything that made them.")
        )
        self._pages.setCurrentIndex(1 if shown_count else 0)


def limit_text(results: Results) -> str:
    """Why pictures go by themselves, and how one stays."""
    sentence = tr(
        "The strip keeps {0} pictures without a star, or {1} MB of them: the oldest make room for new ones. A star (S) "
        "keeps a picture."
    )
    return sentence.format(results.max_count, results.max_bytes // (1024 * 1024))
