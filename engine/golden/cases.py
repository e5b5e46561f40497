"""Golden cases: what the authors' own code computes from weights that follow from each tensor's name.

`NAME.json` holds the configuration, every state-dict key with its shape, and the inputs; `NAME.npz` the outputs.
The weights are not stored: each tensor is drawn from a generator seeded with the case's seed and the tensor's name.
Nothing in a case's folder is run.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadFile
from engine.files import read_bytes
from engine.plain_data import parse_json

Array = np.ndarray
POWER_ITERATIONS = 30


@dataclass(frozen=True)
class GoldenCase:
    """One case. `state` and `inputs` are drawn again on each call; `expected` are the authors' outputs."""

    name: str
    seed: int
    config: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    input_specs: dict[str, dict[str, Any]]
    expected: dict[str, Array]

    def state(self) -> dict[str, Array]:
        """The published state dict."""
        return draw_state(self.seed, self.shapes)

    def inputs(self) -> dict[str, Array]:
        """The inputs by name."""
        return {
            input_name: draw_input(self.seed, input_name, input_spec)
            for input_name, input_spec in self.input_specs.items()
        }


# ---------------------------------------------------------------- reading


def read_case(case_file: Path) -> GoldenCase:
    """Read NAME.json and the NAME.npz beside it. Raises BadFile: missing, broken, or not a golden case."""
    try:
        case_json = parse_json(read_bytes(case_file))
        case = GoldenCase(
            name=str(case_json.get("name", case_file.stem)),
            seed=int(case_json["seed"]),
            config=dict(case_json["config"]),
            shapes={str(key): tuple(map(int, shape)) for key, shape in case_json["state"].items()},
            input_specs={str(key): dict(input_spec) for key, input_spec in case_json["inputs"].items()},
            expected=_read_arrays(case_file.with_suffix(".npz")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadFile(
            '"{0}" is not a golden case; it needs seed, config, state and inputs.',
            case_file, details=repr(error),
        ) from error
    if not case.expected:
        raise BadFile('"{0}" holds no outputs to compare with; get it again.', case_file.with_suffix(".npz"))
    return case


def _read_arrays(arrays_file: Path) -> dict[str, Array]:
    file_bytes = read_bytes(arrays_file)
    try:
        with np.load(io.BytesIO(file_bytes), allow_pickle=False) as arrays:
            return {array_name: arrays[array_name] for array_name in arrays.files}
    except (ValueError, TypeError, EOFError, OSError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadFile('"{0}" is damaged or no .npz file; get it again.', arrays_file, details=repr(error)) from error


# ---------------------------------------------------------------- drawing


def _generator(seed: int, tensor_name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{seed}:{tensor_name}".encode()))


def draw_state(seed: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """{key: array} for keys spelled as in the released files; weight_u and weight_v are true singular vectors."""
    state_dict = {
        tensor_name: _draw_tensor(_generator(seed, tensor_name), tensor_name.rsplit(".", 1)[-1], shape)
        for tensor_name, shape in shapes.items()
        if not tensor_name.endswith(("weight_u", "weight_v"))
    }
    for tensor_name in shapes:
        if tensor_name.endswith("weight_u"):
            weight_prefix = tensor_name.removesuffix("weight_u")
            start_vector = _generator(seed, tensor_name).standard_normal(shapes[tensor_name])
            left_vector, right_vector = _singular_vectors(state_dict[weight_prefix + "weight_orig"], start_vector)
            state_dict[tensor_name], state_dict[weight_prefix + "weight_v"] = left_vector, right_vector
    return {tensor_name: state_dict[tensor_name] for tensor_name in shapes}


def _draw_tensor(generator: np.random.Generator, last_name: str, shape: tuple[int, ...]) -> Array:
    """One tensor: what it is follows from the last part of its name and the number of its dimensions."""
    if last_name == "num_batches_tracked":
        return np.array(1, dtype=np.int64)
    if last_name == "running_var":
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    if last_name == "running_mean" or "bias" in last_name:
        return (0.1 * generator.standard_normal(shape)).astype(np.float32)
    if last_name == "noise_var":
        return np.zeros(shape, np.float32)
    if last_name.startswith("blending_"):
        return generator.standard_normal(shape).astype(np.float32)
    if len(shape) == 1:  # the scale of an affine norm
        return (1 + 0.1 * generator.standard_normal(shape)).astype(np.float32)
    fan_in = int(np.prod(shape[1:]))
    return (generator.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)


def _unit_length(vector: Array) -> Array:
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-12))


def _singular_vectors(weight: Array, start_vector: Array) -> tuple[Array, Array]:
    """u and v of the largest singular value of `weight` as a matrix, by power iteration from `start_vector`."""
    matrix = weight.reshape(len(weight), -1).astype(np.float64)
    left_vector, right_vector = _unit_length(start_vector), np.zeros(matrix.shape[1])
    for _ in range(POWER_ITERATIONS):
        right_vector = _unit_length(matrix.T @ left_vector)
        left_vector = _unit_length(matrix @ right_vector)
    return left_vector.astype(np.float32), right_vector.astype(np.float32)


def draw_input(seed: int, input_name: str, input_spec: Mapping[str, Any]) -> Array:
    """One input array.

    Kinds: "labels" int64 (N, H, W) in blocks of 7 x 5; "image" float32 (N, 3, H, W), smooth, in [-1, 1]; "normal"
    float32 standard normal; "tokens" int64 from 1 to high - 1. Raises BadFile for any other.
    """
    generator = _generator(seed, "input:" + input_name)
    shape, input_kind = tuple(map(int, input_spec["shape"])), input_spec["kind"]
    if input_kind == "labels":
        picture_count, height, width = shape
        block_labels = generator.integers(
            0, int(input_spec["classes"]), (picture_count, (height + 6) // 7, (width + 4) // 5)
        )
        return block_labels.repeat(7, 1).repeat(5, 2)[:, :height, :width].astype(np.int64)
    if input_kind == "image":
        picture_count, channels, height, width = shape
        y, x = np.mgrid[0:height, 0:width] / max(height, width)
        frequency = generator.uniform(1, 6, (picture_count, channels, 2))[..., None, None]
        phase = generator.uniform(0, 6, (picture_count, channels))[..., None, None]
        return np.sin(frequency[:, :, 0] * y * 3 + frequency[:, :, 1] * x * 3 + phase).astype(np.float32)
    if input_kind == "normal":
        return generator.standard_normal(shape).astype(np.float32)
    if input_kind == "tokens":
        return generator.integers(1, int(input_spec["high"]), shape).astype(np.int64)
    raise BadFile('The input "{0}" of a golden case is of the unknown kind "{1}".', input_name, input_kind)
