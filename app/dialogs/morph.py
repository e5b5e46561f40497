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
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.panels.elided import ElidedLabel
from app.panels.thumb import Thumb
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
        title = QLabel(caption)
        title.setProperty("heading", True)
        self._source = ElidedLabel(caption)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(title)
        text.addWidget(self._source)
        text.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.thumb)
        row.addLayout(text, 1)

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

    def __init__(self, name: str, can: Abilities, locked: bool = False, parent: QWidget | None = None) -> None:
        """``locked``: the label keeps its style, so that the way can be looked at and written, but not taken."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Morph {0}").format(name))
        self._can, self._locked = can, locked
        self._picture = QLabel()
        self._picture.setFixedSize(SIDE, SIDE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setAccessibleName(self.tr("Preview"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(self.tr("Place on the way, in per cent"))
        self.slider.setToolTip(self.tr("Left is the first style, right the second"))
        self.slider.valueChanged.connect(self._moved)
        self._per_cent = QLabel(self.tr("{0} %").format(0))
        self._per_cent.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._per_cent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.first, self.second = _End(self.tr("From")), _End(self.tr("To"))
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self._picture)
        track = QHBoxLayout()
        track.addWidget(self.slider, 1)
        track.addWidget(self._per_cent)
        left.addLayout(track)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 14)
        row.setSpacing(18)
        row.addLayout(left)
        row.addLayout(self._build_right(), 1)
        self.setMinimumWidth(SIDE + 340)
        self.slider.setFocus()

    def _build_right(self) -> QVBoxLayout:
        no_samples = self.tr("These weights cannot draw styles")
        no_images = self.tr("These weights take no styles from pictures")
        roll = self.tr("A new random style") if self._can.samples else no_samples
        picture = self.tr("A region of a picture") if self._can.images else no_images
        self.button_dice = self._button("dice", self.tr("Roll"), roll)
        self.button_dice.clicked.connect(self.dice_wanted)
        self.button_mean = self._button("palette", self.tr("Mean"), self.tr("The mean style of the weights"))
        self.button_mean.clicked.connect(self.mean_wanted)
        self.button_picture = self._button("image-add", self.tr("Picture..."), picture)
        self.button_picture.clicked.connect(self.picture_wanted)
        ways = QHBoxLayout()
        ways.setSpacing(6)
        for button in (self.button_dice, self.button_mean, self.button_picture):
            ways.addWidget(button, 1)
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("What to write"))
        for text, kind in (
            (self.tr("Animated GIF"), GIF),
            (self.tr("Strip, all pictures in a row"), STRIP),
            (self.tr("PNG sequence in a new folder"), SEQUENCE),
        ):
            self.kind.addItem(text, kind)
        self.frames = QSpinBox()
        self.frames.setRange(MIN_FRAMES, MAX_FRAMES)
        self.frames.setValue(FRAMES)
        self.frames.setAccessibleName(self.tr("Number of pictures"))
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow(self.tr("Write"), self.kind)
        form.addRow(self.tr("Pictures"), self.frames)
        self._length = QLabel()
        self._length.setProperty("muted", True)
        self._length.setWordWrap(True)
        self._length.setAccessibleName(self.tr("What is written"))
        form.addRow("", self._length)
        self.kind.currentIndexChanged.connect(self._show_length)
        self.frames.valueChanged.connect(self._show_length)
        self._show_length()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.setAccessibleName(self.tr("Cancel the export"))
        self.stop.clicked.connect(self.cancel_wanted)
        running = QHBoxLayout()
        running.addWidget(self._bar, 1)
        running.addWidget(self.stop)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setAccessibleName(self.tr("Message"))
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(self.first)
        column.addWidget(self.second)
        column.addLayout(ways)
        column.addSpacing(8)
        column.addLayout(form)
        column.addLayout(running)
        column.addWidget(self._message)
        column.addStretch(1)
        column.addLayout(self._build_buttons())
        self.show_progress(None)
        return column

    def _build_buttons(self) -> QHBoxLayout:
        self.export = QPushButton(self.tr("Export..."))
        self.export.setProperty("primary", True)
        self.export.setToolTip(self.tr("Paint all pictures of the way and write them"))
        self.export.clicked.connect(lambda: self.export_wanted.emit(self.kind.currentData(), self.frames.value()))
        self.take = QPushButton(self.tr("Take this style"))
        self.take.setEnabled(not self._locked)
        held = self.tr("This style is locked; unlock it to change it")
        self.take.setToolTip(held if self._locked else self.tr("Give the label the style that the preview shows"))
        self.take.clicked.connect(self._take)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (close, self.take, self.export):
            button.setAccessibleName(button.text())
            button.setAutoDefault(False)
        row.addStretch(1)
        row.addWidget(close)
        row.addWidget(self.take)
        row.addWidget(self.export)
        return row

    # --- what the controller says -------------------------------------------------------------------

    @property
    def amount(self) -> float:
        """Where the slider is, 0 to 1."""
        return self.slider.value() / 100

    def show_picture(self, image: QImage) -> None:
        """The picture at the slider's place."""
        ratio = self.devicePixelRatioF()
        side = round(SIDE * ratio)
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(image.scaled(side, side, keep, smooth))
        pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)

    def show_progress(self, part: float | None) -> None:
        """How far the export is, 0 to 1; None: none runs."""
        running = part is not None
        self._bar.setVisible(running)
        self.stop.setVisible(running)
        self._bar.setValue(round(1000 * (part or 0.0)))
        for widget in (self.export, self.kind, self.frames, self.button_mean):
            widget.setEnabled(not running)
        self.button_dice.setEnabled(not running and self._can.samples)
        self.button_picture.setEnabled(not running and self._can.images)

    def show_message(self, text: str) -> None:
        """What was written, or what is wrong."""
        self._message.setText(text)

    # --- inside -------------------------------------------------------------------------------------

    def _button(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(f" {text}")
        button.setAccessibleName(text.rstrip("."))
        button.setToolTip(tip)
        button.setAutoDefault(False)
        icons().bind(button, icon)
        return button

    def _show_length(self, *_: object) -> None:
        """What will be written, in numbers."""
        count, kind = self.frames.value(), self.kind.currentData()
        if kind == GIF:
            frames = gif_frames(count)
            seconds = f"{frames * SECONDS_PER_FRAME:.1f}"
            text = self.tr("There and back: {0} frames, {1} s").format(frames, seconds)
        elif kind == STRIP:
            text = self.tr("One PNG with {0} pictures side by side").format(count)
        else:
            text = self.tr("{0} PNG files, each of which opens as a document").format(count)
        self._length.setText(text)

    def _moved(self, value: int) -> None:
        self._per_cent.setText(self.tr("{0} %").format(value))
        self.amount_changed.emit(value / 100)

    def _take(self) -> None:
        self.take_wanted.emit(self.amount)
        self.accept()
