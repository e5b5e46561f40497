"""Inception-v3 as Frechet distances and Inception scores use it, run with a user's own tensors.

Paper: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (CVPR 2016), figures 4 to 7 and
table 1. Three things follow the network that the published scores were measured with (TensorFlow's of 2015-12-05):
average pools leave the border's padding out of the mean, the last block pools by maximum, and the classifier, which
has 1008 classes, is used without its bias. Tensors have the names of PyTorch's usual file,
pt_inception-2015-12-05-6726825d.pth.

The code is ours; the tensors (Apache-2.0, TensorFlow's authors) do not come with Tessera.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Kernel = tuple[int, int]
Part = tuple[str, int, Kernel, int]
"""(name after the branch's, channels out, kernel, stride); of two names joined by "+", both run side by side."""
Branch = tuple[str, Sequence[Part]]
Pool = Literal["average", "maximum", "reduce"]

CLASSES = 1008
FEATURES = 2048
SIDE = 299
"""Side of the pictures that it was trained on."""

ONE, THREE, FIVE, ACROSS, DOWN = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


class _Convolution(nn.Module):
    """Convolution without bias, batch norm, ReLU; the size stays unless `stride` is 2 (or `padded` is off)."""

    def __init__(self, channels: int, out: int, kernel: Kernel, stride: int = 1, padded: bool | None = None) -> None:
        super().__init__()
        keep = stride == 1 if padded is None else padded
        padding = (kernel[0] // 2, kernel[1] // 2) if keep else (0, 0)
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class _Block(nn.Module):
    """Branches of convolutions side by side, then a pooled one; their outputs are joined along channels.

    channels: in. branches: see `Branch`. pool: of the last branch; "reduce" halves the size and has no convolution.
    pooled: its channels out.
    """

    def __init__(self, channels: int, branches: Sequence[Branch], pool: Pool, pooled: int = 0) -> None:
        super().__init__()
        self.pool, self.chains = pool, []
        for branch, parts in branches:
            chain: list[list[str]] = []
            width = channels
            for suffix, out, kernel, stride in parts:
                names = [branch + layer_suffix for layer_suffix in suffix.split("+")]
                for name, shape in zip(names, (kernel, kernel[::-1]), strict=False):
                    self.add_module(name, _Convolution(width, out, shape, stride))
                chain.append(names)
                width = out * len(names)
            self.chains.append(chain)
        self.branch_pool = _Convolution(channels, pooled, ONE) if pooled else None

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for chain in self.chains:
            y = x
            for names in chain:
                y = torch.cat([self.get_submodule(name)(y) for name in names], 1)
            outputs.append(y)
        if self.pool == "reduce":
            pooled = F.max_pool2d(x, 3, 2)
        elif self.pool == "maximum":
            pooled = F.max_pool2d(x, 3, 1, 1)
        else:
            pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        outputs.append(pooled if self.branch_pool is None else self.branch_pool(pooled))
        return torch.cat(outputs, 1)


def _grid_35(channels: int, pooled: int) -> _Block:
    double = [("_1", 64, ONE, 1), ("_2", 96, THREE, 1), ("_3", 96, THREE, 1)]
    five = [("_1", 48, ONE, 1), ("_2", 64, FIVE, 1)]
    branches: list[Branch] = [("branch1x1", [("", 64, ONE, 1)]), ("branch5x5", five), ("branch3x3dbl", double)]
    return _Block(channels, branches, "average", pooled)


def _to_17(channels: int) -> _Block:
    double = [("_1", 64, ONE, 1), ("_2", 96, THREE, 1), ("_3", 96, THREE, 2)]
    return _Block(channels, [("branch3x3", [("", 384, THREE, 2)]), ("branch3x3dbl", double)], "reduce")


def _grid_17(channels: int, width: int) -> _Block:
    seven = [("_1", width, ONE, 1), ("_2", width, ACROSS, 1), ("_3", 192, DOWN, 1)]
    double = [("_1", width, ONE, 1), ("_2", width, DOWN, 1), ("_3", width, ACROSS, 1), ("_4", width, DOWN, 1)]
    double.append(("_5", 192, ACROSS, 1))
    branches: list[Branch] = [("branch1x1", [("", 192, ONE, 1)]), ("branch7x7", seven), ("branch7x7dbl", double)]
    return _Block(channels, branches, "average", 192)


def _to_8(channels: int) -> _Block:
    seven = [("_1", 192, ONE, 1), ("_2", 192, ACROSS, 1), ("_3", 192, DOWN, 1), ("_4", 192, THREE, 2)]
    three = [("_1", 192, ONE, 1), ("_2", 320, THREE, 2)]
    return _Block(channels, [("branch3x3", three), ("branch7x7x3", seven)], "reduce")


def _grid_8(channels: int, pool: Pool) -> _Block:
    three = [("_1", 384, ONE, 1), ("_2a+_2b", 384, (1, 3), 1)]
    double = [("_1", 448, ONE, 1), ("_2", 384, THREE, 1), ("_3a+_3b", 384, (1, 3), 1)]
    branches: list[Branch] = [("branch1x1", [("", 320, ONE, 1)]), ("branch3x3", three), ("branch3x3dbl", double)]
    return _Block(channels, branches, pool, 192)


class Inception(nn.Module):
    """Pictures -> the pooled features of the last block and the logits of the classes. For evaluation only."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Convolution(3, 32, THREE, 2)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, THREE, padded=False)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, THREE)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, ONE)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, THREE, padded=False)
        self.Mixed_5b = _grid_35(192, 32)
        self.Mixed_5c = _grid_35(256, 64)
        self.Mixed_5d = _grid_35(288, 64)
        self.Mixed_6a = _to_17(288)
        self.Mixed_6b = _grid_17(768, 128)
        self.Mixed_6c = _grid_17(768, 160)
        self.Mixed_6d = _grid_17(768, 160)
        self.Mixed_6e = _grid_17(768, 192)
        self.Mixed_7a = _to_8(768)
        self.Mixed_7b = _grid_8(1280, "average")
        self.Mixed_7c = _grid_8(2048, "maximum")
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 299, 299) RGB in [-1, 1] -> features (B, 2048), logits (B, 1008), without the bias."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(image)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                x = block(x)
        features = x.mean((2, 3))
        return features, F.linear(features, self.fc.weight)
