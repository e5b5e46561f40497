"""The photos and styles that `engine.metrics.edits` measures on: those of a split, each in the style of another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from engine.compose.mattes import MAN_MADE
from engine.compose.own_colour import ONE_COLOURED
from engine.data.kinds import LABELLED, check_described, measured_split
from engine.errors import BadRequest, Message, NotSupported
from engine.evaluation.pairs import pairs_of
from engine.evaluation.repainting import can_sample, coded, has_styles, native_size, own_styles, repaint
from engine.labels.label_sets import LabelSet
from engine.metrics.edits import COMPOSITION, EDITS, METHODS, PAINTED, Case, Numbers, measure_edit
from engine.metrics.features import load_feature_net
from engine.painting.painter import Painter, StyleCodes
from engine.progress import Progress, stoppable
from engine.session import Session

Array = np.ndarray
Kind = Literal["photo", "distant", "drawn", "mixed"]
Probabilities = Callable[[Array], Array]
"""(picture (H, W, 3) uint8) -> (L, h, w) a parser's probabilities."""
BY_PHOTO = ("photo", "distant")
"""Kinds of styles with a photo behind them."""
WITHOUT_A_PHOTO = ("hair",)
"""Edits that are measured with drawn and mixed styles too."""
DISTANT = ("hair", "sky", "road", "walls", "vegetation")
"""Edits that are measured with the style that is farthest from the photo's own too: the next frame of a drive has
nearly the same sky."""


@dataclass(frozen=True)
class Portrait:
    """A photo of the split, (H, W, 3) uint8, its label map (H, W) and the style codes of its regions."""

    photo: Array
    label_map: Array
    styles: StyleCodes


def evaluate_edits(
    weights: str | Path,
    data: Path,
    split: str | None = None,
    *,
    device: str = "auto",
    limit: int | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> list[Numbers]:
    """Measure restyled photographs of a split with weights whose styles come from pictures, region by region.

    Args: as `engine.evaluation.evaluate.evaluate` has them.

    Raises:
        NotSupported: weights whose styles are not those of regions. WeightsError, BadFile, BadLabelMap, BadRequest,
        Cancelled.
    """
    if limit is not None and limit < 2:
        raise BadRequest("The limit {0} leaves no photo with another's style; give 2 or more.", limit)

    report = stoppable(on_progress, cancel.is_set if cancel is not None else None)
    report(0.0, Message("loading"))
    session = Session(device)
    painter = session.painter(str(weights))
    if painter.scope != "label" or not has_styles(painter):
        raise NotSupported('The styles of "{0}" are not those of regions; choose other weights.', painter.card.name)
    data_folder = Path(data)
    check_described(data_folder, LABELLED)
    pairs = pairs_of(painter.card, data_folder, split or measured_split(data_folder, LABELLED), limit)
    network = load_feature_net()
    parser_name = session.parser_for(pairs.label_set)
    probabilities: Probabilities | None = None if parser_name is None else session.load(parser_name).probabilities
    portraits = []
    for stem in pairs.stems:
        photo, label_map = pairs.framed(stem, *native_size(painter.config))
        portraits.append(Portrait(photo, label_map, painter.encode(photo, label_map)))
        report(0.1 * len(portraits) / len(pairs), Message("reading"))
    jobs = _jobs(painter, pairs.label_set)
    rows: list[Numbers] = []
    with torch.inference_mode():
        for job_index, (edit, labels, kind) in enumerate(jobs):

            def reported(cases: Iterator[Case], job_index: int = job_index) -> Iterator[Case]:
                for case_index, case in enumerate(cases):
                    share = (job_index + case_index / len(portraits)) / len(jobs)
                    report(0.1 + 0.9 * share, Message("restyling"))
                    yield case

            cases = reported(cases_of(painter, portraits, labels, kind, probabilities))
            name = edit if kind == "photo" else f"{edit}, {kind} style"
            methods = METHODS if kind in BY_PHOTO else (PAINTED, COMPOSITION)
            rows += measure_edit(name, cases, network, lambda a, b: painter.encode(a, b).codes, methods)
    report(1.0, Message("measured"))
    return rows


def _jobs(painter: Painter, label_set: LabelSet) -> list[tuple[str, tuple[int, ...], Kind]]:
    ids = {label.name: label.id for label in label_set.labels}
    jobs: list[tuple[str, tuple[int, ...], Kind]] = []
    for edit, names in EDITS:
        if not all(name in ids for name in names):
            continue
        labels = tuple(ids[name] for name in names)
        jobs.append((edit, labels, "photo"))
        if edit in DISTANT:
            jobs.append((edit, labels, "distant"))
        if edit in WITHOUT_A_PHOTO and can_sample(painter):
            jobs += [(edit, labels, "drawn"), (edit, labels, "mixed")]
    return jobs


def cases_of(
    painter: Painter,
    portraits: Sequence[Portrait],
    labels: Sequence[int],
    kind: Kind = "photo",
    probabilities: Probabilities | None = None,
) -> Iterator[Case]:
    """Each photo with the next one's style (the last with the first's), where both have one of `labels`.

    kind: "photo" takes the style as it is, "distant" that of the photo whose codes are farthest away instead, "mixed"
    its code half and half with the photo's own, "drawn" a style drawn with the photo's number as seed.
    """
    for number, photo in enumerate(portraits):
        style = farthest(portraits, photo, labels) if kind == "distant" else portraits[(number + 1) % len(portraits)]
        both = common_labels(photo, style, labels)
        if not both:
            continue
        wanted = np.array(photo.styles.codes, np.float32)
        for label in both:
            wanted[label] = _code(painter, photo, style, label, kind, number)
        styles = own_styles(painter, photo.photo, photo.label_map) | {n: coded(n, wanted[n]) for n in both}
        by_photo: dict[str, Any] = {"style": style.photo, "style_map": style.label_map} if kind in BY_PHOTO else {}
        yield Case(
            photo.photo,
            photo.label_map,
            None if probabilities is None else probabilities(photo.photo),
            both,
            wanted,
            repaint(painter, photo.label_map, styles),
            one_coloured=frozenset(n for n in both if painter.label_set[n].name in ONE_COLOURED),
            man_made=frozenset(n for n in both if painter.label_set[n].name in MAN_MADE),
            **by_photo,
        )


def common_labels(photo: Portrait, style: Portrait, labels: Sequence[int]) -> tuple[int, ...]:
    """Those of `labels` that both photos show."""
    both = (n for n in labels if photo.styles.present[n] and style.styles.present[n])
    return tuple(n for n in both if (photo.label_map == n).any() and (style.label_map == n).any())


def farthest(portraits: Sequence[Portrait], photo: Portrait, labels: Sequence[int]) -> Portrait:
    """The photo whose codes of `labels` are, over those that both show, farthest from the photo's own."""

    def distance(style: Portrait) -> float:
        both = list(common_labels(photo, style, labels))
        apart = photo.styles.codes[both] - style.styles.codes[both]
        return float(np.linalg.norm(apart, axis=-1).mean()) if both else -1.0

    return max(portraits, key=distance)


def _code(painter: Painter, photo: Portrait, style: Portrait, label: int, kind: Kind, seed: int) -> Array:
    if kind == "drawn":
        return painter.sample(label, seed)
    if kind == "mixed":
        return (photo.styles.codes[label] + style.styles.codes[label]) / 2
    return style.styles.codes[label]
