"""A question with a few large answers, for what a dropped file should become."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCommandLinkButton, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.shell.icons import icons


@dataclass(frozen=True)
class Choice:
    """One answer: what the caller knows it by, its icon, a few words and one line."""

    id: str
    icon: str
    text: str
    line: str


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
        heading = QLabel(question)
        heading.setProperty("heading", True)
        heading.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 12)
        column.setSpacing(6)
        top = QHBoxLayout()
        top.setSpacing(14)
        if preview is not None:
            picture = QLabel()
            picture.setAccessibleName(self.tr("Preview"))
            picture.setPixmap(preview)
            top.addWidget(picture)
        top.addWidget(heading, 1)
        column.addLayout(top)
        column.addSpacing(6)
        self.buttons: dict[str, QCommandLinkButton] = {}
        for choice in choices:
            button = QCommandLinkButton(choice.text, choice.line)
            button.setAccessibleName(choice.text)
            button.setIconSize(QSize(24, 24))
            icons().bind(button, choice.icon)
            button.clicked.connect(lambda _=False, name=choice.id: self._choose(name))
            self.buttons[choice.id] = button
            column.addWidget(button)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        box.rejected.connect(self.reject)
        column.addSpacing(4)
        column.addWidget(box)

    def _choose(self, name: str) -> None:
        self.accept()
        self.chosen.emit(name)
