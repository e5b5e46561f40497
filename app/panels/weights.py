"""All weights in a table: what they are, what they may be used for, what is wrong with them, what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.engine_texts import told
from app.i18n import mark, tr
from app.icons import icons
from engine.checkpoints.card import metrics_by_split
from engine.checkpoints.manage import Missing
from engine.checkpoints.store import MODEL_FILE, WeightsEntry

COLUMNS = (mark("Name"), mark("Model system"), mark("Labels"), mark("Size"), mark("Licence"), mark("State"))
NAME, SYSTEM, LABELS, SIZE, LICENCE, STATE = range(len(COLUMNS))
NUMBERS = {
    "ssim": "SSIM",
    "psnr": "PSNR",
    "FID-MobileNetV2": "FID-MobileNetV2",
    "fid_mobilenet_v2": "FID-MobileNetV2",
    "miou": "mIoU",
    "accuracy": mark("accuracy"),
    "mcsd": "mCSD",
    "mocd": "mOCD",
}
OF_SYSTEM = "weights of this system"
USES = {
    "the perceptual loss of training and the Frechet distance FID-MobileNetV2": mark(
        "the perceptual loss of training and the Frechet distance FID-MobileNetV2"
    ),
    OF_SYSTEM: mark("weights of this system"),
}
PICTURE = QSize(420, 180)


class WeightsPanel(QWidget):
    """Shows entries; what the buttons want is said by signals, with the chosen entry's name."""

    import_wanted = Signal()
    remove_wanted = Signal(str)
    check_wanted = Signal(list)  # names
    use_wanted = Signal(str)
    folder_wanted = Signal(object)  # Path
    picture_wanted = Signal(object)  # Path of the sample sheet; whoever reads it calls `show_picture`

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
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setObjectName("spaced")
        self.table.setAccessibleName(self.tr("Weights"))
        self.table.setHorizontalHeaderLabels([tr(text) for text in COLUMNS])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        for place in range(len(COLUMNS)):
            stretch = place in (LICENCE, STATE)
            mode = QHeaderView.ResizeMode.Stretch if stretch else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(place, mode)
        self.table.itemSelectionChanged.connect(self._show_choice)
        self.picture = QLabel()
        self.picture.setAccessibleName(self.tr("Samples"))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.about = QTextBrowser()
        self.about.setAccessibleName(self.tr("About these weights"))
        self.about.setOpenLinks(False)
        lower = QWidget()
        row = QHBoxLayout(lower)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.about, 1)
        row.addWidget(self.picture)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(lower)
        split.setSizes([230, 250])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(split, 1)
        column.addLayout(self._build_buttons())

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
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
        self.use_button.setProperty("primary", True)
        self.import_button.clicked.connect(self.import_wanted)
        self.check_button.clicked.connect(lambda: self.check_wanted.emit([entry.name for entry in self._entries]))
        self.folder_button.clicked.connect(self._want_folder)
        self.remove_button.clicked.connect(lambda: self._want(self.remove_wanted))
        self.use_button.clicked.connect(lambda: self._want(self.use_wanted))
        for button in (self.import_button, self.check_button, self.folder_button, self.remove_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.use_button)
        return row

    # --- showing ------------------------------------------------------------------------------------

    def show_entries(
        self, entries: Iterable[WeightsEntry], missing: Iterable[Missing] = (), removable: Iterable[str] = ()
    ) -> None:
        """The weights there are, and what could be there besides."""
        name = self.chosen.name if self.chosen is not None else ""
        self._entries, self._missing, self._removable = list(entries), list(missing), set(removable)
        self.table.setRowCount(len(self._entries) + len(self._missing))
        for row, entry in enumerate(self._entries):
            self._fill(row, _cells(entry, self._checked.get(entry.name)))
        for row, gap in enumerate(self._missing, len(self._entries)):
            title, system = ("–", gap.name) if gap.use == OF_SYSTEM else (gap.name, "–")
            self._fill(row, [title, system, "–", "–", "–", tr("not installed")], muted=True)
        rows = [row for row, entry in enumerate(self._entries) if entry.name == name]
        self.table.selectRow(rows[0] if rows else 0)
        self._show_choice()

    def show_checked(self, found: dict[str, str]) -> None:
        """What checking the files has told: by name, "" for a good one."""
        self._checked.update(found)
        self.show_entries(self._entries, self._missing, self._removable)

    @property
    def chosen(self) -> WeightsEntry | None:
        """The entry of the chosen row."""
        row = self.table.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def choose(self, name: str) -> None:
        """Choose the row of these weights."""
        for row, entry in enumerate(self._entries):
            if entry.name == name:
                self.table.selectRow(row)

    def _fill(self, row: int, cells: list[str], *, muted: bool = False) -> None:
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            if muted:
                item.setForeground(self.palette().placeholderText())
            self.table.setItem(row, column, item)

    def _show_choice(self) -> None:
        entry, row = self.chosen, self.table.currentRow()
        gap = self._missing[row - len(self._entries)] if 0 <= row - len(self._entries) < len(self._missing) else None
        self.picture.clear()
        self.picture.hide()
        if entry is not None:
            self.about.setHtml(_entry_html(entry, self._checked.get(entry.name)))
            if entry.samples is not None:
                self.picture_wanted.emit(entry.samples)
        elif gap is not None:
            self.about.setHtml(_missing_html(gap))
        else:
            self.about.setPlainText(tr("No weights found."))
        good = entry is not None and entry.card is not None
        self.use_button.setEnabled(
            good and entry is not None and entry.card is not None and entry.card.system != "parser"
        )
        self.remove_button.setEnabled(entry is not None and entry.name in self._removable)
        self.folder_button.setEnabled(entry is not None or gap is not None)
        self.check_button.setEnabled(bool(self._entries))

    def show_picture(self, path: Path, image: QImage) -> None:
        """The sample sheet that was wanted, if it is still the chosen one."""
        if self.chosen is None or self.chosen.samples != path or image.isNull():
            return
        ratio = self.devicePixelRatioF()
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(image.scaled(PICTURE * ratio, keep, smooth))
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        self.picture.show()

    def _want(self, signal: Any) -> None:
        if self.chosen is not None:
            signal.emit(self.chosen.name)

    def _want_folder(self) -> None:
        row = self.table.currentRow() - len(self._entries)
        if self.chosen is not None:
            self.folder_wanted.emit(self.chosen.folder)
        elif 0 <= row < len(self._missing):
            self.folder_wanted.emit(self._missing[row].folder)


def _cells(entry: WeightsEntry, checked: str | None) -> list[str]:
    card = entry.card
    size = _size(entry.folder / MODEL_FILE)
    if card is None:
        return [entry.name, "–", "–", size, "–", told(entry.problem)]
    labels = card.labels()
    side = card.config.get("resolution")
    state = tr("card read") if checked is None else (tr("checked") if not checked else told(checked))
    return [
        card.name or entry.name,
        card.system + (f", {side} px" if isinstance(side, int) else ""),
        f"{len(labels)} ({labels.name})" if labels is not None else "–",
        size,
        card.weights_licence or tr("licence not stated"),
        state,
    ]


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "–"


def _entry_html(entry: WeightsEntry, checked: str | None) -> str:
    card = entry.card
    parts = [f"<h3>{escape(entry.name)}</h3>"]
    problem = checked or entry.problem
    if problem:
        parts.append(f"<p><b>{escape(told(problem))}</b></p>")
    rows: list[tuple[str, str]] = []
    if card is not None:
        trained = tr("{0} steps in {1} min").format(card.steps, round(card.seconds / 60)) if card.steps else ""
        rows += [
            (tr("Trained"), trained),
            (tr("Data"), " – ".join(part for part in (card.data, card.data_licence) if part)),
            (tr("Licence"), card.weights_licence),
            *((_split(split), _metrics(numbers)) for split, numbers in metrics_by_split(card).items()),
            (tr("Notes"), card.notes),
            (tr("Perceptual network"), card.perceptual_network),
            ("SHA-256", card.sha256),
        ]
    rows.append((tr("Folder"), str(entry.folder)))
    return "".join(parts) + _table(rows)


def _missing_html(gap: Missing) -> str:
    files = ", ".join(gap.files)
    use = tr("Not installed. It is used for: {0}.").format(tr(USES[gap.use]))
    return (
        f"<h3>{escape(gap.name)}</h3><p>{escape(use)}</p>"
        f"<p>{escape(tr('Put {0} into {1}.').format(files, gap.folder))}</p>"
    )


def _split(split: str) -> str:
    return {"": tr("Metrics"), "at_training": tr("At training")}.get(split, tr("On {0}").format(split))


def _metrics(numbers: dict[str, Any]) -> str:
    inside = numbers.get("reconstructions")
    found = {**(inside if isinstance(inside, dict) else {}), **numbers}
    shown = {tr(NUMBERS[key]): found[key] for key in NUMBERS if isinstance(found.get(key), int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in shown.items())


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f'<tr><td style="padding-right:14px; white-space:nowrap">{escape(name)}</td><td>{escape(text)}</td></tr>'
        for name, text in rows
        if text
    )
    return f"<table>{''.join(cells)}</table>"
