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


def distance(
    net: FeatureNet, a: Tensor, b: Tensor, weight: Tensor, layers: Sequence[str] = PERCEPTUAL_LAYERS
) -> Tensor:
    """LPIPS-like distance of pictures where `weight` says so.

    Pictures are brought to 224 x 224 (the network's own size). At each layer every pixel's features are divided by
    their Euclidean length, the squared differences are summed over channels and averaged over the pixels with the
    weights, which are averaged over the area of a feature's pixel. The result is the mean over the layers.

    Args:
        net: the feature network.
        a, b: (B, 3, H, W) in [-1, 1].
        weight: (B, 1, H, W) or (1, 1, H, W), 0 .. 1, not all zero.
        layers: of the network.

    Returns:
        (B,), 0 for equal pictures, at most 4.
    """
    size = (MOBILENET_SIDE, MOBILENET_SIDE)
    both = F.interpolate(torch.cat([a, b]).float(), size, mode="bilinear", align_corners=False, antialias=True)
    total = torch.zeros(len(a), device=a.device)
    for features in net(both.clamp(-1, 1), tuple(layers)):
        unit = F.normalize(features.float(), dim=1, eps=1e-8)
        first, second = unit.chunk(2)
        apart = (first - second).pow(2).sum(1, keepdim=True)  # (B, 1, h, w)
        shares = F.interpolate(weight.float(), apart.shape[-2:], mode="area")
        total += (apart * shares).sum((1, 2, 3)) / shares.expand_as(apart).sum((1, 2, 3)).clamp(min=1e-8)
    return total / len(layers)


@dataclass(frozen=True)
class Change:
    """What drawing one region's style anew did, averaged over the pairs.

    csd, ocd: see the module; None without a feature network. inside, outside: mean absolute difference of the
    pixels in and out of the region, 0 .. 255.
    """

    csd: float | None
    ocd: float | None
    inside: float
    outside: float


def measure_change(net: FeatureNet | None, painted: Sequence[Array], region: Array) -> Change:
    """The change between pictures (H, W, 3) uint8 that differ in the style of `region` (H, W) bool, in pairs."""
    pairs = list(combinations(painted, 2))
    gaps = [np.abs(a.astype(np.int16) - b.astype(np.int16)).mean(-1) for a, b in pairs]
    inside = float(np.mean([gap[region].mean() for gap in gaps]))
    outside = float(np.mean([gap[~region].mean() for gap in gaps])) if not region.all() else 0.0
    if net is None:
        return Change(None, None, inside, outside)
    device, where = next(net.buffers()).device, region[..., None]
    first = _tensor([a for a, _ in pairs]).to(device)
    weight = torch.from_numpy(region.astype(np.float32))[None, None].to(device)
    csd = distance(net, first, _tensor([np.where(where, b, a) for a, b in pairs]).to(device), weight)
    if region.all():
        return Change(float(csd.mean()), 0.0, inside, outside)
    ocd = distance(net, first, _tensor([np.where(where, a, b) for a, b in pairs]).to(device), 1 - weight)
    return Change(float(csd.mean()), float(ocd.mean()), inside, outside)


def _tensor(pictures: Sequence[Array]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def measured_regions(label_map: Array, leave_out: int | None = None) -> Iterator[tuple[int, Array]]:
    """(label, region (H, W) bool) of each region that is large enough; `leave_out` is the label set's ignore id."""
    for label in np.unique(label_map):
        region = label_map == label
        if label != leave_out and region.mean() >= SMALLEST:
            yield int(label), region


@dataclass
class Diversity:
    """Changes by label; a label's numbers are means over its pictures, the totals are means over labels."""

    changes: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))

    def add(self, label: int, change: Change) -> None:
        """Count one picture's region."""
        self.changes[label].append(change)

    def numbers(self, names: Sequence[str]) -> dict[str, Any]:
        """Plain data: mcsd, mocd, inside_difference, outside_difference, and "by_label" the same by name.

        `names` are the labels' names by id. Every label counts alike in the totals, however often it occurs.
        """
        keys = {"mcsd": "csd", "mocd": "ocd", "inside_difference": "inside", "outside_difference": "outside"}
        by_label = {
            names[label]: {key: _mean([getattr(change, name) for change in found]) for key, name in keys.items()}
            | {"pictures": len(found)}
            for label, found in sorted(self.changes.items())
        }
        totals = {key: _mean([numbers[key] for numbers in by_label.values()]) for key in keys}
        return {**totals, "samples": SAMPLES, "by_label": by_label}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
