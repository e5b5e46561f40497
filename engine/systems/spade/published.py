"""The authors' released SPADE files: the generator, the image encoder of its variational form, the discriminator."""

from __future__ import annotations

from engine.systems.released_files import (
    UPSAMPLINGS,
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
from engine.weights.published_plan import ENCODER, Known, PublishedNetwork, Shapes, ending, part_of, vote

MOST_LAYERS = 64
CITYSCAPES, COCO = 36, 184
"""Channels of the two published label maps that have edges between instances; ADE20K has no instances."""


def _config(shapes: Shapes, known: Known) -> SPADEConfig:
    """Depth "more" and the picture's format leave no trace in shapes: guessed from the published networks."""
    channels = vote(shapes, ending(shapes, "mlp_shared.0.weight", 1), 151)
    edges = bool(known.get("edges", channels in (CITYSCAPES, COCO)))
    most = any(key.startswith("up_4.") for key in shapes)
    depth = str(known.get("depth", "most" if most else "more" if channels == CITYSCAPES else "normal"))
    if depth not in UPSAMPLINGS or (depth == "most") != most:
        raise ValueError(f"{depth!r} does not go with the blocks of the file")
    width, stride = generator_width(shapes), 2 ** UPSAMPLINGS[depth]
    resolution, aspect = (512, 2.0) if channels == CITYSCAPES else (256, 1.0)
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
        hidden=hidden_width(shapes),
        norm="batch" if any(".param_free_norm." in key for key in shapes) else "instance",
        latent=latent,
        encoder=_encoder_config(encoder, known) if encoder else None,
    )


def _encoder_config(shapes: Shapes, known: Known) -> SPADEEncoderConfig:
    factors = ((1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (6, 8))
    return SPADEEncoderConfig(
        width=vote(shapes, [(f"layer{n}.0.weight_orig", 0, k) for n, k in factors], 64),
        latent=vote(shapes, [("fc_mu.bias", 0, 1), ("fc_var.bias", 0, 1), ("fc_mu.weight", 0, 1)], 256),
    )


PUBLISHED = (
    PublishedNetwork(
        network="generator",
        recognises=lambda shapes: is_generator(shapes) and not is_grouped(shapes),
        read_config=_config,
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
