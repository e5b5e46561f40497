"""Changes of training pictures: other colours for everybody, and what only a discriminator sees.

The second is differentiable augmentation (Zhao et al., NeurIPS 2020): colour, shift, cut-out.

With few pictures a discriminator learns them by heart; augmenting real and painted ones alike prevents it. The
label map is shifted and cut with its picture. One `Augmentation` holds one set of random numbers, so that feature
matching compares a painted picture with its original under the same change.
"""

from __future__ import annotations

import math
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor


class Augmentation:
    """One random change per picture of a batch; the same for every picture and label map that is given to it.

    Args:
        batch: pictures B.
        side: H = W in pixels.
        probability: share of pictures that each of the changes (brightness, saturation, contrast, shift, cut-out) is
            applied to; at 0 the very tensors come back.
    """

    def __init__(self, batch: int, side: int, probability: float, device: torch.device) -> None:
        def on() -> Tensor:
            return (torch.rand(batch, 1, 1, 1, device=device) < probability).float()

        def around(spread: float) -> Tensor:
            return (torch.rand(batch, 1, 1, 1, device=device) - 0.5) * 2 * spread

        self.side, self.changes = side, probability > 0
        self.brightness = on() * around(0.4)
        self.saturation = 1 + on() * around(0.5)
        self.contrast = 1 + on() * around(0.3)
        reach, hole = side // 8, side // 4
        moves = on().view(-1, 1).long()
        shift = torch.randint(-reach, reach + 1, (batch, 2), device=device) * moves
        cut = on().view(-1, 1) > 0
        corner = torch.randint(0, side - hole, (batch, 2), device=device)
        position = torch.arange(side, device=device)
        source = position - shift[..., None]  # (B, 2, side): the row and the column that come to each position
        inside = (source >= 0) & (source < side)
        in_hole = (position >= corner[..., None]) & (position < corner[..., None] + hole) & cut[..., None]
        keep = inside[:, 0, :, None] & inside[:, 1, None] & ~(in_hole[:, 0, :, None] & in_hole[:, 1, None])
        self.keep = keep[:, None].float()  # (B, 1, side, side)
        self._shift = shift  # (B, 2): rows down, columns to the right

    @cached_property
    def shift(self) -> list[list[int]]:
        """How far each picture moves down and to the right, as numbers: windows are cut by whole pixels."""
        shift: list[list[int]] = self._shift.tolist()
        return shift

    def __call__(self, hot: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """hot (B, L, H, W), image (B, 3, H, W) -> both changed."""
        return self.labels(hot), self.picture(image)

    def labels(self, hot: Tensor) -> Tensor:
        """(B, L, H, W) one-hot label map, shifted and cut; the memory layout stays."""
        return self._moved(hot) if self.changes else hot

    def picture(self, image: Tensor) -> Tensor:
        """(B, 3, H, W), its colours changed, then shifted and cut; the memory layout stays. Gradients pass."""
        if not self.changes:
            return image
        image = image + self.brightness
        image = (image - image.mean(1, keepdim=True)) * self.saturation + image.mean(1, keepdim=True)
        mean = image.mean((1, 2, 3), keepdim=True)
        return self._moved((image - mean) * self.contrast + mean)

    def _moved(self, x: Tensor) -> Tensor:
        """Shifted by whole pixels, zero where nothing comes and in holes."""
        margin = self.side // 8
        framed = F.pad(x, (margin, margin, margin, margin))
        windows = []
        for n, (down, right) in enumerate(self.shift):
            top, left = margin - down, margin - right
            windows.append(framed[n : n + 1, :, top : top + self.side, left : left + self.side])
        return torch.cat(windows) * self.keep.to(framed.dtype)


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
