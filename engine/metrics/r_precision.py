"""R-precision of text-to-image models (Xu et al., AttnGAN, CVPR 2018, section 4): does a picture find its own words?

A picture's R true captions are mixed with captions of other pictures, 100 candidates in all; they are ranked by the
cosine similarity of the picture's embedding and theirs. R-precision is the share of true ones among the first R,
averaged over pictures. The papers take R = 1. Embeddings come from a text-image model (DAMSM there); this module is
the mathematics alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CANDIDATES = 100


def r_precision(
    images: Tensor,
    texts: Tensor,
    owners: Tensor | None = None,
    *,
    relevant: int = 1,
    candidates: int = CANDIDATES,
    seed: int = 0,
) -> float:
    """The metric, 0 .. 1 (guessing: relevant / candidates).

    Args:
        images: (N, D) embeddings of the pictures that were made.
        texts: (M, D) embeddings of captions.
        owners: (M,) the picture that each caption belongs to; caption n is picture n's unless given.
        relevant: R; each picture has at least so many captions, of which as many are drawn.
        candidates: captions that are ranked, the true ones among them.
        seed: of the draw, the same on every machine.

    Equal similarities count for the wrong caption: a constant embedding scores 0.
    Raises ValueError if the shapes do not fit, there are no pictures or too few captions, or numbers are not finite.
    """
    owners = torch.arange(len(texts)) if owners is None else owners.cpu()
    if images.ndim != 2 or texts.ndim != 2 or images.shape[1] != texts.shape[1] or len(owners) != len(texts):
        raise ValueError(f"embeddings {tuple(images.shape)} and {tuple(texts.shape)} do not fit together")
    if not len(images):
        raise ValueError("R-precision needs pictures")
    if not (images.isfinite().all() and texts.isfinite().all()):
        raise ValueError("embeddings hold what is no finite number")
    if not 1 <= relevant < candidates:
        raise ValueError(f"{relevant} true captions cannot be found among {candidates}")
    similar = (F.normalize(images.double(), dim=1) @ F.normalize(texts.double(), dim=1).T).cpu()  # (N, M)
    chance = torch.Generator().manual_seed(seed)
    found = 0
    for number, row in enumerate(similar):
        own, others = (
            _drawn(owners == number, relevant, chance),
            _drawn(owners != number, candidates - relevant, chance),
        )
        ranked = torch.cat([row[others], row[own]]).argsort(descending=True, stable=True)
        found += int((ranked[:relevant] >= len(others)).sum())
    return found / (relevant * len(similar))


def _drawn(which: Tensor, count: int, chance: torch.Generator) -> Tensor:
    """`count` of the places where `which` (M,) bool is true."""
    places = which.nonzero().flatten()
    if len(places) < count:
        raise ValueError(f"there are {len(places)} captions to draw {count} from")
    return places[torch.randperm(len(places), generator=chance)[:count]]
