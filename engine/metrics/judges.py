"""The feature networks that look at painted pictures in an evaluation, and the numbers that follow from what they saw.

MobileNetV2: FID-MobileNetV2 and LPIPS-MobileNetV2. EfficientNet-Lite0, where its package is installed and did not train
the weights itself: FID-EfficientNetLite0. Inception-v3, where a user put it in place: FID-InceptionV3 and the
Inception score. Each number is named for its network: they do not compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from engine.errors import Message, WeightsError
from engine.metrics.diversity import distance
from engine.metrics.efficientnet import EFFICIENTNET, efficientnet_features, load_efficientnet
from engine.metrics.features import (
    INCEPTION,
    MOBILENET,
    inception_features,
    load_feature_net,
    load_inception,
    pooled_features,
)
from engine.metrics.frechet import frechet_distance
from engine.metrics.inception_score import inception_score
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.nn.feature_net import FeatureNet
from engine.nn.inception import Inception

FID = "FID-MobileNetV2"
"""A Frechet distance on MobileNetV2's 1280 pooled features. It does not compare with published FIDs."""
LPIPS = "LPIPS-MobileNetV2"
"""Mean distance of pictures and their reconstructions, see `engine.metrics.diversity.distance`."""
FID_EFFICIENTNET = "FID-EfficientNetLite0"
"""A Frechet distance on EfficientNet-Lite0's 1280 pooled features."""
FID_INCEPTION = "FID-InceptionV3"
"""A Frechet distance on Inception-v3's 2048 pooled features."""
SCORE = "inception_score"
REAL, OWN, DRAWN = "real", "own", "drawn styles"
"""Kinds of pictures: the data's, reconstructions, and those whose styles are all drawn (picture n with seed n)."""


@dataclass
class Judges:
    """What the networks have seen so far. `missing`: why a number cannot be measured, by its name."""

    features: FeatureNet | None
    inception: Inception | None
    device: torch.device
    missing: dict[str, str] = field(default_factory=dict)
    efficientnet: EfficientNetLite0 | None = None

    def __post_init__(self) -> None:
        self._pooled: dict[tuple[str, str], list[Tensor]] = {}
        self._logits: list[Tensor] = []
        self._apart: list[Tensor] = []

    @classmethod
    def installed(cls, device: torch.device, trained_by: tuple[str, ...] = ()) -> Judges:
        """The networks that are installed, without EfficientNet-Lite0 where it is among those of `trained_by`."""
        missing: dict[str, str] = {}

        def load(load_network: Callable[[], Any], number_names: tuple[str, ...]) -> Any:
            try:
                return load_network().to(device)
            except WeightsError as error:
                missing.update(dict.fromkeys(number_names, str(error)))
                return None

        features = load(load_feature_net, (FID, _drawn_name(FID), LPIPS, "mcsd"))
        inception = load(load_inception, (FID_INCEPTION, _drawn_name(FID_INCEPTION), SCORE))
        efficientnet = None
        if EFFICIENTNET in trained_by:
            missing[FID_EFFICIENTNET] = Message(
                "EfficientNet-Lite0 judged these pictures in training: painting for it is what they learnt."
            )
        else:
            efficientnet = load(lambda: load_efficientnet(head=True), (FID_EFFICIENTNET,))
        return cls(features, inception, device, missing, efficientnet)

    @property
    def any(self) -> bool:
        """Whether at least one network is installed."""
        return any(network is not None for network in (self.features, self.efficientnet, self.inception))

    def names(self) -> dict[str, str | None]:
        """The networks by what they are for."""
        return {
            "features": MOBILENET if self.features is not None else None,
            "efficientnet": EFFICIENTNET if self.efficientnet is not None else None,
            "inception": INCEPTION if self.inception is not None else None,
        }

    def of_drawn(self) -> tuple[str, ...]:
        """The names of numbers of pictures in drawn styles."""
        return _drawn_name(FID), _drawn_name(FID_INCEPTION)

    def pooled(self, distance_name: str, picture_kind: str) -> Tensor | None:
        """(N, D) pooled features that the distance of this name compares; None where the network is not installed."""
        features = self._pooled.get((distance_name, picture_kind))
        return torch.cat(features) if features else None

    def see(self, picture_kind: str, picture: Tensor) -> None:
        """picture: (B, 3, H, W) in [0, 1]."""
        scaled_picture = picture.to(self.device) * 2 - 1
        if self.features is not None:
            self._pooled.setdefault((FID, picture_kind), []).append(
                pooled_features(self.features, scaled_picture).cpu()
            )
        if self.efficientnet is not None and picture_kind != DRAWN:
            efficientnet_pool = efficientnet_features(self.efficientnet, scaled_picture)
            self._pooled.setdefault((FID_EFFICIENTNET, picture_kind), []).append(efficientnet_pool.cpu())
        if self.inception is not None:
            inception_pool, logits = inception_features(self.inception, scaled_picture)
            self._pooled.setdefault((FID_INCEPTION, picture_kind), []).append(inception_pool.cpu())
            if picture_kind == OWN:
                self._logits.append(logits.cpu())

    def compare(self, real: Tensor, painted: Tensor) -> None:
        """Both (1, 3, H, W) in [0, 1], of one picture."""
        if self.features is not None:
            scaled_real, scaled_painted = (picture.to(self.device) * 2 - 1 for picture in (real, painted))
            even_weights = torch.ones_like(scaled_real[:, :1])
            self._apart.append(distance(self.features, scaled_real, scaled_painted, even_weights).cpu())

    def numbers(self) -> dict[str, float | None]:
        """By name; None where the network is missing, and for Frechet distances of fewer than two pictures."""
        return {
            LPIPS: float(torch.cat(self._apart).mean()) if self._apart else None,
            FID: self._frechet(FID, OWN),
            _drawn_name(FID): self._frechet(FID, DRAWN),
            FID_EFFICIENTNET: self._frechet(FID_EFFICIENTNET, OWN),
            FID_INCEPTION: self._frechet(FID_INCEPTION, OWN),
            _drawn_name(FID_INCEPTION): self._frechet(FID_INCEPTION, DRAWN),
            SCORE: inception_score(torch.cat(self._logits)) if self._logits else None,
        }

    def _frechet(self, distance_name: str, picture_kind: str) -> float | None:
        real_features, painted_features = (
            self._pooled.get((distance_name, REAL), []),
            self._pooled.get((distance_name, picture_kind), []),
        )
        return (
            frechet_distance(torch.cat(real_features), torch.cat(painted_features))
            if len(painted_features) > 1
            else None
        )


def _drawn_name(number_name: str) -> str:
    return f"{number_name}, {DRAWN}"
