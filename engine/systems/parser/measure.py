"""How weights that find label maps are measured, and what a report shows of them (`engine.systems.measuring`).

Their label maps, made as the editor makes them, are compared with the true ones at each picture's own size.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import Message
from engine.labels.label_maps import colourise, resize_label_map
from engine.metrics.segmentation import Counts, how_sure
from engine.progress import Progress
from engine.requests.parse import LabelMapFinder
from engine.systems.measure_painters import photograph_cells
from engine.systems.measuring import Cell, Column, Figures, MeasureOptions, Row, Table
from engine.systems.pairs import pairs_of
from engine.systems.repainting import native_size

if TYPE_CHECKING:
    from engine.weights.card import Card

SEGMENTATION = Table(
    "Label maps",
    (
        Column("pictures", ("pictures",), 0, None),
        Column("mIoU", ("miou",), 3, True),
        Column("mIoU without rare labels", ("miou_without_rare",), 3, True),
        Column("accuracy", ("accuracy",), 3, True),
        Column("sure", ("sure",), 2, True, optional=True),
        Column("of those good", ("sure_right",), 3, True, optional=True),
    ),
)


class MeasuredParser(LabelMapFinder, Protocol):
    """Weights that find label maps. config has `resolution`, and `aspect_ratio` where pictures are no squares."""

    card: Card
    config: Any


def measure(parser: MeasuredParser, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """The numbers of weights that find label maps, on a folder of pictures with label maps.

    miou, miou_without_rare, accuracy, iou by label name; sure, sure_right and sure_from of
    `engine.metrics.segmentation.how_sure`, at the threshold of the parser's card. An IoU is None for a label that
    occurs neither in truth nor in prediction; means leave those out.
    """
    pairs = pairs_of(parser.card, data_folder, options.split, options.limit)
    confusion_counts, seconds = Counts(pairs.label_set), []
    confidences, mean_ious = [], []
    for measured_count, stem in enumerate(pairs.stems, 1):
        picture, true_label_map = pairs.read(stem)
        start_time = time.perf_counter()
        found_label_map, confidence, *_ = parser.parse(picture)
        seconds.append(time.perf_counter() - start_time)
        true_label_map = resize_label_map(true_label_map, *found_label_map.shape)
        confusion_counts.add(true_label_map, found_label_map)
        picture_counts = Counts(pairs.label_set)
        picture_counts.add(true_label_map, found_label_map)
        confidences.append(confidence)
        mean_ious.append(float(picture_counts.numbers([])["miou"] or 0.0))  # nothing known: nothing good
        report(measured_count / len(pairs), Message("finding regions"))
    rare_labels = confusion_counts.rare()
    return pairs.facts() | {
        "seconds_per_picture": median(seconds),
        **confusion_counts.numbers(rare_labels),
        **how_sure(confidences, mean_ious, parser.card.sure_from),
        "rare_labels": [pairs.label_set[label].name for label in rare_labels],
        "label_shares": confusion_counts.shares(),
        "networks": {},
        "missing": {},
    }


def sheet(parser: MeasuredParser, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """Photographs and their label maps beside the label maps that the weights find."""
    pairs = pairs_of(parser.card, data_folder, options.split, options.limit)
    sheet_rows = []
    for row_index, stem in enumerate(pairs.stems):
        report(row_index / len(pairs), Message("pictures for the report"))
        photograph, label_map = pairs.framed(stem, *native_size(parser.config))
        found_labels = colourise(parser.parse(photograph).label_map, pairs.label_set)
        parsed_cells = (Cell(parser.card.name, found_labels),)
        sheet_rows.append(Row(stem, photograph_cells(photograph, label_map, pairs), parsed_cells))
    return sheet_rows
