"""A parser beside a painter: without weights that find a data set's labels in photos, no photo of its kind opens."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.jobs.training_lane import Plan
from app.training.recipe_choice import recipes_by_system
from engine.data.make import CLASSES_FILE
from engine.errors import EngineError
from engine.labels.label_sets import load_label_set
from engine.requests.edit import EditRequest
from engine.requests.parse import ParseRequest
from engine.systems import find_system, parser_for, systems_serving
from engine.training.recipe import load_recipe
from engine.weights.store import WeightsEntry

TIME = re.compile(r"(?=-\d{8}-\d{6}(-\d+)?$)|$")
"""Where the name of a run folder that `NewRun.suggest_folder` gave goes on with its time; else its end."""


def lacks_parser(system_id: str, data_folder: Path | None, weights_entries: Iterable[WeightsEntry]) -> bool:
    """Whether a system edits photos, and none of these weights finds the labels of the data in them."""
    system = find_system(system_id)
    if system is None or not system.serves(EditRequest) or data_folder is None:
        return False
    try:
        label_set = load_label_set(data_folder / CLASSES_FILE)
    except EngineError:
        return False  # what is wrong with the data is said elsewhere
    return parser_for(weights_entries, label_set) is None


def parser_plan(painter_plan: Plan) -> Plan:
    """The training of a parser on a painter's data, beside its run folder. Raises EngineError: no recipe reads."""
    parser_system = systems_serving(ParseRequest)[0]
    recipe = load_recipe(recipes_by_system()[parser_system.id][0])
    folder = painter_plan.folder.with_name(TIME.sub(f"-{parser_system.id}", painter_plan.folder.name, count=1))
    return replace(painter_plan, recipe=recipe, folder=folder, resume=False, start=None, following=None)
