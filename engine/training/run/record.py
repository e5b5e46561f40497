"""A run folder's config.json, what the run is of, and what an earlier run left in the folder. Imports no torch."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import BadFile, TrainingError, explanation_of
from engine.files import atomic_write, cannot, check_name, make_folder, read_bytes
from engine.plain_data import BadText, parse_json
from engine.systems.base import System, load_part
from engine.training.recipe import Precision, Recipe

if TYPE_CHECKING:
    from engine.training.task import TaskConfig

CONFIG, STATS, SAMPLES = "config.json", "stats.jsonl", "samples"
LAST, BEST = ("checkpoints", "last.pt"), "best.safetensors"
BEFORE_A_CHECKPOINT = (CONFIG, STATS, SAMPLES, LAST[0], "tensorboard")
"""What a run writes before it has a checkpoint."""


def stopped_before_a_checkpoint(run_folder: Path) -> bool:
    """Whether a folder holds a run that has no checkpoint yet, and nothing else: it can be started again."""
    if not (run_folder / CONFIG).is_file() or run_folder.joinpath(*LAST).exists():
        return False
    checkpoints = run_folder / LAST[0]
    entries = {entry.name for entry in run_folder.iterdir() if not entry.name.startswith(".")}
    return entries <= set(BEFORE_A_CHECKPOINT) and not (checkpoints.is_dir() and any(checkpoints.glob("[!.]*")))


def check_folder(run_folder: Path) -> None:
    """Raises TrainingError where a new run would write into a folder that holds something worth keeping, and
    BadFile for a name that cannot be given."""
    check_name(run_folder)
    first_process = int(os.environ.get("RANK", "0")) == 0
    if first_process and run_folder.is_dir() and any(run_folder.iterdir()):
        if not stopped_before_a_checkpoint(run_folder):
            raise TrainingError("{0} is not empty; resume it, or choose another folder.", run_folder)


def check_run_folder(run_folder: Path) -> None:
    """Raises TrainingError where there is no folder of a run at all."""
    if not run_folder.is_dir():
        raise TrainingError('There is no folder "{0}"; give the folder of a run.', run_folder)


class RunRecord(msgspec.Struct, frozen=True):
    """What a run's config.json says of the run.

    recipe: with system, steps, resolution and batch at least. label_set: of data with label maps, as its `to_dict`.
    perceptual_network: None where an earlier version did not say.
    """

    data: str
    recipe: dict[str, Any]
    label_set: dict[str, Any] | None = None
    perceptual_network: str | None = None
    discriminator_network: str = ""


class _RecipeOutline(msgspec.Struct):
    system: str
    steps: int
    resolution: int
    batch: int


def read_record(run_folder: Path) -> RunRecord:
    """What a run's config.json says. Raises BadFile where there is none, or it is not what training wrote."""
    config_path = run_folder / CONFIG
    if not config_path.is_file():
        raise BadFile('"{0}" is no run folder: it has no config.json; choose one that has.', run_folder)
    try:
        record = msgspec.convert(parse_json(read_bytes(config_path)), RunRecord)
        msgspec.convert(record.recipe, _RecipeOutline)
    except (BadText, msgspec.ValidationError) as error:
        reason = error.reason if isinstance(error, BadText) else explanation_of(error)
        raise BadFile(
            '"{0}" is damaged, it is not what training wrote ({1}); choose another run.',
            config_path, reason, details=repr(error),
        ) from error
    return record


def settings_before(run_folder: Path) -> dict[str, Any]:
    """What a run's config.json says, to resume the run; {} where it is missing or damaged: it is resumed all the same.
    """
    try:
        settings = parse_json(read_bytes(run_folder / CONFIG))
    except (BadFile, BadText):
        return {}
    return settings if isinstance(settings, dict) else {}


def write_record(run_folder: Path, record: Mapping[str, Any]) -> None:
    """Write config.json of a run that begins; reports of one that stopped before its first checkpoint go."""
    try:
        (run_folder / STATS).unlink(missing_ok=True)
        if (run_folder / SAMPLES).is_dir():
            shutil.rmtree(run_folder / SAMPLES)
    except OSError as error:
        raise cannot("remove", error.filename or run_folder, error) from error
    with atomic_write(make_folder(run_folder) / CONFIG) as file:
        file.write(json.dumps(record, indent=1, ensure_ascii=False).encode())


def recorded_settings(record: Mapping[str, Any], trained_system: System) -> dict[str, Any]:
    """The settings of [task] that a run began with: defaults may have changed since.

    Runs of earlier versions did not write them; the defaults of then, where they were others, are the config's
    `before`.
    """
    config_class = load_part(trained_system.task_config)
    known_names = {field.name for field in fields(config_class)}
    settings = record.get("task")
    if isinstance(settings, dict) and settings:
        return {name: setting for name, setting in settings.items() if name in known_names}
    task_config: type[TaskConfig] = config_class
    return dict(task_config.before)


def recorded_precision(record: Mapping[str, Any], recipe: Recipe) -> Precision:
    """What a resumed run computes in: as before, whatever this device could, unless the recipe asks for another now."""
    recipe_before, precision_before = record.get("recipe"), record.get("precision")
    if isinstance(recipe_before, dict) and recipe_before.get("precision", "32-true") == recipe.precision:
        if precision_before in ("32-true", "bf16-mixed", "16-mixed"):
            return precision_before
    return recipe.precision


def recorded_weights(record: Mapping[str, Any]) -> Path | None:
    """What a run took its first tensors from."""
    start_path = record.get("start_weights")
    return Path(start_path) if isinstance(start_path, str) and start_path else None
