"""Measuring weights on a data folder: choose, run in the worker, read the numbers beside those of others, save them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.folders import FolderAsker
from app.jobs.preload import large_import, preload_torch
from app.jobs.work_lane import Work
from app.panels.table import ReadTable
from app.shell.core import Core
from app.texts.label_names import label_name
from app.texts.metric_names import row_text
from app.texts.translate import translate
from app.training.fields import FolderEdit
from app.training.state.measurements import Measurements, Place, preferred_split, splits_of
from app.training.use import publish_run, weights_name
from engine.errors import Cancelled, EngineError
from engine.files import write_text


class EvaluationDialog(QDialog):
    """Runs the engine's evaluation as work that can be cancelled; closing the dialog cancels it."""

    def __init__(
        self, core: Core, *, data: Path | None = None, run: Path | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Evaluate weights"))
        self.resize(640, 620)
        self._core = core
        self._run = run
        self._work: Work | None = None
        self.measured = Measurements()
        self.ask = FolderAsker(core.settings, self)
        self.weights = QComboBox()
        self.weights.setAccessibleName(self.tr("Weights"))
        if run is not None:
            self.weights.addItem(self.tr("Best state of {0}").format(run.name), run)
        for entry in core.catalogue.entries:
            if entry.card is not None:
                self.weights.addItem(f"{entry.name} ({entry.card.system})", entry.name)
        self.data = FolderEdit(self.tr("Data folder"), lambda: self.ask.folder("data", self.tr("Data folder")))
        self.data.set_path(data)
        self.data.changed.connect(self._look)
        self.split = QComboBox()
        self.split.setAccessibleName(self.tr("Split"))
        self.limit = QSpinBox()
        self.limit.setRange(0, 100_000)
        self.limit.setSpecialValueText(self.tr("All"))
        self.limit.setAccessibleName(self.tr("Number of pictures"))
        self.limit.setToolTip(self.tr("Measure only so many pictures, evenly spread: quicker, and less certain"))
        self.go = QPushButton(self.tr("Measure"))
        self.go.setProperty("primary", True)
        self.go.setDefault(True)
        self.go.clicked.connect(self.measure)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.what = QLabel()
        self.what.setWordWrap(True)
        self.what.setProperty("muted", True)
        self.what.setTextFormat(Qt.TextFormat.RichText)
        self.what.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.what.setOpenExternalLinks(True)  # a saved page opens in the browser
        self.what.setAccessibleName(self.tr("What is being done"))
        self._build()
        self._look(data)
        self._show_running(False)

    def _build(self) -> None:
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow(self.tr("Weights"), self.weights)
        form.addRow(self.tr("Data"), self.data)
        form.addRow(self.tr("Split"), self.split)
        form.addRow(self.tr("Pictures"), self.limit)
        self.table = ReadTable(self.tr("Numbers"), [self.tr("Metric"), self.tr("Value")])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.save = QPushButton(self.tr("Save a report..."))
        self.save.setToolTip(self.tr("Write the numbers as JSON, or as a page with pictures and plots (HTML)"))
        self.save.clicked.connect(self._save)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.save)
        buttons.addStretch(1)
        for button in (self.cancel, self.go, close):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 12)
        column.setSpacing(10)
        column.addLayout(form)
        column.addWidget(self.bar)
        column.addWidget(self.what)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)

    # --- measuring ----------------------------------------------------------------------------------

    def measure(self) -> None:
        """Begin; the numbers come when all pictures have been painted."""
        data, weights, split = self.data.path, self.weights.currentData(), self.split.currentData()
        if data is None or weights is None:
            return
        device, run, limit = self._core.settings.device, self._run, self.limit.value() or None
        self._show_running(True)
        self._work = self._core.training.measuring.submit(
            lambda work: _measure(work, weights, run, data, split, limit, device),
            text=self.tr("Measuring"),
            on_done=lambda metrics: self._done(metrics, data),
            on_failed=self._failed,
            on_progress=self._progress,
        )

    def _progress(self, part: float, text: str) -> None:
        self.bar.setValue(round(1000 * part))
        self._say(translate(text))

    def _done(self, metrics: dict[str, Any], data: Path) -> None:
        self.measured.add(metrics, data)
        self._show_running(False)
        self._show_numbers()
        self._say(self.tr("Measured on {0} pictures.").format(metrics.get("pictures", 0)))

    def _show_numbers(self) -> None:
        """One column for each weights that were measured, the lines of all of them."""
        lines, titles = self.measured.table(), self.measured.titles()
        self.table.setColumnCount(1 + len(titles))
        self.table.setHorizontalHeaderLabels([self.tr("Metric"), *titles])
        self.table.setRowCount(len(lines))
        label_sets = self.measured.label_sets(self._core.catalogue.entries)
        label_names = {label.name: label_name(label) for labels in label_sets for label in labels.labels}
        for row, (name, values) in enumerate(lines):
            self.table.fill_row(row, [row_text(name, label_names), *map(translate, values)])
        self.table.resizeRowsToContents()  # why a number is missing takes some lines

    def _failed(self, error: EngineError) -> None:
        self._show_running(False)
        self._say("" if isinstance(error, Cancelled) else translate(str(error)))

    def _cancel(self) -> None:
        if self._work is not None and not self._work.settled:
            self._work.cancel()
        self._show_running(False)
        self.what.clear()

    def done(self, code: int) -> None:
        self._cancel()
        super().done(code)

    def _show_running(self, on: bool) -> None:
        self.bar.setVisible(on)
        self.bar.setValue(0)
        self.cancel.setVisible(on)
        for widget in (self.weights, self.data, self.split, self.limit):
            widget.setEnabled(not on)
        self.go.setEnabled(not on and self.data.path is not None and self.weights.count() > 0)
        self.save.setEnabled(not on and bool(self.measured))

    # --- data and saving ----------------------------------------------------------------------------

    def _look(self, data: Path | None) -> None:
        """The splits of the data folder; a folder without them is one split."""
        self.split.clear()
        splits = splits_of(data)
        for name in splits or [self.tr("All pairs")]:
            self.split.addItem(name, name if splits else None)
        self.split.setCurrentIndex(preferred_split(splits))
        self.go.setEnabled(data is not None and self.weights.count() > 0)

    def _save(self) -> None:
        filters = ";;".join((self.tr("Page with pictures and plots (*.html)"), "JSON (*.json)"))
        path = self.ask.save(self.tr("Save the numbers"), f"{self.measured.file_name()}.html", filters)
        if path is None:
            return
        if path.suffix.lower() == ".json":
            self._write(path, self.measured.as_json())
            return
        metrics, weights, place = self.measured.metrics, self.measured.weights(), self.measured.last_place
        device = self._core.settings.device
        self._show_running(True)
        self._work = self._core.training.measuring.submit(
            lambda work: _page(work, metrics, weights, place, device),
            text=self.tr("Painting pictures for the page"),
            on_done=lambda page: self._write(path, page),
            on_failed=self._failed,
            on_progress=self._progress,
        )

    def _write(self, path: Path, text: str) -> None:
        self._show_running(False)
        try:
            write_text(path, text)
        except EngineError as error:
            self._say(translate(str(error)))
        else:
            link = f'<a href="{escape(QUrl.fromLocalFile(str(path)).toString())}">{escape(path.name)}</a>'
            self.what.setText(self.tr("Saved {0}").format(link))

    def _say(self, text: str) -> None:
        self.what.setText(escape(text))


def _measure(
    work: Work, weights: str | Path, run: Path | None, data: Path, split: str | None, limit: int | None, device: str
) -> Any:
    work.progress(0.0, "loading")
    preload_torch()
    with large_import():
        from engine.data.layout import measured_split
        from engine.metrics.evaluate import evaluate

    if isinstance(weights, Path) and run is not None:
        weights = publish_run(work, run, data, weights_name(run)).name
    return evaluate(
        weights,
        data,
        split or measured_split(data),
        device=device,
        limit=limit,
        on_progress=work.progress,
        cancel=work.cancel_event,
    )


def _page(work: Work, metrics: list[Any], weights: list[str], place: Place, device: str) -> str:
    """The report as one page, with pictures of the data that was measured last."""
    from engine.metrics.report import html_report
    from engine.metrics.report_pictures import picture_rows

    rows = picture_rows(
        weights, place.data, place.split, device=device, on_progress=work.progress, cancel=work.cancel_event
    )
    return html_report(metrics, rows)
