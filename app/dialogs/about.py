"""Help: versions, and the licences of the code and of the weights."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import PySide6
from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from app.shell.catalogue import Catalogue
from app.shell.icons import app_icon
from app.texts.translate import translate

PACKAGES = ("torch", "numpy", "pillow", "safetensors", "msgspec")


def tessera_version() -> str:
    """The version of this program."""
    try:
        return version("tessera")
    except PackageNotFoundError:  # run from a checkout
        return "0.1.0"


def package_versions() -> list[tuple[str, str]]:
    """Names and versions of what Tessera stands on, without importing it."""
    found = [("Python", platform.python_version()), ("Qt", qVersion()), ("PySide6", PySide6.__version__)]
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


class AboutDialog(QDialog):
    """Who made what, and under which terms."""

    def __init__(self, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Tessera"))
        self.resize(560, 520)
        title = QLabel(f"Tessera {tessera_version()}")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        title.setFont(font)
        what = QLabel(
            self.tr("Paint a label map, give each region a style from any picture, get the picture. Offline.")
        )
        what.setWordWrap(True)
        text = QTextBrowser()
        text.setAccessibleName(self.tr("Versions and licences"))
        text.setHtml(self._html(catalogue))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        logo = QLabel()
        logo.setAccessibleName(self.tr("Icon"))
        logo.setPixmap(app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        words = QVBoxLayout()
        words.addWidget(title)
        words.addWidget(what)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(logo)
        head.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 12)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(text, 1)
        column.addWidget(buttons)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _html(self, catalogue: Catalogue) -> str:
        parts = [_heading(self.tr("Licence of the code"))]
        code = self.tr("MIT. The networks are written from the papers; no code of others is included.")
        parts.append(_paragraph(code))
        parts.append(_heading(self.tr("Weights")))
        rows = []
        for entry in catalogue.entries:
            card = entry.card
            if card is None:
                rows.append((entry.name, translate(entry.problem)))
                continue
            licences = [card.weights_licence or self.tr("licence not stated")]
            if card.data:
                licences.append(self.tr("trained on {0}").format(card.data))
            if card.data_licence:
                licences.append(self.tr("data: {0}").format(card.data_licence))
            rows.append((f"{card.name} ({card.system})", "; ".join(licences)))
        parts.append(_table(rows) if rows else _paragraph(self.tr("No weights found.")))
        parts.append(_heading(self.tr("Versions")))
        parts.append(_table(package_versions()))
        return "".join(parts)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _heading(text: str) -> str:
    return f"<h4>{_escape(text)}</h4>"


def _paragraph(text: str) -> str:
    return f"<p>{_escape(text)}</p>"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f'<tr><td style="padding-right:16px">{_escape(a)}</td><td>{_escape(b)}</td></tr>' for a, b in rows)
    return f"<table>{cells}</table>"
