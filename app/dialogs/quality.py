"""How much of a painting a JPEG or WebP file keeps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QSpinBox, QVBoxLayout, QWidget

from app.panels.widgets import muted_label, set_primary
from engine.pictures.images import QUALITY


class QualityDialog(QDialog):
    """Asks for the quality before a painting is written to a file whose name is known."""

    chosen = Signal(int)  # 1 to 100

    def __init__(self, target_path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {0}").format(target_path.name))
        self.setMinimumWidth(360)
        self.quality = QSpinBox()
        self.quality.setRange(1, 100)
        self.quality.setValue(QUALITY)
        self.quality.setAccessibleName(self.tr("Quality"))
        explanation = muted_label(self.tr("A higher quality keeps more detail in a larger file."))
        explanation.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        export = buttons.addButton(self.tr("Export"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form_layout = QFormLayout()
        form_layout.addRow(self.tr("Quality"), self.quality)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(8)
        column_layout.addLayout(form_layout)
        column_layout.addWidget(explanation)
        column_layout.addWidget(buttons)
        set_primary(export)

    def accept(self) -> None:
        """Tell the choice by ``chosen``, and close."""
        self.chosen.emit(self.quality.value())
        super().accept()
