"""The styles panel: a place to drop a picture for all regions, every label's style, and the chosen one's card."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.mime import Incoming, may_be_useful, read_mime
from app.imaging.thumbnails import Thumbnails
from app.library.samples import sample_pictures
from app.panels.rows import LABEL_ROLE, LabelRowsView
from app.panels.styles.card import StyleCard
from app.panels.styles.rows import StyleDelegate, StyleModel
from app.panels.styles.samples import SampleStrip
from app.panels.styles.shelf import StyleShelf
from app.panels.widgets import muted_label, push_button


class _List(LabelRowsView):
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.currentIndex().isValid():  # the card below has grown or shrunk
            self.scrollTo(self.currentIndex())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        press_point = event.position().toPoint()
        row_index, delegate = self.indexAt(press_point), self.itemDelegate()
        assert isinstance(delegate, StyleDelegate)
        left_button = event.button() == Qt.MouseButton.LeftButton
        if row_index.isValid() and left_button and delegate.click(press_point, self.visualRect(row_index), row_index):
            event.accept()  # dice and lock act without moving the choice
            return
        super().mousePressEvent(event)


class StylesPanel(QWidget):
    """Shows the document's styles. What is wanted of one label, in its row or on the card, the card's signals tell;
    whatever is dropped beside a row or a slot counts for all regions."""

    incoming_for_all = Signal(object)  # Incoming
    file_for_all_wanted = Signal()
    dice_all_wanted = Signal()

    def __init__(
        self,
        document: Document,
        thumbnails: Thumbnails,
        scope: StyleScope,
        parent: QWidget | None = None,
    ) -> None:
        """``scope`` tells what the document's weights can do."""
        super().__init__(parent)
        self._scope = scope
        self.setObjectName("stylesPanel")
        self.setAccessibleName(self.tr("Styles"))
        self.setAcceptDrops(True)
        self._document = document
        self.button_all = push_button("photo", f" {self.tr('All regions from a picture...')}")
        self.button_dice_all = push_button("dice", "")
        self.button_dice_all.setAccessibleName(self.tr("Roll all styles"))
        self.button_dice_all.clicked.connect(self.dice_all_wanted)
        self.button_all.clicked.connect(self.file_for_all_wanted)
        self.samples = SampleStrip()
        self.samples.picked.connect(lambda path: self.incoming_for_all.emit(Incoming(files=(path,))))
        self.shelf = StyleShelf(document, thumbnails, scope, rows=1)
        self.note_whole = muted_label(self.tr("These weights have one style for the whole picture."))
        self.note_whole.setWordWrap(True)
        self.model = StyleModel(document, self._scope, self)
        self.card = StyleCard(document, thumbnails, scope)
        self.model.incoming.connect(lambda label, incoming: self.card.incoming.emit(label, "a", incoming))
        self.list = self._make_list(thumbnails)
        thumbnails.changed.connect(self.model.redraw)
        top_column = QVBoxLayout()
        top_column.setContentsMargins(10, 8, 10, 0)
        top_column.setSpacing(8)
        button_row = QHBoxLayout()
        button_row.setSpacing(6)
        button_row.addWidget(self.button_all, 1)
        button_row.addWidget(self.button_dice_all)
        top_column.addLayout(button_row)
        top_column.addWidget(self.samples)
        top_column.addWidget(self.shelf)
        top_column.addWidget(self.note_whole)
        bottom_column = QVBoxLayout()
        bottom_column.setContentsMargins(10, 0, 10, 0)
        bottom_column.addWidget(self.card)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 8)
        column_layout.setSpacing(6)
        column_layout.addLayout(top_column)
        column_layout.addWidget(self.list, 1)
        column_layout.addLayout(bottom_column)
        document.current_label_changed.connect(self._show_current)
        document.weights_changed.connect(self.show_abilities)
        document.replaced.connect(self.show_abilities)
        self.model.modelReset.connect(self._show_current)
        self.show_abilities()
        self._show_current()

    def show_abilities(self, *_: object) -> None:
        """Enable what the weights can do; where they cannot, the tooltip says so."""
        abilities = self._scope.abilities
        picture_tip = self.tr("Choose a picture, or drop one here: every region takes its style from it (Ctrl+Shift+L)")
        dice_tip = self.tr("Draw new random styles for all labels that are not locked (Ctrl+Shift+D)")
        self.button_all.setEnabled(abilities.images)
        self.button_all.setToolTip(
            picture_tip
            if abilities.images
            else self._scope.lack(self.tr('The weights "{0}" take no styles from pictures'))
        )
        self.samples.setEnabled(abilities.images)
        self.samples.show_pictures(sample_pictures(self._document.label_set))
        self.note_whole.setVisible(self._scope.whole_picture and abilities.styles)
        self.button_dice_all.setEnabled(abilities.samples)
        self.button_dice_all.setToolTip(
            dice_tip if abilities.samples else self._scope.lack(self.tr('The weights "{0}" cannot draw styles'))
        )
        self.model.redraw()
        self.card.refresh()

    def _make_list(self, thumbnails: Thumbnails) -> _List:
        list_view = _List(self.tr("Styles of the labels"))
        list_view.setModel(self.model)
        self.delegate = StyleDelegate(self._document, thumbnails, list_view)
        self.delegate.dice_clicked.connect(lambda label: self.card.dice_wanted.emit(label, "a"))
        self.delegate.lock_clicked.connect(self.card.lock_wanted)
        list_view.setItemDelegate(self.delegate)
        list_view.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        list_view.setDefaultDropAction(Qt.DropAction.CopyAction)
        list_view.selectionModel().currentChanged.connect(self._chosen)
        return list_view

    def sizeHint(self) -> QSize:
        return QSize(300, 520)

    def _chosen(self, current_index: QModelIndex) -> None:
        if current_index.isValid() and not self._scope.whole_picture:
            self._document.set_current_region(current_index.data(LABEL_ROLE))

    def _show_current(self) -> None:
        row_index = self.model.index_of(self._document.current_region)
        selection = self.list.selectionModel()
        if row_index.isValid():
            selection.setCurrentIndex(row_index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.list.scrollTo(row_index)
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
