"""The authors' released SPADE files: the generator, the image encoder of its variational form, the discriminator."""

from __future__ import annotations

from engine.errors import ConfigError
from engine.systems.released_files import (
    generator_width,
    hidden_width,
    is_encoder,
    is_generator,
    is_grouped,
    is_region_encoder,
    missing_encoder,
    place_encoder,
    place_spade,
    published_discriminator,
)
from engine.systems.spade.network import SPADEConfig, SPADEEncoderConfig
from engine.systems.spade.system import UPSAMPLINGS
from engine.weights.published_plan import ENCODER, Known, PublishedNetwork, Shapes, ending, part_of, vote

MOST_LAYERS = 64
CITYSCAPES, COCO = 36, 184
"""Channels of the two published label maps that have edges between instances; ADE20K has no instances."""


def _generator_config(shapes: Shapes, known_config: Known) -> SPADEConfig:
    """Depth "more" and the picture's format leave no trace in shapes: guessed from the published networks."""
    label_channels = vote(shapes, ending(shapes, "mlp_shared.0.weight", 1), 151)
    edges = bool(known_config.get("edges", label_channels in (CITYSCAPES, COCO)))
    has_ninth_block = any(tensor_name.startswith("up_4.") for tensor_name in shapes)
    depth = str(
        known_config.get("depth", "most" if has_ninth_block else "more" if label_channels == CITYSCAPES else "normal")
    )
    if depth not in UPSAMPLINGS or (depth == "most") != has_ninth_block:
        raise ConfigError("the depth {0} does not go with the blocks of the file", repr(depth))
    width, stride = generator_width(shapes), 2 ** UPSAMPLINGS[depth]
    resolution, aspect_ratio = (512, 2.0) if label_channels == CITYSCAPES else (256, 1.0)
    latent, encoder_shapes = 0, part_of(shapes, ENCODER)
    if len(shapes.get("fc.weight", ())) == 2:
        latent = shapes["fc.weight"][1]
        first_pixels = shapes["fc.weight"][0] / (16 * width)
        resolution = (
            max(1, round((first_pixels * float(known_config.get("aspect_ratio", aspect_ratio))) ** 0.5)) * stride
        )
    return SPADEConfig(
        labels=label_channels - edges,
        edges=edges,
        resolution=int(known_config.get("resolution", resolution)),
        aspect_ratio=float(known_config.get("aspect_ratio", aspect_ratio)),
        width=width,
        depth=depth,  # type: ignore[arg-type]
        hidden=hidden_width(shapes),
        norm="batch" if any(".param_free_norm." in tensor_name for tensor_name in shapes) else "instance",
        latent=latent,
        encoder=_encoder_config(encoder_shapes, known_config) if encoder_shapes else None,
    )


def _encoder_config(shapes: Shapes, known_config: Known) -> SPADEEncoderConfig:
    width_factors = ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8))
    return SPADEEncoderConfig(
        width=vote(
            shapes,
            [(f"layer{layer_number}.0.weight_orig", 0, width_factor) for layer_number, width_factor in width_factors],
            64,
        ),
        latent=vote(shapes, [("fc_mu.bias", 0, 1), ("fc_var.bias", 0, 1), ("fc_mu.weight", 0, 1)], 256),
    )


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: is_generator(shapes) and not is_grouped(shapes),
        read_config=_generator_config,
        place=place_spade,
        encoder="encoder",
        notes=missing_encoder,
    ),
    PublishedNetwork(
        network="encoder",
        recognises=lambda shapes: is_encoder(shapes) and not is_generator(shapes) and not is_region_encoder(shapes),
        read_config=_encoder_config,
        place=place_encoder,
    ),
    published_discriminator(4, MOST_LAYERS),
)
