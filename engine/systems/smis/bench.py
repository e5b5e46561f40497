"""GroupDNet in the synthesis benchmark."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.errors import Message
from engine.fast.generator import LabelMap, Precision, as_array
from engine.painting.edges import conditions, label_edges
from engine.systems.bench import Bench, size_of_start
from engine.systems.smis.fast import FastSMIS
from engine.systems.smis.network import SMISConfig, SMISGenerator


def _fast_picture(renderer: FastSMIS, label_map: LabelMap, style_codes: Tensor, precision: Precision) -> Tensor:
    edges = label_edges(as_array(label_map)) if renderer.config.edges else None
    return renderer.render(label_map, style_codes, precision=precision, edges=edges)


def _literal_picture(generator: SMISGenerator, label_map: LabelMap, style_codes: Tensor) -> Tensor:
    config = generator.config
    condition = conditions(as_array(label_map), config.labels, config.edges, torch.device("cpu"))
    with torch.inference_mode():
        picture: Tensor = generator(condition, style_codes.unsqueeze(0))
    return picture[0]


BENCH = Bench(
    code_shape=lambda config: config.latent_shape,
    trained_size=size_of_start,
    literal=_literal_picture,
    renderer=FastSMIS,
    fast=_fast_picture,
    # DeepFashion, 256 x 256, ngf 160, 8 labels, no encoder
    published={"smis-published": SMISConfig(labels=8, width=160, schedule="deepfashion", encoder=None)},
    no_fast_path=lambda config: Message("one network per label has no fast painter") if config.get("separate") else "",
)
