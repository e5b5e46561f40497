"""Measuring weights on a split of a dataset folder: what `tessera evaluate` and the cards say.

Systems that paint: every picture is encoded with its own label map and painted again, as the editor would paint it
(`engine.metrics.repainting`), at the network's resolution. The painting is compared with the picture, and a parser
looks for the label map in both. Where styles can be drawn, pictures are painted in drawn styles too, and what drawing
one region's style changes is measured (`engine.metrics.diversity`). Pictures are cut to the shape that the network was
trained on: a centre square, or as wide as its `aspect_ratio`. Parsers: their label maps, made as the editor makes
them, are compared with the true ones at each picture's own size.

A number that cannot be measured (feature network or parser not installed) is None, and "missing" says why.
docs/models.md defines all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch

from engine.devices import is_out_of_memory
from engine.errors import BadRequest, EngineError, Message, OutOfMemory, WeightsError
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.metrics.painted import measure_painter
from engine.metrics.pairs import Pairs
from engine.metrics.segmentation import Counts, how_sure
from engine.progress import Progress, stoppable
from engine.requests.parse import LabelMapFinder
from engine.session import Session
from engine.systems import abilities
from engine.weights.card import Card, require_label_set


def evaluate(
    weights: str | Path,
    data: Path,
    split: str,
    *,
    device: str = "auto",
    limit: int | None = None,
    diversity: bool = True,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Measure weights on a split.

    Args:
        weights: name or folder of weights.
        data: dataset folder: images/, labels/; classes.json for other labels than the weights'; splits.json if split.
        split: a name in splits.json; a folder without that file is measured whole, and its split is called "all".
        device: "auto" or a device id.
        limit: measure so many pictures only, evenly spread over the split.
        diversity: also measure what drawn styles change, which takes about as long as all the rest.
        on_progress: called with (fraction 0..1, what is being done).
        cancel: set it from any thread to stop after the picture at hand.

    Returns:
        Plain data for JSON. Always: weights, system, data, split, pictures, resolution, device, seconds,
        seconds_per_picture, networks, missing (reasons by name), rare_labels, label_shares.
        Systems that paint: see `engine.metrics.painted.measure_painter`.
        Parser: miou, miou_without_rare, accuracy, iou by label name; sure, sure_right and sure_from of
        `engine.metrics.segmentation.how_sure`, at the threshold of the parser's card. An IoU is None for a label that
        occurs neither in truth nor in prediction; means leave those out.

    Raises:
        WeightsError, BadFile, BadLabelMap, BadRequest, NotSupported, OutOfMemory, Cancelled.
    """
    if limit is not None and limit < 1:
        raise BadRequest("The limit {0} leaves no picture to measure; give 1 or more.", limit)
    report = stoppable(on_progress, cancel.is_set if cancel is not None else None)
    report(0.0, Message("loading"))
    session = Session(device)
    model = session.load(str(weights))
    pairs = Pairs(Path(data), split, _measurable_labels(model.card), limit)
    require_label_set(model.card, pairs.label_set)
    start_time = time.perf_counter()
    with _shortage_told(session), torch.inference_mode():
        if abilities(model.card).parses:
            measurements = _measure_parser(model, model.card.sure_from, pairs, report)
        else:
            measurements = measure_painter(model, pairs, session, report, diversity)
    report(1.0, Message("measured"))
    return {
        "weights": model.card.name,
        "system": model.card.system,
        "data": pairs.folder.name,
        "split": pairs.split,
        "pictures": len(pairs),
        "resolution": model.config.resolution,
        "device": str(session.device),
        "seconds": time.perf_counter() - start_time,
        **measurements,
    }


def _measurable_labels(card: Card) -> LabelSet:
    """The label set of weights that paint or parse. Raises WeightsError for others."""
    capabilities, own_labels = abilities(card), card.labels()
    if not (capabilities.paints or capabilities.parses):
        raise WeightsError(
            '"{0}" neither paints label maps nor finds them, so there is nothing to measure; choose other weights.',
            card.name,
        )
    if own_labels is None:
        raise WeightsError('The card of "{0}" has no label set; get the weights again.', card.name)
    return own_labels


@contextmanager
def _shortage_told(session: Session) -> Iterator[None]:
    """Raises OutOfMemory for whatever says inside that memory ran out; the session holds nothing then."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        session.unload()
        raise OutOfMemory(
            "There was not enough memory on {0} to measure these weights; choose the CPU.",
            session.device, details=repr(error),
        ) from error


def _measure_parser(parser: LabelMapFinder, threshold: float, pairs: Pairs, report: Progress) -> dict[str, Any]:
    confusion_counts, seconds = Counts(pairs.label_set), []
    confidences, mean_ious = [], []
    for measured_count, stem in enumerate(pairs.stems, 1):
        picture, true_label_map = pairs.read(stem)
        start_time = time.perf_counter()
        found_label_map, confidence, _ = parser.parse(picture)
        seconds.append(time.perf_counter() - start_time)
        true_label_map = resize_label_map(true_label_map, *found_label_map.shape)
        confusion_counts.add(true_label_map, found_label_map)
        picture_counts = Counts(pairs.label_set)
        picture_counts.add(true_label_map, found_label_map)
        confidences.append(confidence)
        mean_ious.append(float(picture_counts.numbers([])["miou"] or 0.0))  # nothing known: nothing good
        report(measured_count / len(pairs), Message("finding regions"))
    rare_labels = confusion_counts.rare()
    return {
        "seconds_per_picture": median(seconds),
        **confusion_counts.numbers(rare_labels),
        **how_sure(confidences, mean_ious, threshold),
        "rare_labels": [pairs.label_set[label].name for label in rare_labels],
        "label_shares": confusion_counts.shares(),
        "networks": {},
        "missing": {},
    }
