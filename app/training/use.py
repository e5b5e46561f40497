"""Weights from a training, for the editor. Runs in the work lane, while the training goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work
from engine.errors import EngineError, Message, WeightsError
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet
from engine.systems import abilities, system
from engine.systems.base import USUAL_SIDE, load_part
from engine.weights.card import Card
from engine.weights.store import find_weights, user_weights_folder

if TYPE_CHECKING:
    from engine.data.dataset import DataSet
    from engine.data.kinds import DataKind
    from engine.training.loop import Loop


@dataclass(frozen=True)
class TrainedWeights:
    """Weights that were written: where, their card, and a label map of the data to begin a document with.

    label_map: (H, W) uint8, ids of `labels`; None where the data have none that fits.
    """

    name: str
    folder: Path
    card: Card
    labels: LabelSet | None
    label_map: np.ndarray | None


def publish_newest(work: Work, loop: Loop, published_name: str) -> TrainedWeights:
    """Weights of the newest average of a run in training. Raises EngineError."""
    from engine.training.publish import publish_snapshot

    card = publish_snapshot(loop, published_name, on_progress=work.progress)
    return _trained_weights(card, published_name, lambda: loop.validation or loop.train)


def publish_run(work: Work, run_folder: Path, data_folder: Path, published_name: str) -> TrainedWeights:
    """Weights of the best state of a run that is not in training. Raises EngineError."""
    work.progress(0.0, Message("reading"))
    preload_torch()
    from engine.training.publish import publish

    card = publish(run_folder, published_name, on_progress=work.progress)
    return _trained_weights(card, published_name, lambda: _measured_data(card, data_folder))


def weights_name(run_folder: Path) -> str:
    """What a run's weights are called: as its folder, unless weights that are not the user's own have that name."""
    run_name = run_folder.name
    try:
        belongs_to_user = find_weights(run_name).parent == user_weights_folder()
    except WeightsError:
        return run_name
    return run_name if belongs_to_user else f"{run_name}-own"


def _trained_weights(card: Card, published_name: str, open_data: Callable[[], DataSet]) -> TrainedWeights:
    labels, label_map = card.labels(), None
    if labels is not None:
        with suppress(EngineError):  # data that are gone or changed: there is nothing to begin a document with
            label_map = _first_map(open_data(), labels)
    return TrainedWeights(published_name, user_weights_folder() / published_name, card, labels, label_map)


def _measured_data(card: Card, data_folder: Path) -> DataSet:
    """What the weights are measured on, opened without reading more than is asked for. Raises EngineError."""
    from engine.data.kinds import check_described, measured_split

    kind: DataKind = load_part(system(card.system).data)
    check_described(data_folder, kind)
    side = abilities(card).resolution or USUAL_SIDE
    return kind.opens()(data_folder, measured_split(data_folder, kind), side, memory=0)


def _first_map(data: DataSet, labels: LabelSet) -> np.ndarray | None:
    first = data.examples(np.array([0]), None)
    if "label_maps" not in first:
        return None
    label_map: np.ndarray = first.label_maps[0].byte().numpy()
    check_label_map(label_map, labels, Message("the label map"))
    return label_map
