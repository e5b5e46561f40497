"""What SMIS (GroupDNet and its baselines) is and can."""

from __future__ import annotations

from engine.errors import Message
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
    number_of,
    patch_discriminator,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.smis"


def abilities(card: Card) -> Abilities:
    """Every label has a latent of its own, which can always be drawn; its mean is the middle of the prior, grey."""
    config = card.config_of("generator")
    return Abilities(
        images=has_encoder(config),
        samples=True,
        begins_drawn=True,
        stride=2 ** number_of(config, "upsamplings", 6),
        resolution=resolution_of(config),
    )


SYSTEM = System(
    id="smis",
    title="SMIS",
    paper="Zhu et al., CVPR 2020, arXiv 2003.12697",
    weights_licence=CC_BY_NC_SA,
    networks={
        "generator": Network(
            title="SMIS",
            config=f"{FOLDER}.network:SMISConfig",
            module=f"{FOLDER}.network:SMISGenerator",
            stride=lambda config: int(config.stride),
        ),
        "encoder": Network(
            title="SMIS's image encoder",
            config=f"{FOLDER}.encoder:SMISEncoderConfig",
            module=f"{FOLDER}.encoder:SMISEncoder",
        ),
        "discriminator": patch_discriminator(),
    },
    abilities=abilities,
    requests=(RENDER,),
    runtime=f"{FOLDER}.painter:SMISPainter",
    task=f"{FOLDER}.task:make_task",
    task_config=f"{FOLDER}.task:SMISTaskConfig",
    measuring=PAINTERS_MEASURED,
    names={**RECONSTRUCTION_LOSSES, **LATENT_NAMES, "hold": Message("hold")},
    published=f"{FOLDER}.published:PUBLISHED",
    golden=f"{FOLDER}.golden:KINDS",
    bench=f"{FOLDER}.bench:BENCH",
    examples=f"{FOLDER}.examples:EXAMPLES",
)
