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


def _config(shapes: Shapes, known: Known) -> SEANConfig:
    style = [("Zencoder.model.14.bias", 0, 1)]
    transforms = [key for key in shapes if re.search(r"\.fc_mu\d+\.weight$", key)]
    widths = [
        vote(shapes, [(f"Zencoder.model.{number}.bias", 0, 1)], default)
        for number, default in (("1", 32), ("4", 64), ("7", 128), ("10", 256))
    ]
    labels = vote(shapes, [("fc.weight", 1, 1), *ending(shapes, "mlp_shared.0.weight", 1)], 19)
    published = SEANConfig.published(generator_width(shapes), labels, int(known.get("resolution", 256)))
    return SEANConfig(
        labels=published.labels,
        resolution=published.resolution,
        channels=published.channels,
        style_width=vote(shapes, [*style, *((key, 1, 1) for key in transforms)], 512),
        style_hidden=vote(
            shapes, [*((key, 0, 1) for key in transforms), *ending(shapes, ".conv_gamma.weight", 1)], 512
        ),
        spade_hidden=hidden_width(shapes),
        encoder=StyleEncoderConfig(widths=(widths[0], widths[1], widths[2], widths[3])),
    )


def _norm_stem(block: str, layer: str) -> str:
    """A normalisation layer's published name: "blocks.0", "norm_1" -> "head_0.ace_1"."""
    return f"{BLOCKS[int(block)]}.{layer.replace('norm_', 'ace_')}"


def _place(plan: Plan, key: str, tensor: Tensor) -> None:
    if place_outer(plan, key, tensor):
        return
    parts = key.split(".")
    if parts[0] == "encoders":
        plan.sources[key] = plain(tensor, f"Zencoder.model.{_ENCODER[parts[2]]}.{parts[3]}")
        return
    block, layer, rest = parts[1], parts[2], parts[3:]
    if layer.startswith("conv_"):
        plan.sources[key] = convolution(tensor, f"{BLOCKS[int(block)]}.{layer}", rest[0])
        return
    stem = _norm_stem(block, layer)
    if rest[0] == "norm":
        optional = rest[1] == "num_batches_tracked"
        plan.sources[key] = plain(tensor, f"{stem}.param_free_norm.{rest[1]}", optional=optional)
        plan.unused[f"{stem}.Spade.param_free_norm.{rest[1]}"] = tuple(tensor.shape)  # a norm they never use
    elif rest[0] == "spade":
        plan.sources[key] = plain(tensor, f"{stem}.Spade.{SPADE_PARTS[rest[1]]}.{rest[2]}")
    elif rest[0] == "style_transform":
        keys = tuple(f"{stem}.fc_mu{label}.{rest[1]}" for label in range(len(tensor)))
        plan.sources[key] = stacked(tensor, keys)
    else:
        plan.sources[key] = plain(tensor, ".".join([stem, _PARTS[rest[0]], *rest[1:]]))


def _leftovers(plan: Plan, network: nn.Module, shapes: Shapes) -> None:
    """Blending factors of blocks without style, which have nothing to blend, and the rest of 19 style transforms."""
    config: SEANConfig = plan.config
    for name, module in network.named_modules():
        if not isinstance(module, SEAN):
            continue
        stem = _norm_stem(*name.split(".")[1:3])
        if not module.styled:
            plan.unused |= {f"{stem}.blending_{which}": (1,) for which in ("gamma", "beta")}
            continue
        for label in range(config.labels, TRANSFORMS):
            plan.unused[f"{stem}.fc_mu{label}.weight"] = (config.style_hidden, config.style_width)
            plan.unused[f"{stem}.fc_mu{label}.bias"] = (config.style_hidden,)


def _notes(config: Any, state: dict[str, Tensor]) -> list[str]:
    return [] if MEAN_STYLE in state else ["No mean style comes with them: give each region a style."]


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: any(_MARKS.search(key) for key in shapes),
        read_config=_config,
        place=_place,
        leftovers=_leftovers,
        notes=_notes,
    ),
    published_discriminator(1, 3),
)
