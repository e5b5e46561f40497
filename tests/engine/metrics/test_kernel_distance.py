"""The kernel distance is the paper's sum over pairs, and 0 on average for two sets of one distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.metrics import kernel_distance as module
from engine.metrics.kernel_distance import kernel_distance

WIDTH = 3
samples = st.integers(2, 5).flatmap(
    lambda count: arrays(np.float64, (count, WIDTH), elements=st.floats(-3, 3, width=32))
)


def by_double_loop(a: np.ndarray, b: np.ndarray) -> float:
    """Binkowski et al., equation 4, pair by pair."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (float(x @ y) / WIDTH + 1) ** 3

    def within(rows: np.ndarray) -> float:
        count = len(rows)
        pairs = [kernel(rows[i], rows[j]) for i in range(count) for j in range(count) if i != j]
        return sum(pairs) / (count * (count - 1))

    between = sum(kernel(x, y) for x in a for y in b) / (len(a) * len(b))
    return within(a) + within(b) - 2 * between


@settings(max_examples=60, deadline=None)
@given(samples, samples)
def test_it_is_the_sum_over_pairs(a: np.ndarray, b: np.ndarray) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "ROWS", 2)  # several blocks
        measured = kernel_distance(torch.from_numpy(a), torch.from_numpy(b))
    assert measured == pytest.approx(by_double_loop(a, b), rel=1e-9, abs=1e-9)


def test_it_is_0_on_average_for_one_distribution_and_larger_for_two() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = [torch.randn(8, 16, generator=generator) for _ in range(400)]
    same = [kernel_distance(a, b) for a, b in zip(draws[::2], draws[1::2])]
    apart = [kernel_distance(a, b + 1) for a, b in zip(draws[::2], draws[1::2])]
    assert abs(np.mean(same)) < 3 * np.std(same) / len(same) ** 0.5 and np.mean(apart) > 1
    assert min(same) < 0


def test_a_single_sample_has_none() -> None:
    with pytest.raises(ValueError, match="two samples"):
        kernel_distance(torch.zeros(1, 4), torch.zeros(5, 4))
