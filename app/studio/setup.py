"""Setting up a run: data, recipe, what to start from, where it goes, on what it is trained."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.catalogue import Catalogue
from app.dialogs.folders import FolderAsker
from app.jobs.devices import find_devices
from app.jobs.work_lane import WorkLane
from app.panels.widgets import heading_label, muted_label
from app.studio.fields import FolderEdit
from app.studio.recipe_form import RecipeForm
from app.texts.translate import translate
from app.training.data_check import DataCheck
from app.training.new_run import NewRun
from app.training.run_folder import CONFIG, RunInfo
from app.training.training import Training
from engine.data.kinds import first_lack
from engine.devices import usable_cores
from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.data.findings import Report
    from engine.devices import Device

RECIPES = "TOML (*.toml)"


AUTO, CPU = "auto", "cpu"  # devices


class SetupForm(QWidget):
    """Shows a `NewRun` and fills it in. ``report_wanted`` asks for the report of the chosen data."""

    start_wanted = Signal(object)  # Plan
    report_wanted = Signal(object)  # Path
    problem_found = Signal(object)  # EngineError

    def __init__(
        self,
        training: Training,
        catalogue: Catalogue,
        work_lane: WorkLane,
        folder_asker: FolderAsker,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._training = training
        self._catalogue = catalogue
        self._lane = work_lane
        self.new_run = NewRun()
        self._data_check = DataCheck(training.checking, self)
        self._data_check.changed.connect(self._show_lacks)
        self._half: dict[str, bool] = {}  # by device, whether it computes in 16 bits at its speed
        self.data = FolderEdit(self.tr("Data folder"), lambda: folder_asker.folder("data", self.tr("Data folder")))
        self.data.changed.connect(self._data_chosen)
        self.report = QPushButton(self.tr("Look at the data..."))
        self.report.setToolTip(
            self.tr("What the folder holds and what is wrong with it, by file; makes lists and label maps it lacks")
        )
        self.report.clicked.connect(self._report)
        self.recipe = RecipeForm(
            self.new_run.recipe, lambda: folder_asker.file("recipe", self.tr("Recipe file"), RECIPES)
        )
        self.recipe.changed.connect(self._recipe_changed)
        self.origin = QComboBox()
        self.origin.setAccessibleName(self.tr("Start from"))
        self.origin.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.origin.setMinimumContentsLength(12)
        self.origin.currentIndexChanged.connect(self._start_chosen)
        self.name = FolderEdit(self.tr("Run folder"), lambda: folder_asker.folder("run", self.tr("Run folder")))
        self.name.changed.connect(self._folder_chosen)
        self.device = QComboBox()
        self.device.setAccessibleName(self.tr("Device"))
        for caption, device in ((self.tr("Automatic"), AUTO), (self.tr("CPU"), CPU)):
            self.device.addItem(caption, device)
        self.device.currentIndexChanged.connect(self._device_chosen)
        self.threads = QSpinBox()
        self.threads.setRange(1, usable_cores())
        self.threads.setValue(self.new_run.threads)
        self.threads.valueChanged.connect(self._threads_chosen)
        self.threads.setAccessibleName(self.tr("Processor threads"))
        self.threads.setToolTip(
            self.tr("Cores that the training takes; one less than there are keeps the editor quick")
        )
        self.start = QPushButton(self.tr("Start training"))
        self.start.setProperty("primary", True)
        self.start.clicked.connect(self._start)
        self._named_after = ""  # the recipe that the run folder is named after
        self._build()
        catalogue.changed.connect(self._fill_origins)
        catalogue.changed.connect(self._show_lacks)
        training.runs_changed.connect(self._fill_origins)
        training.state_changed.connect(self.check)
        self._recipe_changed()
        self._fill_origins()

    def _build(self) -> None:
        self.parser_too = QCheckBox(self.tr("Then train a parser for its labels"))
        self.parser_too.setToolTip(
            self.tr("No weights find these labels in photos yet, and without such weights no photo of them opens")
        )
        self.parser_too.toggled.connect(self._parser_chosen)
        form_inside = QWidget()
        column_layout = QVBoxLayout(form_inside)
        column_layout.setContentsMargins(14, 12, 14, 12)
        column_layout.setSpacing(6)
        for heading, widgets in (
            (self.tr("Data"), (self.data, self.report)),
            (self.tr("Recipe"), (self.recipe, self.parser_too)),
            (self.tr("Start from"), (self.origin,)),
        ):
            column_layout.addWidget(heading_label(heading))
            for widget in widgets:
                column_layout.addWidget(widget)
            column_layout.addSpacing(8)
        form_layout = QFormLayout()
        form_layout.setHorizontalSpacing(10)
        form_layout.addRow(muted_label(self.tr("Device")), self.device)
        form_layout.addRow(muted_label(self.tr("Threads")), self.threads)
        column_layout.addLayout(form_layout)
        column_layout.addStretch(1)
        scroll_area = QScrollArea()
        scroll_area.setWidgetResizable(True)
        scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        scroll_area.setWidget(form_inside)
        foot_column = QVBoxLayout()  # what every run needs is in sight, however low the window
        foot_column.setContentsMargins(14, 8, 14, 12)
        foot_column.setSpacing(6)
        foot_column.addWidget(heading_label(self.tr("Run folder")))
        foot_column.addWidget(self.name)
        self.why_not = muted_label()
        self.why_not.setWordWrap(True)
        self.why_not.setAccessibleName(self.tr("What is missing"))
        foot_column.addWidget(self.why_not)
        foot_column.addWidget(self.start)
        outer_column = QVBoxLayout(self)
        outer_column.setContentsMargins(0, 0, 0, 0)
        outer_column.setSpacing(0)
        outer_column.addWidget(scroll_area, 1)
        outer_column.addLayout(foot_column)

    # --- from outside -------------------------------------------------------------------------------

    def look_for_devices(self) -> None:
        """Ask which GPUs there are, in a worker: that imports torch."""
        self._lane.submit(find_devices, text=self.tr("Looking for devices"), on_done=self._found_devices)

    def set_data(self, chosen_folder: Path) -> None:
        """Choose a data folder."""
        self.data.set_path(chosen_folder, tell=True)

    def set_like(self, run_info: RunInfo) -> None:
        """A new run with the recipe and the data of another, from its best state: to go on with other numbers."""
        self.recipe.load(run_info.folder / CONFIG)
        self.data.set_path(run_info.data, tell=True)
        self.new_run.start = run_info.folder
        self._fill_origins()

    def set_name(self, chosen_folder: Path) -> None:
        """Choose a run folder."""
        self.name.set_path(chosen_folder)
        self._folder_chosen(chosen_folder)

    def suggest_folder(self) -> None:
        """Choose a new run folder, named by the recipe and the time."""
        begun_folder = self._training.plan.folder if self._training.plan is not None else None
        self.new_run.suggest_folder(self._training.runs_folder(), begun_folder, datetime.now())
        self.name.set_path(self.new_run.folder)

    def check(self, *_: object) -> None:
        """Look again what is missing: files come and go."""
        data_folder, kind = self.new_run.data, self.new_run.data_kind()
        if data_folder is None or kind is None or first_lack(data_folder, kind) is not None:
            self._data_check.stop()
        elif self._training.active:
            self._data_check.pause()
        else:
            self._data_check.look(data_folder, kind)
        self._show_lacks()

    def take_report(self, data_folder: Path, report: Report) -> None:
        """The data report has looked at a folder: what it found keeps a run from being started, or no longer does."""
        self._data_check.take(data_folder, report)

    def _show_lacks(self) -> None:
        what_is_missing = self.new_run.lacks(training=self._training.active, data_finding=self._data_check.finding)
        self.why_not.setText(what_is_missing)
        self.why_not.setVisible(bool(what_is_missing))
        self.start.setEnabled(not what_is_missing)
        self.report.setEnabled(self.new_run.data is not None)
        self.parser_too.setVisible(self.new_run.lacks_parser(self._catalogue.entries))

    # --- choosing -----------------------------------------------------------------------------------

    def _data_chosen(self, chosen_folder: Path | None) -> None:
        self.new_run.data = chosen_folder
        self.check()

    def _folder_chosen(self, chosen_folder: Path | None) -> None:
        self.new_run.folder = chosen_folder
        self.check()

    def _start_chosen(self) -> None:
        self.new_run.start = self.origin.currentData()

    def _parser_chosen(self, wanted: bool) -> None:
        self.new_run.parser_too = wanted

    def _device_chosen(self) -> None:
        self.new_run.device = self.device.currentData()
        self._show_precisions()

    def _threads_chosen(self, threads: int) -> None:
        self.new_run.threads = threads

    def _recipe_changed(self) -> None:
        kind = self.new_run.data_kind()
        self.data.line.setPlaceholderText(translate(kind.holds) if kind is not None else "")
        recipe_name = self.new_run.recipe.stem
        if recipe_name != self._named_after:
            self._named_after = recipe_name
            self.suggest_folder()
            self._fill_origins()
        self.check()

    # --- inside -------------------------------------------------------------------------------------

    def _found_devices(self, devices: list[Device]) -> None:
        for device in devices:
            if device.id != "cpu" and self.device.findData(device.id) < 0:
                self.device.addItem(f"{device.id}: {device.name}", device.id)
        self._half = {device.id: device.half for device in devices}
        self._show_precisions()

    def _show_precisions(self) -> None:
        """What the device that is chosen computes in at its speed; "auto" takes a GPU where there is one."""
        chosen = self.device.currentData()
        if chosen == AUTO:
            chosen = next((device for device in self._half if device != CPU), CPU)
        self.recipe.set_half(self._half.get(chosen, True))

    def _fill_origins(self) -> None:
        """What can be started from; what was chosen stays chosen as long as it is there."""
        start_points = self.new_run.start_points(self._catalogue.entries, self._training.runs())
        start_paths = [start_point.path for start_point in start_points]
        with QSignalBlocker(self.origin):
            self.origin.clear()
            for start_point in start_points:
                self.origin.addItem(start_point.text, start_point.path)
            self.origin.setCurrentIndex(
                start_paths.index(self.new_run.start) if self.new_run.start in start_paths else 0
            )
        self._start_chosen()

    def _report(self) -> None:
        if self.new_run.data is not None:
            self.report_wanted.emit(self.new_run.data)

    def _start(self) -> None:
        for edit in (self.data, self.name):
            edit.commit()  # a key may start the run while a path is being typed
        if not self.start.isEnabled():
            return
        try:
            plan = self.new_run.plan(self._catalogue.entries)
        except EngineError as error:
            self.problem_found.emit(error)
            return
        self.start_wanted.emit(plan)
