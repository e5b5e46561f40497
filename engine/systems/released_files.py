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
UPSAMPLINGS = {"normal": 5, "more": 6, "most": 7}

_GENERATOR = re.compile(r"\.norm_[01s]\.mlp_(shared|gamma|beta)\.")
_ENCODER_LAYER = re.compile(r"^layer\d\.0\.weight_orig$")
_SCALE = re.compile(r"(discriminator_\d+)\.(model\d+)\.")


# ---------------------------------------------------------------- generators


def is_generator(shapes: Shapes) -> bool:
    """Whether these are tensors of SPADE's or SMIS's generator."""
    return any(_GENERATOR.search(key) for key in shapes)


def is_grouped(shapes: Shapes) -> bool:
    """Whether such a generator is SMIS's: most of its first block's convolutions are grouped."""
    marks = []
    for key in ("head_0.conv_0.weight_orig", "head_0.conv_1.weight_orig"):
        if len(shapes.get(key, ())) == 4:
            marks.append(shapes[key][0] > shapes[key][1])
    for key in ("head_0.norm_0.mlp_shared.0.weight", "head_0.norm_1.mlp_shared.0.weight"):
        if len(shapes.get(key, ())) == 4:
            marks.append(shapes[key][1] <= 2)  # SPADE has as many as labels
    return 2 * sum(marks) > len(marks)


def generator_width(shapes: Shapes) -> int:
    """ngf, from the biases of the main convolutions."""
    witnesses = [(f"{name}.conv_1.bias", 0, factor) for name, factor in BLOCK_UNITS.items()]
    return vote(shapes, [*witnesses, ("fc.bias", 0, 16), ("up_3.conv_0.bias", 0, 1)], 64)


def hidden_width(shapes: Shapes) -> int:
    """The width between the two convolutions of a SPADE layer."""
    return vote(shapes, ending(shapes, "mlp_shared.0.bias", 0), 128)


def place_outer(plan: Plan, key: str, tensor: Tensor) -> bool:
    """Place the first and the last layer of a generator; False for what is in between."""
    for ours, theirs in (("start", "fc"), ("to_image", "conv_img")):
        if key.startswith(ours + "."):
            plan.sources[key] = plain(tensor, theirs + key[len(ours) :])
            return True
    return False


def convolution(tensor: Tensor, stem: str, leaf: str) -> Source:
    """A spectrally normalised convolution's weight, or its plain bias."""
    return folded(tensor, stem) if leaf == "weight" else plain(tensor, f"{stem}.{leaf}")


def place_spade(plan: Plan, key: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's generator; an encoder inside it comes from a file of its own."""
    if place_outer(plan, key, tensor):
        return
    if key.startswith("encoder."):
        place_encoder(plan, key, tensor)
        return
    _, index, layer, *rest = key.split(".")
    stem = f"{BLOCKS[int(index)]}.{layer}"
    if layer.startswith("conv_"):
        plan.sources[key] = convolution(tensor, stem, rest[0])
    elif rest[0] == "norm":
        optional = rest[1] == "num_batches_tracked"
        plan.sources[key] = plain(tensor, f"{stem}.param_free_norm.{rest[1]}", optional=optional)
    else:
        plan.sources[key] = plain(tensor, f"{stem}.{SPADE_PARTS[rest[1]]}.{rest[2]}")


def missing_encoder(config: Any, state: dict[str, Tensor]) -> list[str]:
    """The note of a generator with a latent that came without its image encoder."""
    if not config.latent or config.encoder is not None:
        return []
    return ["No image encoder comes with them: styles are sampled, pictures cannot give any."]


# ---------------------------------------------------------------- encoders


def is_encoder(shapes: Shapes) -> bool:
    """Whether these are tensors of SPADE's or SMIS's image encoder."""
    return any(_ENCODER_LAYER.search(key) for key in shapes)


def is_region_encoder(shapes: Shapes) -> bool:
    """Whether such an encoder is SMIS's: its last layers are convolutions."""
    return 4 in [len(shapes[key]) for key in ("fc_mu.weight", "fc_var.weight") if key in shapes]


def place_encoder(plan: Plan, key: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's image encoder, by itself or inside a generator ("encoder.")."""
    prefix = ENCODER if key.startswith("encoder.") else ""
    first, *rest = key.removeprefix("encoder.").split(".")
    if first == "layers":
        plan.sources[key] = folded(tensor, f"{prefix}layer{int(rest[0]) + 1}.0")
    else:
        plan.sources[key] = plain(tensor, f"{prefix}{'fc_mu' if first == 'mean' else 'fc_var'}.{rest[0]}")


# ---------------------------------------------------------------- the discriminator


def discriminator_layers(shapes: Shapes) -> int:
    """Convolutions before the last one, at least 1; 0 if these are no tensors of a discriminator."""
    if not any(re.match(r"discriminator_\d+\.", key) for key in shapes):
        return 0
    return max(1, len({match[2] for key in shapes if (match := _SCALE.match(key))}) - 1)


def _discriminator_config(shapes: Shapes, known: Known) -> PatchDiscriminatorConfig:
    """The last hidden stride leaves no trace in shapes: SEAN has 3 layers and 2, SPADE and SMIS have 4 and 1."""
    scales = {match[1] for key in shapes if (match := _SCALE.match(key))}
    layers = discriminator_layers(shapes)
    first = [(f"{scale}.model0.0.weight", 1, 1) for scale in scales]
    return PatchDiscriminatorConfig(
        in_channels=vote(shapes, first, 22),
        width=vote(shapes, [(key, 0, 1) for key, _, _ in first], 64),
        layers=layers,
        last_stride=int(known.get("last_stride", 2 if layers <= 3 else 1)),
        scales=max(1, len(scales)),
    )


def _place_discriminator(plan: Plan, key: str, tensor: Tensor) -> None:
    config: Any = plan.config
    _, scale, layer, *rest = key.split(".")
    if layer == "hidden":
        plan.sources[key] = folded(tensor, f"discriminator_{scale}.model{int(rest[0]) + 1}.0.0")
    else:
        number = 0 if layer == "first" else config.layers
        plan.sources[key] = plain(tensor, f"discriminator_{scale}.model{number}.0.{rest[0]}")


def published_discriminator(fewest: int, most: int) -> PublishedNetwork:
    """The discriminator of the system whose discriminators have so many layers."""
    return PublishedNetwork(
        network="discriminator",
        recognises=lambda shapes: fewest <= discriminator_layers(shapes) <= most,
        read_config=_discriminator_config,
        place=_place_discriminator,
    )
