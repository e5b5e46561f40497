"""What weights can do, said by their card alone: the editor's controls follow it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.weights.card import Card, metrics_by_split

PAINTERS = ("sean", "smis", "spade", "pix2pixhd")
"""Systems that paint a picture from a label map."""
PARSER = "parser"
MIN_SHARE = 2e-5
"""A label under this share of the training pixels counts as not learnt."""


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


def unlearnt(card: Card) -> frozenset[int]:
    """Ids of labels that the weights saw next to nothing of, by the card's "label_shares" (share of the pixels by
    label name or id): those of the training split, else of another; empty where the card does not say.

    Raises BadFile: the card's label set is wrong.
    """
    labels = card.labels()
    splits = metrics_by_split(card)
    given = [splits[key].get("label_shares") for key in sorted(splits, key=lambda key: key not in ("train", ""))]
    shares = next((found for found in given if found), None)
    if labels is None or not shares:
        return frozenset()
    if isinstance(shares, dict):
        by_id = {label.id: shares.get(label.name, shares.get(str(label.id))) for label in labels.labels}
    elif isinstance(shares, list):
        by_id = dict(enumerate(shares))
    else:
        return frozenset()
    return frozenset(i for i, share in by_id.items() if isinstance(share, int | float) and share < MIN_SHARE)
