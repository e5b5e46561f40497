"""The bar at the bottom: what runs, model, device, size, seed, time of the last render."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QToolButton,
    QWidget,
)

from app.document.document import Document
from app.panels.elided import ElidedLabel
from app.panels.seed_field import SeedField
from app.panels.widgets import muted_label
from app.shell.icons import icons
from app.texts.translate import translate

SHOW_AFTER_MS = 250  # quick jobs would only make the bar flicker


class StatusPanel(QStatusBar):
    """Shows the state of the engine and the document's seed and size."""

    cancel_wanted = Signal()

    def __init__(
        self, document: Document, actions: dict[str, QAction], menus: dict[str, QMenu], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("statusPanel")
        self.setAccessibleName(self.tr("Status"))
        self.setSizeGripEnabled(False)
        self._document = document
        self.addWidget(self._build_work(), 1)
        self._time = self._text(self.tr("Time of the last render"))
        self._size = self._text(self.tr("Size of the label map"))
        self.model_button = self._menu_button(self.tr("Model"), "weights", menus["MODEL"])
        self.device_button = self._menu_button(self.tr("Device"), "device", menus["DEVICE"])
        self.seed = SeedField(self.tr("Seed"))
        self.seed.setToolTip(self.tr("Seed of the noise: the same seed gives the same picture"))
        self.seed.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.seed.entered.connect(document.set_seed)
        self.dice = QToolButton()
        self.dice.setDefaultAction(actions["seed_new"])
        self.dice.setAutoRaise(True)
        self.dice.setAccessibleName(self.tr("New seed"))
        caption = muted_label(self.tr("Seed"))
        for widget in (self._time, _rule(), self._size, _rule(), caption, self.seed, self.dice, _rule()):
            self.addPermanentWidget(widget)
        self.addPermanentWidget(self.model_button)
        self.addPermanentWidget(self.device_button)
        document.seed_changed.connect(self.seed.show_seed)
        document.replaced.connect(self._show_document)
        self._show_document()

    # --- building -----------------------------------------------------------------------------------

    def _build_work(self) -> QWidget:
        progress_box = QWidget()
        row_layout = QHBoxLayout(progress_box)
        row_layout.setContentsMargins(10, 0, 10, 0)
        row_layout.setSpacing(10)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(160)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._what = ElidedLabel(self.tr("What is being done"))  # a long sentence must not widen the window
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setAccessibleName(self.tr("Cancel"))
        self.cancel.setToolTip(
            self.tr("Stop what is running: the last picture and the files on the disk stay as they are (Shift+X, Esc)")
        )
        self.cancel.setProperty("flat", True)
        self.cancel.clicked.connect(self.cancel_wanted)
        row_layout.addWidget(self._bar)
        row_layout.addWidget(self.cancel)
        row_layout.addWidget(self._what, 1)
        self._running = (self._bar, self.cancel)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SHOW_AFTER_MS)
        self._later.timeout.connect(lambda: self._show_running(True))
        self._show_running(False)
        return progress_box

    def _text(self, accessible_name: str) -> QLabel:
        text_label = QLabel()
        text_label.setAccessibleName(accessible_name)
        text_label.setToolTip(accessible_name)
        text_label.setProperty("muted", True)
        return text_label

    def _menu_button(self, accessible_name: str, icon: str, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(accessible_name)
        button.setToolTip(accessible_name)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        icons().bind(button, icon)
        return button

    # --- showing ------------------------------------------------------------------------------------

    def show_busy(self, busy: bool) -> None:
        """Something runs, or nothing does any more."""
        if busy:
            if not self._later.isActive() and self._bar.isHidden():
                self._bar.setValue(0)
                self._later.start()
            return
        self._later.stop()
        self._show_running(False)
        self._what.clear()

    def show_progress(self, fraction: float, activity: str) -> None:
        """How far the running job is, 0 to 1, and what it does."""
        self._bar.setValue(round(1000 * fraction))
        self._what.show_text(translate(activity))
        self._what.setVisible(not self._bar.isHidden())

    def show_message(self, message: str) -> None:
        """A word in passing ("Exported ..."); the next job replaces it."""
        self._what.show_text(message)
        self._what.show()

    def show_time(self, render_seconds: float, device: str) -> None:
        """How long the last render took, and on which device."""
        seconds_text = f"{render_seconds:.2f}" if render_seconds < 10 else f"{render_seconds:.0f}"
        self._time.setText(self.tr("{0} s").format(seconds_text))
        self._time.setToolTip(self.tr("Time of the last render, on {0}").format(device))

    def show_model(self, model_name: str) -> None:
        """The name of the weights."""
        self.model_button.setText(model_name)

    def show_device(self, device_name: str) -> None:
        """The chosen device."""
        self.device_button.setText(device_name)

    def _show_document(self) -> None:
        self.seed.show_seed(self._document.seed)
        self._size.setText(f"{self._document.width} × {self._document.height}")

    def _show_running(self, running: bool) -> None:
        for widget in self._running:
            widget.setVisible(running)
        self._what.setVisible(running or bool(self._what.text()))


def _rule() -> QFrame:
    rule = QFrame()
    rule.setFrameShape(QFrame.Shape.NoFrame)
    rule.setFixedWidth(6)
    return rule
