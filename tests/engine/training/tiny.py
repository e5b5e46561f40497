"""Recipes small enough to train in a moment, and what a run leaves, to be compared."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import torch

from engine.labels.label_sets import load_label_set
from engine.systems import all_systems
from engine.systems.base import LABELLED, RENDER, System, load_part
from engine.systems.examples import Tiny
from engine.training.adversarial import AdversarialTaskConfig
from engine.training.loop import Callback, Loop
from engine.training.recipe import Recipe
from engine.training.start import prepare
from tests.fixtures import write_dataset


@cache
def decided_by_data(kind_path: str) -> dict[str, Any]:
    """What data of a kind decide about a network's config."""
    kind = load_part(kind_path)
    with TemporaryDirectory() as parent:
        kind.draws(Path(parent) / "data", 16, load_label_set("faces"))
        fields: dict[str, Any] = kind.opens()(Path(parent) / "data", "train", 16).network_fields()
    return fields


def write_data(system: System, folder: Path, *, side: int, train: int, val: int = 0) -> Path:
    """A small folder of the kind of data that a system trains on; `train` and `val`: of label maps."""
    if system.data == LABELLED:
        return write_dataset(folder, side=side, train=train, val=val)
    load_part(system.data).draws(folder, side, load_label_set("faces"))
    return folder


MORE = {
    "l1": 1.0,
    "pyramid": 1.0,
    "augment": 0.5,
    "ema": 0.9,
    "discriminator_layers": 3,
    "discriminator_last_stride": 2,
}
"""More of what can be trained, for systems that have such settings."""


def tiny_recipe(system: System) -> Recipe:
    """A few steps of a system's smallest network."""
    tiny: Tiny = load_part(system.examples).tiny
    known = load_part(system.task_config).__dataclass_fields__
    extra = {key: value for key, value in MORE.items() if key in known}
    return Recipe(
        system=system.id,
        resolution=tiny.resolution,
        batch=2,
        steps=6,
        log_every=1,
        sample_every=3,
        validate_every=3,
        checkpoint_every=3,
        model=dict(tiny.model),
        task=dict(tiny.task) | extra,
    )


TINY = {system.id: tiny_recipe(system) for system in all_systems()}
PAINTING = {system.id: TINY[system.id] for system in all_systems() if RENDER in system.requests}
"""Of every system that paints label maps."""
ADVERSARIAL = {
    system.id: TINY[system.id]
    for system in all_systems()
    if issubclass(load_part(system.task_config), AdversarialTaskConfig)
}
"""Of every system that learns against a discriminator."""
SEAN, SMIS, SPADE, PARSER = (TINY[name] for name in ("sean", "smis", "spade", "parser"))
RECIPES = {"sean": SEAN, "parser": PARSER}


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
