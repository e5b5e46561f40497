"""Starting or resuming a run from a recipe and a dataset folder: what the command line and the editor call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import lightning_fabric
import msgspec
import torch

from engine.data.dataset import DataSet
from engine.data.kinds import DataKind, check_kind
from engine.devices import is_out_of_memory
from engine.errors import ConfigError, EngineError, Message, TrainingError
from engine.files import remove_abandoned
from engine.memory import keep_freed_memory
from engine.progress import Progress, stoppable
from engine.systems import system
from engine.systems.base import Network, System, load_part
from engine.training.control import Control
from engine.training.loop import Callback, Loop
from engine.training.recipe import Precision, Recipe, read_fields
from engine.training.run.checkpoint import read_networks
from engine.training.run.fabric import first_line, make_fabric, precision_notes, usable_precision
from engine.training.run.lock import only_process
from engine.training.run.parallel import synchronise_batch_norm
from engine.training.run.randomness import Randomness
from engine.training.run.record import (
    BEST,
    LAST,
    SAMPLES,
    check_folder,
    check_run_folder,
    recorded_precision,
    recorded_settings,
    recorded_weights,
    settings_before,
    stopped_before_a_checkpoint,
    write_record,
)
from engine.training.run.shortage import shortage_told
from engine.training.task import MakeTask, Task
from engine.weights.store import read_tensors


def make_task(recipe: Recipe, dataset: DataSet, device: torch.device) -> Task:
    """The task of a recipe's system, its network sized for the data. Raises TrainingError, NotSupported."""
    try:
        with Randomness(recipe.seed, device):
            return _build_task(recipe, system(recipe.system), dataset, device)
    except ConfigError as error:
        raise TrainingError("The recipe makes no network that can be trained: {0}.", error) from error
    except EngineError:
        raise
    except (ValueError, TypeError, AssertionError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            "The recipe makes no network that can be trained: {0}.",
            first_line(error),
            details=repr(error),
        ) from error


def _build_task(recipe: Recipe, trained_system: System, dataset: DataSet, device: torch.device) -> Task:
    make: MakeTask = load_part(trained_system.task)
    model: Any
    if trained_system.trains:
        model = _several_configs(recipe, trained_system, dataset)
    else:
        model = _network_config(trained_system.network, recipe.model, recipe, dataset, "model")
    task_config = read_fields(recipe.task, load_part(trained_system.task_config), Message("recipe"), "task")
    return make(model, task_config, recipe.steps, device, dataset)


def _several_configs(recipe: Recipe, trained_system: System, dataset: DataSet) -> dict[str, Any]:
    """The configs of the networks that a system trains together, by name."""
    unknown_names = sorted(recipe.model.keys() - set(trained_system.trains))
    if unknown_names:
        raise TrainingError(
            "recipe, [model]: {0} trains the networks {1}, not '{2}'.",
            trained_system.title,
            ", ".join(trained_system.trains),
            unknown_names[0],
        )
    return {
        name: _network_config(
            trained_system.networks[name], recipe.model.get(name, {}), recipe, dataset, f"model.{name}"
        )
        for name in trained_system.trains
    }


def _network_config(network: Network, settings: dict[str, Any], recipe: Recipe, dataset: DataSet, table: str) -> Any:
    """A network's config: what the recipe gives, and what data and resolution decide where it has such fields."""
    config_class = load_part(network.config)
    decided_fields = dataset.network_fields()
    for field_name, field_value in decided_fields.items():
        if settings.get(field_name, field_value) != field_value:
            raise TrainingError(
                "The recipe is for {0} {3}, but {1} has {2}; leave out {3}.",
                settings[field_name],
                dataset.folder,
                field_value,
                field_name,
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
    on_progress: Progress | None = None,
) -> Loop:
    """Read the data and build the run; `Loop.run` trains it.

    Args:
        recipe: what is trained and how.
        data_folder: folder of the kind that the system trains on, with the splits "train" and, if present, "val".
        run_folder: run folder; must be new or empty unless `resume`, or hold a run that stopped before its first
            checkpoint, which is started again.
        resume: go on from the folder's last checkpoint, or start again a run that stopped before its first; settings
            of [task] that the recipe leaves open are those that the run began with.
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
    if int(os.environ.get("RANK", "0")) == 0:  # of several processes the first one asks
        with only_process(run_folder):
            for folder in (run_folder, run_folder / LAST[0], run_folder / SAMPLES):
                remove_abandoned(folder)
    beginning = _beginning(recipe, run_folder, resume, start_weights, device)
    recipe, control = beginning.recipe, control or Control()
    keep_freed_memory()
    fabric = make_fabric(beginning.precision, device, devices, hosts)
    train_split, validation_split = _open_data(recipe, data_folder, stoppable(on_progress, lambda: control.stopping))
    task = _shared_task(recipe, train_split, fabric)
    loop = Loop(task, recipe, train_split, validation_split, run_folder, fabric, list(callbacks or []), control)
    _tell([*precision_notes(recipe.precision, beginning.precision), *task.notes], loop)
    if beginning.resumes:
        _go_on(loop, beginning)
    else:
        _begin(loop, beginning, data_folder)
    return loop


@dataclass(frozen=True)
class _Beginning:
    """How a run begins: from a checkpoint, or from fresh networks and the weights that they start from, if any.

    record: what config.json says of a run that is resumed. precision: what the run computes in.
    """

    recipe: Recipe
    resumes: bool
    record: dict[str, Any]
    start_weights: Path | None
    precision: Precision


def _beginning(recipe: Recipe, run_folder: Path, resume: bool, start_weights: Path | None, device: str) -> _Beginning:
    """See `prepare`. Raises TrainingError for a new run in a folder that holds something."""
    trained_system = system(recipe.system)
    record: dict[str, Any] = {}
    if resume:
        check_run_folder(run_folder)
        record = settings_before(run_folder)
        recipe = msgspec.structs.replace(recipe, task=recorded_settings(record, trained_system) | recipe.task)
    else:
        check_folder(run_folder)
    if resume and stopped_before_a_checkpoint(run_folder):
        resume, start_weights = False, start_weights or recorded_weights(record)
    precision = usable_precision(recorded_precision(record, recipe), device)
    return _Beginning(recipe, resume, record, start_weights, precision)


def _shared_task(recipe: Recipe, train_split: DataSet, fabric: lightning_fabric.Fabric) -> Task:
    """The task on the fabric's device, its batch norms shared by all processes."""
    with shortage_told(recipe, fabric.device):
        task = make_task(recipe, train_split, fabric.device)
    if fabric.world_size > 1:
        for module in task.modules.values():
            synchronise_batch_norm(module, fabric.device)
    return task


def _go_on(loop: Loop, beginning: _Beginning) -> None:
    loop.train.check_resumed(beginning.record, loop.folder)
    with shortage_told(loop.recipe, loop.fabric.device):
        loop.resume()


def _begin(loop: Loop, beginning: _Beginning, data_folder: Path) -> None:
    recipe, device, new_tensors = loop.recipe, loop.fabric.device, []
    if beginning.start_weights is not None:
        with shortage_told(recipe, device), Randomness(recipe.seed, device):
            new_tensors = _start_from(loop.task, beginning.start_weights)
    if loop.fabric.is_global_zero:
        write_record(loop.folder, _record_of(loop, beginning, data_folder, new_tensors))


def _open_data(recipe: Recipe, data_folder: Path, on_progress: Progress) -> tuple[DataSet, DataSet | None]:
    """The training split, repeated as the recipe has it, and the validation split if the folder has one."""
    data_kind: DataKind = load_part(system(recipe.system).data)
    check_kind(data_folder, data_kind)
    dataset_class = data_kind.opens()
    train_split = dataset_class(data_folder, "train", recipe.resolution, on_progress)
    train_split.repeat(recipe.repeat)
    validation_split = None
    if dataset_class.has_split(data_folder, "val"):
        validation_split = dataset_class(data_folder, "val", recipe.resolution, on_progress)
    return train_split, validation_split


def _tell(notes: Sequence[str], loop: Loop) -> None:
    for note in notes:
        for callback in loop.callbacks:
            callback("note", {"text": note})


def _record_of(loop: Loop, beginning: _Beginning, data_folder: Path, new_tensors: list[str]) -> dict[str, Any]:
    """What config.json says of a run that begins."""
    return {
        "recipe": msgspec.to_builtins(loop.recipe),
        "data": str(data_folder.resolve()),
        "train": len(loop.train),
        "validation": len(loop.validation) if loop.validation else 0,
        **loop.train.facts(),
        "start_weights": str(beginning.start_weights) if beginning.start_weights else None,
        "new_tensors": new_tensors,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": loop.fabric.world_size,
        "precision": beginning.precision,
        "perceptual_network": "",
        "discriminator_network": "",
        **loop.task.facts(),
    }


def _start_from(task: Task, start_path: Path) -> list[str]:
    """Take over what fits from weights, or from a run: its best network and, of the rest, its last checkpoint.

    Growing a network by a block keeps its discriminator this way. Returns the names of tensors that stay new.
    """
    if start_path.is_file():
        return task.start_from(read_tensors(start_path))
    kept_modules = set()
    saved_networks = read_networks(start_path)
    for module_name, module in task.modules.items() if saved_networks else ():
        module_state = module.state_dict()
        fitting_tensors = {
            name: tensor
            for name, tensor in saved_networks.get(module_name, {}).items()
            if name in module_state and module_state[name].shape == tensor.shape
        }
        module.load_state_dict(module_state | fitting_tensors)
        if len(fitting_tensors) == len(module_state):
            kept_modules.add(module_name)
    return task.start_from(read_tensors(start_path / BEST), kept_modules)
