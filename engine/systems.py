"""What weights can do, said by their card alone: the editor's controls follow it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.checkpoints.card import Card

PAINTERS = ("sean", "smis", "spade", "pix2pixhd")
"""Systems that paint a picture from a label map."""
PARSER = "parser"


@dataclass(frozen=True)
class Abilities:
    """What weights can do.

    paints: they paint label maps. images: a picture gives styles. samples: styles can be drawn (dice).
    scope: what one style decides, its label's region or the whole picture.
    blocks: how many blocks can have a style of their own (crossover); 0 where they cannot.
    """

    paints: bool = False
    images: bool = False
    samples: bool = False
    scope: Literal["label", "picture"] = "label"
    blocks: int = 0

    @property
    def styles(self) -> bool:
        """Whether there is any choice of style at all."""
        return self.images or self.samples


def abilities(card: Card) -> Abilities:
    """What the weights of this card can do; nothing for a system that this version does not know."""
    config = card.config
    if card.system == "sean":
        return Abilities(
            paints=True, images=True, samples=bool(card.styles_sha256), scope="label", blocks=_styled_blocks(card)
        )
    if card.system == "smis":
        return Abilities(paints=True, images=_has_encoder(card), samples=True, scope="label")
    if card.system == "spade":
        latent = bool(config.get("latent", 0))
        return Abilities(paints=True, images=latent and _has_encoder(card), samples=latent, scope="picture")
    if card.system == "pix2pixhd":
        coded = bool(config.get("features", 3))
        return Abilities(paints=True, images=coded, samples=coded and bool(card.styles_sha256), scope="label")
    return Abilities()


def _has_encoder(card: Card) -> bool:
    """Published generators come without; a config that does not say has the default, which is with."""
    return card.config.get("encoder", {}) is not None


def _styled_blocks(card: Card) -> int:
    """As SEANGenerator.styled_blocks; 0 for the ablation with an encoder per SEAN layer."""
    if card.config.get("encoders", "unified") == "sean":
        return 0
    doublings = card.config.get("upsample_before")
    blocks = len(doublings) if isinstance(doublings, list | tuple) else 7
    styled = card.config.get("styled_blocks", 6)
    return min(styled, blocks) if isinstance(styled, int) else 0
