"""Large pictures: tiles paint what the whole would be, in less memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.fast import large
from engine.fast.large_noise import RowNoise
from engine.nn.blocks import seeded_noise
from engine.systems.sean.fast import FastSEAN
from engine.systems.smis.fast import FastSMIS
from engine.systems.spade.fast import FastSPADE
from tests.engine.fast.networks import UNCOUNTED, blobs, codes_for, held_bytes, kept_bytes, sean
from tests.engine.fast.test_smis import latents, smis
from tests.engine.fast.test_smis import literal as smis_literal
from tests.engine.fast.test_spade import spade


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 16 pixels, levels above the lowest in tiles."""
    monkeypatch.setattr(large, "TILED_FROM", 0)
    monkeypatch.setattr(large, "CORE", 16)
    monkeypatch.setattr(large, "WHOLE_FEATURES", 1)


@pytest.mark.parametrize("shape", [(64, 64), (96, 72), (128, 32)])
@pytest.mark.parametrize("whole_features", [1, 24 * 24])
def test_tiles_are_the_whole_picture(
    small_tiles: None, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], whole_features: int
) -> None:
    monkeypatch.setattr(large, "WHOLE_FEATURES", whole_features)
    generator = sean()
    label_map, codes = blobs(np.random.default_rng(1), *shape, 5), codes_for(generator, 2)
    fast = FastSEAN(generator)
    tiled = fast.render(label_map, codes, seeded_noise(3))
    assert torch.equal(fast.render(label_map, codes, seeded_noise(3)), tiled)
    monkeypatch.setattr(large, "TILED_FROM", 1 << 40)
    whole = FastSEAN(generator).render(label_map, codes, seeded_noise(3))
    assert (tiled - whole).abs().max() < 1e-5


def test_a_network_without_styles_is_tiled_too(small_tiles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "WHOLE_FEATURES", 32 * 16)
    generator = spade()
    label_map = blobs(np.random.default_rng(1), 256, 128, generator.config.labels)
    tiled = FastSPADE(generator).render(label_map)
    monkeypatch.setattr(large, "TILED_FROM", 1 << 40)
    assert (tiled - FastSPADE(generator).render(label_map)).abs().max() < 1e-5


@pytest.mark.parametrize("fusion", [0, 2])
def test_groups_are_tiled_too_and_so_is_what_follows_the_last_block(
    small_tiles: None, monkeypatch: pytest.MonkeyPatch, fusion: int
) -> None:
    monkeypatch.setattr(large, "WHOLE_FEATURES", 24 * 24)
    generator = smis(fusion=fusion)
    label_map, z = blobs(np.random.default_rng(1), 96, 96, 4), latents(generator)
    tiled = FastSMIS(generator).render(label_map, z)
    monkeypatch.setattr(large, "TILED_FROM", 1 << 40)
    assert (tiled - FastSMIS(generator).render(label_map, z)).abs().max() < 1e-5


@pytest.mark.parametrize("locality", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("whole_features", [1, 24 * 24])
def test_gated_features_are_tiled_too(
    small_tiles: None, monkeypatch: pytest.MonkeyPatch, locality: float, whole_features: int
) -> None:
    monkeypatch.setattr(large, "WHOLE_FEATURES", whole_features)
    generator = smis(gated=True, locality=locality)
    for shape in ((96, 96), (37, 50)):
        label_map, z = blobs(np.random.default_rng(1), *shape, 4), latents(generator)
        tiled = FastSMIS(generator).render(label_map, z, size=(96, 96))
        assert (tiled - smis_literal(generator, label_map, z, size=(96, 96))).abs().max() < 1e-4


def test_edits_leave_what_is_kept_within_its_limit_and_change_no_byte(small_tiles: None) -> None:
    generator = sean()
    rng = np.random.default_rng(5)
    kept, limit = FastSEAN(generator, cache_bytes=60_000), 60_000
    weights = held_bytes(kept)
    for n in range(4):
        label_map, codes = blobs(rng, 64, 64, 5), codes_for(generator, seed=n % 2)
        for size in (64, 32):  # a preview in between
            some = np.ascontiguousarray(label_map[:: 64 // size, :: 64 // size])
            picture = kept.render(some, codes, seeded_noise(n))
            assert torch.equal(picture, FastSEAN(generator).render(some, codes, seeded_noise(n)))
            assert kept_bytes(kept, weights) <= limit + UNCOUNTED


@pytest.mark.parametrize("limit", [60_000, 400_000])
def test_a_large_picture_after_a_small_one_is_within_the_limit_at_every_moment(small_tiles: None, limit: int) -> None:
    generator = sean()
    rng = np.random.default_rng(7)
    fast = FastSEAN(generator, cache_bytes=limit)
    weights, most = held_bytes(fast), 0

    def look(done: int, steps: int) -> None:
        nonlocal most
        for_this_picture = sum(held_bytes(level._inner) for level in fast._levels)  # let go of at its end
        most = max(most, kept_bytes(fast, weights) - for_this_picture)

    for n, size in enumerate([32, 96, 16, 64, 24, 128]):
        large.TILED_FROM = 1 << 40 if n % 2 == 0 else 0  # the fixture puts it back
        fast.render(rng.integers(0, 5, (size, size)).astype(np.uint8), codes_for(generator, seed=n), None, look)
        fast.render(blobs(rng, size, size, 5), codes_for(generator, seed=n), None, look)
        assert kept_bytes(fast, weights) <= limit + UNCOUNTED
    assert 0 < most <= limit + UNCOUNTED


def test_the_noise_of_a_large_picture_is_never_held_whole(small_tiles: None) -> None:
    held: list[int] = []
    noise = RowNoise(seeded_noise(0), 256, 64)
    for part in large.tiles(256, 64, 8):
        cut = noise.of(part)
        for layer in range(3):
            height, width = (part.extent[1] - part.extent[0], part.extent[3] - part.extent[2])
            whole = seeded_noise(0)(layer, 256, 64)[(..., *part.source(1))]
            assert torch.equal(cut(layer, height, width), whole)
        held.append(held_bytes(noise))
    assert max(held) == 3 * 4 * 32 * 64  # a row of tiles is 16 lines and 8 on either side


def test_a_large_picture_can_be_stopped_in_any_tile_and_painted_again(small_tiles: None) -> None:
    generator = sean()
    label_map, codes = blobs(np.random.default_rng(2), 64, 64, 5), codes_for(generator)
    fast = FastSEAN(generator)
    told: list[tuple[int, int]] = []
    expected = fast.render(label_map, codes, seeded_noise(0), lambda done, steps: told.append((done, steps)))
    steps = told[0][1]
    assert sorted({done for done, _ in told}) == list(range(steps))

    def stop(done: int, _: int) -> None:
        if done == steps - 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fast.render(label_map, codes, seeded_noise(0), stop)
    assert torch.equal(fast.render(label_map, codes, seeded_noise(0)), expected)


@given(
    height=st.integers(1, 70), width=st.integers(1, 70), around=st.integers(1, 5), grain=st.sampled_from([1, 2, 4, 8])
)
def test_cores_cover_every_pixel_once(height: int, width: int, around: int, grain: int) -> None:
    covered = np.zeros((height * 32, width * 32), np.uint8)
    for tile in large.tiles(*covered.shape, around * 8):
        covered[tile.target] += 1
        part = np.zeros(covered.shape, np.uint8)[tile.source(1)][tile.inside]
        assert part.shape == covered[tile.target].shape
        assert all(end % grain == 0 for end in tile.extent)
    assert (covered == 1).all()


@pytest.mark.parametrize("shape", [(256, 256), (768, 768), (1024, 1024), (2048, 2048), (2048, 32), (512, 2048)])
def test_what_is_computed_whole_is_small(shape: tuple[int, int]) -> None:
    levels = 6
    whole = large.levels_whole(*shape, levels)
    assert 1 <= whole <= levels
    if shape[0] * shape[1] > large.TILED_FROM:
        down = levels - whole
        assert whole < levels and (shape[0] >> down) * (shape[1] >> down) <= large.WHOLE_FEATURES
