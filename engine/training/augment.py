"""Changes of training pictures: other colours for everybody, and what only a discriminator sees.

The second is differentiable augmentation (Zhao et al., NeurIPS 2020): colour, shift, cut-out.

With few pictures a discriminator learns them by heart; augmenting real and painted ones alike prevents it. The
label map is shifted and cut with its picture. One `Augmentation` holds one set of random numbers, so that feature
matching compares a painted picture with its original under the same change.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


class Augmentation:
    """One random change per picture of a batch.

    Args:
        batch: pictures B.
        side: H = W in pixels.
        probability: share of pictures that each of the three changes is applied to.
    """

    def __init__(self, batch: int, side: int, probability: float, device: torch.device) -> None:
        def on() -> Tensor:
            return (torch.rand(batch, 1, 1, 1, device=device) < probability).float()

        def around(spread: float) -> Tensor:
            return (torch.rand(batch, 1, 1, 1, device=device) - 0.5) * 2 * spread

        self.brightness = on() * around(0.4)
        self.saturation = 1 + on() * around(0.5)
        self.contrast = 1 + on() * around(0.3)
        reach = side // 8
        moved = on().view(-1)
        self.shift = (torch.randint(-reach, reach + 1, (batch, 2), device=device) * moved.view(-1, 1)).long()
        self.cut = on().view(-1)
        self.corner = torch.randint(0, side - side // 4, (batch, 2), device=device)
        self.side = side

    def __call__(self, hot: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """hot (B, L, H, W), image (B, 3, H, W) -> both changed."""
        image = image + self.brightness
        image = (image - image.mean(1, keepdim=True)) * self.saturation + image.mean(1, keepdim=True)
        mean = image.mean((1, 2, 3), keepdim=True)
        image = (image - mean) * self.contrast + mean
        return self._move(hot), self._move(image)

    def _move(self, x: Tensor) -> Tensor:
        rows = torch.arange(self.side, device=x.device)
        hole = self.side // 4
        keep = torch.ones(x.shape[0], 1, self.side, self.side, dtype=x.dtype, device=x.device)
        moved = []
        for n in range(x.shape[0]):
            dy, dx = int(self.shift[n, 0]), int(self.shift[n, 1])
            source_y, source_x = rows - dy, rows - dx
            inside_y = (source_y >= 0) & (source_y < self.side)
            inside_x = (source_x >= 0) & (source_x < self.side)
            keep[n, 0] = (inside_y[:, None] & inside_x[None]).to(x.dtype)
            if self.cut[n]:
                top, left = int(self.corner[n, 0]), int(self.corner[n, 1])
                keep[n, 0, top : top + hole, left : left + hole] = 0
            moved.append(torch.roll(x[n], (dy, dx), (1, 2)) if dy or dx else x[n])
        return torch.stack(moved) * keep


def recolour(image: Tensor, share: float) -> Tensor:
    """Give a share of the pictures other colours: hues turned by any angle, saturation times 0.7 to 2.2; grey stays.

    Where all training pictures are nearly grey, a network can ignore the colour in a style code; here it cannot.
    Colours are turned about the grey axis of the RGB cube and cut to its sides. Args: image (B, 3, H, W) in [-1, 1].
    """
    batch = len(image)
    angle = torch.rand(batch, device=image.device) * 2 * math.pi
    saturation = 0.7 + 1.5 * torch.rand(batch, device=image.device)
    grey = torch.full((3, 3), 1 / 3, device=image.device)
    across = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=image.device) / math.sqrt(3)
    turn = torch.cos(angle).view(-1, 1, 1) * (torch.eye(3, device=image.device) - grey)
    turn = grey + saturation.view(-1, 1, 1) * (turn + torch.sin(angle).view(-1, 1, 1) * across)  # (B, 3, 3)
    changed = torch.einsum("bij,bjhw->bihw", turn.to(image), image).clamp(-1, 1)
    chosen = torch.rand(batch, 1, 1, 1, device=image.device) < share
    return torch.where(chosen, changed, image)


def shift_together(a: Tensor, b: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    """Both (B, C, H, W) moved alike by two random numbers of pixels, 0 .. reach, down and right; size stays.

    The first row and column repeat into what gets free, so that nothing has a seam that no picture has.
    """
    if not reach:
        return a, b
    down, right = torch.randint(0, reach + 1, (2,)).tolist()
    height, width = a.shape[-2:]
    pads = (right, 0, down, 0)
    moved = [F.pad(x, pads, mode="replicate")[..., :height, :width] for x in (a, b)]
    return moved[0], moved[1]
