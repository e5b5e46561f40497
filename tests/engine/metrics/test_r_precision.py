"""R-precision, against its definition written with NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.metrics.r_precision import r_precision


def _embeddings(count: int, captions: int, noise: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures (count, 6), captions of each like it but for noise, and whose each caption is."""
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(count, 6, generator=generator)
    owners = torch.arange(count).repeat_interleave(captions)
    return images, images[owners] + noise * torch.randn(count * captions, 6, generator=generator), owners


@pytest.mark.parametrize("relevant", [1, 3])
def test_it_is_the_definition_where_every_caption_is_a_candidate(relevant: int) -> None:
    images, texts, owners = _embeddings(9, relevant, 1.5)
    a, b = images.double().numpy(), texts.double().numpy()
    cosine = a @ b.T / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)[None]
    hits = [(owners.numpy()[np.argsort(-row)[:relevant]] == n).mean() for n, row in enumerate(cosine)]
    found = r_precision(images, texts, owners, relevant=relevant, candidates=9 * relevant)
    assert 0.1 < found < 0.95 and found == pytest.approx(float(np.mean(hits)))


def test_perfect_embeddings_find_their_captions_and_random_ones_one_in_a_hundred() -> None:
    images, texts, _ = _embeddings(400, 1, 0.0)
    assert r_precision(images * 7, texts) == 1.0
    strangers = torch.randn(400, 6, generator=torch.Generator().manual_seed(8))
    assert r_precision(images, strangers) < 0.04
    assert r_precision(images, strangers, seed=1) == r_precision(images, strangers, seed=1)


def test_embeddings_that_are_all_alike_find_nothing() -> None:
    assert r_precision(torch.ones(120, 4), torch.ones(120, 4)) == 0.0


@pytest.mark.parametrize(
    ("images", "texts", "options", "says"),
    [
        (torch.ones(3, 4), torch.ones(3, 5), {}, "do not fit"),
        (torch.ones(3, 4), torch.ones(3, 4), {}, "captions to draw 99"),
        (torch.ones(3, 4), torch.ones(3, 4), {"relevant": 3, "candidates": 3}, "cannot be found"),
        (torch.ones(0, 4), torch.ones(3, 4), {"candidates": 2}, "needs pictures"),
        (torch.ones(3, 4), torch.full((3, 4), math.nan), {"candidates": 2}, "no finite number"),
        (torch.full((3, 4), math.inf), torch.ones(3, 4), {"candidates": 2}, "no finite number"),
    ],
)
def test_what_cannot_be_ranked_is_an_error(images: torch.Tensor, texts: torch.Tensor, options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        r_precision(images, texts, **options)
