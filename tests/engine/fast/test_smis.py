"""FastSMIS paints what SMISGenerator paints, for every schedule of groups."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.nn.blocks import one_hot
from engine.systems.smis.fast import FastSMIS
from engine.systems.smis.network import SMISConfig, SMISGenerator
from tests.engine.fast.networks import (
    LABELS,
    MAPS,
    UNCOUNTED,
    blobs,
    edited,
    held_bytes,
    kept_bytes,
    label_maps,
    settle,
)

TOLERANCE = 1e-4


def smis(seed: int = 0, **changes: object) -> SMISGenerator:
    values: dict[str, object] = {
        "labels": 4,
        "resolution": 32,
        "width": 2,
        "multiples": (8, 8, 4, 4),
        "upsamplings": 2,
        "latent": 3,
        "hidden": 8,
        "encoder": None,
    }
    generator = SMISGenerator(SMISConfig(**{**values, **changes})).eval()  # type: ignore[arg-type]
    settle(generator, seed)
    return generator


def latents(generator: SMISGenerator, seed: int = 0) -> torch.Tensor:
    return torch.randn(generator.config.latent_shape, generator=torch.Generator().manual_seed(seed))


def literal(generator, label_map, z, edges=None, size=None) -> torch.Tensor:
    hot = one_hot(torch.from_numpy(label_map.astype(np.int64))[None], generator.config.labels)
    if edges is not None:
        hot = torch.cat([hot, torch.from_numpy(edges).float()[None, None]], dim=1)
    with torch.inference_mode():
        return generator(hot, z[None], size=size)[0]


def agree(generator, label_map, edges=None, size=None, **options) -> None:
    z = latents(generator)
    fast = FastSMIS(generator, **options)
    weights = held_bytes(fast)
    picture = fast.render(label_map, z, edges=edges, size=size)
    expected = literal(generator, label_map, z, edges, size)
    assert (picture - expected).abs().max() < TOLERANCE
    assert torch.equal(fast.render(label_map, z, edges=edges, size=size), picture)
    assert kept_bytes(fast, weights) <= fast.cache_bytes + UNCOUNTED


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_network_any_map_agrees(data: st.DataObject) -> None:
    draw = data.draw
    labels = draw(st.sampled_from(LABELS))
    schedule = draw(st.sampled_from(["rule", "ungrouped"]))
    generator = smis(
        draw(st.integers(0, 9)),
        labels=labels,
        edges=draw(st.booleans()),
        schedule=schedule,
        gated=draw(st.booleans()) and (schedule == "rule" or labels == 1),
        locality=draw(st.sampled_from([0.0, 0.2, 1.0])),
        hidden=draw(st.integers(1, 9)),
        latent=draw(st.integers(1, 3)),
        fusion=draw(st.integers(0, 1)),
        upsamplings=draw(st.integers(1, 2)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    height, width = draw(st.integers(5, 50)), draw(st.integers(5, 50))
    label_map = draw(label_maps(labels, height, width))
    edges = rng.random((height, width)) < 0.2 if generator.config.edges else None
    stride = generator.config.stride
    size = (stride * draw(st.integers(1, 10)), stride * draw(st.integers(1, 10)))
    agree(generator, label_map, edges, size, cache_bytes=draw(st.sampled_from([0, 200_000, 1 << 26])))


@pytest.mark.parametrize(
    "shape",
    [
        {"schedule": "deepfashion", "labels": 8, "width": 8, "multiples": (16, 16, 16, 16, 8, 4, 2, 1)},
        {"schedule": "cityscapes", "labels": 35, "edges": True, "width": 140, "multiples": (1,) * 8},
        {"schedule": "ade20k", "labels": 16, "width": 4, "multiples": (16, 16, 16, 16, 8, 4, 2, 1)},
    ],
    ids=lambda shape: shape["schedule"],
)
def test_published_schedules_agree(shape: dict[str, object]) -> None:
    generator = smis(**{**shape, "upsamplings": 6, "resolution": 64})
    rng = np.random.default_rng(1)
    label_map = blobs(rng, 64, 64, generator.config.labels)
    agree(generator, label_map, rng.random((64, 64)) < 0.1 if generator.config.edges else None)


@pytest.mark.parametrize("which", sorted(MAPS))
def test_hard_maps_agree(which: str) -> None:
    agree(smis(), MAPS[which](np.random.default_rng(0), 32, 32, 4))


@pytest.mark.parametrize("which", sorted(MAPS))
@pytest.mark.parametrize("locality", [0.5, 1.0])
def test_gated_features_agree_on_hard_maps(which: str, locality: float) -> None:
    generator = smis(gated=True, locality=locality)
    label_map = MAPS[which](np.random.default_rng(0), 32, 32, 4)
    label_map[3:9, 20:27] = 255
    agree(generator, label_map)
    agree(generator, label_map[:21, :27].copy(), size=(40, 24))
    without = smis(locality=locality)
    z = latents(generator)
    if which == "blobs":  # the gate does something
        assert not torch.equal(FastSMIS(generator).render(label_map, z), FastSMIS(without).render(label_map, z))


def test_pictures_in_turn_are_those_of_a_literal_batch() -> None:
    generator = smis(gated=True)
    rng = np.random.default_rng(0)
    maps = np.stack([blobs(rng, 32, 32, 4) for _ in range(3)])
    z = torch.stack([latents(generator, n) for n in range(3)])
    fast = FastSMIS(generator)
    batch = torch.stack([fast.render(label_map, latent) for label_map, latent in zip(maps, z)])
    hot = one_hot(torch.from_numpy(maps).long(), 4)
    with torch.inference_mode():
        assert (batch - generator(hot, z)).abs().max() < TOLERANCE
    for one, label_map, latent in zip(batch, maps, z):
        assert torch.equal(one, FastSMIS(generator).render(label_map, latent))


def test_groups_wider_than_a_piece_agree() -> None:
    generator = smis(width=80, groups=(2, 2, 1))
    agree(generator, blobs(np.random.default_rng(0), 16, 16, 4))


def test_random_edits_leave_cached_and_fresh_equal() -> None:
    generator = smis()
    rng = np.random.default_rng(0)
    fast, fresh = FastSMIS(generator, cache_bytes=100_000), FastSMIS(generator)
    label_map, weights = blobs(rng, 32, 32, 4), held_bytes(fast)
    for n in range(100):
        label_map, z = edited(rng, label_map, 4), latents(generator, n % 3)
        fresh.clear()
        assert torch.equal(fast.render(label_map, z), fresh.render(label_map, z))
        assert kept_bytes(fast, weights) <= 100_000 + UNCOUNTED


def test_released_kernels_and_lower_precision() -> None:
    generator = smis(width=4)
    label_map, z = blobs(np.random.default_rng(4), 32, 32, 4), latents(generator)
    expected = FastSMIS(generator).render(label_map, z)
    fast = FastSMIS(generator, release=True)
    assert torch.equal(fast.render(label_map, z), expected)
    assert (fast.render(label_map, z, precision="bfloat16") - expected).abs().max() < 0.1  # from the kernels in use


def test_without_packed_kernels_the_picture_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fast.convolution.packing_works", lambda dtype: False)
    agree(smis(), blobs(np.random.default_rng(3), 32, 32, 4))


def test_what_the_network_does_not_take_is_refused() -> None:
    label_map = np.zeros((32, 32), np.uint8)
    generator = smis()
    with pytest.raises(ValueError, match="no edges"):
        FastSMIS(generator).render(label_map, latents(generator), edges=label_map == 1)
    with pytest.raises(ValueError, match="latents"):
        FastSMIS(generator).render(label_map, torch.zeros(3, 8, 8))
    with pytest.raises(ValueError, match="no multiple"):
        FastSMIS(generator).render(label_map, latents(generator), size=(33, 32))
    with pytest.raises(ValueError, match="per label"):
        FastSMIS(smis(separate=True))
