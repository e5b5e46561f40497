"""Where frames of one photo overlap, each pixel is shared out, and none is changed more than once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compose import sharing
from engine.compose.sharing import BAND, Circle, Claim, frame_shares, merged

frames = st.lists(
    st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5), st.floats(0.01, 2)), min_size=1, max_size=5, unique=True
)


@given(frames, st.integers(0, 2**32 - 1))
def test_shares_sum_to_one_and_the_nearest_frame_has_most(circles: list[tuple[float, float, float]], seed: int) -> None:
    x, y = np.random.default_rng(seed).uniform(-1, 2, (2, 50))
    shares = frame_shares(circles, x, y)
    assert shares.shape == (len(circles), 50) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)
    away = np.stack([np.hypot(x - cx, y - cy) / side for cx, cy, side in circles])
    nearest = away.argmin(0)
    assert (shares[nearest, np.arange(50)] >= shares.max(0) - 1e-5).all()
    assert (shares[away > away.min(0) + 1.001 * BAND] == 0).all()


def test_shares_have_no_step_between_neighbouring_pixels() -> None:
    x = np.linspace(0, 1, 2001)
    shares = frame_shares([(0.3, 0.5, 0.3), (0.7, 0.5, 0.4)], x, np.full_like(x, 0.5))
    assert np.abs(np.diff(shares, axis=1)).max() < 0.05 and shares[0, 0] == 1 and shares[1, -1] == 1


def test_a_claim_is_the_same_at_every_size_and_in_every_strip() -> None:
    claim = Claim((0.3, 0.4, 0.4), ((0.7, 0.4, 0.4),))
    full = claim.of(slice(0, 120), slice(0, 160), 120, 160)
    assert (claim.of(slice(50, 70), slice(30, 90), 120, 160) == full[50:70, 30:90]).all()
    small = claim.of(slice(0, 30), slice(0, 40), 30, 40)
    assert np.abs(small - full.reshape(30, 4, 40, 4).mean((1, 3))).max() < 0.1
    assert (Claim((0.3, 0.4, 0.4)).of(slice(0, 9), slice(0, 9), 9, 9) == 1).all()


def test_of_a_crowd_only_those_beside_a_part_are_looked_at_and_nothing_differs() -> None:
    crowd = [(0.05 + 0.1 * column, 0.05 + 0.1 * row, 0.09) for row in range(4) for column in range(10)]
    claim = Claim(crowd[13], tuple(crowd[:13] + crowd[14:]))
    share = claim.of(slice(15, 45), slice(60, 100), 80, 200)
    x, y = (np.arange(60, 100) + 0.5) / 200, (np.arange(15, 45) + 0.5) / 200
    assert (share == frame_shares([claim.own, *claim.others], x[None, :], y[:, None])[0]).all()


def test_of_a_large_photo_with_a_crowd_few_shares_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [(0.05 + 0.1 * column, 0.05 + 0.15 * row, 0.05) for row in range(4) for column in range(10)]
    claim = Claim(crowd[17], tuple(crowd[:17] + crowd[18:]))
    height, width = 600, 900
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / width
    expected = frame_shares([claim.own, *claim.others], x[None, :], y[:, None])[0]
    computed = []

    def count(circles: Sequence[Circle], x: np.ndarray, y: np.ndarray) -> np.ndarray:
        computed.append(len(circles) * x.size * y.size)
        return frame_shares(circles, x, y)

    monkeypatch.setattr(sharing, "frame_shares", count)
    assert (claim.of(slice(0, height), slice(0, width), height, width) == expected).all()
    assert 0 < sum(computed) < len(crowd) * height * width / 2


def test_of_two_pictures_each_keeps_what_it_alone_changed_and_they_share_the_rest() -> None:
    photo = np.full((40, 80, 3), 100, np.uint8)
    left, right, whole = (photo.copy() for _ in range(3))
    left[:, :50], right[:, 30:], whole[10:] = 140, 60, 120
    claims = Claim((0.25, 0.25, 0.5), ((0.75, 0.25, 0.5),)), Claim((0.75, 0.25, 0.5), ((0.25, 0.25, 0.5),))
    result = merged(photo, [(left, claims[0]), (right, claims[1])])
    assert (result[:, :30] == 140).all() and (result[:, 50:] == 60).all()
    assert (np.diff(result[20, 30:50, 0].astype(int)) <= 0).all()
    assert (merged(photo, [(photo.copy(), None), (left, Claim(claims[0].own))]) == left).all()
    with_whole = merged(photo, [(whole, None), (left, Claim(claims[0].own))])
    assert (with_whole[:, :50] == 140).all()
    assert (with_whole[10:, 50:] == 120).all() and (with_whole[:10, 50:] == 100).all()
