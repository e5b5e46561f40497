"""What the authors' released SMIS files tell by their shapes: which of the three generators, and its encoder.

The names of the tensors are SPADE's (`engine.weights.published_names`); grouped convolutions have fewer input
channels. Several tensors tell each number and the majority wins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from engine.nn.group_schedule import Schedule
from engine.nn.region_encoder import RegionEncoderConfig
from engine.systems.smis.encoder import SMISEncoderConfig
from engine.systems.smis.network import SMISConfig

Shapes = dict[str, tuple[int, ...]]
Known = dict[str, int | float | str]

LATENT = 8
"""Channels of each label's latent in all published networks; no shape tells them apart from the label count."""

ENCODER = "netE."
"""Stands before the names of an encoder's tensors where they come with a generator's."""

_SPADE_UNITS = {"head_0": 16, "G_middle_0": 16, "G_middle_1": 16, "up_0": 8, "up_1": 4, "up_2": 2, "up_3": 1}
_ADE_UNITS = {"G_middle_0": 32, "G_middle_1": 16, "up_0": 16, "up_1": 8, "up_2": 4, "up_3": 2}
_UPSAMPLINGS = {"normal": 5, "more": 6, "most": 7}


def is_grouped(shapes: Shapes) -> bool:
    """Whether a generator with SPADE's names is SMIS's: most of its first block's convolutions are grouped."""
    marks = []
    for key in ("head_0.conv_0.weight_orig", "head_0.conv_1.weight_orig"):
        if len(shapes.get(key, ())) == 4:
            marks.append(shapes[key][0] > shapes[key][1])
    for key in ("head_0.norm_0.mlp_shared.0.weight", "head_0.norm_1.mlp_shared.0.weight"):
        if len(shapes.get(key, ())) == 4:
            marks.append(shapes[key][1] <= 2)  # SPADE has as many as labels
    return 2 * sum(marks) > len(marks)


def is_region_encoder(shapes: Shapes) -> bool:
    """Whether an image encoder with SPADE's names is SMIS's: its last layers are convolutions."""
    last = [len(shapes[key]) for key in ("fc_mu.weight", "fc_var.weight") if key in shapes]
    return 4 in last


def smis_config(shapes: Shapes, known: Known) -> SMISConfig:
    """The generator's configuration; its encoder's too where `ENCODER` tensors are there.

    `known`: "depth" (SPADE's "normal", "more", "most"), "resolution", "aspect_ratio", which no shape tells.
    Raises ValueError if the numbers make no network.
    """
    schedule = _schedule(shapes)
    labels = _labels(shapes, schedule)
    depth = str(known.get("depth", "more"))
    if depth not in _UPSAMPLINGS:
        raise ValueError(f"{depth!r} is no depth")
    multiples: tuple[float, ...] = (16, 16, 16, 16, 8, 4, 2, 1)
    if depth == "most":
        multiples += (0.5,)
    found = part_of(shapes, ENCODER)
    encoder = region_encoder_config(found, known) if found else None
    if encoder is not None and encoder.labels != labels:
        raise ValueError(f"its encoder is for {encoder.labels} labels, not for {labels}")
    return SMISConfig(
        labels=labels,
        edges=schedule == "cityscapes",
        resolution=int(known.get("resolution", 512 if schedule == "cityscapes" else 256)),
        aspect_ratio=float(known.get("aspect_ratio", 2.0 if schedule == "cityscapes" else 1.0)),
        width=_width(shapes, schedule),
        multiples=multiples,
        upsamplings=_UPSAMPLINGS[depth],
        latent=LATENT,
        schedule=schedule,
        hidden=_most([shapes[key][0] for key in shapes if key.endswith("mlp_shared.0.bias")], 128),
        encoder=None if encoder is None else encoder.encoder,
    )


def region_encoder_config(shapes: Shapes, known: Known) -> SMISEncoderConfig:
    """The encoder's configuration."""
    total = [shapes[key][0] for key in ("fc_mu.bias", "fc_var.bias", "fc_mu.weight", "fc_var.weight") if key in shapes]
    labels = max(1, _most(total, 64) // LATENT)
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
        encoder=RegionEncoderConfig(width=_most(first, 32)),
    )


def leftovers(config: SMISConfig, shapes: Shapes) -> Shapes:
    """What the ADE20K network makes and never uses: a last block."""
    if config.schedule != "ade20k":
        return {}
    return {key: shape for key, shape in shapes.items() if key.startswith("up_4.")}


def part_of(shapes: Shapes, prefix: str) -> Shapes:
    """The tensors whose names begin with `prefix`, by the rest of their names."""
    return {key.removeprefix(prefix): shape for key, shape in shapes.items() if key.startswith(prefix)}


def _schedule(shapes: Shapes) -> Schedule:
    """By how many label channels a group of the last block's CG-Norms sees: one; a label and its edge; or several."""
    seen = [
        shapes[key][1]
        for key in (f"up_{block}.norm_{norm}.mlp_shared.0.weight" for block in (1, 2, 3) for norm in "01s")
        if len(shapes.get(key, ())) == 4
    ]
    common = _most(seen, 8)
    return "ade20k" if common == 1 else "cityscapes" if common == 2 else "deepfashion"


def _labels(shapes: Shapes, schedule: Schedule) -> int:
    """In each network one group per label in the first block, so that is told by ratios; and by what else there is."""
    found = []
    for block in ("head_0",) if schedule == "ade20k" else ("head_0", "G_middle_0"):
        for conv in ("conv_0", "conv_1"):
            shape = shapes.get(f"{block}.{conv}.weight_orig", ())
            if len(shape) == 4 and shape[1] and shape[0] % shape[1] == 0:
                found.append(shape[0] // shape[1])
    if schedule == "ade20k":
        found += [shapes[key][0] // 16 for key in ("fc.bias", "head_0.conv_0.bias") if key in shapes]
    elif schedule == "cityscapes":
        found += [shapes[key][0] for key in shapes if re.match(r"up_3\.norm_.\.mlp_shared\.0\.bias", key)]
    elif len(shapes.get("fc.weight", ())) == 4:
        found.append(shapes["fc.weight"][1])
    return max(1, _most(found, 8))


def _width(shapes: Shapes, schedule: Schedule) -> int:
    units = _ADE_UNITS if schedule == "ade20k" else _SPADE_UNITS
    found = [
        shapes[f"{name}.conv_1.bias"][0] // unit for name, unit in units.items() if shapes.get(f"{name}.conv_1.bias")
    ]
    return max(1, _most(found, 64))


def _most(numbers: Iterable[int], default: int) -> int:
    votes = Counter(numbers)
    return votes.most_common(1)[0][0] if votes else default
