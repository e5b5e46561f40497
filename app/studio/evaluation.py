"""Measuring weights on a data folder: choose, run in the worker, read the numbers beside those of others, save them."""

from __future__ import annotations

from functools import partial
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

from app.core import Core
from app.dialogs.folders import FolderAsker
from app.jobs.preload import large_import, preload_torch
from app.jobs.work_lane import Work
from app.panels.table import ReadTable
from app.panels.widgets import set_primary
from app.studio.fields import FolderEdit
from app.texts.label_names import label_name
from app.texts.metric_names import row_text
from app.texts.system_names import system_text
from app.texts.translate import translate
from app.training.measurements import Measurements, Place, preferred_split, splits_of
from app.training.use import publish_run, weights_name
from engine.errors import Cancelled, EngineError, Message
from engine.files import write_text
from engine.systems import measurable


class EvaluationDialog(QDialog):
    """Runs the engine's evaluation as work that can be cancelled; closing the dialog cancels it."""

    def __init__(
        self,
        core: Core,
        *,
        data_folder: Path | None = None,
        run_folder: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Evaluate weights"))
        self.resize(640, 620)
        self._core = core
        self._run = run_folder
        self._work: Work | None = None
        self.measured = Measurements()
        self.ask = FolderAsker(core.settings, self)
        self.ask.files.refused.connect(self._refuse)
        self.weights = QComboBox()
        self.weights.setAccessibleName(self.tr("Weights"))
        if run_folder is not None:
            self.weights.addItem(self.tr("Best state of {0}").format(run_folder.name), run_folder)
        for entry in core.catalogue.entries:
            if entry.card is not None and measurable(entry.card):
                self.weights.addItem(f"{entry.name} ({system_text(entry.card.system)})", entry.name)
        self.data = FolderEdit(self.tr("Data folder"), lambda: self.ask.folder("data", self.tr("Data folder")))
        self.data.set_path(data_folder)
        self.data.changed.connect(self._look)
        self.split = QComboBox()
        self.split.setAccessibleName(self.tr("Split"))
        self.limit = QSpinBox()
        self.limit.setRange(0, 100_000)
        self.limit.setSpecialValueText(self.tr("All"))
        self.limit.setAccessibleName(self.tr("Number of pictures"))
        self.limit.setToolTip(self.tr("Measure only so many pictures, evenly spread: quicker, and less certain"))
        self.go = QPushButton(self.tr("Measure"))
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
        self._look(data_folder)
        self._show_running(False)

    def _build(self) -> None:
        form_layout = QFormLayout()
        form_layout.setSpacing(8)
        form_layout.addRow(self.tr("Weights"), self.weights)
        form_layout.addRow(self.tr("Data"), self.data)
        form_layout.addRow(self.tr("Split"), self.split)
        form_layout.addRow(self.tr("Pictures"), self.limit)
        self.table = ReadTable(self.tr("Numbers"), [self.tr("Metric"), self.tr("Value")])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.save = QPushButton(self.tr("Save a report..."))
        self.save.setToolTip(self.tr("Write the numbers as JSON, or as a page with pictures and plots (HTML)"))
        self.save.clicked.connect(self._save)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        close_button = QPushButton(self.tr("Close"))
        close_button.clicked.connect(self.reject)
        button_row = QHBoxLayout()
        button_row.addWidget(self.save)
        button_row.addStretch(1)
        for button in (self.cancel, self.go, close_button):
            button_row.addWidget(button)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(18, 16, 18, 12)
        column_layout.setSpacing(10)
        column_layout.addLayout(form_layout)
        column_layout.addWidget(self.bar)
        column_layout.addWidget(self.what)
        column_layout.addWidget(self.table, 1)
        column_layout.addLayout(button_row)
        set_primary(self.go)

    # --- measuring ----------------------------------------------------------------------------------

    def measure(self) -> None:
        """Begin; the numbers come when all pictures have been painted."""
        data_folder, weights, split = self.data.path, self.weights.currentData(), self.split.currentData()
        if data_folder is None or weights is None:
            return
        device, run_folder, picture_limit = self._core.settings.device, self._run, self.limit.value() or None
        self._show_running(True)
        self._work = self._core.training.measuring.submit(
            lambda work: _measure(work, weights, run_folder, data_folder, split, picture_limit, device),
            text=self.tr("Measuring"),
            on_done=partial(self._done, data_folder),
            on_failed=self._failed,
            on_progress=self._progress,
        )

    def _progress(self, fraction: float, progress_text: str) -> None:
        self.bar.setValue(round(1000 * fraction))
        self._say(translate(progress_text))

    def _done(self, data_folder: Path, metrics: dict[str, Any]) -> None:
        self.measured.add(metrics, data_folder)
        self._show_running(False)
        self._show_numbers()
        pictures = metrics.get("pictures")
        self._say(self.tr("Measured on {0} pictures.").format(pictures) if pictures else self.tr("Measured."))

    def _show_numbers(self) -> None:
        """One column for each weights that were measured, the lines of all of them."""
        table_lines, titles = self.measured.table(), self.measured.titles()
        self.table.setColumnCount(1 + len(titles))
        self.table.setHorizontalHeaderLabels([self.tr("Metric"), *titles])
        self.table.setRowCount(len(table_lines))
        label_sets = self.measured.label_sets(self._core.catalogue.entries)
        label_names = {label.name: label_name(label) for labels in label_sets for label in labels.labels}
        for row, (metric_name, metric_values) in enumerate(table_lines):
            self.table.fill_row(row, [row_text(metric_name, label_names), *map(translate, metric_values)])
        self.table.resizeRowsToContents()  # why a number is missing takes some lines

    def _failed(self, error: EngineError) -> None:
        self._show_running(False)
        self._say("" if isinstance(error, Cancelled) else translate(str(error)))

    def _cancel(self) -> None:
        if self._work is not None and not self._work.settled:
            self._work.cancel()
        self._show_running(False)
        self.what.clear()

    def done(self, result_code: int) -> None:
        self._cancel()
        super().done(result_code)

    def _show_running(self, running: bool) -> None:
        self.bar.setVisible(running)
        self.bar.setValue(0)
        self.cancel.setVisible(running)
        for widget in (self.weights, self.data, self.split, self.limit):
            widget.setEnabled(not running)
        self.go.setEnabled(not running and self.data.path is not None and self.weights.count() > 0)
        self.save.setEnabled(not running and bool(self.measured))

    # --- data and saving ----------------------------------------------------------------------------

    def _look(self, data_folder: Path | None) -> None:
        """The splits of the data folder; a folder without them is one split."""
        self.split.clear()
        split_names = splits_of(data_folder)
        for split_name in split_names or [self.tr("All pairs")]:
            self.split.addItem(split_name, split_name if split_names else None)
        self.split.setCurrentIndex(preferred_split(split_names))
        self.go.setEnabled(data_folder is not None and self.weights.count() > 0)

    def _save(self) -> None:
        filters = ";;".join((self.tr("Page with pictures and plots (*.html)"), "JSON (*.json)"))
        report_path = self.ask.save(self.tr("Save the numbers"), f"{self.measured.file_name()}.html", filters)
        if report_path is None:
            return
        if report_path.suffix.lower() == ".json":
            self._write(report_path, self.measured.as_json())
            return
        metrics, weights, place = self.measured.metrics, self.measured.weights(), self.measured.last_place
        device = self._core.settings.device
        self._show_running(True)
        self._work = self._core.training.measuring.submit(
            lambda work: _page(work, metrics, weights, place, device),
            text=self.tr("Painting pictures for the page"),
            on_done=partial(self._write, report_path),
            on_failed=self._failed,
            on_progress=self._progress,
        )

    def _write(self, report_path: Path, content: str) -> None:
        self._show_running(False)
        try:
            write_text(report_path, content)
        except EngineError as error:
            self._say(translate(str(error)))
        else:
            file_link = (
                f'<a href="{escape(QUrl.fromLocalFile(str(report_path)).toString())}">{escape(report_path.name)}</a>'
            )
            self.what.setText(self.tr("Saved {0}").format(file_link))

    def _refuse(self, error: EngineError) -> None:
        self._say(translate(str(error)))

    def _say(self, message: str) -> None:
        self.what.setText(escape(message))


def _measure(
    work: Work,
    weights: str | Path,
    run_folder: Path | None,
    data_folder: Path,
    split: str | None,
    picture_limit: int | None,
    device: str,
) -> Any:
    work.progress(0.0, Message("loading"))
    preload_torch()
    with large_import():
        from engine.evaluation.evaluate import evaluate

    if isinstance(weights, Path) and run_folder is not None:
        weights = publish_run(work, run_folder, data_folder, weights_name(run_folder)).name
    return evaluate(
        weights,
        data_folder,
        split,
        device=device,
        limit=picture_limit,
        on_progress=work.progress,
        cancel=work.cancel_event,
    )


def _page(work: Work, metrics: list[Any], weights: list[str], place: Place, device: str) -> str:
    """The report as one page, with pictures of the data that was measured last."""
    from engine.evaluation.evaluate import picture_rows
    from engine.evaluation.report import html_report

    report_rows = picture_rows(
        weights, place.data, place.split, device=device, on_progress=work.progress, cancel=work.cancel_event
    )
    return html_report(metrics, report_rows)
