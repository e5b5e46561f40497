"""SEAN in the synthesis benchmark."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.fast.generator import LabelMap, Precision, as_array
from engine.nn.blocks import seeded_noise
from engine.painting.painter import hot_map
from engine.systems.bench import Bench, size_of_start
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.sean.system import MEAN_STYLE


def _fast_picture(renderer: FastSEAN, label_map: LabelMap, style_codes: Tensor, precision: Precision) -> Tensor:
    return renderer.render(label_map, style_codes, seeded_noise(0), precision=precision)


def _literal_picture(generator: SEANGenerator, label_map: LabelMap, style_codes: Tensor) -> Tensor:
    one_hot_map = hot_map(as_array(label_map), generator.config.labels, torch.device("cpu"))
    with torch.inference_mode():
        picture: Tensor = generator(one_hot_map, style_codes.unsqueeze(0), seeded_noise(0))
    return picture[0]


def _mean_style(weights_state: Mapping[str, Tensor]) -> Tensor | None:
    """Of the first encoder, (1, L, D)."""
    mean_style = weights_state.get(MEAN_STYLE)
    return None if mean_style is None else mean_style.float()[:1]


BENCH = Bench(
    code_shape=lambda config: (1, config.labels, config.style_width),
    trained_size=size_of_start,
    literal=_literal_picture,
    renderer=FastSEAN,
    fast=_fast_picture,
    published={"published": SEANConfig.published()},  # CelebAMask-HQ, 256 x 256, ngf 64, 19 labels
    mean=_mean_style,
    literal_training="engine.systems.sean.literal:LITERAL_TRAINING",
)
