"""Which recipe a new run is trained with, and what the user changed in it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from app.shell.i18n import tr
from app.texts.system_names import system_text
from app.training.run_folder import CONFIG, read_run
from engine.errors import BadFile, EngineError
from engine.systems import all_systems
from engine.training.recipe import Recipe, bundled_recipes, load_recipe, read_fields

NUMBERS = ("steps", "batch", "seed", "sample_every", "validate_every", "checkpoint_every")
"""The recipe's own numbers that can be changed for a run, by their keys."""
TIME_OF_RUN = re.compile(r"-\d{8}-\d{6}(-\d+)?$")  # as names that `NewRun.suggest_folder` gives end
FULL = "32-true"
PRECISIONS = (FULL, "bf16-mixed", "16-mixed")


def recipes_by_system() -> dict[str, list[str]]:
    """For each system the names of the recipes that come with Tessera; one that does not read stands nowhere."""
    names_by_system: dict[str, list[str]] = {system.id: [] for system in all_systems()}
    for recipe_name in bundled_recipes():
        with suppress(EngineError):
            names_by_system.setdefault(load_recipe(recipe_name).system, []).append(recipe_name)
    for recipe_names in names_by_system.values():
        # The small one is the one to begin with; the rest stand by name.
        recipe_names.sort(key=lambda recipe_name: not recipe_name.endswith("-small"))
    return names_by_system


class RecipeChoice:
    """A recipe by name, by file or of a run, with the numbers that the user changed."""

    def __init__(self) -> None:
        self.recipes = recipes_by_system()
        self._source: str | Path = ""
        self._system = ""
        self._base: Recipe | None = None
        self._problem = ""
        self._numbers: dict[str, float | None] = {}
        self._precision = ""

    # --- what is chosen -----------------------------------------------------------------------------

    @property
    def source(self) -> str | Path:
        """The name or the file of the recipe."""
        return self._source

    @property
    def system(self) -> str:
        """The id of the system that is trained."""
        return self._system

    @property
    def base(self) -> Recipe | None:
        """The recipe as it was read; None if it does not read."""
        return self._base

    @property
    def problem(self) -> str:
        """What is wrong with the recipe, as a sentence; "" if it reads."""
        return self._problem

    @property
    def stem(self) -> str:
        """What the recipe is called, for the name of a run: that of a run's recipe is the run's, without its time."""
        source_path = Path(str(self._source))
        return TIME_OF_RUN.sub("", source_path.parent.name) if source_path.name == CONFIG else source_path.stem

    def losses(self) -> dict[str, float]:
        """The numbers of the recipe's [task]: rates, and weights of the losses."""
        recipe_fields = self._base.task if self._base is not None else {}
        return {recipe_key: field_value for recipe_key, field_value in recipe_fields.items() if _is_number(field_value)}

    def changes(self) -> dict[str, Any] | None:
        """What the user changed, by the recipe's keys ("steps", "task.ema"); None while a number is wrong."""
        if self._base is None or any(number is None for number in self._numbers.values()):
            return None
        changed_fields: dict[str, Any] = {
            recipe_key: n for recipe_key, n in self._numbers.items() if n != _value(self._base, recipe_key)
        }
        if self._precision != self._base.precision:
            changed_fields["precision"] = self._precision
        return changed_fields

    def recipe(self) -> Recipe:
        """The recipe with the changes. Raises EngineError when it cannot be used."""
        if self._base is None:
            raise BadFile("Choose a recipe that can be read.")
        recipe_fields = msgspec.to_builtins(self._base)
        for recipe_key, field_value in (self.changes() or {}).items():
            *outer_keys, last_key = recipe_key.split(".")
            nested_fields = recipe_fields
            for outer_key in outer_keys:
                nested_fields = nested_fields[outer_key]
            nested_fields[last_key] = field_value
        return read_fields(recipe_fields, Recipe, str(self._source))

    # --- choosing -----------------------------------------------------------------------------------

    def choose_system(self, system_id: str) -> None:
        """Begin with the first recipe of a system; where none comes with Tessera, a file has to be chosen."""
        if self.recipes.get(system_id):
            self.load(self.recipes[system_id][0])
            return
        self._forget()
        self._source, self._system = "", system_id
        self._problem = tr("No recipe for {0} comes with Tessera; choose a file of your own.").format(
            system_text(system_id)
        )

    def load(self, source: str | Path) -> None:
        """Take a recipe by name or file, or that of a run (its config.json); one that does not read says why."""
        self._forget()
        self._source = source
        try:
            self._base = _of_run(source) if Path(source).name == CONFIG else load_recipe(source)
        except EngineError as error:
            self._problem = str(error)
            return
        self._system, self._precision = self._base.system, self._base.precision
        recipe_keys = (*NUMBERS, *(f"task.{recipe_key}" for recipe_key in self.losses()))
        self._numbers = {recipe_key: _value(self._base, recipe_key) for recipe_key in recipe_keys}

    def set_number(self, recipe_key: str, number: float | None) -> None:
        """Change a number of the recipe ("steps", "task.ema"); None: what the user typed cannot be used."""
        self._numbers[recipe_key] = number

    def set_precision(self, precision: str) -> None:
        """Compute in another precision (one of PRECISIONS)."""
        self._precision = precision

    def _forget(self) -> None:
        self._base, self._problem, self._precision = None, "", ""
        self._numbers.clear()


def _of_run(config_path: str | Path) -> Recipe:
    """The recipe that a run was begun with. Raises EngineError."""
    return read_fields(read_run(Path(config_path).parent).recipe, Recipe, str(config_path))


def _value(base_recipe: Recipe, recipe_key: str) -> float:
    field_value: float = (
        base_recipe.task[recipe_key.removeprefix("task.")]
        if recipe_key.startswith("task.")
        else getattr(base_recipe, recipe_key)
    )
    return field_value


def _is_number(field_value: object) -> bool:
    return isinstance(field_value, int | float) and not isinstance(field_value, bool)
