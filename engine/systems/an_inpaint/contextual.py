"""Contextual attention: what is missing is put together out of patches of what is there (Yu et al., CVPR 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHARPNESS = 10.0
"""What cosine similarities are multiplied by before the softmax, as published (lambda of section 4.1)."""
MATCHED, COPIED = 3, 4
"""Sides of the patches that are compared, on the map at half its size, and of those that are copied."""
UNLIKE = -1e4
EPSILON = 1e-4


class ContextualAttention(nn.Module):
    """Each place of a map becomes a mixture of the patches outside the hole that look like it (section 4.1).

    Patches are compared by their cosine at half the size, scores of neighbours support each other (attention
    propagation), and patches of twice the size are laid over each other. Time and memory grow with the square of the
    pixels. Nothing is learnt.
    """

    def forward(self, x: Tensor, hole: Tensor) -> Tensor:
        """x (B, C, H, W), even sides; hole (B, 1, H, W), above 0 where something is missing -> (B, C, H, W)."""
        height, width = x.shape[2] // 2, x.shape[3] // 2
        patches = F.unfold(F.avg_pool2d(x, 2), MATCHED, padding=MATCHED // 2)  # (B, C * 9, places)
        patches = F.normalize(patches, dim=1, eps=EPSILON)
        scores = patches.transpose(1, 2) @ patches  # (B, places, sources)
        scores = propagated(scores.unflatten(1, (height, width)).unflatten(3, (height, width)))
        missing = F.max_pool2d(hole, 2 * MATCHED, stride=2, padding=MATCHED - 1).flatten(1) > 0  # a patch shows a hole
        scores = scores.flatten(1, 2).flatten(2).masked_fill(missing[:, None], UNLIKE)
        shares = (SHARPNESS * scores).softmax(dim=2)
        copied = F.unfold(x, COPIED, stride=2, padding=1)  # (B, C * 16, sources)
        laid = copied @ shares.transpose(1, 2)
        return F.fold(laid, x.shape[2:], COPIED, stride=2, padding=1) / (COPIED // 2) ** 2


def propagated(scores: Tensor) -> Tensor:
    """Scores (B, h, w, h, w) of places for sources, averaged with those of the neighbours of both, left and right and
    then above and below (section 4.1, equation 3): neighbours are likely to come from neighbours."""
    for place_side, source_side in ((2, 4), (1, 3)):
        total = scores
        for step in (-1, 1):
            total = total + _moved(_moved(scores, step, place_side), step, source_side)
        scores = total / 3
    return scores


def _moved(scores: Tensor, step: int, side: int) -> Tensor:
    """One place further along a side, zero where nothing comes."""
    length = scores.shape[side]
    kept = scores.narrow(side, max(0, -step), length - 1)
    edge = torch.zeros_like(scores.narrow(side, 0, 1))
    return torch.cat([edge, kept] if step > 0 else [kept, edge], dim=side)
