"""What the golden kinds of all systems share: the network of a case's published state dict, and checks of the case.

A system's `golden.py` holds `KINDS`: for each word that a case's configuration may have for "model", a function from
the case, its state dict and its inputs to its outputs. A state dict is converted like an imported file
(`engine.weights.published`): every key must be known, every parameter filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import BadFile, Message, NotSupported
from engine.golden.cases import GoldenCase
from engine.nn.blocks import one_hot
from engine.systems import all_systems
from engine.systems.base import load_part
from engine.weights.published import Published, convert

Outputs = dict[str, Tensor]
"""What a case computes, by the names of its expected outputs."""
Compute = Callable[[GoldenCase, dict[str, Tensor], dict[str, Tensor]], Outputs]
"""(case, state dict, inputs) -> outputs. Raises EngineErrors for what cannot be compared."""
EDGES = "labels != roll(labels, 1, x)"


def kinds() -> dict[str, Compute]:
    """The kinds of all systems, by name."""
    return {
        kind_name: compute
        for system in all_systems()
        if system.golden
        for kind_name, compute in load_part(system.golden).items()
    }


def published_network(
    case: GoldenCase, network: str, state: dict[str, Tensor], **known_settings: Any
) -> tuple[Any, Published]:
    """The network of a published state dict, every parameter filled, ready to compute; and what it was read from.

    Args:
        case: for sentences.
        network: "system.network", or the network alone where it may be any system's.
        state: emptied.
        known_settings: see `engine.weights.published.convert`.

    Raises BadFile, WeightsError.
    """
    published = convert(state, Message('The golden case "{0}"', case.name), **known_settings)
    network_name = published.kind.published.network
    full_name = f"{published.system.id}.{network_name}"
    if network not in (full_name, network_name):
        raise BadFile('The tensors of "{0}" are those of {1}, not of {2}.', case.name, full_name, network)
    return published.build(), published


def require_agreement(case: GoldenCase, **settings: object) -> None:
    """Raise BadFile if the case's configuration says something else than these settings of its tensors."""
    for setting, tensor_value in settings.items():
        case_value = case.config.get(setting, tensor_value)
        if case_value != tensor_value:
            raise BadFile('"{0}" says {1} {2}, its tensors say {3}.', case.name, setting, case_value, tensor_value)


def keep_blocks(case: GoldenCase, generator: nn.Module, output_names: Iterable[str], outputs: Outputs) -> None:
    """Keep each residual block's result under its published name; a case may hold its first channels only."""

    def keep(output_name: str, features: Tensor) -> None:
        expected = case.expected.get(output_name, np.empty(0))
        outputs[output_name] = features[:, : expected.shape[1]] if expected.ndim == 4 else features

    blocks = generator.get_submodule("blocks")
    for output_name, block in zip(output_names, blocks.children(), strict=False):
        block.register_forward_hook(lambda module, args, result, name=output_name: keep(name, result))


def conditions(case: GoldenCase, label_map: Tensor, label_count: int, with_edges: bool) -> Tensor:
    """(N, labels or labels + 1, H, W): the one-hot label map and, where the network takes them, edges."""
    one_hot_map = one_hot(label_map, label_count)
    if not with_edges:
        return one_hot_map
    edge_rule = case.config.get("instance_edge")
    if edge_rule != EDGES:
        raise NotSupported('The edges of "{0}" are "{1}"; this version knows "{2}".', case.name, edge_rule, EDGES)
    return torch.cat([one_hot_map, (label_map != label_map.roll(1, -1)).float().unsqueeze(1)], dim=1)
