"""Feature networks of no weight for tests that measure: the numbers exist, and mean nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.metrics.features import MOBILENET
from engine.nn.feature_net import PERCEPTUAL_LAYERS


@pytest.fixture
def tiny_net(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the only feature network in sight: a chain of convolutions of four channels, then the pool."""
    folder = tmp_path_factory.mktemp("nets")
    layers: list[dict[str, Any]] = []
    for n, key in enumerate(PERCEPTUAL_LAYERS):
        conv = {"op": "conv", "key": key, "depthwise": False, "stride": 1 + (n in (0, 2, 4)), "relu6": True}
        layers.append({**conv, "inp": n, "out": n + 1})
    layers.append({"op": "global_average_pool", "inp": len(layers), "out": len(layers) + 1})
    generator = torch.Generator().manual_seed(1)
    state = {f"{key}.bias": torch.zeros(4) for key in PERCEPTUAL_LAYERS}
    for n, key in enumerate(PERCEPTUAL_LAYERS):
        state[f"{key}.weight"] = torch.randn(4, 4 if n else 3, 3, 3, generator=generator)
    save_file(state, folder / f"{MOBILENET}.safetensors")
    (folder / f"{MOBILENET}.json").write_text(json.dumps({"layers": layers}))
    monkeypatch.setattr("engine.weights.feature_networks.search_path", lambda: [folder])
    return folder
