"""SPADE in the synthesis benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.errors import Message
from engine.fast.generator import LabelMap, Precision, as_array
from engine.painting.edges import conditions, label_edges
from engine.systems.bench import Bench, size_of_start
from engine.systems.spade.fast import FastSPADE
from engine.systems.spade.network import SPADEGenerator


def _fast_picture(renderer: FastSPADE, label_map: LabelMap, style_codes: Tensor, precision: Precision) -> Tensor:
    edges = label_edges(as_array(label_map)) if renderer.config.edges else None
    return renderer.render(label_map, style_codes if style_codes.numel() else None, precision=precision, edges=edges)


def _literal_picture(generator: SPADEGenerator, label_map: LabelMap, style_codes: Tensor) -> Tensor:
    config = generator.config
    condition = conditions(as_array(label_map), config.labels, config.edges, torch.device("cpu"))
    with torch.inference_mode():
        picture: Tensor = generator(condition, style_codes.unsqueeze(0) if style_codes.numel() else None)
    return picture[0]


def _no_fast_path(config: Mapping[str, Any]) -> str:
    return Message("instance normalisation has no fast painter") if config.get("norm") == "instance" else ""


BENCH = Bench(
    code_shape=lambda config: (config.latent,),
    trained_size=size_of_start,
    literal=_literal_picture,
    renderer=FastSPADE,
    fast=_fast_picture,
    any_size=lambda config: not config.latent,
    no_fast_path=_no_fast_path,
)
