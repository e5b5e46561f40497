"""Weights from a training, for the editor. Runs in the work lane, while the training goes on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work
from engine.errors import EngineError, Message, WeightsError
from engine.labels.label_sets import LabelSet
from engine.systems import abilities
from engine.weights.card import Card
from engine.weights.store import find_weights, user_weights_folder

if TYPE_CHECKING:
    from engine.training.loop import Loop


@dataclass(frozen=True)
class Made:
    """Weights that were written: where, their card, and a label map of the data to begin a document with."""

    name: str
    folder: Path
    card: Card
    labels: LabelSet | None
    label_map: np.ndarray | None  # (S, S) uint8


def publish_newest(background_work: Work, training_loop: Loop, published_name: str) -> Made:
    """Weights of the newest average of a run in training. Raises EngineError."""
    from engine.training.publish import publish_snapshot

    card = publish_snapshot(training_loop, published_name, on_progress=background_work.progress)
    measured_data = (
        training_loop.validation
        if training_loop.validation is not None and len(training_loop.validation)
        else training_loop.train
    )
    first = measured_data.examples(np.array([0]), None)
    label_map = first.label_maps[0].byte().numpy() if "label_maps" in first else None
    return _made(card, published_name, label_map)


def publish_run(background_work: Work, run_folder: Path, data_folder: Path, published_name: str) -> Made:
    """Weights of the best state of a run that is not in training. Raises EngineError."""
    background_work.progress(0.0, Message("reading"))
    preload_torch()
    from engine.training.publish import publish

    card = publish(run_folder, published_name, on_progress=background_work.progress)
    label_map = None
    with suppress(EngineError):  # data that are gone: there is nothing to begin a document with
        label_map = _first_map(data_folder, card)
    return _made(card, published_name, label_map)


def weights_name(run_folder: Path) -> str:
    """What a run's weights are called: as its folder, unless weights that are not the user's own have that name."""
    run_name = run_folder.name
    try:
        belongs_to_user = find_weights(run_name).parent == user_weights_folder()
    except WeightsError:
        return run_name
    return run_name if belongs_to_user else f"{run_name}-own"


def _made(card: Card, published_name: str, label_map: np.ndarray | None) -> Made:
    return Made(published_name, user_weights_folder() / published_name, card, card.labels(), label_map)


def _first_map(data_folder: Path, card: Card) -> np.ndarray | None:
    from engine.data.kinds import LABELLED, measured_split
    from engine.data.layout import split_stems
    from engine.labels.label_maps import read_label_map
    from engine.pictures.images import fit_square_label_map

    label_set, resolution = card.labels(), abilities(card).resolution
    if label_set is None or not resolution:
        return None
    first_stem = split_stems(data_folder, measured_split(data_folder, LABELLED))[0]
    return fit_square_label_map(
        read_label_map(data_folder / "labels" / f"{first_stem}.png", label_set).label_map, resolution
    )
