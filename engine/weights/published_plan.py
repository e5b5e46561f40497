"""How the authors' released files become networks of ours: what every system's `published.py` is written with.

A `PublishedNetwork` says for one kind of file how it is recognised, which config its shapes tell, and what its tensors
are called. From those follows a `Plan`: which published tensors make each of ours, and which nothing needs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ConfigError
from engine.systems.base import Network, System

Shapes = dict[str, tuple[int, ...]]
"""The tensors of a file: shape by name."""
Known = dict[str, int | float | str]
"""Config fields that no shape shows ("resolution", "last_stride", "depth", "aspect_ratio"), by name."""

ENCODER = "netE."
"""Stands before the names of an encoder's tensors where they come with a generator's."""
WIDEST = 1 << 15
"""No published network has a layer of so many channels: a file that seems to have one is broken."""


@dataclass(frozen=True)
class Source:
    """Where one tensor comes from: one published key, or several `stacked` along a new first axis.

    folded: the weight of old-style spectral norm; `keys` are weight_orig, weight_u and weight_v.
    optional: old files lack it; it stays as the network has it.
    """

    keys: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    stacked: bool = False
    folded: bool = False
    optional: bool = False


@dataclass
class Plan:
    """How a published state dict becomes ours: by our key; `unused` are known keys that nothing needs."""

    config: Any
    sources: dict[str, Source] = field(default_factory=dict)
    unused: Shapes = field(default_factory=dict)

    def required(self) -> Shapes:
        """Every published key that must be there, with its shape, in the network's order."""
        return {
            tensor_name: shape
            for source in self.sources.values()
            if not source.optional
            for tensor_name, shape in zip(source.keys, source.shapes, strict=True)
        }

    def accepted(self) -> Shapes:
        """Every published key that may be there."""
        source_shapes = {
            tensor_name: shape
            for source in self.sources.values()
            for tensor_name, shape in zip(source.keys, source.shapes, strict=True)
        }
        return source_shapes | self.unused


def no_leftovers(plan: Plan, network: nn.Module, shapes: Shapes) -> None:
    """For networks whose published code uses every tensor that it makes."""


def no_notes(config: Any, state: dict[str, Tensor]) -> list[str]:
    """Nothing that a user has to know."""
    return []


@dataclass(frozen=True)
class PublishedNetwork:
    """One kind of released file.

    network: the system's name for the network in it.
    recognises: whether a file with these shapes is one.
    read_config: its config, read off the shapes: several tensors tell each number and the majority wins, so that one
        wrong tensor is reported as such and not as a hundred others. Raises ValueError if the numbers make no network.
    place: (plan, our key, our tensor) puts the source of one of our tensors into the plan.
    leftovers: puts what the published code makes and never uses into the plan.
    encoder: the system's name for the image encoder whose file belongs to this one, "" if none does.
    notes: what the card says of what does not come with the file.
    """

    network: str
    recognises: Callable[[Shapes], bool]
    read_config: Callable[[Shapes, Known], Any]
    place: Callable[[Plan, str, Tensor], None]
    leftovers: Callable[[Plan, nn.Module, Shapes], None] = no_leftovers
    encoder: str = ""
    notes: Callable[[Any, dict[str, Tensor]], list[str]] = no_notes


@dataclass(frozen=True)
class PublishedKind:
    """A kind of released file, with the system that it is of."""

    system: System
    published: PublishedNetwork

    @property
    def network(self) -> Network:
        """What the system says of the network in it."""
        return self.system.networks[self.published.network]

    def plan(self, shapes: Shapes, known_config: Known) -> Plan:
        """The plan for a file with these shapes. Raises ValueError if the numbers make no network."""
        config = self.published.read_config(shapes, known_config)
        widest_layer = max(channels for channels in vars(config).values() if isinstance(channels, int))
        if widest_layer > WIDEST:
            raise ConfigError("a network of width {0} cannot be", widest_layer)
        with torch.device("meta"):
            network = self.network.build(config)
        plan = Plan(config)
        for tensor_name, tensor in network.state_dict().items():
            self.published.place(plan, tensor_name, tensor)
        self.published.leftovers(plan, network, shapes)
        return plan


# ---------------------------------------------------------------- where a tensor comes from


def plain(tensor: Tensor, published_name: str, *, optional: bool = False) -> Source:
    """The tensor as it is, under another name."""
    return Source((published_name,), (tuple(tensor.shape),), optional=optional)


def folded(tensor: Tensor, layer_name: str) -> Source:
    """The weight of a layer `layer_name` under old-style spectral norm, whose three tensors are folded into one."""
    shape = tuple(tensor.shape)
    published_names = tuple(f"{layer_name}.{suffix}" for suffix in ("weight_orig", "weight_u", "weight_v"))
    return Source(published_names, (shape, shape[:1], (math.prod(shape[1:]),)), folded=True)


def stacked(tensor: Tensor, published_names: tuple[str, ...]) -> Source:
    """One tensor for each entry of the first axis."""
    return Source(published_names, (tuple(tensor.shape[1:]),) * len(published_names), stacked=True)


# ---------------------------------------------------------------- what shapes tell


def part_of(shapes: Shapes, prefix: str) -> Shapes:
    """The tensors whose names begin with `prefix`, by the rest of their names."""
    return {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}


def vote(shapes: Shapes, witnesses: Iterable[tuple[str, int, int]], default: int) -> int:
    """The number, at least 1, that most of (tensor name, axis, divisor) tell: the length of that axis / divisor."""
    votes = [
        shapes[tensor_name][axis] // divisor
        for tensor_name, axis, divisor in witnesses
        if tensor_name in shapes and axis < len(shapes[tensor_name]) and shapes[tensor_name][axis] % divisor == 0
    ]
    return max(1, most_common(votes, default))


def most_common(numbers: Iterable[int], default: int) -> int:
    """The number that is there most often, the first of equals; `default` if there is none."""
    votes = Counter(numbers)
    return votes.most_common(1)[0][0] if votes else default


def ending(shapes: Shapes, suffix: str, axis: int) -> list[tuple[str, int, int]]:
    """Witnesses for `vote`: all tensors whose names end so."""
    return [(tensor_name, axis, 1) for tensor_name in shapes if tensor_name.endswith(suffix)]
