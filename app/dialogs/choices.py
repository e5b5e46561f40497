"""A question with a few large answers, for what a dropped file should become."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCommandLinkButton,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.widgets import heading_label
from app.shell.icons import icons


@dataclass(frozen=True)
class Choice:
    """One answer: what the caller knows it by, its icon, a few words and one line. ``rare``: shown on demand."""

    id: str
    icon: str
    text: str
    line: str
    rare: bool = False


class ChoiceDialog(QDialog):
    """Shows the choices; ``chosen`` tells which one was taken."""

    chosen = Signal(str)

    def __init__(
        self,
        title: str,
        question: str,
        choices: list[Choice],
        *,
        preview: QPixmap | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        question_label = heading_label(question)
        question_label.setWordWrap(True)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(6)
        question_row = QHBoxLayout()
        question_row.setSpacing(14)
        if preview is not None:
            preview_label = QLabel()
            preview_label.setAccessibleName(self.tr("Preview"))
            preview_label.setPixmap(preview)
            question_row.addWidget(preview_label)
        question_row.addWidget(question_label, 1)
        column_layout.addLayout(question_row)
        column_layout.addSpacing(6)
        self.buttons: dict[str, QCommandLinkButton] = {}
        for choice in choices:
            button = QCommandLinkButton(choice.text, choice.line)
            button.setAccessibleName(choice.text)
            button.setIconSize(QSize(24, 24))
            icons().bind(button, choice.icon)
            button.clicked.connect(lambda _=False, choice_id=choice.id: self._choose(choice_id))
            button.setHidden(choice.rare)
            self.buttons[choice.id] = button
            column_layout.addWidget(button)
        self._rare_buttons = [self.buttons[choice.id] for choice in choices if choice.rare]
        self.more_button = QPushButton(self.tr("More ..."))
        self.more_button.setFlat(True)
        self.more_button.setVisible(bool(self._rare_buttons))
        self.more_button.clicked.connect(self._show_rare)
        column_layout.addWidget(self.more_button, alignment=Qt.AlignmentFlag.AlignLeft)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        button_box.rejected.connect(self.reject)
        column_layout.addSpacing(4)
        column_layout.addWidget(button_box)

    def _show_rare(self) -> None:
        self.more_button.hide()
        for button in self._rare_buttons:
            button.show()
        self._rare_buttons[0].setFocus()

    def _choose(self, choice_id: str) -> None:
        self.accept()
        self.chosen.emit(choice_id)
