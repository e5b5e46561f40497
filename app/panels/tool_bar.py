"""The tools on the left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolBar, QWidget

BELOW = ("new_template", "new_photo", "open")


class ToolBar(QToolBar):
    """One button for each tool, and the ways to begin below them."""

    def __init__(self, actions: dict[str, QAction], tool_ids: Sequence[str], parent: QWidget | None = None) -> None:
        """``tool_ids``: ids of the actions that are tools."""
        super().__init__(parent)
        self.setObjectName("toolBar")
        self.setWindowTitle(self.tr("Tools"))
        self.setAccessibleName(self.tr("Tools"))
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(22, 22))
        for action_id in tool_ids:
            self.addAction(actions[action_id])
        self.addSeparator()
        for action_id in BELOW:
            self.addAction(actions[action_id])
        for action_id in (*tool_ids, *BELOW):
            button = self.widgetForAction(actions[action_id])
            if button is not None:
                button.setAccessibleName(actions[action_id].text().replace("&", ""))
