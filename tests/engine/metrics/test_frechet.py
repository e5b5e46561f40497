"""The Frechet distance, against the matrix square root of its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.metrics import frechet
from engine.metrics.frechet import frechet_distance


def by_definition(a: np.ndarray, b: np.ndarray) -> float:
    """|m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)); the root's trace is the sum of the roots of the eigenvalues."""
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.clip(np.linalg.eigvals(covariance_a @ covariance_b).real, 0, None))
    difference = a.mean(0) - b.mean(0)
    return float(difference @ difference + np.trace(covariance_a) + np.trace(covariance_b) - 2 * roots.sum())


def _features(seed: int, count: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width)


@given(st.integers(0, 2**31), st.integers(2, 30), st.integers(2, 30), st.integers(2, 8))
@settings(deadline=None, max_examples=60)
def test_it_is_the_distance_of_the_definition(seed: int, n: int, m: int, width: int) -> None:
    """With fewer samples than features too, where covariances are singular."""
    a, b = _features(seed, n, width), _features(seed + 1, m, width)
    found = frechet_distance(torch.from_numpy(a), torch.from_numpy(b))
    assert found == pytest.approx(by_definition(a, b), rel=1e-5, abs=1e-5 * np.trace(np.cov(a, rowvar=False)))


def test_it_is_what_scipys_matrix_square_root_gives() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    a, b = _features(0, 80, 10), _features(1, 60, 10)
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    difference = a.mean(0) - b.mean(0)
    wanted = difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(float(wanted), rel=1e-8)


def test_equal_sets_are_at_no_distance_and_a_shift_counts_squared() -> None:
    a = torch.from_numpy(_features(3, 50, 6))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a.flip(0)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 2) == pytest.approx(6 * 4, rel=1e-9)
    assert frechet_distance(a.float(), a.float() + 2) == pytest.approx(24, rel=1e-4)


def test_more_samples_than_features_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a matrix of samples by samples nor all samples in float64 at once."""
    a, b = torch.from_numpy(_features(4, 90, 6)).float(), torch.from_numpy(_features(5, 70, 6)).float()
    whole = frechet_distance(a, b)
    shapes: list[tuple[int, ...]] = []
    for name in ("svdvals", "qr"):
        real = getattr(torch.linalg, name)
        record = lambda x, *args, real=real, **more: shapes.append(tuple(x.shape)) or real(x, *args, **more)  # noqa: E731
        monkeypatch.setattr(torch.linalg, name, record)
    monkeypatch.setattr(frechet, "ROWS", 16)
    assert frechet_distance(a, b) == pytest.approx(whole, rel=1e-9)
    assert shapes and max(rows for rows, _ in shapes) <= 16 + 6
