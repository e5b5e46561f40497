"""The labels panel: search field, list of labels, and what the model thinks of the chosen one."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.document.document import Document
from app.panels.label_model import LabelModel
from app.panels.label_rows import GRIP, LabelDelegate, parts
from app.panels.rows import LABEL_ROLE, LabelRowsView
from app.shell.icons import icons


class _List(LabelRowsView):
    """The rows. A press on an eye or a lock must not move the choice."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:  # the right one chooses, for the menu
            part_rectangles = parts(self.visualRect(index))
            press_point = event.position().toPoint()
            if any(part_rectangles[name].adjusted(*GRIP).contains(press_point) for name in ("eye", "lock")):
                event.accept()
                return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            delegate = self.itemDelegate()
            assert isinstance(delegate, LabelDelegate)
            delegate.click(event, self.visualRect(index), index)


class LabelsPanel(QWidget):
    """Shows the labels of the document and lets the user choose, find, hide and lock them."""

    incoming = Signal(int, object)  # label, Incoming: dropped on a row

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("labelsPanel")
        self.setAccessibleName(self.tr("Labels"))
        self._document = document
        self.model = LabelModel(document, self)
        self.model.incoming.connect(self.incoming)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a label"))
        self.search.setAccessibleName(self.tr("Find a label"))
        self.search.setToolTip(self.tr("Part of an English or Chinese name, or a number"))
        self.search.setClearButtonEnabled(True)
        search_icon = QAction(self.search)
        icons().bind(search_icon, "search")
        self.search.addAction(search_icon, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.list = self._make_list()
        self._hint = QLabel()
        self._hint.setObjectName("labelHint")
        self._hint.setWordWrap(True)
        self._hint.setProperty("muted", True)
        self._hint.setContentsMargins(12, 4, 12, 6)
        self._hint.setAccessibleName(self.tr("About the chosen label"))
        self._hint.hide()
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 4)
        column_layout.setSpacing(6)
        top_column = QVBoxLayout()
        top_column.setContentsMargins(10, 8, 10, 0)
        top_column.addWidget(self.search)
        column_layout.addLayout(top_column)
        column_layout.addWidget(self.list, 1)
        column_layout.addWidget(self._hint)
        document.current_label_changed.connect(self._show_current)
        self.model.modelReset.connect(self._show_current)
        self.model.dataChanged.connect(self._show_hint)
        self._show_current()

    def _make_list(self) -> _List:
        list_view = _List(self.tr("Labels"))
        list_view.setModel(self.model)
        self.delegate = LabelDelegate(list_view)
        self.delegate.eye_clicked.connect(self._eye)
        self.delegate.lock_clicked.connect(self._lock)
        list_view.setItemDelegate(self.delegate)
        list_view.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        list_view.setDropIndicatorShown(True)
        list_view.setAcceptDrops(True)
        list_view.selectionModel().currentChanged.connect(self._chosen)
        return list_view

    def sizeHint(self) -> QSize:
        return QSize(300, 380)

    def choose(self, label_id: int) -> None:
        """Make ``label_id`` the current one and bring its row into view."""
        self._document.set_current_label(label_id)

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    # --- inside -------------------------------------------------------------------------------------

    def _search(self, needle: str) -> None:
        self.model.set_needle(needle)
        if needle and self.model.rowCount() == 1:
            self._document.set_current_label(self.model.index(0, 0).data(LABEL_ROLE))

    def _chosen(self, current_index: QModelIndex) -> None:
        if current_index.isValid() and current_index.data(LABEL_ROLE) != self._document.current_label:
            self._document.set_current_label(current_index.data(LABEL_ROLE))  # a piece of it stays the chosen region

    def _show_current(self) -> None:
        index = self.model.index_of(self._document.current_label)
        selection = self.list.selectionModel()
        if index.isValid() and selection.currentIndex() != index:
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.list.scrollTo(index)
        self._show_hint()

    def _show_hint(self) -> None:
        row = self.model.row(self._document.current_label)
        self._hint.setText(row.hint)
        self._hint.setVisible(bool(row.hint))

    def _eye(self, label_id: int, only_this: bool) -> None:
        if only_this:
            self._document.label_states.show_only(label_id)
        else:
            self._document.label_states.set_visible(label_id, label_id in self._document.hidden)

    def _lock(self, label_id: int) -> None:
        self._document.label_states.set_locked(label_id, label_id not in self._document.locked)
