"""From a run folder to weights that the editor and the command line use: fp16 tensors, mean style, card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

import engine
from engine.data.dataset import DataSet
from engine.data.kinds import Kind
from engine.data.layout import evenly
from engine.errors import NotSupported, TrainingError
from engine.files import cannot, read_bytes
from engine.metrics.features import MOBILENET
from engine.painting.style_spread import PICTURES
from engine.systems import find_system, system
from engine.systems.base import RENDER, USUAL_SIDE, Network, load_part
from engine.systems.finish import Finish
from engine.training.loop import Loop
from engine.training.run.snapshot import Snapshot
from engine.weights.card import Card, read_card
from engine.weights.store import read_tensors, save_weights, user_weights_folder


def publish(
    run: Path,
    name: str,
    *,
    destination: Path | None = None,
    data: Path | None = None,
    facts: dict[str, Any] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Card:
    """Make weights from the best state of a run.

    Args:
        run: the run folder; its best.safetensors is taken.
        name: name of the weights.
        destination: where the weights folder goes; the user's weights folder if not given.
        data: the dataset folder, if it is no longer where the run found it.
        facts: further fields of the card (data, data_licence, weights_licence, metrics, notes).
        on_progress: called with (fraction, text).

    Raises:
        TrainingError: the run has no validated state yet, or its files are damaged.
        WeightsError, BadFile: a file cannot be read or written.
    """
    best, config_file = run / "best.safetensors", run / "config.json"
    if not best.is_file() or not config_file.is_file():
        raise TrainingError('"{0}" has no best.safetensors yet; train until its first validation.', run)
    about, trained = _read_about(config_file), _read_trained(best)
    state = read_tensors(best)
    metrics: dict[str, Any] = {"at_training": trained.numbers}
    folder: DataSet | None = None
    known = find_system(trained.system)
    if known is not None and (known.finish or RENDER in known.requests):
        network = _network(best, trained, state)
        kind: Kind = load_part(known.data)
        side = int(trained.config.get("resolution", about.recipe.get("resolution", USUAL_SIDE)))
        folder = kind.opens()(data or Path(about.data), "train", side, on_progress)
        metrics["train"] = folder.measures()
        state |= _finish(trained.system).tensors(network, folder, None, on_progress)
    card = _card(name, about, trained, metrics, facts)
    place = (destination or user_weights_folder()) / name
    save_weights(place, card, _half(state))
    if folder is not None:
        _finish(trained.system).files(place, folder, PICTURES, on_progress)
    return read_card(place)


def _finish(name: str) -> Finish:
    """What the system of that name adds to trained weights."""
    known = find_system(name)
    finish: Finish = load_part(known.finish) if known is not None and known.finish else Finish()
    return finish


def _card(
    name: str, about: _About, trained: _Trained | Snapshot, metrics: dict[str, Any], facts: dict[str, Any] | None
) -> Card:
    network = about.perceptual_network
    if network is None:  # a run of an earlier version: what its recipe asked for was there
        usual = getattr(load_part(system(trained.system).task_config)(), "perceptual", 0.0)
        asked = about.recipe.get("task", {}).get("perceptual", usual)
        network = MOBILENET if asked else ""
    recipe = {key: value for key, value in about.recipe.items() if key != "note"}  # it speaks of the recipe's own data
    return Card(
        name=name,
        system=trained.system,
        config=trained.config,
        networks=trained.networks,
        label_set=about.label_set,
        steps=trained.step,
        seconds=trained.seconds,
        metrics=metrics,
        perceptual_network=network,
        made_with=f"Tessera {engine.__version__}, torch {torch.__version__}, recipe {json.dumps(recipe)}",
    ).replace(**(facts or {}))


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.half() if v.is_floating_point() else v for k, v in state.items()}


def publish_snapshot(
    loop: Loop,
    name: str,
    *,
    destination: Path | None = None,
    facts: dict[str, Any] | None = None,
    pictures: int = 64,
    on_progress: Callable[[float, str], None] | None = None,
) -> Card:
    """Make weights of the newest averaged network of a run, which may be going on in another thread.

    Training waits for no more than a copy of the network; the rest happens in the calling thread, and weights of
    that name, if there are any, are replaced in one step once all is ready.

    Args:
        loop: the run.
        name: name of the weights.
        destination: where the weights folder goes; the user's weights folder if not given.
        facts: further fields of the card.
        pictures: mean styles are taken over at most so many training pictures, to be quick.
        on_progress: called with (fraction, text).

    Raises:
        TrainingError: the network holds what is no number. BadFile: the weights cannot be written.
    """
    taken = loop.snapshot()
    state, metrics = taken.state, {"at_training": taken.numbers}
    finish, chosen = _finish(taken.system), evenly(len(loop.train), pictures)
    state |= finish.tensors(_network(loop.folder, taken, state), loop.train, chosen, on_progress)
    about = _read_about(loop.folder / "config.json")
    card = _card(name, about, taken, metrics, facts)
    place = (destination or user_weights_folder()) / name
    save_weights(place, card, _half(state))
    finish.files(place, loop.train, pictures, on_progress)
    return read_card(place)


class _About(msgspec.Struct):
    """What publishing needs of a run's config.json."""

    data: str
    recipe: dict[str, Any]
    label_set: dict[str, Any] = {}
    perceptual_network: str | None = None


class _Trained(msgspec.Struct):
    """The metadata that the loop writes into best.safetensors."""

    system: str
    config: dict[str, Any]
    step: int
    seconds: float
    numbers: dict[str, float]
    networks: dict[str, dict[str, Any]] = {}


def _read_about(path: Path) -> _About:
    try:
        return msgspec.json.decode(read_bytes(path), type=_About)
    except msgspec.DecodeError as error:
        raise TrainingError(
            '"{0}" is damaged, it is not what training wrote ({1}); publish another run.',
            path, error, details=repr(error),
        ) from error


def _read_trained(path: Path) -> _Trained:
    try:
        with safe_open(path, "pt") as file:
            found = dict(file.metadata() or {})
        parsed = {key: json.loads(found[key]) for key in ("config", "numbers", "networks") if key in found}
        return msgspec.convert(found | parsed, _Trained, strict=False)
    except OSError as error:
        raise cannot("read", path, error) from error
    except (SafetensorError, ValueError) as error:  # msgspec's and json's errors are ValueErrors
        raise TrainingError(
            '"{0}" does not say what was trained; train the run on to its next validation.',
            path, details=repr(error),
        ) from error


def _network(path: Path, trained: _Trained | Snapshot, state: dict[str, Tensor]) -> Any:
    """The trained network in evaluation mode; where there are several, a dict of them."""
    known = system(trained.system)
    try:
        if trained.networks:
            networks = {}
            for name, config in trained.networks.items():
                own = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(f"{name}.")}
                networks[name] = _filled(known.networks[name], config, own)
            return networks
        return _filled(known.network, trained.config, state)
    except (ValueError, RuntimeError, NotSupported) as error:
        raise TrainingError(
            'The tensors of "{0}" do not fit its own description; publish another run.', path, details=str(error)
        ) from error


def _filled(network: Network, config: dict[str, Any], state: dict[str, Tensor]) -> Any:
    module = network.build(network.read_config(config))
    module.load_state_dict(state)
    return module.eval()
