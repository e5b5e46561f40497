"""Recipes small enough to train in a moment, and what a run leaves, to be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch

from engine.training.loop import Callback, Loop
from engine.training.recipe import Recipe
from engine.training.start import prepare

SEAN = Recipe(
    system="sean",
    resolution=32,
    batch=2,
    steps=6,
    log_every=1,
    sample_every=3,
    validate_every=3,
    checkpoint_every=3,
    model={
        "channels": [6, 6, 6, 4],
        "upsample_before": [False, True, True],
        "styled_blocks": 2,
        "style_width": 5,
        "style_hidden": 4,
        "spade_hidden": 4,
        "encoder": {"widths": [4, 4, 6, 6], "norm": "none"},
    },
    task={"perceptual": 0.0, "l1": 1.0, "pyramid": 1.0, "discriminator_width": 4, "augment": 0.5, "ema": 0.9},
)
PARSER = Recipe(
    system="parser",
    resolution=32,
    batch=2,
    steps=6,
    log_every=1,
    sample_every=3,
    validate_every=3,
    checkpoint_every=3,
    model={"widths": [8, 8, 8]},  # with 4 or 6 channels oneDNN of torch 2.13 writes past its memory on AVX2
    task={"warm_up": 2},
)
RECIPES = {"sean": SEAN, "parser": PARSER}
_GAN = SEAN.task | {"discriminator_layers": 3, "discriminator_last_stride": 2}
_LATENT = _GAN | {"kl": 0.01, "kl_warm_up": 2}
SMIS = msgspec.structs.replace(
    SEAN,
    system="smis",
    model={
        "width": 2,
        "multiples": [2, 2, 2, 1],
        "upsamplings": 2,
        "hidden": 4,
        "latent": 2,
        "encoder": {"width": 1, "norm": "none"},
    },
    task=_LATENT,
)
SPADE = msgspec.structs.replace(
    SEAN,
    system="spade",
    model={"width": 2, "hidden": 4, "latent": 6, "encoder": {"width": 2, "resolution": 32, "norm": "none"}},
    task=_LATENT,
)
PIX2PIXHD = msgspec.structs.replace(
    SEAN,
    system="pix2pixhd",
    model={"width": 4, "halvings": 2, "blocks": 1, "encoder_width": 4, "encoder_halvings": 2},
    task=_GAN,
)
PAINTING = {"sean": SEAN, "smis": SMIS, "spade": SPADE, "pix2pixhd": PIX2PIXHD}
"""One tiny recipe for every system that paints."""


def changed(recipe: Recipe, **changes: Any) -> Recipe:
    """A recipe with other top-level fields; `model` and `task` are merged."""
    for key in ("model", "task"):
        if key in changes:
            changes[key] = getattr(recipe, key) | changes[key]
    return msgspec.structs.replace(recipe, **changes)


def start(recipe: Recipe, data: Path, folder: Path, *callbacks: Callback, **more: Any) -> Loop:
    """`prepare` with a tiny recipe."""
    return prepare(recipe, data, folder, callbacks=list(callbacks), **more)


def checkpoint(folder: Path) -> dict[str, Any]:
    """Everything in a run's last checkpoint but the time it took."""
    state = torch.load(folder / "checkpoints" / "last.pt", weights_only=True)
    assert isinstance(state, dict) and state.pop("seconds") > 0
    return state


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two nested states differ, to the bit."""
    if isinstance(a, torch.Tensor):
        same = isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
        return [] if same else [path]
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return [f"{path}: other keys"]
        return [found for key in a for found in differences(a[key], b[key], f"{path}/{key}")]
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            return [f"{path}: other length"]
        return [found for n, (x, y) in enumerate(zip(a, b)) for found in differences(x, y, f"{path}/{n}")]
    return [] if a == b else [path]
