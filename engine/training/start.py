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
from engine.data.kinds import DataKind, check_kind
from engine.devices import is_out_of_memory
from engine.errors import Cancelled, EngineError, Message, TrainingError
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


def make_task(recipe: Recipe, dataset: DataSet, device: torch.device) -> Task:
    """The task of a recipe's system, its network sized for the data. Raises TrainingError, NotSupported."""
    try:
        with Randomness(recipe.seed, device):
            return _build_task(recipe, system(recipe.system), dataset, device)
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


def _build_task(recipe: Recipe, trained_system: System, dataset: DataSet, device: torch.device) -> Task:
    task_class = load_part(trained_system.task)
    network_names: tuple[str, ...] = getattr(task_class, "trains", ())
    if network_names:
        unknown_names = sorted(recipe.model.keys() - set(network_names))
        if unknown_names:
            raise TrainingError(
                "recipe, [model]: {0} trains the networks {1}, not '{2}'.",
                trained_system.title, ", ".join(network_names), unknown_names[0],
            )
        network_settings = {name: recipe.model.get(name, {}) for name in network_names}
        model: Any = {
            name: _network_config(trained_system.networks[name], settings, recipe, dataset, f"model.{name}")
            for name, settings in network_settings.items()
        }
    else:
        model = _network_config(trained_system.network, recipe.model, recipe, dataset, "model")
    task_config = read_fields(recipe.task, load_part(trained_system.task_config), Message("recipe"), "task")
    task: Task = task_class(model, task_config, recipe.steps, device, dataset)
    return task


def _network_config(network: Network, settings: dict[str, Any], recipe: Recipe, dataset: DataSet, table: str) -> Any:
    """A network's config: what the recipe gives, and what data and resolution decide where it has such fields."""
    config_class = load_part(network.config)
    decided_fields = dataset.network_fields()
    for field_name, field_value in decided_fields.items():
        if settings.get(field_name, field_value) != field_value:
            raise TrainingError(
                "The recipe is for {0} {3}, but {1} has {2}; leave out {3}.",
                settings[field_name], dataset.folder, field_value, field_name,
            )
    default_fields = {"resolution": recipe.resolution, **decided_fields}
    known_fields = {field.name for field in fields(config_class)}
    fitting_defaults = {name: default for name, default in default_fields.items() if name in known_fields}
    return read_fields(fitting_defaults | settings, config_class, Message("recipe"), table)


def prepare(
    recipe: Recipe,
    data_folder: Path,
    run_folder: Path,
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
        data_folder: folder of the kind that the system trains on, with the splits "train" and, if present, "val".
        run_folder: run folder; must be new or empty unless `resume`.
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
    if not resume and run_folder.is_dir() and any(run_folder.iterdir()) and int(os.environ.get("RANK", "0")) == 0:
        raise TrainingError("{0} is not empty; resume it, or choose another folder.", run_folder)
    keep_freed_memory()
    trained_system = system(recipe.system)
    facts_at_start = _read_facts(run_folder) if resume else {}
    if resume:
        recipe = msgspec.structs.replace(recipe, task=_settings_of_run(facts_at_start, trained_system) | recipe.task)
    control = control or Control()
    report_progress = _stoppable(on_progress, control)
    fabric = make_fabric(recipe, device, devices, hosts)
    data_kind: DataKind = load_part(trained_system.data)
    check_kind(data_folder, data_kind)
    dataset_class = data_kind.opens()
    train_split = dataset_class(data_folder, "train", recipe.resolution, report_progress)
    train_split.repeat(recipe.repeat)
    validation_split = None
    if dataset_class.has_split(data_folder, "val"):
        validation_split = dataset_class(data_folder, "val", recipe.resolution, report_progress)
    with shortage_told(recipe, fabric.device):
        task = make_task(recipe, train_split, fabric.device)
    if fabric.world_size > 1:
        for module in task.modules.values():
            synchronise_batch_norm(module, fabric.device)
    loop = Loop(task, recipe, train_split, validation_split, run_folder, fabric, list(callbacks or []), control)
    for note in task.notes:
        for callback in loop.callbacks:
            callback("note", {"text": note})
    if resume:
        train_split.check_resumed(facts_at_start, run_folder)
        with shortage_told(recipe, fabric.device):
            loop.resume()
        return loop
    with shortage_told(recipe, fabric.device), Randomness(recipe.seed, fabric.device):
        new_tensors = _start_from(task, start_weights) if start_weights is not None else []
    run_facts: dict[str, Any] = {
        "recipe": msgspec.to_builtins(recipe),
        "data": str(data_folder.resolve()),
        "train": len(train_split),
        "validation": len(validation_split) if validation_split else 0,
        **train_split.facts(),
        "start_weights": str(start_weights) if start_weights else None,
        "new_tensors": new_tensors,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": fabric.world_size,
        "model": _plain_config(getattr(task, "model", None)),
        "task": _plain_config(getattr(task, "config", None)),
        "perceptual_network": getattr(getattr(task, "perceptual", None), "name", ""),
        "discriminator_network": getattr(task, "discriminator_network", ""),
    }
    if fabric.is_global_zero:
        with atomic_write(run_path(run_folder, "config.json")) as file:
            file.write(json.dumps(run_facts, indent=1, ensure_ascii=False).encode())
    return loop


def _plain_config(config: Any) -> dict[str, Any]:
    """A config dataclass, or several by name, for JSON."""
    if isinstance(config, dict):
        return {name: _plain_config(entry) for name, entry in config.items()}
    return asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}


def _read_facts(run_folder: Path) -> dict[str, Any]:
    """What a run's config.json says; {} where it is missing or damaged: the run is resumed all the same."""
    try:
        run_facts = json.loads((run_folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return run_facts if isinstance(run_facts, dict) else {}


def _settings_of_run(run_facts: dict[str, Any], trained_system: System) -> dict[str, Any]:
    """The settings of [task] that a run began with: defaults may have changed since.

    Runs of earlier versions did not write them; the defaults of then, where they were others, are the config's
    `before`.
    """
    config_class = load_part(trained_system.task_config)
    known_fields = {field.name for field in fields(config_class)}
    recorded_settings = run_facts.get("task")
    if isinstance(recorded_settings, dict) and recorded_settings:
        return {name: setting for name, setting in recorded_settings.items() if name in known_fields}
    return dict(getattr(config_class, "before", {}))


def make_fabric(recipe: Recipe, device: str = "cpu", devices: int = 1, hosts: int = 1) -> lightning_fabric.Fabric:
    """What the run computes on. Several processes are started here unless torchrun did. Raises TrainingError."""
    accelerator, _, device_index = device.partition(":")
    several_processes = devices * hosts > 1
    one_gpu = accelerator == "cuda" and not several_processes
    fabric_devices: list[int] | int = [int(device_index or 0)] if one_gpu else devices
    try:
        fabric = lightning_fabric.Fabric(
            accelerator="gpu" if accelerator == "cuda" else accelerator,
            devices=fabric_devices,
            num_nodes=hosts,
            strategy="ddp" if several_processes else "auto",
            precision=recipe.precision,
        )
        if several_processes:
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
    def report_progress(fraction: float, text: str) -> None:
        if control.stopping:
            raise Cancelled
        if on_progress is not None:
            on_progress(fraction, text)

    return report_progress


def _start_from(task: Task, start_path: Path) -> list[str]:
    """Take over what fits from weights, or from a run: its best network and, of the rest, its last checkpoint.

    Growing a network by a block keeps its discriminator this way. Returns the names of tensors that stay new.
    """
    if start_path.is_file():
        return task.start_from(read_tensors(start_path))
    kept_modules = set()
    checkpoint_path = start_path / "checkpoints" / "last.pt"
    if checkpoint_path.is_file():
        saved_modules = torch.load(checkpoint_path, map_location="cpu", weights_only=True)["modules"]
        for module_name, module in task.modules.items():
            module_state = module.state_dict()
            fitting_tensors = {
                name: tensor
                for name, tensor in saved_modules.get(module_name, {}).items()
                if name in module_state and module_state[name].shape == tensor.shape
            }
            module.load_state_dict(module_state | fitting_tensors)
            if len(fitting_tensors) == len(module_state):
                kept_modules.add(module_name)
    return task.start_from(read_tensors(start_path / "best.safetensors"), kept_modules)
