"""FastSPADE paints what SPADEGenerator paints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.nn.blocks import one_hot
from engine.systems.spade.fast import FastSPADE
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from tests.engine.fast.networks import LABELS, UNCOUNTED, blobs, held_bytes, kept_bytes, label_maps, settle

TOLERANCE = 1e-4


def spade(**changes: object) -> SPADEGenerator:
    values: dict[str, object] = {"labels": 4, "resolution": 64, "width": 2, "hidden": 6}
    generator = SPADEGenerator(SPADEConfig(**{**values, **changes})).eval()  # type: ignore[arg-type]
    settle(generator)
    return generator


def literal(generator, label_map, z=None, edges=None, size=None) -> torch.Tensor:
    hot = one_hot(torch.from_numpy(label_map.astype(np.int64))[None], generator.config.labels)
    if edges is not None:
        hot = torch.cat([hot, torch.from_numpy(edges).float()[None, None]], dim=1)
    with torch.inference_mode():
        return generator(hot, z[None] if z is not None else None, size=size)[0]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_network_any_map_agrees(data: st.DataObject) -> None:
    draw = data.draw
    labels = draw(st.sampled_from(LABELS))
    generator = spade(
        labels=labels,
        edges=draw(st.booleans()),
        depth=draw(st.sampled_from(["normal", "more", "most"])),
        resolution=128,
        hidden=draw(st.integers(1, 8)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    height, width = draw(st.integers(5, 90)), draw(st.integers(5, 90))
    label_map = draw(label_maps(labels, height, width))
    edges = rng.random((height, width)) < 0.2 if generator.config.edges else None
    stride = generator.config.stride
    size = (stride * draw(st.integers(1, 2)), stride * draw(st.integers(1, 2)))
    fast = FastSPADE(generator, cache_bytes=draw(st.sampled_from([0, 200_000, 1 << 26])))
    weights = held_bytes(fast)
    picture = fast.render(label_map, edges=edges, size=size)
    assert (picture - literal(generator, label_map, edges=edges, size=size)).abs().max() < TOLERANCE
    assert torch.equal(fast.render(label_map, edges=edges, size=size), picture)
    assert kept_bytes(fast, weights) <= fast.cache_bytes + UNCOUNTED


def test_a_style_vector_agrees() -> None:
    generator = spade(latent=5, aspect_ratio=2.0)
    label_map = blobs(np.random.default_rng(0), 32, 64, 4)
    z = torch.randn(5)
    assert (FastSPADE(generator).render(label_map, z) - literal(generator, label_map, z)).abs().max() < TOLERANCE


@pytest.mark.parametrize("latent", [0, 5])
def test_pictures_in_turn_are_those_of_a_literal_batch(latent: int) -> None:
    generator = spade(latent=latent)
    rng = np.random.default_rng(0)
    maps = np.stack([blobs(rng, 64, 64, 4) for _ in range(3)])
    z = torch.randn(3, latent) if latent else None
    fast = FastSPADE(generator)
    batch = torch.stack([fast.render(maps[n], None if z is None else z[n]) for n in range(3)])
    with torch.inference_mode():
        assert (batch - generator(one_hot(torch.from_numpy(maps).long(), 4), z)).abs().max() < TOLERANCE
    for n, one in enumerate(batch):
        assert torch.equal(one, FastSPADE(generator).render(maps[n], None if z is None else z[n]))


def test_normalisation_by_each_pictures_own_statistics_has_no_fast_path() -> None:
    with pytest.raises(ValueError, match="no fast path"):
        FastSPADE(spade(norm="instance"))


def test_what_the_network_does_not_take_is_refused() -> None:
    label_map = np.zeros((32, 32), np.uint8)
    with pytest.raises(ValueError, match="no edges"):
        FastSPADE(spade()).render(label_map, edges=label_map == 1)
    with pytest.raises(ValueError, match="style vector"):
        FastSPADE(spade()).render(label_map, torch.zeros(3))
    with pytest.raises(ValueError, match="no multiple"):
        FastSPADE(spade()).render(label_map, size=(33, 32))
    with pytest.raises(ValueError, match="trained size"):
        FastSPADE(spade(latent=5)).render(label_map, torch.zeros(5))
