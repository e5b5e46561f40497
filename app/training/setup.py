"""Setting up a run: data, recipe, what to start from, where it goes, on what it is trained."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.folders import FolderAsker
from app.jobs.preload import preload_torch
from app.jobs.training_lane import Plan
from app.jobs.training_thread import spare_threads
from app.jobs.work_lane import Work, WorkLane
from app.shell.catalogue import Catalogue
from app.training.data_folder import lacks
from app.training.fields import FolderEdit
from app.training.history import CONFIG, RunInfo, taken
from app.training.recipe_form import RecipeForm
from app.training.state import Training
from engine.devices import usable_cores
from engine.errors import EngineError
from engine.training.recipe import Recipe
from engine.weights.store import MODEL_FILE

RECIPES = "TOML (*.toml)"


class SetupForm(QWidget):
    """Makes a Plan of what the user chose. ``report_wanted`` asks for the report of the chosen data."""

    start_wanted = Signal(object)  # Plan
    report_wanted = Signal(object)  # Path
    problem_found = Signal(object)  # EngineError

    def __init__(
        self,
        training: Training,
        catalogue: Catalogue,
        lane: WorkLane,
        ask: FolderAsker,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._training = training
        self._catalogue = catalogue
        self._lane = lane
        self._ask = ask
        self.data = FolderEdit(self.tr("Data folder"), lambda: ask.folder("data", self.tr("Data folder")))
        self.data.line.setPlaceholderText(self.tr("images/ and labels/"))
        self.data.changed.connect(lambda _: self.check())
        self.report = QPushButton(self.tr("Look at the data..."))
        self.report.setToolTip(self.tr("Pairs, sizes, labels and what is wrong; makes missing classes and splits"))
        self.report.clicked.connect(self._report)
        self.recipe = RecipeForm(lambda: ask.file("recipe", self.tr("Recipe file"), RECIPES))
        self.recipe.changed.connect(self._recipe_changed)
        self.origin = QComboBox()
        self.origin.setAccessibleName(self.tr("Start from"))
        self.origin.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.origin.setMinimumContentsLength(12)
        self.name = FolderEdit(self.tr("Run folder"), lambda: ask.folder("run", self.tr("Run folder")))
        self.name.changed.connect(lambda _: self.check())
        self.device = QComboBox()
        self.device.setAccessibleName(self.tr("Device"))
        for text, device in ((self.tr("Automatic"), "auto"), (self.tr("CPU"), "cpu")):
            self.device.addItem(text, device)
        self.threads = QSpinBox()
        self.threads.setRange(1, usable_cores())
        self.threads.setValue(spare_threads())
        self.threads.setAccessibleName(self.tr("Processor threads"))
        self.threads.setToolTip(
            self.tr("Cores that the training takes; one less than there are keeps the editor quick")
        )
        self.start = QPushButton(self.tr("Start training"))
        self.start.setProperty("primary", True)
        self.start.clicked.connect(self._start)
        self._stem = ""
        self._build()
        catalogue.changed.connect(lambda: self._fill_origins())
        training.runs_changed.connect(lambda: self._fill_origins())
        training.state_changed.connect(lambda _: self.check())
        self._recipe_changed()
        self._fill_origins()

    def _build(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        for title, widgets in (
            (self.tr("Data"), (self.data, self.report)),
            (self.tr("Recipe"), (self.recipe,)),
            (self.tr("Start from"), (self.origin,)),
            (self.tr("Run folder"), (self.name,)),
        ):
            heading = QLabel(title)
            heading.setProperty("heading", True)
            column.addWidget(heading)
            for widget in widgets:
                column.addWidget(widget)
            column.addSpacing(8)
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        form.addRow(_muted(self.tr("Device")), self.device)
        form.addRow(_muted(self.tr("Threads")), self.threads)
        column.addLayout(form)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        foot = QVBoxLayout()
        foot.setContentsMargins(14, 8, 14, 12)
        self.why_not = _muted("")
        self.why_not.setWordWrap(True)
        self.why_not.setAccessibleName(self.tr("What is missing"))
        foot.addWidget(self.why_not)
        foot.addWidget(self.start)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)

    # --- from outside -------------------------------------------------------------------------------

    def look_for_devices(self) -> None:
        """Ask which GPUs there are, in a worker: that imports torch."""
        self._lane.submit(_devices, text=self.tr("Looking for devices"), on_done=self._found_devices)

    def set_data(self, folder: Path) -> None:
        """Choose a data folder."""
        self.data.set_path(folder, tell=True)

    def set_like(self, info: RunInfo) -> None:
        """A new run with the recipe and the data of another, from its best state: to go on with other numbers."""
        self.recipe.load(info.folder / CONFIG)
        self.data.set_path(info.data, tell=True)
        self._fill_origins(info.folder)

    def plan(self) -> Plan:
        """What would be trained now. Raises EngineError when the recipe cannot be used."""
        data, folder = self.data.path, self.name.path
        assert data is not None and folder is not None
        return Plan(
            recipe=watchable(self.recipe.recipe()),
            data=data,
            folder=folder,
            start=self.origin.currentData(),
            device=self.device.currentData(),
            threads=self.threads.value(),
        )

    # --- inside -------------------------------------------------------------------------------------

    def _found_devices(self, devices: list[Any]) -> None:
        for device in devices:
            if device.id != "cpu" and self.device.findData(device.id) < 0:
                self.device.addItem(f"{device.id}: {device.name}", device.id)

    def _recipe_changed(self) -> None:
        source = Path(str(self.recipe.source))
        stem = re.sub(r"-\d{8}-\d{6}(-\d+)?$", "", source.parent.name) if source.name == CONFIG else source.stem
        if stem != self._stem:
            self._stem = stem
            self.suggest_folder()
            self._fill_origins()
        self.check()

    def suggest_folder(self) -> None:
        """A new run folder's name from the recipe and the time."""
        name = f"{self._stem or 'run'}-{datetime.now():%Y%m%d-%H%M%S}"
        plan = self._training.plan
        for number in count(1):
            folder = self._training.runs_folder() / (name if number == 1 else f"{name}-{number}")
            if not taken(folder) and (plan is None or folder != plan.folder):  # that of a run begun just now is to come
                break
        self.name.set_path(folder)

    def set_name(self, folder: Path) -> None:
        """Choose a run folder."""
        self.name.set_path(folder)
        self.check()

    def _fill_origins(self, chosen: Path | None = None) -> None:
        """Weights and runs of the recipe's system; `chosen` is chosen, or what was before."""
        chosen = chosen or self.origin.currentData()
        system = self.recipe.base.system if self.recipe.base is not None else ""
        self.origin.clear()
        self.origin.addItem(self.tr("Scratch"), None)
        for entry in self._catalogue.entries:
            if entry.card is not None and entry.card.system == system:
                self.origin.addItem(self.tr("Weights {0}").format(entry.name), entry.folder / MODEL_FILE)
        for folder in self._training.runs():
            if (folder / "best.safetensors").is_file():
                self.origin.addItem(self.tr("Run {0}").format(folder.name), folder)
        for i in range(self.origin.count()):
            if chosen is not None and self.origin.itemData(i) == chosen:
                self.origin.setCurrentIndex(i)

    def check(self, *_: object) -> None:
        """Look again what is missing: files come and go."""
        missing = self._missing()
        self.why_not.setText(missing)
        self.why_not.setVisible(bool(missing))
        self.start.setEnabled(not missing)
        self.report.setEnabled(self.data.path is not None)

    def _missing(self) -> str:
        if self._training.active:
            return self.tr("One training at a time: stop the present one first.")
        if self.data.path is None:
            return self.tr("Choose a folder with images/ and labels/.")
        if wrong := lacks(self.data.path):
            return wrong
        if self.recipe.base is None:
            return self.tr("Choose a recipe that can be read.")
        if self.recipe.changes() is None:
            return self.tr("A number of the recipe is not one that can be used.")
        if self.name.path is None:
            return self.tr("Choose a folder for the run.")
        if taken(self.name.path):
            return self.tr(
                'There is something in "{0}" already; give the run another folder, or resume it from Runs.'
            ).format(self.name.path)
        return ""

    def _report(self) -> None:
        if self.data.path is not None:
            self.report_wanted.emit(self.data.path)

    def _start(self) -> None:
        try:
            plan = self.plan()
        except EngineError as error:
            self.problem_found.emit(error)
            return
        self.start_wanted.emit(plan)


def watchable(recipe: Recipe) -> Recipe:
    """The recipe with fifty reports or more in a run, so that a short one moves its curves and its counter too."""
    return msgspec.structs.replace(recipe, log_every=min(recipe.log_every, max(1, recipe.steps // 50)))


def _devices(work: Work) -> list[Any]:
    preload_torch()
    from engine.devices import list_devices

    return list(list_devices())


def _muted(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("muted", True)
    return label
