"""Weights from a training, for the editor. Runs in the work lane: the training goes on meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work
from engine.errors import EngineError, WeightsError
from engine.labels.label_sets import LabelSet
from engine.systems import abilities
from engine.weights.card import Card
from engine.weights.store import find_weights, user_weights_folder

if TYPE_CHECKING:
    from engine.training.loop import Loop


@dataclass(frozen=True)
class Made:
    """Weights that were written: where, their labels, and a label map of the data to begin a document with."""

    name: str
    folder: Path
    step: int
    paints: bool
    labels: LabelSet | None
    label_map: np.ndarray | None  # (S, S) uint8


def publish_newest(work: Work, loop: Loop, name: str) -> Made:
    """Weights of the newest average of a run in training. Raises EngineError."""
    from engine.training.publish import publish_snapshot

    card = publish_snapshot(loop, name, on_progress=work.progress)
    data = loop.validation if loop.validation is not None and len(loop.validation) else loop.train
    return _made(card, name, np.array(data.label_maps[0]))


def publish_run(work: Work, run: Path, data: Path, name: str) -> Made:
    """Weights of the best state of a run that is not in training. Raises EngineError."""
    work.progress(0.0, "reading")
    preload_torch()
    from engine.training.publish import publish

    card = publish(run, name, on_progress=work.progress)
    label_map = None
    with suppress(EngineError):  # data that are gone: there is nothing to begin a document with
        label_map = _first_map(data, card)
    return _made(card, name, label_map)


def weights_name(run: Path) -> str:
    """What a run's weights are called: as its folder, unless weights that are not the user's own have that name."""
    name = run.name
    try:
        own = find_weights(name).parent == user_weights_folder()
    except WeightsError:
        return name
    return name if own else f"{name}-own"


def _made(card: Card, name: str, label_map: np.ndarray | None) -> Made:
    return Made(name, user_weights_folder() / name, card.steps, abilities(card).paints, card.labels(), label_map)


def _first_map(data: Path, card: Card) -> np.ndarray | None:
    from engine.data.layout import measured_split, split_stems
    from engine.labels.label_maps import read_label_map
    from engine.pictures.images import fit_square_label_map

    labels, side = card.labels(), card.config.get("resolution")
    if labels is None or not isinstance(side, int):
        return None
    stem = split_stems(data, measured_split(data))[0]
    return fit_square_label_map(read_label_map(data / "labels" / f"{stem}.png", labels).label_map, side)
