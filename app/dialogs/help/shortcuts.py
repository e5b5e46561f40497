"""All commands and their keys, read from the action table."""

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
    for _, entry_ids in MENUS:
        for entry_id in _flat(entry_ids):
            action = BY_ID[entry_id]
            if not action.keys:
                continue
            command_text = tr(action.text).format(action.keys[0]).rstrip(".")
            rows.append((command_text, keys_text(action.keys), tr(action.tip)))
    rows += [(tr("On the canvas"), tr(gesture), tr(description)) for gesture, description in GESTURES]
    return rows


def keys_text(keys: tuple[str, ...]) -> str:
    """Keys as this system writes them."""
    native_format = QKeySequence.SequenceFormat.NativeText
    key_texts = [QKeySequence(key).toString(native_format) for key in keys]
    return ", ".join(dict.fromkeys(key_text for key_text in key_texts if key_text))


def _flat(entry_ids: tuple[str, ...]) -> list[str]:
    action_ids = []
    for entry_id in entry_ids:
        if entry_id in SUBMENUS:
            action_ids += _flat(SUBMENUS[entry_id][1])
        elif entry_id != SEPARATOR:
            action_ids.append(entry_id)
    return action_ids


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
        for row_number, row in enumerate(rows):
            for column_number, cell_text in enumerate(row):
                self.table.setItem(row_number, column_number, QTableWidgetItem(cell_text))
        table_header = self.table.horizontalHeader()
        table_header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        table_header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        table_header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        table_header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 16, 16, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(self.search)
        column_layout.addWidget(self.table, 1)
        column_layout.addWidget(button_box)

    def _filter(self, search_text: str) -> None:
        needle = search_text.strip().casefold()
        for row_number in range(self.table.rowCount()):
            row_cells = (self.table.item(row_number, column) for column in range(3))
            is_shown = any(needle in cell.text().casefold() for cell in row_cells if cell is not None)
            self.table.setRowHidden(row_number, not is_shown)
