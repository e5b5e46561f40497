"""From weights to the networks in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import NotSupported, WeightsError
from engine.nn.perceptual import FeatureNetwork
from engine.systems import system
from engine.weights.card import do_not_fit
from engine.weights.store import Weights

PROGRAM = Path(__file__).resolve().parents[2]
"""Where the program's own weights lie: they are built at once, as planning imports 800 modules of torch (some 3 s)."""


def network_of(weights: Weights, network_name: str = "") -> Any:
    """One network of weights, as the card describes it, with its tensors, on the CPU; the system's first unless named.

    Tensors that the system keeps beside its networks' own (`System.extras`) are passed over. Raises WeightsError:
    card and tensors do not fit, or the weights have no such network.
    """
    card, weights_system = weights.card, system(weights.card.system)
    network_name = network_name or weights_system.main
    if card.networks and network_name not in card.networks:
        held_networks = ", ".join(card.networks)
        raise WeightsError(
            '"{0}" holds no {1}, only {2}; choose other weights.', card.name, network_name, held_networks
        )
    network_spec = weights_system.networks[network_name]
    network_tensors = {
        tensor_name: tensor
        for tensor_name, tensor in weights.tensors_of(network_name).items()
        if tensor_name not in weights_system.extras
    }
    try:
        config = network_spec.read_config(card.config_of(network_name))
        if not weights.folder.resolve().is_relative_to(PROGRAM):
            with torch.device("meta"):  # anyone's card may ask for any size: memory is taken once the tensors fit
                planned_network = network_spec.build(config)
            _check_shapes(planned_network, network_tensors)
        network = network_spec.build(config)
        network.load_state_dict(network_tensors)
    except (NotSupported, ValueError, RuntimeError) as error:
        raise do_not_fit(card, error) from error
    return network


def _check_shapes(planned_network: Any, network_tensors: Mapping[str, Tensor]) -> None:
    """Raises ValueError where a network without memory has other shapes than the tensors."""
    for tensor_name, planned in planned_network.state_dict().items():
        if tensor_name in network_tensors and network_tensors[tensor_name].shape != planned.shape:
            shapes = list(planned.shape), list(network_tensors[tensor_name].shape)
            raise ValueError(f"{tensor_name}: the card asks for {shapes[0]}, the file has {shapes[1]}")


def networks_of(weights: Weights) -> Any:
    """The network of weights in evaluation mode; of weights of several networks, a dict of them by name.

    Raises WeightsError as `network_of`.
    """
    if weights.card.networks:
        return {network_name: network_of(weights, network_name).eval() for network_name in weights.card.networks}
    return network_of(weights).eval()


def feature_network_of(weights: Weights) -> FeatureNetwork:
    """The first network of weights of which `gives_features` is true. Raises WeightsError as `network_of`."""
    network: FeatureNetwork = network_of(weights)
    return network
