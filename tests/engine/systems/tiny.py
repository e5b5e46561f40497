"""Untrained weights of every system that paints, 64 x 64, faces: what they paint follows all that it should follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.labels.label_sets import load_label_set
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.weights.card import Card
from engine.weights.store import save_weights

WEIGHTS: dict[str, tuple[System, Mapping[str, Any]]] = {
    name: (system, settings)
    for system in all_systems()
    for name, settings in load_part(system.examples).weights.items()
}
"""By name: whose weights they are, and their settings."""


def write_weights(shelf: Path, name: str, like: str, labels: str = "faces", **changes: Any) -> None:
    """A weights folder of untrained tensors, scaled so that labels, latents and noise all show.

    like: whose settings of `WEIGHTS` they have, but for the changes.
    """
    label_set = load_label_set(labels)
    system, settings = WEIGHTS[like]
    kind = system.network
    config = kind.read_config({**settings, "labels": len(label_set), **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = kind.build(config).state_dict()
        for key, tensor in state.items():
            if key.endswith("weight"):
                state[key] = tensor.normal_(0, 1.4 * tensor[0].numel() ** -0.5)
    card = Card(name=name, system=system.id, config=asdict(config), label_set=label_set.to_dict(), data_licence="CC0")
    save_weights(shelf / name, card, state)


@pytest.fixture(scope="session")
def tiny_shelf_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shelf = tmp_path_factory.mktemp("all")
    for name in WEIGHTS:
        write_weights(shelf, name, like=name)
    return shelf


@pytest.fixture
def all_weights(tiny_shelf_of_all: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`tiny_weights`, and those of `WEIGHTS` beside them."""
    import os

    monkeypatch.setenv("TESSERA_WEIGHTS", os.pathsep.join([str(tiny_shelf_of_all), str(tiny_weights)]))
    yield tiny_shelf_of_all
