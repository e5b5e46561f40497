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
    similarities = (F.normalize(images.double(), dim=1) @ F.normalize(texts.double(), dim=1).T).cpu()  # (N, M)
    generator = torch.Generator().manual_seed(seed)
    true_matches = 0
    for picture_index, caption_similarities in enumerate(similarities):
        true_captions, wrong_captions = (
            _draw_captions(owners == picture_index, relevant, generator),
            _draw_captions(owners != picture_index, candidates - relevant, generator),
        )
        ranking = torch.cat([caption_similarities[wrong_captions], caption_similarities[true_captions]]).argsort(
            descending=True, stable=True
        )
        true_matches += int((ranking[:relevant] >= len(wrong_captions)).sum())
    return true_matches / (relevant * len(similarities))


def _draw_captions(candidates: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` of the places where `candidates` (M,) bool is true."""
    candidate_indices = candidates.nonzero().flatten()
    if len(candidate_indices) < count:
        raise ValueError(f"there are {len(candidate_indices)} captions to draw {count} from")
    return candidate_indices[torch.randperm(len(candidate_indices), generator=generator)[:count]]
