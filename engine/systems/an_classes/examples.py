"""The networks of Attentive Normalization for classes in small, with the baselines that the paper compares."""

from __future__ import annotations

import torch

from engine.systems.examples import Examples, NetworkExample, Tiny, normal_numbers, pictures

BASELINES = {"": {}, "sagan": {"attention": "self"}, "sngan": {"attention": "none"}}

EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=lambda config, size: [
                normal_numbers(size.batch, config.latent),
                torch.eye(config.classes)[: size.batch],
            ],
            small={"classes": 3, "resolution": 16, "width": 4, "latent": 9, "attentive": {"entities": 4}},
            variants=BASELINES,
        ),
        "discriminator": NetworkExample(
            inputs=lambda config, size: [pictures(size), torch.arange(size.batch) % config.classes],
            shapes=lambda config, size: [(size.batch,)],
            small={"classes": 2, "resolution": 64, "width": 4, "attentive": {"entities": 4}},
            variants=BASELINES,
        ),
    },
    tiny=Tiny(
        resolution=16,
        model={"width": 4, "latent": 8, "attentive": {"entities": 4}},
        task={"discriminator_width": 4},
    ),
)
