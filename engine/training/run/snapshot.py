"""The averaged network at one moment of a run, and the file that a run keeps of the best one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine.errors import TrainingError
from engine.files import atomic_write, cannot, check_regular
from engine.plain_data import parse_json
from engine.weights.store import read_tensors


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


class _Metadata(msgspec.Struct):
    """What `write_weights` writes beside the tensors."""

    system: str
    config: dict[str, Any]
    step: int
    seconds: float
    numbers: dict[str, float]
    networks: dict[str, dict[str, Any]] = {}


def read_snapshot(weights_path: Path) -> Snapshot:
    """What `write_weights` wrote.

    Raises TrainingError: the file does not say what was trained. BadFile, WeightsError: it cannot be read.
    """
    try:
        check_regular(weights_path)
        with safe_open(weights_path, "pt") as weights_file:
            written = dict(weights_file.metadata() or {})
        parsed = {name: parse_json(written[name]) for name in ("config", "numbers", "networks") if name in written}
        metadata = msgspec.convert(written | parsed, _Metadata, strict=False)
    except OSError as error:
        raise cannot("read", weights_path, error) from error
    except (SafetensorError, ValueError) as error:  # msgspec's and json's errors are ValueErrors
        raise TrainingError(
            '"{0}" does not say what was trained; train the run on to its next validation.',
            weights_path, details=repr(error),
        ) from error
    return Snapshot(state=read_tensors(weights_path), **msgspec.structs.asdict(metadata))


def read_numbers(weights_path: Path) -> dict[str, float]:
    """The numbers that `write_weights` wrote beside a network; none where there is no such file."""
    try:
        check_regular(weights_path)
        with safe_open(weights_path, "pt") as weights_file:
            return dict(parse_json((weights_file.metadata() or {}).get("numbers", "{}")))
    except (OSError, SafetensorError, ValueError):
        return {}
