"""Measuring weights that paint: reconstructions, pictures in drawn styles, and what drawing one style changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.data.layout import evenly
from engine.errors import Message
from engine.metrics.diversity import PICTURES, SAMPLES, Diversity, measure_change, measured_regions
from engine.metrics.judges import DRAWN, OWN, REAL, Judges
from engine.metrics.pairs import Pairs
from engine.metrics.reconstruction import psnr, rmse, ssim
from engine.metrics.repainting import all_drawn, can_sample, drawn_style, native_size, own_styles, repaint
from engine.metrics.segmentation import Counts
from engine.nn.feature_net import FeatureNet
from engine.painting.label_painter import Array, Painter
from engine.requests.parse import LabelMapFinder
from engine.session import Session

NO_TEXT = Message("R-precision needs a text-image model; these weights paint from label maps.")
DIVERSITY_SHARE = 0.5
"""Of the time, for the progress bar."""

Report = Callable[[float, str], None]


def measure_painter(
    painter: Painter, pairs: Pairs, session: Session, report: Report, diversity: bool
) -> dict[str, Any]:
    """What `engine.metrics.evaluate.evaluate` returns for weights that paint.

    ssim, rmse, psnr (`engine.metrics.reconstruction`) and what `engine.metrics.judges` sees in reconstructions and in
    pictures in drawn styles; under "reconstructions" and "real_pictures" what the parser makes of them: miou,
    miou_without_rare, accuracy, iou by label name; under "diversity" see `engine.metrics.diversity`. "r_precision" is
    of text-image models alone.
    """
    judges = Judges.installed(session.device)
    missing = dict(judges.missing) | {"r_precision": NO_TEXT}
    parser_name = session.parser_for(pairs.label_set)
    parser: LabelMapFinder | None = session.load(parser_name) if parser_name is not None else None
    if parser is None:
        reason = Message("No parser for the labels of '{0}' is installed.", pairs.label_set.name)
        missing |= {"reconstructions": reason, "real_pictures": reason}
    samples = can_sample(painter)
    if not samples:
        missing |= dict.fromkeys((*judges.of_drawn(), "diversity"), Message("These weights cannot draw styles."))
    end = 1 - DIVERSITY_SHARE if samples and diversity else 1.0
    reconstructing = Message("reconstructing")
    numbers = _reconstructions(painter, pairs, judges, parser, lambda share: report(share * end, reconstructing))
    for key, value in numbers.items():
        if value is None:
            missing.setdefault(key, Message("A Frechet distance needs two pictures or more."))
    numbers["diversity"] = None
    if samples and diversity:
        drawn = lambda share: report(end + share * (1 - end), Message("drawing styles"))  # noqa: E731
        numbers["diversity"] = measure_diversity(painter, pairs, judges.features, drawn)
    elif samples:
        missing["diversity"] = Message("It was not asked for.")
    networks = judges.names() | {"parser": parser_name if parser else None}
    return numbers | {"r_precision": None, "networks": networks, "missing": missing}


def _reconstructions(
    painter: Painter, pairs: Pairs, judges: Judges, parser: LabelMapFinder | None, report: Callable[[float], None]
) -> dict[str, Any]:
    similar: list[Tensor] = []
    fake_counts, real_counts = Counts(pairs.label_set), Counts(pairs.label_set)
    seconds = 0.0
    for done, stem in enumerate(pairs.stems, 1):
        real, label_map = pairs.framed(stem, *native_size(painter.config))
        started = time.perf_counter()
        fake = repaint(painter, label_map, own_styles(painter, real, label_map))
        seconds += time.perf_counter() - started
        a, b = _unit(real), _unit(fake)
        similar.append(torch.stack([ssim(a, b), rmse(a, b), psnr(a, b)]).flatten())
        judges.see(REAL, a)
        judges.see(OWN, b)
        judges.compare(a, b)
        if can_sample(painter) and judges.any:
            judges.see(DRAWN, _unit(repaint(painter, label_map, all_drawn(painter, label_map, done))))
        if parser is not None:
            fake_counts.add(label_map, parser.parse(fake)[0])
        real_counts.add(label_map, label_map if parser is None else parser.parse(real)[0])
        report(done / len(pairs))
    means = torch.stack(similar).mean(0).tolist()
    rare = real_counts.rare()
    return {
        "seconds_per_picture": seconds / len(pairs),
        **dict(zip(("ssim", "rmse", "psnr"), means, strict=True)),
        **judges.numbers(),
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
    chosen = evenly(len(pairs), PICTURES)
    for done, index in enumerate(chosen, 1):
        real, label_map = pairs.framed(pairs.stems[index], *native_size(painter.config))
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
