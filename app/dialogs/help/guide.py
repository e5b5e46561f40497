"""The user guide, shown from the files that come with Tessera; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QTextDocument
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from engine.files import root

GUIDE = root() / "docs" / "guide.md"
PICTURE_WIDTH = 760  # widget pixels: screenshots are twice as wide as the text


class GuidePage(QTextBrowser):
    """A page of Markdown with its pictures; links to other pages of the documents are followed."""

    def __init__(self, page_path: Path) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.anchorClicked.connect(self.follow)
        self.show_page(page_path)

    def show_page(self, page_path: Path) -> None:
        """Show a Markdown file."""
        self.setSource(QUrl.fromLocalFile(str(page_path)), QTextDocument.ResourceType.MarkdownResource)

    def follow(self, link: QUrl) -> None:
        """Show a page of the documents here; hand anything else to the system."""
        target = self.source().resolved(link)
        page_path = Path(target.toLocalFile())
        if target.isLocalFile() and page_path.suffix == ".md" and page_path.is_file():
            self.show_page(page_path)
        else:
            QDesktopServices.openUrl(target)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Pictures no wider than the page."""
        resource_data = super().loadResource(kind, name)
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return resource_data
        image = QImage(self.source().resolved(QUrl(name)).toLocalFile())
        if image.width() > PICTURE_WIDTH:
            image = image.scaledToWidth(PICTURE_WIDTH, Qt.TransformationMode.SmoothTransformation)
        return image


class GuideDialog(QDialog):
    """The guide in a window beside the editor, so that what it says can be tried."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("User guide"))
        self.resize(860, 760)
        self.page = GuidePage(GUIDE)
        self.page.setAccessibleName(self.tr("User guide"))
        self.back = QPushButton(self.tr("Back"))
        self.back.setEnabled(False)
        self.back.clicked.connect(self.page.backward)
        self.page.backwardAvailable.connect(self.back.setEnabled)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        button_row = QHBoxLayout()
        button_row.addWidget(self.back)
        button_row.addWidget(button_box, 1)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 16, 16, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(self.page, 1)
        column_layout.addLayout(button_row)
