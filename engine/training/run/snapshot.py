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


def on_cpu(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A copy of tensors on the CPU."""
    return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}


def write_weights(path: Path, taken: Snapshot) -> None:
    """Write a network for use (.safetensors), all else that is known of it as metadata. Raises BadFile."""
    metadata = {
        "system": taken.system,
        "config": json.dumps(taken.config),
        "step": str(taken.step),
        "seconds": f"{taken.seconds:.0f}",
        "numbers": json.dumps(taken.numbers),
    }
    if taken.networks:
        metadata["networks"] = json.dumps(taken.networks)
    with atomic_write(path) as file:
        file.write(save(taken.state, metadata))


def numbers_of(path: Path) -> dict[str, float]:
    """The numbers that `write_weights` wrote beside a network; none where there is no such file."""
    try:
        with safe_open(path, "pt") as file:
            return dict(json.loads((file.metadata() or {}).get("numbers", "{}")))
    except (OSError, SafetensorError, ValueError):
        return {}
