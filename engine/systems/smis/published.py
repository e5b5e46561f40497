"""What the authors' released SMIS files tell by their shapes: which of the three generators, and its encoder.

The names of the tensors are SPADE's (`engine.systems.released_files`); grouped convolutions have fewer input channels.
"""

from __future__ import annotations

import re

from torch import nn

from engine.errors import ConfigError
from engine.nn.group_schedule import Schedule
from engine.nn.region_encoder import RegionEncoderConfig
from engine.systems.released_files import (
    BLOCK_UNITS,
    is_encoder,
    is_generator,
    is_grouped,
    is_region_encoder,
    missing_encoder,
    place_encoder,
    place_spade,
)
from engine.systems.smis.encoder import SMISEncoderConfig
from engine.systems.smis.network import SMISConfig
from engine.systems.spade.system import UPSAMPLINGS
from engine.weights.published_plan import ENCODER, Known, Plan, PublishedNetwork, Shapes, most_common, part_of

LATENT = 8
"""Channels of each label's latent in all published networks; no shape tells them apart from the label count."""

_ADE_UNITS = {"G_middle_0": 32, "G_middle_1": 16, "up_0": 16, "up_1": 8, "up_2": 4, "up_3": 2}


def _generator_config(shapes: Shapes, known_config: Known) -> SMISConfig:
    """The generator's configuration; its encoder's too where `ENCODER` tensors are there.

    `known_config`: "depth" (SPADE's "normal", "more", "most"), "resolution", "aspect_ratio", which no shape tells.
    Raises ValueError if the numbers make no network.
    """
    schedule = _schedule(shapes)
    label_count = _label_count(shapes, schedule)
    depth = str(known_config.get("depth", "more"))
    if depth not in UPSAMPLINGS:
        raise ConfigError("{0} is no depth", repr(depth))
    multiples: tuple[float, ...] = (16, 16, 16, 16, 8, 4, 2, 1)
    if depth == "most":
        multiples += (0.5,)
    encoder_shapes = part_of(shapes, ENCODER)
    encoder_config = _encoder_config(encoder_shapes, known_config) if encoder_shapes else None
    if encoder_config is not None and encoder_config.labels != label_count:
        raise ConfigError(
            "its encoder is for {0} labels, not for {1}", encoder_config.labels, label_count
        )
    return SMISConfig(
        labels=label_count,
        edges=schedule == "cityscapes",
        resolution=int(known_config.get("resolution", 512 if schedule == "cityscapes" else 256)),
        aspect_ratio=float(known_config.get("aspect_ratio", 2.0 if schedule == "cityscapes" else 1.0)),
        width=_base_width(shapes, schedule),
        multiples=multiples,
        upsamplings=UPSAMPLINGS[depth],
        latent=LATENT,
        schedule=schedule,
        hidden=most_common(
            [shapes[tensor_name][0] for tensor_name in shapes if tensor_name.endswith("mlp_shared.0.bias")], 128
        ),
        encoder=None if encoder_config is None else encoder_config.encoder,
    )


def _encoder_config(shapes: Shapes, known_config: Known) -> SMISEncoderConfig:
    """The encoder's configuration."""
    latent_channels = [
        shapes[tensor_name][0]
        for tensor_name in ("fc_mu.bias", "fc_var.bias", "fc_mu.weight", "fc_var.weight")
        if tensor_name in shapes
    ]
    label_count = max(1, most_common(latent_channels, 64) // LATENT)
    layer_count = len({match[1] for tensor_name in shapes if (match := re.match(r"layer(\d+)\.0\.", tensor_name))})
    widths = [
        shapes[f"layer{layer_number}.0.weight_orig"][0] // (min(2 ** (layer_number - 1), 8) * label_count)
        for layer_number in range(1, layer_count + 1)
        if f"layer{layer_number}.0.weight_orig" in shapes
    ]
    is_cityscapes = label_count == 35
    return SMISEncoderConfig(
        labels=label_count,
        latent=LATENT,
        resolution=int(known_config.get("resolution", 512 if is_cityscapes else 256)),
        aspect_ratio=float(known_config.get("aspect_ratio", 2.0 if is_cityscapes else 1.0)),
        layers=layer_count,
        encoder=RegionEncoderConfig(width=most_common(widths, 32)),
    )


def _leftovers(plan: Plan, network: nn.Module, shapes: Shapes) -> None:
    """What the ADE20K network makes and never uses: a last block."""
    if plan.config.schedule == "ade20k":
        plan.unused |= {tensor_name: shape for tensor_name, shape in shapes.items() if tensor_name.startswith("up_4.")}


def _schedule(shapes: Shapes) -> Schedule:
    """By how many label channels a group of the last block's CG-Norms sees: one; a label and its edge; or several."""
    group_channels = [
        shapes[tensor_name][1]
        for tensor_name in (
            f"up_{block}.norm_{norm_suffix}.mlp_shared.0.weight" for block in (1, 2, 3) for norm_suffix in "01s"
        )
        if len(shapes.get(tensor_name, ())) == 4
    ]
    usual_channels = most_common(group_channels, 8)
    return "ade20k" if usual_channels == 1 else "cityscapes" if usual_channels == 2 else "deepfashion"


def _label_count(shapes: Shapes, schedule: Schedule) -> int:
    """The first block has one group per label in each network, so its ratios of channels tell, as other tensors do."""
    votes = []
    for block_name in ("head_0",) if schedule == "ade20k" else ("head_0", "G_middle_0"):
        for convolution in ("conv_0", "conv_1"):
            shape = shapes.get(f"{block_name}.{convolution}.weight_orig", ())
            if len(shape) == 4 and shape[1] and shape[0] % shape[1] == 0:
                votes.append(shape[0] // shape[1])
    if schedule == "ade20k":
        votes += [
            shapes[tensor_name][0] // 16 for tensor_name in ("fc.bias", "head_0.conv_0.bias") if tensor_name in shapes
        ]
    elif schedule == "cityscapes":
        votes += [
            shapes[tensor_name][0]
            for tensor_name in shapes
            if re.match(r"up_3\.norm_.\.mlp_shared\.0\.bias", tensor_name)
        ]
    elif len(shapes.get("fc.weight", ())) == 4:
        votes.append(shapes["fc.weight"][1])
    return max(1, most_common(votes, 8))


def _base_width(shapes: Shapes, schedule: Schedule) -> int:
    units = _ADE_UNITS if schedule == "ade20k" else BLOCK_UNITS
    votes = [
        shapes[f"{block_name}.conv_1.bias"][0] // block_units
        for block_name, block_units in units.items()
        if shapes.get(f"{block_name}.conv_1.bias")
    ]
    return max(1, most_common(votes, 64))


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: is_generator(shapes) and is_grouped(shapes),
        read_config=_generator_config,
        place=place_spade,
        leftovers=_leftovers,
        encoder="encoder",
        notes=missing_encoder,
    ),
    PublishedNetwork(
        network="encoder",
        recognises=lambda shapes: is_encoder(shapes) and not is_generator(shapes) and is_region_encoder(shapes),
        read_config=_encoder_config,
        place=place_encoder,
    ),
)
