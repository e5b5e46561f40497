"""Small pictures of small networks are painted literally, by a rule that knows nothing of what is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.nn.blocks import seeded_noise
from engine.systems.sean.fast import FastSEAN
from engine.systems.smis.fast import FastSMIS
from engine.systems.spade.fast import FastSPADE
from tests.engine.fast import test_smis, test_spade
from tests.engine.fast.networks import blobs, codes_for, held_bytes, kept_bytes, literal, sean

TOLERANCE = 1e-4


@pytest.fixture(autouse=True)
def _literally(monkeypatch: pytest.MonkeyPatch, _never_literally: None) -> None:
    monkeypatch.setattr("engine.fast.small.LITERAL_WORK", 2e7)


def test_the_literal_network_paints_small_pictures_and_progress_is_told() -> None:
    generator = sean()
    fast, label_map, codes = (
        FastSEAN(generator, release=True),
        blobs(np.random.default_rng(0), 32, 32, 5),
        codes_for(generator),
    )
    label_map[3:6, 20:30] = 255
    told: list[int] = []
    weights = held_bytes(fast)
    picture = fast.render(label_map, codes, seeded_noise(0), lambda done, blocks: told.append(done))
    assert kept_bytes(fast, weights) == 0 and told == [0, 1, 2]
    assert (picture - literal(generator, label_map, codes)).abs().max() < TOLERANCE
    large = blobs(np.random.default_rng(0), 128, 128, 5)
    assert (fast.render(large, codes) - literal(generator, large, codes, None)).abs().max() < TOLERANCE
    assert kept_bytes(fast, weights) > 0


def test_large_networks_give_their_kernels_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fast.small.LITERAL_BYTES", 1000)
    generator = sean()
    label_map, codes = blobs(np.random.default_rng(0), 32, 32, 5), codes_for(generator)
    expected = literal(generator, label_map, codes)
    fast = FastSEAN(generator, release=True)
    assert all(block.conv_0.weight.numel() == 0 for block in generator.blocks)
    assert (fast.render(label_map, codes, seeded_noise(0)) - expected).abs().max() < TOLERANCE


def test_edges_and_sizes_reach_the_literal_network() -> None:
    rng = np.random.default_rng(0)
    label_map, edges = blobs(rng, 20, 30, 4), rng.random((20, 30)) < 0.2
    spade = test_spade.spade(edges=True)
    fast = FastSPADE(spade)
    weights = held_bytes(fast)
    picture = fast.render(label_map, edges=edges, size=(32, 64))
    assert kept_bytes(fast, weights) == 0
    assert (picture - test_spade.literal(spade, label_map, edges=edges, size=(32, 64))).abs().max() < TOLERANCE
    smis = test_smis.smis(edges=True)
    z, other = test_smis.latents(smis), FastSMIS(smis)
    weights = held_bytes(other)
    picture = other.render(label_map, z, edges=edges, size=(16, 16))
    assert kept_bytes(other, weights) == 0
    assert (picture - test_smis.literal(smis, label_map, z, edges, (16, 16))).abs().max() < TOLERANCE
    assert torch.equal(other.render(label_map, z, edges=edges, size=(16, 16)), picture)
