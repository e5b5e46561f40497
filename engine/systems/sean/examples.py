"""SEAN's networks in small, with the ablations of its section 5."""

from __future__ import annotations

from typing import Any

from engine.nn.blocks import seeded_noise
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

ENCODERS = {"unified": 1, "resblk": 6, "sean": 15}
"""Style codes of one label, by where style encoders are."""


def _inputs(config: Any, size: Size) -> list[Any]:
    codes = normal_numbers(size.batch, ENCODERS[config.encoders], config.labels, config.style_width)
    return [label_maps(config.labels, size), codes, seeded_noise(5)]


EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=_inputs,
            small={
                "labels": 5,
                "resolution": 64,
                "channels": (8, 8, 8, 8, 7, 6, 5, 4),
                "style_width": 7,
                "style_hidden": 5,
                "spade_hidden": 6,
                "encoder": {"widths": (4, 5, 6, 7)},
            },
            variants={
                "": {},
                "encoder-resblk": {"encoders": "resblk"},
                "encoder-sean": {"encoders": "sean"},
                "no-bottleneck": {"encoder": {"bottleneck": False}},
                "no-noise": {"noise": False},
                "absolute-colour": {"encoder": {"norm": "none"}},  # ours, not the paper's
            },
            encode=encoded_by_encoder,
        ),
        "discriminator": patch_discriminator_example(19 + 3, layers=3, last_stride=2),
    },
    tiny=Tiny(
        resolution=32,
        model={
            "channels": [6, 6, 6, 4],
            "upsample_before": [False, True, True],
            "styled_blocks": 2,
            "style_width": 5,
            "style_hidden": 4,
            "spade_hidden": 4,
            "encoder": {"widths": [4, 4, 6, 6], "norm": "none"},
        },
        task={"perceptual": 0.0, "discriminator_width": 4},
    ),
)
