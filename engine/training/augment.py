"""Random changes of training pictures: new colours, moves by a few pixels, and what only a discriminator sees.

The last is differentiable augmentation (Zhao et al., NeurIPS 2020): colour, shift, cut-out. With few pictures a
discriminator learns them by heart; augmenting real and painted ones alike prevents it. The label map is shifted and
cut with its picture. One `Augmentation` holds one set of random numbers, so that feature matching compares a painted
picture with its original under the same change.
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
        batch_size: pictures B.
        side: H = W in pixels.
        probability: share of pictures that each of the changes (brightness, saturation, contrast, shift, cut-out) is
            applied to; at 0 the very tensors come back.
    """

    def __init__(self, batch_size: int, side: int, probability: float, device: torch.device) -> None:
        def is_applied() -> Tensor:
            return (torch.rand(batch_size, 1, 1, 1, device=device) < probability).float()

        def within(limit: float) -> Tensor:
            return (torch.rand(batch_size, 1, 1, 1, device=device) - 0.5) * 2 * limit

        self.side, self.changes_anything = side, probability > 0
        self.brightness = is_applied() * within(0.4)
        self.saturation = 1 + is_applied() * within(0.5)
        self.contrast = 1 + is_applied() * within(0.3)
        longest_shift, hole_side = side // 8, side // 4
        is_shifted = is_applied().view(-1, 1).long()
        shift = torch.randint(-longest_shift, longest_shift + 1, (batch_size, 2), device=device) * is_shifted
        is_cut = is_applied().view(-1, 1) > 0
        hole_start = torch.randint(0, side - hole_side, (batch_size, 2), device=device)
        position = torch.arange(side, device=device)
        source = position - shift[..., None]  # (B, 2, side): the row and the column that come to each position
        inside = (source >= 0) & (source < side)
        in_hole = (position >= hole_start[..., None]) & (position < hole_start[..., None] + hole_side)
        in_hole &= is_cut[..., None]
        shown = inside[:, 0, :, None] & inside[:, 1, None] & ~(in_hole[:, 0, :, None] & in_hole[:, 1, None])
        self.shown = shown[:, None].float()  # (B, 1, side, side)
        self._shift = shift  # (B, 2): rows down, columns to the right

    @cached_property
    def shift(self) -> list[list[int]]:
        """How far each picture moves down and to the right, as numbers: windows are cut by whole pixels."""
        shift: list[list[int]] = self._shift.tolist()
        return shift

    def labels(self, one_hot_maps: Tensor) -> Tensor:
        """(B, L, H, W) one-hot label maps, shifted and cut; the memory layout stays."""
        return self._shifted_and_cut(one_hot_maps) if self.changes_anything else one_hot_maps

    def picture(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), their colours changed, then shifted and cut; the memory layout stays. Gradients pass."""
        if not self.changes_anything:
            return pictures
        pictures = pictures + self.brightness
        pictures = (pictures - pictures.mean(1, keepdim=True)) * self.saturation + pictures.mean(1, keepdim=True)
        mean = pictures.mean((1, 2, 3), keepdim=True)
        return self._shifted_and_cut((pictures - mean) * self.contrast + mean)

    def _shifted_and_cut(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) shifted by whole pixels, zero where nothing comes and in holes."""
        margin = self.side // 8
        framed = F.pad(maps, (margin, margin, margin, margin))
        windows = []
        for picture_index, (down, right) in enumerate(self.shift):
            top, left = margin - down, margin - right
            windows.append(framed[picture_index : picture_index + 1, :, top : top + self.side, left : left + self.side])
        return torch.cat(windows) * self.shown.to(framed.dtype)


def recolour(pictures: Tensor, share: float) -> Tensor:
    """Give a share of the pictures other colours: hues turned by any angle, saturation times 0.7 to 2.2; grey stays.

    Where all training pictures are nearly grey, a network can ignore the colour in a style code; with these it cannot.
    Colours are turned about the grey axis of the RGB cube and cut to its sides. pictures: (B, 3, H, W) in [-1, 1].
    """
    batch_size, device = len(pictures), pictures.device
    angle = torch.rand(batch_size, device=device) * 2 * math.pi
    saturation = 0.7 + 1.5 * torch.rand(batch_size, device=device)
    to_grey = torch.full((3, 3), 1 / 3, device=device)
    quarter_turn = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=device) / math.sqrt(3)
    turn = torch.cos(angle).view(-1, 1, 1) * (torch.eye(3, device=device) - to_grey)
    turn = to_grey + saturation.view(-1, 1, 1) * (turn + torch.sin(angle).view(-1, 1, 1) * quarter_turn)  # (B, 3, 3)
    recoloured = torch.einsum("bij,bjhw->bihw", turn.to(pictures), pictures).clamp(-1, 1)
    is_chosen = torch.rand(batch_size, 1, 1, 1, device=device) < share
    return torch.where(is_chosen, recoloured, pictures)


def shift_together(first: Tensor, second: Tensor, longest_shift: int) -> tuple[Tensor, Tensor]:
    """Both (B, C, H, W) moved alike by two random numbers of pixels, 0 .. longest_shift, down and right; size stays.

    The first row and column repeat into what gets free, so that nothing has a seam that no picture has.
    """
    if not longest_shift:
        return first, second
    down, right = torch.randint(0, longest_shift + 1, (2,)).tolist()
    return _shifted(first, down, right), _shifted(second, down, right)


def _shifted(pictures: Tensor, down: int, right: int) -> Tensor:
    height, width = pictures.shape[-2:]
    return F.pad(pictures, (right, 0, down, 0), mode="replicate")[..., :height, :width]
