"""Small pieces that panels and dialogs are made of."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from app.shell.icons import icons


def icon_button(icon: str, name: str) -> QToolButton:
    """A small flat button that is only an icon; ``name`` is what a screen reader says."""
    button = QToolButton()
    button.setAutoRaise(True)
    button.setAccessibleName(name)
    icons().bind(button, icon)
    return button


def push_button(icon: str, text: str, tip: str = "") -> QPushButton:
    """A button with an icon and a text."""
    button = QPushButton(text)
    button.setAccessibleName(text.strip().rstrip("."))
    button.setToolTip(tip)
    icons().bind(button, icon)
    return button


def muted_label(text: str = "") -> QLabel:
    """A text that stands back: a caption, a hint."""
    label = QLabel(text)
    label.setProperty("muted", True)
    return label


def heading_label(text: str) -> QLabel:
    """A text over what belongs together."""
    label = QLabel(text)
    label.setProperty("heading", True)
    return label
