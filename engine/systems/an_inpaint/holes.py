"""Holes for pictures to be filled: rectangles and free forms of any share of the picture, out of uniform numbers.

A hole is a pure function of its numbers, so that training draws them as everything else of a step (seed and step
decide), and measurements from a seed of their own. All is computed on the numbers' device, batch by batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Shape = Literal["rectangle", "free-form", "both"]
STROKES = 8
"""Straight pieces of the line that a free form grows around."""
NUMBERS = 4 + 3 * STROKES
"""Uniform numbers in [0, 1) that one hole is made of: which shape, how large, two corners or starts, and the line."""
LONGEST_STROKE = 0.45
"""Of the picture's side."""
SLIMMEST = 0.5
"""The least of a rectangle's sides over its greatest, and of a line's thicknesses over its greatest."""


def hole_numbers(seeds: Sequence[int]) -> Tensor:
    """(N, NUMBERS) float32 in [0, 1), each row its seed's alone, on the CPU."""
    rows = [torch.rand(NUMBERS, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(rows)


def holes(numbers: Tensor, side: int, shares: tuple[float, float], shape: Shape = "both") -> Tensor:
    """Holes of pictures of `side` pixels: (B, NUMBERS) in [0, 1) -> (B, 1, side, side) float32, 1 in the hole.

    shares: the least and the greatest share of the pixels that a hole takes, drawn evenly between them; a hole is
        exact to the pixel if free-form, to about a row if a rectangle.
    shape: "both" draws which, one as often as the other.
    """
    share = shares[0] + (shares[1] - shares[0]) * numbers[:, 1]
    if shape == "rectangle":
        return rectangles(numbers[:, 2:], share, side)
    if shape == "free-form":
        return free_forms(numbers[:, 2:], share, side)
    is_rectangle = (numbers[:, 0] < 0.5).view(-1, 1, 1, 1)
    both = rectangles(numbers[:, 2:], share, side), free_forms(numbers[:, 2:], share, side)
    return torch.where(is_rectangle, *both)


def rectangles(numbers: Tensor, share: Tensor, side: int) -> Tensor:
    """(B, 3 or more) in [0, 1) and shares (B,) -> (B, 1, side, side): upright, lying and square ones anywhere."""
    tallness = SLIMMEST ** (2 * numbers[:, 2] - 1)
    height = (share * tallness).sqrt().clamp(max=1.0).maximum(share)
    heights = (height * side).round().clamp(1, side)
    widths = (share * side * side / heights).round().clamp(1, side)
    top = (numbers[:, 0] * (side - heights + 1)).floor()
    left = (numbers[:, 1] * (side - widths + 1)).floor()
    position = torch.arange(side, device=numbers.device)
    in_rows = (position >= top[:, None]) & (position < (top + heights)[:, None])
    in_columns = (position >= left[:, None]) & (position < (left + widths)[:, None])
    return (in_rows[:, None, :, None] & in_columns[:, None, None, :]).float()


def free_forms(numbers: Tensor, share: Tensor, side: int) -> Tensor:
    """(B, NUMBERS - 2) in [0, 1) and shares (B,) -> (B, 1, side, side): a line of strokes of changing thickness, grown
    until it takes its share; thin and long where that is small."""
    steps = numbers[:, 2 : 2 + 3 * STROKES].unflatten(1, (STROKES, 3))
    angles = (steps[:, :, 0] - 0.5).cumsum(1) * 4.0 + steps[:, :1, 0] * 12.566  # it turns, and rarely back
    lengths = LONGEST_STROKE * steps[:, :, 1]
    thickness = SLIMMEST + (1 - SLIMMEST) * steps[:, :, 2]
    x, y = numbers[:, 0], numbers[:, 1]
    position = (torch.arange(side, device=numbers.device) + 0.5) / side
    rows, columns = position.view(1, side, 1), position.view(1, 1, side)
    nearest = torch.full((len(numbers), side, side), 4.0, device=numbers.device)
    for stroke in range(STROKES):
        next_x = (x + lengths[:, stroke] * angles[:, stroke].cos()).clamp(0.05, 0.95)
        next_y = (y + lengths[:, stroke] * angles[:, stroke].sin()).clamp(0.05, 0.95)
        distance = _distance(columns, rows, x, y, next_x, next_y)
        nearest = nearest.minimum(distance / thickness[:, stroke].view(-1, 1, 1))
        x, y = next_x, next_y
    ordered = nearest.flatten(1).sort(dim=1).values
    last = (share * side * side).round().long().clamp(1, side * side) - 1
    return (nearest <= ordered.gather(1, last[:, None])[:, :, None]).float()[:, None]


def _distance(columns: Tensor, rows: Tensor, x: Tensor, y: Tensor, next_x: Tensor, next_y: Tensor) -> Tensor:
    """Of each place from the straight line between two points, one line per picture: (B, side, side)."""
    x, y = x.view(-1, 1, 1), y.view(-1, 1, 1)
    across, down = next_x.view(-1, 1, 1) - x, next_y.view(-1, 1, 1) - y
    length = (across.square() + down.square()).clamp(min=1e-9)
    along = (((columns - x) * across + (rows - y) * down) / length).clamp(0, 1)
    return ((columns - x - along * across).square() + (rows - y - along * down).square()).sqrt()


def discounted(hole: Tensor, discount: float) -> Tensor:
    """How much a pixel of a hole counts, by how far it is from what is known: (B, 1, H, W) -> the same, 0 outside.

    discount ** d, with d in 256ths of the longer side (Yu et al., CVPR 2018, section 4.2, train at 256 with 0.99 per
    pixel): deep in a hole many fillings are right. Distances are counted in steps of a 64th of the side, and none to
    where the picture ends.
    """
    side = max(hole.shape[2:])
    step = max(1, side // 64)
    factor = discount ** (256 * step / side)
    weights, inside, weight = torch.zeros_like(hole), hole, 1.0
    for _ in range(side // (2 * step)):
        weights = torch.where(inside > 0, weight, weights)
        inside = -F.max_pool2d(-inside, 2 * step + 1, stride=1, padding=step)
        weight *= factor
    return weights
