"""Picture -> where faces are: a heat map of their centres, and of each its side, its eyes and its mouth.

After CenterNet ("Objects as Points", Zhou, Wang, Kraehenbuehl 2019): a face is the peak of a heat map, and what else is
said of it stands in the same cell. Features of 1/8, 1/16 and 1/32 of the picture's sides are added up (Lin et al.,
"Feature pyramid networks", CVPR 2017), so that a cell sees a small face sharply and a large one whole. Code: MIT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.nn.sizes import check_resolution, check_size

STRIDE = 32
"""Sides of pictures are multiples of it."""
CELL = 8
"""Pixels along the side of a cell of the heat map."""
RARE = -4.6
"""Logit that the heat map begins with: one cell in a hundred."""
POINTS = 3
"""Of a face: the eye that lies left when it is upright, the right one, the mouth."""


@dataclass(frozen=True)
class FinderConfig:
    """Everything that shapes the network.

    resolution: side of the square pictures it was trained on, in pixels; it finds faces in pictures of any size.
    widths: channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's sides.
    neck: channels that the last three are brought to, and that a cell is read from.
    """

    resolution: int = 256
    widths: tuple[int, int, int, int, int] = (16, 32, 64, 96, 96)
    neck: int = 48

    def __post_init__(self) -> None:
        if min(*self.widths, self.neck) < 1:
            raise ConfigError("widths and neck are at least 1")
        check_resolution(self.resolution, STRIDE)

    @property
    def stride(self) -> int:
        """What the sides of pictures are multiples of."""
        return STRIDE


class Sightings(NamedTuple):
    """What every cell says, (B, ..., H / 8, W / 8).

    heat: (B, 1, h, w) logits that a face's centre is in the cell.
    log_side: (B, 1, h, w) the natural logarithm of its frame's side in cells.
    points: (B, 6, h, w) x and y of its `POINTS`, from the cell's centre, in sides of the frame.
    """

    heat: Tensor
    log_side: Tensor
    points: Tensor

    def places(self) -> Tensor:
        """(B, 6, h, w) x and y of `POINTS` from the picture's corner, in cells."""
        sides = self.log_side.float().clamp(-2, 5).exp()
        return cell_centres(self.heat).repeat(POINTS, 1, 1) + self.points.float() * sides


class Convolved(nn.Sequential):
    """A convolution without bias, batch norm, ReLU."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(fan_in, fan_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(fan_out),
            nn.ReLU(inplace=True),
        )


class Halving(nn.Module):
    """Two convolutions around a shortcut (He et al., CVPR 2016), the first of stride 2."""

    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        self.first = Convolved(fan_in, fan_out, stride=2)
        self.second = Convolved(fan_out, fan_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H / 2, W / 2)."""
        halved: Tensor = self.first(x)
        convolved: Tensor = self.second(halved)
        return halved + convolved


class FinderNetwork(nn.Module):
    """The network that finds faces."""

    def __init__(self, config: FinderConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, *deep = config.widths
        self.stem = nn.Sequential(Convolved(3, half, stride=2), Convolved(half, quarter, stride=2))
        fan_ins = (quarter, *deep[:-1])
        self.down = nn.ModuleList([Halving(fan_in, fan_out) for fan_in, fan_out in zip(fan_ins, deep, strict=True)])
        self.across = nn.ModuleList([nn.Conv2d(width, config.neck, 1) for width in deep])
        self.joined = Convolved(config.neck, config.neck)
        self.head = nn.Conv2d(config.neck, 2 + 2 * POINTS, 1)
        nn.init.constant_(self.head.get_parameter("bias")[:1], RARE)

    def forward(self, image: Tensor) -> Sightings:
        """image (B, 3, H, W) in [-1, 1]. Raises ValueError where a side is no multiple of the stride."""
        check_size(image.shape[-2:], STRIDE)
        x, levels = self.stem(image), []
        for down, across in zip(self.down, self.across, strict=True):
            x = down(x)
            levels.append(across(x))
        joined = levels[-1]
        for level in reversed(levels[:-1]):
            joined = level + F.interpolate(joined, scale_factor=2, mode="nearest")
        said: Tensor = self.head(self.joined(joined))
        return Sightings(said[:, :1], said[:, 1:2], said[:, 2:])


def cell_centres(heat: Tensor) -> Tensor:
    """(2, h, w): x and y, in cells, of the centres of all cells of a map (..., h, w)."""
    height, width = heat.shape[-2:]
    columns, rows = (torch.arange(length, device=heat.device) + 0.5 for length in (width, height))
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y])
