"""The registry of network families: what each is, where it comes from, how one is built from its config.

`tests/engine/systems/test_registry.py` runs over every variant of every family.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from torch import nn

from engine.errors import NotSupported
from engine.nn.discriminators import MultiScaleDiscriminator, PatchDiscriminatorConfig
from engine.systems.parser.network import Parser, ParserConfig
from engine.systems.pix2pixhd.network import GlobalGenerator, Pix2PixHDConfig
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.smis.encoder import SMISEncoder, SMISEncoderConfig
from engine.systems.smis.network import SMISConfig, SMISGenerator
from engine.systems.spade.network import SPADEConfig, SPADEEncoder, SPADEEncoderConfig, SPADEGenerator

CC_BY_NC_SA = "CC BY-NC-SA 4.0"


@dataclass(frozen=True)
class Family:
    """One network family.

    system: its name in cards and recipes.
    title, paper: for people.
    config, network: the config dataclass and the module that is built from it.
    inputs: what `network.forward` takes, in order: "hot" (B, channels, H, W) one-hot label map; "codes"
        (B, encoders, labels, style_width); "noise" a `Noise`; "z" (B, latent); "latents" (B, labels * latent, h, w),
        see `SMISConfig.latent_shape`; "features" (B, labels, features); "image" (B, 3, H, W).
    stride: the sides of pictures and label maps must be multiples of this.
    code_licence: of the file here. weights_licence: of the weights that the authors published, "" if none.
    spectral: the network takes `sn`, spectral normalisation in training.
    variants: configurations that the paper compares, as changes of the default config.
    """

    system: str
    title: str
    paper: str
    config: type
    network: Callable[..., nn.Module]
    inputs: tuple[str, ...]
    stride: Callable[[Any], int]
    code_licence: str = "MIT"
    weights_licence: str = ""
    spectral: bool = True
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})

    def read_config(self, values: Mapping[str, Any]) -> Any:
        """The config dataclass from plain data (a card's or a recipe's). Raises NotSupported naming what is wrong."""
        try:
            return msgspec.convert(dict(values), self.config)
        except msgspec.ValidationError as error:
            raise NotSupported(
                "These settings are not those of {0}: {1}; update Tessera or correct them.",
                self.title, error,
            ) from error

    def build(self, config: Any, *, training: bool = False) -> nn.Module:
        """A network with fresh parameters; `training` adds spectral normalisation where the family has it."""
        return self.network(config, sn=training) if self.spectral else self.network(config)


_SMIS_PAPER = "Zhu et al., CVPR 2020, arXiv 2003.12697"
_SPADE_PAPER = "Park et al., CVPR 2019, arXiv 1903.07291"

FAMILIES: tuple[Family, ...] = (
    Family(
        system="sean",
        title="SEAN",
        paper="Zhu et al., CVPR 2020, arXiv 1911.12861",
        config=SEANConfig,
        network=SEANGenerator,
        inputs=("hot", "codes", "noise"),
        stride=lambda config: config.stride,
        weights_licence=CC_BY_NC_SA,
        variants={
            "": {},
            "encoder-resblk": {"encoders": "resblk"},
            "encoder-sean": {"encoders": "sean"},
            "no-bottleneck": {"encoder": {"bottleneck": False}},
            "no-noise": {"noise": False},
            "absolute-colour": {"encoder": {"norm": "none"}},  # ours, not the paper's
        },
    ),
    Family(
        system="spade",
        title="SPADE",
        paper=_SPADE_PAPER,
        config=SPADEConfig,
        network=SPADEGenerator,
        inputs=("hot", "z"),
        stride=lambda config: config.stride,
        weights_licence=CC_BY_NC_SA,
        variants={
            "": {},
            "more": {"depth": "more"},
            "most": {"depth": "most"},
            "vspade": {"latent": 256},
            "vae": {"latent": 256, "encoder": None},  # as published: the encoder is a file of its own
            "cityscapes": {
                "labels": 35,
                "edges": True,
                "depth": "more",
                "resolution": 512,
                "aspect_ratio": 2.0,
            },
        },
    ),
    Family(
        system="spade_encoder",
        title="SPADE's image encoder",
        paper=_SPADE_PAPER,
        config=SPADEEncoderConfig,
        network=SPADEEncoder,
        inputs=("image",),
        stride=lambda config: 1,
    ),
    Family(
        system="smis",
        title="SMIS",
        paper=_SMIS_PAPER,
        config=SMISConfig,
        network=SMISGenerator,
        inputs=("hot", "latents"),
        stride=lambda config: config.stride,
        weights_licence=CC_BY_NC_SA,
        variants={
            "": {},
            "deepfashion": {"schedule": "deepfashion", "labels": 8, "width": 160},
            "cityscapes": {
                "schedule": "cityscapes",
                "labels": 35,
                "edges": True,
                "width": 280,
                "resolution": 512,
                "aspect_ratio": 2.0,
                "encoder": {"width": 10},
            },
            "ade20k": {"schedule": "ade20k", "labels": 151, "encoder": {"width": 4}},
            "local": {"locality": 1.0, "gated": True},  # ours: no region reaches another before the last convolution
            "mulnet": {"separate": True, "width": 4, "fusion": 2},
            "groupnet": {"locality": 1.0, "fusion": 2},
            "groupenc": {"schedule": "ungrouped"},
            "small": {  # ours, for two CPU cores: from 4 to 128 pixels, wide where pixels are few
                "resolution": 128,
                "width": 32,
                "multiples": (24, 24, 20, 10, 4, 2, 1),
                "upsamplings": 5,
                "locality": 0.4,
                "hidden": 32,
                "encoder": {"width": 16, "norm": "none"},
            },
            "whole-regions": {"encoder": {"crop_regions": False}},  # as the paper has it
        },
    ),
    Family(
        system="smis_encoder",
        title="SMIS's image encoder",
        paper=_SMIS_PAPER,
        config=SMISEncoderConfig,
        network=SMISEncoder,
        inputs=("image", "hot"),
        stride=lambda config: 1,
        weights_licence=CC_BY_NC_SA,
    ),
    Family(
        system="pix2pixhd",
        title="pix2pixHD",
        paper="Wang et al., CVPR 2018, arXiv 1711.11585",
        config=Pix2PixHDConfig,
        network=GlobalGenerator,
        inputs=("hot", "features"),
        stride=lambda config: config.stride,
        spectral=False,
        variants={
            "": {},
            "no-features": {"features": 0},
            "absolute-colour": {"encoder_norm": "none"},  # ours
        },
    ),
    Family(
        system="patch_discriminator",
        title="the multi-scale patch discriminator",
        paper="Wang et al. (pix2pixHD), CVPR 2018, arXiv 1711.11585; " + _SPADE_PAPER,
        config=PatchDiscriminatorConfig,
        network=MultiScaleDiscriminator,
        inputs=("hot", "image"),
        stride=lambda config: 1,
        weights_licence=CC_BY_NC_SA,
        variants={"sean": {"in_channels": 22}, "spade": {"in_channels": 154, "layers": 4, "last_stride": 1}},
    ),
    Family(
        system="parser",
        title="the parser",
        paper="ours, after U-Net (Ronneberger et al., MICCAI 2015)",
        config=ParserConfig,
        network=Parser,
        inputs=("image",),
        stride=lambda config: 2 ** len(config.widths),
        spectral=False,
    ),
)


def family(system: str) -> Family:
    """The family called `system`. Raises NotSupported that names the nearest one."""
    known = {entry.system: entry for entry in FAMILIES}
    if system in known:
        return known[system]
    near = difflib.get_close_matches(system, list(known), 1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}."
    raise NotSupported('There is no system "{0}" in this version; {1}', system, hint)
