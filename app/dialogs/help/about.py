"""Versions, and the licences of the code and of the weights."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import PySide6
from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from app.catalogue import Catalogue
from app.shell.icons import app_icon
from app.texts.system_names import system_text
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
    versions = [("Python", platform.python_version()), ("Qt", qVersion()), ("PySide6", PySide6.__version__)]
    for package in PACKAGES:
        try:
            versions.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return versions


class AboutDialog(QDialog):
    """Who made what, and under which terms."""

    def __init__(self, catalogue: Catalogue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Tessera"))
        self.resize(560, 520)
        title_label = QLabel(f"Tessera {tessera_version()}")
        title_font = title_label.font()
        title_font.setPointSizeF(title_font.pointSizeF() * 1.6)
        title_font.setBold(True)
        title_label.setFont(title_font)
        purpose = QLabel(
            self.tr("Paint a label map, give each region a style from any picture, get the picture. Offline.")
        )
        purpose.setWordWrap(True)
        licence_browser = QTextBrowser()
        licence_browser.setAccessibleName(self.tr("Versions and licences"))
        licence_browser.setHtml(self._html(catalogue))
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        logo_label = QLabel()
        logo_label.setAccessibleName(self.tr("Icon"))
        logo_label.setPixmap(app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        text_column = QVBoxLayout()
        text_column.addWidget(title_label)
        text_column.addWidget(purpose)
        heading_row = QHBoxLayout()
        heading_row.setSpacing(16)
        heading_row.addWidget(logo_label)
        heading_row.addLayout(text_column, 1)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(20, 18, 20, 12)
        column_layout.setSpacing(12)
        column_layout.addLayout(heading_row)
        column_layout.addWidget(licence_browser, 1)
        column_layout.addWidget(button_box)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _html(self, catalogue: Catalogue) -> str:
        html_parts = [_heading(self.tr("Licence of the code"))]
        code_licence = self.tr("MIT. The networks are written from the papers; no code of others is included.")
        html_parts.append(_paragraph(code_licence))
        html_parts.append(_heading(self.tr("Weights")))
        licence_rows = []
        for entry in catalogue.entries:
            card = entry.card
            if card is None:
                licence_rows.append((entry.name, translate(entry.problem)))
                continue
            licences = [card.weights_licence or self.tr("licence not stated")]
            if card.data:
                licences.append(self.tr("trained on {0}").format(card.data))
            if card.data_licence:
                licences.append(self.tr("data: {0}").format(card.data_licence))
            licence_rows.append((f"{card.name} ({system_text(card.system)})", "; ".join(licences)))
        html_parts.append(_table(licence_rows) if licence_rows else _paragraph(self.tr("No weights found.")))
        html_parts.append(_heading(self.tr("Versions")))
        html_parts.append(_table(package_versions()))
        return "".join(html_parts)


def _escape(plain_text: str) -> str:
    return plain_text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _heading(plain_text: str) -> str:
    return f"<h4>{_escape(plain_text)}</h4>"


def _paragraph(plain_text: str) -> str:
    return f"<p>{_escape(plain_text)}</p>"


def _table(table_rows: list[tuple[str, str]]) -> str:
    cell_markup = "".join(
        f'<tr><td style="padding-right:16px">{_escape(left_text)}</td><td>{_escape(right_text)}</td></tr>'
        for left_text, right_text in table_rows
    )
    return f"<table>{cell_markup}</table>"
