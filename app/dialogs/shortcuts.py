"""Help: all commands and their keys, read from the action table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.shell.actions import BY_ID, GESTURES, MENUS, SEPARATOR, SUBMENUS
from app.shell.i18n import tr


def shortcut_rows() -> list[tuple[str, str, str]]:
    """(command, keys, what it does) in the order of the menus, then what the mouse does; translated."""
    rows = []
    for _, entries in MENUS:
        for entry in _flat(entries):
            action = BY_ID[entry]
            if not action.keys:
                continue
            text = tr(action.text).format(action.keys[0]).rstrip(".")
            rows.append((text, keys_text(action.keys), tr(action.tip)))
    rows += [(tr("On the canvas"), tr(gesture), tr(what)) for gesture, what in GESTURES]
    return rows


def keys_text(keys: tuple[str, ...]) -> str:
    """Keys as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    texts = [QKeySequence(key).toString(native) for key in keys]
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _flat(entries: tuple[str, ...]) -> list[str]:
    flat = []
    for entry in entries:
        if entry in SUBMENUS:
            flat += _flat(SUBMENUS[entry][1])
        elif entry != SEPARATOR:
            flat.append(entry)
    return flat


class ShortcutsDialog(QDialog):
    """A table with a search field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(900, 640)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a command or a key"))
        self.search.setAccessibleName(self.tr("Find a command or a key"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        rows = shortcut_rows()
        self.table = QTableWidget(len(rows), 3)
        self.table.setAccessibleName(self.tr("Commands and their keys"))
        self.table.setHorizontalHeaderLabels([self.tr("Command"), self.tr("Keys"), self.tr("What it does")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        for i, row in enumerate(rows):
            for place, text in enumerate(row):
                self.table.setItem(i, place, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        column.addWidget(buttons)

    def _filter(self, text: str) -> None:
        needle = text.strip().casefold()
        for i in range(self.table.rowCount()):
            cells = (self.table.item(i, column) for column in range(3))
            shown = any(needle in cell.text().casefold() for cell in cells if cell is not None)
            self.table.setRowHidden(i, not shown)
