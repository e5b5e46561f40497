"""Recipes: plain TOML files that say which network is trained how. Unknown keys are errors."""

from __future__ import annotations

import difflib
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from engine.errors import BadFile, Message, NotSupported, TrainingError, explanation_of, one_of
from engine.plain_data import read_toml
from engine.systems import system

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "recipes"
T = TypeVar("T")
Count = Annotated[int, Meta(ge=1)]
Steps = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
"""lightning-fabric's names."""


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One recipe.

    system: id of what is trained, one of `engine.systems.SYSTEMS`.
    resolution: side of the training pictures in pixels.
    batch, steps, seed: pictures per step (and device), length of the run, what all randomness follows from.
    repeat: label names -> how many times as often pictures come that show the label: rare ones are learnt in less time.
    accumulate: batches whose gradients are averaged before the networks are updated, then all at once.
    precision: what is computed in; a run on a processor that emulates bfloat16 computes in "32-true" instead.
    *_every: steps between log lines, sample sheets, validations and checkpoints.
    model, task: fields of the system's own configs.
    note: what the recipe is for.
    """

    system: str
    resolution: Count
    batch: Count
    steps: Count
    seed: Annotated[int, Meta(ge=0)] = 0
    repeat: dict[str, Count] = {}
    accumulate: Count = 1
    precision: Precision = "32-true"
    log_every: Count = 10
    sample_every: Count = 250
    validate_every: Count = 500
    checkpoint_every: Count = 250
    model: dict[str, Any] = {}
    task: dict[str, Any] = {}
    note: str = ""


def bundled_recipes() -> list[str]:
    """Recipes that come with Tessera."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name_or_path: str | Path, changes: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe by name or file. `changes` overrides keys ("steps", "task.ema").

    Raises BadFile for a recipe that is missing or broken, TrainingError for an unknown key or system.
    """
    recipe_path = Path(name_or_path)
    if not recipe_path.suffix:
        recipe_path = FOLDER / f"{name_or_path}.toml"
    if not recipe_path.is_file():
        raise _no_recipe(str(name_or_path))
    raw_fields = read_toml(recipe_path)
    for dotted_key, new_value in (changes or {}).items():
        *parent_keys, last_key = dotted_key.split(".")
        key_table = raw_fields
        for parent_key in parent_keys:
            key_table = key_table.setdefault(parent_key, {})
        key_table[last_key] = new_value
    recipe = read_fields(raw_fields, Recipe, str(recipe_path))
    try:
        system(recipe.system)
    except NotSupported as error:
        raise TrainingError("{0}: {1}", recipe_path, error) from error
    return recipe


def _no_recipe(name: str) -> BadFile:
    """The error that names the nearest recipes, or all of them."""
    known_names = bundled_recipes()
    close_names = difflib.get_close_matches(name.removesuffix(".toml"), known_names, 3)
    if close_names:
        nearest = one_of([repr(close_name) for close_name in close_names])
        return BadFile("There is no recipe {0}; did you mean {1}?", repr(name), nearest)
    return BadFile("There is no recipe {0}; known: {1}, or a .toml file.", repr(name), ", ".join(known_names))


def read_fields(raw_fields: dict[str, Any], config_type: type[T], source: str, table: str = "") -> T:
    """`raw_fields` as a `config_type` (dataclass or Struct).

    source: the file, for sentences. table: where in it these fields stand: "model", "task.discriminator".
    Raises TrainingError naming a wrong key and the nearest known one.
    """
    _check_keys(raw_fields, config_type, source, table)
    try:
        return msgspec.convert(raw_fields, config_type)
    except msgspec.ValidationError as error:
        raise TrainingError("{0}: {1}.", _place(source, table), explanation_of(error), details=str(error)) from error


def _place(source: str, table: str) -> str:
    return Message("{0}, [{1}]", source, table) if table else source


def _check_keys(raw_fields: dict[str, Any], config_type: type, source: str, table: str) -> None:
    """Unknown keys are errors, those of configs inside configs too: msgspec would pass over them."""
    type_hints = get_type_hints(config_type)
    is_struct = issubclass(config_type, msgspec.Struct)
    known_names = [field.name for field in (msgspec.structs.fields if is_struct else fields)(config_type)]
    for field_name, field_value in raw_fields.items():
        if field_name not in known_names:
            close_names = difflib.get_close_matches(field_name, list(known_names), 1)
            suggestion = Message("; known: {0}.", ", ".join(known_names))
            if close_names:
                suggestion = Message("; did you mean {0}?", repr(close_names[0]))
            raise TrainingError(
                "{0}: unknown key {1} for {2}{3}",
                _place(source, table), repr(field_name), re.sub("Config$", "", config_type.__name__), suggestion,
            )
        if isinstance(field_value, dict):
            field_type = type_hints[field_name]
            for nested_type in (field_type, *get_args(field_type)):  # a config, or "config or None"
                if isinstance(nested_type, type) and is_dataclass(nested_type):
                    nested_table = f"{table}.{field_name}" if table else field_name
                    _check_keys(field_value, nested_type, source, nested_table)
