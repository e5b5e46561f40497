"""The bar over the curves: which run it is, how far it is, how fast, what it takes, and its buttons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.jobs.training_lane import State
from app.jobs.work_lane import Work, WorkLane
from app.panels.elided import ElidedLabel
from app.panels.widgets import muted_label, push_button
from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.studio.fields import duration_text
from app.studio.flow import Flow
from app.texts.metric_names import metric_text
from app.texts.system_names import system_text
from app.texts.translate import translate
from app.training.machine import Use, size_text, use_of
from app.training.run_status import RunStatus, run_status
from app.training.training import Training
from engine.metrics.names import shown_numbers

LOOK_MS = 3000  # between two looks at memory and disk
STATES = {
    State.PREPARING: mark("Preparing"),
    State.RUNNING: mark("Training"),
    State.PAUSING: mark("Pausing after this step"),
    State.PAUSED: mark("Paused"),
    State.STOPPING: mark("Stopping with a checkpoint"),
}
PHASES = {
    "sampling": mark("Painting samples"),
    "validating": mark("Validating"),
    "saving": mark("Saving a checkpoint"),
}


class RunBar(QWidget):
    """Follows the training; its signals say what the user wants."""

    use_wanted = Signal()
    resume_wanted = Signal(object)  # Path of a run that is not under way
    evaluate_wanted = Signal()

    def __init__(self, training: Training, work_lane: WorkLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = training
        self._lane = work_lane
        self._looking: Work | None = None
        self._text = ""
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        training.state_changed.connect(self._show)
        training.shown_changed.connect(self._show)
        training.shown_changed.connect(self._look)
        training.history_changed.connect(self._show_numbers)
        training.progress.connect(self._progress)
        self._show()

    # --- building -----------------------------------------------------------------------------------

    def _build(self) -> None:
        self.title = ElidedLabel(self.tr("Run"), muted=False)
        title_font = self.title.font()
        title_font.setPointSizeF(title_font.pointSizeF() * 1.25)
        title_font.setBold(True)
        self.title.setFont(title_font)
        self.state = ElidedLabel(self.tr("State of the training"))
        self.pause = push_button("pause", self.tr("Pause"), self.tr("Hold the training after the present step"))
        self.pause.clicked.connect(self._pause)
        self.stop = push_button("stop", self.tr("Stop"), self.tr("End the training with a checkpoint to resume from"))
        self.stop.clicked.connect(self._training.lane.stop)
        self.use = push_button(
            "brush", self.tr("Use in the editor"), self.tr("Paint with the newest state at once; the training goes on")
        )
        self.use.setProperty("primary", True)
        self.use.clicked.connect(self.use_wanted)
        self.evaluate = push_button("check", self.tr("Evaluate..."), self.tr("Measure weights on a data folder"))
        self.evaluate.clicked.connect(self.evaluate_wanted)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress of the training"))
        title_row = QHBoxLayout()
        title_row.setSpacing(8)
        title_row.addWidget(self.title, 1)
        for button in (self.pause, self.stop, self.evaluate, self.use):
            title_row.addWidget(button)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(8)
        column_layout.addLayout(title_row)
        column_layout.addWidget(self.state)
        column_layout.addWidget(self.bar)
        column_layout.addWidget(self._build_facts())

    def _build_facts(self) -> QWidget:
        box = QWidget()
        self._flow = Flow(box, gap=22)
        self.facts: dict[str, QLabel] = {}
        self._columns: dict[str, QVBoxLayout] = {}
        for fact_key, fact_text in (
            ("step", self.tr("Step")),
            ("rate", self.tr("Pictures per second")),
            ("left", self.tr("Time left")),
            ("score", self.tr("Last validation")),
            ("memory", self.tr("Memory")),
            ("disk", self.tr("Disk")),
        ):
            fact = QWidget()
            column_layout = QVBoxLayout(fact)
            column_layout.setContentsMargins(0, 0, 0, 0)
            column_layout.setSpacing(0)
            caption = muted_label(fact_text)
            value = QLabel("–")
            value.setAccessibleName(fact_text)
            if fact_key == "score":
                self._explain_score(caption, value)
            column_layout.addWidget(caption)
            column_layout.addWidget(value)
            self._flow.addWidget(fact)
            self.facts[fact_key], self._columns[fact_key] = value, column_layout
        return box

    def _explain_score(self, *widgets: QWidget) -> None:
        tip = self.tr("Measured on pictures that are not trained on; the weights of the best one are kept")
        for widget in widgets:
            widget.setToolTip(tip)

    # --- showing ------------------------------------------------------------------------------------

    def watch(self, watching: bool) -> None:
        """Look at memory and disk while the window is open."""
        if watching:
            self._look()
            self._timer.start()
        else:
            self._timer.stop()

    def _show(self, *_: object) -> None:
        shown_history = self._training.shown
        if shown_history is not None:
            self.title.show_text(shown_history.folder.name, tip=str(shown_history.folder))
        else:
            self.title.show_text(self.tr("No run yet"))
        self._show_buttons()
        self._show_numbers()

    def _show_state(self) -> None:
        training, run_info = self._training, self._training.info
        state_parts = []
        if training.live:
            phase = PHASES.get(training.phase) if training.state is State.RUNNING else None
            state_parts.append(tr(phase or STATES[training.state]))
            if training.state is State.PREPARING and self._text:
                state_parts.append(translate(self._text))
        elif run_info is not None:
            state_parts.append(self.tr("Finished") if self._status().finished else self.tr("Stopped"))
        if run_info is not None:
            state_parts.append(f"{system_text(run_info.system)}, {run_info.resolution} × {run_info.resolution}")
        self.state.show_text(" · ".join(state_part for state_part in state_parts if state_part))

    def _status(self) -> RunStatus:
        training = self._training
        return run_status(training.state, live=training.live, shown=training.shown, info=training.info)

    def _show_buttons(self) -> None:
        status = self._status()
        self.pause.setText(self.tr("Resume") if status.resumes else self.tr("Pause"))
        self.pause.setAccessibleName(self.pause.text())
        icons().bind(self.pause, "play" if status.resumes else "pause")
        self.pause.setEnabled(status.can_pause_or_resume)
        self.stop.setEnabled(status.can_stop)
        self.use.setEnabled(status.can_use)

    def _show_numbers(self) -> None:
        self._show_state()
        training = self._training
        shown_history, step_count = training.shown, training.steps()
        step_number = shown_history.step if shown_history is not None else 0
        self.bar.setEnabled(shown_history is not None)
        if not (training.live and training.state is State.PREPARING):
            self.bar.setValue(round(1000 * step_number / step_count) if step_count else 0)
        self._set_fact("step", self.tr("{0} of {1}").format(step_number, step_count) if step_count else "–")
        pictures_per_second = shown_history.rate() if shown_history is not None else None
        self._set_fact("rate", f"{pictures_per_second:.3g}" if pictures_per_second else "–")
        seconds_left = training.seconds_left() if training.live else None
        self._set_fact("left", duration_text(seconds_left) if seconds_left is not None else "–")
        last_numbers = shown_numbers(shown_history.numbers) if shown_history is not None else {}
        self._set_fact(
            "score",
            "  ".join(
                f"{metric_text(metric_key)} {number:.3g}" for metric_key, number in list(last_numbers.items())[:3]
            )
            or "–",
        )

    def _set_fact(self, fact_key: str, fact_text: str) -> None:
        label = self.facts[fact_key]
        if label.text() != fact_text:
            label.setText(fact_text)
            self._columns[fact_key].activate()
            self._flow.invalidate()
            self._flow.activate()  # now: a number that grew would be cut off until the next turn of the event loop

    def _progress(self, fraction: float, progress_text: str) -> None:
        self._text = progress_text
        self.bar.setValue(round(1000 * fraction))
        self._show()

    # --- steering -----------------------------------------------------------------------------------

    def _pause(self) -> None:
        training_lane = self._training.lane
        if training_lane.state is State.RUNNING:
            training_lane.pause()
        elif training_lane.active:
            training_lane.resume()
        elif self._training.info is not None:
            self.resume_wanted.emit(self._training.info.folder)

    def _look(self) -> None:
        if not self.isVisible() or (self._looking is not None and not self._looking.settled):
            return
        folder: Path | None = self._training.shown.folder if self._training.shown is not None else None
        looked_folder = folder or self._training.runs_folder()
        self._looking = self._lane.submit(lambda work: use_of(looked_folder), on_done=self._looked)

    def _looked(self, machine_use: Use) -> None:
        free_text = self.tr("{0}, {1} free")
        self._set_fact("memory", free_text.format(size_text(machine_use.memory), size_text(machine_use.memory_free)))
        run_size = size_text(machine_use.run)
        if self._training.live and self._training.disk_bytes:
            run_size = self.tr("{0} of about {1}").format(run_size, size_text(self._training.disk_bytes))
        self._set_fact("disk", free_text.format(run_size, size_text(machine_use.disk_free)))
