"""Perceptual losses on networks that a user need not fetch, or may put in place: a parser's encoder, VGG19.

The perceptual loss compares what a frozen network makes of two pictures (Johnson et al., ECCV 2016). SPADE, SEAN and
SMIS take VGG19 trained on ImageNet. A parser's encoder, trained on label maps, has seen the same pictures with another
question in mind; the network of `engine.nn.feature_net` is a third choice.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Channels of VGG19's 3 x 3 convolutions up to conv5_1; 0 is a 2 x 2 maximum (Simonyan and Zisserman, 2015)."""
VGG19_TAPS = {1: 1 / 32, 3: 1 / 16, 5: 1 / 8, 9: 1 / 4, 13: 1.0}
"""Convolutions (counted from 1) whose activations are compared, relu1_1 to relu5_1, with the published weights."""


class FeatureNetwork(nn.Module):
    """A network that can say what it sees on its way down: a parser, or one trained on ImageNet."""

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, H, W) in [-1, 1] -> features (B, channels, h, w), finest first."""
        raise NotImplementedError


class FeatureLoss(nn.Module):
    """Mean over a frozen network's features of the L1 distance, each divided by the real one's standard deviation."""

    def __init__(self, network: FeatureNetwork) -> None:
        super().__init__()
        self.network = network
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> FeatureLoss:
        """Stays in evaluation mode: the network's batch norms keep their statistics."""
        return super().train(False)

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """fake, real: (B, 3, H, W) in [-1, 1]. Gradients reach `fake` only. Returns a scalar."""
        with torch.no_grad():
            real_features = self.network.features(real)
        distances = [
            (fake_level - real_level).abs().float().mean() / real_level.float().std().clamp(min=1e-6)
            for fake_level, real_level in zip(self.network.features(fake), real_features, strict=True)
        ]
        return torch.stack(distances).mean()


class VGGLoss(nn.Module):
    """SPADE's perceptual loss, weights and all: the pictures go in as they are, in [-1, 1].

    Args:
        state: torchvision's "features.N.weight" and "features.N.bias" of VGG19.

    Raises KeyError or ValueError for tensors that are not VGG19's.
    """

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        fan_in, place = 3, 0
        for channels in VGG19:
            if not channels:
                place += 1
                continue
            conv = nn.Conv2d(fan_in, channels, 3, padding=1)
            weight, bias = state[f"features.{place}.weight"], state[f"features.{place}.bias"]
            if weight.shape != conv.weight.shape or bias.shape != (channels,):
                raise ValueError(f"features.{place} is no layer of VGG19")
            conv.load_state_dict({"weight": weight.float(), "bias": bias.float()})
            self.convolutions.append(conv)
            fan_in, place = channels, place + 2  # a ReLU between convolutions
        self.eval().requires_grad_(False)

    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """fake, real: (B, 3, H, W) in [-1, 1]. Gradients reach `fake` only. Returns a scalar."""
        with torch.no_grad():
            targets = self._features(real)
        terms = [
            weight * (y - target).abs().float().mean()
            for weight, y, target in zip(VGG19_TAPS.values(), self._features(fake), targets, strict=True)
        ]
        return torch.stack(terms).sum()

    def _features(self, x: Tensor) -> list[Tensor]:
        taps, number = [], 0
        for channels in VGG19:
            if not channels:
                x = F.max_pool2d(x, 2)
                continue
            x = F.relu(self.convolutions[number](x))
            number += 1
            if number in VGG19_TAPS:
                taps.append(x)
        return taps
