"""One step of a run: batches to losses to updates, shared by all processes of the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import lightning_fabric
import numpy as np
import torch
from torch import Tensor

from engine.data.ahead import BatchesAhead
from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.training import phases
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
        between_steps: no step is half done, so that the networks are worth a checkpoint.
    """

    def __init__(self, task: Task, recipe: Recipe, train: DataSet, fabric: lightning_fabric.Fabric) -> None:
        self.task, self.recipe, self.train, self.fabric = task, recipe, train, fabric
        self.between_steps = True
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
        part_count = self.recipe.accumulate * int(self.fabric.world_size)
        own_parts = self._own_parts()
        loss_sums: dict[str, Tensor] = {}
        used_optimizers: dict[str, torch.optim.Optimizer] = {}
        phases.begin(phases.DATA)
        batches = self.batches(step)
        self.between_steps = False
        for part_index, batch in zip(own_parts, batches, strict=True):
            with self.random(step, part_index, part_count):
                for optimizer_name, losses in self._updates(batch, step):
                    optimizer = self.task.optimizers[optimizer_name]
                    if optimizer_name not in used_optimizers or self.recipe.accumulate == 1:
                        optimizer.zero_grad(set_to_none=True)
                    phases.begin_backward(optimizer_name)
                    total_loss = torch.stack([loss.float() for loss in losses.values()]).sum()
                    self.fabric.backward(total_loss / self.recipe.accumulate)
                    used_optimizers[optimizer_name] = optimizer
                    if self.recipe.accumulate == 1:
                        self._apply(optimizer_name, optimizer)
                    for loss_name, loss_value in losses.items():
                        loss_share = loss_value.detach() / self.recipe.accumulate
                        loss_sums[loss_name] = loss_sums.get(loss_name, 0) + loss_share
        if self.recipe.accumulate > 1:
            for optimizer_name, optimizer in used_optimizers.items():
                self._apply(optimizer_name, optimizer)
        phases.begin(phases.UPDATE)
        self.task.after_step(step)
        self.between_steps = True
        return loss_sums

    def batches(self, step: int) -> list[Batch]:
        """A step's batches, those of this process."""
        if self._coming is not None:
            own_batch = self._coming.get(step)
        else:
            own_batch = self.train.training_batch(self.pictures, self.recipe.seed, step, self._own_rows())
            own_batch = own_batch.to(self.device)
        batch_size = self.recipe.batch
        return [own_batch.rows(first_row, first_row + batch_size) for first_row in range(0, len(own_batch), batch_size)]

    def _own_parts(self) -> list[int]:
        """Of a step's batches, those of this process."""
        process_count, process_rank = int(self.fabric.world_size), int(self.fabric.global_rank)
        return [batch_number * process_count + process_rank for batch_number in range(self.recipe.accumulate)]

    def _own_rows(self) -> np.ndarray:
        """Of a step's pictures, those of this process."""
        batch_size = self.recipe.batch
        return np.concatenate([np.arange(index * batch_size, (index + 1) * batch_size) for index in self._own_parts()])

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Make batches in other threads while inside."""
        recipe, own_rows = self.recipe, self._own_rows()
        with BatchesAhead(self.train, self.pictures, recipe.seed, own_rows, self.device, recipe.steps) as coming:
            self._coming = coming
            try:
                yield
            finally:
                self._coming = None

    def _updates(self, batch: Batch, step: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
        updates = self.task.losses(batch, step)
        while True:
            phases.begin(phases.NETWORKS)
            with self.fabric.autocast():
                update = next(updates, None)
            if update is None:
                return
            yield update

    def _apply(self, optimizer_name: str, optimizer: torch.optim.Optimizer) -> None:
        phases.begin(phases.UPDATE)
        average_gradients(self.fabric, optimizer)
        self.fabric.strategy.optimizer_step(optimizer)  # optimizer.step(), with 16-mixed's loss scale undone

    def random(self, step: int, part_index: int = 0, part_count: int = 1) -> Randomness:
        """Random numbers that follow from the recipe's seed and `step`, for batch `part_index` of a step."""
        step_seed = (self.recipe.seed * 1_000_003 + step) % 2**63
        return Randomness(step_seed, self.device, self.recipe.batch, part_index, part_count)
