"""Starting or resuming a run from a recipe and a dataset folder: what the command line and the editor call."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

import lightning_fabric
import msgspec
import torch

from engine.data.dataset import DataSet
from engine.data.kinds import Kind, check_kind
from engine.devices import is_out_of_memory
from engine.errors import Cancelled, EngineError, TrainingError
from engine.files import atomic_write
from engine.memory import keep_freed_memory
from engine.systems import system
from engine.systems.base import Network, System, load_part
from engine.training.control import Control
from engine.training.loop import Callback, Loop
from engine.training.recipe import Recipe, read_fields
from engine.training.run.parallel import synchronise_batch_norm
from engine.training.run.randomness import Randomness
from engine.training.run.shortage import shortage_told
from engine.training.task import Task, run_path
from engine.weights.store import read_tensors

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would print the precision it uses


def make_task(recipe: Recipe, data: DataSet, device: torch.device) -> Task:
    """The task of a recipe's system, its network sized for the data. Raises TrainingError, NotSupported."""
    try:
        with Randomness(recipe.seed, device):
            return _make_task(recipe, system(recipe.system), data, device)
    except EngineError:
        raise
    except (ValueError, TypeError, AssertionError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            "The recipe makes no network that can be trained: {0}.",
            _first_line(error), details=repr(error),
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _make_task(recipe: Recipe, trained: System, data: DataSet, device: torch.device) -> Task:
    task_kind = load_part(trained.task)
    several: tuple[str, ...] = getattr(task_kind, "trains", ())
    if several:
        unknown = sorted(recipe.model.keys() - set(several))
        if unknown:
            raise TrainingError(
                "recipe, [model]: {0} trains the networks {1}, not '{2}'.",
                trained.title, ", ".join(several), unknown[0],
            )
        given = {name: recipe.model.get(name, {}) for name in several}
        model: Any = {
            name: _network_config(trained.networks[name], settings, recipe, data, f"recipe, [model.{name}]")
            for name, settings in given.items()
        }
    else:
        model = _network_config(trained.network, recipe.model, recipe, data, "recipe, [model]")
    config = read_fields(recipe.task, load_part(trained.task_config), "recipe, [task]")
    task: Task = task_kind(model, config, recipe.steps, device, data)
    return task


def _network_config(network: Network, given: dict[str, Any], recipe: Recipe, data: DataSet, source: str) -> Any:
    """A network's config: what the recipe gives, and what data and resolution decide where it has such fields."""
    kind = load_part(network.config)
    decided = data.network_fields()
    for key, value in decided.items():
        if given.get(key, value) != value:
            raise TrainingError(
                "The recipe is for {0} {3}, but {1} has {2}; leave out {3}.",
                given[key], data.folder, value, key,
            )
    usual = {"resolution": recipe.resolution, **decided}
    known = {field.name for field in fields(kind)}
    return read_fields({key: value for key, value in usual.items() if key in known} | given, kind, source)


def prepare(
    recipe: Recipe,
    data: Path,
    folder: Path,
    *,
    resume: bool = False,
    start_weights: Path | None = None,
    device: str = "cpu",
    devices: int = 1,
    hosts: int = 1,
    callbacks: list[Callback] | None = None,
    control: Control | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Loop:
    """Read the data and build the run; `Loop.run` trains it.

    Args:
        recipe: what is trained and how.
        data: folder of the kind that the system trains on, with the splits "train" and, if present, "val".
        folder: run folder; must be new or empty unless `resume`.
        resume: go on from the folder's last checkpoint; settings of [task] that the recipe leaves open are those
            that the run began with.
        start_weights: a .safetensors file or a run folder to take fitting tensors from (coarse to fine,
            fine-tuning).
        device: "cpu" or "cuda:N".
        devices, hosts: processes per host that share each step, one per GPU (or, on the CPU, just processes), and
            hosts; started by torchrun, or on one host by this call itself.
        callbacks: see `engine.training.loop.Callback`.
        control: what other threads will steer the run by; `Loop.control` unless given.
        on_progress: called with (fraction, text) while the data are read.

    Raises:
        TrainingError, NotSupported, OutOfMemory, BadFile, BadLabelMap; Cancelled if `control` is told to stop.
    """
    if not resume and folder.is_dir() and any(folder.iterdir()) and int(os.environ.get("RANK", "0")) == 0:
        raise TrainingError("{0} is not empty; resume it, or choose another folder.", folder)
    keep_freed_memory()
    trained = system(recipe.system)
    began = _read_facts(folder) if resume else {}
    if resume:
        recipe = msgspec.structs.replace(recipe, task=_settings_of_run(began, trained) | recipe.task)
    control = control or Control()
    report = _stoppable(on_progress, control)
    fabric = make_fabric(recipe, device, devices, hosts)
    kind: Kind = load_part(trained.data)
    check_kind(data, kind)
    dataset = kind.opens()
    train = dataset(data, "train", recipe.resolution, report)
    validation = dataset(data, "val", recipe.resolution, report) if dataset.has_split(data, "val") else None
    with shortage_told(recipe, fabric.device):
        task = make_task(recipe, train, fabric.device)
    if fabric.world_size > 1:
        for module in task.modules.values():
            synchronise_batch_norm(module, fabric.device)
    loop = Loop(task, recipe, train, validation, folder, fabric, list(callbacks or []), control)
    for note in task.notes:
        for callback in loop.callbacks:
            callback("note", {"text": note})
    if resume:
        train.check_resumed(began, folder)
        with shortage_told(recipe, fabric.device):
            loop.resume()
        return loop
    with shortage_told(recipe, fabric.device), Randomness(recipe.seed, fabric.device):
        new_tensors = _start_from(task, start_weights) if start_weights is not None else []
    facts: dict[str, Any] = {
        "recipe": msgspec.to_builtins(recipe),
        "data": str(data.resolve()),
        "train": len(train),
        "validation": len(validation) if validation else 0,
        **train.facts(),
        "start_weights": str(start_weights) if start_weights else None,
        "new_tensors": new_tensors,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": fabric.world_size,
        "model": _plain(getattr(task, "model", None)),
        "task": _plain(getattr(task, "config", None)),
        "perceptual_network": getattr(getattr(task, "perceptual", None), "name", ""),
    }
    if fabric.is_global_zero:
        with atomic_write(run_path(folder, "config.json")) as file:
            file.write(json.dumps(facts, indent=1, ensure_ascii=False).encode())
    return loop


def _plain(config: Any) -> dict[str, Any]:
    """A config dataclass, or several by name, for JSON."""
    if isinstance(config, dict):
        return {name: _plain(entry) for name, entry in config.items()}
    return asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}


def _read_facts(folder: Path) -> dict[str, Any]:
    """What a run's config.json says; nothing where it is missing or damaged, which keeps nobody from resuming."""
    try:
        facts = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _settings_of_run(facts: dict[str, Any], trained: System) -> dict[str, Any]:
    """The settings of [task] that a run began with: defaults may have changed since.

    Runs of earlier versions did not write them; the defaults of then, where they were others, are the config's
    `before`.
    """
    config = load_part(trained.task_config)
    known = {field.name for field in fields(config)}
    recorded = facts.get("task")
    if isinstance(recorded, dict) and recorded:
        return {key: value for key, value in recorded.items() if key in known}
    return dict(getattr(config, "before", {}))


def make_fabric(recipe: Recipe, device: str = "cpu", devices: int = 1, hosts: int = 1) -> lightning_fabric.Fabric:
    """What the run computes on. Several processes are started here unless torchrun did. Raises TrainingError."""
    accelerator, _, index = device.partition(":")
    several = devices * hosts > 1
    chosen: list[int] | int = [int(index or 0)] if accelerator == "cuda" and not several else devices
    try:
        fabric = lightning_fabric.Fabric(
            accelerator="gpu" if accelerator == "cuda" else accelerator,
            devices=chosen,
            num_nodes=hosts,
            strategy="ddp" if several else "auto",
            precision=recipe.precision,
        )
        if several:
            fabric.launch()
    except (RuntimeError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            "Training on {0} devices of {1} hosts cannot start: {2}.",
            devices, hosts, _first_line(error), details=repr(error),
        ) from error
    return fabric


def _stoppable(on_progress: Callable[[float, str], None] | None, control: Control) -> Callable[[float, str], None]:
    def report(fraction: float, text: str) -> None:
        if control.stopping:
            raise Cancelled
        if on_progress is not None:
            on_progress(fraction, text)

    return report


def _start_from(task: Task, start: Path) -> list[str]:
    """Take over what fits from weights, or from a run: its best network and, of the rest, its last checkpoint.

    Growing a network by a block keeps its discriminator this way. Returns the names of tensors that stay new.
    """
    if start.is_file():
        return task.start_from(read_tensors(start))
    kept = set()
    last = start / "checkpoints" / "last.pt"
    if last.is_file():
        saved = torch.load(last, map_location="cpu", weights_only=True)["modules"]
        for name, module in task.modules.items():
            own = module.state_dict()
            fitting = {k: v for k, v in saved.get(name, {}).items() if k in own and own[k].shape == v.shape}
            module.load_state_dict(own | fitting)
            if len(fitting) == len(own):
                kept.add(name)
    return task.start_from(read_tensors(start / "best.safetensors"), kept)
