"""The run that is being set up: its data, recipe, start, folder, device; what it lacks, and the plan it makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

import msgspec

from app.jobs.training_lane import Plan
from app.jobs.training_thread import spare_threads
from app.shell.i18n import tr
from app.texts.translate import translate
from app.training.photo_parser import lacks_parser, parser_plan
from app.training.recipe_choice import RecipeChoice
from app.training.run_folder import BEST, taken
from engine.data.kinds import DataKind, first_lack
from engine.errors import BadFile
from engine.files import check_name
from engine.systems import find_system
from engine.systems.base import load_part
from engine.training.recipe import Recipe
from engine.weights.store import WeightsEntry


@dataclass(frozen=True)
class StartPoint:
    """What training can begin from: a text for people, and a file, a run folder or None for scratch."""

    text: str
    path: Path | None


class NewRun:
    """What the user chose so far. Knows no widgets."""

    def __init__(self) -> None:
        self.recipe = RecipeChoice()
        self.data: Path | None = None
        self.start: Path | None = None
        self.folder: Path | None = None
        self.device = "auto"
        self.threads = spare_threads()
        self.parser_too = False

    def data_kind(self) -> DataKind | None:
        """What the recipe's system trains on; None while no system is known."""
        system = find_system(self.recipe.system)
        return load_part(system.data) if system is not None else None

    def lacks(self, *, training: bool, data_finding: str = "") -> str:
        """What keeps it from being started, as a sentence; "" if nothing does. ``training``: another run is active.
        ``data_finding``: what keeps the data from being trained on, told by their files."""
        if training:
            return tr("One training at a time: stop the present one first.")
        kind = self.data_kind()
        if self.data is None:
            if kind is None:
                return tr("Choose a data folder.")
            return tr("Choose a folder with {0}.").format(translate(kind.holds))
        if kind is not None and (data_lacks := first_lack(self.data, kind)) is not None:
            return translate(data_lacks)
        if data_finding:
            return data_finding
        if self.recipe.base is None:
            return tr("Choose a recipe that can be read.")
        if self.recipe.changes() is None:
            return tr("A number of the recipe is not one that can be used.")
        if self.folder is None:
            return tr("Choose a folder for the run.")
        try:
            check_name(self.folder)
        except BadFile as error:
            return translate(str(error))
        if taken(self.folder):
            sentence = tr('There is something in "{0}" already; give the run another folder, or resume it from Runs.')
            return sentence.format(self.folder)
        return ""

    def lacks_parser(self, weights_entries: Iterable[WeightsEntry]) -> bool:
        """Whether no photo of the data's labels could be opened with what is trained."""
        return lacks_parser(self.recipe.system, self.data, weights_entries)

    def plan(self, weights_entries: Iterable[WeightsEntry] = ()) -> Plan:
        """What would be trained now, and after it a parser where `weights_entries` lack one and it is wanted.

        Raises EngineError when a recipe cannot be used.
        """
        assert self.data is not None and self.folder is not None
        plan = self._painter_plan(self.data, self.folder)
        if self.parser_too and self.lacks_parser(weights_entries):
            return replace(plan, following=parser_plan(plan))
        return plan

    def _painter_plan(self, data_folder: Path, run_folder: Path) -> Plan:
        return Plan(
            recipe=watchable(self.recipe.recipe()),
            data=data_folder,
            folder=run_folder,
            start=self.start,
            device=self.device,
            threads=self.threads,
        )

    def suggest_folder(self, runs_folder: Path, begun_folder: Path | None, current_time: datetime) -> None:
        """Name the run folder by the recipe and the time. ``begun_folder``: that of a run begun just now, which is to
        come."""
        run_name = f"{self.recipe.stem or 'run'}-{current_time:%Y%m%d-%H%M%S}"
        for attempt in count(1):
            run_folder = runs_folder / (run_name if attempt == 1 else f"{run_name}-{attempt}")
            if not taken(run_folder) and run_folder != begun_folder:
                self.folder = run_folder
                return

    def start_points(self, weights_entries: Iterable[WeightsEntry], runs: Sequence[Path]) -> list[StartPoint]:
        """Scratch, then the weights of the recipe's system, then runs."""
        system_id = self.recipe.base.system if self.recipe.base is not None else ""
        start_points = [StartPoint(tr("Scratch"), None)]
        for weights_entry in weights_entries:
            if weights_entry.card is not None and weights_entry.card.system == system_id:
                start_points.append(StartPoint(tr("Weights {0}").format(weights_entry.name), weights_entry.tensors))
        start_points += [
            StartPoint(tr("Run {0}").format(run_folder.name), run_folder)
            for run_folder in runs
            if (run_folder / BEST).is_file()
        ]
        return start_points


def watchable(recipe: Recipe) -> Recipe:
    """The recipe with fifty reports or more in a run, so that a short one moves its curves and its counter too."""
    return msgspec.structs.replace(recipe, log_every=min(recipe.log_every, max(1, recipe.steps // 50)))
