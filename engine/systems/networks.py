"""From weights to the networks in them."""

from __future__ import annotations

from typing import Any

from engine.errors import NotSupported, WeightsError
from engine.painting.label_painter import do_not_fit
from engine.systems import system
from engine.weights.store import Weights


def network_of(weights: Weights, name: str = "") -> Any:
    """One network of weights, as the card describes it, with its tensors, on the CPU; the system's first unless named.

    Tensors that the system keeps beside its networks' own (`System.extras`) are passed over. Raises WeightsError:
    card and tensors do not fit, or the weights have no such network.
    """
    card, known = weights.card, system(weights.card.system)
    name = name or known.main
    if card.networks and name not in card.networks:
        held = ", ".join(card.networks)
        raise WeightsError('"{0}" holds no {1}, only {2}; choose other weights.', card.name, name, held)
    spec = known.networks[name]
    tensors = {key: tensor for key, tensor in weights.tensors_of(name).items() if key not in known.extras}
    try:
        network = spec.build(spec.read_config(card.config_of(name)))
        network.load_state_dict(tensors)
    except (NotSupported, ValueError, RuntimeError) as error:
        raise do_not_fit(card, error) from error
    return network
