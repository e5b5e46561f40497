"""What the authors' released files call things, and where each of our tensors comes from.

A `Plan` says, for one network of ours, which published tensors make each of its own, and which published
tensors are not needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from engine.nn.discriminators import PatchDiscriminatorConfig
from engine.nn.sean import SEAN
from engine.systems.registry import family
from engine.systems.sean.network import SEANConfig
from engine.systems.smis.network import SMISConfig
from engine.systems.smis.published import ENCODER, Shapes, is_grouped, is_region_encoder, leftovers
from engine.weights.published_configs import READERS, Config

BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3", "up_4")
"""Published names of the generators' residual blocks, in the order of ours."""

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
    config = READERS[system](shapes, dict(known))
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
