"""All weights in a table: what they are, what they may be used for, what is wrong with them, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.document.kinds import document_requests
from app.panels.table import ReadTable
from app.panels.weights_text import cells, entry_html, missing_html
from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.texts.system_names import system_text
from engine.systems import serves
from engine.weights.manage import Missing
from engine.weights.store import WeightsEntry

COLUMNS = (mark("Name"), mark("Model system"), mark("Labels"), mark("Size"), mark("Licence"), mark("State"))
NAME, SYSTEM, LABELS, SIZE, LICENCE, STATE = range(len(COLUMNS))
PICTURE = QSize(420, 180)


class WeightsPanel(QWidget):
    """Shows entries; what the buttons want is said by signals, with the chosen entry's name."""

    import_wanted = Signal()
    remove_wanted = Signal(str)
    check_wanted = Signal(list)  # names
    use_wanted = Signal(str)
    folder_wanted = Signal(object)  # Path
    picture_wanted = Signal(object)  # Path of the sample sheet; its reader calls `show_picture`

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: list[WeightsEntry] = []
        self._missing: list[Missing] = []
        self._checked: dict[str, str] = {}  # by name: "" or what is wrong
        self._removable: set[str] = set()
        self._build()
        self._show_choice()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.table = ReadTable(self.tr("Weights"), [tr(heading) for heading in COLUMNS], stretch=(LICENCE, STATE))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.itemSelectionChanged.connect(self._show_choice)
        self.picture = QLabel()
        self.picture.setAccessibleName(self.tr("Samples"))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.about = QTextBrowser()
        self.about.setAccessibleName(self.tr("About these weights"))
        self.about.setOpenLinks(False)
        lower_part = QWidget()
        row_layout = QHBoxLayout(lower_part)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.setSpacing(12)
        row_layout.addWidget(self.about, 1)
        row_layout.addWidget(self.picture)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(lower_part)
        splitter.setSizes([230, 250])
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(10)
        column_layout.addWidget(splitter, 1)
        column_layout.addLayout(self._build_buttons())

    def _build_buttons(self) -> QHBoxLayout:
        row_layout = QHBoxLayout()
        row_layout.setSpacing(8)
        self.import_button = QPushButton(self.tr("Import..."))
        self.import_button.setToolTip(
            self.tr("Turn a file that authors published (.pth) into weights; no code in it is run")
        )
        icons().bind(self.import_button, "open")
        self.check_button = QPushButton(self.tr("Check the files"))
        self.check_button.setToolTip(self.tr("Read every file whole and compare it with its card's SHA-256"))
        self.folder_button = QPushButton(self.tr("Show the folder"))
        self.remove_button = QPushButton(self.tr("Remove..."))
        self.remove_button.setToolTip(self.tr("Delete these weights from the disk; those that came with Tessera stay"))
        self.use_button = QPushButton(self.tr("Use in the editor"))
        self.import_button.clicked.connect(self.import_wanted)
        self.check_button.clicked.connect(lambda: self.check_wanted.emit([entry.name for entry in self._entries]))
        self.folder_button.clicked.connect(self._want_folder)
        self.remove_button.clicked.connect(lambda: self._want(self.remove_wanted))
        self.use_button.clicked.connect(lambda: self._want(self.use_wanted))
        for push_button in (self.import_button, self.check_button, self.folder_button, self.remove_button):
            row_layout.addWidget(push_button)
        row_layout.addStretch(1)
        row_layout.addWidget(self.use_button)
        return row_layout

    # --- showing ------------------------------------------------------------------------------------

    def show_entries(
        self, entries: Iterable[WeightsEntry], missing: Iterable[Missing] = (), removable: Iterable[str] = ()
    ) -> None:
        """The weights there are, and what could be there besides."""
        chosen_before = self._row_name(self.table.currentRow())
        self._entries, self._missing, self._removable = list(entries), list(missing), set(removable)
        self.table.setRowCount(len(self._entries) + len(self._missing))
        for row_number, entry in enumerate(self._entries):
            self.table.fill_row(row_number, cells(entry, self._checked.get(entry.name)))
        for row_number, missing_item in enumerate(self._missing, len(self._entries)):
            shown_title, shown_system = (
                ("–", system_text(missing_item.system)) if missing_item.system else (missing_item.name, "–")
            )
            cell_texts = (shown_title, shown_system, "–", "–", "–", tr("not installed"))
            self.table.fill_row(row_number, cell_texts, colour=self.palette().placeholderText())
        row_names = [self._row_name(row_number) for row_number in range(self.table.rowCount())]
        self.table.selectRow(row_names.index(chosen_before) if chosen_before in row_names else 0)
        self._show_choice()

    def show_checked(self, problems_by_name: dict[str, str]) -> None:
        """What checking the files has found: by name, "" for a good one."""
        self._checked.update(problems_by_name)
        self.show_entries(self._entries, self._missing, self._removable)

    @property
    def chosen(self) -> WeightsEntry | None:
        """The entry of the chosen row."""
        row_number = self.table.currentRow()
        return self._entries[row_number] if 0 <= row_number < len(self._entries) else None

    def _row_name(self, row_number: int) -> str:
        """What stands in a row: weights or what is missing; "" for none."""
        listed_items: list[WeightsEntry | Missing] = [*self._entries, *self._missing]
        return listed_items[row_number].name if 0 <= row_number < len(listed_items) else ""

    def choose(self, weights_name: str) -> None:
        """Choose the row of these weights."""
        for row_number, entry in enumerate(self._entries):
            if entry.name == weights_name:
                self.table.selectRow(row_number)

    def _show_choice(self) -> None:
        entry, row_number = self.chosen, self.table.currentRow()
        missing_item = (
            self._missing[row_number - len(self._entries)]
            if 0 <= row_number - len(self._entries) < len(self._missing)
            else None
        )
        self.picture.clear()
        self.picture.hide()
        if entry is not None:
            self.about.setHtml(entry_html(entry, self._checked.get(entry.name)))
            if entry.samples is not None:
                self.picture_wanted.emit(entry.samples)
        elif missing_item is not None:
            self.about.setHtml(missing_html(missing_item))
        else:
            self.about.setPlainText(tr("No weights found."))
        card = entry.card if entry is not None else None
        self.use_button.setEnabled(card is not None and any(serves(card, request) for request in document_requests()))
        self.remove_button.setEnabled(entry is not None and entry.name in self._removable)
        self.folder_button.setEnabled(entry is not None or missing_item is not None)
        self.check_button.setEnabled(bool(self._entries))

    def show_picture(self, picture_path: Path, image: QImage) -> None:
        """The sample sheet that was wanted, if it is still the chosen one."""
        if self.chosen is None or self.chosen.samples != picture_path or image.isNull():
            return
        pixel_ratio = self.devicePixelRatioF()
        keep_ratio, smooth_scaling = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(image.scaled(PICTURE * pixel_ratio, keep_ratio, smooth_scaling))
        pixmap.setDevicePixelRatio(pixel_ratio)
        self.picture.setPixmap(pixmap)
        self.picture.show()

    def _want(self, wanted_signal: Any) -> None:
        if self.chosen is not None:
            wanted_signal.emit(self.chosen.name)

    def _want_folder(self) -> None:
        row_number = self.table.currentRow() - len(self._entries)
        if self.chosen is not None:
            self.folder_wanted.emit(self.chosen.folder)
        elif 0 <= row_number < len(self._missing):
            self.folder_wanted.emit(self._missing[row_number].folder)
