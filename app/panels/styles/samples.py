"""The pictures that come with Tessera, to take styles from: click for all regions, drag to one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPaintEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QWidget

from app.imaging.mime import file_mime
from app.panels.thumb import Thumb
from engine.files import resource
from engine.labels.label_sets import LabelSet, load_label_set

SIDE = 32
IN_ROW = 8  # what the panel holds without growing wider
LABELS = ".labels.png"  # beside NAME.png stands its label map, NAME.labels.png


def sample_styles() -> list[Path]:
    """The pictures, by name."""
    return [path for path in sorted(resource("styles").glob("*.png")) if not path.name.endswith(LABELS)]


@cache
def sample_labels() -> LabelSet:
    """The labels whose styles the pictures have: they are portraits."""
    return load_label_set("faces")


class SampleStrip(QWidget):
    """One thumbnail for each picture, read once the strip has been painted: the first frame does not wait for files.
    Hidden where there are none."""

    picked = Signal(object)  # Path

    def __init__(self, pictures: list[Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Sample styles"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        self.thumbs: list[Thumb] = []
        for i, path in enumerate(pictures):
            name = path.stem.replace("_", " ").replace("-", " ")
            thumb = Thumb(SIDE, self.tr("Styles of the sample {0}").format(name))
            thumb.setAcceptDrops(False)
            thumb.setToolTip(
                self.tr("{0}: click to take all its styles, drag to a label or a region to take one").format(
                    name[:1].upper() + name[1:]
                )
            )
            self._show(thumb, path, None)
            thumb.clicked.connect(lambda _=False, path=path: self.picked.emit(path))
            grid.addWidget(thumb, i // IN_ROW, i % IN_ROW)
            self.thumbs.append(thumb)
        grid.setColumnStretch(IN_ROW, 1)
        self.setVisible(bool(pictures))
        self._pictures = pictures
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._read)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if any(not thumb.has_picture for thumb in self.thumbs):
            self._later.start()

    def _read(self) -> None:
        for thumb, path in zip(self.thumbs, self._pictures):
            if not thumb.has_picture:
                self._show(thumb, path, QPixmap(str(path)))

    def _show(self, thumb: Thumb, path: Path, picture: QPixmap | None) -> None:
        thumb.show_style(picture, icon="photo", drag=lambda: file_mime(path))
