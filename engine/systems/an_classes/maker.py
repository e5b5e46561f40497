"""One set of weights in use: classes and seeds become pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from engine.nn.attention import AttentiveNorm
from engine.nn.blocks import channels_last
from engine.systems.an_classes.network import ClassGenerator
from engine.weights.networks import network_of
from engine.weights.store import Weights

Array = np.ndarray
BATCH = 8
"""Pictures that are made at once."""


class ClassMaker:
    """Weights of system "an-classes", ready to make pictures. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        network: ClassGenerator = network_of(weights)
        self.config = network.config
        self.class_names = network.config.class_names or tuple(f"class {n}" for n in range(network.config.classes))
        self.generator = channels_last(network.eval(), device)
        self._attentive = next((layer for layer in network.modules() if isinstance(layer, AttentiveNorm)), None)
        self.finds_entities = self._attentive is not None

    @torch.inference_mode()
    def make(
        self,
        seeds: Sequence[int],
        shares: Sequence[float],
        truncation: float,
        report: Callable[[int, int], None] = lambda made_count, count: None,
    ) -> Array:
        """Pictures, one per seed: (N, H, W, 3) uint8.

        Args:
            seeds: each decides one picture's noise, whatever the others are.
            shares: of each class, with sum 1: one class, or a mixture.
            truncation: numbers of the noise further from 0 than this are drawn again (BigGAN, Brock et al., ICLR 2019,
                section 3.1); 0: no limit. Smaller gives more typical pictures that vary less.
            report: called with (pictures made, all), before each few.
        """
        batches = []
        for first in range(0, len(seeds), BATCH):
            report(first, len(seeds))
            pictures = self._generated(seeds[first : first + BATCH], shares, truncation)
            batches.append(pictures.float().add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu())
        return torch.cat(batches).numpy()

    @torch.inference_mode()
    def entities(self, seeds: Sequence[int], shares: Sequence[float], truncation: float) -> Array:
        """The soft layout S (article, section 3.2) of each picture that `make` makes: (N, n, h, w) float32, shares
        whose sum is 1. Only where `finds_entities`."""
        attentive, layouts = self._attentive, []
        assert attentive is not None

        def look(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            layouts.append(attentive.soft_layout(inputs[0]).float().cpu())

        watching = attentive.register_forward_pre_hook(look)
        try:
            for first in range(0, len(seeds), BATCH):
                self._generated(seeds[first : first + BATCH], shares, truncation)
        finally:
            watching.remove()
        return torch.cat(layouts).numpy()

    def _generated(self, seeds: Sequence[int], shares: Sequence[float], truncation: float) -> torch.Tensor:
        """(N, 3, H, W) in [-1, 1]."""
        class_shares = torch.tensor([list(shares)], dtype=torch.float32, device=self.device)
        z = torch.stack([noise_of(seed, self.config.latent, truncation) for seed in seeds]).to(self.device)
        pictures: torch.Tensor = self.generator(z, class_shares.expand(len(z), -1))
        return pictures


def noise_of(seed: int, latent: int, truncation: float = 0.0) -> torch.Tensor:
    """(latent,) standard normal numbers that depend on the seed alone, none further from 0 than `truncation` if any."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(latent, generator=generator)
    while truncation > 0 and (outside := z.abs() > truncation).any():
        z[outside] = torch.randn(int(outside.sum()), generator=generator)
    return z
