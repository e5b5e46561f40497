"""The bar over the foot of the canvas: one sentence, a command that helps, details to copy, a button to close. Never
modal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QGuiApplication, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from app.errors_ui.hub import Problem, Severity
from app.shell.icons import icons, tinted
from app.texts.translate import translate

NOTICE_SHOWN_MS = 12_000
# Data colours like those of traffic signs, readable on the light and on the dark theme.
TINTS = {
    Severity.ERROR: QColor(214, 64, 69),
    Severity.WARNING: QColor(217, 140, 32),
    Severity.NOTICE: QColor(56, 128, 214),
}
ICONS = {Severity.ERROR: "warning", Severity.WARNING: "warning", Severity.NOTICE: "info"}
assert set(TINTS) == set(ICONS) == set(Severity)


class ErrorBar(QFrame):
    """Shows the newest problem; errors and warnings stay until they are closed or over, notices leave by themselves."""

    closed = Signal()

    def __init__(
        self, actions_by_id: Mapping[str, QAction] = MappingProxyType({}), parent: QWidget | None = None
    ) -> None:
        """``actions_by_id``: the commands that a problem may name as its remedy."""
        super().__init__(parent)
        self._actions = actions_by_id
        self.setObjectName("errorBar")
        self.setAccessibleName(self.tr("Messages"))
        self._problem: Problem | None = None
        self._sign = QLabel()
        self._sign.setAccessibleName(self.tr("Kind of message"))
        self._sign.setFixedSize(QSize(20, 20))
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text.setAccessibleName(self.tr("Message"))
        self._copy = QPushButton(self.tr("Copy details"))
        self._copy.setAccessibleName(self.tr("Copy details"))
        self._copy.setToolTip(self.tr("Copy the message and its technical details to the clipboard"))
        self._copy.clicked.connect(self.copy_details)
        self.remedy_button = QPushButton()
        self.remedy_button.setAccessibleName(self.tr("What helps"))
        self.remedy_button.clicked.connect(self._remedy)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Close the message"))
        self._close.setToolTip(self.tr("Close"))
        self._close.clicked.connect(self.dismiss)
        icons().bind(self._close, "close")
        row_layout = QHBoxLayout(self)
        row_layout.setContentsMargins(12, 7, 8, 7)
        row_layout.setSpacing(10)
        row_layout.addWidget(self._sign)
        row_layout.addWidget(self._text, 1)
        row_layout.addWidget(self.remedy_button)
        row_layout.addWidget(self._copy)
        row_layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(NOTICE_SHOWN_MS)
        self._timer.timeout.connect(self.dismiss)
        self.hide()

    @property
    def problem(self) -> Problem | None:
        """What is shown now, None when the bar is hidden."""
        return self._problem

    def show_problem(self, problem: Problem) -> None:
        """Show ``problem`` in place of the one before; a notice never hides an error."""
        shown_problem = self._problem
        if (
            shown_problem is not None
            and shown_problem.severity is Severity.ERROR
            and problem.severity is Severity.NOTICE
        ):
            return
        self._problem = problem = replace(problem, sentence=translate(problem.sentence))
        self._text.setText(problem.sentence)
        self._text.setAccessibleDescription(problem.sentence)
        remedy = self._actions.get(problem.remedy)
        if remedy is not None:
            self.remedy_button.setText(remedy.text())
            self.remedy_button.setAccessibleName(remedy.text())
        self.remedy_button.setVisible(remedy is not None)
        self._copy.setVisible(bool(problem.details) or problem.severity is Severity.ERROR)
        self._sign.setPixmap(tinted(ICONS[problem.severity], TINTS[problem.severity], 20, self.devicePixelRatioF()))
        self.show()
        self.update()
        if problem.severity is Severity.NOTICE:
            self._timer.start()
        else:
            self._timer.stop()

    def _remedy(self) -> None:
        problem = self._problem
        if problem is not None:
            self.dismiss()  # what is still wrong after it says so again
            self._actions[problem.remedy].trigger()

    def dismiss(self) -> None:
        """Hide the bar."""
        self._timer.stop()
        self._problem = None
        self.hide()
        self.closed.emit()

    def clear_topic(self, topic: str) -> None:
        """Hide the bar if what it shows is about ``topic``."""
        if self._problem is not None and self._problem.topic == topic:
            self.dismiss()

    def clear_error(self) -> None:
        """Hide the bar if it shows an error: what that was about is no longer on the screen."""
        if self._problem is not None and self._problem.severity is Severity.ERROR:
            self.dismiss()

    def copy_details(self) -> None:
        """Put the sentence and the details on the clipboard."""
        if self._problem is None:
            return
        copied_text = "\n\n".join(
            paragraph for paragraph in (self._problem.sentence, self._problem.details) if paragraph
        )
        QGuiApplication.clipboard().setText(copied_text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A wash of the severity's colour over the palette's own, with a stripe on the left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window))
        if self._problem is not None:
            severity_tint = TINTS[self._problem.severity]
            wash_colour = QColor(severity_tint)
            wash_colour.setAlphaF(0.14)
            painter.fillRect(self.rect(), wash_colour)
            painter.fillRect(0, 0, 3, self.height(), severity_tint)
        painter.end()
