"""One step of a run: batches to losses to updates, shared by all processes of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import lightning_fabric
import numpy as np
import torch
from torch import Tensor

from engine.data.ahead import BatchesAhead
from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.training.recipe import Recipe
from engine.training.run.parallel import average_gradients
from engine.training.run.randomness import Randomness
from engine.training.task import Task


class Stepper:
    """Takes the steps of a run.

    Args:
        task, recipe: what is trained and how.
        train: the training pictures.
        fabric: what computes; several processes share each step.

    Attributes:
        whole: no step is half done, so that the networks are worth a checkpoint.
        watch: told what begins now ("data", "forward", "generator backward", "generator update", "average"): how
            `tessera bench training` divides a step.
    """

    def __init__(self, task: Task, recipe: Recipe, train: DataSet, fabric: lightning_fabric.Fabric) -> None:
        self.task, self.recipe, self.train, self.fabric = task, recipe, train, fabric
        self.whole = True
        self.watch: Callable[[str], None] | None = None
        self._coming: BatchesAhead | None = None

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device: torch.device = self.fabric.device
        return device

    @property
    def pictures(self) -> int:
        """Pictures per step, of all processes together."""
        return self.recipe.batch * self.recipe.accumulate * int(self.fabric.world_size)

    def run(self, step: int) -> dict[str, Tensor]:
        """Step number `step`; returns its weighted losses by name, those of this process.

        With `accumulate`, the gradients of several batches are averaged before the networks are updated, all at once.
        """
        parts = self.recipe.accumulate * int(self.fabric.world_size)
        mine = self._parts()
        sums: dict[str, Tensor] = {}
        used: dict[str, torch.optim.Optimizer] = {}
        self._mark("data")
        batches = self.batches(step)
        self.whole = False
        for part, batch in zip(mine, batches, strict=True):
            with self.random(step, part, parts):
                for name, losses in self._updates(batch, step):
                    optimizer = self.task.optimizers[name]
                    if name not in used or self.recipe.accumulate == 1:
                        optimizer.zero_grad(set_to_none=True)
                    self._mark(f"{name} backward")
                    total = torch.stack([loss.float() for loss in losses.values()]).sum()
                    self.fabric.backward(total / self.recipe.accumulate)
                    used[name] = optimizer
                    if self.recipe.accumulate == 1:
                        self._apply(name, optimizer)
                    for key, value in losses.items():
                        sums[key] = sums.get(key, 0) + value.detach() / self.recipe.accumulate
        if self.recipe.accumulate > 1:
            for name, optimizer in used.items():
                self._apply(name, optimizer)
        self._mark("average")
        self.task.after_step(step)
        self.whole = True
        return sums

    def batches(self, step: int) -> list[Batch]:
        """A step's batches, those of this process."""
        if self._coming is not None:
            mine = self._coming.get(step)
        else:
            mine = self.train.training_batch(self.pictures, self.recipe.seed, step, self._rows()).to(self.device)
        size = self.recipe.batch
        return [mine.rows(first, first + size) for first in range(0, len(mine), size)]

    def _parts(self) -> list[int]:
        """Of a step's batches, those of this process."""
        world, rank = int(self.fabric.world_size), int(self.fabric.global_rank)
        return [n * world + rank for n in range(self.recipe.accumulate)]

    def _rows(self) -> np.ndarray:
        """Of a step's pictures, those of this process."""
        size = self.recipe.batch
        return np.concatenate([np.arange(n * size, (n + 1) * size) for n in self._parts()])

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Make batches in other threads while inside."""
        recipe = self.recipe
        with BatchesAhead(self.train, self.pictures, recipe.seed, self._rows(), self.device, recipe.steps) as ahead:
            self._coming = ahead
            try:
                yield
            finally:
                self._coming = None

    def _updates(self, batch: Batch, step: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
        updates = self.task.losses(batch, step)
        while True:
            self._mark("forward")
            with self.fabric.autocast():
                update = next(updates, None)
            if update is None:
                return
            yield update

    def _apply(self, name: str, optimizer: torch.optim.Optimizer) -> None:
        self._mark(f"{name} update")
        average_gradients(self.fabric, optimizer)
        self.fabric.strategy.optimizer_step(optimizer)  # optimizer.step(), with 16-mixed's loss scale undone

    def random(self, step: int, part: int = 0, parts: int = 1) -> Randomness:
        """Random numbers that follow from the recipe's seed and `step`; for part `part` of a step's batches."""
        seed = (self.recipe.seed * 1_000_003 + step) % 2**63
        return Randomness(seed, self.device, self.recipe.batch, part, parts)

    def _mark(self, what: str) -> None:
        if self.watch is not None:
            self.watch(what)
