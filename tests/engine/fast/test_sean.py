"""FastSEAN paints what SEANGenerator paints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fast.convolution import has_bfloat16
from engine.nn.blocks import one_hot, seeded_noise
from engine.systems.sean.fast import FastSEAN
from tests.engine.fast.networks import (
    LABELS,
    MAPS,
    UNCOUNTED,
    blobs,
    codes_for,
    held_bytes,
    kept_bytes,
    label_maps,
    literal,
    sean,
)

TOLERANCE = 1e-4


def difference(generator, label_map, codes, seed=0) -> float:
    noise = None if seed is None else seeded_noise(seed)
    fast = FastSEAN(generator).render(label_map, codes, noise)
    expected = literal(generator, label_map, codes, seed)
    assert fast.shape == expected.shape
    assert expected.std() > 0.01, "the test's network paints nothing"
    return (fast - expected).abs().max().item()


@pytest.mark.parametrize("which", sorted(MAPS))
def test_hard_maps_agree(which: str) -> None:
    generator = sean()
    label_map = MAPS[which](np.random.default_rng(0), 32, 32, 5)
    assert difference(generator, label_map, codes_for(generator)) < TOLERANCE


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_network_any_map_agrees(data: st.DataObject) -> None:
    draw = data.draw
    labels = draw(st.sampled_from(LABELS))
    blocks = draw(st.integers(1, 4))
    generator = sean(
        draw(st.integers(0, 9)),
        labels=labels,
        channels=tuple(draw(st.sampled_from([4, 8, 12, 20])) for _ in range(blocks + 1)),
        upsample_before=tuple(draw(st.booleans()) for _ in range(blocks)),
        resolution=64,
        styled_blocks=draw(st.integers(0, blocks)),
        style_width=draw(st.integers(1, 9)),
        style_hidden=draw(st.integers(1, 9)),
        spade_hidden=draw(st.integers(1, 9)),
        noise=draw(st.booleans()),
    )
    stride = generator.config.stride
    height, width = stride * draw(st.integers(1, 40 // stride)), stride * draw(st.integers(1, 40 // stride))
    label_map = draw(label_maps(labels, height, width))
    entries = draw(st.sampled_from(sorted({1, max(1, generator.styled_blocks), max(1, generator.styled_norms)})))
    codes = codes_for(generator, entries, draw(st.integers(0, 99)))
    seed = draw(st.sampled_from([None, 0, 5]))
    fast = FastSEAN(generator, cache_bytes=draw(st.sampled_from([0, 20_000, 300_000, 1 << 28])))
    weights, noise = held_bytes(fast), None if seed is None else seeded_noise(seed)
    picture = fast.render(label_map, codes, noise)
    assert (picture - literal(generator, label_map, codes, seed)).abs().max() < TOLERANCE
    assert kept_bytes(fast, weights) <= fast.cache_bytes + UNCOUNTED
    assert torch.equal(fast.render(label_map, codes, noise), picture)


@pytest.mark.parametrize("encoders", ["unified", "resblk", "sean"])
def test_styles_per_block_and_per_norm_agree(encoders: str) -> None:
    generator = sean(encoders=encoders)
    label_map = blobs(np.random.default_rng(1), 32, 32, 5)
    codes = codes_for(generator, len(generator.encoders))
    assert difference(generator, label_map, codes) < TOLERANCE


def test_unlabelled_pixels_agree() -> None:
    generator = sean()
    label_map = blobs(np.random.default_rng(1), 32, 64, 5)
    label_map[3:9, 20:40] = 255
    assert difference(generator, label_map, codes_for(generator)) < TOLERANCE


def test_pictures_in_turn_are_those_of_a_literal_batch() -> None:
    generator = sean()
    rng = np.random.default_rng(0)
    maps = [blobs(rng, 32, 32, 5) for _ in range(3)]
    codes = torch.stack([codes_for(generator, seed=n) for n in range(3)])
    fast = FastSEAN(generator)
    batch = torch.stack([fast.render(label_map, code, seeded_noise(1)) for label_map, code in zip(maps, codes)])
    hot = one_hot(torch.from_numpy(np.stack(maps)).long(), 5)
    with torch.inference_mode():
        assert (batch - generator(hot, codes, seeded_noise(1))).abs().max() < TOLERANCE
    for one, label_map, code in zip(batch, maps, codes):
        assert torch.equal(one, FastSEAN(generator).render(label_map, code, seeded_noise(1)))


def test_progress_is_told_before_each_block_and_may_stop_the_render() -> None:
    generator = sean()
    label_map, codes = blobs(np.random.default_rng(2), 32, 32, 5), codes_for(generator)
    fast, told = FastSEAN(generator), []
    expected = fast.render(label_map, codes, seeded_noise(0), lambda done, all_: told.append((done, all_)))
    assert list(dict.fromkeys(told)) == [(0, 3), (1, 3), (2, 3)]  # told again and again within a block, to stop soon

    def stop(done: int, blocks: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    fast.clear()
    with pytest.raises(KeyboardInterrupt):
        fast.render(label_map, codes, seeded_noise(0), stop)
    assert torch.equal(fast.render(label_map, codes, seeded_noise(0)), expected)


def test_wrong_sizes_are_refused() -> None:
    generator = sean()
    with pytest.raises(ValueError, match="no multiple of 4"):
        FastSEAN(generator).render(np.zeros((30, 32), np.uint8), codes_for(generator))
    with pytest.raises(ValueError, match="codes"):
        FastSEAN(generator).render(np.zeros((32, 32), np.uint8), codes_for(generator)[0])


def test_lower_precision_is_a_choice_and_close() -> None:
    generator = sean()
    label_map, codes = blobs(np.random.default_rng(3), 32, 32, 5), codes_for(generator)
    fast = FastSEAN(generator, precision="bfloat16")
    exact = fast.render(label_map, codes, seeded_noise(0), precision="float32")
    lower = fast.render(label_map, codes, seeded_noise(0))
    assert lower.dtype == torch.float32
    assert (lower - exact).abs().max() < 0.1
    if has_bfloat16(torch.device("cpu")):
        assert not torch.equal(lower, exact)
    assert torch.equal(fast.render(label_map, codes, seeded_noise(0), precision="float32"), exact)


def test_without_packed_kernels_the_picture_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fast.convolution.packing_works", lambda dtype: False)
    generator = sean()
    label_map = blobs(np.random.default_rng(3), 32, 32, 5)
    assert difference(generator, label_map, codes_for(generator)) < TOLERANCE


def test_bands_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = sean(channels=(16, 16, 16, 16), upsample_before=(True, True, True), resolution=64)
    label_map = blobs(np.random.default_rng(3), 48, 64, 5)
    codes = codes_for(generator)
    whole = FastSEAN(generator).render(label_map, codes, seeded_noise(0))
    for size in (2000, 9000, 50_000):
        monkeypatch.setattr("engine.fast.convolution.BAND_BYTES", size)
        banded = FastSEAN(generator).render(label_map, codes, seeded_noise(0))
        assert (banded - whole).abs().max() < 1e-5


def test_released_kernels_are_gone_and_the_picture_stays() -> None:
    generator = sean().to(memory_format=torch.channels_last)
    label_map, codes = blobs(np.random.default_rng(4), 32, 32, 5), codes_for(generator)
    expected = FastSEAN(generator).render(label_map, codes, seeded_noise(0))
    fast = FastSEAN(generator, release=True)
    assert all(block.conv_0.weight.numel() == 0 for block in generator.blocks)
    assert torch.equal(fast.render(label_map, codes, seeded_noise(0)), expected)
    generator.encode(torch.zeros(1, 3, 32, 32), torch.ones(1, 5, 32, 32))
    lower = fast.render(label_map, codes, seeded_noise(0), precision="bfloat16")  # made from the kernels in use
    assert (lower - expected).abs().max() < 0.1


def test_wide_layers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fast.winograd.WIDE", 12)
    generator = sean(channels=(24, 24, 24, 12), upsample_before=(True, True, True), resolution=64)
    label_map = blobs(np.random.default_rng(5), 64, 40, 5)
    assert difference(generator, label_map, codes_for(generator)) < TOLERANCE
    expected = literal(generator, label_map, codes_for(generator))
    fast = FastSEAN(generator, release=True)
    for precision, tolerance in (("float32", TOLERANCE), ("bfloat16", 0.1), ("float32", TOLERANCE)):
        picture = fast.render(label_map, codes_for(generator), seeded_noise(0), precision=precision)
        assert (picture - expected).abs().max() < tolerance
    assert fast.floor(64, 40) > 0


def test_a_network_in_training_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="eval"):
        FastSEAN(sean().train())
