"""The training that the window shows: one place where the engine's reports become state that panels bind to.

It lives as long as the application. A window that is closed, or built again in another language, changes nothing here;
the run goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.errors_ui.hub import TRAINING, ProblemHub
from app.jobs.training_lane import Ended, Plan, State, Trainer, TrainingLane
from app.jobs.work_lane import WorkLane
from app.texts.translate import translate
from app.training.history import History, read_history
from app.training.run_folder import RunInfo, forget_unbegun, is_run, read_run, runs_in
from engine.errors import EngineError
from engine.files import user_data_folder


class Training(QObject):
    """The lane, the run that it trains, and the run that is shown (which may be an older one)."""

    state_changed = Signal(object)  # State
    shown_changed = Signal()  # another run is shown, or it is known better
    history_changed = Signal()  # reports of the shown run have come
    progress = Signal(float, object)  # before the first step; a `Message` keeps its template
    ended = Signal(object)  # Ended
    never_began = Signal(object)  # Path: the new run's folder, in which nothing was trained; it is free again
    runs_changed = Signal()

    def __init__(
        self, hub: ProblemHub, work_lane: WorkLane, parent: QObject | None = None, *, trainer: Trainer | None = None
    ) -> None:
        super().__init__(parent)
        self.lane = TrainingLane(self, trainer=trainer)
        self.measuring = WorkLane(parent=self)  # an evaluation takes minutes: photos and samples do not wait for it
        self.checking = WorkLane(parent=self)  # data folders are looked at unasked: nothing waits for that
        self._hub = hub
        self._work = work_lane
        self._plan: Plan | None = None
        self._live: History | None = None  # of the run that is trained
        self._shown: History | None = None
        self._info: RunInfo | None = None  # of the shown run
        self._wanted: Path | None = None  # whose history is being read
        self.notes: list[str] = []
        self.phase = ""  # what the run is at: "training", "sampling", "validating", "saving" ...
        self.disk_bytes = 0  # what the run will take when it is done; 0: not known yet
        self.lane.state_changed.connect(self._state_changed)
        self.lane.events.connect(self._take)
        self.lane.progress.connect(self.progress)
        self.lane.failed.connect(self._failed)
        self.lane.ended.connect(self._ended)

    # --- what is known ------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.lane.state

    @property
    def active(self) -> bool:
        """Whether a run is trained, paused or being stopped."""
        return self.lane.active

    @property
    def plan(self) -> Plan | None:
        """What is trained, or was trained last."""
        return self._plan

    @property
    def shown(self) -> History | None:
        """The reports of the run that is shown."""
        return self._shown

    @property
    def info(self) -> RunInfo | None:
        """What the shown run says about itself; None while it has not written that yet."""
        return self._info

    @property
    def live(self) -> bool:
        """Whether the run that is shown is the one being trained."""
        return self.active and self._shown is not None and self._shown is self._live

    @property
    def live_history(self) -> History | None:
        """The reports of the run that is trained, shown or not."""
        return self._live if self.active else None

    def steps(self) -> int:
        """How many steps the shown run will have; 0 if unknown."""
        if self.live and self._plan is not None:
            return self._plan.recipe.steps
        return self._info.steps if self._info is not None else 0

    def seconds_left(self) -> float | None:
        """How long the run being trained will still take; None before its speed is known."""
        if self._live is None or self._plan is None or not self.active:
            return None
        pictures_per_second = self._live.rate()
        if self._live.seconds_left is not None:
            return self._live.seconds_left
        recipe = self._plan.recipe
        return (
            max(0, recipe.steps - self._live.step) * recipe.batch / pictures_per_second if pictures_per_second else None
        )

    # --- runs ---------------------------------------------------------------------------------------

    @staticmethod
    def runs_folder() -> Path:
        """Where runs go unless another place is chosen."""
        return user_data_folder() / "runs"

    def runs(self) -> list[Path]:
        """The run folders in the usual place, and the one that is shown."""
        run_folders = runs_in(self.runs_folder())
        if self._shown is not None and self._shown.folder not in run_folders and is_run(self._shown.folder):
            run_folders.insert(0, self._shown.folder)
        return run_folders

    def show(self, run_folder: Path) -> None:
        """Show a run: the one being trained at once, another when its reports have been read."""
        self._wanted = run_folder
        if self._live is not None and self.active and run_folder == self._live.folder:
            self._show(self._live, self._read_info(run_folder))
            return

        def show_read(run: tuple[RunInfo, History]) -> None:
            if self._wanted == run_folder:  # else another run was chosen since
                info, history = run
                self._show(history, info)

        self._work.submit(
            lambda work: (read_run(run_folder), read_history(run_folder)),
            text=self.tr("Reading the run {0}").format(run_folder.name),
            on_done=show_read,
            on_failed=self._hub.error,
        )

    def forget_shown(self) -> None:
        """Show no run: a new one is being set up."""
        self._wanted = None
        self._show(None, None)

    def _show(self, history: History | None, run_info: RunInfo | None) -> None:
        self._shown, self._info = history, run_info
        self.shown_changed.emit()
        self.history_changed.emit()

    @staticmethod
    def _read_info(run_folder: Path) -> RunInfo | None:
        try:
            return read_run(run_folder)
        except EngineError:  # it is written when the data have been read
            return None

    # --- training -----------------------------------------------------------------------------------

    def start(self, plan: Plan) -> None:
        """Train, and show what is trained. Raises BadFile: the reports of a run to resume cannot be read."""
        history = History(plan.folder)
        if plan.resume:
            shown_history = self._shown
            history = (
                shown_history
                if shown_history is not None and shown_history.folder == plan.folder
                else read_history(plan.folder)
            )
        self._hub.clear(TRAINING)
        self._plan, self._live, self.notes = plan, history, []
        self.phase, self.disk_bytes = "", 0
        self.lane.start(plan)
        self._wanted = plan.folder
        self._show(history, self._read_info(plan.folder))

    def _take(self, reports: list[tuple[str, dict[str, Any]]]) -> None:
        if self._live is None:
            return
        already_known = self._info is not None and self._info.resumable and self._info.has_best
        for event, report_facts in reports:
            if event == "note":
                self.notes.append(str(report_facts.get("text", "")))
                self._hub.notice(translate(self.notes[-1]), topic=TRAINING)
            elif event == "phase":
                self.phase = str(report_facts.get("phase", ""))
            elif event == "estimate":
                self.disk_bytes = int(report_facts.get("disk_bytes") or 0)
            else:
                self._live.take(event, report_facts)
        if self.live:
            if not already_known and any(event in ("checkpoint", "validation") for event, _ in reports):
                self._info = self._read_info(self._live.folder)
                self.shown_changed.emit()
            self.history_changed.emit()

    def _state_changed(self, state: State) -> None:
        if state is State.RUNNING and self.live and self._info is None and self._live is not None:
            self._info = self._read_info(self._live.folder)
            self.shown_changed.emit()
            self.runs_changed.emit()
        self.state_changed.emit(state)

    def _failed(self, error: EngineError) -> None:
        self._hub.error(error, topic=TRAINING)

    def _ended(self, ending: Ended) -> None:
        plan = self._plan
        if plan is not None and not plan.resume and ending is not Ended.DONE and self._cleared(plan):
            if self._shown is self._live:
                self.forget_shown()
            self._live = None
            self.never_began.emit(plan.folder)
        if self._shown is not None and self._shown is self._live:
            self._info = self._read_info(self._shown.folder)
            self.shown_changed.emit()
        self.runs_changed.emit()
        self.ended.emit(ending)
        if plan is not None and plan.following is not None and ending is Ended.DONE:
            self._go_on(plan.following)

    def _go_on(self, plan: Plan) -> None:
        """Train what was to follow, unless something else has been begun."""
        if self.active:
            return
        trained_name = self._plan.folder.name if self._plan is not None else ""
        try:
            self.start(plan)
        except EngineError as error:
            self._failed(error)
            return
        sentence = self.tr("{0} is trained and stands under Runs; {1} is trained now.")
        self._hub.notice(sentence.format(trained_name, plan.folder.name), topic=TRAINING)

    def _cleared(self, plan: Plan) -> bool:
        return forget_unbegun(plan.folder, prepared=self.lane.prepared)

    def shutdown(self, timeout: float = 60.0) -> bool:
        """End the run with a checkpoint, and what is measured; False if one of them did not end in time."""
        for work_lane in (self.measuring, self.checking):
            work_lane.cancel()  # all are asked before one is waited for
        has_ended = self.lane.shutdown(timeout)
        return all([self.measuring.shutdown(), self.checking.shutdown(), has_ended])
