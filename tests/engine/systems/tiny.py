"""Untrained weights of every system that paints, 64 x 64, faces: what they paint follows all that it should follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.labels.label_sets import load_label_set
from engine.systems import system as system_of
from engine.weights.card import Card
from engine.weights.store import save_weights

SMALL: dict[str, dict[str, Any]] = {
    "sean": {},
    "smis": {"resolution": 64, "width": 3, "multiples": (4, 4, 2, 2, 2, 1), "upsamplings": 4, "hidden": 8, "latent": 2},
    "spade": {"resolution": 64, "width": 4, "multiples": (4, 4, 4, 4, 4, 2, 1), "hidden": 8, "depth": "normal"},
    "pix2pixhd": {
        "resolution": 64,
        "width": 4,
        "halvings": 2,
        "blocks": 1,
        "encoder_width": 4,
        "encoder_halvings": 2,
    },
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "tiny-smis": ("smis", {"encoder": {"width": 4}}),
    "tiny-smis-edges": ("smis", {"edges": True, "encoder": {"width": 4}}),
    "tiny-smis-blind": ("smis", {"encoder": None}),
    "tiny-groupenc": ("smis", {"schedule": "ungrouped", "encoder": {"width": 4}}),
    "tiny-mulnet": ("smis", {"separate": True, "width": 1, "fusion": 2, "encoder": {"width": 4}}),
    "tiny-spade": ("spade", {}),
    "tiny-spade-edges": ("spade", {"edges": True}),
    "tiny-vspade": ("spade", {"latent": 6, "encoder": {"width": 4, "resolution": 64}}),
    "tiny-hd": ("pix2pixhd", {}),
    "tiny-hd-plain": ("pix2pixhd", {"features": 0, "edges": True}),
    "tiny-vspade-blind": ("spade", {"latent": 6, "encoder": None}),
}


def write_weights(shelf: Path, name: str, system: str, changes: dict[str, Any], labels: str = "faces") -> None:
    """A weights folder of untrained tensors, scaled so that labels, latents and noise all show."""
    label_set = load_label_set(labels)
    kind = system_of(system).network
    config = kind.read_config({**SMALL[system], "labels": len(label_set), **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = kind.build(config).state_dict()
        for key, tensor in state.items():
            if key.endswith("weight"):
                state[key] = tensor.normal_(0, 1.4 * tensor[0].numel() ** -0.5)
    card = Card(name=name, system=system, config=asdict(config), label_set=label_set.to_dict(), data_licence="CC0")
    save_weights(shelf / name, card, state)


@pytest.fixture(scope="session")
def tiny_shelf_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shelf = tmp_path_factory.mktemp("all")
    for name, (system, changes) in VARIANTS.items():
        write_weights(shelf, name, system, changes)
    return shelf


@pytest.fixture
def all_weights(tiny_shelf_of_all: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`tiny_weights`, and those of `VARIANTS` beside them."""
    import os

    monkeypatch.setenv("TESSERA_WEIGHTS", os.pathsep.join([str(tiny_shelf_of_all), str(tiny_weights)]))
    yield tiny_shelf_of_all
