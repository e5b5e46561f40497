"""Measuring restyled photographs of a split, edit by edit: what `tessera evaluate --edits` prints.

Every photo is read, parsed and matted once for all its edits and for all ways to make them; what it measured may be
kept in a folder, so that a run that was stopped goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from engine.data.kinds import LABELLED, check_described, measured_split
from engine.errors import BadRequest, Message, NotSupported
from engine.evaluation.edit_cases import Job, PhotoCases, Portrait, Probabilities, jobs_of, mean_colours
from engine.evaluation.kept_measurements import ByJob, KeptMeasurements
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import load_label_set
from engine.metrics.edits import Numbers, measure_case, numbers_of, pooled
from engine.metrics.features import load_feature_net
from engine.nn.feature_net import FeatureNet
from engine.painting.painter import Painter
from engine.pictures.images import resize_image
from engine.progress import Progress, stoppable
from engine.session import Session
from engine.systems.pairs import Pairs, pairs_of
from engine.systems.repainting import has_styles, native_size

SIDE = 256
"""Shorter side of pictures, at most, where no weights say how large theirs are."""
READING = 0.1
"""Share of the work that is reading the photos and their styles."""


def evaluate_edits(
    weights: str | Path | None,
    data: Path,
    split: str | None = None,
    *,
    device: str = "auto",
    limit: int | None = None,
    keep: Path | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> list[Numbers]:
    """Measure restyled photographs of a split, region by region.

    Args: as `engine.evaluation.evaluate.evaluate` has them, and
        weights: their styles come from pictures; None measures what needs no weights, borders by label maps alone.
        keep: a folder for what each photo measured; photos that it has are not measured again.

    Raises:
        NotSupported: weights whose styles are not those of regions. BadRequest: the folder holds other measurements.
        WeightsError, BadFile, BadLabelMap, Cancelled.
    """
    if limit is not None and limit < 2:
        raise BadRequest("The limit {0} leaves no photo with another's style; give 2 or more.", limit)
    report = stoppable(on_progress, cancel.is_set if cancel is not None else None)
    report(0.0, Message("loading"))
    session = Session(device)
    painter = None if weights is None else _painter(session, str(weights))
    pairs = _pairs(painter, Path(data), split, limit)
    parser_name = None if painter is None else session.parser_for(pairs.label_set)
    probabilities: Probabilities | None = None if parser_name is None else session.load(parser_name).probabilities
    network = load_feature_net()
    jobs = jobs_of(painter, pairs.label_set)
    kept = None if keep is None else KeptMeasurements(keep, _subject(painter, parser_name, pairs, jobs))
    portraits = []
    for stem in pairs.stems:
        portraits.append(_portrait(painter, pairs, stem))
        report(READING * len(portraits) / len(pairs), Message("reading"))

    def measured(number: int) -> ByJob:
        def restyled(share: float) -> None:
            report(READING + (1 - READING) * (number + share) / len(portraits), Message("restyling"))

        by_job = None if kept is None else kept.read(number)
        if by_job is None:
            restyled(0.0)
            cases = PhotoCases(painter, pairs.label_set, portraits, number, probabilities)
            by_job = _measured(cases, jobs, network, painter, restyled)
            if kept is not None:
                kept.write(number, by_job)
        return by_job

    with torch.inference_mode():
        by_photo = [measured(number) for number in range(len(portraits))]
        photos = [pooled(network, portrait.photo) for portrait in portraits]
    report(1.0, Message("measured"))
    return _rows(jobs, by_photo, photos)


def _painter(session: Session, weights_name: str) -> Painter:
    painter = session.painter(weights_name)
    if painter.scope != "label" or not has_styles(painter):
        raise NotSupported('The styles of "{0}" are not those of regions; choose other weights.', painter.card.name)
    return painter


def _pairs(painter: Painter | None, data_folder: Path, split: str | None, limit: int | None) -> Pairs:
    check_described(data_folder, LABELLED)
    split_name = split or measured_split(data_folder, LABELLED)
    if painter is not None:
        return pairs_of(painter.card, data_folder, split_name, limit)
    return Pairs(data_folder, split_name, load_label_set(data_folder / "classes.json"), limit)


def _subject(painter: Painter | None, parser_name: str | None, pairs: Pairs, jobs: Sequence[Job]) -> dict[str, Any]:
    """All that decides what is measured, see `KeptMeasurements`."""
    return {
        "weights": None if painter is None else painter.card.identity,
        "probabilities": parser_name,
        "data": str(pairs.folder.resolve()),
        "photos": pairs.stems,
        "edits": [job.name for job in jobs],
    }


def _portrait(painter: Painter | None, pairs: Pairs, stem: str) -> Portrait:
    if painter is not None:
        photo, label_map = pairs.framed(stem, *native_size(painter.config))
        return Portrait(photo, label_map, painter.encode(photo, label_map))
    photo, label_map = pairs.read(stem)
    height, width = photo.shape[:2]
    factor = min(1.0, SIDE / min(height, width))
    size = max(1, round(height * factor)), max(1, round(width * factor))
    photo, label_map = resize_image(photo, *size), resize_label_map(label_map, *size)
    return Portrait(photo, label_map, mean_colours(photo, label_map, len(pairs.label_set)))


def _measured(
    cases: PhotoCases,
    jobs: Sequence[Job],
    network: FeatureNet,
    painter: Painter | None,
    report: Callable[[float], None],
) -> ByJob:
    """One photo by all jobs. report: called with the share of them that is over, 0..1, after each."""
    encode = None if painter is None else lambda picture, label_map: painter.encode(picture, label_map).codes
    by_job: ByJob = {}
    for job_index, job in enumerate(jobs, 1):
        case = cases.case(job)
        if case is not None:
            by_job[job.name] = measure_case(case, network, encode)
        report(job_index / len(jobs))
    return by_job


def _rows(jobs: Sequence[Job], by_photo: Sequence[ByJob], photos: Sequence[torch.Tensor]) -> list[Numbers]:
    """The table's rows: each job over the photos that it has a case of. photos: features (1, D) of each."""
    rows = []
    for job in jobs:
        shown = [number for number, by_job in enumerate(by_photo) if job.name in by_job]
        rows += numbers_of(job.name, [by_photo[n][job.name] for n in shown], [photos[n] for n in shown])
    return rows
