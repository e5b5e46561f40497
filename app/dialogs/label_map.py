"""New from a label map file: which labels its numbers or colours mean, with a look at the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.colour_table import ColourTableView
from app.imaging.pixels import to_qimage
from app.jobs.map_reading import MapReading, read_map, set_by_colours
from app.jobs.work_lane import Work
from app.panels.widgets import set_primary
from app.texts.label_names import label_name
from app.texts.translate import translate
from engine.errors import EngineError
from engine.labels.colour_tables import ColourTable
from engine.labels.label_maps import resize_label_map
from engine.labels.label_orders import FROM_ONE, orders_of
from engine.labels.label_sets import LabelSet

SIDE = 260


class Submit(Protocol):
    """Runs a function in a worker and gives its result to ``on_done`` in the GUI thread: `Core.submit`."""

    def __call__(
        self,
        function: Callable[[Work], Any],
        *,
        text: str,
        on_done: Callable[[Any], object],
        on_failed: Callable[[EngineError], object] | None = None,
    ) -> Work: ...


class KeptTables(Protocol):
    """Remembers which label each colour means in the label maps of a folder: `Settings`."""

    def colour_table(self, folder: Path, label_set: LabelSet) -> dict[int, int]: ...

    def keep_colour_table(self, folder: Path, label_set: LabelSet, table: ColourTable) -> None: ...


class LabelMapDialog(QDialog):
    """Reads the file with the chosen order, in the background; wrong values are named and nothing can be made of
    them. Of colours that are no labels' a table says which label each is."""

    used = Signal(object, str)  # (H, W) uint8 label map; "new" or "replace"

    def __init__(
        self,
        path: Path,
        label_set: LabelSet,
        submit: Submit,
        kept_tables: KeptTables,
        parent: QWidget | None = None,
        *,
        others: Sequence[LabelSet] = (),
        photo_size: tuple[int, int] | None = None,
    ) -> None:
        """``label_set``: the document's. ``others`` are for a new document; a map in their colours is read so.
        ``photo_size``: (height, width) of the photo that the document edits, if any."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Label map {0}").format(path.name))
        self.setMinimumWidth(640)
        self._path = path
        self._sets = (label_set, *others)
        self._guess = bool(others)  # until the file has been looked at
        self._doubted_set = 0  # whose numbers the file could hold in several orders, while nobody has said which
        self._order_said = False
        self._submit = submit
        self._kept_tables = kept_tables
        self._said: dict[int, int] | None = None  # which label each colour is, since the table was touched
        self._by_colours = False  # whatever the file's numbers are
        self._photo_size = photo_size
        self._reading: Work | None = None
        self._map: np.ndarray | None = None
        self._table: Mapping[int, int] = {}  # by which the map was read
        self.order = QComboBox()
        self.order.setAccessibleName(self.tr("Order of the labels"))
        self._offer_orders()
        self.order.setPlaceholderText(self.tr("Choose what its numbers mean"))
        self.order.currentIndexChanged.connect(self._read_as_said)
        self.colours = ColourTableView()
        self.colours.setMinimumHeight(220)
        self.colours.changed.connect(self._table_changed)
        self.ask_colours = QPushButton(self.tr("Say what its colours mean..."))
        self.ask_colours.clicked.connect(self._use_colours)
        self.forget = QPushButton(self.tr("Forget these colours"))
        self.forget.setToolTip(self.tr("What was said of the colours of this folder's label maps is taken back"))
        self.forget.clicked.connect(self._forget_table)
        self.preview = QLabel()
        self.preview.setAccessibleName(self.tr("Preview"))
        self.preview.setFixedSize(SIDE, SIDE)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.found = QLabel()
        self.found.setWordWrap(True)
        self.found.setProperty("muted", True)
        self.found.setAccessibleName(self.tr("Labels found"))
        self._build()
        self._hide_colours()
        self._read()

    def _build(self) -> None:
        form_layout = QFormLayout()
        form_layout.setSpacing(8)
        form_layout.addRow(self.tr("Labels"), self.order)
        right_column = QVBoxLayout()
        right_column.setSpacing(10)
        right_column.addLayout(form_layout)
        right_column.addWidget(self.problem)
        right_column.addWidget(self.found)
        colour_row = QHBoxLayout()
        colour_row.addWidget(self.ask_colours)
        colour_row.addWidget(self.forget)
        colour_row.addStretch(1)
        right_column.addLayout(colour_row)
        right_column.addStretch(1)
        top_row = QHBoxLayout()
        top_row.setSpacing(16)
        top_row.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignTop)
        top_row.addLayout(right_column, 1)
        button_box = QDialogButtonBox()
        button_box.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.replace = QPushButton(self.tr("Replace the label map, keep styles"))
        self.replace.setAccessibleName(self.tr("Replace the label map, keep styles"))
        self.make = QPushButton(self.tr("Make document"))
        self.make.setAccessibleName(self.tr("Make document"))
        button_box.addButton(self.replace, QDialogButtonBox.ButtonRole.ActionRole)
        button_box.addButton(self.make, QDialogButtonBox.ButtonRole.ActionRole)
        self.replace.clicked.connect(lambda: self._use("replace"))
        self.make.clicked.connect(lambda: self._use("new"))
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 18, 18, 12)
        column_layout.setSpacing(14)
        column_layout.addLayout(top_row)
        column_layout.addWidget(self.colours, 1)
        column_layout.addWidget(button_box)
        set_primary(self.make)

    def _offer_orders(self) -> None:
        for set_index, offered_set in enumerate(self._sets):
            self.order.addItem(self.tr("Numbers and colours of {0}").format(offered_set.name), f"{set_index}:")
            for order_name in orders_of(offered_set):
                self.order.addItem(self.tr("Order of {0}").format(order_name), f"{set_index}:{order_name}")
            self.order.addItem(self.tr("Numbers of {0}, from 1 on").format(offered_set.name), f"{set_index}:{FROM_ONE}")

    @property
    def _choice(self) -> tuple[int, str | None]:
        """Which label set, and an order of its labels if not its own."""
        if self.order.currentIndex() < 0:
            return self._doubted_set, None
        set_index, _, order_name = str(self.order.currentData()).partition(":")
        return int(set_index), order_name or None

    @property
    def label_set(self) -> LabelSet:
        """The labels that the map is read with."""
        return self._sets[self._choice[0]]

    @property
    def usable(self) -> bool:
        """True while the chosen order makes a label map of the file."""
        return self._map is not None

    def done(self, result: int) -> None:
        """The dialog closes: the file need not be read any more."""
        self._stop()
        super().done(result)

    def _read_as_said(self) -> None:
        """In the order that was chosen: what was said of the colours was about the labels before."""
        self._order_said = True
        self._read_without_table()

    def _read_without_table(self) -> None:
        self._said, self._by_colours = None, False
        self._read()

    def _use_colours(self) -> None:
        self._by_colours = True
        self._read()

    def _table_changed(self) -> None:
        self._said = self.colours.table()
        self._by_colours = True
        self._read()

    def _forget_table(self) -> None:
        self._kept_tables.keep_colour_table(self._path.parent, self.label_set, {})
        self._read_without_table()

    def _read(self) -> None:
        """Decode the file again; of two orders chosen in a row the later one counts."""
        self._stop()
        self._map = None
        self.found.setText(self.tr("Reading {0}").format(self._path.name))
        self.preview.clear()
        self.problem.clear()
        self._allow()
        path, label_sets, guesses, (set_index, order_name) = self._path, self._sets, self._guess, self._choice
        said, by_colours, kept_tables = self._said, self._by_colours, self._kept_tables
        tables = [kept_tables.colour_table(path.parent, label_set) for label_set in label_sets]
        self._guess = False

        def read(work: Work) -> tuple[int, MapReading]:
            chosen = set_by_colours(path, label_sets) if guesses else set_index
            table = tables[chosen] if said is None else said
            return chosen, read_map(path, label_sets[chosen], table, order=order_name, by_colours=by_colours)

        self._reading = self._submit(
            read, text=self.tr("Reading {0}").format(path.name), on_done=self._read_as, on_failed=self._failed
        )

    def _read_as(self, indexed_reading: tuple[int, MapReading]) -> None:
        set_index, reading = indexed_reading
        is_doubtful = reading.map_file.doubt is not None and not self._order_said
        if is_doubtful or set_index != self._choice[0]:
            self._doubted_set = set_index
            self.order.blockSignals(True)
            self.order.setCurrentIndex(-1 if is_doubtful else self.order.findData(f"{set_index}:"))
            self.order.blockSignals(False)
        self._show(reading)
        if is_doubtful:  # it is used once somebody has said what its numbers mean
            self._map = None
            self._allow()

    def _stop(self) -> None:
        if self._reading is not None and not self._reading.settled:
            self._reading.cancel()

    def _failed(self, error: EngineError) -> None:
        self.problem.setText(translate(str(error)))
        self.found.clear()
        self._hide_colours()
        self._allow()

    def _allow(self) -> None:
        self.problem.setVisible(bool(self.problem.text()))
        self.make.setEnabled(self.usable)
        is_own = self._choice[0] == 0
        self.replace.setEnabled(self.usable and is_own)
        needs_new_tip = self.tr("The document has other labels; make a new one")
        self.replace.setToolTip("" if is_own else needs_new_tip)

    def _show(self, reading: MapReading) -> None:
        map_file = reading.map_file
        self._map = map_file.label_map
        self._show_colours(reading)
        height, width = map_file.label_map.shape
        scale_factor = SIDE / max(height, width)
        reduced_map = resize_label_map(
            map_file.label_map, max(1, round(height * scale_factor)), max(1, round(width * scale_factor))
        )
        self.preview.setPixmap(QPixmap.fromImage(to_qimage(self.label_set.palette()[reduced_map])))
        ways_of_reading = {
            "indexed": self.tr("indexed colours"),
            "raw": self.tr("raw numbers"),
            "colour": self.tr("colours"),
        }
        shown_names = [label_name(self.label_set.labels[label_id]) for label_id in reading.shown_ids]
        template = self.tr("{0} x {1} pixels, read as {2}. Found: {3}.")
        summary = template.format(
            width, height, ways_of_reading.get(map_file.how, map_file.how), ", ".join(shown_names)
        )
        self.found.setText("\n".join([summary, *map(translate, map_file.notes)]))
        self.problem.setText("\n".join(self._doubts(reading)))
        self._allow()

    def _doubts(self, reading: MapReading) -> list[str]:
        """What the user should look at before the map is used."""
        doubts: list[str] = []
        if reading.map_file.doubt is not None:
            sentence = self.tr("Its numbers can mean two things: {0}. Choose above which they are.")
            doubts.append(sentence.format(translate(reading.map_file.doubt)))
        if reading.offered:
            sentence = self.tr("Its colours are not those of {0}: say which label each is. The nearest is offered.")
            doubts.append(sentence.format(reading.label_set.name))
        height, width = reading.map_file.label_map.shape
        if self._photo_size is not None and self._choice[0] == 0 and (height, width) != self._photo_size:
            photo_height, photo_width = self._photo_size
            template = self.tr(
                "The photo has {0} x {1} pixels. Replace its regions only if this is a map of that very photo."
            )
            doubts.append(template.format(photo_width, photo_height))
        return doubts

    def _hide_colours(self) -> None:
        self._table = {}
        for widget in (self.colours, self.ask_colours, self.forget):
            widget.hide()

    def _show_colours(self, reading: MapReading) -> None:
        """The table of the file's colours, where it was read by one, or the way to it."""
        self._table = reading.table
        if reading.table and not self.colours.shows(reading.table, reading.label_set):
            self.colours.show_table(reading.pixel_counts, reading.table, reading.label_set)
        self.colours.setVisible(bool(reading.table))
        self.ask_colours.setVisible(bool(reading.pixel_counts) and not reading.table)
        self.forget.setVisible(bool(self._kept_tables.colour_table(self._path.parent, reading.label_set)))

    def _use(self, purpose: str) -> None:
        if self._map is not None:
            if self._table:
                self._kept_tables.keep_colour_table(self._path.parent, self.label_set, self._table)
            self.accept()
            self.used.emit(self._map, purpose)
