"""The same picture by a literal network and by its fast renderer, whatever the system: what benchmarks compare."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from engine.fast.generator import Precision
from engine.nn.blocks import seeded_noise
from engine.painting.edges import conditions, label_edges
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.smis.fast import FastSMIS
from engine.systems.smis.network import SMISConfig, SMISGenerator
from engine.systems.spade.fast import FastSPADE
from engine.systems.spade.network import SPADEConfig, SPADEGenerator

Array = np.ndarray
Config = SEANConfig | SPADEConfig | SMISConfig
Generator = SEANGenerator | SPADEGenerator | SMISGenerator


class Renderer(Protocol):
    """A fast renderer, ready to be timed."""

    def paint(self, label_map: Array, codes: Tensor, precision: Precision) -> Tensor:
        """(H, W) ids and codes -> (3, H, W)."""
        ...

    def clear(self) -> None:
        """Forget everything that was kept."""
        ...

    def floor(self, height: int, width: int, precision: Precision) -> float:
        """Seconds of the main path's convolutions alone."""
        ...


def code_shape(config: Config) -> tuple[int, ...]:
    """Shape of the styles of one picture: (1, L, D), (L * latent, h, w), or (latent,), which may be (0,)."""
    if isinstance(config, SEANConfig):
        return 1, config.labels, config.style_width
    return config.latent_shape if isinstance(config, SMISConfig) else (config.latent,)


def trained_size(config: Config) -> tuple[int, int]:
    """(height, width) of the pictures that the network was made for."""
    if isinstance(config, SEANConfig):
        return config.resolution, config.resolution
    return config.start[0] * config.stride, config.start[1] * config.stride


def literal(generator: Generator, label_map: Array, codes: Tensor) -> Tensor:
    """(3, H, W): the picture as the paper's network paints it."""
    config = generator.config
    edges = not isinstance(config, SEANConfig) and config.edges
    hot = conditions(label_map, config.labels, edges, torch.device("cpu"))
    with torch.inference_mode():
        if isinstance(generator, SEANGenerator):
            picture: Tensor = generator(hot, codes.unsqueeze(0), seeded_noise(0))
        else:
            picture = generator(hot, codes.unsqueeze(0) if codes.numel() else None)
    return picture[0]


def renderer(generator: Generator, *, release: bool = False) -> Renderer:
    """The fast renderer of that network."""
    if isinstance(generator, SEANGenerator):
        return _SEAN(generator, release=release)
    return (
        _SMIS(generator, release=release)
        if isinstance(generator, SMISGenerator)
        else _SPADE(generator, release=release)
    )


class _SEAN(FastSEAN):
    def paint(self, label_map: Array, codes: Tensor, precision: Precision) -> Tensor:
        return self.render(label_map, codes, seeded_noise(0), precision=precision)


class _SPADE(FastSPADE):
    def paint(self, label_map: Array, codes: Tensor, precision: Precision) -> Tensor:
        edges = label_edges(label_map) if self.config.edges else None
        return self.render(label_map, codes if codes.numel() else None, precision=precision, edges=edges)


class _SMIS(FastSMIS):
    def paint(self, label_map: Array, codes: Tensor, precision: Precision) -> Tensor:
        edges = label_edges(label_map) if self.config.edges else None
        return self.render(label_map, codes, precision=precision, edges=edges)
