"""What SPADE is and can, with a latent for the whole picture (VSPADE) or without."""

from __future__ import annotations

from engine.systems.base import (
    CC_BY_NC_SA,
    LATENT_NAMES,
    PAINTERS_MEASURED,
    RECONSTRUCTION_LOSSES,
    RENDER,
    Abilities,
    Network,
    System,
    has_encoder,
    patch_discriminator,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.spade"
UPSAMPLINGS = {"normal": 5, "more": 6, "most": 7}
"""Depth of a generator -> how often it doubles its features ("num_upsampling_layers" of the published code)."""


def abilities(card: Card) -> Abilities:
    """One style for the whole picture where there is a latent; else one look for a label map."""
    config = card.config_of("generator")
    has_latent = bool(config.get("latent", 0))
    return Abilities(
        images=has_latent and has_encoder(config),
        samples=has_latent,
        scope="picture",
        stride=2 ** UPSAMPLINGS.get(str(config.get("depth", "normal")), 5),
        resolution=resolution_of(config),
    )


SYSTEM = System(
    id="spade",
    title="SPADE",
    paper="Park et al., CVPR 2019, arXiv 1903.07291",
    weights_licence=CC_BY_NC_SA,
    networks={
        "generator": Network(
            title="SPADE",
            config=f"{FOLDER}.network:SPADEConfig",
            module=f"{FOLDER}.network:SPADEGenerator",
            stride=lambda config: int(config.stride),
        ),
        "encoder": Network(
            title="SPADE's image encoder",
            config=f"{FOLDER}.network:SPADEEncoderConfig",
            module=f"{FOLDER}.network:SPADEEncoder",
        ),
        "discriminator": patch_discriminator(),
    },
    abilities=abilities,
    requests=(RENDER,),
    runtime=f"{FOLDER}.painter:SPADEPainter",
    task=f"{FOLDER}.task:make_task",
    task_config=f"{FOLDER}.task:SPADETaskConfig",
    measuring=PAINTERS_MEASURED,
    names={**RECONSTRUCTION_LOSSES, **LATENT_NAMES},
    published=f"{FOLDER}.published:PUBLISHED",
    golden=f"{FOLDER}.golden:KINDS",
    bench=f"{FOLDER}.bench:BENCH",
    examples=f"{FOLDER}.examples:EXAMPLES",
)
