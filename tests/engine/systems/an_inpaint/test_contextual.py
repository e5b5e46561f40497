"""Contextual attention against its formulas written out place by place, and what holds of any map."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.systems.an_inpaint.contextual import SHARPNESS, ContextualAttention


def written_out(x: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(C, H, W) and (H, W) -> (C, H, W): sections 4.1 and equation 3 of the paper, without a single matrix product."""
    channels, height, width = x.shape
    h, w = height // 2, width // 2
    small = x.reshape(channels, h, 2, w, 2).mean((2, 4))
    framed = np.pad(small, ((0, 0), (1, 1), (1, 1)))
    holed = np.pad(hole.reshape(h, 2, w, 2).max((1, 3)), 1)
    places = [(i, j) for i in range(h) for j in range(w)]
    patches = {(i, j): framed[:, i : i + 3, j : j + 3].ravel() for i, j in places}
    patches = {place: patch / max(np.linalg.norm(patch), 1e-4) for place, patch in patches.items()}
    scores = {(p, s): float(patches[p] @ patches[s]) for p in places for s in places}
    for step in ((0, 1), (1, 0)):
        scores = {
            (p, s): sum(
                scores.get(
                    ((p[0] + k * step[0], p[1] + k * step[1]), (s[0] + k * step[0], s[1] + k * step[1])), 0.0
                )
                for k in (-1, 0, 1)
            )
            / 3
            for p, s in scores
        }
    sources = [(i, j) for i, j in places if not holed[i : i + 3, j : j + 3].any()]
    large = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    laid = np.zeros((channels, height + 2, width + 2))
    for i, j in places:
        shares = np.exp([SHARPNESS * scores[(i, j), source] for source in sources])
        for share, (si, sj) in zip(shares / shares.sum(), sources, strict=True):
            laid[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += share * large[:, 2 * si : 2 * si + 4, 2 * sj : 2 * sj + 4]
    return laid[:, 1:-1, 1:-1] / 4


def drawn(seed: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    hole = torch.zeros(1, 1, height, width, dtype=torch.double)
    hole[:, :, :3, :4] = 1
    return torch.randn(1, 3, height, width, dtype=torch.double), hole


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([8, 12]), st.sampled_from([10, 12]))
def test_it_is_the_papers(seed: int, height: int, width: int) -> None:
    x, hole = drawn(seed, height, width)
    attended = ContextualAttention()(x, hole)[0].numpy()
    np.testing.assert_allclose(attended, written_out(x[0].numpy(), hole[0, 0].numpy()), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_nothing_is_copied_out_of_the_hole(seed: int) -> None:
    """What stands there decides what a place looks for, never what it gets."""
    x, hole = drawn(seed, 16, 16)
    other = torch.where(hole > 0, torch.full_like(x, 1e3), x)
    attended = ContextualAttention()(other, hole)
    known = x.abs().where(hole == 0, torch.zeros(()).double()).max()
    assert attended.abs().max() <= known + 1e-9
