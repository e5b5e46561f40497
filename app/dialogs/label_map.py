"""New from a label map file: which labels its numbers or colours mean, with a look at the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

from app.imaging.pixels import to_qimage
from app.jobs.work_lane import Work
from app.panels.widgets import set_primary
from app.texts.label_names import label_name
from app.texts.translate import translate
from engine.errors import EngineError
from engine.labels.label_maps import LabelMapFile, read_label_map, resize_label_map
from engine.labels.label_orders import orders_of
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.sniffing import sets_by_colours

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


class LabelMapDialog(QDialog):
    """Reads the file with the chosen order, in the background; wrong values are named and nothing can be made of
    them."""

    used = Signal(object, str)  # (H, W) uint8 label map; "new" or "replace"

    def __init__(
        self,
        path: Path,
        label_set: LabelSet,
        submit: Submit,
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
        self._submit = submit
        self._photo_size = photo_size
        self._reading: Work | None = None
        self._map: np.ndarray | None = None
        self.order = QComboBox()
        self.order.setAccessibleName(self.tr("Order of the labels"))
        for set_index, offered_set in enumerate(self._sets):
            self.order.addItem(self.tr("Numbers and colours of {0}").format(offered_set.name), f"{set_index}:")
            for order_name in orders_of(offered_set):
                if set_index == 0:
                    self.order.addItem(self.tr("Order of {0}").format(order_name), f"{set_index}:{order_name}")
        self.order.currentIndexChanged.connect(self._read)
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
        column_layout.addWidget(button_box)
        set_primary(self.make)

    @property
    def _choice(self) -> tuple[int, str | None]:
        """Which label set, and an order of its labels if not its own."""
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

    def _read(self) -> None:
        """Decode the file again; of two orders chosen in a row the later one counts."""
        self._stop()
        self._map = None
        self.found.setText(self.tr("Reading {0}").format(self._path.name))
        self.preview.clear()
        self.problem.clear()
        self._allow()
        path, label_sets, guesses, (set_index, order_name) = self._path, self._sets, self._guess, self._choice
        self._guess = False

        def read(work: Work) -> tuple[int, LabelMapFile, list[int]]:
            chosen = set_by_colours(path, label_sets) if guesses else set_index
            map_file = read_label_map(path, label_sets[chosen], order=order_name)
            return chosen, map_file, np.unique(map_file.label_map).tolist()

        self._reading = self._submit(
            read, text=self.tr("Reading {0}").format(path.name), on_done=self._read_as, on_failed=self._failed
        )

    def _read_as(self, read_result: tuple[int, LabelMapFile, list[int]]) -> None:
        set_index, map_file, shown_ids = read_result
        if set_index != self._choice[0]:
            self.order.blockSignals(True)
            self.order.setCurrentIndex(self.order.findData(f"{set_index}:"))
            self.order.blockSignals(False)
        self._show(map_file, shown_ids)

    def _stop(self) -> None:
        if self._reading is not None and not self._reading.settled:
            self._reading.cancel()

    def _failed(self, error: EngineError) -> None:
        self.problem.setText(translate(str(error)))
        self.found.clear()
        self._allow()

    def _allow(self) -> None:
        self.problem.setVisible(bool(self.problem.text()))
        self.make.setEnabled(self.usable)
        is_own = self._choice[0] == 0
        self.replace.setEnabled(self.usable and is_own)
        needs_new_tip = self.tr("The document has other labels; make a new one")
        self.replace.setToolTip("" if is_own else needs_new_tip)

    def _show(self, map_file: LabelMapFile, shown_ids: list[int]) -> None:
        self._map = map_file.label_map
        self._allow()
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
        shown_names = [label_name(self.label_set.labels[label_id]) for label_id in shown_ids]
        template = self.tr("{0} x {1} pixels, read as {2}. Found: {3}.")
        summary = template.format(
            width, height, ways_of_reading.get(map_file.how, map_file.how), ", ".join(shown_names)
        )
        self.found.setText("\n".join([summary, *map(translate, map_file.notes)]))
        if self._photo_size is not None and self._choice[0] == 0 and (height, width) != self._photo_size:
            photo_height, photo_width = self._photo_size
            template = self.tr(
                "The photo has {0} x {1} pixels. Replace its regions only if this is a map of that very photo."
            )
            self.problem.setText(template.format(photo_width, photo_height))
            self.problem.show()

    def _use(self, purpose: str) -> None:
        if self._map is not None:
            self.accept()
            self.used.emit(self._map, purpose)


def set_by_colours(path: Path, label_sets: Sequence[LabelSet]) -> int:
    """Which of the sets' colours a label map has: the first one, 0, where nothing speaks for another."""
    named_sets = [load_label_set(set_name) for set_name in sets_by_colours(path)]
    return next(
        (
            set_index
            for set_index, label_set in enumerate(label_sets)
            if any(label_set.same_labels(named_set) for named_set in named_sets)
        ),
        0,
    )
