"""From a run folder to weights that the editor and the command line use: fp16 tensors, a card, and what the system adds
(`finish`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import engine
from engine.data.dataset import DataSet
from engine.data.kinds import DataKind
from engine.data.layout import evenly
from engine.errors import TrainingError, WeightsError
from engine.metrics.features import MOBILENET
from engine.painting.style_spread import PICTURES
from engine.progress import Progress
from engine.systems import abilities, find_system, system
from engine.systems.base import USUAL_SIDE, load_part
from engine.training.finish import Finish
from engine.training.loop import Loop
from engine.training.run.record import BEST, RunRecord, check_run_folder, read_record
from engine.training.run.snapshot import Snapshot, read_snapshot
from engine.weights.card import Card, read_card
from engine.weights.checks import check_numbers
from engine.weights.networks import networks_of
from engine.weights.store import Weights, save_weights, user_weights_folder


def publish(
    run_folder: Path,
    weights_name: str,
    *,
    destination: Path | None = None,
    data: Path | None = None,
    facts: dict[str, Any] | None = None,
    on_progress: Progress | None = None,
) -> Card:
    """Make weights from the best state of a run.

    Args:
        run_folder: the run folder; its best.safetensors is taken.
        weights_name: name of the weights.
        destination: where the weights folder goes; the user's weights folder if not given.
        data: the dataset folder, if it is no longer where the run found it.
        facts: further fields of the card (data, data_licence, weights_licence, metrics, notes).
        on_progress: called with (fraction, text).

    Raises:
        TrainingError: the run has no validated state yet, or its files are damaged.
        WeightsError, BadFile: a file cannot be read or written.
    """
    best_file = run_folder / BEST
    check_run_folder(run_folder)
    if not best_file.is_file():
        raise TrainingError('"{0}" has no best.safetensors yet; train until its first validation.', run_folder)
    record, trained = read_record(run_folder), read_snapshot(best_file)
    tensors = trained.state
    metrics: dict[str, Any] = {"at_training": trained.numbers}
    train_split: DataSet | None = None
    known_system = find_system(trained.system)
    if known_system is not None and (known_system.finish or known_system.measures_data):
        network = _trained_networks(best_file, trained, tensors)
        data_kind: DataKind = load_part(known_system.data)
        train_split = data_kind.opens()(data or Path(record.data), "train", _picture_side(trained), on_progress)
        if known_system.measures_data and (data_measures := train_split.measures()):
            metrics["train"] = data_measures
        tensors |= _system_finish(trained.system).tensors(network, train_split, None, on_progress)
    card = _trained_card(weights_name, record, trained, metrics).replace(**(facts or {}))
    weights = Weights(card, _half_precision(tensors), (destination or user_weights_folder()) / weights_name)
    return _save(weights, train_split, PICTURES, on_progress)


def _save(weights: Weights, train_split: Any, most_pictures: int, on_progress: Progress | None) -> Card:
    """Write weights, with the styles that their system measures, once all is ready."""
    try:
        check_numbers(weights.state, weights.folder)
    except WeightsError as error:
        raise TrainingError(
            '"{0}" is not published: the run holds what is no number; train it again.', weights.card.name
        ) from error
    styles = None
    if train_split is not None:
        styles = _system_finish(weights.card.system).styles(weights, train_split, most_pictures, on_progress)
    save_weights(weights.folder, weights.card, weights.state, styles=styles)
    return read_card(weights.folder)


def _picture_side(trained: Snapshot) -> int:
    """Of the pictures that the network was trained on; any for data that have none."""
    return abilities(_bare_card("", trained)).resolution or USUAL_SIDE


def _bare_card(weights_name: str, trained: Snapshot) -> Card:
    """What describes the networks, and nothing else."""
    return Card(name=weights_name, system=trained.system, config=trained.config, networks=trained.networks)


def _system_finish(system_name: str) -> Finish:
    """What the system of that name adds to trained weights."""
    known_system = find_system(system_name)
    finish: Finish = load_part(known_system.finish) if known_system is not None and known_system.finish else Finish()
    return finish


def _trained_card(weights_name: str, record: RunRecord, trained: Snapshot, metrics: dict[str, Any]) -> Card:
    perceptual_network = record.perceptual_network
    if perceptual_network is None:  # a run of an earlier version: what its recipe asked for was there
        usual_weight = getattr(load_part(system(trained.system).task_config), "perceptual", 0.0)
        perceptual_weight = record.recipe.get("task", {}).get("perceptual", usual_weight)
        perceptual_network = MOBILENET if perceptual_weight else ""
    # The note speaks of the recipe's own data.
    recipe_fields = {key: value for key, value in record.recipe.items() if key != "note"}
    return Card(
        name=weights_name,
        system=trained.system,
        config=trained.config,
        networks=trained.networks,
        label_set=record.label_set or {},
        steps=trained.step,
        seconds=trained.seconds,
        metrics=metrics,
        perceptual_network=perceptual_network,
        discriminator_network=record.discriminator_network,
        made_with=f"Tessera {engine.__version__}, torch {torch.__version__}, recipe {json.dumps(recipe_fields)}",
    )


def _half_precision(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


SNAPSHOT_PICTURES = 64
"""What the system's `finish` adds to a snapshot is measured on at most so many training pictures, to be quick."""


def publish_snapshot(loop: Loop, weights_name: str, *, on_progress: Progress | None = None) -> Card:
    """Make weights, among the user's own, of the newest averaged network of a run that may go on in another thread.

    Training waits for no more than a copy of the network; the rest happens in the calling thread, and weights of
    that name, if there are any, are replaced in one step once all is ready.

    Args:
        loop: the run.
        weights_name: name of the weights.
        on_progress: called with (fraction, text).

    Raises:
        TrainingError: the network holds what is no number. BadFile: the weights cannot be written.
    """
    snapshot = loop.snapshot()
    tensors: dict[str, Tensor] = snapshot.state
    metrics: dict[str, Any] = {"at_training": snapshot.numbers}
    if system(snapshot.system).measures_data and (data_measures := loop.train.measures()):
        metrics["train"] = data_measures
    finish, network = _system_finish(snapshot.system), _trained_networks(loop.folder, snapshot, tensors)
    tensors |= finish.tensors(network, loop.train, evenly(len(loop.train), SNAPSHOT_PICTURES), on_progress)
    record = read_record(loop.folder)
    card = _trained_card(weights_name, record, snapshot, metrics)
    weights = Weights(card, _half_precision(tensors), user_weights_folder() / weights_name)
    return _save(weights, loop.train, SNAPSHOT_PICTURES, on_progress)


def _trained_networks(source: Path, trained: Snapshot, tensors: dict[str, Tensor]) -> Any:
    """The trained network in evaluation mode; where there are several, a dict of them. Raises TrainingError."""
    try:
        return networks_of(Weights(_bare_card(source.name, trained), tensors, source))
    except WeightsError as error:
        raise TrainingError(
            'The tensors of "{0}" do not fit its own description; publish another run.', source, details=error.details
        ) from error
