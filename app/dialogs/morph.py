"""Morphing: from a label's style to another one, looked at with a slider and written as strip, GIF or PNG sequence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.panels.elided import ElidedLabel
from app.panels.thumb import Thumb
from app.panels.widgets import heading_label, horizontal_slider, muted_label, set_primary
from app.shell.icons import icons
from engine.requests.animation import SECONDS_PER_FRAME, gif_frames
from engine.requests.morph import MAX_FRAMES, MIN_FRAMES
from engine.systems.base import Abilities

SIDE = 384
FRAMES = 12
STRIP, GIF, SEQUENCE = "strip", "gif", "sequence"


class _End(QWidget):
    """One end of the way: a picture and where it comes from."""

    def __init__(self, caption: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.thumb = Thumb(64, caption)
        self.thumb.setAcceptDrops(False)
        self.thumb.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.thumb.setEnabled(False)
        caption_label = heading_label(caption)
        self._source = ElidedLabel(caption)
        text_column = QVBoxLayout()
        text_column.setSpacing(2)
        text_column.addWidget(caption_label)
        text_column.addWidget(self._source)
        text_column.addStretch(1)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(10)
        row_layout.addWidget(self.thumb)
        row_layout.addLayout(text_column, 1)

    def show_end(self, pixmap: QPixmap | None, icon: str, tint: QColor | None, source: str) -> None:
        """A style's thumbnail, or an icon, and one line about it."""
        self.thumb.show_style(pixmap, icon=icon, tint=tint)
        self._source.show_text(source)


class MorphDialog(QDialog):
    """Shows both ends, the picture between them and what to write; who paints is the controller's business."""

    amount_changed = Signal(float)  # 0 to 1
    dice_wanted = Signal()
    mean_wanted = Signal()
    picture_wanted = Signal()
    take_wanted = Signal(float)
    export_wanted = Signal(str, int)  # kind, frames
    cancel_wanted = Signal()

    def __init__(self, name: str, abilities: Abilities, locked: bool = False, parent: QWidget | None = None) -> None:
        """``locked``: the label keeps its style, so that the way can be looked at and written, but not taken."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Morph {0}").format(name))
        self._can, self._locked = abilities, locked
        self._picture = QLabel()
        self._picture.setFixedSize(SIDE, SIDE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setAccessibleName(self.tr("Preview"))
        self.slider = horizontal_slider()
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(self.tr("Place on the way, in per cent"))
        self.slider.setToolTip(self.tr("Left is the first style, right the second"))
        self.slider.valueChanged.connect(self._moved)
        self._per_cent = QLabel(self.tr("{0} %").format(0))
        self._per_cent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._per_cent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.first, self.second = _End(self.tr("From")), _End(self.tr("To"))
        left_column = QVBoxLayout()
        left_column.setSpacing(8)
        left_column.addWidget(self._picture)
        slider_row = QHBoxLayout()
        slider_row.addWidget(self.slider, 1)
        slider_row.addWidget(self._per_cent)
        left_column.addLayout(slider_row)
        left_column.addStretch(1)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(16, 16, 16, 14)
        row_layout.setSpacing(18)
        row_layout.addLayout(left_column)
        row_layout.addLayout(self._build_right(), 1)
        set_primary(self.export)
        self.setMinimumWidth(SIDE + 340)
        self.slider.setFocus()

    def _build_right(self) -> QVBoxLayout:
        no_samples = self.tr("These weights cannot draw styles")
        no_images = self.tr("These weights take no styles from pictures")
        dice_tip = self.tr("A new random style") if self._can.samples else no_samples
        picture_tip = self.tr("A region of a picture") if self._can.images else no_images
        self.button_dice = self._button("dice", self.tr("Roll"), dice_tip)
        self.button_dice.clicked.connect(self.dice_wanted)
        self.button_mean = self._button("palette", self.tr("Mean"), self.tr("The mean style of the weights"))
        self.button_mean.clicked.connect(self.mean_wanted)
        self.button_picture = self._button("image-add", self.tr("Picture..."), picture_tip)
        self.button_picture.clicked.connect(self.picture_wanted)
        source_row = QHBoxLayout()
        source_row.setSpacing(6)
        for button in (self.button_dice, self.button_mean, self.button_picture):
            source_row.addWidget(button, 1)
        column_layout = QVBoxLayout()
        column_layout.setSpacing(10)
        column_layout.addWidget(self.first)
        column_layout.addWidget(self.second)
        column_layout.addLayout(source_row)
        column_layout.addSpacing(8)
        column_layout.addLayout(self._build_form())
        column_layout.addLayout(self._build_progress())
        column_layout.addWidget(self._message)
        column_layout.addStretch(1)
        column_layout.addLayout(self._build_buttons())
        self.show_progress(None)
        return column_layout

    def _build_form(self) -> QFormLayout:
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("What to write"))
        for caption, export_kind in (
            (self.tr("Animated GIF"), GIF),
            (self.tr("Strip, all pictures in a row"), STRIP),
            (self.tr("PNG sequence in a new folder"), SEQUENCE),
        ):
            self.kind.addItem(caption, export_kind)
        self.frames = QSpinBox()
        self.frames.setRange(MIN_FRAMES, MAX_FRAMES)
        self.frames.setValue(FRAMES)
        self.frames.setAccessibleName(self.tr("Number of pictures"))
        form_layout = QFormLayout()
        form_layout.setSpacing(8)
        form_layout.addRow(self.tr("Write"), self.kind)
        form_layout.addRow(self.tr("Pictures"), self.frames)
        self._length = muted_label()
        self._length.setWordWrap(True)
        self._length.setAccessibleName(self.tr("What is written"))
        form_layout.addRow("", self._length)
        self.kind.currentIndexChanged.connect(self._show_length)
        self.frames.valueChanged.connect(self._show_length)
        self._show_length()
        return form_layout

    def _build_progress(self) -> QHBoxLayout:
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.setAccessibleName(self.tr("Cancel the export"))
        self.stop.clicked.connect(self.cancel_wanted)
        progress_row = QHBoxLayout()
        progress_row.addWidget(self._bar, 1)
        progress_row.addWidget(self.stop)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setAccessibleName(self.tr("Message"))
        return progress_row

    def _build_buttons(self) -> QHBoxLayout:
        self.export = QPushButton(self.tr("Export..."))
        self.export.setToolTip(self.tr("Paint all pictures of the way and write them"))
        self.export.clicked.connect(lambda: self.export_wanted.emit(self.kind.currentData(), self.frames.value()))
        self.take = QPushButton(self.tr("Take this style"))
        self.take.setEnabled(not self._locked)
        locked_hint = self.tr("This style is locked; unlock it to change it")
        self.take.setToolTip(
            locked_hint if self._locked else self.tr("Give the label the style that the preview shows")
        )
        self.take.clicked.connect(self._take)
        close_button = QPushButton(self.tr("Close"))
        close_button.clicked.connect(self.reject)
        row_layout = QHBoxLayout()
        row_layout.setSpacing(6)
        for button in (close_button, self.take, self.export):
            button.setAccessibleName(button.text())
        row_layout.addStretch(1)
        row_layout.addWidget(close_button)
        row_layout.addWidget(self.take)
        row_layout.addWidget(self.export)
        return row_layout

    # --- what the controller says -------------------------------------------------------------------

    @property
    def amount(self) -> float:
        """Where the slider is, 0 to 1."""
        return self.slider.value() / 100

    def show_picture(self, image: QImage) -> None:
        """The picture at the slider's place."""
        pixel_ratio = self.devicePixelRatioF()
        side_pixels = round(SIDE * pixel_ratio)
        keep_ratio, smooth_scaling = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(image.scaled(side_pixels, side_pixels, keep_ratio, smooth_scaling))
        pixmap.setDevicePixelRatio(pixel_ratio)
        self._picture.setPixmap(pixmap)

    def show_progress(self, fraction: float | None) -> None:
        """How far the export is, 0 to 1; None: none runs."""
        running = fraction is not None
        self._bar.setVisible(running)
        self.stop.setVisible(running)
        self._bar.setValue(round(1000 * (fraction or 0.0)))
        for widget in (self.export, self.kind, self.frames, self.button_mean):
            widget.setEnabled(not running)
        self.button_dice.setEnabled(not running and self._can.samples)
        self.button_picture.setEnabled(not running and self._can.images)

    def show_message(self, message: str) -> None:
        """What was written, or what is wrong."""
        self._message.setText(message)

    # --- inside -------------------------------------------------------------------------------------

    def _button(self, icon: str, caption: str, tool_tip: str) -> QPushButton:
        button = QPushButton(f" {caption}")
        button.setAccessibleName(caption.rstrip("."))
        button.setToolTip(tool_tip)
        icons().bind(button, icon)
        return button

    def _show_length(self, *_: object) -> None:
        """What will be written, in numbers."""
        frame_count, export_kind = self.frames.value(), self.kind.currentData()
        if export_kind == GIF:
            gif_frame_count = gif_frames(frame_count)
            seconds = f"{gif_frame_count * SECONDS_PER_FRAME:.1f}"
            summary = self.tr("There and back: {0} frames, {1} s").format(gif_frame_count, seconds)
        elif export_kind == STRIP:
            summary = self.tr("One PNG with {0} pictures side by side").format(frame_count)
        else:
            summary = self.tr("{0} PNG files, each of which opens as a document").format(frame_count)
        self._length.setText(summary)

    def _moved(self, per_cent: int) -> None:
        self._per_cent.setText(self.tr("{0} %").format(per_cent))
        self.amount_changed.emit(per_cent / 100)

    def _take(self) -> None:
        self.take_wanted.emit(self.amount)
        self.accept()
