"""The authors' released SEAN files: latest_net_G.pth, with its style encoder, and latest_net_D.pth."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor, nn

from engine.nn.sean import SEAN
from engine.nn.style_encoder import StyleEncoderConfig
from engine.systems.released_files import (
    BLOCKS,
    SPADE_PARTS,
    convolution,
    generator_width,
    hidden_width,
    place_outer,
    published_discriminator,
)
from engine.systems.sean.network import SEANConfig
from engine.systems.sean.system import MEAN_STYLE
from engine.weights.published_plan import (
    Known,
    Plan,
    PublishedNetwork,
    Shapes,
    ending,
    plain,
    stacked,
    vote,
)

TRANSFORMS = 19
"""Style transforms per layer in the published code, whatever the number of labels."""
_MARKS = re.compile(r"^Zencoder\.|\.ace_[01s]\.")
_ENCODER = {"conv_0": "1", "conv_1": "4", "conv_2": "7", "conv_3": "10", "conv_4": "14"}
_PARTS = {
    "noise_strength": "noise_var",
    "style_gamma": "conv_gamma",
    "style_beta": "conv_beta",
    "blend_gamma": "blending_gamma",
    "blend_beta": "blending_beta",
}


def _generator_config(shapes: Shapes, known_config: Known) -> SEANConfig:
    style_witnesses = [("Zencoder.model.14.bias", 0, 1)]
    transform_names = [tensor_name for tensor_name in shapes if re.search(r"\.fc_mu\d+\.weight$", tensor_name)]
    encoder_widths = [
        vote(shapes, [(f"Zencoder.model.{layer_number}.bias", 0, 1)], default)
        for layer_number, default in (("1", 32), ("4", 64), ("7", 128), ("10", 256))
    ]
    label_count = vote(shapes, [("fc.weight", 1, 1), *ending(shapes, "mlp_shared.0.weight", 1)], 19)
    published = SEANConfig.published(generator_width(shapes), label_count, int(known_config.get("resolution", 256)))
    return SEANConfig(
        labels=published.labels,
        resolution=published.resolution,
        channels=published.channels,
        style_width=vote(shapes, [*style_witnesses, *((tensor_name, 1, 1) for tensor_name in transform_names)], 512),
        style_hidden=vote(
            shapes,
            [*((tensor_name, 0, 1) for tensor_name in transform_names), *ending(shapes, ".conv_gamma.weight", 1)],
            512,
        ),
        spade_hidden=hidden_width(shapes),
        encoder=StyleEncoderConfig(widths=(encoder_widths[0], encoder_widths[1], encoder_widths[2], encoder_widths[3])),
    )


def _norm_stem(block_index: str, layer_name: str) -> str:
    """A normalisation layer's published name: "blocks.0", "norm_1" -> "head_0.ace_1"."""
    return f"{BLOCKS[int(block_index)]}.{layer_name.replace('norm_', 'ace_')}"


def _place_tensor(plan: Plan, tensor_name: str, tensor: Tensor) -> None:
    if place_outer(plan, tensor_name, tensor):
        return
    name_parts = tensor_name.split(".")
    if name_parts[0] == "encoders":
        plan.sources[tensor_name] = plain(tensor, f"Zencoder.model.{_ENCODER[name_parts[2]]}.{name_parts[3]}")
        return
    block_index, layer_name, parameter_parts = name_parts[1], name_parts[2], name_parts[3:]
    if layer_name.startswith("conv_"):
        plan.sources[tensor_name] = convolution(tensor, f"{BLOCKS[int(block_index)]}.{layer_name}", parameter_parts[0])
        return
    published_layer = _norm_stem(block_index, layer_name)
    if parameter_parts[0] == "norm":
        optional = parameter_parts[1] == "num_batches_tracked"
        plan.sources[tensor_name] = plain(
            tensor, f"{published_layer}.param_free_norm.{parameter_parts[1]}", optional=optional
        )
        never_used = f"{published_layer}.Spade.param_free_norm.{parameter_parts[1]}"
        plan.unused[never_used] = tuple(tensor.shape)
    elif parameter_parts[0] == "spade":
        plan.sources[tensor_name] = plain(
            tensor, f"{published_layer}.Spade.{SPADE_PARTS[parameter_parts[1]]}.{parameter_parts[2]}"
        )
    elif parameter_parts[0] == "style_transform":
        transform_names = tuple(f"{published_layer}.fc_mu{label}.{parameter_parts[1]}" for label in range(len(tensor)))
        plan.sources[tensor_name] = stacked(tensor, transform_names)
    else:
        plan.sources[tensor_name] = plain(
            tensor, ".".join([published_layer, _PARTS[parameter_parts[0]], *parameter_parts[1:]])
        )


def _leftovers(plan: Plan, network: nn.Module, shapes: Shapes) -> None:
    """Blending factors of blocks without style, which have nothing to blend, and the rest of 19 style transforms."""
    config: SEANConfig = plan.config
    for module_name, module in network.named_modules():
        if not isinstance(module, SEAN):
            continue
        published_layer = _norm_stem(*module_name.split(".")[1:3])
        if not module.styled:
            plan.unused |= {f"{published_layer}.blending_{modulation}": (1,) for modulation in ("gamma", "beta")}
            continue
        for label in range(config.labels, TRANSFORMS):
            plan.unused[f"{published_layer}.fc_mu{label}.weight"] = (config.style_hidden, config.style_width)
            plan.unused[f"{published_layer}.fc_mu{label}.bias"] = (config.style_hidden,)


def _notes(config: Any, published_state: dict[str, Tensor]) -> list[str]:
    return [] if MEAN_STYLE in published_state else ["No mean style comes with them: give each region a style."]


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: any(_MARKS.search(key) for key in shapes),
        read_config=_generator_config,
        place=_place_tensor,
        leftovers=_leftovers,
        notes=_notes,
    ),
    published_discriminator(1, 3),
)
