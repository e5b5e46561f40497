"""Configurations of published networks, read off the shapes of their tensors.

Several tensors tell each number and the majority wins, so that one wrong tensor is reported as such and not as a
hundred others. SMIS's are in `engine.systems.smis.published`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from engine.nn.discriminators import PatchDiscriminatorConfig
from engine.nn.style_encoder import StyleEncoderConfig
from engine.systems.sean.network import SEANConfig
from engine.systems.smis.encoder import SMISEncoderConfig
from engine.systems.smis.network import SMISConfig
from engine.systems.smis.published import (
    ENCODER,
    Known,
    Shapes,
    part_of,
    region_encoder_config,
    smis_config,
)
from engine.systems.spade.network import SPADEConfig, SPADEEncoderConfig

Config = SEANConfig | SPADEConfig | SPADEEncoderConfig | SMISConfig | SMISEncoderConfig | PatchDiscriminatorConfig

_UP = {"head_0": 16, "G_middle_0": 16, "G_middle_1": 16, "up_0": 8, "up_1": 4, "up_2": 2, "up_3": 1}


def _vote(shapes: Shapes, witnesses: Iterable[tuple[str, int, int]], default: int) -> int:
    """The number that most of (key, axis, factor) tell: the length of that axis / factor."""
    votes: Counter[int] = Counter()
    for key, axis, factor in witnesses:
        if key in shapes and axis < len(shapes[key]) and shapes[key][axis] % factor == 0:
            votes[shapes[key][axis] // factor] += 1
    return max(1, votes.most_common(1)[0][0]) if votes else default


def _ending(shapes: Shapes, suffix: str, axis: int) -> list[tuple[str, int, int]]:
    return [(key, axis, 1) for key in shapes if key.endswith(suffix)]


def _width(shapes: Shapes) -> int:
    """ngf, from the biases of the main convolutions."""
    witnesses = [(f"{name}.conv_1.bias", 0, factor) for name, factor in _UP.items()]
    return _vote(shapes, [*witnesses, ("fc.bias", 0, 16), ("up_3.conv_0.bias", 0, 1)], 64)


def _labels(shapes: Shapes) -> int:
    return _vote(shapes, [("fc.weight", 1, 1), *_ending(shapes, "mlp_shared.0.weight", 1)], 19)


def _hidden(shapes: Shapes) -> int:
    return _vote(shapes, _ending(shapes, "mlp_shared.0.bias", 0), 128)


def _sean_config(shapes: Shapes, known: Known) -> SEANConfig:
    style = [("Zencoder.model.14.bias", 0, 1)]
    transforms = [key for key in shapes if re.search(r"\.fc_mu\d+\.weight$", key)]
    widths = [
        _vote(shapes, [(f"Zencoder.model.{number}.bias", 0, 1)], default)
        for number, default in (("1", 32), ("4", 64), ("7", 128), ("10", 256))
    ]
    published = SEANConfig.published(_width(shapes), _labels(shapes), int(known.get("resolution", 256)))
    return SEANConfig(
        labels=published.labels,
        resolution=published.resolution,
        channels=published.channels,
        style_width=_vote(shapes, [*style, *((key, 1, 1) for key in transforms)], 512),
        style_hidden=_vote(
            shapes, [*((key, 0, 1) for key in transforms), *_ending(shapes, ".conv_gamma.weight", 1)], 512
        ),
        spade_hidden=_hidden(shapes),
        encoder=StyleEncoderConfig(widths=(widths[0], widths[1], widths[2], widths[3])),
    )


def _spade_config(shapes: Shapes, known: Known) -> SPADEConfig:
    """Depth "more" and the picture's format leave no trace in shapes: guessed from the published networks."""
    channels = _vote(shapes, _ending(shapes, "mlp_shared.0.weight", 1), 151)
    edges = bool(known.get("edges", channels in (36, 184)))  # Cityscapes and COCO-Stuff; ADE20K has no instances
    most = any(key.startswith("up_4.") for key in shapes)
    depth = str(known.get("depth", "most" if most else "more" if channels == 36 else "normal"))
    if depth not in ("normal", "more", "most") or (depth == "most") != most:
        raise ValueError(f"{depth!r} does not go with the blocks of the file")
    width, stride = _width(shapes), 2 ** {"normal": 5, "more": 6, "most": 7}[depth]
    resolution, aspect = (512, 2.0) if channels == 36 else (256, 1.0)
    latent, encoder = 0, part_of(shapes, ENCODER)
    if len(shapes.get("fc.weight", ())) == 2:
        latent = shapes["fc.weight"][1]
        pixels = shapes["fc.weight"][0] / (16 * width)
        resolution = max(1, round((pixels * float(known.get("aspect_ratio", aspect))) ** 0.5)) * stride
    return SPADEConfig(
        labels=channels - edges,
        edges=edges,
        resolution=int(known.get("resolution", resolution)),
        aspect_ratio=float(known.get("aspect_ratio", aspect)),
        width=width,
        depth=depth,  # type: ignore[arg-type]
        hidden=_hidden(shapes),
        latent=latent,
        encoder=_spade_encoder_config(encoder, known) if encoder else None,
    )


def _spade_encoder_config(shapes: Shapes, known: Known) -> SPADEEncoderConfig:
    factors = ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8))
    return SPADEEncoderConfig(
        width=_vote(shapes, [(f"layer{n}.0.weight_orig", 0, k) for n, k in factors], 64),
        latent=_vote(shapes, [("fc_mu.bias", 0, 1), ("fc_var.bias", 0, 1), ("fc_mu.weight", 0, 1)], 256),
    )


def _patch_config(shapes: Shapes, known: Known) -> PatchDiscriminatorConfig:
    """The last hidden stride leaves no trace in shapes: SEAN has 3 layers and 2, SPADE and SMIS have 4 and 1."""
    found = [re.match(r"(discriminator_\d+)\.(model\d+)\.", key) for key in shapes]
    scales = {match[1] for match in found if match}
    layers = max(1, len({match[2] for match in found if match}) - 1)
    first = [(f"{scale}.model0.0.weight", 1, 1) for scale in scales]
    return PatchDiscriminatorConfig(
        in_channels=_vote(shapes, first, 22),
        width=_vote(shapes, [(key, 0, 1) for key, _, _ in first], 64),
        layers=layers,
        last_stride=int(known.get("last_stride", 2 if layers <= 3 else 1)),
        scales=max(1, len(scales)),
    )


READERS: dict[str, Callable[[Shapes, Known], Config]] = {
    "sean": _sean_config,
    "spade": _spade_config,
    "spade_encoder": _spade_encoder_config,
    "smis": smis_config,
    "smis_encoder": region_encoder_config,
    "patch_discriminator": _patch_config,
}
