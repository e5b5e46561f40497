"""The Frechet distance that a validation reports: between real and painted pictures, gathered batch by batch."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.metrics.features import pooled_features
from engine.metrics.frechet import frechet_distance
from engine.nn.feature_net import FeatureNet


class FeatureDistance:
    """Pooled MobileNetV2 features of real and painted pictures; without the network it gathers nothing."""

    def __init__(self, features_network: FeatureNet | None) -> None:
        self.features_network = features_network
        self.real_rows: list[Tensor] = []
        self.fake_rows: list[Tensor] = []

    def add(self, real: Tensor, fake: Tensor) -> None:
        """Pictures (B, 3, H, W) in [-1, 1] of both."""
        if self.features_network is not None:
            self.real_rows.append(pooled_features(self.features_network, real))
            self.fake_rows.append(pooled_features(self.features_network, fake))

    def numbers(self) -> dict[str, float]:
        """The distance, by the name under which validations report it; nothing of fewer than two pictures: one has no
        covariance."""
        if sum(map(len, self.real_rows)) < 2:
            return {}
        return {"fid_mobilenet_v2": frechet_distance(torch.cat(self.real_rows), torch.cat(self.fake_rows))}
