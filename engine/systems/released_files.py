"""What the released files of SPADE, SEAN and SMIS have in common: the three are one code base.

Their generators have blocks of the same names, the two image encoders the same layers, and there is one
discriminator, whose number of layers tells whose it is.
"""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from engine.nn.discriminators import PatchDiscriminatorConfig
from engine.weights.published_plan import (
    ENCODER,
    Known,
    Plan,
    PublishedNetwork,
    Shapes,
    Source,
    ending,
    folded,
    plain,
    vote,
)

BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3", "up_4")
"""Published names of the generators' residual blocks, in the order of ours."""
BLOCK_UNITS = {"head_0": 16, "G_middle_0": 16, "G_middle_1": 16, "up_0": 8, "up_1": 4, "up_2": 2, "up_3": 1}
"""Channels after each block, in units of "ngf"."""
SPADE_PARTS = {"shared": "mlp_shared.0", "gamma": "mlp_gamma", "beta": "mlp_beta"}

_GENERATOR = re.compile(r"\.norm_[01s]\.mlp_(shared|gamma|beta)\.")
_ENCODER_LAYER = re.compile(r"^layer\d\.0\.weight_orig$")
_SCALE = re.compile(r"(discriminator_\d+)\.(model\d+)\.")


# ---------------------------------------------------------------- generators


def is_generator(shapes: Shapes) -> bool:
    """Whether these are tensors of SPADE's or SMIS's generator."""
    return any(_GENERATOR.search(tensor_name) for tensor_name in shapes)


def is_grouped(shapes: Shapes) -> bool:
    """Whether such a generator is SMIS's: most of its first block's convolutions are grouped."""
    grouped_votes = []
    for tensor_name in ("head_0.conv_0.weight_orig", "head_0.conv_1.weight_orig"):
        if len(shapes.get(tensor_name, ())) == 4:
            grouped_votes.append(shapes[tensor_name][0] > shapes[tensor_name][1])
    for tensor_name in ("head_0.norm_0.mlp_shared.0.weight", "head_0.norm_1.mlp_shared.0.weight"):
        if len(shapes.get(tensor_name, ())) == 4:
            grouped_votes.append(shapes[tensor_name][1] <= 2)  # SPADE has as many as labels
    return 2 * sum(grouped_votes) > len(grouped_votes)


def generator_width(shapes: Shapes) -> int:
    """ngf, from the biases of the main convolutions."""
    witnesses = [(f"{block_name}.conv_1.bias", 0, block_units) for block_name, block_units in BLOCK_UNITS.items()]
    return vote(shapes, [*witnesses, ("fc.bias", 0, 16), ("up_3.conv_0.bias", 0, 1)], 64)


def hidden_width(shapes: Shapes) -> int:
    """The width between the two convolutions of a SPADE layer."""
    return vote(shapes, ending(shapes, "mlp_shared.0.bias", 0), 128)


def place_outer(plan: Plan, tensor_name: str, tensor: Tensor) -> bool:
    """Place the first and the last layer of a generator; False for what is in between."""
    for our_layer, published_layer in (("start", "fc"), ("to_image", "conv_img")):
        if tensor_name.startswith(our_layer + "."):
            plan.sources[tensor_name] = plain(tensor, published_layer + tensor_name[len(our_layer) :])
            return True
    return False


def convolution(tensor: Tensor, published_layer: str, parameter_name: str) -> Source:
    """A spectrally normalised convolution's weight, or its plain bias."""
    return (
        folded(tensor, published_layer)
        if parameter_name == "weight"
        else plain(tensor, f"{published_layer}.{parameter_name}")
    )


def place_spade(plan: Plan, tensor_name: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's generator; an encoder inside it comes from a file of its own."""
    if place_outer(plan, tensor_name, tensor):
        return
    if tensor_name.startswith("encoder."):
        place_encoder(plan, tensor_name, tensor)
        return
    _, block_index, layer_name, *name_parts = tensor_name.split(".")
    published_layer = f"{BLOCKS[int(block_index)]}.{layer_name}"
    if layer_name.startswith("conv_"):
        plan.sources[tensor_name] = convolution(tensor, published_layer, name_parts[0])
    elif name_parts[0] == "norm":
        optional = name_parts[1] == "num_batches_tracked"
        plan.sources[tensor_name] = plain(
            tensor, f"{published_layer}.param_free_norm.{name_parts[1]}", optional=optional
        )
    else:
        plan.sources[tensor_name] = plain(tensor, f"{published_layer}.{SPADE_PARTS[name_parts[1]]}.{name_parts[2]}")


def missing_encoder(config: Any, published_state: dict[str, Tensor]) -> list[str]:
    """The note of a generator with a latent that came without its image encoder."""
    if not config.latent or config.encoder is not None:
        return []
    return ["No image encoder comes with them: styles are sampled, pictures cannot give any."]


# ---------------------------------------------------------------- encoders


def is_encoder(shapes: Shapes) -> bool:
    """Whether these are tensors of SPADE's or SMIS's image encoder."""
    return any(_ENCODER_LAYER.search(tensor_name) for tensor_name in shapes)


def is_region_encoder(shapes: Shapes) -> bool:
    """Whether such an encoder is SMIS's: its last layers are convolutions."""
    return 4 in [len(shapes[tensor_name]) for tensor_name in ("fc_mu.weight", "fc_var.weight") if tensor_name in shapes]


def place_encoder(plan: Plan, tensor_name: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's image encoder, by itself or inside a generator ("encoder.")."""
    prefix = ENCODER if tensor_name.startswith("encoder.") else ""
    layer_name, *name_parts = tensor_name.removeprefix("encoder.").split(".")
    if layer_name == "layers":
        plan.sources[tensor_name] = folded(tensor, f"{prefix}layer{int(name_parts[0]) + 1}.0")
    else:
        plan.sources[tensor_name] = plain(
            tensor, f"{prefix}{'fc_mu' if layer_name == 'mean' else 'fc_var'}.{name_parts[0]}"
        )


# ---------------------------------------------------------------- the discriminator


def discriminator_layers(shapes: Shapes) -> int:
    """Convolutions before the last one, at least 1; 0 if these are no tensors of a discriminator."""
    if not any(re.match(r"discriminator_\d+\.", tensor_name) for tensor_name in shapes):
        return 0
    return max(1, len({match[2] for tensor_name in shapes if (match := _SCALE.match(tensor_name))}) - 1)


def _discriminator_config(shapes: Shapes, known_config: Known) -> PatchDiscriminatorConfig:
    """The last hidden stride leaves no trace in shapes: SEAN has 3 layers and 2, SPADE and SMIS have 4 and 1."""
    scales = {match[1] for key in shapes if (match := _SCALE.match(key))}
    layers = discriminator_layers(shapes)
    first_layers = [(f"{scale}.model0.0.weight", 1, 1) for scale in scales]
    return PatchDiscriminatorConfig(
        in_channels=vote(shapes, first_layers, 22),
        width=vote(shapes, [(key, 0, 1) for key, _, _ in first_layers], 64),
        layers=layers,
        last_stride=int(known_config.get("last_stride", 2 if layers <= 3 else 1)),
        scales=max(1, len(scales)),
    )


def _place_discriminator(plan: Plan, tensor_name: str, tensor: Tensor) -> None:
    config: Any = plan.config
    _, scale_index, layer_name, *name_parts = tensor_name.split(".")
    if layer_name == "hidden":
        plan.sources[tensor_name] = folded(tensor, f"discriminator_{scale_index}.model{int(name_parts[0]) + 1}.0.0")
    else:
        layer_index = 0 if layer_name == "first" else config.layers
        plan.sources[tensor_name] = plain(tensor, f"discriminator_{scale_index}.model{layer_index}.0.{name_parts[0]}")


def published_discriminator(fewest_layers: int, most_layers: int) -> PublishedNetwork:
    """The discriminator of the system whose discriminators have so many layers."""
    return PublishedNetwork(
        network="discriminator",
        recognises=lambda shapes: fewest_layers <= discriminator_layers(shapes) <= most_layers,
        read_config=_discriminator_config,
        place=_place_discriminator,
    )
