"""What was left by a crash: a picture, a name, when and how many steps, to be brought back or thrown away."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.document.saved.process_folders import Leftover
from app.panels.widgets import heading_label
from app.shell.i18n import tr

PICTURE = 112
MOST_IN_SIGHT = 3


class RecoveryRow(QFrame):
    """One document that was left."""

    restore_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, leftover: Leftover, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        manifest = leftover.manifest
        title = manifest.title or self.tr("A document that is damaged")
        picture_label = QLabel()
        picture_label.setAccessibleName(self.tr("Preview"))
        picture_label.setFixedSize(PICTURE, PICTURE)
        picture_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        image = QImage.fromData(leftover.thumbnail)
        if not image.isNull():
            keep_ratio, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            picture_label.setPixmap(QPixmap.fromImage(image.scaled(QSize(PICTURE, PICTURE), keep_ratio, smooth)))
        name_label = QLabel(f"<b>{title}</b>")
        name_label.setTextFormat(Qt.TextFormat.RichText)
        name_label.setToolTip(manifest.path)
        about_label = QLabel(about_text(leftover))
        about_label.setWordWrap(True)
        self.restore_button = QPushButton(self.tr("Bring back"))
        self.restore_button.setAccessibleName(self.tr("Bring back {0}").format(title))
        self.restore_button.clicked.connect(self.restore_wanted)
        self.discard_button = QPushButton(self.tr("Throw away"))
        self.discard_button.setAccessibleName(self.tr("Throw {0} away").format(title))
        self.discard_button.clicked.connect(self.discard_wanted)
        button_row = QHBoxLayout()
        button_row.addWidget(self.restore_button)
        button_row.addWidget(self.discard_button)
        button_row.addStretch(1)
        text_column = QVBoxLayout()
        text_column.addWidget(name_label)
        text_column.addWidget(about_label)
        text_column.addStretch(1)
        text_column.addLayout(button_row)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 6, 0, 6)
        row_layout.setSpacing(14)
        row_layout.addWidget(picture_label)
        row_layout.addLayout(text_column, 1)


def about_text(leftover: Leftover) -> str:
    """When it was kept, and how many steps lead to it."""
    manifest = leftover.manifest
    moment = QDateTime.fromSecsSinceEpoch(int(manifest.saved))
    time_text = QLocale().toString(moment, QLocale.FormatType.ShortFormat)
    if manifest.steps == 1:
        return tr("Kept {0}, after one step").format(time_text)
    return tr("Kept {0}, after {1} steps").format(time_text, manifest.steps)


class RecoveryDialog(QDialog):
    """Lists what was left; rows go as they are dealt with, and what is not stays for the next start."""

    restore_wanted = Signal(object)  # Leftover
    discard_wanted = Signal(object)  # Leftover

    def __init__(self, left: list[Leftover], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if len(left) == 1:
            self.setWindowTitle(self.tr("A document that was not closed"))
            heading = heading_label(self.tr("Tessera ended before this document was saved"))
        else:
            self.setWindowTitle(self.tr("Documents that were not closed"))
            heading = heading_label(self.tr("Tessera ended before these documents were saved"))
        self.setMinimumWidth(480)
        heading.setWordWrap(True)
        self.rows: dict[str, RecoveryRow] = {}
        rows_widget = QWidget()
        rows_layout = QVBoxLayout(rows_widget)
        rows_layout.setContentsMargins(0, 0, 8, 0)
        for leftover in left:
            row = RecoveryRow(leftover)
            row.restore_wanted.connect(lambda leftover=leftover: self._restore(leftover))
            row.discard_wanted.connect(lambda leftover=leftover: self._discard(leftover))
            self.rows[leftover.folder.name] = row
            rows_layout.addWidget(row)
        rows_layout.addStretch(1)
        scroll_area = QScrollArea()
        scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        scroll_area.setWidgetResizable(True)
        scroll_area.setWidget(rows_widget)
        scroll_area.setMinimumHeight((PICTURE + 20) * min(len(left), MOST_IN_SIGHT))
        note_label = QLabel(self.tr("What you do not deal with now is shown again at the next start."))
        note_label.setWordWrap(True)
        button_box = QDialogButtonBox()
        later_button = button_box.addButton(self.tr("Later"), QDialogButtonBox.ButtonRole.RejectRole)
        later_button.setAutoDefault(False)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.addWidget(heading)
        column_layout.addWidget(scroll_area, 1)
        column_layout.addWidget(note_label)
        column_layout.addWidget(button_box)
        next(iter(self.rows.values())).restore_button.setDefault(True)
        next(iter(self.rows.values())).restore_button.setFocus()

    def _restore(self, leftover: Leftover) -> None:
        self.accept()  # another one can be brought back at the next start
        self.restore_wanted.emit(leftover)

    def _discard(self, leftover: Leftover) -> None:
        self.discard_wanted.emit(leftover)
        self.rows.pop(leftover.folder.name).deleteLater()
        if not self.rows:
            self.accept()
