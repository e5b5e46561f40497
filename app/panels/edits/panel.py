"""The list of a photo's edits: each restyled region is a row to switch off, weaken and remove."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.style_scope import StyleScope
from app.imaging.thumbnails import Place, Thumbnails
from app.panels.edits.row import THUMB_SIDE, EditRow
from app.panels.styles.shelf import StyleShelf
from app.panels.widgets import icon_button, keyboard_step_timer, muted_label
from app.texts.label_names import name_of, style_source
from engine.requests.edit import RegionEdit

KEY_STEP = 5  # per cent


class _List(QListWidget):
    """The rows. Up and down choose one, space switches it, left and right weaken and strengthen, delete removes it."""

    switched = Signal()
    strength_stepped = Signal(int)  # per cent, with its sign
    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = event.key(), {Qt.Key.Key_Left: -KEY_STEP, Qt.Key.Key_Right: KEY_STEP}
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()
        elif key == Qt.Key.Key_Space:
            self.switched.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif key in step:
            self.strength_stepped.emit(step[Qt.Key(key)])
        elif event.text():
            event.ignore()  # letters and digits stay the window's shortcuts
        else:
            super().keyPressEvent(event)


class EditsPanel(QWidget):
    """Shows the document's edits. The chosen row is the document's current label."""

    file_wanted = Signal(int, str)  # label, slot
    incoming = Signal(int, str, object)  # label, slot, Incoming
    variations_wanted = Signal()

    def __init__(
        self, document: Document, thumbnails: Thumbnails, scope: StyleScope, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("editsPanel")
        self.setAccessibleName(self.tr("Edits"))
        self._document, self._thumbnails, self._scope = document, thumbnails, scope
        self._labels: list[int] = []
        self._step_end = keyboard_step_timer(self, document.end_merge)
        self.hint = muted_label(
            self.tr(
                "Nothing is painted: the whole photo is kept as it is. Drag a picture onto a region to give it that "
                "picture's colours and texture, or right-click it for a colour."
            )
        )
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(12, 10, 12, 10)
        self.painted_line = muted_label()
        self.painted_line.setWordWrap(True)
        self.painted_line.setContentsMargins(12, 6, 12, 6)
        self.list = self._make_list()
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 4, 0, 4)
        column_layout.setSpacing(0)
        column_layout.addWidget(self.hint)
        column_layout.addWidget(self.painted_line)
        column_layout.addWidget(self.list, 1)
        column_layout.addStretch(0)
        column_layout.addLayout(self._build_shelf())
        document.edits_changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        document.undo_changed.connect(self._show_painted)  # a region came or went on the label map
        document.current_label_changed.connect(self._show_current)
        document.style_locks_changed.connect(self.refresh)
        thumbnails.changed.connect(self._show_rows)
        self.refresh()

    def _build_shelf(self) -> QVBoxLayout:
        self.shelf = StyleShelf(self._document, self._thumbnails, self._scope, with_pictures=True)
        self._caption = muted_label()
        self._caption.setAccessibleName(self.tr("What the styles below are for"))
        shelf_column = QVBoxLayout()
        shelf_column.setContentsMargins(10, 4, 8, 4)
        shelf_column.setSpacing(2)
        self.button_variations = icon_button("grid", self.tr("Six variations..."))
        self.button_variations.setToolTip(self.tr("See six drawn styles of this region and take one (Ctrl+Shift+V)"))
        self.button_variations.clicked.connect(self.variations_wanted)
        caption_row = QHBoxLayout()
        caption_row.addWidget(self._caption, 1)
        caption_row.addWidget(self.button_variations)
        shelf_column.addLayout(caption_row)
        shelf_column.addWidget(self.shelf)
        return shelf_column

    def _make_list(self) -> _List:
        edit_list = _List()
        edit_list.setObjectName("edits")
        edit_list.setAccessibleName(self.tr("Changed regions"))
        edit_list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        edit_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        edit_list.currentRowChanged.connect(self._chosen)
        edit_list.switched.connect(lambda: self._with_current(self._toggle))
        edit_list.strength_stepped.connect(lambda step: self._with_current(lambda edit: self._step(edit, step)))
        edit_list.removed.connect(lambda: self._with_current(lambda edit: self._remove(edit.label)))
        return edit_list

    def sizeHint(self) -> QSize:
        return QSize(300, 420)

    def row(self, label_id: int) -> EditRow:
        """The row of a changed region. Raises ValueError where it is not changed."""
        row_widget = self.list.itemWidget(self.list.item(self._labels.index(label_id)))
        assert isinstance(row_widget, EditRow)
        return row_widget

    # --- showing ------------------------------------------------------------------------------------

    def refresh(self, *_: object) -> None:
        """Show the document's edits."""
        edits = self._document.styling.edits if self._scope.edits_photo else ()
        if [edit.label for edit in edits] != self._labels:
            self._rebuild(edits)
        self._show_rows()

    def _rebuild(self, edits: tuple[RegionEdit, ...]) -> None:
        place = self.list.currentRow()
        with QSignalBlocker(self.list):
            self.list.clear()
            self._labels = [edit.label for edit in edits]
            for edit in edits:
                row_widget = self._make_row(edit.label)
                list_item = QListWidgetItem(self.list)
                list_item.setSizeHint(row_widget.sizeHint())
                self.list.setItemWidget(list_item, row_widget)
            if self._document.current_label not in self._labels and self._labels:
                self.list.setCurrentRow(min(max(0, place), len(self._labels) - 1))
        self.hint.setVisible(not edits)
        self.painted_line.setVisible(bool(edits))
        self.list.setVisible(bool(edits))
        self._show_current()

    def _make_row(self, label_id: int) -> EditRow:
        row_widget = EditRow(name_of(self._document.label_set, label_id))
        row_widget.switched.connect(lambda on: self._document.styling.set_edit_on(label_id, on))
        row_widget.strength_moved.connect(lambda per_cent: self._strengthen(label_id, per_cent))
        row_widget.strength_let_go.connect(self._document.end_merge)
        row_widget.removed.connect(lambda: self._remove(label_id))
        row_widget.picture_wanted.connect(lambda: self.file_wanted.emit(label_id, "a"))
        row_widget.incoming.connect(lambda incoming: self.incoming.emit(label_id, "a", incoming))
        return row_widget

    def _show_rows(self) -> None:
        document = self._document
        for position, edit in enumerate(document.styling.edits[: len(self._labels)] if self._labels else ()):
            row_widget, list_item = self.row(edit.label), self.list.item(position)
            place = Place(document.weights, edit.label, document.fingerprint)
            pixmap = self._thumbnails.pixmap(
                edit.style, document.label_set, THUMB_SIDE, self.devicePixelRatioF(), place=place
            )
            source_text = style_source(edit.style, edit.label, document.label_set)
            row_widget.show_edit(edit, source_text, pixmap)
            state_text = self.tr("{0} %").format(round(100 * edit.strength)) if edit.on else self.tr("off")
            name = name_of(document.label_set, edit.label)
            list_item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {source_text}, {state_text}")
        self._show_painted()

    def _show_painted(self) -> None:
        """Say which regions are painted, and that the rest of the photo is kept."""
        document = self._document
        names = [
            name_of(document.label_set, edit.label)
            for edit in document.styling.edits
            if edit.on and edit.strength > 0 and document.areas[edit.label]
        ]
        if document.scene.reshapes:
            names.append(self.tr("other shapes"))
        if names:
            sentence = self.tr("Painted: {0}. All else of the photo is kept as it is.")
            self.painted_line.setText(sentence.format(", ".join(names)))
        else:
            self.painted_line.setText(self.tr("Nothing is painted: the whole photo is kept as it is."))

    def _show_current(self, *_: object) -> None:
        label_id = self._document.current_label
        self._caption.setText(self.tr("For {0}").format(name_of(self._document.label_set, label_id)))
        if label_id in self._labels:
            self.list.setCurrentRow(self._labels.index(label_id))

    # --- changing -----------------------------------------------------------------------------------

    def _chosen(self, position: int) -> None:
        if 0 <= position < len(self._labels):
            self._document.set_current_label(self._labels[position])

    def _with_current(self, change: Callable[[RegionEdit], object]) -> None:
        position = self.list.currentRow()
        edits = self._document.styling.edits
        if self._labels and 0 <= position < len(edits):
            change(edits[position])

    def _toggle(self, edit: RegionEdit) -> None:
        self._document.styling.set_edit_on(edit.label, not edit.on)

    def _step(self, edit: RegionEdit, per_cent: int) -> None:
        self._strengthen(edit.label, min(100, max(0, round(100 * edit.strength) + per_cent)))

    def _strengthen(self, label_id: int, per_cent: int) -> None:
        self._document.styling.set_strength(label_id, per_cent / 100, merge=("strength", label_id))
        if not self.row(label_id).slider.isSliderDown():
            self._step_end.start()

    def _remove(self, label_id: int) -> None:
        if self._scope.may_change(label_id):
            self._document.styling.remove_edit(label_id)
