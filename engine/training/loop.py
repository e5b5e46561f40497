"""The training loop. It knows tasks, not models; it reports through callbacks and a run folder anyone can read.

A run folder holds config.json (recipe and data), stats.jsonl (one line per report), samples/ (sheets on a fixed
batch), checkpoints/last.pt (resume), best.safetensors (the best validation so far, ready for use).

Random numbers of a step follow from (seed, step), so an interrupted and resumed run gives the same weights as an
uninterrupted one on the CPU.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from engine.data.folder import Batch, DatasetFolder
from engine.errors import Cancelled, TrainingError
from engine.files import atomic_write, write_bytes
from engine.images import encode_png
from engine.training.recipe import Recipe
from engine.training.task import Task, run_path

Callback = Callable[[str, dict[str, Any]], None]
"""Called with an event ("note", "step", "samples", "validation" or "checkpoint") and its facts;
may raise Cancelled to stop."""


@dataclass
class Loop:
    """One run in progress.

    task, recipe: what is trained and how.
    train, validation: the data.
    folder: the run folder.
    callbacks: see `Callback`.
    """

    task: Task
    recipe: Recipe
    train: DatasetFolder
    validation: DatasetFolder | None
    folder: Path
    fabric: lightning_fabric.Fabric
    callbacks: list[Callback] = field(default_factory=list)
    step: int = 0
    seconds: float = 0.0
    best: float = -float("inf")
    _latest: dict[str, Tensor] = field(default_factory=dict)
    _marked: int = 0  # the last step whose milestones are done: a cancelled run owes them

    def run(self) -> None:
        """Train up to `recipe.steps`. Raises TrainingError on NaN losses (the last checkpoint stays), Cancelled."""
        started = time.monotonic() - self.seconds
        window, window_start = 0, time.monotonic()
        try:
            if self._marked < self.step:
                self._milestones()
            while self.step < self.recipe.steps:
                losses = self._step()
                self.step += 1
                window += 1
                self.seconds = time.monotonic() - started
                self._latest = losses
                if self.step % self.recipe.log_every == 0:
                    rate = window * self.recipe.batch / max(1e-9, time.monotonic() - window_start)
                    window, window_start = 0, time.monotonic()
                    self._report(
                        "step", {"losses": _floats(losses, self.step), "images_per_second": round(rate, 2)}
                    )
                self._milestones()
        except Cancelled:
            self.save()
            raise
        self.save()

    def _step(self) -> dict[str, Tensor]:
        recipe = self.recipe
        torch.manual_seed((recipe.seed * 1_000_003 + self.step) % 2**63)
        batch = self.train.training_batch(recipe.batch, recipe.seed, self.step)
        batch = Batch(batch.image.to(self.fabric.device), batch.label_map.to(self.fabric.device))
        reported: dict[str, Tensor] = {}
        updates = self.task.losses(batch, self.step)
        while True:
            with self.fabric.autocast():
                update = next(updates, None)
            if update is None:
                break
            name, losses = update
            optimizer = self.task.optimizers[name]
            optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(torch.stack([loss.float() for loss in losses.values()]).sum())
            self.fabric.strategy.optimizer_step(optimizer)  # optimizer.step(), with 16-mixed's loss scale undone
            reported |= {key: value.detach() for key, value in losses.items()}
        self.task.after_step(self.step)
        return reported

    def _milestones(self) -> None:
        recipe, last = self.recipe, self.step == self.recipe.steps
        if self.step % recipe.sample_every == 0 or last:
            self.show_samples()
        if self.validation is not None and (self.step % recipe.validate_every == 0 or last):
            self.validate()
        self._marked = self.step
        if self.step % recipe.checkpoint_every == 0:
            self.save()

    # ------------------------------------------------------------------ milestones

    def show_samples(self) -> None:
        """Write samples/STEP.png on the first eight validation (or training) examples."""
        data = self.validation if self.validation is not None else self.train
        batch = data.batch(np.arange(min(8, len(data))))
        with self.fabric.autocast():
            sheet = self.task.samples(
                Batch(batch.image.to(self.fabric.device), batch.label_map.to(self.fabric.device))
            )
        pixels = ((sheet.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
        path = run_path(self.folder, "samples", f"{self.step:07d}.png")
        write_bytes(path, encode_png(pixels))
        self._report("samples", {"path": path.name})

    def validate(self) -> None:
        """Measure on the validation split; keep the export if it is the best so far."""
        assert self.validation is not None
        with self.fabric.autocast():
            numbers = self.task.validate(self.validation)
        self._report("validation", {"numbers": {k: round(v, 4) for k, v in numbers.items()}})
        if numbers["score"] > self.best:
            self.best = numbers["score"]
            self.export("best.safetensors", numbers)

    def export(self, name: str, numbers: dict[str, float]) -> None:
        """Write the averaged network for use, with its config and numbers as metadata."""
        config, state = self.task.export()
        metadata = {
            "system": self.recipe.system,
            "config": json.dumps(config),
            "step": str(self.step),
            "seconds": f"{self.seconds:.0f}",
            "numbers": json.dumps(numbers),
        }
        with atomic_write(run_path(self.folder, name)) as file:
            file.write(save({k: v.detach().cpu() for k, v in state.items()}, metadata))

    def save(self) -> None:
        """Write checkpoints/last.pt: everything that a resumed run needs.

        Raises TrainingError, and keeps the last checkpoint, when a loss or a weight is no number.
        """
        _floats(self._latest, self.step)
        for module in self.task.modules.values():
            for name, tensor in module.state_dict().items():
                if not bool(torch.isfinite(tensor).all()):
                    raise _no_number(f"The tensor {name!r}", self.step)
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "marked": self._marked,
            "modules": {k: m.state_dict() for k, m in self.task.modules.items()},
            "optimizers": {k: o.state_dict() for k, o in self.task.optimizers.items()},
            "task": self.task.state_dict(),
        }
        with atomic_write(run_path(self.folder, "checkpoints", "last.pt")) as file:
            torch.save(state, file)
        self._report("checkpoint", {"path": "checkpoints/last.pt"})

    def resume(self) -> None:
        """Go on from checkpoints/last.pt. Raises TrainingError if it is missing or belongs to another network."""
        path = self.folder / "checkpoints" / "last.pt"
        try:
            state = torch.load(path, map_location=self.fabric.device, weights_only=True)
            for key, module in self.task.modules.items():
                module.load_state_dict(state["modules"][key])
            for key, optimizer in self.task.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][key])
            self.task.load_state_dict(state["task"])
        except FileNotFoundError as error:
            raise TrainingError(
                f"{self.folder} has no checkpoint to resume from; start it without resume."
            ) from error
        except Exception as error:
            raise TrainingError(
                f"{path} does not fit this run; start a new run.", details=str(error)
            ) from error
        self.step, self.seconds, self.best = int(state["step"]), float(state["seconds"]), float(state["best"])
        self._marked = int(state.get("marked", self.step))

    def _report(self, event: str, facts: dict[str, Any]) -> None:
        line = {"event": event, "step": self.step, "seconds": round(self.seconds, 1), **facts}
        with open(run_path(self.folder, "stats.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for callback in self.callbacks:
            callback(event, line)


def _floats(losses: dict[str, Tensor], step: int) -> dict[str, float]:
    values = {key: round(float(value), 4) for key, value in losses.items()}
    bad = [key for key, value in values.items() if not np.isfinite(value)]
    if bad:
        raise _no_number(f"The loss {bad[0]!r}", step)
    return values


def _no_number(what: str, step: int) -> TrainingError:
    return TrainingError(
        f"{what} is no longer a number at step {step}; resume from the last checkpoint "
        "with a lower learning rate or precision 32-true."
    )
