"""The styles panel: a place to drop a picture for all regions, every label's style, and the chosen one's card."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QPushButton, QVBoxLayout, QWidget

from app.document.document import Document
from app.icons import icons
from app.mime import Incoming, may_be_useful, read_mime
from app.panels.samples import SampleStrip, sample_styles
from app.panels.style_detail import StyleDetail
from app.panels.style_rows import LABEL_ROLE, StyleDelegate, StyleModel
from app.panels.style_slots import BLOCKS
from app.thumbnails import Thumbnails


class _List(QListView):
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():  # the card below has grown or shrunk
            self.scrollTo(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            event.ignore()  # letters and digits are the window's shortcuts
            return
        super().keyPressEvent(event)


class StylesPanel(QWidget):
    """Shows the document's styles. Whatever is dropped beside a row or a slot counts for all regions."""

    incoming = Signal(int, str, object)  # label, slot, Incoming
    incoming_for_all = Signal(object)  # Incoming
    file_wanted = Signal(int, str)
    file_for_all_wanted = Signal()

    def __init__(
        self,
        document: Document,
        thumbnails: Thumbnails,
        block_count: Callable[[], int] = lambda: BLOCKS,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("stylesPanel")
        self.setAccessibleName(self.tr("Styles"))
        self.setAcceptDrops(True)
        self._document = document
        self.button_all = QPushButton(f" {self.tr('All regions from a picture...')}")
        self.button_all.setAccessibleName(self.tr("All regions from a picture"))
        self.button_all.setToolTip(self.tr("Choose a picture, or drop one here: every region takes its style from it"))
        icons().bind(self.button_all, "photo")
        self.button_all.clicked.connect(self.file_for_all_wanted)
        self.samples = SampleStrip(sample_styles())
        self.samples.picked.connect(lambda path: self.incoming_for_all.emit(Incoming(files=(path,))))
        self.model = StyleModel(document, self)
        self.model.incoming.connect(lambda label, incoming: self.incoming.emit(label, "a", incoming))
        self.list = self._make_list(thumbnails)
        self.detail = StyleDetail(document, thumbnails, block_count)
        self.detail.file_wanted.connect(self.file_wanted)
        self.detail.incoming.connect(self.incoming)
        thumbnails.changed.connect(self.model.redraw)
        top = QVBoxLayout()
        top.setContentsMargins(10, 8, 10, 0)
        top.setSpacing(8)
        top.addWidget(self.button_all)
        top.addWidget(self.samples)
        bottom = QVBoxLayout()
        bottom.setContentsMargins(10, 0, 10, 0)
        bottom.addWidget(self.detail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(bottom)
        document.current_label_changed.connect(self._show_current)
        self.model.modelReset.connect(self._show_current)
        self._show_current()

    def _make_list(self, thumbnails: Thumbnails) -> QListView:
        view = _List()
        view.setModel(self.model)
        view.setItemDelegate(StyleDelegate(self._document, thumbnails, view))
        view.setAccessibleName(self.tr("Styles of the labels"))
        view.setMouseTracking(True)
        view.setUniformItemSizes(True)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        view.setDefaultDropAction(Qt.DropAction.CopyAction)
        view.selectionModel().currentChanged.connect(self._chosen)
        return view

    def sizeHint(self) -> QSize:
        return QSize(300, 520)

    def _chosen(self, current: QModelIndex) -> None:
        if current.isValid():
            self._document.set_current_label(current.data(LABEL_ROLE))

    def _show_current(self) -> None:
        index = self.model.index_of(self._document.current_label)
        selection = self.list.selectionModel()
        if index.isValid():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.list.scrollTo(index)
        else:
            selection.clear()

    # --- a drop on the panel itself -----------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_be_useful(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        incoming = read_mime(event.mimeData())
        if not incoming.empty:
            event.acceptProposedAction()
            self.incoming_for_all.emit(incoming)
