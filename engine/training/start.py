"""Starting or resuming a run from a recipe and a dataset folder: what the command line and the editor call."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning_fabric
import msgspec
import torch

from engine.data.folder import DatasetFolder
from engine.devices import is_out_of_memory
from engine.errors import Cancelled, EngineError, TrainingError
from engine.files import atomic_write
from engine.labels.label_sets import LabelSet
from engine.memory import keep_freed_memory
from engine.systems.parser.network import ParserConfig
from engine.systems.parser.task import ParserTask, ParserTaskConfig
from engine.systems.pix2pixhd.network import Pix2PixHDConfig
from engine.systems.pix2pixhd.task import Pix2PixHDTask, Pix2PixHDTaskConfig
from engine.systems.sean.network import SEANConfig
from engine.systems.sean.task import SEANTask, SEANTaskConfig
from engine.systems.smis.network import SMISConfig
from engine.systems.smis.task import SMISTask, SMISTaskConfig
from engine.systems.spade.network import SPADEConfig
from engine.systems.spade.task import SPADETask, SPADETaskConfig
from engine.training.adversarial import GANTask, GANTaskConfig
from engine.training.control import Control
from engine.training.loop import Callback, Loop
from engine.training.parallel import synchronise_batch_norm
from engine.training.randomness import Randomness
from engine.training.recipe import Recipe, read_fields
from engine.training.shortage import shortage_told
from engine.training.task import Task, run_path
from engine.weights.store import read_tensors

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would print the precision it uses

PAINTING: dict[str, tuple[type, type[GANTaskConfig], type[GANTask]]] = {
    "sean": (SEANConfig, SEANTaskConfig, SEANTask),
    "spade": (SPADEConfig, SPADETaskConfig, SPADETask),
    "smis": (SMISConfig, SMISTaskConfig, SMISTask),
    "pix2pixhd": (Pix2PixHDConfig, Pix2PixHDTaskConfig, Pix2PixHDTask),
}
"""Systems that paint: the configs of the network and of its training, and the task."""


def make_task(recipe: Recipe, data: DatasetFolder, device: torch.device) -> Task:
    """The task of a recipe's system, its network sized for the data's label set. Raises TrainingError."""
    try:
        with Randomness(recipe.seed, device):
            return _make_task(recipe, data, device)
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


def _make_task(recipe: Recipe, data: DatasetFolder, device: torch.device) -> Task:
    model = {"labels": len(data.label_set), "resolution": recipe.resolution} | recipe.model
    if model["labels"] != len(data.label_set):
        raise TrainingError(
            "The recipe is for {0} labels, but {1} has {2}; leave out labels.",
            model["labels"], data.folder, len(data.label_set),
        )
    if recipe.system in PAINTING:
        model_config, task_config, task = PAINTING[recipe.system]
        config = read_fields(recipe.task, task_config, "recipe, [task]")
        return task(read_fields(model, model_config, "recipe, [model]"), config, recipe.steps, device)
    frequencies = torch.from_numpy(data.label_counts())[: model["labels"]]
    parser_config = read_fields(recipe.task, ParserTaskConfig, "recipe, [task]")
    parser_model = read_fields(model, ParserConfig, "recipe, [model]")
    shares = frequencies.float() / frequencies.sum()
    return ParserTask(parser_model, parser_config, recipe.steps, device, shares, data.label_set.ignore)


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
        data: dataset folder with the splits "train" and, if present, "val".
        folder: run folder; must be new or empty unless `resume`.
        resume: go on from the folder's last checkpoint.
        start_weights: a .safetensors file or a run folder to take fitting tensors from (coarse to fine,
            fine-tuning).
        device: "cpu" or "cuda:N".
        devices, hosts: processes per host that share each step, one per GPU (or, on the CPU, just processes), and
            hosts; started by torchrun, or on one host by this call itself.
        callbacks: see `engine.training.loop.Callback`.
        control: what other threads will steer the run by; `Loop.control` unless given.
        on_progress: called with (fraction, text) while the data are read.

    Raises:
        TrainingError, OutOfMemory, BadFile, BadLabelMap; Cancelled if `control` is told to stop meanwhile.
    """
    if not resume and folder.is_dir() and any(folder.iterdir()) and int(os.environ.get("RANK", "0")) == 0:
        raise TrainingError("{0} is not empty; resume it, or choose another folder.", folder)
    keep_freed_memory()
    control = control or Control()
    report = _stoppable(on_progress, control)
    fabric = make_fabric(recipe, device, devices, hosts)
    train = DatasetFolder(data, "train", recipe.resolution, report)
    validation = DatasetFolder(data, "val", recipe.resolution, report) if _has_validation(data) else None
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
        _check_label_set(folder, train)
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
        "label_set": train.label_set.to_dict(),
        "start_weights": str(start_weights) if start_weights else None,
        "new_tensors": new_tensors,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": fabric.world_size,
        "model": asdict(task.model) if hasattr(task, "model") else {},
        "perceptual_network": _perceptual_name(task),
    }
    if fabric.is_global_zero:
        with atomic_write(run_path(folder, "config.json")) as file:
            file.write(json.dumps(facts, indent=1, ensure_ascii=False).encode())
    return loop


def _perceptual_name(task: Task) -> str:
    perceptual = task.perceptual if isinstance(task, GANTask) else None
    return "" if perceptual is None else perceptual.name


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


def _has_validation(data: Path) -> bool:
    path = data / "splits.json"
    if not path.is_file():
        return False
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False  # named when the training split is read
    return isinstance(splits, dict) and bool(splits.get("val"))


def _stoppable(on_progress: Callable[[float, str], None] | None, control: Control) -> Callable[[float, str], None]:
    def report(fraction: float, text: str) -> None:
        if control.stopping:
            raise Cancelled
        if on_progress is not None:
            on_progress(fraction, text)

    return report


def _check_label_set(folder: Path, data: DatasetFolder) -> None:
    """Labels that changed places would be learnt wrong without a word. Raises TrainingError."""
    try:
        before = LabelSet.from_dict(json.loads((folder / "config.json").read_text(encoding="utf-8"))["label_set"])
    except (OSError, ValueError, KeyError, TypeError, EngineError):
        return  # a missing or damaged config.json does not keep anyone from resuming
    if not before.same_labels(data.label_set):
        raise TrainingError(
            '"{0}" was trained on the labels of "{1}", but {2} has those of "{3}"; resume with the data it was '
            "started with, or start a new run.",
            folder, before.name, data.folder, data.label_set.name,
        )


def _start_from(task: Task, start: Path) -> list[str]:
    """Take over what fits from weights, or from a run: its best network and, of the rest, its last checkpoint.

    Growing a network by a block keeps its discriminator this way. Returns the names of tensors that stay new.
    """
    if start.is_file():
        return task.start_from(read_tensors(start))
    last = start / "checkpoints" / "last.pt"
    if last.is_file():
        saved = torch.load(last, map_location="cpu", weights_only=True)["modules"]
        for name, module in task.modules.items():
            own = module.state_dict()
            fitting = {k: v for k, v in saved.get(name, {}).items() if k in own and own[k].shape == v.shape}
            module.load_state_dict(own | fitting)
    return task.start_from(read_tensors(start / "best.safetensors"))
