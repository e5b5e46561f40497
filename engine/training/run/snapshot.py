"""The averaged network at one moment of a run, and the file that a run keeps of the best one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine.files import atomic_write


@dataclass(frozen=True)
class Snapshot:
    """The averaged network at one moment of a run, ready for use: `state` is on the CPU and shared with nothing.

    networks: the configs of several networks, see `engine.training.task.Export`.
    """

    system: str
    config: dict[str, Any]
    state: dict[str, Tensor]
    step: int
    seconds: float
    numbers: dict[str, float]
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)


def copied_to_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy of tensors on the CPU."""
    return {tensor_name: tensor.detach().to("cpu", copy=True).contiguous() for tensor_name, tensor in tensors.items()}


def write_weights(weights_path: Path, snapshot: Snapshot) -> None:
    """Write a network for use (.safetensors), all else that is known of it as metadata. Raises BadFile."""
    metadata = {
        "system": snapshot.system,
        "config": json.dumps(snapshot.config),
        "step": str(snapshot.step),
        "seconds": f"{snapshot.seconds:.0f}",
        "numbers": json.dumps(snapshot.numbers),
    }
    if snapshot.networks:
        metadata["networks"] = json.dumps(snapshot.networks)
    with atomic_write(weights_path) as weights_file:
        weights_file.write(save(snapshot.state, metadata))


def read_numbers(weights_path: Path) -> dict[str, float]:
    """The numbers that `write_weights` wrote beside a network; none where there is no such file."""
    try:
        with safe_open(weights_path, "pt") as weights_file:
            return dict(json.loads((weights_file.metadata() or {}).get("numbers", "{}")))
    except (OSError, SafetensorError, ValueError):
        return {}
