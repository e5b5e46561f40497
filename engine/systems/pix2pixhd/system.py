"""What pix2pixHD is and can: its global generator, with the feature encoder or without."""

from __future__ import annotations

from engine.systems.base import (
    PAINTERS_MEASURED,
    RECONSTRUCTION_LOSSES,
    RENDER,
    Abilities,
    Network,
    System,
    number_of,
    patch_discriminator,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.pix2pixhd"


def abilities(card: Card) -> Abilities:
    """Styles are codes of the feature encoder, drawn where it was measured how they vary."""
    config = card.config_of("generator")
    has_features = bool(config.get("features", 3))
    halvings = [number_of(config, "halvings", 4), number_of(config, "encoder_halvings", 4) if has_features else 0]
    return Abilities(
        images=has_features,
        samples=has_features and bool(card.styles_sha256),
        pieces=has_features,
        stride=2 ** max(halvings),
        resolution=resolution_of(config),
    )


SYSTEM = System(
    id="pix2pixhd",
    title="pix2pixHD",
    paper="Wang et al., CVPR 2018, arXiv 1711.11585",
    networks={
        "generator": Network(
            title="pix2pixHD",
            config=f"{FOLDER}.network:Pix2PixHDConfig",
            module=f"{FOLDER}.network:GlobalGenerator",
            stride=lambda config: int(config.stride),
            spectral=False,
        ),
        "discriminator": patch_discriminator(spectral=False),
    },
    abilities=abilities,
    requests=(RENDER,),
    runtime=f"{FOLDER}.painter:Pix2PixHDPainter",
    task=f"{FOLDER}.task:make_task",
    task_config=f"{FOLDER}.task:Pix2PixHDTaskConfig",
    measuring=PAINTERS_MEASURED,
    names=RECONSTRUCTION_LOSSES,
    finish=f"{FOLDER}.finish:FINISH",
    examples=f"{FOLDER}.examples:EXAMPLES",
)
