"""What a run leaves for its own future: checkpoints/last.pt, and why it may not be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.devices import is_out_of_memory
from engine.errors import Message, TrainingError
from engine.files import atomic_write
from engine.training.task import Task, run_path

LAST = ("checkpoints", "last.pt")


class NoNumber(TrainingError):
    """A loss or a weight is no longer a number: nothing of the present state is worth keeping."""


def finite(losses: dict[str, Tensor], step: int, kept: int) -> dict[str, float]:
    """Losses as rounded floats. Raises NoNumber; `kept` is the step of the last checkpoint (0: none)."""
    values = {key: round(float(value), 4) for key, value in losses.items()}
    bad = [key for key, value in values.items() if not np.isfinite(value)]
    if bad:
        raise no_number(Message("The loss {0}", repr(bad[0])), step, kept)
    return values


def whole(state: dict[str, Tensor], step: int, kept: int) -> None:
    """Raises NoNumber if a tensor holds what is no number."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise no_number(Message("The tensor {0}", repr(name)), step, kept)


def no_number(what: str, step: int, kept: int) -> NoNumber:
    """The sentence about it."""
    if not kept:
        return NoNumber(
            "{0} is no longer a number at step {1}; start again with a lower learning rate or precision 32-true.",
            what, step,
        )
    return NoNumber(
        "{0} is no longer a number at step {1}; the checkpoint of step {2} is kept: resume from it with a lower "
        "learning rate or precision 32-true.",
        what, step, kept,
    )


def size(task: Task) -> int:
    """Bytes of a checkpoint, once Adam has its two averages of each parameter, and of the best weights."""
    modules = sum(_bytes(m.state_dict()) for m in task.modules.values())
    adam = 2 * sum(p.numel() * 4 for m in task.modules.values() for p in m.parameters())
    return modules + adam + 2 * _bytes(task.state_dict())


def _bytes(state: dict[str, Any]) -> int:
    """Bytes of all tensors in nested plain containers."""
    return sum(
        v.numel() * v.element_size() if isinstance(v, Tensor) else _bytes(v) if isinstance(v, dict) else 0
        for v in state.values()
    )


def write_checkpoint(folder: Path, task: Task, facts: dict[str, Any], kept: int) -> None:
    """Write checkpoints/last.pt: everything that a resumed run needs; `facts` are the loop's own numbers.

    Raises NoNumber, and keeps the last checkpoint, when a weight is no number; BadFile when it cannot be written.
    """
    for module in task.modules.values():
        whole(module.state_dict(), int(facts["step"]), kept)
    state = facts | {
        "modules": {k: m.state_dict() for k, m in task.modules.items()},
        "optimizers": {k: o.state_dict() for k, o in task.optimizers.items()},
        "task": task.state_dict(),
    }
    with atomic_write(run_path(folder, *LAST)) as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # torch's zip writer hides the OSError that it met
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def read_checkpoint(folder: Path, task: Task) -> dict[str, Any]:
    """Put checkpoints/last.pt back into a task; returns the loop's own numbers.

    The file is read into main memory and copied from there tensor by tensor: a device that holds the networks may
    have no room for them twice. Raises TrainingError if it is missing or belongs to another network; what runs out of
    memory is left as it is.
    """
    path = folder.joinpath(*LAST)
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        for key, module in task.modules.items():
            module.load_state_dict(state["modules"][key])
        for key, optimizer in task.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][key])
        task.load_state_dict(state["task"])
        return {key: value for key, value in state.items() if key not in ("modules", "optimizers", "task")}
    except FileNotFoundError as error:
        raise TrainingError("{0} has no checkpoint to resume from; start it without resume.", folder) from error
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError("{0} does not fit this run; start a new run.", path, details=str(error)) from error
