"""How box generators are measured, and what a report shows of them (`System.measuring`).

Likelihoods of the true boxes, in nats, beside those of rivals that are blind to the sentence: frequencies of labels and
one Gaussian per label, fitted to the training split ("blind"), and the same network that is told another picture's
sentence ("shuffled"). Labels of drawn layouts (temperature 0) against the true ones, beside a matcher of keywords.
Where the file says what its sentences state, how many of the stated counts, sides and labels the layouts obey.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.data.captioning.attributes import Attribute, count_word, third_of
from engine.data.captions import Layouts
from engine.data.layout import evenly
from engine.errors import BadRequest, Message
from engine.pictures.layouts import draw_layout
from engine.progress import Progress
from engine.requests.layout import SHARP
from engine.systems.measuring import Cell, Column, Figures, MeasureOptions, Row, Table
from engine.systems.text_layout.draw import DrawnBox, drawn_boxes
from engine.systems.text_layout.label_scores import KeywordMatcher, LabelScores
from engine.systems.text_layout.planner import MOST_BOXES, LayoutPlanner
from engine.systems.text_layout.sentences import Padded, padded
from engine.systems.text_layout.task import LayoutTaskConfig, nats_of

Array = np.ndarray
BATCH = 64
SIDES = ("left", "middle", "right")
TABLE = Table(
    "Layouts of sentences",
    (
        Column("layouts", ("layouts",), 0, None),
        Column("F1 of labels", ("label_f1",), 3, True),
        Column("F1 of keywords", ("keyword_f1",), 3, None),
        Column("nats per label", ("label_nats",), 3, False),
        Column("nats per box", ("box_nats",), 3, False),
        Column("nats per box, blind", ("blind", "box_nats"), 3, None),
        Column("counts obeyed", ("obeyed", "count"), 3, True, optional=True),
        Column("sides obeyed", ("obeyed", "side"), 3, True, optional=True),
    ),
    needs="label_f1",
)


@dataclass
class Obeyed:
    """Stated attributes and how many of them a layout has, by aspect."""

    stated: dict[str, int] = field(default_factory=dict)
    obeyed: dict[str, int] = field(default_factory=dict)

    def add(self, states: Sequence[str], boxes: Sequence[DrawnBox], class_names: Sequence[str]) -> None:
        """One sentence's attributes and a layout."""
        corners: dict[str, list[tuple[float, float, float, float]]] = {}
        for box in boxes:
            corners.setdefault(class_names[box.label], []).append(box.corners)
        for attribute in map(Attribute.read, states):
            holds = _holds(attribute, corners.get(attribute.subject, [])) if attribute.subject in class_names else None
            if holds is not None:
                self.stated[attribute.aspect] = self.stated.get(attribute.aspect, 0) + 1
                self.obeyed[attribute.aspect] = self.obeyed.get(attribute.aspect, 0) + int(holds)

    def shares(self) -> dict[str, float]:
        """Obeyed by stated."""
        return {aspect: self.obeyed[aspect] / count for aspect, count in sorted(self.stated.items())}


def _holds(attribute: Attribute, corners: list[tuple[float, float, float, float]]) -> bool | None:
    """Whether boxes of its label have an attribute; None for those that boxes do not show."""
    if attribute.aspect == "present":
        return bool(corners)
    if attribute.aspect == "count":
        return count_word(len(corners)) == attribute.value
    if attribute.aspect == "side":
        third = third_of(corners, 0)
        return third is not None and SIDES[third] == attribute.value
    return None


def measure(planner: LayoutPlanner, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """Numbers of a folder with captions_boxes.json; see above. Each picture's first sentence counts.

    Raises:
        BadFile, Cancelled. BadRequest: the folder has a class or a domain that the weights do not know.
    """
    dataset, indices = _split(planner, data_folder, options)
    chosen = [dataset.records[index] for index in indices]
    others = [chosen[(place + len(chosen) // 2) % len(chosen)].captions[0] for place in range(len(chosen))]
    own = _likelihoods(planner, dataset, indices, [record.captions[0] for record in chosen])
    shuffled = _likelihoods(planner, dataset, indices, others)
    scores, keywords = LabelScores(), LabelScores()
    matcher, obeyed, unasked = KeywordMatcher(planner.class_names), Obeyed(), Obeyed()
    class_of = _class_numbers(planner, dataset)
    for place, index in enumerate(indices):
        record, domain = dataset.records[index], _domain(planner, dataset, index)
        boxes = _drawn(planner, record.captions[0], domain)
        there = {class_of[box.label] for box in record.boxes}
        allowed = planner.config.domain_classes[domain] if planner.config.domain_classes else range(len(class_of))
        scores.add({box.label for box in boxes}, there)
        keywords.add(matcher.labels_in(record.captions[0], allowed), there)
        if record.stated:
            obeyed.add(record.stated[0], boxes, planner.class_names)
            unasked.add(record.stated[0], _drawn(planner, others[place], domain), planner.class_names)
        report((place + 1) / len(indices), Message("laying out"))
    return {
        "split": options.split,
        "layouts": len(indices),
        "label_f1": scores.f1(),
        "keyword_f1": keywords.f1(),
        **own,
        "shuffled": shuffled,
        "blind": _blind_likelihoods(planner, data_folder, dataset, indices),
        **({"obeyed": obeyed.shares(), "obeyed_unasked": unasked.shares()} if obeyed.stated else {}),
        "missing": {},
    }


def sheet(planner: LayoutPlanner, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """For each sentence, the true layout beside two that are drawn."""
    dataset, indices = _split(planner, data_folder, options)
    sheet_rows = []
    for place, index in enumerate(indices):
        record, domain = dataset.records[index], _domain(planner, dataset, index)
        true = [(dataset.names[int(row[4])], tuple(row[:4])) for row in dataset.boxes[index].tolist()]
        drawn = [_drawn(planner, record.captions[0], domain, seed, SHARP) for seed in range(2)]
        named = [[(planner.class_names[box.label], box.corners) for box in boxes] for boxes in drawn]
        made = tuple(Cell(planner.card.name, draw_layout(boxes, 256)) for boxes in named)
        data = (Cell("true boxes", draw_layout(true, 256)),)
        sheet_rows.append(Row(record.captions[0], data, made))
        report((place + 1) / len(indices), Message("pictures for the report"))
    return sheet_rows


# ---------------------------------------------------------------- the split


def _split(planner: LayoutPlanner, data_folder: Path, options: MeasureOptions) -> tuple[Layouts, list[int]]:
    dataset = Layouts(data_folder, options.split, 0)
    unknown = sorted(set(dataset.names) - set(planner.class_names))
    if unknown:
        raise BadRequest(
            'The weights "{0}" know no class "{1}"; they know {2}.',
            planner.card.name, unknown[0], ", ".join(planner.class_names),
        )
    return dataset, evenly(len(dataset), options.limit or len(dataset))


def _class_numbers(planner: LayoutPlanner, dataset: Layouts) -> list[int]:
    """Numbers of the data's classes among those of the weights."""
    return [planner.class_names.index(name) for name in dataset.names]


def _domain(planner: LayoutPlanner, dataset: Layouts, index: int) -> int:
    """The number of a picture's domain; of data without domains, the one called as its folder, or the first."""
    name = dataset.records[index].domain or dataset.folder.resolve().name
    if not dataset.records[index].domain and name not in planner.domains:
        return 0
    return planner.domain_number(name)


def _drawn(
    planner: LayoutPlanner, sentence: str, domain: int, seed: int = 0, temperature: float = 0.0
) -> list[DrawnBox]:
    numbers = planner.vocabulary.numbers_of(sentence)
    return drawn_boxes(planner.generator, numbers, domain, seed, temperature, MOST_BOXES)[0]


# ---------------------------------------------------------------- likelihoods


def _batches(
    planner: LayoutPlanner, dataset: Layouts, indices: Sequence[int], captions: Sequence[str]
) -> list[tuple[Padded, torch.Tensor]]:
    class_of, most_boxes = torch.tensor(_class_numbers(planner, dataset)), LayoutTaskConfig.most_boxes
    batches = []
    for first in range(0, len(indices), BATCH):
        chosen = indices[first : first + BATCH]
        boxes = [dataset.boxes[index].clone() for index in chosen]
        for rows in boxes:
            rows[:, 4] = class_of[rows[:, 4].long()].float()
        layout = padded(
            captions[first : first + BATCH], boxes, planner.vocabulary, planner.config, most_boxes, planner.device
        )
        domains = torch.tensor([_domain(planner, dataset, index) for index in chosen], device=planner.device)
        batches.append((layout, domains))
    return batches


@torch.inference_mode()
def _likelihoods(
    planner: LayoutPlanner, dataset: Layouts, indices: Sequence[int], captions: Sequence[str]
) -> dict[str, float]:
    """Nats per label (or "stop") and per box, averaged over pictures, with these sentences."""
    sums = np.zeros(2)
    for layout, domains in _batches(planner, dataset, indices, captions):
        predicted = planner.generator(layout.words, domains, layout.labels, layout.boxes)
        sums += nats_of(predicted, layout)
    label_nats, box_nats = (sums / len(indices)).tolist()
    return {"label_nats": label_nats, "box_nats": box_nats}


def _blind_likelihoods(
    planner: LayoutPlanner, data_folder: Path, dataset: Layouts, indices: Sequence[int]
) -> dict[str, float | None]:
    """The same by frequencies of labels in a domain, and a Gaussian of centre and logarithms of the size per label."""
    if not Layouts.has_split(data_folder, "train"):
        return {"label_nats": None, "box_nats": None}
    training = Layouts(data_folder, "train", 0)
    rows = _rows_of(planner, training, range(len(training)))
    blind = _Blind(rows, planner.config.classes)
    label_nats, box_nats = zip(*(blind.nats(picture) for picture in _rows_of(planner, dataset, indices)), strict=True)
    return {"label_nats": float(np.mean(label_nats)), "box_nats": float(np.mean(box_nats))}


def _rows_of(
    planner: LayoutPlanner, dataset: Layouts, indices: Sequence[int]
) -> list[tuple[int, Array, Array]]:
    """Per picture: its domain, labels with "stop" behind, and (n, 4) centres and logarithms of sizes."""
    rows = []
    for layout, domains in _batches(planner, dataset, indices, ["x"] * len(indices)):
        for row, count in enumerate(layout.counts.tolist()):
            labels, boxes = layout.labels[row, : count + 1], layout.boxes[row, :count]
            rows.append((int(domains[row]), labels.cpu().numpy(), boxes.double().cpu().numpy()))
    return rows


class _Blind:
    """Frequencies of labels per domain, one more of each than were seen; Gaussians per label."""

    def __init__(self, rows: Sequence[tuple[int, Array, Array]], classes: int) -> None:
        self.counts: dict[int, Array] = {}
        by_label: dict[int, list[Array]] = {}
        for domain, labels, boxes in rows:
            self.counts.setdefault(domain, np.ones(classes + 1))
            np.add.at(self.counts[domain], labels, 1)
            for label, box in zip(labels, boxes, strict=False):
                by_label.setdefault(int(label), []).append(box)
        everything = np.concatenate([boxes for _, _, boxes in rows])
        self.overall = _gaussian(everything)
        self.gaussians = {label: _gaussian(np.array(boxes)) for label, boxes in by_label.items() if len(boxes) >= 8}

    def nats(self, picture: tuple[int, Array, Array]) -> tuple[float, float]:
        """Per label and per box of one picture."""
        domain, labels, boxes = picture
        counts = self.counts.get(domain, np.ones(int(labels.max()) + 1))
        label_nats = float(-np.log(counts[labels] / counts.sum()).mean())
        densities = [
            _log_density(box, *self.gaussians.get(int(label), self.overall)) - box[2] - box[3]
            for label, box in zip(labels, boxes, strict=False)
        ]
        return label_nats, float(-np.mean(densities)) if densities else 0.0


def _gaussian(points: Array) -> tuple[Array, Array]:
    return points.mean(axis=0), np.cov(points.T) + 1e-4 * np.eye(points.shape[1])


def _log_density(point: Array, mean: Array, covariance: Array) -> float:
    off = point - mean
    square: Any = off @ np.linalg.solve(covariance, off)
    return float(-0.5 * (square + np.linalg.slogdet(covariance)[1] + len(off) * math.log(2 * math.pi)))
