"""Starting or resuming a run from a recipe and a dataset folder: what the command line and the editor call."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning_fabric
import msgspec
import torch

from engine.checkpoints.store import read_tensors
from engine.data.folder import DatasetFolder
from engine.devices import is_out_of_memory
from engine.errors import EngineError, TrainingError
from engine.files import atomic_write
from engine.memory import keep_freed_memory
from engine.metrics.features import MOBILENET
from engine.models.parser import ParserConfig
from engine.models.sean import SEANConfig
from engine.training.gan import GANTask, GANTaskConfig
from engine.training.loop import Callback, Loop
from engine.training.parser_task import ParserTask, ParserTaskConfig
from engine.training.recipe import Recipe, read_fields
from engine.training.sean_task import SEANTask, SEANTaskConfig
from engine.training.task import Task, run_path

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it would print the precision it uses

PAINTING: dict[str, tuple[type, type[GANTaskConfig], type[GANTask]]] = {
    "sean": (SEANConfig, SEANTaskConfig, SEANTask),
}
"""Systems that paint: the configs of the network and of its training, and the task."""


def make_task(recipe: Recipe, data: DatasetFolder, device: torch.device) -> Task:
    """The task of a recipe's system, its network sized for the data's label set. Raises TrainingError."""
    try:
        return _make_task(recipe, data, device)
    except EngineError:
        raise
    except (ValueError, TypeError, AssertionError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise TrainingError(
            f"The recipe makes no network that can be trained: {_first_line(error)}.", details=repr(error)
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _make_task(recipe: Recipe, data: DatasetFolder, device: torch.device) -> Task:
    torch.manual_seed(recipe.seed)
    model = {"labels": len(data.label_set), "resolution": recipe.resolution} | recipe.model
    if model["labels"] != len(data.label_set):
        raise TrainingError(
            f"The recipe is for {model['labels']} labels, but {data.folder} has {len(data.label_set)}; "
            "leave out labels."
        )
    if recipe.system in PAINTING:
        model_config, task_config, task = PAINTING[recipe.system]
        config = read_fields(recipe.task, task_config, "recipe, [task]")
        return task(read_fields(model, model_config, "recipe, [model]"), config, recipe.steps, device)
    frequencies = torch.bincount(torch.from_numpy(data.label_maps).flatten().long(), minlength=256)[: model["labels"]]
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
    callbacks: list[Callback] | None = None,
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
        callbacks: see `engine.training.loop.Callback`.
        on_progress: called with (fraction, text) while the data are read.

    Raises:
        TrainingError, BadFile, BadLabelMap.
    """
    if not resume and folder.is_dir() and any(folder.iterdir()):
        raise TrainingError(f"{folder} is not empty; resume it, or choose another folder.")
    keep_freed_memory()
    accelerator, _, index = device.partition(":")
    fabric = lightning_fabric.Fabric(
        accelerator="gpu" if accelerator == "cuda" else accelerator,
        devices=[int(index or 0)] if accelerator == "cuda" else 1,
        precision=recipe.precision,
    )
    train = DatasetFolder(data, "train", recipe.resolution, on_progress)
    splits = data / "splits.json"
    has_val = splits.is_file() and bool(json.loads(splits.read_text(encoding="utf-8")).get("val"))
    validation = DatasetFolder(data, "val", recipe.resolution, on_progress) if has_val else None
    task = make_task(recipe, train, fabric.device)
    loop = Loop(task, recipe, train, validation, folder, fabric, list(callbacks or []))
    for note in task.notes:
        for callback in loop.callbacks:
            callback("note", {"text": note})
    if resume:
        loop.resume()
        return loop
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
        "model": asdict(task.model) if hasattr(task, "model") else {},
        "perceptual_network": MOBILENET if isinstance(task, GANTask) and task.features is not None else "",
    }
    with atomic_write(run_path(folder, "config.json")) as file:
        file.write(json.dumps(facts, indent=1, ensure_ascii=False).encode())
    return loop


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
