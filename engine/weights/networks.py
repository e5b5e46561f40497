"""From weights to the networks in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

from engine.errors import NotSupported, WeightsError
from engine.nn.perceptual import FeatureNetwork
from engine.systems import system
from engine.weights.card import do_not_fit
from engine.weights.store import Weights

FACTORIES = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn})
DRAWS = frozenset({Tensor.uniform_, Tensor.normal_, init.uniform_, init.normal_, init.kaiming_uniform_})
SLACK, TIMES = 1 << 24, 4
"""Numbers that a network may have beyond its file's, and in their proportion: buffers, and what initialising draws."""


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
        with _Planned(network_tensors):
            network = network_spec.build(config)
        network.load_state_dict(network_tensors)
    except (NotSupported, ValueError, RuntimeError) as error:
        raise do_not_fit(card, error) from error
    return network


class _Planned(TorchFunctionMode):
    """Within it a network is built whose numbers are to come: none are drawn for it, which takes longer than to read
    the file, and it has no more of them than its tensors can explain: anyone's card may ask for any size, and what does
    not fit takes no memory. (Built on "meta" instead, a network makes torch import 800 modules.)

    network_tensors: of the network, by name. Raises ValueError within: the card asks for a larger one.
    """

    def __init__(self, network_tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._left = SLACK + TIMES * sum(tensor.numel() for tensor in network_tensors.values())

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in DRAWS:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if func in FACTORIES:
            sizes = {"size": kwargs["size"]} if "size" in kwargs else {}
            self._left -= torch.empty(*args, **sizes, device="meta").numel()
            if self._left < 0:
                raise ValueError("the card asks for a network that is far larger than the file")
        return func(*args, **kwargs)


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
