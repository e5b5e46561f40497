"""Which recipe a new run is trained with, and what the user changed in it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from app.shell.i18n import tr
from app.texts.system_names import system_text
from app.training.state.run_folder import CONFIG, read_run
from engine.errors import BadFile, EngineError
from engine.systems import all_systems
from engine.training.recipe import Recipe, load_recipe, names, read_fields

NUMBERS = ("steps", "batch", "seed", "sample_every", "validate_every", "checkpoint_every")
"""The recipe's own numbers that can be changed for a run, by their keys."""
TIME_OF_RUN = re.compile(r"-\d{8}-\d{6}(-\d+)?$")  # as names that `NewRun.suggest_folder` gives end
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


def recipes_by_system() -> dict[str, list[str]]:
    """For each system the names of the recipes that come with Tessera; one that does not read stands nowhere."""
    recipes: dict[str, list[str]] = {system.id: [] for system in all_systems()}
    for name in names():
        with suppress(EngineError):
            recipes.setdefault(load_recipe(name).system, []).append(name)
    for offered in recipes.values():
        offered.sort(key=lambda name: not name.endswith("-small"))  # the one to begin with; the rest by name
    return recipes


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
        path = Path(str(self._source))
        return TIME_OF_RUN.sub("", path.parent.name) if path.name == CONFIG else path.stem

    def losses(self) -> dict[str, float]:
        """The numbers of the recipe's [task]: rates, and weights of the losses."""
        fields = self._base.task if self._base is not None else {}
        return {key: value for key, value in fields.items() if _is_number(value)}

    def changes(self) -> dict[str, Any] | None:
        """What the user changed, by the recipe's keys ("steps", "task.ema"); None while a number is wrong."""
        if self._base is None or any(number is None for number in self._numbers.values()):
            return None
        changed: dict[str, Any] = {key: n for key, n in self._numbers.items() if n != _value(self._base, key)}
        if self._precision != self._base.precision:
            changed["precision"] = self._precision
        return changed

    def recipe(self) -> Recipe:
        """The recipe with the changes. Raises EngineError when it cannot be used."""
        if self._base is None:
            raise BadFile(tr("Choose a recipe that can be read."))
        fields = msgspec.to_builtins(self._base)
        for key, value in (self.changes() or {}).items():
            *parents, leaf = key.split(".")
            place = fields
            for parent in parents:
                place = place[parent]
            place[leaf] = value
        return read_fields(fields, Recipe, str(self._source))

    # --- choosing -----------------------------------------------------------------------------------

    def choose_system(self, system: str) -> None:
        """Begin with the first recipe of a system; where none comes with Tessera, a file has to be chosen."""
        if self.recipes.get(system):
            self.load(self.recipes[system][0])
            return
        self._forget()
        self._source, self._system = "", system
        self._problem = tr("No recipe for {0} comes with Tessera; choose a file of your own.").format(
            system_text(system)
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
        keys = (*NUMBERS, *(f"task.{key}" for key in self.losses()))
        self._numbers = {key: _value(self._base, key) for key in keys}

    def set_number(self, key: str, number: float | None) -> None:
        """Change a number of the recipe ("steps", "task.ema"); None: what the user typed cannot be used."""
        self._numbers[key] = number

    def set_precision(self, precision: str) -> None:
        """Compute in another precision (one of PRECISIONS)."""
        self._precision = precision

    def _forget(self) -> None:
        self._base, self._problem, self._precision = None, "", ""
        self._numbers.clear()


def _of_run(config: str | Path) -> Recipe:
    """The recipe that a run was begun with. Raises EngineError."""
    return read_fields(read_run(Path(config).parent).recipe, Recipe, str(config))


def _value(recipe: Recipe, key: str) -> float:
    value: float = recipe.task[key.removeprefix("task.")] if key.startswith("task.") else getattr(recipe, key)
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
