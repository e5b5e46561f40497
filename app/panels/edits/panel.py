"""The list of a photo's edits: each restyled region is a row to switch off, weaken and remove."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.edit_rows import in_pairs
from app.document.photo.frames import changes_photo
from app.document.style_scope import StyleScope
from app.imaging.thumbnails import Place, Thumbnails
from app.panels.edits.row import THUMB_SIDE, EditRow
from app.panels.styles.shelf import StyleShelf
from app.panels.widgets import icon_button, keyboard_step_timer, muted_label
from app.texts.label_names import names_of, style_source
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
        self._rows: list[tuple[int, ...]] = []  # the labels of each
        self._apart: set[int] = set()  # labels of pairs that the user has taken apart
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
        self.frames_line = muted_label(self.tr("Other frames of the photo have changes of their own."))
        self.frames_line.setWordWrap(True)
        self.frames_line.setContentsMargins(12, 6, 12, 6)
        self.list = self._make_list()
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 4, 0, 4)
        column_layout.setSpacing(0)
        column_layout.addWidget(self.hint)
        column_layout.addWidget(self.painted_line)
        column_layout.addWidget(self.frames_line)
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
        edit_list.strength_stepped.connect(self._step_current)
        edit_list.removed.connect(lambda: self._with_current(lambda labels, _: self._remove(labels)))
        return edit_list

    def sizeHint(self) -> QSize:
        return QSize(300, 420)

    def row(self, label_id: int) -> EditRow:
        """The row of a changed region. Raises StopIteration where it is not changed."""
        position = next(place for place, labels in enumerate(self._rows) if label_id in labels)
        row_widget = self.list.itemWidget(self.list.item(position))
        assert isinstance(row_widget, EditRow)
        return row_widget

    def is_pair(self, label_id: int) -> bool:
        """Whether a label's row is of both labels of its pair."""
        return any(len(labels) > 1 for labels in self._rows if label_id in labels)

    # --- showing ------------------------------------------------------------------------------------

    def refresh(self, *_: object) -> None:
        """Show the document's edits."""
        groups = in_pairs(self._edits, self._document.label_set, self._apart) if self._scope.edits_photo else []
        rows = [tuple(edit.label for edit in group) for group in groups]
        if rows != self._rows and not self._slides:  # a pair that a drag makes alike stays two rows until it ends
            self._rebuild(rows)
        self._show_rows()

    @property
    def _edits(self) -> tuple[RegionEdit, ...]:
        return self._document.styling.edits

    @property
    def _slides(self) -> bool:
        widgets = [self.list.itemWidget(self.list.item(place)) for place in range(self.list.count())]
        return any(isinstance(row, EditRow) and row.slider.isSliderDown() for row in widgets)

    def _rebuild(self, rows: list[tuple[int, ...]]) -> None:
        place = self.list.currentRow()
        with QSignalBlocker(self.list):
            self.list.clear()
            self._rows = rows
            for labels in rows:
                row_widget = self._make_row(labels)
                list_item = QListWidgetItem(self.list)
                list_item.setSizeHint(row_widget.sizeHint())
                self.list.setItemWidget(list_item, row_widget)
            if rows and not any(self._document.current_region in labels for labels in rows):
                self.list.setCurrentRow(min(max(0, place), len(rows) - 1))
        self.hint.setVisible(not rows)
        self.painted_line.setVisible(bool(rows))
        self.list.setVisible(bool(rows))
        self._show_current()

    def _make_row(self, labels: tuple[int, ...]) -> EditRow:
        name = names_of(self._document.label_set, labels, self._document.pieces)
        row_widget = EditRow(name, is_pair=len(labels) > 1)
        row_widget.taken_apart.connect(lambda: self._take_apart(labels))
        row_widget.switched.connect(lambda on: self._document.styling.set_edit_on(labels[0], on, also=labels[1:]))
        row_widget.strength_moved.connect(lambda per_cent: self._strengthen(labels, per_cent))
        row_widget.strength_let_go.connect(self._let_go)
        row_widget.removed.connect(lambda: self._remove(labels))
        row_widget.picture_wanted.connect(lambda: self.file_wanted.emit(labels[0], "a"))
        row_widget.incoming.connect(lambda incoming: self.incoming.emit(labels[0], "a", incoming))
        return row_widget

    def _show_rows(self) -> None:
        document = self._document
        edit_by_label = {edit.label: edit for edit in self._edits}
        for position, labels in enumerate(self._rows):
            row_widget, list_item, edit = self.row(labels[0]), self.list.item(position), edit_by_label.get(labels[0])
            if edit is None:  # it is taken away while a slider is held
                continue
            label = document.regions.label_of(edit.label)
            place = Place(document.weights, label, document.fingerprint)
            pixmap = self._thumbnails.pixmap(
                edit.style, document.label_set, THUMB_SIDE, self.devicePixelRatioF(), place=place
            )
            source_text = style_source(edit.style, label, document.label_set)
            row_widget.show_edit(edit, source_text, pixmap)
            state_text = self.tr("{0} %").format(round(100 * edit.strength)) if edit.on else self.tr("off")
            name = names_of(document.label_set, labels, document.pieces)
            list_item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {source_text}, {state_text}")
        self._show_painted()

    def _show_painted(self) -> None:
        """Say which regions are painted, and that the rest of the photo is kept."""
        document = self._document
        active = [edit for edit in self._edits if edit.on and edit.strength > 0]
        painted = [edit for edit in active if document.regions.area(edit.label)]
        names = [
            names_of(document.label_set, [edit.label for edit in group], document.pieces)
            for group in in_pairs(painted, document.label_set, self._apart)
        ]
        if document.scene.reshapes:
            names.append(self.tr("other shapes"))
        if document.scene.filled_holes:
            names.append(self.tr("filled holes"))
        self._show_other_frames()
        if names:
            sentence = self.tr("Painted: {0}. All else of the photo is kept as it is.")
            self.painted_line.setText(sentence.format(", ".join(names)))
        else:
            self.painted_line.setText(self.tr("Nothing is painted: the whole photo is kept as it is."))

    def _show_other_frames(self) -> None:
        """A photo is not kept as it is where another frame changes it."""
        is_changed = any(map(changes_photo, self._document.scene.other_frames))
        self.frames_line.setVisible(is_changed)
        self.hint.setVisible(not self._rows and not is_changed)

    def _show_current(self, *_: object) -> None:
        label_id = self._document.current_region
        self._caption.setText(self.tr("For {0}").format(self._document.regions.name(label_id)))
        position = next((place for place, labels in enumerate(self._rows) if label_id in labels), -1)
        if position >= 0:
            self.list.setCurrentRow(position)

    # --- changing -----------------------------------------------------------------------------------

    def _chosen(self, position: int) -> None:
        if 0 <= position < len(self._rows) and self._document.current_region not in self._rows[position]:
            self._document.set_current_region(self._rows[position][0])

    def _with_current(self, change: Callable[[tuple[int, ...], RegionEdit], object]) -> None:
        position = self.list.currentRow()
        if 0 <= position < len(self._rows):
            labels = self._rows[position]
            change(labels, next(edit for edit in self._edits if edit.label == labels[0]))

    def _toggle(self, labels: tuple[int, ...], edit: RegionEdit) -> None:
        self._document.styling.set_edit_on(labels[0], not edit.on, also=labels[1:])

    def _step_current(self, per_cent: int) -> None:
        def step(labels: tuple[int, ...], edit: RegionEdit) -> None:
            self._strengthen(labels, min(100, max(0, round(100 * edit.strength) + per_cent)))

        self._with_current(step)

    def _strengthen(self, labels: tuple[int, ...], per_cent: int) -> None:
        share, merge = per_cent / 100, ("strength", labels)
        self._document.styling.set_strength(labels[0], share, also=labels[1:], merge=merge)
        if not self.row(labels[0]).slider.isSliderDown():
            self._step_end.start()

    def _let_go(self) -> None:
        self._document.end_merge()
        self.refresh()

    def _take_apart(self, labels: tuple[int, ...]) -> None:
        self._apart.update(labels)
        QTimer.singleShot(0, self, self.refresh)  # the row that asks for it goes

    def _remove(self, labels: tuple[int, ...]) -> None:
        if all(self._scope.may_change(label) for label in labels):
            self._document.styling.remove_edit(labels[0], also=labels[1:])
