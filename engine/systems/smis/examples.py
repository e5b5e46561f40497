"""SMIS's networks in small, with the paper's data sets and baselines."""

from __future__ import annotations

from engine.systems.examples import (
    Examples,
    NetworkExample,
    Tiny,
    label_maps,
    normal_numbers,
    patch_discriminator_example,
    pictures,
    sampled_by_encoder,
)

SMALL_WEIGHTS = {
    "resolution": 64,
    "width": 3,
    "multiples": (4, 4, 2, 2, 2, 1),
    "upsamplings": 4,
    "hidden": 8,
    "latent": 2,
    "encoder": {"width": 4},
}

EXAMPLES = Examples(
    networks={
        "generator": NetworkExample(
            inputs=lambda config, size: [
                label_maps(config.channels, size),
                normal_numbers(size.batch, *config.latent_shape),
            ],
            small={"labels": 5, "resolution": 128, "width": 2, "hidden": 6, "encoder": {"width": 2}},
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
                # ours: no region reaches another before the last convolution
                "local": {"locality": 1.0, "gated": True},
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
            small_variants={
                "deepfashion": {"labels": 8, "width": 2, "hidden": 8},
                "cityscapes": {"width": 140, "multiples": (1, 1, 1, 1, 1, 1, 1, 0.5)},  # what its groups divide
                "small": {"width": 1, "resolution": 64},
                "mulnet": {"labels": 3},  # all of them in the two pixels by two of the first block
            },
            encode=sampled_by_encoder,
        ),
        "encoder": NetworkExample(
            inputs=lambda config, size: [pictures(size), label_maps(config.labels, size)],
            shapes=lambda config, size: [(size.batch, config.labels * config.latent, *config.start)] * 2,
            small={"labels": 5, "resolution": 64, "layers": 4, "encoder": {"width": 2}},
        ),
        "discriminator": patch_discriminator_example(8 + 3, layers=4, last_stride=1),
    },
    weights={
        "tiny-smis": SMALL_WEIGHTS,
        "tiny-smis-edges": {**SMALL_WEIGHTS, "edges": True},
        "tiny-smis-blind": {**SMALL_WEIGHTS, "encoder": None},
        "tiny-groupenc": {**SMALL_WEIGHTS, "schedule": "ungrouped"},
        "tiny-mulnet": {**SMALL_WEIGHTS, "separate": True, "width": 1, "fusion": 2},
    },
    tiny=Tiny(
        resolution=32,
        model={
            "width": 2,
            "multiples": [2, 2, 2, 1],
            "upsamplings": 2,
            "hidden": 4,
            "latent": 2,
            "encoder": {"width": 1, "norm": "none"},
        },
        task={"perceptual": 0.0, "discriminator_width": 4, "kl": 0.01, "kl_warm_up": 2},
    ),
)
