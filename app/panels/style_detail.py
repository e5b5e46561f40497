"""The card of the styles panel: the chosen label's style, its mix with a second one, and blocks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.document import Document
from app.icons import icons
from app.labels_text import name_of, style_source
from app.mime import style_mime
from app.panels.style_slots import (
    CHOICES,
    MIX,
    OTHER,
    A,
    B,
    Slots,
    join,
    split,
    with_block,
    with_slot,
)
from app.panels.thumb import Thumb
from app.thumbnails import Thumbnails
from engine.request import MeanStyle, Style

KEYBOARD_STEP_ENDS_MS = 700  # a slider moved by keys has no release: a pause ends the step


class StyleDetail(QFrame):
    """Shows and changes the style of the document's current label."""

    file_wanted = Signal(int, str)  # label, slot "a" or "b"
    incoming = Signal(int, str, object)  # label, slot, Incoming

    def __init__(
        self,
        document: Document,
        thumbnails: Thumbnails,
        block_count: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        """``block_count`` tells how many blocks of the document's weights take a style of their own."""
        super().__init__(parent)
        self._block_count = block_count
        self.setObjectName("card")
        self.setAccessibleName(self.tr("Style of the chosen label"))
        self._document = document
        self._thumbnails = thumbnails
        self._filling = False
        self._step_end = QTimer(self)
        self._step_end.setSingleShot(True)
        self._step_end.setInterval(KEYBOARD_STEP_ENDS_MS)
        self._step_end.timeout.connect(document.end_merge)
        self._build()
        document.styles_changed.connect(self._styles_changed)
        document.current_label_changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        document.weights_changed.connect(self.refresh)
        thumbnails.changed.connect(self.refresh)
        self.refresh()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 10)
        column.setSpacing(10)
        column.addLayout(self._build_first())
        column.addLayout(self._build_mix())
        column.addWidget(self._build_fold_button())
        self._fold = self._build_blocks()
        column.addWidget(self._fold)

    def _build_first(self) -> QHBoxLayout:
        self.thumb_a = Thumb(92, self.tr("Style picture"))
        self.thumb_a.setToolTip(self.tr("Drop a picture here, or click to choose a file"))
        self.thumb_a.clicked.connect(lambda: self.file_wanted.emit(self._label, A))
        self.thumb_a.incoming.connect(lambda incoming: self.incoming.emit(self._label, A, incoming))
        self._name = QLabel()
        self._name.setProperty("heading", True)
        self._name.setAccessibleName(self.tr("Chosen label"))
        self._source = _elided(self.tr("Where the style comes from"))
        self.button_file = QPushButton(f" {self.tr('From file...')}")
        self.button_file.setAccessibleName(self.tr("Style from file"))
        self.button_file.setToolTip(self.tr("Take the style of this label from a picture file"))
        icons().bind(self.button_file, "image-add")
        self.button_file.clicked.connect(lambda: self.file_wanted.emit(self._label, A))
        self.button_reset = QPushButton(f" {self.tr('Reset to mean')}")
        self.button_reset.setAccessibleName(self.tr("Reset to the mean style"))
        self.button_reset.setToolTip(self.tr("Give this label the mean style of the weights"))
        icons().bind(self.button_reset, "reset")
        self.button_reset.clicked.connect(self._reset)
        text = QVBoxLayout()
        text.setSpacing(4)
        text.addWidget(self._name)
        text.addWidget(self._source)
        text.addStretch(1)
        text.addWidget(self.button_file)
        text.addWidget(self.button_reset)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.thumb_a, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        return row

    def _build_mix(self) -> QHBoxLayout:
        self.thumb_b = Thumb(44, self.tr("Second style picture"))
        self.thumb_b.setToolTip(self.tr("Drop a second picture here, or click to choose a file, and mix the two"))
        self.thumb_b.clicked.connect(lambda: self.file_wanted.emit(self._label, B))
        self.thumb_b.incoming.connect(lambda incoming: self.incoming.emit(self._label, B, incoming))
        self._mix_text = _elided(self.tr("Second style"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(self.tr("Mix with the second style"))
        self.slider.setToolTip(self.tr("Share of the second style in per cent"))
        self.slider.valueChanged.connect(self._mixed)
        self.slider.sliderReleased.connect(self._document.end_merge)
        self._per_cent = QLabel()
        self._per_cent.setAccessibleName(self.tr("Share of the second style"))
        self._per_cent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._per_cent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.button_clear_b = QToolButton()
        self.button_clear_b.setAutoRaise(True)
        self.button_clear_b.setAccessibleName(self.tr("Remove the second style"))
        self.button_clear_b.setToolTip(self.tr("Remove the second style"))
        icons().bind(self.button_clear_b, "close")
        self.button_clear_b.clicked.connect(lambda: self._put(with_slot(self._slots, B, None)))
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self._mix_text, 1)
        top.addWidget(self.button_clear_b)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.slider, 1)
        bottom.addWidget(self._per_cent)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(bottom)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.thumb_b)
        row.addLayout(column, 1)
        return row

    def _build_fold_button(self) -> QToolButton:
        self.button_fold = QToolButton()
        self.button_fold.setText(self.tr("A style for each block"))
        self.button_fold.setAccessibleName(self.tr("A style for each block"))
        self.button_fold.setToolTip(
            self.tr("Crossover: early blocks decide the coarse look, late blocks colour and texture")
        )
        self.button_fold.setCheckable(True)
        self.button_fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button_fold.setProperty("flat", True)
        icons().bind(self.button_fold, "chevron-right")
        self.button_fold.toggled.connect(self._unfold)
        return self.button_fold

    def _build_blocks(self) -> QWidget:
        box = QWidget()
        self._grid = QGridLayout(box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self.blocks: list[QComboBox] = []
        box.hide()
        return box

    def _fit_blocks(self, count: int) -> None:
        """As many choices as the weights have styled blocks."""
        if len(self.blocks) == count:
            return
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.blocks.clear()
        for i in range(count):
            caption = QLabel(str(i + 1))
            caption.setProperty("muted", True)
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            combo = QComboBox()
            combo.setAccessibleName(self.tr("Style of block {0}").format(i + 1))
            combo.setToolTip(self.tr("Block {0} of {1}, from coarse to fine").format(i + 1, count))
            combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            texts = (self.tr("First"), self.tr("Second"), self.tr("Mix"), self.tr("Mean"), self.tr("Other"))
            for choice, text in zip((*CHOICES, OTHER), texts):
                combo.addItem(text, choice)
            combo.activated.connect(lambda _, block=i: self._block_chosen(block))
            self.blocks.append(combo)
            self._grid.addWidget(caption, 2 * (i // 3), i % 3)
            self._grid.addWidget(combo, 2 * (i // 3) + 1, i % 3)

    # --- showing ------------------------------------------------------------------------------------

    @property
    def _label(self) -> int:
        return self._document.current_label

    @property
    def _slots(self) -> Slots:
        return split(self._document.style(self._label))

    def refresh(self, *_: object) -> None:
        """Show the document's style of the current label."""
        self._filling = True
        slots = self._slots
        label_set = self._document.label_set
        name = name_of(label_set, self._label)
        self._name.setText(name)
        self._show_thumb(self.thumb_a, slots.a)
        self._show_thumb(self.thumb_b, slots.b)
        _set_elided(self._source, style_source(slots.a, self._label, label_set))
        two = slots.b is not None
        second = style_source(slots.b, self._label, label_set) if slots.b is not None else ""
        _set_elided(self._mix_text, second or self.tr("Drop a second style to mix"))
        self.button_clear_b.setEnabled(two)
        self.button_clear_b.setVisible(two)
        self.slider.setEnabled(two)
        self.slider.setValue(round(100 * slots.amount))
        self._per_cent.setText(self.tr("{0} %").format(round(100 * slots.amount)) if two else "")
        self.button_reset.setEnabled(not isinstance(self._document.style(self._label), MeanStyle))
        count = len(slots.blocks) or self._block_count()
        self._fit_blocks(count)
        choices = slots.blocks or ((MIX if two else A),) * count
        if slots.blocks:
            self.button_fold.setChecked(True)
        for combo, choice in zip(self.blocks, choices):
            combo.setCurrentIndex(combo.findData(choice))
            model = combo.model()
            for row in range(combo.count()):
                data = combo.itemData(row)
                usable = two or data not in (B, MIX)
                usable = usable and (data != OTHER or choice == OTHER)
                model.setData(model.index(row, 0), None if usable else 0, Qt.ItemDataRole.UserRole - 1)
        self._filling = False

    def _show_thumb(self, thumb: Thumb, style: Style | None) -> None:
        if style is None:
            thumb.show_style(None, icon="plus")
            return
        side = thumb.sizeHint().width()
        pixmap = self._thumbnails.pixmap(style, self._document.label_set, side, self.devicePixelRatioF())
        mean = isinstance(style, MeanStyle)
        tint = QColor(*self._document.label_set.labels[self._label].colour) if mean else None
        label = self._label
        drag = None if mean or thumb is not self.thumb_a else lambda: style_mime(label)
        thumb.show_style(pixmap, icon="palette" if mean else "broken", tint=tint, drag=drag)

    def _styles_changed(self, labels: frozenset[int]) -> None:
        if self._label in labels:
            self.refresh()

    def _unfold(self, on: bool) -> None:
        self._fold.setVisible(on)
        icons().bind(self.button_fold, "chevron-down" if on else "chevron-right")

    # --- changing -----------------------------------------------------------------------------------

    def _put(self, slots: Slots) -> None:
        self._document.set_style(self._label, join(slots))

    def _reset(self) -> None:
        self._document.set_style(self._label, None)

    def _mixed(self, value: int) -> None:
        slots = self._slots
        if self._filling or slots.b is None:
            return
        self._per_cent.setText(self.tr("{0} %").format(value))
        changed = Slots(slots.a, slots.b, value / 100, slots.blocks, slots.others)
        text = self.tr("Mix styles of {0}").format(name_of(self._document.label_set, self._label))
        self._document.set_style(self._label, join(changed), text=text, merge=("mix", self._label))
        if not self.slider.isSliderDown():
            self._step_end.start()

    def _block_chosen(self, block: int) -> None:
        if not self._filling:
            self._put(with_block(self._slots, block, str(self.blocks[block].currentData()), count=len(self.blocks)))


def _elided(name: str) -> QLabel:
    """A one-line label that gives way instead of widening the panel."""
    label = QLabel()
    label.setProperty("muted", True)
    label.setAccessibleName(name)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _set_elided(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setToolTip(text)
    label.setAccessibleDescription(text)
