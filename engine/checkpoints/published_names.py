"""What the authors' released files call things, and where each of our tensors comes from.

A `Plan` says, for one network of ours, which published tensors make each of its own, and which published
tensors are not needed. Configurations are read off shapes: several tensors tell each number and the majority
wins, so that one wrong tensor is reported as such and not as a hundred others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from engine.checkpoints.published_smis import (
    ENCODER,
    is_grouped,
    is_region_encoder,
    leftovers,
    part_of,
    region_encoder_config,
    smis_config,
)
from engine.models.registry import family
from engine.models.sean import SEANConfig, StyleEncoderConfig
from engine.models.smis import SMISConfig, SMISEncoderConfig
from engine.models.spade import SPADEConfig, SPADEEncoderConfig
from engine.nn.discriminators import PatchDiscriminatorConfig
from engine.nn.sean import SEAN

Shapes = dict[str, tuple[int, ...]]
Config = SEANConfig | SPADEConfig | SPADEEncoderConfig | SMISConfig | SMISEncoderConfig | PatchDiscriminatorConfig

BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3", "up_4")
"""Published names of the generators' residual blocks, in the order of ours."""

_UP = {"head_0": 16, "G_middle_0": 16, "G_middle_1": 16, "up_0": 8, "up_1": 4, "up_2": 2, "up_3": 1}
_SPADE_PARTS = {"shared": "mlp_shared.0", "gamma": "mlp_gamma", "beta": "mlp_beta"}
_SEAN_PARTS = {
    "noise_strength": "noise_var",
    "style_gamma": "conv_gamma",
    "style_beta": "conv_beta",
    "blend_gamma": "blending_gamma",
    "blend_beta": "blending_beta",
}
_ZENCODER = {"conv_0": "1", "conv_1": "4", "conv_2": "7", "conv_3": "10", "conv_4": "14"}


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

    system: str
    config: Config
    sources: dict[str, Source] = field(default_factory=dict)
    unused: Shapes = field(default_factory=dict)

    def required(self) -> Shapes:
        """Every published key that must be there, with its shape, in the network's order."""
        return {
            key: shape
            for source in self.sources.values()
            if not source.optional
            for key, shape in zip(source.keys, source.shapes, strict=True)
        }

    def accepted(self) -> Shapes:
        """Every published key that may be there."""
        every = {
            key: shape
            for source in self.sources.values()
            for key, shape in zip(source.keys, source.shapes, strict=True)
        }
        return every | self.unused


def recognise(shapes: Shapes) -> str | None:
    """The system whose published file has such keys, or None."""
    markers = {
        "sean": r"^Zencoder\.|\.ace_[01s]\.",
        "patch_discriminator": r"^discriminator_\d+\.",
        "spade": r"\.norm_[01s]\.mlp_(shared|gamma|beta)\.",
        "spade_encoder": r"^layer\d\.0\.weight_orig$",
    }
    for system, pattern in markers.items():
        if any(re.search(pattern, key) for key in shapes):
            if system == "spade" and is_grouped(shapes):
                return "smis"
            if system == "spade_encoder" and is_region_encoder(shapes):
                return "smis_encoder"
            return system
    return None


def plan(system: str, shapes: Shapes, **known: int | float | str) -> Plan:
    """The plan for a file with these shapes. `known`: config fields that shapes cannot tell (resolution, ...).

    Raises ValueError if the numbers make no network.
    """
    config = _READERS[system](shapes, dict(known))
    if max(_numbers(config)) > _LARGEST:
        raise ValueError(f"a network of width {max(_numbers(config))} cannot be")
    with torch.device("meta"):
        network = family(system).build(config)
    result = Plan(system, config)
    for key, tensor in network.state_dict().items():
        _TRANSLATORS[system](result, key, tensor)
    if system == "sean":
        _sean_leftovers(result, network)
    if isinstance(config, SMISConfig):
        result.unused |= leftovers(config, shapes)
    return result


_LARGEST = 1 << 15


def _numbers(config: Config) -> list[int]:
    return [value for value in vars(config).values() if isinstance(value, int)]


# ---------------------------------------------------------------- configurations, read off shapes


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


def _sean_config(shapes: Shapes, known: dict[str, int | float | str]) -> SEANConfig:
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


def _spade_config(shapes: Shapes, known: dict[str, int | float | str]) -> SPADEConfig:
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


def _spade_encoder_config(shapes: Shapes, known: dict[str, int | float | str]) -> SPADEEncoderConfig:
    factors = ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8))
    return SPADEEncoderConfig(
        width=_vote(shapes, [(f"layer{n}.0.weight_orig", 0, k) for n, k in factors], 64),
        latent=_vote(shapes, [("fc_mu.bias", 0, 1), ("fc_var.bias", 0, 1), ("fc_mu.weight", 0, 1)], 256),
    )


def _patch_config(shapes: Shapes, known: dict[str, int | float | str]) -> PatchDiscriminatorConfig:
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


_READERS: dict[str, Callable[[Shapes, dict[str, int | float | str]], Config]] = {
    "sean": _sean_config,
    "spade": _spade_config,
    "spade_encoder": _spade_encoder_config,
    "smis": smis_config,
    "smis_encoder": region_encoder_config,
    "patch_discriminator": _patch_config,
}


# ---------------------------------------------------------------- names


def _plain(tensor: Tensor, key: str, *, optional: bool = False) -> Source:
    return Source((key,), (tuple(tensor.shape),), optional=optional)


def _folded(tensor: Tensor, stem: str) -> Source:
    shape = tuple(tensor.shape)
    columns = int(torch.tensor(shape[1:]).prod())
    keys = tuple(f"{stem}.{part}" for part in ("weight_orig", "weight_u", "weight_v"))
    return Source(keys, (shape, shape[:1], (columns,)), folded=True)


def _convolution(tensor: Tensor, stem: str, leaf: str) -> Source:
    """A spectrally normalised convolution's weight, or its plain bias."""
    return _folded(tensor, stem) if leaf == "weight" else _plain(tensor, f"{stem}.{leaf}")


def _outer(plan: Plan, key: str, tensor: Tensor) -> bool:
    """The first and the last layer of both generators."""
    for ours, theirs in (("start", "fc"), ("to_image", "conv_img")):
        if key.startswith(ours + "."):
            plan.sources[key] = _plain(tensor, theirs + key[len(ours) :])
            return True
    return False


def _sean_names(plan: Plan, key: str, tensor: Tensor) -> None:
    if _outer(plan, key, tensor):
        return
    parts = key.split(".")
    if parts[0] == "encoders":
        plan.sources[key] = _plain(tensor, f"Zencoder.model.{_ZENCODER[parts[2]]}.{parts[3]}")
        return
    name, part, rest = BLOCKS[int(parts[1])], parts[2], parts[3:]
    if part.startswith("conv_"):
        plan.sources[key] = _convolution(tensor, f"{name}.{part}", rest[0])
        return
    stem = f"{name}.{part.replace('norm_', 'ace_')}"
    if rest[0] == "norm":
        plan.sources[key] = _plain(
            tensor, f"{stem}.param_free_norm.{rest[1]}", optional=rest[1] == "num_batches_tracked"
        )
        plan.unused[f"{stem}.Spade.param_free_norm.{rest[1]}"] = tuple(tensor.shape)  # a norm they never use
    elif rest[0] == "spade":
        plan.sources[key] = _plain(tensor, f"{stem}.Spade.{_SPADE_PARTS[rest[1]]}.{rest[2]}")
    elif rest[0] == "style_transform":
        keys = tuple(f"{stem}.fc_mu{label}.{rest[1]}" for label in range(len(tensor)))
        plan.sources[key] = Source(keys, (tuple(tensor.shape[1:]),) * len(keys), stacked=True)
    else:
        plan.sources[key] = _plain(tensor, ".".join([stem, _SEAN_PARTS[rest[0]], *rest[1:]]))


def _sean_leftovers(plan: Plan, network: nn.Module) -> None:
    """What the published code makes and never uses.

    Blending factors of blocks without style, which have nothing to blend, and the rest of 19 style transforms
    where there are fewer labels: their number is written into the published code.
    """
    assert isinstance(plan.config, SEANConfig)
    width, hidden = plan.config.style_width, plan.config.style_hidden
    for module_name, module in network.named_modules():
        if not isinstance(module, SEAN):
            continue
        parts = module_name.split(".")
        stem = f"{BLOCKS[int(parts[1])]}.{parts[2].replace('norm_', 'ace_')}"
        if not module.styled:
            plan.unused |= {f"{stem}.blending_{which}": (1,) for which in ("gamma", "beta")}
            continue
        for label in range(plan.config.labels, 19):
            plan.unused[f"{stem}.fc_mu{label}.weight"] = (hidden, width)
            plan.unused[f"{stem}.fc_mu{label}.bias"] = (hidden,)


def _spade_names(plan: Plan, key: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's generator; an encoder inside it comes from a file of its own."""
    if _outer(plan, key, tensor):
        return
    if key.startswith("encoder."):
        _encoder_names(plan, key, tensor)
        return
    _, index, part, *rest = key.split(".")
    stem = f"{BLOCKS[int(index)]}.{part}"
    if part.startswith("conv_"):
        plan.sources[key] = _convolution(tensor, stem, rest[0])
    elif rest[0] == "norm":
        optional = rest[1] == "num_batches_tracked"
        plan.sources[key] = _plain(tensor, f"{stem}.param_free_norm.{rest[1]}", optional=optional)
    else:
        plan.sources[key] = _plain(tensor, f"{stem}.{_SPADE_PARTS[rest[1]]}.{rest[2]}")


def _encoder_names(plan: Plan, key: str, tensor: Tensor) -> None:
    """SPADE's and SMIS's image encoder, by itself or inside a generator ("encoder.")."""
    prefix = ENCODER if key.startswith("encoder.") else ""
    first, *rest = key.removeprefix("encoder.").split(".")
    if first == "layers":
        plan.sources[key] = _folded(tensor, f"{prefix}layer{int(rest[0]) + 1}.0")
    else:
        plan.sources[key] = _plain(tensor, f"{prefix}{'fc_mu' if first == 'mean' else 'fc_var'}.{rest[0]}")


def _patch_names(plan: Plan, key: str, tensor: Tensor) -> None:
    assert isinstance(plan.config, PatchDiscriminatorConfig)
    _, scale, part, *rest = key.split(".")
    if part == "hidden":
        plan.sources[key] = _folded(tensor, f"discriminator_{scale}.model{int(rest[0]) + 1}.0.0")
    else:
        number = 0 if part == "first" else plan.config.layers
        plan.sources[key] = _plain(tensor, f"discriminator_{scale}.model{number}.0.{rest[0]}")


_TRANSLATORS: dict[str, Callable[[Plan, str, Tensor], None]] = {
    "sean": _sean_names,
    "spade": _spade_names,
    "spade_encoder": _encoder_names,
    "smis": _spade_names,
    "smis_encoder": _encoder_names,
    "patch_discriminator": _patch_names,
}
