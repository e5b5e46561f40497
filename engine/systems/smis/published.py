"""What the authors' released SMIS files tell by their shapes: which of the three generators, and its encoder.

The names of the tensors are SPADE's (`engine.systems.released_files`); grouped convolutions have fewer input channels.
"""

from __future__ import annotations

import re

from torch import nn

from engine.nn.group_schedule import Schedule
from engine.nn.region_encoder import RegionEncoderConfig
from engine.systems.released_files import (
    BLOCK_UNITS,
    UPSAMPLINGS,
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
from engine.weights.published_plan import ENCODER, Known, Plan, PublishedNetwork, Shapes, most_common, part_of

LATENT = 8
"""Channels of each label's latent in all published networks; no shape tells them apart from the label count."""

_ADE_UNITS = {"G_middle_0": 32, "G_middle_1": 16, "up_0": 16, "up_1": 8, "up_2": 4, "up_3": 2}


def _config(shapes: Shapes, known: Known) -> SMISConfig:
    """The generator's configuration; its encoder's too where `ENCODER` tensors are there.

    `known`: "depth" (SPADE's "normal", "more", "most"), "resolution", "aspect_ratio", which no shape tells.
    Raises ValueError if the numbers make no network.
    """
    schedule = _schedule(shapes)
    labels = _labels(shapes, schedule)
    depth = str(known.get("depth", "more"))
    if depth not in UPSAMPLINGS:
        raise ValueError(f"{depth!r} is no depth")
    multiples: tuple[float, ...] = (16, 16, 16, 16, 8, 4, 2, 1)
    if depth == "most":
        multiples += (0.5,)
    encoder_shapes = part_of(shapes, ENCODER)
    encoder = _encoder_config(encoder_shapes, known) if encoder_shapes else None
    if encoder is not None and encoder.labels != labels:
        raise ValueError(f"its encoder is for {encoder.labels} labels, not for {labels}")
    return SMISConfig(
        labels=labels,
        edges=schedule == "cityscapes",
        resolution=int(known.get("resolution", 512 if schedule == "cityscapes" else 256)),
        aspect_ratio=float(known.get("aspect_ratio", 2.0 if schedule == "cityscapes" else 1.0)),
        width=_width(shapes, schedule),
        multiples=multiples,
        upsamplings=UPSAMPLINGS[depth],
        latent=LATENT,
        schedule=schedule,
        hidden=most_common([shapes[key][0] for key in shapes if key.endswith("mlp_shared.0.bias")], 128),
        encoder=None if encoder is None else encoder.encoder,
    )


def _encoder_config(shapes: Shapes, known: Known) -> SMISEncoderConfig:
    """The encoder's configuration."""
    total = [shapes[key][0] for key in ("fc_mu.bias", "fc_var.bias", "fc_mu.weight", "fc_var.weight") if key in shapes]
    labels = max(1, most_common(total, 64) // LATENT)
    layers = len({match[1] for key in shapes if (match := re.match(r"layer(\d+)\.0\.", key))})
    first = [
        shapes[f"layer{n}.0.weight_orig"][0] // (min(2 ** (n - 1), 8) * labels)
        for n in range(1, layers + 1)
        if f"layer{n}.0.weight_orig" in shapes
    ]
    wide = labels == 35  # Cityscapes
    return SMISEncoderConfig(
        labels=labels,
        latent=LATENT,
        resolution=int(known.get("resolution", 512 if wide else 256)),
        aspect_ratio=float(known.get("aspect_ratio", 2.0 if wide else 1.0)),
        layers=layers,
        encoder=RegionEncoderConfig(width=most_common(first, 32)),
    )


def _leftovers(plan: Plan, network: nn.Module, shapes: Shapes) -> None:
    """What the ADE20K network makes and never uses: a last block."""
    if plan.config.schedule == "ade20k":
        plan.unused |= {key: shape for key, shape in shapes.items() if key.startswith("up_4.")}


def _schedule(shapes: Shapes) -> Schedule:
    """By how many label channels a group of the last block's CG-Norms sees: one; a label and its edge; or several."""
    seen = [
        shapes[key][1]
        for key in (f"up_{block}.norm_{norm}.mlp_shared.0.weight" for block in (1, 2, 3) for norm in "01s")
        if len(shapes.get(key, ())) == 4
    ]
    common = most_common(seen, 8)
    return "ade20k" if common == 1 else "cityscapes" if common == 2 else "deepfashion"


def _labels(shapes: Shapes, schedule: Schedule) -> int:
    """In each network one group per label in the first block, so that is told by ratios; and by what else there is."""
    votes = []
    for block in ("head_0",) if schedule == "ade20k" else ("head_0", "G_middle_0"):
        for conv in ("conv_0", "conv_1"):
            shape = shapes.get(f"{block}.{conv}.weight_orig", ())
            if len(shape) == 4 and shape[1] and shape[0] % shape[1] == 0:
                votes.append(shape[0] // shape[1])
    if schedule == "ade20k":
        votes += [shapes[key][0] // 16 for key in ("fc.bias", "head_0.conv_0.bias") if key in shapes]
    elif schedule == "cityscapes":
        votes += [shapes[key][0] for key in shapes if re.match(r"up_3\.norm_.\.mlp_shared\.0\.bias", key)]
    elif len(shapes.get("fc.weight", ())) == 4:
        votes.append(shapes["fc.weight"][1])
    return max(1, most_common(votes, 8))


def _width(shapes: Shapes, schedule: Schedule) -> int:
    units = _ADE_UNITS if schedule == "ade20k" else BLOCK_UNITS
    votes = [
        shapes[f"{name}.conv_1.bias"][0] // unit for name, unit in units.items() if shapes.get(f"{name}.conv_1.bias")
    ]
    return max(1, most_common(votes, 64))


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: is_generator(shapes) and is_grouped(shapes),
        read_config=_config,
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
