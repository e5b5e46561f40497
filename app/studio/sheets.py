"""The sample sheets of a run: the same pictures with the same seeds, step after step, with a scrubber over time."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.imaging.pixels import to_qimage
from app.jobs.work_lane import Work, WorkLane
from app.panels.widgets import heading_label, horizontal_slider
from app.texts.translate import translate
from app.training.history import Sheet
from engine.errors import BadFile
from engine.pictures.images import read_image

KEPT = 12  # sheets in memory: dragging to and fro is quick
MAX_SIDE = 4096


def read_sheet(work: Work, sheet_path: Path) -> QImage:
    """Decode one sheet, in the format that is scaled quickest. Runs in the work lane. Raises BadFile."""
    work.check()
    return to_qimage(read_image(sheet_path, max_side=MAX_SIDE).pixels).convertToFormat(QImage.Format.Format_RGB32)


class SheetCanvas(QWidget):
    """Shows one picture as large as fits, or a line where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._scaled: QPixmap | None = None
        self._text = ""
        self.setMinimumHeight(90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(600, 240)

    def show_image(self, image: QImage | None, placeholder: str = "") -> None:
        """Show a picture, or `placeholder` in its place."""
        self._image, self._text, self._scaled = image, placeholder, None
        self.update()

    @property
    def image(self) -> QImage | None:
        return self._image

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scaled = None
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        if self._image is None:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(
                self.rect().adjusted(16, 8, -16, -8),
                Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                self._text,
            )
        else:
            pixel_ratio = self.devicePixelRatioF()
            if self._scaled is None:
                keep_ratio, smooth_scaling = (
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
                self._scaled = QPixmap.fromImage(
                    self._image.scaled(self.size() * pixel_ratio, keep_ratio, smooth_scaling)
                )
                self._scaled.setDevicePixelRatio(pixel_ratio)
            scaled_size = self._scaled.deviceIndependentSize().toSize()
            picture_place = QRect(0, 0, scaled_size.width(), scaled_size.height())
            picture_place.moveCenter(self.rect().center())
            painter.drawPixmap(picture_place.topLeft(), self._scaled)
        painter.end()


class SheetsView(QWidget):
    """The sheets of the shown run, the newest unless the user goes back in time."""

    def __init__(self, work_lane: WorkLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = work_lane
        self._sheets: list[Sheet] = []
        self._cache: OrderedDict[Path, QImage] = OrderedDict()
        self._reading: Work | None = None
        self._filling = False
        self.canvas = SheetCanvas()
        self.canvas.setAccessibleName(self.tr("Samples"))
        heading = heading_label(self.tr("Samples"))
        self.slider = horizontal_slider()
        self.slider.setAccessibleName(self.tr("Step of the samples"))
        self.slider.setToolTip(self.tr("Drag, or use the arrow keys, to see how the same pictures came about"))
        self.slider.valueChanged.connect(self._slid)
        self.step = QLabel()
        self.step.setAccessibleName(self.tr("Step of the samples shown"))
        self.step.setMinimumWidth(self.fontMetrics().horizontalAdvance("0000000000") + 8)
        self.step.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.follow = QCheckBox(self.tr("Newest"))
        self.follow.setToolTip(self.tr("Go to new samples as they are painted"))
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._follow)
        row_layout = QHBoxLayout()
        row_layout.setSpacing(10)
        row_layout.addWidget(heading)
        row_layout.addWidget(self.slider, 1)
        row_layout.addWidget(self.step)
        row_layout.addWidget(self.follow)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(6)
        column_layout.addLayout(row_layout)
        column_layout.addWidget(self.canvas, 1)
        self.show_sheets([])

    def show_sheets(self, sheets: list[Sheet]) -> None:
        """The sheets there are, by step; call it again when one has come."""
        if sheets and sheets == self._sheets:
            return
        other_run = not sheets or not self._sheets or sheets[0].path.parent != self._sheets[0].path.parent
        self._sheets = list(sheets)
        if other_run:
            self._cache.clear()
        self._filling = True
        self.slider.setEnabled(len(sheets) > 1)
        position = self.slider.value()
        self.slider.setRange(0, max(0, len(sheets) - 1))
        if self.follow.isChecked() or other_run:
            position = len(sheets) - 1
        self.slider.setValue(max(0, position))
        self._filling = False
        self._show()

    @property
    def shown(self) -> Sheet | None:
        """The sheet at the slider's place."""
        return self._sheets[self.slider.value()] if self._sheets else None

    def _slid(self, position: int) -> None:
        if not self._filling:
            self.follow.setChecked(position == len(self._sheets) - 1)
            self._show()

    def _follow(self, follows: bool) -> None:
        if follows and self._sheets:
            self.slider.setValue(len(self._sheets) - 1)

    def _show(self) -> None:
        sheet = self.shown
        if sheet is None:
            self.step.clear()
            self.canvas.show_image(
                None, self.tr("Here the same pictures appear again and again, painted by the network as it learns.")
            )
            return
        self.step.setText(self.tr("Step {0}").format(sheet.step))
        if sheet.path in self._cache:
            self._cache.move_to_end(sheet.path)
            self.canvas.show_image(self._cache[sheet.path])
            return
        if self._reading is not None and not self._reading.settled:
            self._reading.cancel()  # the slider has moved on
        self._reading = self._lane.submit(
            lambda work: read_sheet(work, sheet.path),
            text=self.tr("Reading samples"),
            on_done=partial(self._read, sheet),
            on_failed=partial(self._missing, sheet),
        )

    def _read(self, sheet: Sheet, image: QImage) -> None:
        self._cache[sheet.path] = image
        while len(self._cache) > KEPT:
            self._cache.popitem(last=False)
        if self.shown == sheet:
            self.canvas.show_image(image)

    def _missing(self, sheet: Sheet, error: Exception) -> None:
        if self.shown == sheet and isinstance(error, BadFile):
            self.canvas.show_image(None, translate(str(error)))
