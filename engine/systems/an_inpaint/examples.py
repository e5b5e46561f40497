"""The network that fills holes in small, with the attention of others and with several fillings."""

from __future__ import annotations

from typing import Any

import torch

from engine.systems.examples import (
    RECIPE_MILLIONS,
    Examples,
    NetworkExample,
    Size,
    Tiny,
    normal_numbers,
    patch_discriminator_example,
    pictures,
)


def _holes(size: Size) -> torch.Tensor:
    """(B, 1, H, W): a hole in the upper left of each picture."""
    holes = torch.zeros(size.batch, 1, size.height, size.width)
    holes[:, :, size.height // 4 : size.height // 2, size.width // 4 : size.width // 2] = 1
    return holes


def _inputs(config: Any, size: Size) -> list[Any]:
    """Pictures, holes, and the latent where there is one."""
    return [pictures(size), _holes(size), normal_numbers(size.batch, config.latent) if config.latent else None]


EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=_inputs,
            shapes=lambda config, size: [(size.batch, 3, size.height, size.width)] * 2,
            small={"resolution": 32, "width": 4, "dilations": (2, 4), "attentive": {"entities": 4}},
            variants={
                "": {},
                "contextual": {"attention": "contextual"},
                "without": {"attention": "none"},
                "several": {"latent": 16},
            },
            small_variants={"several": {"latent": 9}},
        ),
        "discriminator": patch_discriminator_example(1 + 3, layers=3, last_stride=2),
        "critics": NetworkExample(
            inputs=lambda config, size: [_holes(size), pictures(size)],
            shapes=lambda config, size: [(size.batch,)] * 2,
            small={"resolution": 32, "width": 2},
        ),
    },
    # What the authors' widths make: two stages for one picture, no labels.
    recipe_millions={**RECIPE_MILLIONS, "paper": (3.7, 3.8)},
    tiny=Tiny(
        resolution=32,
        model={"width": 4, "dilations": [2], "attentive": {"entities": 4}, "latent": 3},
        task={"discriminator_width": 4},
    ),
)
