"""pix2pixHD's networks in small, with the feature encoder and without."""

from __future__ import annotations

from typing import Any

from engine.systems.examples import (
    Examples,
    NetworkExample,
    Size,
    Tiny,
    encoded_by_encoder,
    label_maps,
    normal_numbers,
    patch_discriminator_example,
)

SMALL_WEIGHTS = {
    "resolution": 64,
    "width": 4,
    "halvings": 2,
    "blocks": 1,
    "encoder_width": 4,
    "encoder_halvings": 2,
}


def _inputs(config: Any, size: Size) -> list[Any]:
    codes = normal_numbers(size.batch, config.labels, config.features) if config.features else None
    return [label_maps(config.channels, size), codes]


EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=_inputs,
            small={"labels": 5, "resolution": 64, "width": 4, "blocks": 2, "widest": 16, "encoder_width": 2},
            variants={
                "": {},
                "no-features": {"features": 0},
                "absolute-colour": {"encoder_norm": "none"},  # ours
            },
            encode=encoded_by_encoder,
        ),
        "discriminator": patch_discriminator_example(19 + 3, layers=4, last_stride=1),
    },
    weights={"tiny-hd": SMALL_WEIGHTS, "tiny-hd-plain": {**SMALL_WEIGHTS, "features": 0, "edges": True}},
    tiny=Tiny(
        resolution=32,
        model={"width": 4, "halvings": 2, "blocks": 1, "encoder_width": 4, "encoder_halvings": 2},
        task={"perceptual": 0.0, "discriminator_width": 4},
    ),
)
