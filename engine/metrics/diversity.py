"""How much drawing a new style for one region changes that region (CSD) and everything else (OCD).

The paper's mCSD and mOCD (Zhu et al., "SMIS", CVPR 2020) are LPIPS distances inside and outside the changed region;
its code was lost by the authors. This is Tessera's definition; docs/models.md has it in words. With one region's style
drawn `SAMPLES` times and everything else held, for each pair (a, b) of the pictures painted:

- CSD = D(a, "b inside the region, a outside"; weight inside), higher is better;
- OCD = D(a, "a inside the region, b outside"; weight outside), lower is better.

The change is confined to one side before any feature is computed, so that no receptive field carries it across: a
network that changes nothing outside has OCD 0. D is LPIPS (Zhang et al., CVPR 2018) with MobileNetV2's features and
without learned weights: see `distance`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.metrics.features import MOBILENET_SIDE
from engine.nn.feature_net import PERCEPTUAL_LAYERS, FeatureNet

Array = np.ndarray

SAMPLES = 4
"""Styles drawn for each region; all their pairs count."""
PICTURES = 24
"""Pictures of a split that are measured, evenly spread over it."""
SMALLEST = 0.01
"""Regions below this share of the picture are left out: they are hardly a feature's pixel wide."""


def distance(network: FeatureNet, pictures_a: Tensor, pictures_b: Tensor, weights: Tensor) -> Tensor:
    """LPIPS-like distance of pictures where `weights` says so.

    Pictures are brought to 224 x 224 (the network's own size). At each layer every pixel's features are divided by
    their Euclidean length, the squared differences are summed over channels and averaged over the pixels with the
    weights, which are averaged over the area of a feature's pixel. The result is the mean over the layers.

    Args:
        network: the feature network.
        pictures_a, pictures_b: (B, 3, H, W) in [-1, 1].
        weights: (B, 1, H, W) or (1, 1, H, W), 0 .. 1, not all zero.

    Returns:
        (B,), 0 for equal pictures, at most 4.
    """
    network_size = (MOBILENET_SIDE, MOBILENET_SIDE)
    resized = F.interpolate(
        torch.cat([pictures_a, pictures_b]).float(), network_size, mode="bilinear", align_corners=False, antialias=True
    )
    distances = torch.zeros(len(pictures_a), device=pictures_a.device)
    for activations in network(resized.clamp(-1, 1), tuple(PERCEPTUAL_LAYERS)):
        unit_features = F.normalize(activations.float(), dim=1, eps=1e-8)
        features_a, features_b = unit_features.chunk(2)
        squared_difference = (features_a - features_b).pow(2).sum(1, keepdim=True)  # (B, 1, h, w)
        layer_weights = F.interpolate(weights.float(), squared_difference.shape[-2:], mode="area")
        total_weights = layer_weights.expand_as(squared_difference).sum((1, 2, 3)).clamp(min=1e-8)
        distances += (squared_difference * layer_weights).sum((1, 2, 3)) / total_weights
    return distances / len(PERCEPTUAL_LAYERS)


@dataclass(frozen=True)
class Change:
    """What drawing a new style for one region changed, averaged over the pairs.

    csd, ocd: see the module; None without a feature network. inside, outside: mean absolute difference of the
    pixels in and out of the region, 0 .. 255.
    """

    csd: float | None
    ocd: float | None
    inside: float
    outside: float


def measure_change(network: FeatureNet | None, painted: Sequence[Array], region: Array) -> Change:
    """The change between pictures (H, W, 3) uint8 that differ in the style of `region` (H, W) bool, in pairs."""
    picture_pairs = list(combinations(painted, 2))
    differences = [
        np.abs(picture.astype(np.int16) - repainted.astype(np.int16)).mean(-1) for picture, repainted in picture_pairs
    ]
    inside = float(np.mean([difference[region].mean() for difference in differences]))
    outside = float(np.mean([difference[~region].mean() for difference in differences])) if not region.all() else 0.0
    if network is None:
        return Change(None, None, inside, outside)
    device, region_pixels = next(network.buffers()).device, region[..., None]
    first_pictures = _to_tensor([picture for picture, _ in picture_pairs]).to(device)
    inside_weight = torch.from_numpy(region.astype(np.float32))[None, None].to(device)
    csd_values = distance(
        network,
        first_pictures,
        _to_tensor([np.where(region_pixels, repainted, picture) for picture, repainted in picture_pairs]).to(device),
        inside_weight,
    )
    if region.all():
        return Change(float(csd_values.mean()), 0.0, inside, outside)
    ocd_values = distance(
        network,
        first_pictures,
        _to_tensor([np.where(region_pixels, picture, repainted) for picture, repainted in picture_pairs]).to(device),
        1 - inside_weight,
    )
    return Change(float(csd_values.mean()), float(ocd_values.mean()), inside, outside)


def _to_tensor(pictures: Sequence[Array]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def measured_regions(label_map: Array, ignored_label: int | None = None) -> Iterator[tuple[int, Array]]:
    """(label, region (H, W) bool) of each region that is large enough; `ignored_label` is the label set's ignore id."""
    for label in np.unique(label_map):
        region = label_map == label
        if label != ignored_label and region.mean() >= SMALLEST:
            yield int(label), region


@dataclass
class Diversity:
    """Changes by label; a label's numbers are means over its pictures, the totals are means over labels."""

    changes: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))

    def add(self, label: int, change: Change) -> None:
        """Count one picture's region."""
        self.changes[label].append(change)

    def numbers(self, label_names: Sequence[str]) -> dict[str, Any]:
        """Plain data: mcsd, mocd, inside_difference, outside_difference, and "by_label" the same by name.

        `label_names` are the labels' names by id. Every label counts alike in the totals, however often it occurs.
        """
        change_fields = {"mcsd": "csd", "mocd": "ocd", "inside_difference": "inside", "outside_difference": "outside"}
        by_label = {
            label_names[label]: {
                number_name: _mean_of_known([getattr(change, field_name) for change in label_changes])
                for number_name, field_name in change_fields.items()
            }
            | {"pictures": len(label_changes)}
            for label, label_changes in sorted(self.changes.items())
        }
        totals = {
            number_name: _mean_of_known([label_numbers[number_name] for label_numbers in by_label.values()])
            for number_name in change_fields
        }
        return {**totals, "samples": SAMPLES, "by_label": by_label}


def _mean_of_known(numbers: Sequence[float | None]) -> float | None:
    known_numbers = [number for number in numbers if number is not None]
    return float(np.mean(known_numbers)) if known_numbers else None
