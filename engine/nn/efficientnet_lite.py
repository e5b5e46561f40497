"""EfficientNet-Lite0: a small ImageNet classifier whose features serve losses, metrics, discriminators and parsers.

The network (Tan and Le, ICML 2019; the "Lite" variants: TensorFlow's release of March 2020) is EfficientNet-B0 without
squeeze-and-excitation, with ReLU6, and with stem and head at their base widths. Its facts stand in `STAGES`; the module
is ours, its tensors carry the names of the public PyTorch file. Code: MIT.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.perceptual import FeatureNetwork

STAGES = (
    # widening, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM = 32
HEAD = 1280
EPSILON = 1e-3
"""Of the batch norms, as trained."""
LEVELS = {2: (0, 16), 4: (2, 24), 8: (4, 40), 16: (10, 112), 32: (15, 320)}
"""Stride -> the last block at that stride, and its channels."""


def same_padding(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad (B, C, H, W) with zeros as TensorFlow's SAME does: an odd pixel goes to the bottom and the right."""
    down, across = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
    if not down and not across:
        return x
    return F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))


class SameConv(nn.Conv2d):
    """A convolution without bias and with SAME padding."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(fan_in, fan_out, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, ceil(H / stride), ceil(W / stride))."""
        if self.stride[0] > 1:
            x = same_padding(x, self.kernel_size[0], self.stride[0])
        return super().forward(x)


class InvertedBlock(nn.Module):
    """Widen (1 x 1), look around (depthwise), narrow (1 x 1, linear); added to its input where the shapes agree."""

    def __init__(self, fan_in: int, fan_out: int, widening: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = fan_in * widening
        self.widens = widening > 1
        if self.widens:
            self._expand_conv = SameConv(fan_in, hidden, 1)
            self._bn0 = nn.BatchNorm2d(hidden, EPSILON)
        self._depthwise_conv = SameConv(hidden, hidden, kernel, stride, hidden)
        self._bn1 = nn.BatchNorm2d(hidden, EPSILON)
        self._project_conv = SameConv(hidden, fan_out, 1)
        self._bn2 = nn.BatchNorm2d(fan_out, EPSILON)
        self.adds = stride == 1 and fan_in == fan_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, fan_in, H, W) -> (B, fan_out, H / stride, W / stride)."""
        y = x
        if self.widens:
            y = F.relu6(self._bn0(self._expand_conv(y)))
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(FeatureNetwork):
    """The network without its classifier.

    Args:
        head: keep the last 1 x 1 convolution, whose 1280 pooled features a Frechet distance compares.
    """

    def __init__(self, head: bool = False) -> None:
        super().__init__()
        self._conv_stem = SameConv(3, STEM, 3, 2)
        self._bn0 = nn.BatchNorm2d(STEM, EPSILON)
        blocks, fan_in = [], STEM
        for widening, kernel, stride, fan_out, count in STAGES:
            for n in range(count):
                blocks.append(InvertedBlock(fan_in, fan_out, widening, kernel, stride if n == 0 else 1))
                fan_in = fan_out
        self._blocks = nn.ModuleList(blocks)
        if head:
            self._conv_head = SameConv(fan_in, HEAD, 1)
            self._bn1 = nn.BatchNorm2d(HEAD, EPSILON)

    def forward(self, image: Tensor, strides: tuple[int, ...] = (4, 8, 16, 32)) -> list[Tensor]:
        """Features at the wanted strides, finest first; see `LEVELS` for their channels.

        image: (B, 3, H, W) RGB in [-1, 1]. Blocks after the last one wanted are not run.
        """
        return self._run(image, strides)[0]

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, H, W) in [-1, 1] -> features at 1/2, 1/4, ... 1/32 of its sides: for perceptual losses."""
        return self(image, tuple(LEVELS))

    def pooled(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] -> (B, 1280), the mean over all places. AttributeError without the head."""
        x = self._run(image, (32,))[1]
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))

    def _run(self, image: Tensor, strides: tuple[int, ...]) -> tuple[list[Tensor], Tensor]:
        wanted = {LEVELS[stride][0] for stride in strides}
        x = (image * 127.5 + 0.5) / 128  # the network was trained on (rgb - 127) / 128
        x = F.relu6(self._bn0(self._conv_stem(x)))
        features = []
        for n, block in enumerate(self._blocks[: max(wanted) + 1]):
            x = block(x)
            if n in wanted:
                features.append(x)
        return features, x


def fold_batch_norms(network: nn.Module) -> None:
    """Put every batch norm that follows a convolution of the same module or sequence into it, in place.

    For networks in evaluation mode that stay there. A batch norm is taken to belong to the convolution that was
    registered right before it, as in this file; its place is taken by an identity.
    """
    for module in list(network.modules()):
        before: nn.Conv2d | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                before = child
            elif isinstance(child, nn.BatchNorm2d) and before is not None:
                _fold(before, child)
                setattr(module, name, nn.Identity())
                before = None
            else:
                before = None


@torch.no_grad()
def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    if conv.bias is not None:
        shift = shift + conv.bias * scale
    conv.weight.copy_(conv.weight * scale.view(-1, 1, 1, 1))
    conv.bias = nn.Parameter(shift.clone(), requires_grad=False)
