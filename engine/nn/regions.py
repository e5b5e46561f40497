"""What GroupDNet's encoder looks at: for each label the picture with everything else black (SMIS, section 4.2).

The published code also cuts each of these pictures to the region's bounding box and enlarges it (nearest) to the full
size, which the paper does not say.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.nn.blocks import resize_nearest


def masked_regions(image: Tensor, hot: Tensor, size: tuple[int, int], crop: bool) -> Tensor:
    """One picture per label, black outside its region.

    Args:
        image: (B, 3, H, W) in [-1, 1].
        hot: (B, L, H, W) one-hot label map.
        size: (h, w) of the result.
        crop: cut to each region's bounding box first, as published; else the whole picture is resized. Labels that
            are not in the picture are black either way.

    Returns:
        (B, 3 L, h, w), label by label, in the picture's type.
    """
    batch, labels, height, width = hot.shape
    if not crop:
        image, hot = resize_nearest(image, *size), resize_nearest(hot, *size)
        return (image.unsqueeze(1) * hot.unsqueeze(2).to(image.dtype)).flatten(1, 2)
    top, bottom, left, right = bounding_boxes(image, hot)
    rows = _picked(top, bottom, size[0])  # (B, L, h)
    columns = _picked(left, right, size[1])  # (B, L, w)
    flat = (rows.unsqueeze(3) * width + columns.unsqueeze(2)).flatten(2)  # (B, L, h * w): places in the picture
    inside = hot.flatten(2).gather(2, flat).unsqueeze(2)  # (B, L, 1, h * w)
    places = flat.unsqueeze(2).expand(-1, -1, 3, -1)
    pixels = image.flatten(2).unsqueeze(1).expand(-1, labels, -1, -1).gather(3, places)
    return (pixels * inside.to(image.dtype)).view(batch, labels * 3, *size)


def bounding_boxes(image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First and last row, first and last column of each label's region, each (B, L) int64.

    As published, a row or column counts where the sum over channels and pixels of the masked picture is not zero, so
    a region's black rim is cut off too (mid-grey: pictures are in [-1, 1]). A region without any such row or column
    (absent, or of zeros) keeps the whole picture.
    """
    with torch.no_grad(), torch.autocast(image.device.type, enabled=False):  # coarser numbers cancel more often
        total = image.float().sum(1)  # (B, H, W)
        columns = torch.einsum("bhw,blhw->blw", total, hot.float()) != 0
        rows = torch.einsum("bhw,blhw->blh", total, hot.float()) != 0
    has_extent = (columns.any(-1) & rows.any(-1)).unsqueeze(-1)
    top, bottom = _ends(rows | ~has_extent)
    left, right = _ends(columns | ~has_extent)
    return top, bottom, left, right


def _ends(marks: Tensor) -> tuple[Tensor, Tensor]:
    """(B, L, n) bool, at least one of n true -> first and last true, each (B, L)."""
    n = marks.shape[-1]
    numbers = marks.to(torch.uint8)
    return numbers.argmax(-1), n - 1 - numbers.flip(-1).argmax(-1)


def _picked(first: Tensor, last: Tensor, count: int) -> Tensor:
    """(B, L) ends -> (B, L, count): the positions that nearest resizing of first .. last to `count` picks."""
    length = last - first + 1
    scale = length.to(torch.float32) / count  # float32, and rounded down, as torch.nn.functional.interpolate does
    steps = torch.arange(count, device=first.device, dtype=torch.float32)
    offsets = (steps * scale.unsqueeze(-1)).floor().long()
    return first.unsqueeze(-1) + torch.minimum(offsets, (length - 1).unsqueeze(-1))
