"""The pictures that come with Tessera, to take styles from: click for all regions, drag to one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPaintEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QWidget

from app.imaging.mime import file_mime
from app.library.samples import sample_name
from app.panels.thumb import Thumb

SIDE = 32
IN_ROW = 8  # what the panel holds without growing wider


class SampleStrip(QWidget):
    """One thumbnail for each picture, read once the strip has been painted: the first frame does not wait for files.
    Hidden where there are none."""

    picked = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Sample styles"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setColumnStretch(IN_ROW, 1)
        self.thumbs: list[Thumb] = []
        self._pictures: list[Path] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._read)
        self.hide()

    def show_pictures(self, pictures: list[Path]) -> None:
        """Show other pictures; the same ones stay as they are."""
        if pictures == self._pictures:
            return
        self._pictures = pictures
        for thumb in self.thumbs:
            self._grid.removeWidget(thumb)
            thumb.deleteLater()
        self.thumbs = []
        for position, picture_path in enumerate(pictures):
            thumb = Thumb(SIDE, self.tr("Styles of the sample {0}").format(sample_name(picture_path)))
            thumb.setAcceptDrops(False)
            thumb.setToolTip(
                self.tr("{0}: click to take all its styles, drag to a label or a region to take one").format(
                    sample_name(picture_path)
                )
            )
            self._show(thumb, picture_path, None)
            thumb.clicked.connect(lambda _=False, picture_path=picture_path: self.picked.emit(picture_path))
            self._grid.addWidget(thumb, position // IN_ROW, position % IN_ROW)
            self.thumbs.append(thumb)
        self.setVisible(bool(pictures))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if any(not thumb.has_picture for thumb in self.thumbs):
            self._later.start()

    def _read(self) -> None:
        for thumb, picture_path in zip(self.thumbs, self._pictures):
            if not thumb.has_picture:
                self._show(thumb, picture_path, QPixmap(str(picture_path)))

    def _show(self, thumb: Thumb, picture_path: Path, pixmap: QPixmap | None) -> None:
        thumb.show_style(pixmap, icon="photo", drag=lambda: file_mime(picture_path))
