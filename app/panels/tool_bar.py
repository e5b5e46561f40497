"""The tools on the left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QWidget

BELOW = ("new_template", "new_photo", "open")


class ToolBar(QToolBar):
    """One button for each tool, and the ways to begin below them."""

    def __init__(self, actions: dict[str, QAction], tools: Sequence[str], parent: QWidget | None = None) -> None:
        """``tools``: ids of the actions that are tools."""
        super().__init__(parent)
        self.setObjectName("toolBar")
        self.setWindowTitle(self.tr("Tools"))
        self.setAccessibleName(self.tr("Tools"))
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(22, 22))
        for name in tools:
            self.addAction(actions[name])
        self.addSeparator()
        for name in BELOW:
            self.addAction(actions[name])
        for name in (*tools, *BELOW):
            button = self.widgetForAction(actions[name])
            if button is not None:
                button.setAccessibleName(actions[name].text().replace("&", ""))
