"""The training studio's window: set a run up on the left, watch it on the right."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.core import Core
from app.dialogs.folders import FolderAsker
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import TRAINING, Problem
from app.jobs.training_lane import Plan
from app.studio.curves import CurvesView
from app.studio.run_bar import RunBar
from app.studio.runs_list import RunsList
from app.studio.setup import SetupForm
from app.studio.sheets import SheetsView
from app.training.run_folder import RunInfo
from engine.errors import EngineError

SIZE = QSize(1240, 820)
LEFT = 340


class Studio(QWidget):
    """A window of its own beside the editor's; closing it leaves the training running."""

    use_wanted = Signal()
    evaluate_wanted = Signal()
    report_wanted = Signal(object)  # Path

    def __init__(self, core: Core) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setObjectName("studio")
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle(self.tr("Training studio - Tessera"))
        self.setAccessibleName(self.tr("Training studio"))
        self._core = core
        self._training = training = core.training
        self.ask = FolderAsker(core.settings, self)
        self.ask.files.refused.connect(self._say)
        self.error_bar = ErrorBar()
        core.hub.reported.connect(self._report)
        core.hub.cleared.connect(self.error_bar.clear_topic)
        self.setup = SetupForm(training, core.catalogue, core.work_lane, self.ask)
        self.runs = RunsList(training, self.ask)
        self.bar = RunBar(training, core.work_lane)
        self.curves = CurvesView(self.ask.save)
        self.sheets = SheetsView(core.work_lane)
        self._build()
        self._connect()
        self._show_run()
        if training.shown is not None:  # the window is built again in another language
            self.tabs.setCurrentWidget(self.runs)
        if training.plan is not None:
            self.setup.data.set_path(training.plan.data, tell=True)

    def _build(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.setup, self.tr("New run"))
        self.tabs.addTab(self.runs, self.tr("Runs"))
        self.tabs.tabBar().setAccessibleName(self.tr("New run or runs so far"))
        self.tabs.setMinimumWidth(LEFT - 40)
        view_splitter = QSplitter(Qt.Orientation.Vertical)
        view_splitter.setChildrenCollapsible(False)
        view_splitter.addWidget(self.curves)
        view_splitter.addWidget(self.sheets)
        view_splitter.setSizes([400, 330])
        view_splitter.setStretchFactor(1, 1)  # room that comes and goes is the samples': curves and buttons stay
        right_side = QWidget()
        column_layout = QVBoxLayout(right_side)
        column_layout.setContentsMargins(16, 14, 16, 14)
        column_layout.setSpacing(12)
        column_layout.addWidget(self.bar)
        column_layout.addWidget(view_splitter, 1)
        column_layout.addWidget(self.error_bar)  # below: one that comes moves no button
        side_splitter = QSplitter(Qt.Orientation.Horizontal)
        side_splitter.setChildrenCollapsible(False)
        side_splitter.addWidget(self.tabs)
        side_splitter.addWidget(right_side)
        side_splitter.setStretchFactor(1, 1)
        side_splitter.setSizes([LEFT, SIZE.width() - LEFT])
        outer_column = QVBoxLayout(self)
        outer_column.setContentsMargins(0, 0, 0, 0)
        outer_column.addWidget(side_splitter)
        screen_size = self.screen().availableSize()
        self.resize(SIZE.boundedTo(QSize(round(screen_size.width() * 0.96), round(screen_size.height() * 0.94))))

    def _connect(self) -> None:
        training = self._training
        training.shown_changed.connect(self._show_run)
        training.history_changed.connect(self._show_reports)
        training.never_began.connect(self._begin_again)
        self.setup.start_wanted.connect(self.start)
        self.setup.report_wanted.connect(self.report_wanted)
        self.setup.problem_found.connect(self._say)
        self.runs.problem_found.connect(self._say)
        self.runs.like_wanted.connect(self._set_like)
        self.bar.resume_wanted.connect(self.resume)
        self.bar.use_wanted.connect(self.use_wanted)
        self.bar.evaluate_wanted.connect(self.evaluate_wanted)
        for key_sequence, action in (
            (QKeySequence.StandardKey.Close, self.close),
            ("Ctrl+Return", self.setup.start.click),
        ):
            QShortcut(QKeySequence(key_sequence), self).activated.connect(action)

    # --- training -----------------------------------------------------------------------------------

    def start(self, plan: Plan) -> None:
        """Train a new run."""
        try:
            self._training.start(plan)
        except EngineError as error:
            self._say(error)
            return
        self.tabs.setCurrentWidget(self.runs)
        self.setup.suggest_folder()

    def _begin_again(self, run_folder: Path) -> None:
        """A new run could not be started: back to the form, with the name it was to have."""
        self.setup.set_name(run_folder)
        self.tabs.setCurrentWidget(self.setup)

    def _set_like(self, run_info: RunInfo) -> None:
        self.setup.set_like(run_info)
        self.tabs.setCurrentWidget(self.setup)

    def resume(self, run_folder: Path) -> None:
        """Go on with a run from its last checkpoint, with the recipe and the data that it was begun with."""
        from engine.training.recipe import Recipe, read_fields

        run_info = self._training.info
        if run_info is None or run_info.folder != run_folder:
            return
        try:
            recipe = read_fields(run_info.recipe, Recipe, str(run_folder / "config.json"))
            new_run = self.setup.new_run
            self._training.start(
                Plan(
                    recipe,
                    run_info.data,
                    run_folder,
                    resume=True,
                    device=new_run.device,
                    threads=new_run.threads,
                )
            )
        except EngineError as error:
            self._say(error)

    def _say(self, error: EngineError) -> None:
        self._core.hub.error(error, topic=TRAINING)

    # --- showing ------------------------------------------------------------------------------------

    def _report(self, problem: Problem) -> None:
        """What the editor is about stands in its own window, and would take the training's place here."""
        if problem.topic == TRAINING:
            self.error_bar.show_problem(problem)

    def _show_run(self) -> None:
        shown_history = self._training.shown
        self.curves.show_history(shown_history)
        self.sheets.show_sheets(shown_history.sheets if shown_history is not None else [])

    def _show_reports(self) -> None:
        self.curves.refresh()
        shown_history = self._training.shown
        if shown_history is not None:
            self.sheets.show_sheets(shown_history.sheets)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.bar.watch(True)
        self.runs.fill()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.setup.check()  # the user may have put files into the data folder

    def closeEvent(self, event: QCloseEvent) -> None:
        self.bar.watch(False)
        super().closeEvent(event)
