"""Small widgets of the studio: a folder to choose, a number to type, a duration to read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QStyle, QStyleOptionFrame, QToolButton, QWidget

from app.shell.i18n import tr
from app.shell.icons import icons


class PathLine(QLineEdit):
    """A line for a path. While nobody types, one that is too long shows its end behind three dots."""

    def shown_text(self) -> str:
        """What can be read of the path."""
        room = self._text_box().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideLeft, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.hasFocus() or self.shown_text() == self.text():
            super().paintEvent(event)
            return
        style_option = QStyleOptionFrame()
        self.initStyleOption(style_option)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, style_option, painter, self)
        left_middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.style().drawItemText(
            painter,
            self._text_box(),
            left_middle,
            self.palette(),
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )
        painter.end()

    def _text_box(self) -> QRect:
        style_option = QStyleOptionFrame()
        self.initStyleOption(style_option)
        element = QStyle.SubElement.SE_LineEditContents
        return self.style().subElementRect(element, style_option, self).adjusted(2, 0, -2, 0)


class FolderEdit(QWidget):
    """A line for a folder's path with a button that asks for it; folders can be dropped on it."""

    changed = Signal(object)  # Path | None, when the user is done

    def __init__(
        self, accessible_name: str, ask_folder: Callable[[], Path | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ask = ask_folder
        self.setAccessibleName(accessible_name)
        self.line = PathLine()
        self.line.setAccessibleName(accessible_name)
        self.line.editingFinished.connect(self.commit)
        self.button = QToolButton()
        self.button.setAccessibleName(self.tr("Choose: {0}").format(accessible_name))
        self.button.setToolTip(self.tr("Choose: {0}").format(accessible_name))
        icons().bind(self.button, "open")
        self.button.clicked.connect(self._choose)
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(4)
        row_layout.addWidget(self.line, 1)
        row_layout.addWidget(self.button)
        self._last: Path | None = None

    @property
    def path(self) -> Path | None:
        """What stands in the line; None when it is empty."""
        path_text = self.line.text().strip()
        return Path(path_text).expanduser() if path_text else None

    def set_path(self, chosen_path: Path | None, *, tell: bool = False) -> None:
        """Put a path into the line."""
        with QSignalBlocker(self.line):
            self.line.setText(str(chosen_path) if chosen_path is not None else "")
        self.line.setCursorPosition(len(self.line.text()))
        self.line.setToolTip(self.line.text())
        if tell:
            self.commit()
        else:
            self._last = self.path

    def _choose(self) -> None:
        chosen_path = self._ask()
        if chosen_path is not None:
            self.set_path(chosen_path, tell=True)

    def commit(self) -> None:
        """What was typed is meant: tell it if it is another path."""
        if self.path != self._last:
            self._last = self.path
            self.changed.emit(self.path)


class NumberEdit(QLineEdit):
    """A number as recipes write it: 1.5e-4, 2000. Marks text that is no number."""

    def __init__(self, accessible_name: str, number: float, *, integer: bool, least: float | None = None) -> None:
        super().__init__(number_text(number))
        self.setAccessibleName(accessible_name)
        self._integer, self._least, self._first = integer, least, number
        self.textChanged.connect(self._mark)

    @property
    def value(self) -> float | int | None:
        """The number; None while the text is no number that may be used."""
        try:
            number = float(self.text().strip().replace(",", "."))
        except ValueError:
            return None
        if not math.isfinite(number) or (self._least is not None and number < self._least):
            return None
        if self._integer or isinstance(self._first, int):  # TOML tells 1 from 1.0, and so do the recipes' types
            if number == int(number):
                return int(number)
            return None if self._integer else number
        return number

    def _mark(self) -> None:
        is_wrong = self.value is None
        if self.property("wrong") != is_wrong:
            self.setProperty("wrong", is_wrong)
            self.style().unpolish(self)
            self.style().polish(self)


def number_text(number: float) -> str:
    """A number as short as it can be read back."""
    return str(number) if isinstance(number, int) else f"{number:g}"


def duration_text(seconds: float) -> str:
    """ "40 s", "12 min", "3 h 20 min", "2 d 4 h"."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return tr("{0} s").format(round(seconds))
    if minutes < 90:
        return tr("{0} min").format(minutes)
    if minutes < 48 * 60:
        return tr("{0} h {1} min").format(minutes // 60, minutes % 60)
    return tr("{0} d {1} h").format(minutes // 1440, minutes % 1440 // 60)
