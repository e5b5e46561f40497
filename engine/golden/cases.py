"""Golden cases: what the authors' own code computes from weights that follow from each tensor's name.

`NAME.json` holds the configuration, every state-dict key with its shape, and the inputs; `NAME.npz` the outputs.
The weights are not stored: each tensor is drawn from a generator seeded with the case's seed and the tensor's name.
Nothing in a case's folder is run.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadFile
from engine.files import read_bytes, read_text

Array = np.ndarray
POWER_ITERATIONS = 30


@dataclass(frozen=True)
class GoldenCase:
    """One case. `state` and `inputs` are drawn anew on each call; `expected` are the authors' outputs."""

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
        return {name: draw_input(self.seed, name, spec) for name, spec in self.input_specs.items()}


# ---------------------------------------------------------------- reading


def read_case(path: Path) -> GoldenCase:
    """Read NAME.json and the NAME.npz beside it. Raises BadFile: missing, broken, or not a golden case."""
    try:
        spec = json.loads(read_text(path, limit=64 << 20))
        case = GoldenCase(
            name=str(spec.get("name", path.stem)),
            seed=int(spec["seed"]),
            config=dict(spec["config"]),
            shapes={str(key): tuple(map(int, shape)) for key, shape in spec["state"].items()},
            input_specs={str(key): dict(value) for key, value in spec["inputs"].items()},
            expected=_read_arrays(path.with_suffix(".npz")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadFile(
            '"{0}" is not a golden case; it needs seed, config, state and inputs.',
            path, details=repr(error),
        ) from error
    if not case.expected:
        raise BadFile('"{0}" holds no outputs to compare with; get it again.', path.with_suffix(".npz"))
    return case


def _read_arrays(path: Path) -> dict[str, Array]:
    data = read_bytes(path)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, TypeError, EOFError, OSError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadFile('"{0}" is damaged or no .npz file; get it again.', path, details=repr(error)) from error


# ---------------------------------------------------------------- drawing


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{seed}:{name}".encode()))


def draw_state(seed: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """{key: array} for keys spelled as in the released files; weight_u and weight_v are true singular vectors."""
    drawn = {
        key: _draw_tensor(_generator(seed, key), key.rsplit(".", 1)[-1], shape)
        for key, shape in shapes.items()
        if not key.endswith(("weight_u", "weight_v"))
    }
    for key in shapes:
        if key.endswith("weight_u"):
            stem = key.removesuffix("weight_u")
            start = _generator(seed, key).standard_normal(shapes[key])
            drawn[key], drawn[stem + "weight_v"] = _singular_vectors(drawn[stem + "weight_orig"], start)
    return {key: drawn[key] for key in shapes}


def _draw_tensor(rng: np.random.Generator, leaf: str, shape: tuple[int, ...]) -> Array:
    """One tensor: what it is follows from the last part of its name and the number of its dimensions."""
    if leaf == "num_batches_tracked":
        return np.array(1, dtype=np.int64)
    if leaf == "running_var":
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if leaf == "running_mean" or "bias" in leaf:
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)
    if leaf == "noise_var":
        return np.zeros(shape, np.float32)
    if leaf.startswith("blending_"):
        return rng.standard_normal(shape).astype(np.float32)
    if len(shape) == 1:  # the scale of an affine norm
        return (1 + 0.1 * rng.standard_normal(shape)).astype(np.float32)
    fan_in = int(np.prod(shape[1:]))
    return (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-12))


def _singular_vectors(weight: Array, start: Array) -> tuple[Array, Array]:
    """u and v of the largest singular value of `weight` as a matrix, by power iteration from `start`."""
    matrix = weight.reshape(len(weight), -1).astype(np.float64)
    u, v = _unit(start), np.zeros(matrix.shape[1])
    for _ in range(POWER_ITERATIONS):
        v = _unit(matrix.T @ u)
        u = _unit(matrix @ v)
    return u.astype(np.float32), v.astype(np.float32)


def draw_input(seed: int, name: str, spec: Mapping[str, Any]) -> Array:
    """One input array.

    Kinds: "labels" int64 (N, H, W) in blocks of 7 x 5; "image" float32 (N, 3, H, W), smooth, in [-1, 1]; "normal"
    float32 standard normal; "tokens" int64 from 1 to high - 1. Raises BadFile for any other.
    """
    rng, shape, kind = _generator(seed, "input:" + name), tuple(map(int, spec["shape"])), spec["kind"]
    if kind == "labels":
        count, height, width = shape
        coarse = rng.integers(0, int(spec["classes"]), (count, (height + 6) // 7, (width + 4) // 5))
        return coarse.repeat(7, 1).repeat(5, 2)[:, :height, :width].astype(np.int64)
    if kind == "image":
        count, channels, height, width = shape
        y, x = np.mgrid[0:height, 0:width] / max(height, width)
        frequency = rng.uniform(1, 6, (count, channels, 2))[..., None, None]
        phase = rng.uniform(0, 6, (count, channels))[..., None, None]
        return np.sin(frequency[:, :, 0] * y * 3 + frequency[:, :, 1] * x * 3 + phase).astype(np.float32)
    if kind == "normal":
        return rng.standard_normal(shape).astype(np.float32)
    if kind == "tokens":
        return rng.integers(1, int(spec["high"]), shape).astype(np.int64)
    raise BadFile('The input "{0}" of a golden case is of the unknown kind "{1}".', name, kind)
