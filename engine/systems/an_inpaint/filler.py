"""One set of weights in use: what is missing of a picture is painted."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from engine.nn.blocks import channels_last
from engine.systems.an_inpaint.network import InpaintNetwork
from engine.weights.networks import network_of
from engine.weights.store import Weights

Array = np.ndarray
LEAST_SIDE = 16
"""Of a picture, in pixels: below it hardly anything is around a hole."""


class HoleFiller:
    """Weights of system "an-inpaint", ready to paint. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        network: InpaintNetwork = network_of(weights)
        self.config = network.config
        self.side, self.least_side = network.config.resolution, LEAST_SIDE
        self.network = channels_last(network.eval(), device)

    @torch.inference_mode()
    def paint(self, pixels: Array, hole: Array, seed: int) -> Array:
        """A picture painted all over, known places as well as the network can: (h, w, 3) uint8.

        Args:
            pixels: (h, w, 3) uint8 sRGB, of any size from `least_side` on; what they are in the hole counts for
                nothing.
            hole: (h, w) bool.
            seed: decides what the network varies, where it varies anything.
        """
        height, width = hole.shape
        stride = self.config.stride
        margins = (0, -width % stride, 0, -height % stride)
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(127.5).sub(1)
        missing = torch.from_numpy(hole)[None, None].float()
        image, missing = F.pad(image, margins, mode="reflect"), F.pad(missing, margins, mode="reflect")
        z = latent_of(seed, self.config.latent)[None].to(self.device) if self.config.latent else None
        _, fine = self.network(image.to(self.device), missing.to(self.device), z)
        painted = fine[0, :, :height, :width].float().add(1).mul(127.5).round().clamp(0, 255).byte()
        return np.ascontiguousarray(painted.permute(1, 2, 0).cpu().numpy())


def latent_of(seed: int, latent: int) -> torch.Tensor:
    """(latent,) standard normal numbers that depend on the seed alone."""
    return torch.randn(latent, generator=torch.Generator().manual_seed(seed))
