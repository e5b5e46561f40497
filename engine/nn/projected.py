"""Projected discriminator: small heads on what a frozen ImageNet network sees (Sauer et al., NeurIPS 2021).

The paper's idea: real and painted pictures are compared in the features of a network that is not trained, mixed by
fixed random convolutions across channels and across scales so that no head can cling to a few channels; one head per
scale.
Ours: EfficientNet-Lite0 (the paper takes EfficientNet-Lite1), the label map beside the features of every head, fewer
channels. Code: MIT.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.perceptual import FeatureNetwork
from engine.nn.spectral import spectral

STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class ProjectedDiscriminatorConfig:
    """What shapes a projected discriminator.

    labels: number of labels L; their shares of the area that a feature covers stand beside it.
    features: channels of the network at strides 4, 8, 16 and 32.
    mixed: channels that the fixed convolutions make of them.
    width: channels of the heads.
    """

    labels: int
    features: tuple[int, int, int, int] = (24, 40, 112, 320)
    mixed: tuple[int, int, int, int] = (64, 64, 128, 128)
    width: int = 64


class ProjectedHead(nn.Module):
    """`halvings` convolutions 4 x 4 with stride 2, then two of 3 x 3 that end in logits."""

    def __init__(self, channels: int, width: int, halvings: int, sn: bool) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        for _ in range(halvings):
            convolutions.append(spectral(nn.Conv2d(channels, width, 4, 2, 1), sn))
            channels = width
        convolutions.append(spectral(nn.Conv2d(channels, width, 3, 1, 1), sn))
        self.hidden = nn.ModuleList(convolutions)
        self.last = spectral(nn.Conv2d(width, 1, 3, 1, 1), sn)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> logits (B, 1, H / 2 ** halvings, W / 2 ** halvings)."""
        for conv in self.hidden:
            x = F.leaky_relu(conv(x), 0.2)
        logits: Tensor = self.last(x)
        return logits


class ProjectedDiscriminator(nn.Module):
    """Heads, fixed mixtures, and the network below them.

    The network's tensors are part of no state dict: a checkpoint holds the heads and the fixed mixtures alone.

    Args:
        config: see `ProjectedDiscriminatorConfig`.
        network: called with pictures and `STRIDES`, it gives its features there. It is frozen, in place, and gives
            gradients to pictures only.
        sn: spectral normalisation of the heads.
    """

    def __init__(self, config: ProjectedDiscriminatorConfig, network: FeatureNetwork, sn: bool = True) -> None:
        super().__init__()
        self.config = config
        self.network = network.eval()
        keep_out_of_states(network)
        deeper = [*config.mixed[1:], 0]
        for n, (fan_in, fan_out) in enumerate(zip(config.features, config.mixed, strict=True)):
            self.register_buffer(f"across_channels_{n}", _random_weight(fan_out, fan_in, 1))
            if deeper[n]:
                self.register_buffer(f"across_scales_{n}", _random_weight(fan_out, deeper[n], 3))
        halvings = range(len(config.mixed) - 1, -1, -1)
        self.heads = nn.ModuleList(
            [
                ProjectedHead(channels + config.labels, config.width, n, sn)
                for channels, n in zip(config.mixed, halvings, strict=True)
            ]
        )

    def train(self, mode: bool = True) -> ProjectedDiscriminator:
        """The network stays in evaluation mode."""
        super().train(mode)
        self.network.eval()
        return self

    def project(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, H, W) in [-1, 1] -> mixed features at strides 4, 8, 16, 32. No parameter has a part in it."""
        features = self.network(image, STRIDES)
        mixed: list[Tensor] = []
        for n in range(len(features) - 1, -1, -1):
            x = F.conv2d(features[n], getattr(self, f"across_channels_{n}"))
            if mixed:
                deeper = F.conv2d(mixed[-1], getattr(self, f"across_scales_{n}"), padding=1)
                deeper = F.interpolate(deeper, size=x.shape[-2:], mode="bilinear", align_corners=False)
                x = x + deeper / 2
            mixed.append(x)
        return mixed[::-1]

    def judge(self, hot: Tensor, projected: list[Tensor]) -> list[list[Tensor]]:
        """hot (B, L, H, W), what `project` gave -> per head, its logits (as features of one layer)."""
        results = []
        for head, x in zip(self.heads, projected, strict=True):
            height, width = x.shape[-2:]
            labels = F.adaptive_avg_pool2d(hot.to(x.dtype), (height, width))
            results.append([head(torch.cat([x, labels], dim=1))])
        return results

    def forward(self, hot: Tensor, image: Tensor) -> list[list[Tensor]]:
        """hot (B, L, H, W) one-hot label map, image (B, 3, H, W) in [-1, 1] -> per head, [logits]."""
        return self.judge(hot, self.project(image))


def _random_weight(fan_out: int, fan_in: int, kernel: int) -> Tensor:
    """A random convolution (fan_out, fan_in, kernel, kernel) that keeps variances as they are."""
    return torch.randn(fan_out, fan_in, kernel, kernel) / math.sqrt(fan_in * kernel * kernel)


def keep_out_of_states(network: nn.Module) -> None:
    """Make every parameter and buffer a constant that moves with the module and stands in no state dict, in place."""
    for module in network.modules():
        tensors = [(k, v.detach()) for k, v in module._parameters.items() if v is not None]
        tensors += [(k, v) for k, v in module._buffers.items() if v is not None]
        for name, tensor in tensors:
            module._parameters.pop(name, None)
            module._buffers.pop(name, None)
            module.register_buffer(name, tensor, persistent=False)
