"""What a run leaves for its own future: checkpoints/last.pt, and why it may not be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.devices import is_out_of_memory
from engine.errors import Message, TrainingError
from engine.files import atomic_write, check_regular
from engine.training.run.record import LAST
from engine.training.task import Task, run_path


class NoNumber(TrainingError):
    """A loss or a weight is no longer a number: nothing of the present state is worth keeping."""


def finite_losses(losses: dict[str, Tensor], step: int, kept_step: int) -> dict[str, float]:
    """Losses as rounded floats. Raises NoNumber; `kept_step` is the step of the last checkpoint (0: none)."""
    loss_values = {loss_name: round(float(loss_value), 4) for loss_name, loss_value in losses.items()}
    bad_losses = [loss_name for loss_name, loss_value in loss_values.items() if not np.isfinite(loss_value)]
    if bad_losses:
        raise no_number_error(Message("The loss {0}", repr(bad_losses[0])), step, kept_step)
    return loss_values


def check_finite(tensors: dict[str, Tensor], step: int, kept_step: int) -> None:
    """Raises NoNumber if a tensor holds what is no number."""
    for tensor_name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise no_number_error(Message("The tensor {0}", repr(tensor_name)), step, kept_step)


def no_number_error(subject: str, step: int, kept_step: int) -> NoNumber:
    """The sentence about it."""
    if not kept_step:
        return NoNumber(
            "{0} is no longer a number at step {1}; start again with a lower learning rate or precision 32-true.",
            subject, step,
        )
    return NoNumber(
        "{0} is no longer a number at step {1}; the checkpoint of step {2} is kept: resume from it with a lower "
        "learning rate or precision 32-true.",
        subject, step, kept_step,
    )


def checkpoint_bytes(task: Task) -> int:
    """Bytes of a checkpoint, once Adam has its two averages of each parameter, and of the best weights."""
    module_bytes = sum(_tensor_bytes(module.state_dict()) for module in task.modules.values())
    adam_bytes = 2 * sum(parameter.numel() * 4 for module in task.modules.values() for parameter in module.parameters())
    return module_bytes + adam_bytes + 2 * _tensor_bytes(task.state_dict())


def _tensor_bytes(container: dict[str, Any]) -> int:
    """Bytes of all tensors in nested plain containers."""
    total_bytes = 0
    for entry in container.values():
        if isinstance(entry, Tensor):
            total_bytes += entry.numel() * entry.element_size()
        elif isinstance(entry, dict):
            total_bytes += _tensor_bytes(entry)
    return total_bytes


def write_checkpoint(run_folder: Path, task: Task, loop_facts: dict[str, Any], kept_step: int) -> None:
    """Write checkpoints/last.pt: everything that a resumed run needs; `loop_facts` are the loop's own numbers.

    Raises NoNumber, and keeps the last checkpoint, when a weight is no number; BadFile when it cannot be written.
    """
    for module in task.modules.values():
        check_finite(module.state_dict(), int(loop_facts["step"]), kept_step)
    contents = loop_facts | {
        "modules": {name: network.state_dict() for name, network in task.modules.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in task.optimizers.items()},
        "task": task.state_dict(),
    }
    with atomic_write(run_path(run_folder, *LAST)) as checkpoint_file:
        try:
            torch.save(contents, checkpoint_file)
        except RuntimeError as error:  # torch's zip writer hides the OSError that it met
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def _load(checkpoint_path: Path) -> dict[str, Any]:
    check_regular(checkpoint_path)
    contents: dict[str, Any] = torch.load(checkpoint_path, map_location="cpu", weights_only=True)
    return contents


def read_networks(run_folder: Path) -> dict[str, dict[str, Tensor]]:
    """The networks in checkpoints/last.pt, by name; none where there is no checkpoint. Raises TrainingError."""
    checkpoint_path = run_folder.joinpath(*LAST)
    if not checkpoint_path.exists():
        return {}
    try:
        networks: dict[str, dict[str, Tensor]] = _load(checkpoint_path)["modules"]
        return networks
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            '"{0}" is damaged; start from other weights, or from a new network.', checkpoint_path, details=repr(error)
        ) from error


def read_checkpoint(run_folder: Path, task: Task) -> dict[str, Any]:
    """Put checkpoints/last.pt back into a task; returns the loop's own numbers.

    The file is read into main memory and copied from there tensor by tensor: a device that holds the networks may
    have no room for them twice. Raises TrainingError if it is missing or belongs to another network; what runs out of
    memory is left as it is.
    """
    checkpoint_path = run_folder.joinpath(*LAST)
    try:
        contents = _load(checkpoint_path)
        for module_name, module in task.modules.items():
            module.load_state_dict(contents["modules"][module_name])
        for optimizer_name, optimizer in task.optimizers.items():
            optimizer.load_state_dict(contents["optimizers"][optimizer_name])
        task.load_state_dict(contents["task"])
        return {key: fact for key, fact in contents.items() if key not in ("modules", "optimizers", "task")}
    except FileNotFoundError as error:
        raise TrainingError("{0} has no checkpoint to resume from; train in another folder.", run_folder) from error
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            "{0} does not fit this run; start a new run.", checkpoint_path, details=str(error)
        ) from error
