"""The state of the form for a new run, without a window."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

import engine.systems
from app.training.new_run import NewRun
from app.training.recipe_choice import RecipeChoice
from engine.errors import EngineError
from engine.weights.card import Card
from engine.weights.store import WeightsEntry
from tests.app.training.studios import recipe_file

NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture
def ready(tmp_path, tiny_dataset) -> NewRun:
    """A run that could be started."""
    new_run = NewRun()
    new_run.recipe.load(recipe_file(tmp_path, 10))
    new_run.data, new_run.folder = tiny_dataset, tmp_path / "run"
    return new_run


def test_a_run_with_data_recipe_and_folder_can_be_started(ready, tmp_path):
    assert ready.lacks(training=False) == ""
    plan = ready.plan()
    assert (plan.data, plan.folder, plan.start, plan.recipe.steps) == (ready.data, tmp_path / "run", None, 10)


def test_what_is_missing_is_said_in_the_order_of_the_form(ready, tmp_path):
    assert ready.lacks(training=True).startswith("One training at a time")
    ready.data = None
    assert ready.lacks(training=False).startswith("Choose a folder with pictures in images/, a label map of the same")
    ready.data = tmp_path / "nowhere"
    assert "is not a folder" in ready.lacks(training=False)
    ready.data = tmp_path / ("x" * 300)  # longer than a name can be
    assert "is not a folder" in ready.lacks(training=False)


def test_data_are_judged_by_what_the_system_trains_on(ready, tmp_path, monkeypatch):
    system = next(known for known in engine.systems.all_systems() if known.id == ready.recipe.system)
    scenes = replace(system, data="engine.data.kinds:CLASSES")
    monkeypatch.setattr("engine.systems.SYSTEMS", (scenes,))
    assert ready.lacks(training=False).endswith("trains on pictures in a folder per class.")
    ready.data = tmp_path / "scenes"
    (ready.data / "beach").mkdir(parents=True)
    (ready.data / "beach" / "one.png").write_bytes(b"")
    assert ready.lacks(training=False) == ""


def test_a_number_that_cannot_be_used_holds_the_run(ready):
    ready.recipe.set_number("steps", None)
    assert ready.recipe.changes() is None
    assert ready.lacks(training=False) == "A number of the recipe is not one that can be used."
    ready.recipe.set_number("steps", 20)
    assert ready.recipe.changes() == {"steps": 20} and ready.plan().recipe.steps == 20


def test_what_is_set_back_is_no_change(ready):
    ready.recipe.set_number("task.l1", 0.5)
    ready.recipe.set_precision("bf16-mixed")
    assert ready.recipe.changes() == {"task.l1": 0.5, "precision": "bf16-mixed"}
    ready.recipe.set_number("task.l1", 1.0)
    ready.recipe.set_precision("32-true")
    assert ready.recipe.changes() == {}


def test_a_run_folder_with_something_in_it_is_not_taken(ready, tmp_path):
    (tmp_path / "run").mkdir()
    assert ready.lacks(training=False) == ""
    (tmp_path / "run" / "notes.txt").write_text("mine", "utf-8")
    assert str(tmp_path / "run") in ready.lacks(training=False)


@pytest.mark.parametrize(
    ("name", "says"), [("写" * 90, "too long"), ("a ", "a dot or a space"), ("a\nb", "do not show")]
)
def test_a_run_folder_of_a_name_that_none_can_have_is_named_before_it_is_started(ready, tmp_path, name, says):
    ready.folder = tmp_path / name
    assert says in ready.lacks(training=False)


def test_the_folder_is_named_by_recipe_and_time_and_never_twice(ready, tmp_path):
    ready.suggest_folder(tmp_path, None, NOW)
    assert ready.folder == tmp_path / "tiny-20260102-030405"
    ready.suggest_folder(tmp_path, begun_folder=ready.folder, current_time=NOW)
    assert ready.folder == tmp_path / "tiny-20260102-030405-2"


def test_a_recipe_that_does_not_read_says_why(tmp_path):
    recipe = RecipeChoice()
    broken = tmp_path / "broken.toml"
    broken.write_text(recipe_file(tmp_path, 10).read_text("utf-8").replace("steps", "stepps", 1), "utf-8")
    recipe.load(broken)
    assert recipe.base is None and "stepps" in recipe.problem and recipe.changes() is None
    with pytest.raises(EngineError, match="Choose a recipe"):
        recipe.recipe()


def test_a_run_starts_from_weights_of_its_own_system_only(ready, tmp_path):
    system = ready.recipe.system
    others = next(known.id for known in engine.systems.all_systems() if known.id != system)
    entries = [WeightsEntry(name, Path("weights") / name, Card(name=name, system=name)) for name in (system, others)]
    points = ready.start_points(entries, [])
    assert [point.path for point in points] == [None, Path("weights") / system / "model.safetensors"]


def test_a_system_without_a_recipe_of_ours_is_offered_and_asks_for_a_file(monkeypatch):
    made_up = replace(engine.systems.all_systems()[0], id="made-up", title="Made up")
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, made_up))
    recipe = RecipeChoice()
    assert recipe.recipes["made-up"] == []
    recipe.choose_system("made-up")
    assert recipe.base is None
    assert recipe.problem == "No recipe for Made up comes with Tessera; choose a file of your own."


def test_a_parser_is_trained_after_a_painter_where_no_weights_find_its_labels(ready, tmp_path):
    assert ready.lacks_parser([]) and ready.plan([]).following is None  # offered, not taken
    ready.parser_too = True
    ready.folder = tmp_path / "mine-20260102-030405"
    following = ready.plan([]).following
    assert (following.recipe.system, following.data) == ("parser", ready.data)
    assert following.folder == tmp_path / "mine-parser-20260102-030405" and following.start is None

    labels = json.loads((ready.data / "classes.json").read_text("utf-8"))
    card = Card(name="finds-them", system="parser", config={}, data_licence="", label_set=labels)
    entries = [WeightsEntry("finds-them", tmp_path, card)]
    assert not ready.lacks_parser(entries) and ready.plan(entries).following is None
    ready.recipe.load("parser-small")
    assert not ready.lacks_parser([])  # it is a parser itself
