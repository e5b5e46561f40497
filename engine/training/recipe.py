"""Recipes: plain TOML files that say which network is trained how. Unknown keys are errors."""

from __future__ import annotations

import difflib
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from engine.errors import BadFile, Message, NotSupported, TrainingError
from engine.systems import system

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "recipes"
T = TypeVar("T")
Count = Annotated[int, Meta(ge=1)]


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One recipe.

    system: id of what is trained, one of `engine.systems.SYSTEMS`.
    resolution: side of the training pictures in pixels.
    batch, steps, seed: pictures per step (and device), length of the run, what all randomness follows from.
    accumulate: batches whose gradients are averaged before the networks are updated, then all at once.
    precision: "32-true", "bf16-mixed" or "16-mixed" (lightning-fabric's names).
    *_every: steps between log lines, sample sheets, validations and checkpoints.
    model, task: fields of the system's own configs.
    note: what the recipe is for.
    """

    system: str
    resolution: Count
    batch: Count
    steps: Count
    seed: Annotated[int, Meta(ge=0)] = 0
    accumulate: Count = 1
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    log_every: Count = 10
    sample_every: Count = 250
    validate_every: Count = 500
    checkpoint_every: Count = 250
    model: dict[str, Any] = {}
    task: dict[str, Any] = {}
    note: str = ""


def names() -> list[str]:
    """Recipes that come with Tessera."""
    return sorted(p.stem for p in FOLDER.glob("*.toml"))


def load_recipe(name_or_path: str | Path, changes: dict[str, Any] | None = None) -> Recipe:
    """Read a recipe by name or file. `changes` overrides keys ("steps", "task.ema").

    Raises BadFile for a recipe that is missing or broken, TrainingError for an unknown key or system.
    """
    path = Path(name_or_path)
    if not path.suffix:
        path = FOLDER / f"{name_or_path}.toml"
    if not path.is_file():
        raise BadFile(
            "There is no recipe {0}; known: {1}, or a .toml file.",
            repr(str(name_or_path)), ", ".join(names()),
        )
    try:
        raw = msgspec.toml.decode(path.read_bytes())
    except (msgspec.DecodeError, OSError) as error:
        raise BadFile("{0} is no valid TOML: {1}.", path, error) from error
    for key, value in (changes or {}).items():
        *parents, leaf = key.split(".")
        place = raw
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    recipe = read_fields(raw, Recipe, str(path))
    try:
        system(recipe.system)
    except NotSupported as error:
        raise TrainingError("{0}: {1}", path, error) from error
    return recipe


def read_fields(raw: dict[str, Any], kind: type[T], source: str) -> T:
    """`raw` as a `kind` (dataclass or Struct). Raises TrainingError naming a wrong key and the nearest known one."""
    _check_keys(raw, kind, source)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        what, _, place = str(error).replace("`", "").partition(" - at $.")
        key = f"the key {place!r}: " if place else ""
        raise TrainingError("{0}: {1}{2}{3}.", source, key, what[:1].lower(), what[1:], details=str(error)) from error


def _check_keys(raw: dict[str, Any], kind: type, source: str) -> None:
    """Unknown keys are errors, those of configs inside configs too: msgspec would pass over them."""
    hints = get_type_hints(kind)
    fields = kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else kind.__dataclass_fields__  # type: ignore[attr-defined]
    for key, value in raw.items():
        if key not in fields:
            near = difflib.get_close_matches(key, list(fields), 1)
            hint = Message("; known: {0}.", ", ".join(fields))
            if near:
                hint = Message("; did you mean {0}?", repr(near[0]))
            raise TrainingError(
                "{0}: unknown key {1} for {2}{3}",
                source, repr(key), re.sub("Config$", "", kind.__name__), hint,
            )
        if isinstance(value, dict):
            for kind_of_part in (hints[key], *get_args(hints[key])):  # a config, or "config or None"
                if isinstance(kind_of_part, type) and is_dataclass(kind_of_part):
                    _check_keys(value, kind_of_part, f"{source.removesuffix(']')}.{key}]")
