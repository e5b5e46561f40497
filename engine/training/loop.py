"""The training loop. It knows tasks, not models; it reports through callbacks and a run folder anyone can read.

A run folder holds config.json (recipe and data), stats.jsonl (one line per report), samples/ (sheets on a fixed
batch), checkpoints/last.pt (resume), best.safetensors (the best validation so far, ready for use; without a validation
split, the state of the last checkpoint).

Random numbers of a step follow from (seed, step), so an interrupted and resumed run gives the same weights as an
uninterrupted one on the CPU. Several processes share a step's batch; the first of them alone reports and writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
from torch import Tensor

from engine.data.dataset import DataSet
from engine.data.layout import evenly
from engine.devices import free_caches, is_out_of_memory
from engine.errors import Cancelled, EngineError, Message, OutOfMemory, TrainingError
from engine.files import cannot, write_bytes
from engine.pictures.images import encode_png
from engine.training.control import Control
from engine.training.recipe import Recipe
from engine.training.run import checkpoint
from engine.training.run.lock import only_process
from engine.training.run.pace import Pace, machine_use
from engine.training.run.parallel import all_or_none, average_numbers
from engine.training.run.record import BEST, LAST, SAMPLES, STATS
from engine.training.run.shortage import too_little_memory
from engine.training.run.snapshot import Snapshot, copied_to_cpu, read_numbers, write_weights
from engine.training.run.step import Stepper
from engine.training.task import Task, run_path

SHOWN = 8
"""Pictures on a sheet."""

Callback = Callable[[str, dict[str, Any]], None]
"""Called in the training thread with an event and its facts; may raise Cancelled to stop.

"note" (text), "step" (losses, images_per_second, seconds_left, memory_bytes, disk_free_bytes), "samples" (path),
"validation" (numbers), "checkpoint" (path), and "phase" (phase: "training", "sampling", "validating", "saving",
"paused", "stopped", "finished" or "failed"). All but "note" carry step, steps and seconds.
"""


@dataclass
class Loop:
    """One run in progress.

    task, recipe: what is trained and how.
    train, validation: the data.
    folder: the run folder.
    callbacks: see `Callback`.
    control: how other threads steer the run.
    """

    task: Task
    recipe: Recipe
    train: DataSet
    validation: DataSet | None
    folder: Path
    fabric: lightning_fabric.Fabric
    callbacks: list[Callback] = field(default_factory=list)
    control: Control = field(default_factory=Control)
    step: int = 0
    seconds: float = 0.0
    best: float = -float("inf")
    _latest: dict[str, Tensor] = field(default_factory=dict)
    _numbers: dict[str, float] = field(default_factory=dict)
    _best_numbers: set[str] = field(default_factory=set)  # names of the numbers that `best` was made of
    _marked: int = 0  # the last step whose milestones are done: a cancelled run owes them
    _saved: int = 0  # the step of the last checkpoint
    _pace: Pace = field(default_factory=lambda: Pace(0.0))
    _waiting: ExitStack = field(default_factory=ExitStack)  # holds `Pace.waiting` while the run is paused

    def __post_init__(self) -> None:
        self.stepper = Stepper(self.task, self.recipe, self.train, self.fabric)
        self.device = self.stepper.device

    def run(self) -> None:
        """Train up to `recipe.steps`.

        Raises Cancelled once it was asked to stop (a checkpoint is saved), TrainingError on losses that are no
        numbers (the last checkpoint stays) and when data vanish or the disk is full, OutOfMemory.
        """
        self._pace = Pace(self.seconds)
        serving, answering = self.control.serving(), self._answering_while_validating()
        with self._alone(), serving, answering, self.stepper.ahead(), self._waiting:
            try:
                self._train()
                if self._saved < self.step:
                    with all_or_none(self.fabric):
                        self.save()
            except Cancelled:
                self.save()
                self._phase("stopped")
                raise
            except EngineError as error:
                self._phase("failed")
                raise self._stopped_by(error) from error
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                free_caches(self.device)
                self._phase("failed")
                raise self._stopped_by(too_little_memory(self.recipe, self.device, error)) from error
            self._phase("finished")

    def _alone(self) -> AbstractContextManager[None]:
        """The first process holds the folder for all of a run's."""
        return only_process(self.folder) if self.fabric.is_global_zero else nullcontext()

    def _train(self) -> None:
        if self._marked < self.step:
            self._milestones()
        with all_or_none(self.fabric):
            self._phase("training")
        while self.step < self.recipe.steps:
            self._answer_control()
            self._latest = self.stepper.run(self.step)
            self.step += 1
            self._pace.count_step(self.stepper.pictures)
            self.seconds = self._pace.seconds
            if self.step % self.recipe.log_every == 0:
                self._report_step()
            self._milestones()

    def disk_bytes(self) -> int:
        """What the run will take on the disk at most: two checkpoints while one replaces the other, weights, sheets."""
        sheet_bytes = self.recipe.steps // self.recipe.sample_every * SHOWN * 3 * self.recipe.resolution**2 * 3
        return 2 * checkpoint.checkpoint_bytes(self.task) + sheet_bytes

    def data_bytes(self) -> int:
        """Memory that decoded pictures take."""
        return sum(dataset.nbytes for dataset in (self.train, self.validation) if dataset is not None)

    # ------------------------------------------------------------------ between steps

    def _answer_control(self) -> None:
        """Do what other threads asked for; all processes stop together."""
        with all_or_none(self.fabric):
            self.control.check(self._on_pause)

    def _on_pause(self, paused: bool) -> None:
        if paused:
            self._waiting.enter_context(self._pace.waiting())
        else:
            self._waiting.close()
        self._phase("paused" if paused else "training")

    @contextmanager
    def _answering_while_validating(self) -> Iterator[None]:
        """A validation can take minutes: between its batches the run answers too."""
        if self.validation is None or self.fabric.world_size > 1:
            yield
            return
        self.validation.before_batch = lambda: self.control.check(self._on_pause)
        try:
            yield
        finally:
            self.validation.before_batch = None

    def _milestones(self) -> None:
        recipe, is_last_step = self.recipe, self.step == self.recipe.steps
        sample_due = self.step % recipe.sample_every == 0 or is_last_step
        validation_due = self.validation is not None and (self.step % recipe.validate_every == 0 or is_last_step)
        checkpoint_due = self.step % recipe.checkpoint_every == 0
        first_export_due = validation_due and not self._saved
        with all_or_none(self.fabric) if sample_due or validation_due or checkpoint_due else nullcontext():
            if sample_due and self.fabric.is_global_zero:
                self.show_samples()
            if first_export_due:  # killed with the export alone, a run could neither be resumed nor started again
                self.save()
            if validation_due and self.fabric.is_global_zero:
                self.validate()
            self._marked = self.step
            if checkpoint_due or first_export_due:  # that save knew neither the best score nor the marks
                self.save()
            if sample_due or validation_due:
                self._phase("training")

    # ------------------------------------------------------------------ milestones

    def show_samples(self) -> None:
        """Write samples/STEP.png on `SHOWN` validation (or training) examples, evenly spread."""
        self._phase("sampling")
        dataset = self.validation if self.validation is not None else self.train
        batch = dataset.batch(np.array(evenly(len(dataset), SHOWN)))
        with self.fabric.autocast(), self.stepper.random(0):  # the same draws every time: sheets can be compared
            sheet_tensor = self.task.samples(batch.to(self.device))
        sheet_pixels = ((sheet_tensor.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
        sheet_path = run_path(self.folder, SAMPLES, f"{self.step:07d}.png")
        write_bytes(sheet_path, encode_png(sheet_pixels))
        self._report("samples", {"path": sheet_path.name})

    def validate(self) -> None:
        """Measure on the validation split; keep the export if it is the best so far."""
        assert self.validation is not None
        self._phase("validating")
        with self.fabric.autocast(), self.stepper.random(0):
            numbers = self.task.validate(self.validation)
        if self._best_numbers and self._best_numbers != set(numbers):
            self.best = -float("inf")  # measured in another way: with or without a Frechet distance, say
        self._numbers, self._best_numbers = numbers, set(numbers)
        self._report("validation", {"numbers": {name: round(number, 4) for name, number in numbers.items()}})
        if numbers["score"] > self.best:
            self.best = numbers["score"]
            self.export(BEST, numbers)

    def export(self, file_name: str, numbers: dict[str, float]) -> None:
        """Write the averaged network for use, with its config and numbers as metadata."""
        write_weights(run_path(self.folder, file_name), self._exported_snapshot(numbers))

    def snapshot(self) -> Snapshot:
        """The newest averaged network; from any thread, while the run goes on. Raises TrainingError if it has none.

        Waits for the present step (or batch of a validation), no longer.
        """
        return self.control.ask(self._finite_snapshot).result()

    def _finite_snapshot(self) -> Snapshot:
        snapshot = self._exported_snapshot(self._numbers)
        checkpoint.check_finite(snapshot.state, self.step, self._saved)
        return snapshot

    def _exported_snapshot(self, numbers: dict[str, float]) -> Snapshot:
        with self.stepper.random(0):  # building a network draws numbers, which no step must miss
            exported = self.task.export()
        return Snapshot(
            self.recipe.system,
            exported.config,
            copied_to_cpu(exported.state),
            self.step,
            self.seconds,
            dict(numbers),
            exported.networks,
        )

    def save(self) -> None:
        """Write checkpoints/last.pt: everything that a resumed run needs.

        Without a validation split it writes best.safetensors too. Raises TrainingError, and keeps the last ones, when
        a loss or a weight (of the average too, where it is written) is no number.
        """
        checkpoint.finite_losses(self._latest, self.step, self._saved)
        if not self.fabric.is_global_zero:
            self._saved = self.step
            return
        self._phase("saving")
        # Without validation nothing says which state is best: the newest is kept.
        newest_snapshot = self._finite_snapshot() if self.validation is None else None
        loop_facts = {"step": self.step, "seconds": self.seconds, "best": self.best, "marked": self._marked}
        grad_scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        if grad_scaler is not None:  # 16-mixed
            loop_facts["scaler"] = grad_scaler.state_dict()
        checkpoint.write_checkpoint(self.folder, self.task, loop_facts, self._saved)
        self._saved = self.step
        if newest_snapshot is not None:
            write_weights(run_path(self.folder, BEST), newest_snapshot)
        self._report("checkpoint", {"path": "/".join(LAST)})

    def resume(self) -> None:
        """Go on from checkpoints/last.pt. Raises TrainingError if it is missing or belongs to another network."""
        loop_facts = checkpoint.read_checkpoint(self.folder, self.task)
        self.step = int(loop_facts["step"])
        self.seconds, self.best = float(loop_facts["seconds"]), float(loop_facts["best"])
        self._marked = int(loop_facts.get("marked", self.step))
        self._saved = self.step
        self._best_numbers = set(read_numbers(self.folder / BEST))
        grad_scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        if grad_scaler is not None and "scaler" in loop_facts:
            grad_scaler.load_state_dict(loop_facts["scaler"])

    def _stopped_by(self, error: EngineError) -> EngineError:
        """The error that ends a run which cannot go on; its state is saved first where it is good."""
        if isinstance(error, checkpoint.NoNumber):
            return error
        if self.stepper.between_steps and self._saved < self.step:
            try:
                self.save()
            except Exception as second:  # a full disk, or still no memory: the last checkpoint stays
                if not isinstance(second, EngineError) and not is_out_of_memory(second):
                    raise
        error_class = OutOfMemory if isinstance(error, OutOfMemory) else TrainingError
        cause_clause = error.message.as_clause()
        if self._saved:
            message = Message(
                "{0}; training stopped at step {1}, resume it from its checkpoint of step {2}.",
                cause_clause, self.step, self._saved,
            )
        else:
            message = Message("{0}; training stopped at step {1}, start it again.", cause_clause, self.step)
        return error_class(message, details=error.details)

    # ------------------------------------------------------------------ reports

    def _report_step(self) -> None:
        losses = checkpoint.finite_losses(average_numbers(self.fabric, self._latest), self.step, self._saved)
        step_facts: dict[str, Any] = {"losses": losses, "images_per_second": round(self._pace.images_per_second(), 2)}
        step_facts["seconds_left"] = round(self._pace.seconds_left(self.recipe.steps - self.step), 3)
        with all_or_none(self.fabric):  # one process alone writes and calls back
            self._report("step", step_facts | machine_use(self.folder, self.device))

    def _phase(self, phase_name: str) -> None:
        self._notify("phase", {"phase": phase_name})

    def _report(self, event_name: str, event_facts: dict[str, Any]) -> None:
        """Add a line to stats.jsonl and call the callbacks with it. Raises BadFile if the line cannot be written."""
        if not self.fabric.is_global_zero:
            return
        stats_line = {"event": event_name, "step": self.step, "seconds": round(self.seconds, 1), **event_facts}
        stats_path = run_path(self.folder, STATS)
        try:
            with open(stats_path, "a", encoding="utf-8") as stats_file:
                stats_file.write(json.dumps(stats_line) + "\n")
        except OSError as error:
            raise cannot("write", stats_path, error) from error
        self._notify(event_name, stats_line)

    def _notify(self, event_name: str, event_facts: dict[str, Any]) -> None:
        if not self.fabric.is_global_zero:
            return
        event_facts = {"event": event_name, "step": self.step, "seconds": round(self.seconds, 1)} | event_facts
        for callback in self.callbacks:
            callback(event_name, event_facts | {"steps": self.recipe.steps})
