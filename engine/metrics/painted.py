"""Measuring weights that paint: reconstructions, pictures in drawn styles, and what drawing one style changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import WeightsError
from engine.metrics.diversity import PICTURES, SAMPLES, Diversity, measure_change, measured_regions
from engine.metrics.features import MOBILENET, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.pairs import Pairs
from engine.metrics.reconstruction import psnr, rmse, ssim
from engine.metrics.repainting import all_drawn, can_sample, drawn_style, own_styles, repaint
from engine.metrics.segmentation import Counts
from engine.nn.feature_net import FeatureNet
from engine.painters.base import Array, Painter
from engine.photo_parser import PhotoParser
from engine.session import Session

FID = "FID-MobileNetV2"
"""A Frechet distance on MobileNetV2's 1280 pooled features. It does not compare with published FIDs."""
FID_SAMPLED = f"{FID}, drawn styles"
"""The same for pictures whose styles are all drawn: picture n of the split with seed n."""
DIVERSITY_SHARE = 0.5
"""Of the time, for the progress bar."""

Report = Callable[[float, str], None]


@dataclass
class _Pooled:
    """Pooled features of the pictures so far: real, reconstructed, in drawn styles."""

    net: FeatureNet | None
    device: torch.device
    kinds: dict[str, list[Tensor]] = field(default_factory=dict)

    def add(self, kind: str, picture: Tensor) -> None:
        """picture: (1, 3, H, W) in [0, 1]."""
        if self.net is not None:
            self.kinds.setdefault(kind, []).append(pooled_features(self.net, picture.to(self.device) * 2 - 1).cpu())

    def distance(self, kind: str) -> float | None:
        """From the real pictures; None without a network or with fewer than two pictures."""
        found = self.kinds.get(kind, [])
        return frechet_distance(torch.cat(self.kinds["real"]), torch.cat(found)) if len(found) > 1 else None


def measure_painter(
    painter: Painter, pairs: Pairs, session: Session, report: Report, diversity: bool
) -> dict[str, Any]:
    """What `engine.metrics.evaluate.evaluate` returns for weights that paint.

    ssim, rmse, psnr (`engine.metrics.reconstruction`) and "FID-MobileNetV2" of reconstructions; the last for pictures
    in drawn styles; under "reconstructions" and "real_pictures" what the parser makes of them: miou,
    miou_without_rare, accuracy, iou by label name; under "diversity" see `engine.metrics.diversity`.
    """
    missing: dict[str, str] = {}
    try:
        net: FeatureNet | None = load_feature_net().to(session.device)
    except WeightsError as error:
        net = None
        missing |= dict.fromkeys((FID, FID_SAMPLED, "mcsd"), str(error))
    parser_name = session.parser_for(pairs.label_set)
    found = session.load(parser_name) if parser_name is not None else None
    parser = found if isinstance(found, PhotoParser) else None
    if parser is None:
        reason = f"No parser for the labels of '{pairs.label_set.name}' is installed."
        missing |= {"reconstructions": reason, "real_pictures": reason}
    samples = can_sample(painter)
    if not samples:
        missing |= dict.fromkeys((FID_SAMPLED, "diversity"), "These weights cannot draw styles.")
    end = 1 - DIVERSITY_SHARE if samples and diversity else 1.0
    numbers = _reconstructions(
        painter, pairs, _Pooled(net, session.device), parser, lambda share: report(share * end, "reconstructing")
    )
    for key in (FID, FID_SAMPLED):
        if numbers[key] is None:
            missing.setdefault(key, "A Frechet distance needs two pictures or more.")
    numbers["diversity"] = None
    if samples and diversity:
        drawn = lambda share: report(end + share * (1 - end), "drawing styles")  # noqa: E731
        numbers["diversity"] = measure_diversity(painter, pairs, net, drawn)
    elif samples:
        missing["diversity"] = "It was not asked for."
    networks = {"features": MOBILENET if net is not None else None, "parser": parser_name if parser else None}
    return numbers | {"networks": networks, "missing": missing}


def _reconstructions(
    painter: Painter, pairs: Pairs, pooled: _Pooled, parser: PhotoParser | None, report: Callable[[float], None]
) -> dict[str, Any]:
    similar: list[Tensor] = []
    fake_counts, real_counts = Counts(pairs.label_set), Counts(pairs.label_set)
    seconds = 0.0
    for done, stem in enumerate(pairs.stems, 1):
        real, label_map = pairs.square(stem, painter.config.resolution)
        started = time.perf_counter()
        fake = repaint(painter, label_map, own_styles(painter, real, label_map))
        seconds += time.perf_counter() - started
        a, b = _unit(real), _unit(fake)
        similar.append(torch.stack([ssim(a, b), rmse(a, b), psnr(a, b)]).flatten())
        pooled.add("real", a)
        pooled.add("own", b)
        if can_sample(painter) and pooled.net is not None:
            pooled.add("drawn", _unit(repaint(painter, label_map, all_drawn(painter, label_map, done))))
        if parser is not None:
            fake_counts.add(label_map, parser.parse(fake)[0])
        real_counts.add(label_map, label_map if parser is None else parser.parse(real)[0])
        report(done / len(pairs))
    means = torch.stack(similar).mean(0).tolist()
    rare = real_counts.rare()
    return {
        "seconds_per_picture": seconds / len(pairs),
        **dict(zip(("ssim", "rmse", "psnr"), means, strict=True)),
        FID: pooled.distance("own"),
        FID_SAMPLED: pooled.distance("drawn"),
        "reconstructions": fake_counts.numbers(rare) if parser is not None else None,
        "real_pictures": real_counts.numbers(rare) if parser is not None else None,
        "rare_labels": [pairs.label_set[i].name for i in rare],
        "label_shares": real_counts.shares(),
    }


def measure_diversity(
    painter: Painter, pairs: Pairs, net: FeatureNet | None, report: Callable[[float], None]
) -> dict[str, Any]:
    """`Diversity.numbers` on at most `PICTURES` pictures, evenly spread over the split; adds their number.

    All regions keep the picture's own styles but the one that is drawn. Where a style is the whole picture's, all of
    it is drawn, and each region counts as if it had been the chosen one.
    """
    found = Diversity()
    chosen = np.linspace(0, len(pairs) - 1, min(PICTURES, len(pairs))).round().astype(int)
    for done, index in enumerate(chosen, 1):
        real, label_map = pairs.square(pairs.stems[int(index)], painter.config.resolution)
        own = own_styles(painter, real, label_map)
        painted: list[Array] = []
        for label, region in measured_regions(label_map, pairs.label_set.ignore):
            if painter.scope == "label" or not painted:
                styles = [own | drawn_style(painter, label, seed) for seed in range(1, SAMPLES + 1)]
                painted = [repaint(painter, label_map, style) for style in styles]
            found.add(label, measure_change(net, painted, region))
        report(done / len(chosen))
    return {"pictures": len(chosen), **found.numbers([label.name for label in pairs.label_set.labels])}


def _unit(pixels: Array) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().div(255)
