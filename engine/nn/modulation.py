"""What a label-conditioned normalisation layer is made of, the same for SPADE, SEAN and CG-Norm.

Each computes norm(x + noise * strength) * (1 + gamma) + beta. Exact fast synthesis (`engine.fast`) takes a layer's
parts from its `modulation_parts()` and evaluates them once per distinct neighbourhood of labels; it asks no layer what
class it is. A layer whose statistics are not fixed (instance normalisation) has no such parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class LabelParts:
    """gamma and beta from labels: a 3 x 3 convolution of the one-hot map, ReLU, one 3 x 3 convolution to each.

    branch: how they are evaluated (`engine.fast.modulation.BRANCHES`): "dense", or "groups" where the convolutions fall
        into groups, as CG-Norm's do (it may be a single group).
    """

    shared: nn.Conv2d
    gamma: nn.Conv2d
    beta: nn.Conv2d
    branch: Literal["dense", "groups"] = "dense"


@dataclass(frozen=True)
class StyleParts:
    """gamma and beta from style codes: each label's own linear layer and ReLU, one 3 x 3 convolution to each.

    weight (L, hidden, width) and bias (L, hidden): of the linear layers. blend_gamma, blend_beta (1,): what share of
    gamma and beta comes from here, before the sigmoid (SEAN, eq. 3).
    """

    weight: Tensor
    bias: Tensor
    gamma: nn.Conv2d
    beta: nn.Conv2d
    blend_gamma: Tensor
    blend_beta: Tensor


@dataclass(frozen=True)
class ModulationParts:
    """One layer: its fixed statistics, what comes from labels and from styles, its noise.

    noise_strength: (C,), None where no noise is added. layer: the number that its noise is drawn from.
    """

    statistics: nn.BatchNorm2d
    labels: LabelParts
    styles: StyleParts | None = None
    noise_strength: Tensor | None = None
    layer: int = -1


class Modulating(Protocol):
    """A normalisation layer that can be taken apart."""

    def modulation_parts(self) -> ModulationParts:
        """The layer's parts. Raises ValueError: its statistics are not fixed."""
        ...


def fixed_statistics(norm: nn.Module) -> nn.BatchNorm2d:
    """The batch normalisation that a layer begins with. Raises ValueError for another one."""
    if not isinstance(norm, nn.BatchNorm2d):
        raise ValueError("there is no fast path for normalisation by each picture's own statistics")
    return norm
