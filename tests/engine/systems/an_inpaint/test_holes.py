"""Holes: of the share that was asked for, their numbers' alone, and discounted inwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.systems.an_inpaint.holes import NUMBERS, Shape, discounted, hole_numbers, holes

shapes = st.sampled_from(["rectangle", "free-form", "both"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(8, 80), st.floats(0.02, 0.9), shapes)
def test_a_hole_takes_its_share(seed: int, side: int, share: float, shape: Shape) -> None:
    hole = holes(hole_numbers([seed, seed + 1]), side, (share, share), shape)
    assert hole.shape == (2, 1, side, side) and set(hole.unique().tolist()) <= {0.0, 1.0}
    pixels = hole.sum((1, 2, 3))
    assert (pixels >= 1).all()
    # a rectangle ends with a whole row, a free form where pixels lie as far from its line as the last one
    assert (pixels - share * side * side).abs().max() <= 2 * side


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(16, 64))
def test_a_rectangle_is_one(seed: int, side: int) -> None:
    (hole,) = holes(hole_numbers([seed]), side, (0.05, 0.5), "rectangle")[:, 0] > 0
    rows, columns = hole.any(1), hole.any(0)
    assert torch.equal(hole, rows[:, None] & columns)
    assert int(rows.int().diff().abs().sum()) <= 2 and int(columns.int().diff().abs().sum()) <= 2


def test_a_hole_is_its_numbers_whatever_the_batch() -> None:
    together = holes(hole_numbers(range(6)), 32, (0.1, 0.5))
    alone = torch.cat([holes(hole_numbers([seed]), 32, (0.1, 0.5)) for seed in range(6)])
    assert torch.equal(together, alone)
    assert len({tuple(hole.flatten().tolist()) for hole in together}) == 6


def test_both_shapes_come_and_shares_spread() -> None:
    numbers = torch.rand(200, NUMBERS, generator=torch.Generator().manual_seed(0))
    hole = holes(numbers, 32, (0.1, 0.5))[:, 0] > 0
    boxes = hole.any(1).sum(1) * hole.any(2).sum(1)
    rectangular = (boxes == hole.sum((1, 2))).float().mean()
    assert 0.35 < rectangular < 0.65
    shares = hole.float().mean((1, 2))
    assert shares.min() < 0.15 and shares.max() > 0.45


@pytest.mark.parametrize("side", [32, 64, 128])
def test_pixels_count_less_the_deeper_in_the_hole_they_are(side: int) -> None:
    """By 0.99 per 256th of the side, from the border that is known, not from where the picture ends."""
    hole = torch.zeros(1, 1, side, side)
    hole[..., : side // 2] = 1  # its left half: known on the right alone
    weights = discounted(hole, 0.99)[0, 0]
    assert (weights[:, side // 2 :] == 0).all() and (weights == weights[0]).all()
    inward = weights[0, : side // 2].flip(0).numpy()
    step = max(1, side // 64)
    depth = np.arange(side // 2) // step * step
    np.testing.assert_allclose(inward, 0.99 ** (256 * depth / side), rtol=1e-5)


def test_a_hole_that_covers_everything_counts_evenly() -> None:
    assert (discounted(torch.ones(1, 1, 16, 16), 0.9) > 0).all()
