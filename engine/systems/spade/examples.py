"""SPADE's networks in small, of each published depth, with a latent and without."""

from __future__ import annotations

from typing import Any

from engine.systems.examples import (
    Examples,
    NetworkExample,
    Size,
    Tiny,
    label_maps,
    normal_numbers,
    patch_discriminator_example,
    pictures,
    sampled_by_encoder,
)

SMALL_WEIGHTS = {
    "resolution": 64,
    "width": 4,
    "multiples": (4, 4, 4, 4, 4, 2, 1),
    "hidden": 8,
    "depth": "normal",
}


def _inputs(config: Any, size: Size) -> list[Any]:
    return [
        label_maps(config.channels, size),
        normal_numbers(size.batch, config.latent) if config.latent else None,
    ]


EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=_inputs,
            small={
                "labels": 5,
                "resolution": 128,
                "width": 2,
                "hidden": 6,
                "encoder": {"width": 2, "resolution": 64},
            },
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
            small_variants={"vspade": {"latent": 9}, "vae": {"latent": 9}},
            encode=sampled_by_encoder,
        ),
        "encoder": NetworkExample(
            inputs=lambda config, size: [pictures(size)],
            shapes=lambda config, size: [(size.batch, config.latent)] * 2,
            small={"width": 2, "latent": 9},
        ),
        "discriminator": patch_discriminator_example(151 + 3, layers=4, last_stride=1),
    },
    weights={
        "tiny-spade": SMALL_WEIGHTS,
        "tiny-spade-edges": {**SMALL_WEIGHTS, "edges": True},
        "tiny-vspade": {**SMALL_WEIGHTS, "latent": 6, "encoder": {"width": 4, "resolution": 64}},
        "tiny-vspade-blind": {**SMALL_WEIGHTS, "latent": 6, "encoder": None},
    },
    tiny=Tiny(
        resolution=32,
        model={"width": 2, "hidden": 4, "latent": 6, "encoder": {"width": 2, "resolution": 32, "norm": "none"}},
        task={"perceptual": 0.0, "discriminator_width": 4, "kl": 0.01, "kl_warm_up": 2},
    ),
)
