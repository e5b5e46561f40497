"""How an edited photo is written: what goes along, how a JPEG is compressed, the photo as it was beside it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, QSpinBox, QVBoxLayout, QWidget

from app.jobs.writing import JPEG_SUFFIXES, PhotoExport
from app.panels.widgets import muted_label, set_primary

QUALITY = 92  # offered where the photo's own is not wanted


class ExportPhotoDialog(QDialog):
    """Asks before a photo is written to a file whose name is known."""

    chosen = Signal(object)  # PhotoExport

    def __init__(self, target_path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {0}").format(target_path.name))
        self.setMinimumWidth(420)
        self.keep_place = QCheckBox(self.tr("Keep the place where it was taken, and serial numbers"))
        self.own_quality = QCheckBox(self.tr("Use the photo's own JPEG quality"))
        self.own_quality.setChecked(True)
        self.quality = QSpinBox()
        self.quality.setRange(1, 100)
        self.quality.setValue(QUALITY)
        self.quality.setAccessibleName(self.tr("JPEG quality"))
        self.quality.setEnabled(False)
        self.own_quality.toggled.connect(lambda own: self.quality.setEnabled(not own))
        self.with_before = QCheckBox(self.tr("Before and after, side by side"))
        for box in (self.keep_place, self.own_quality, self.with_before):
            box.setAccessibleName(box.text())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        export = buttons.addButton(self.tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(8)
        self.kept = muted_label(self._kept(target_path.suffix.lower()))
        self.kept.setWordWrap(True)
        column_layout.addWidget(self.kept)
        column_layout.addWidget(self.keep_place)
        column_layout.addWidget(self.with_before)
        self.is_jpeg = target_path.suffix.lower() in JPEG_SUFFIXES
        if self.is_jpeg:
            form_layout = QFormLayout()
            form_layout.addRow(self.own_quality)
            form_layout.addRow(self.tr("JPEG quality"), self.quality)
            column_layout.addLayout(form_layout)
            whole_picture = muted_label(
                self.tr(
                    "A JPEG is compressed as a whole: pixels beside the edits move by a few levels. A PNG keeps them."
                )
            )
            whole_picture.setWordWrap(True)
            column_layout.addWidget(whole_picture)
        column_layout.addSpacing(4)
        column_layout.addWidget(buttons)
        set_primary(export)

    def _kept(self, suffix: str) -> str:
        """What goes along into a file of that ending."""
        if suffix == ".webp":
            return self.tr("Saved at the photo's size, with its profile, camera settings and XMP captions.")
        if suffix == ".png":
            return self.tr("Saved at the photo's size, with its profile, resolution, camera settings and XMP captions.")
        return self.tr(
            "Saved at the photo's size, with its profile, resolution, camera settings and captions (XMP, IPTC)."
        )

    def accept(self) -> None:
        """Tell the choice by ``chosen``, and close."""
        own_quality = not self.is_jpeg or self.own_quality.isChecked()
        self.chosen.emit(
            PhotoExport(
                keep_place=self.keep_place.isChecked(),
                quality=None if own_quality else self.quality.value(),
                with_before=self.with_before.isChecked(),
            )
        )
        super().accept()
