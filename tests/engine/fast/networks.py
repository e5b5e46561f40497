"""Small generators with every number set as training would set it, and label maps that are hard on fast paths."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.fast.generator import FastGenerator
from engine.nn.blocks import one_hot, seeded_noise
from engine.nn.style_encoder import StyleEncoderConfig
from engine.systems.sean.network import SEANConfig, SEANGenerator

TINY_ENCODER = StyleEncoderConfig(widths=(4, 4, 4, 4))
UNCOUNTED = 1000
"""Bytes that the limit of what is kept leaves out: one number per label and layer."""


def settle(module: nn.Module, seed: int = 0) -> None:
    """Give every parameter and statistic a value of a trained network's size: no zero bias, no unit variance."""
    generator = torch.Generator().manual_seed(seed)

    def draw(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator)

    with torch.no_grad():
        for parameter in module.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 1
            parameter.copy_(draw(parameter) * (fan**-0.5 if fan > 1 else 0.2))
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(draw(buffer) * 0.3)
            elif name.endswith("running_var"):
                buffer.copy_(draw(buffer).abs() + 0.5)


def sean(seed: int = 0, **changes: object) -> SEANGenerator:
    """A small generator in eval mode; `changes` to its config."""
    values: dict[str, object] = {
        "labels": 5,
        "resolution": 32,
        "channels": (24, 24, 16, 12),
        "upsample_before": (True, False, True),
        "styled_blocks": 2,
        "style_width": 10,
        "style_hidden": 12,
        "spade_hidden": 8,
        "encoder": TINY_ENCODER,
    }
    generator = SEANGenerator(SEANConfig(**{**values, **changes})).eval()  # type: ignore[arg-type]
    settle(generator, seed)
    return generator


def literal(generator: SEANGenerator, label_map: np.ndarray, codes: Tensor, seed: int | None = 0) -> Tensor:
    """What the literal network paints: (3, H, W)."""
    ids = torch.from_numpy(label_map.astype(np.int64)).unsqueeze(0)
    noise = None if seed is None else seeded_noise(seed)
    with torch.inference_mode():
        picture: Tensor = generator(one_hot(ids, generator.config.labels), codes.unsqueeze(0), noise)[0]
    return picture


def codes_for(generator: SEANGenerator, entries: int = 1, seed: int = 0) -> Tensor:
    """(entries, L, D) random style codes."""
    config = generator.config
    return torch.randn(entries, config.labels, config.style_width, generator=torch.Generator().manual_seed(seed))


def blobs(rng: np.random.Generator, height: int, width: int, labels: int, count: int = 6) -> np.ndarray:
    """A painted-looking map: a few boxes over one another, some reaching over the border."""
    label_map = np.full((height, width), rng.integers(labels), np.uint8)
    for _ in range(count):
        y, x = rng.integers(-4, height), rng.integers(-4, width)
        h, w = rng.integers(1, height + 1), rng.integers(1, width + 1)
        label_map[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = rng.integers(labels)
    return label_map


def checkerboard(height: int, width: int, labels: int, side: int = 1) -> np.ndarray:
    """Squares of `side`, all labels in turn."""
    y, x = np.mgrid[:height, :width] // side
    return ((y + x) % labels).astype(np.uint8)


def one_pixel(rng: np.random.Generator, height: int, width: int, labels: int) -> np.ndarray:
    """One label, and regions of one pixel: in the middle, in a corner, at the border."""
    label_map = np.full((height, width), rng.integers(labels), np.uint8)
    for y, x in ((height // 2, width // 2), (0, 0), (rng.integers(height), width - 1)):
        label_map[y, x] = rng.integers(labels)
    return label_map


def framed(rng: np.random.Generator, height: int, width: int, labels: int) -> np.ndarray:
    """One label with lines of others along the borders."""
    label_map = np.full((height, width), rng.integers(labels), np.uint8)
    label_map[0], label_map[:, -1], label_map[-1], label_map[:, 0] = rng.integers(labels, size=4)
    return label_map


MAPS = {
    "one label": lambda rng, h, w, n: np.full((h, w), rng.integers(n), np.uint8),
    "checkerboard": lambda rng, h, w, n: checkerboard(h, w, n),
    "coarse checkerboard": lambda rng, h, w, n: checkerboard(h, w, n, int(rng.integers(2, 6))),
    "one pixel": one_pixel,
    "border": framed,
    "noise": lambda rng, h, w, n: rng.integers(0, n, (h, w)).astype(np.uint8),
    "blobs": blobs,
}
LABELS = [1, 2, 3, 7, 19, 35, 151, 182]


@st.composite
def label_maps(draw: st.DrawFn, labels: int, height: int, width: int) -> np.ndarray:
    """Any of `MAPS`, of few labels, all, or all and one id that is no label."""
    used = draw(st.sampled_from(sorted({1, min(2, labels), labels, labels + 1})))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return MAPS[draw(st.sampled_from(sorted(MAPS)))](rng, height, width, used)


def edited(rng: np.random.Generator, label_map: np.ndarray, labels: int) -> np.ndarray:
    """The map with one round brush mark."""
    height, width = label_map.shape
    y, x = np.mgrid[:height, :width]
    inside = (y - rng.integers(height)) ** 2 + (x - rng.integers(width)) ** 2 <= rng.integers(1, 6) ** 2
    return np.where(inside, rng.integers(labels), label_map).astype(np.uint8)


def kept_bytes(fast: FastGenerator, weights: int) -> int:
    """Bytes kept between pictures, beside the buffers that renders share; `weights`: what was held before any."""
    return held_bytes(fast) - held_bytes(fast._work) - weights


def held_bytes(root: object) -> int:
    """Bytes of all tensors' and arrays' storage that can be reached from `root`, each storage once."""
    seen: set[int] = set()
    sizes: dict[int, int] = {}
    stack = [root]
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Tensor):
            if not one.is_mkldnn:
                sizes[one.untyped_storage().data_ptr()] = one.untyped_storage().nbytes()
        elif isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
            sizes[one.__array_interface__["data"][0]] = one.nbytes
        elif isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list | tuple | set):
            stack.extend(one)
        elif type(one).__module__.startswith("engine.") and not isinstance(one, nn.Module):
            stack.extend(vars(one).values())
    return sum(sizes.values())
