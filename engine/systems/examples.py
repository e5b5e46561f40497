"""What a system shows of itself, for tests alone: small configurations of its networks, inputs for them, the shapes of
what comes out, and small weights that paint. A system's `examples.py` gives them (`System.examples`), so that the tests
of all systems need no line for a new one. Imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from engine.nn.blocks import one_hot, sample_latent

BLOCK = 8
"""Side in pixels of the blocks of one label in a drawn label map."""


@dataclass(frozen=True)
class Size:
    """Of a batch: pictures, and the pixels of each."""

    batch: int
    height: int
    width: int


Inputs = Callable[[Any, Size], list[Any]]
"""(config, size) -> what `forward` takes, in order; the same on every call."""
Shapes = Callable[[Any, Size], list[tuple[int, ...]]]
"""(config, size) -> the shape of each output, in order."""
Encode = Callable[[Any, Tensor, list[Any]], list[Any]]
"""(network, pictures (B, 3, H, W) in [-1, 1], inputs) -> inputs in which codes are of the network's own encoder."""


def one_picture(config: Any, size: Size) -> list[tuple[int, ...]]:
    """The shape of a network's output that paints one picture (B, 3, H, W)."""
    return [(size.batch, 3, size.height, size.width)]


@dataclass(frozen=True, kw_only=True)
class NetworkExample:
    """One network of a system.

    inputs, shapes: see above.
    small: settings of its config that make a test quick.
    variants: configurations that the paper compares, as changes of the default config, which is "".
    small_variants: what makes these quick beside `small`.
    encode: where the network has an encoder of its own.
    """

    inputs: Inputs
    shapes: Shapes = one_picture
    small: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    small_variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    encode: Encode | None = None

    def small_values(self, variant: str) -> dict[str, Any]:
        """A variant's settings with those that make it quick; of configs within the config too."""
        values = dict(self.variants[variant])
        for name, setting in {**self.small, **self.small_variants.get(variant, {})}.items():
            if not isinstance(setting, Mapping):
                values[name] = setting
            elif values.get(name, {}) is not None:
                values[name] = {**values.get(name, {}), **setting}
        return values


@dataclass(frozen=True)
class Tiny:
    """The smallest configuration, which tests alone train: fields of the recipe's [model] and [task]."""

    resolution: int
    model: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)


class NeedsNumbers(NamedTuple):
    """A function that takes numbers out of tensors, so that it cannot run on tensors that have shapes and devices alone
    (a test of devices pretends so).

    owner: the module or class in which it is looked up. stand_in: what has its parameters and the shapes of its result.
    """

    owner: Any
    function_name: str
    stand_in: Callable[..., Any]
    reason: str


RECIPE_MILLIONS: Mapping[str, tuple[float, float]] = {"small": (0.5, 25), "standard": (5, 150), "paper": (20, 400)}


@dataclass(frozen=True, kw_only=True)
class Examples:
    """networks: by name. weights: small weights that paint 64 x 64 pixels, by name: settings of the first network
    without its labels. tiny: what tests train. recipe_millions: sizes of which it has a recipe, and between how many
    millions of parameters the network of each has. needs_numbers: functions of its own task."""

    networks: Mapping[str, NetworkExample]
    weights: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tiny: Tiny
    recipe_millions: Mapping[str, tuple[float, float]] = field(default_factory=lambda: RECIPE_MILLIONS)
    needs_numbers: tuple[NeedsNumbers, ...] = ()


# ---------------------------------------------------------------- what networks take


def label_maps(labels: int, size: Size) -> Tensor:
    """(B, labels, H, W): one-hot maps of blocks of random labels."""
    shape = (size.batch, -(-size.height // BLOCK), -(-size.width // BLOCK))
    ids = torch.randint(0, labels, shape, generator=_generator())
    return one_hot(ids.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)[:, : size.height, : size.width], labels)


def pictures(size: Size) -> Tensor:
    """(B, 3, H, W) in [-1, 1]."""
    return torch.rand(size.batch, 3, size.height, size.width, generator=_generator()) * 2 - 1


def normal_numbers(*shape: int) -> Tensor:
    """Numbers of that shape, drawn from the standard normal distribution."""
    return torch.randn(*shape, generator=_generator())


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


# ---------------------------------------------------------------- what several systems have


def sampled_by_encoder(network: Any, image: Tensor, inputs: list[Any]) -> list[Any]:
    """The latent is drawn from what the network's encoder makes of pictures."""
    label_map, _, *more = inputs
    mean, spread = network.encode(image, label_map)
    return [label_map, sample_latent(mean, spread, torch.ones_like(spread)), *more]


def encoded_by_encoder(network: Any, image: Tensor, inputs: list[Any]) -> list[Any]:
    """The codes are those that the network's encoder makes of pictures."""
    label_map, _, *more = inputs
    return [label_map, network.encode(image, label_map)[0], *more]


def patch_discriminator_example(in_channels: int, layers: int, last_stride: int) -> NetworkExample:
    """Of `engine.systems.base.patch_discriminator`, as a system's authors published it."""
    return NetworkExample(
        inputs=lambda config, size: [label_maps(config.in_channels - 3, size), pictures(size)],
        shapes=_patch_shapes,
        small={"in_channels": 8, "width": 4},
        variants={"": {"in_channels": in_channels, "layers": layers, "last_stride": last_stride}},
    )


def _patch_shapes(config: Any, size: Size) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = []
    scale_side = size.height
    for _ in range(config.scales):
        side = scale_side
        for layer in range(config.layers):
            stride = config.last_stride if layer == config.layers - 1 else 2
            side = side // stride + 1  # kernel 4, padding 2
            shapes.append((size.batch, config.width * 2**layer, side, side))
        shapes.append((size.batch, 1, side + 1, side + 1))
        scale_side = (scale_side + 1) // 2
    return shapes
