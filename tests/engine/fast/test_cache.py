"""What is kept between pictures changes neither their bytes nor the memory's limit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.fast.generator import CACHE_MEGABYTES
from engine.fast.neighbourhoods import Coding, Inner, Neighbourhoods, hash_map
from engine.nn.blocks import seeded_noise
from engine.systems.sean.fast import FastSEAN
from tests.engine.fast.networks import UNCOUNTED, blobs, checkerboard, codes_for, edited, held_bytes, kept_bytes, sean


@pytest.mark.parametrize("cache_bytes", [40_000, 250_000, 1 << 26])
def test_random_edits_leave_cached_and_fresh_equal_and_memory_within_its_limit(cache_bytes: int) -> None:
    generator = sean(channels=(16, 12, 12), upsample_before=(True, True), styled_blocks=2)
    rng = np.random.default_rng(cache_bytes)
    fast, fresh = FastSEAN(generator, cache_bytes=cache_bytes), FastSEAN(generator)
    label_map, codes, seed = blobs(rng, 24, 24, 5), codes_for(generator, 2), 0
    others = [codes_for(generator, 2, seed=n) for n in range(1, 4)]
    weights = held_bytes(fast)
    for number in range(335):  # three limits: a thousand edits
        edit = rng.integers(8)
        if edit <= 3:
            label_map = edited(rng, label_map, 5)
        elif edit <= 5:  # one label's style, in one block or in all
            label, source = rng.integers(5), others[rng.integers(3)]
            codes = codes.clone()
            blocks = slice(None) if edit == 4 else int(rng.integers(2))
            codes[blocks, label] = source[blocks, label]
        elif edit == 6:
            seed = int(rng.integers(3))
        else:  # another document, of another size
            height, width = 4 * rng.integers(1, 9, 2)
            label_map = blobs(rng, int(height), int(width), 5, int(rng.integers(12)))
        picture = fast.render(label_map, codes, seeded_noise(seed))
        if number % 5 == 0:
            assert kept_bytes(fast, weights) <= cache_bytes + UNCOUNTED
        fresh.clear()
        assert torch.equal(picture, fresh.render(label_map, codes, seeded_noise(seed)))


def test_what_is_kept_grows_to_its_limit_and_is_freed() -> None:
    generator = sean()
    rng = np.random.default_rng(3)
    fast = FastSEAN(generator, cache_bytes=700_000)
    weights, label_map = held_bytes(fast), blobs(rng, 32, 32, 5)
    for n in range(60):
        label_map = edited(rng, label_map, 5)
        fast.render(label_map, codes_for(generator, seed=n), seeded_noise(0))
    assert 300_000 < kept_bytes(fast, weights) <= 700_000 + UNCOUNTED
    noisy = rng.integers(0, 5, (256, 256)).astype(np.uint8)  # whose places alone would be five megabytes
    fast.render(noisy, codes_for(generator))
    assert kept_bytes(fast, weights) <= 700_000 + UNCOUNTED
    fast.clear()
    assert held_bytes(fast) <= weights + UNCOUNTED


def test_the_limit_can_be_set_for_all_renderers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FastSEAN(sean()).cache_bytes == CACHE_MEGABYTES << 20
    monkeypatch.setenv("TESSERA_CACHE_MB", "7")
    assert FastSEAN(sean()).cache_bytes == 7 << 20
    monkeypatch.setenv("TESSERA_CACHE_MB", "a lot")
    assert FastSEAN(sean()).cache_bytes == CACHE_MEGABYTES << 20


def test_a_render_that_was_stopped_anywhere_spoils_nothing() -> None:
    generator = sean()
    rng = np.random.default_rng(0)
    fast, fresh = FastSEAN(generator, cache_bytes=200_000), FastSEAN(generator)
    weights = held_bytes(fast)
    label_map = blobs(rng, 32, 32, 5)
    for n in range(12):
        label_map = edited(rng, label_map, 5)
        codes = codes_for(generator, seed=n % 3)

        def stop(done: int, blocks: int, at: int = n % 3) -> None:
            if done == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fast.render(label_map, codes, seeded_noise(0), stop)
        assert kept_bytes(fast, weights) <= fast.cache_bytes + UNCOUNTED
        fresh.clear()
        label_map, codes = edited(rng, label_map, 5), codes_for(generator, seed=n % 2)
        expected = fresh.render(label_map, codes, seeded_noise(0))
        assert torch.equal(fast.render(label_map, codes, seeded_noise(0)), expected)


def test_clear_frees_all_and_the_picture_stays() -> None:
    generator = sean()
    fast, label_map, codes = FastSEAN(generator), checkerboard(32, 32, 5, 3), codes_for(generator)
    weights = held_bytes(fast)
    before = fast.render(label_map, codes, seeded_noise(0))
    assert kept_bytes(fast, weights) > UNCOUNTED and held_bytes(fast._work) > 0
    fast.clear()
    assert held_bytes(fast) <= weights + UNCOUNTED
    assert torch.equal(fast.render(label_map, codes, seeded_noise(0)), before)


def test_a_second_style_of_a_label_is_remembered() -> None:
    generator = sean()
    fast, label_map = FastSEAN(generator), checkerboard(32, 32, 5, 4)
    branch = fast._blocks[0].norm_0.styles
    assert branch is not None
    a, b = codes_for(generator, seed=0), codes_for(generator, seed=1)
    for codes in (a, b, a, b):
        fast.render(label_map, codes)
    assert len(branch._places) == 10  # five labels, two styles each: nothing was made twice


@pytest.mark.parametrize("hidden", [48, 512])
def test_a_style_changed_alone_gives_the_bytes_that_all_styles_together_give(hidden: int) -> None:
    """At the widths of networks that ship: a row made alone was summed in another order, and a pixel differed."""
    generator = sean(style_width=128, style_hidden=hidden, channels=(64, 48, 16, 12))
    label_map, before, after = checkerboard(32, 32, 5, 4), codes_for(generator, seed=0), codes_for(generator, seed=1)
    for label in range(5):
        changed = before.clone()
        changed[..., label, :] = after[..., label, :]
        fast, fresh = FastSEAN(generator), FastSEAN(generator)
        fast.render(label_map, before)
        fast.render(label_map, changed)
        fresh.render(label_map, changed)
        for kept, made in zip(fast._layers(), fresh._layers(), strict=True):
            if kept.styles is None or made.styles is None:
                continue  # the last blocks have labels alone
            for key, row in made.styles._places.items():
                assert torch.equal(made.styles._table[row], kept.styles._table[kept.styles._places[key]])


def test_a_brush_stroke_makes_rows_only_of_neighbourhoods_never_seen() -> None:
    generator = sean()
    fast, codes = FastSEAN(generator), codes_for(generator)
    made: list[int] = []
    layer = fast._blocks[-1].norm_1
    rows = layer.labels.rows
    layer.labels.rows = lambda inner, *rest: (made.append(len(inner.index)), rows(inner, *rest))[1]  # type: ignore[method-assign]
    label_map = np.zeros((32, 32), np.uint8)
    label_map[:, 16:] = 1
    fast.render(label_map, codes)
    moved = np.roll(label_map, 3, axis=1)
    moved[:, :3] = 0
    fast.render(moved, codes)  # the same border elsewhere
    assert len(made) == 1
    moved[10, 10] = 2
    fast.render(moved, codes)
    assert made[1:] == [25]  # the places of one pixel within 5 x 5


def test_neighbourhoods_are_those_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    coding = Coding(4)
    codes = coding.encode(blobs(rng, 20, 28, 5))
    found = Neighbourhoods.of(codes, coding)
    padded = np.pad(codes, 2, constant_values=coding.void)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5)).reshape(-1, 25)
    assert np.array_equal(found.codes[found.index], windows)
    assert len(np.unique(windows, axis=0)) == len(found)
    assert hash_map(padded).shape == (20, 28)
    inner = Inner.of(found.codes, coding)
    nine = found.codes.reshape(-1, 5, 5)[:, 1:4, 0:3].reshape(-1, 9)  # around the second of the nine places' left
    left = inner.codes[inner.index[:, 3]]
    inside = nine[:, 4] != coding.void
    assert np.array_equal(left[inside], nine[inside])
    assert (left[~inside] == coding.void).all()
