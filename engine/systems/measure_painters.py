"""How weights that paint label maps are measured, and what a report shows of them
(`engine.systems.measuring`).

Every picture is encoded with its own label map and painted again, as the editor would paint it
(`engine.systems.repainting`), at the network's resolution. The painting is compared with the picture, and a parser
looks for the label map in both. Where styles can be drawn, pictures are painted in drawn styles too, and what drawing
one region's style changes is measured (`engine.metrics.diversity`). Pictures are cut to the shape that the network was
trained on: a centre square, or as wide as its `aspect_ratio`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.data.layout import evenly
from engine.errors import Message
from engine.labels.label_maps import colourise
from engine.metrics.diversity import PICTURES, SAMPLES, Diversity, measure_change, measured_regions
from engine.metrics.judges import DRAWN, OWN, REAL, Judges
from engine.metrics.reconstruction import psnr, rmse, ssim
from engine.metrics.segmentation import Counts
from engine.nn.feature_net import FeatureNet
from engine.painting.painter import Array, Painter
from engine.progress import Progress
from engine.requests.parse import LabelMapFinder
from engine.systems.measuring import Cell, Column, Figures, MeasureOptions, Row, Table
from engine.systems.pairs import Pairs, pairs_of
from engine.systems.repainting import all_drawn, can_sample, drawn_style, native_size, own_styles, repaint

DIVERSITY_SHARE = 0.5
"""Of the time, for the progress bar."""
RECONSTRUCTION = Table(
    "Reconstruction",
    (
        Column("pictures", ("pictures",), 0, None),
        Column("side", ("resolution",), 0, None),
        Column("SSIM", ("ssim",), 3, True),
        Column("RMSE", ("rmse",), 3, False),
        Column("PSNR", ("psnr",), 2, True),
        Column("LPIPS-MobileNetV2", ("LPIPS-MobileNetV2",), 3, False, optional=True),
        Column("FID-MobileNetV2", ("FID-MobileNetV2",), 1, False),
        Column("FID-EfficientNetLite0", ("FID-EfficientNetLite0",), 1, False, optional=True),
        Column("FID-InceptionV3", ("FID-InceptionV3",), 1, False, optional=True),
        Column("Inception score", ("inception_score",), 2, True, optional=True),
        Column("mIoU", ("reconstructions", "miou"), 3, True),
        Column("accuracy", ("reconstructions", "accuracy"), 3, True),
    ),
)
"""As SEAN's tables 1 and 2."""
DIVERSITY = Table(
    "Drawn styles",
    (
        Column("pictures", ("diversity", "pictures"), 0, None),
        Column("mCSD", ("diversity", "mcsd"), 4, True),
        Column("mOCD", ("diversity", "mocd"), 4, False),
        Column("change inside (of 255)", ("diversity", "inside_difference"), 2, True),
        Column("change outside (of 255)", ("diversity", "outside_difference"), 2, False),
        Column("FID, drawn styles", ("FID-MobileNetV2, drawn styles",), 1, False),
        Column("FID-InceptionV3, drawn styles", ("FID-InceptionV3, drawn styles",), 1, False, optional=True),
    ),
    needs="diversity",
)
"""As the tables of the SMIS paper."""


def measure(painter: Painter, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """The numbers of weights that paint on a folder of pictures with label maps.

    ssim, rmse, psnr (`engine.metrics.reconstruction`) and what `engine.metrics.judges` sees in reconstructions and in
    pictures in drawn styles; under "reconstructions" and "real_pictures" what the parser makes of them: miou,
    miou_without_rare, accuracy, iou by label name; under "diversity" see `engine.metrics.diversity`.
    """
    pairs = pairs_of(painter.card, data_folder, options.split, options.limit)
    judges = Judges.installed(
        options.services.device, (painter.card.perceptual_network, painter.card.discriminator_network)
    )
    missing: dict[str, str] = dict(judges.missing)
    shelf = options.services.shelf
    parser_name = shelf.parser_for(pairs.label_set)
    parser: LabelMapFinder | None = shelf.load(parser_name) if parser_name is not None else None
    if parser is None:
        reason = Message("No parser for the labels of '{0}' is installed.", pairs.label_set.name)
        missing |= {"reconstructions": reason, "real_pictures": reason}
    draws_styles = can_sample(painter)
    if not draws_styles:
        missing |= dict.fromkeys((*judges.of_drawn(), "diversity"), Message("These weights cannot draw styles."))
    reconstruction_share = 1 - DIVERSITY_SHARE if draws_styles and options.diversity else 1.0
    reconstructing = Message("reconstructing")
    measurements = _reconstructions(
        painter, pairs, judges, parser, lambda share: report(share * reconstruction_share, reconstructing)
    )
    for number_name, measured in measurements.items():
        if measured is None:
            missing.setdefault(number_name, Message("A Frechet distance needs two pictures or more."))
    measurements["diversity"] = None
    if draws_styles and options.diversity:

        def report_drawing(share: float) -> None:
            report(reconstruction_share + share * (1 - reconstruction_share), Message("drawing styles"))

        measurements["diversity"] = measure_diversity(painter, pairs, judges.features, report_drawing)
    elif draws_styles:
        missing["diversity"] = Message("It was not asked for.")
    networks = judges.names() | {"parser": parser_name if parser else None}
    return pairs.facts() | measurements | {"networks": networks, "missing": missing}


def sheet(painter: Painter, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """Photographs and their label maps beside what the weights paint of them, in drawn styles too where they can."""
    pairs = pairs_of(painter.card, data_folder, options.split, options.limit)
    sheet_rows = []
    for row_index, stem in enumerate(pairs.stems):
        report(row_index / len(pairs), Message("pictures for the report"))
        photograph, label_map = pairs.framed(stem, *native_size(painter.config))
        name = painter.card.name
        painted_cells = [Cell(name, repaint(painter, label_map, own_styles(painter, photograph, label_map)))]
        if can_sample(painter):
            drawn = repaint(painter, label_map, all_drawn(painter, label_map, row_index))
            painted_cells.append(Cell(f"{name}, drawn styles", drawn))
        sheet_rows.append(Row(stem, photograph_cells(photograph, label_map, pairs), tuple(painted_cells)))
    return sheet_rows


def photograph_cells(photograph: Array, label_map: Array, pairs: Pairs) -> tuple[Cell, ...]:
    """A photograph of the split and its label map in colours."""
    return Cell("photograph", photograph), Cell("label map", colourise(label_map, pairs.label_set))


def _reconstructions(
    painter: Painter, pairs: Pairs, judges: Judges, parser: LabelMapFinder | None, report: Callable[[float], None]
) -> dict[str, Any]:
    similarities: list[Tensor] = []
    painted_counts, real_counts = Counts(pairs.label_set), Counts(pairs.label_set)
    seconds = 0.0
    for painted_count, stem in enumerate(pairs.stems, 1):
        real, label_map = pairs.framed(stem, *native_size(painter.config))
        start_time = time.perf_counter()
        painted = repaint(painter, label_map, own_styles(painter, real, label_map))
        seconds += time.perf_counter() - start_time
        real_tensor, painted_tensor = _unit_tensor(real), _unit_tensor(painted)
        similarities.append(
            torch.stack(
                [
                    ssim(real_tensor, painted_tensor),
                    rmse(real_tensor, painted_tensor),
                    psnr(real_tensor, painted_tensor),
                ]
            ).flatten()
        )
        judges.see(REAL, real_tensor)
        judges.see(OWN, painted_tensor)
        judges.compare(real_tensor, painted_tensor)
        if can_sample(painter) and judges.any:
            judges.see(DRAWN, _unit_tensor(repaint(painter, label_map, all_drawn(painter, label_map, painted_count))))
        if parser is not None:
            painted_counts.add(label_map, parser.parse(painted).label_map)
        real_counts.add(label_map, label_map if parser is None else parser.parse(real).label_map)
        report(painted_count / len(pairs))
    similarity_means = torch.stack(similarities).mean(0).tolist()
    rare_labels = real_counts.rare()
    return {
        "seconds_per_picture": seconds / len(pairs),
        **dict(zip(("ssim", "rmse", "psnr"), similarity_means, strict=True)),
        **judges.numbers(),
        "reconstructions": painted_counts.numbers(rare_labels) if parser is not None else None,
        "real_pictures": real_counts.numbers(rare_labels) if parser is not None else None,
        "rare_labels": [pairs.label_set[label].name for label in rare_labels],
        "label_shares": real_counts.shares(),
    }


def measure_diversity(
    painter: Painter, pairs: Pairs, network: FeatureNet | None, report: Callable[[float], None]
) -> dict[str, Any]:
    """`Diversity.numbers` on at most `PICTURES` pictures, evenly spread over the split; adds their number.

    All regions keep the picture's own styles but the one that is drawn. Where a style is the whole picture's, all of
    it is drawn, and each region counts as if it had been the chosen one.
    """
    diversity = Diversity()
    picture_indices = evenly(len(pairs), PICTURES)
    for measured_count, picture_index in enumerate(picture_indices, 1):
        real, label_map = pairs.framed(pairs.stems[picture_index], *native_size(painter.config))
        own_codes = own_styles(painter, real, label_map)
        painted: list[Array] = []
        for label, region in measured_regions(label_map, pairs.label_set.ignore):
            if painter.scope == "label" or not painted:
                drawn_styles = [own_codes | drawn_style(painter, label, seed) for seed in range(1, SAMPLES + 1)]
                painted = [repaint(painter, label_map, style) for style in drawn_styles]
            diversity.add(label, measure_change(network, painted, region))
        report(measured_count / len(picture_indices))
    return {"pictures": len(picture_indices), **diversity.numbers([label.name for label in pairs.label_set.labels])}


def _unit_tensor(pixels: Array) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float().div(255)
