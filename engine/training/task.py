"""What the training loop asks of a system, so that it need not know any model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.data.batch import Batch
from engine.data.dataset import DataSet

Losses = dict[str, Tensor]
"""Named scalars, already weighted: their sum is what the named optimiser minimises."""


@dataclass(frozen=True)
class Export:
    """What a run leaves for use: averaged, spectral norm folded, nothing of training left.

    config, state: those of the system's first network.
    networks: where weights are of several networks, the config of each by name; `config` is empty then, and the
        tensors are called "NAME.tensor".
    """

    config: dict[str, Any]
    state: dict[str, Tensor]
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)


class TaskConfig(Protocol):
    """What a system's `task_config` says beside its fields, which are the settings of a recipe's [task].

    before: settings whose defaults were others in runs of earlier versions, which did not write them down.
    """

    before: ClassVar[Mapping[str, Any]]


class Task(Protocol):
    """One system in training: its networks, optimisers, losses, samples and result."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    notes: tuple[str, ...]  # what a user should know before the run: one sentence each

    def facts(self) -> dict[str, Any]:
        """What the run folder's config.json says of the task, as plain data.

        "model" and "task": its configs. "perceptual_network" and "discriminator_network": the frozen networks that
        train it, as cards call them, where there are any.
        """
        ...

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """Yield (optimiser, losses) per update; the loop steps that optimiser before it asks for the next."""
        ...

    def after_step(self, step: int) -> None:
        """Called once per step after all updates: averages, schedules."""
        ...

    def samples(self, batch: Batch) -> Tensor:
        """A picture (3, H, W) in [-1, 1] that shows the present (averaged) state on a fixed batch."""
        ...

    def validate(self, dataset: DataSet) -> dict[str, float]:
        """Named numbers on a validation split; "score" (higher is better) decides which checkpoint is kept."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that modules and optimisers do not hold (averages); tensors, numbers and plain containers."""
        ...

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        ...

    def export(self) -> Export:
        """The networks for use."""
        ...

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over what fits from exported weights; return the names that did not fit.

        kept_modules: names of modules that a run's checkpoint has filled already.
        """
        ...


class MakeTask(Protocol):
    """What `System.task` names.

    model: the config of the system's first network; of a system that names several in `trains`, a dict of them.
    steps: the whole run's length. dataset: what is trained on.
    """

    def __call__(self, model: Any, config: Any, steps: int, device: torch.device, dataset: DataSet) -> Task: ...


def plain_config(config: Any) -> dict[str, Any]:
    """A config dataclass, or several by name, for JSON."""
    if isinstance(config, Mapping):
        return {network_name: asdict(network_config) for network_name, network_config in config.items()}
    return asdict(config)


def run_path(run_folder: Path, *parts: str) -> Path:
    """A path inside a run folder, its parent made."""
    inner_path = run_folder.joinpath(*parts)
    inner_path.parent.mkdir(parents=True, exist_ok=True)
    return inner_path
