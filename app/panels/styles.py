"""The styles panel: a place to drop a picture for all regions, every label's style, and the chosen one's card."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QListView, QPushButton, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.mime import Incoming, may_be_useful, read_mime
from app.imaging.thumbnails import Thumbnails
from app.panels.samples import SampleStrip, sample_labels, sample_styles
from app.panels.style_detail import StyleDetail
from app.panels.style_rows import LABEL_ROLE, StyleDelegate, StyleModel
from app.shell.icons import icons


class _List(QListView):
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():  # the card below has grown or shrunk
            self.scrollTo(self.currentIndex())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        index, delegate = self.indexAt(point), self.itemDelegate()
        assert isinstance(delegate, StyleDelegate)
        left = event.button() == Qt.MouseButton.LeftButton
        if index.isValid() and left and delegate.click(point, self.visualRect(index), index):
            event.accept()  # dice and lock act without moving the choice
            return
        super().mousePressEvent(event)

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
    dice_wanted = Signal(int, str)  # label, slot
    dice_all_wanted = Signal()
    seed_entered = Signal(int, object)  # label, seed
    seed_copied = Signal(object)  # seed
    lock_wanted = Signal(int)
    variations_wanted = Signal()
    morph_wanted = Signal()

    def __init__(
        self,
        document: Document,
        thumbnails: Thumbnails,
        scope: StyleScope | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """``scope`` tells what the document's weights can do; without it everything."""
        super().__init__(parent)
        self._scope = scope if scope is not None else StyleScope(document)
        self.setObjectName("stylesPanel")
        self.setAccessibleName(self.tr("Styles"))
        self.setAcceptDrops(True)
        self._document = document
        self.button_all = QPushButton(f" {self.tr('All regions from a picture...')}")
        self.button_all.setAccessibleName(self.tr("All regions from a picture"))
        self.button_dice_all = QPushButton()
        self.button_dice_all.setAccessibleName(self.tr("Roll all styles"))
        icons().bind(self.button_dice_all, "dice")
        self.button_dice_all.clicked.connect(self.dice_all_wanted)
        icons().bind(self.button_all, "photo")
        self.button_all.clicked.connect(self.file_for_all_wanted)
        self.samples = SampleStrip(sample_styles())
        self.samples.picked.connect(lambda path: self.incoming_for_all.emit(Incoming(files=(path,))))
        self.note_whole = QLabel(self.tr("These weights have one style for the whole picture."))
        self.note_whole.setProperty("muted", True)
        self.note_whole.setWordWrap(True)
        self.model = StyleModel(document, self._scope, self)
        self.model.incoming.connect(lambda label, incoming: self.incoming.emit(label, "a", incoming))
        self.list = self._make_list(thumbnails)
        self.detail = self._make_detail(thumbnails)
        thumbnails.changed.connect(self.model.redraw)
        top = QVBoxLayout()
        top.setContentsMargins(10, 8, 10, 0)
        top.setSpacing(8)
        both = QHBoxLayout()
        both.setSpacing(6)
        both.addWidget(self.button_all, 1)
        both.addWidget(self.button_dice_all)
        top.addLayout(both)
        top.addWidget(self.samples)
        top.addWidget(self.note_whole)
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
        document.weights_changed.connect(self.show_abilities)
        document.replaced.connect(self.show_abilities)
        self.model.modelReset.connect(self._show_current)
        self.show_abilities()
        self._show_current()

    def _make_detail(self, thumbnails: Thumbnails) -> StyleDetail:
        detail = StyleDetail(self._document, thumbnails, self._scope)
        detail.file_wanted.connect(self.file_wanted)
        detail.incoming.connect(self.incoming)
        detail.dice_wanted.connect(self.dice_wanted)
        detail.seed_entered.connect(self.seed_entered)
        detail.seed_copied.connect(self.seed_copied)
        detail.lock_wanted.connect(self.lock_wanted)
        detail.variations_wanted.connect(self.variations_wanted)
        detail.morph_wanted.connect(self.morph_wanted)
        return detail

    def show_abilities(self, *_: object) -> None:
        """Enable what the weights can do; where they cannot, the tooltip says so."""
        can, weights = self._scope.abilities, self._document.weights
        pick = self.tr("Choose a picture, or drop one here: every region takes its style from it (Ctrl+Shift+L)")
        roll = self.tr("Draw new random styles for all labels that are not locked (Ctrl+Shift+D)")
        self.button_all.setEnabled(can.images)
        self.button_all.setToolTip(
            pick if can.images else self.tr('The weights "{0}" take no styles from pictures').format(weights)
        )
        self.samples.setEnabled(can.images)
        self.samples.setVisible(bool(self.samples.thumbs) and self._document.label_set.same_labels(sample_labels()))
        self.note_whole.setVisible(self._scope.whole_picture and can.styles)
        self.button_dice_all.setEnabled(can.samples)
        self.button_dice_all.setToolTip(
            roll if can.samples else self.tr('The weights "{0}" cannot draw styles').format(weights)
        )
        self.model.redraw()
        self.detail.refresh()

    def _make_list(self, thumbnails: Thumbnails) -> QListView:
        view = _List()
        view.setModel(self.model)
        self.delegate = StyleDelegate(self._document, thumbnails, view)
        self.delegate.dice_clicked.connect(lambda label: self.dice_wanted.emit(label, "a"))
        self.delegate.lock_clicked.connect(self.lock_wanted)
        view.setItemDelegate(self.delegate)
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
        if current.isValid() and not self._scope.whole_picture:
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
