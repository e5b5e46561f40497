"""What the training loop asks of a system, so that it need not know any model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn
from torch.optim import Optimizer

from engine.data.folder import Batch, DatasetFolder

Losses = dict[str, Tensor]
"""Named scalars, already weighted: their sum is what the named optimiser minimises."""


class Task(Protocol):
    """One system in training: its networks, optimisers, losses, samples and result."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    notes: tuple[str, ...]  # what a user should know before the run: one sentence each

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """Yield (optimiser, losses) per update; the loop steps that optimiser before it asks for the next."""
        ...

    def after_step(self, step: int) -> None:
        """Called once per step after all updates: averages, schedules."""
        ...

    def samples(self, batch: Batch) -> Tensor:
        """A picture (3, H, W) in [-1, 1] that shows the present (averaged) state on a fixed batch."""
        ...

    def validate(self, data: DatasetFolder) -> dict[str, float]:
        """Named numbers on a validation split; "score" (higher is better) decides which checkpoint is kept."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that modules and optimisers do not hold (averages); tensors, numbers and plain containers."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        ...

    def export(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """(config, state) of the network for use: averaged, spectral norm folded, nothing of training left."""
        ...

    def start_from(self, state: dict[str, Tensor]) -> list[str]:
        """Take over what fits from exported weights; return the names that did not fit."""
        ...


def run_path(folder: Path, *parts: str) -> Path:
    """A path inside a run folder, its parent made."""
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
