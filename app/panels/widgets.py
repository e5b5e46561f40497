"""Small pieces that panels and dialogs are made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QLabel,
    QProxyStyle,
    QPushButton,
    QSlider,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QToolBar,
    QToolButton,
    QWidget,
)

from app.shell.icons import icons

KEYBOARD_STEP_ENDS_MS = 700


def keyboard_step_timer(parent: QObject, end_step: Callable[[], object]) -> QTimer:
    """A value moved by keys has no release: the timer is started at each key, and a pause ends the step."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(KEYBOARD_STEP_ENDS_MS)
    timer.timeout.connect(end_step)
    return timer


def icon_button(icon_name: str, accessible_name: str) -> QToolButton:
    """A small flat button that is only an icon; ``accessible_name`` is what a screen reader says."""
    button = QToolButton()
    button.setAutoRaise(True)
    button.setAccessibleName(accessible_name)
    icons().bind(button, icon_name)
    return button


def push_button(icon_name: str, caption: str, tool_tip: str = "") -> QPushButton:
    """A button with an icon and a text."""
    button = QPushButton(caption)
    button.setAccessibleName(caption.strip().rstrip("."))
    button.setToolTip(tool_tip)
    icons().bind(button, icon_name)
    return button


def set_primary(button: QPushButton) -> None:
    """Paint ``button`` as the one that Enter presses in its dialog, and make it so wherever the focus is: the others
    are for the mouse and the space bar. To be called when all buttons are in the dialog."""
    for push_button in button.window().findChildren(QPushButton):
        push_button.setAutoDefault(False)
    button.setProperty("primary", True)
    button.setDefault(True)
    button.style().unpolish(button)  # a button box has asked for its looks already: they are those from before
    button.style().polish(button)


class _JumpingStyle(QProxyStyle):
    """Fusion, but a click into a slider's groove goes to where it was clicked.

    For sliders alone: as the style of the whole application it is asked thousands of times before the window is shown,
    and each time waits for the interpreter that a worker may hold.
    """

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_Slider_AbsoluteSetButtons:
            return Qt.MouseButton.LeftButton.value
        return super().styleHint(hint, option, widget, returnData)


def horizontal_slider() -> QSlider:
    """A slider that goes to where its groove is clicked."""
    slider = QSlider(Qt.Orientation.Horizontal)
    style = _JumpingStyle("Fusion")
    style.setParent(slider)
    slider.setStyle(style)
    return slider


def muted_label(caption: str = "") -> QLabel:
    """A text that stands back: a caption, a hint."""
    label = QLabel(caption)
    label.setProperty("muted", True)
    return label


def heading_label(caption: str) -> QLabel:
    """A text over what belongs together."""
    label = QLabel(caption)
    label.setProperty("heading", True)
    return label


def tool_column(accessible_name: str) -> QToolBar:
    """An upright bar for the tools of a dialog, which looks as the window's own."""
    tool_bar = QToolBar()
    tool_bar.setObjectName("toolBar")
    tool_bar.setOrientation(Qt.Orientation.Vertical)
    tool_bar.setIconSize(QSize(20, 20))
    tool_bar.setAccessibleName(accessible_name)
    return tool_bar
