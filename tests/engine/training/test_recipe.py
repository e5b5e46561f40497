"""Recipes: every typing mistake is named, with the nearest known word."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.labelled import LabelledFolder
from engine.errors import BadFile, EngineError, NotSupported, TrainingError
from engine.systems import all_systems, system
from engine.systems.base import System, load_part
from engine.systems.examples import RECIPE_MILLIONS
from engine.training.recipe import Recipe, bundled_recipes, load_recipe, read_fields
from engine.training.start import make_task, prepare
from tests.engine.training.tiny import (
    ADVERSARIAL,
    PARSER,
    RECIPES,
    SEAN,
    TINY,
    changed,
    decided_by_data,
    write_data,
)
from tests.fixtures import write_dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=2, val=0)


def config_values(known: System, recipe: Recipe, resolution: int) -> dict[str, Any]:
    """The settings of a recipe's network, those that data and resolution decide included."""
    fields = load_part(known.network.config).__dataclass_fields__
    decided = {"resolution": resolution, **decided_by_data(known.data)}
    return {name: value for name, value in decided.items() if name in fields} | recipe.model


@pytest.mark.parametrize("name", bundled_recipes())
def test_recipes_that_ship_are_complete(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.note and recipe.steps > 0
    known = system(recipe.system)
    model = config_values(known, recipe, recipe.resolution)
    config = read_fields(model, load_part(known.network.config), name)
    if "pictures" in load_part(known.data).fields:
        assert config.resolution == recipe.resolution
    read_fields(recipe.task, load_part(known.task_config), name)
    with torch.device("meta"):  # shapes without numbers
        known.network.build(known.network.read_config(model))


WIDTHS = {"channels", "width", "widths", "hidden", "style_width", "style_hidden", "spade_hidden", "encoder_width"}


def thin(config: dict[str, Any]) -> dict[str, Any]:
    """A network's config with a sixteenth of the channels."""

    def less(width: Any) -> Any:
        return [less(one) for one in width] if isinstance(width, tuple | list) else max(4, width // 16)

    return {
        key: less(value) if key in WIDTHS else thin(value) if isinstance(value, dict) else value
        for key, value in config.items()
    }


@pytest.mark.parametrize("name", bundled_recipes())
def test_recipes_that_ship_take_a_step(name: str, tmp_path: Path) -> None:
    """Thin, small, without a perceptual network; all else as it ships."""
    recipe = load_recipe(name)
    known = system(recipe.system)
    kind = load_part(known.network.config)
    data = write_data(known, tmp_path / "data", side=64, train=2)
    labels = recipe.model.get("labels")
    if labels:  # a schedule of one data set only, whose encoder takes no smaller pictures
        classes = json.loads((data / "classes.json").read_text("utf-8"))
        kept = {"name": "few", "classes": classes["classes"][:labels]}
        (data / "classes.json").write_text(json.dumps(kept), "utf-8")
        for path in (data / "labels").iterdir():
            Image.fromarray(np.asarray(Image.open(path)) % labels).save(path)
    side = recipe.resolution if labels else max(64, recipe.resolution // 4)
    config = read_fields(config_values(known, recipe, side), kind, name)
    settings = {"discriminator_width": 4, "perceptual": 0.0}
    fields = load_part(known.task_config).__dataclass_fields__
    task = recipe.task | {key: value for key, value in settings.items() if key in fields}
    model = thin(asdict(config))
    model.pop("class_names", None)  # the data say them
    small = {"resolution": side, "batch": 2, "precision": "32-true", "model": model, "task": task}
    loop = prepare(msgspec.structs.replace(recipe, **small), data, tmp_path / "run")
    losses = loop.stepper.run(0)
    assert losses and all(bool(torch.isfinite(loss)) for loss in losses.values())


@pytest.mark.parametrize("trained", all_systems(), ids=lambda trained: trained.id)
@pytest.mark.parametrize("size", list(RECIPE_MILLIONS))
def test_every_system_has_a_recipe_of_every_size_that_makes_a_network(trained: System, size: str) -> None:
    bands = load_part(trained.examples).recipe_millions
    assert (f"{trained.id}-{size}" in bundled_recipes()) == (size in bands)
    if size not in bands:
        return
    recipe = load_recipe(f"{trained.id}-{size}")
    assert recipe.system == trained.id
    entry = trained.network
    with torch.device("meta"):  # shapes without numbers
        network = entry.build(entry.read_config(config_values(trained, recipe, recipe.resolution)))
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    least, most = bands[size]
    assert least < millions < most


def test_a_recipe_is_read_from_a_file_and_changed_by_key(tmp_path: Path) -> None:
    path = tmp_path / "mine 我的.toml"
    path.write_text('system = "parser"\nresolution = 32\nbatch = 2\nsteps = 9\n[task]\nlr = 0.1\n', "utf-8")
    assert load_recipe(path).task == {"lr": 0.1}
    recipe = load_recipe(path, {"steps": 4, "task.ema": 0.5, "model.widths": [4, 8]})
    assert (recipe.steps, recipe.task, recipe.model) == (4, {"lr": 0.1, "ema": 0.5}, {"widths": [4, 8]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("systm = 'sean'", "unknown key 'systm'.*did you mean 'system'"),
        ("system = 'sean'\nresolution = 32\nbatch = 2", "steps"),
        ("system = 'gan'\nresolution = 32\nbatch = 2\nsteps = 1", 'no system "gan".*there are sean, smis'),
        ("system = 'smsi'\nresolution = 32\nbatch = 2\nsteps = 1", 'no system "smsi".*did you mean "smis"'),
        ("system = 'sean'\nresolution = 'big'\nbatch = 2\nsteps = 1", "resolution"),
        ("system = 'sean'\nresolution = 32\nbatch = 0\nsteps = 1", "the key 'batch': .*>= 1"),
        ("system = 'sean'\nresolution = 32\nbatch = 1\nsteps = 1\nlog_every = 0", "the key 'log_every': .*>= 1"),
        ("system = 'sean'\nresolution = 32\nbatch = 1\nsteps = 1\nseed = -1", "the key 'seed': .*>= 0"),
        ("system = ", "TOML"),
        ("colour = 1", "unknown key 'colour'.*known: system"),
    ],
)
def test_a_wrong_recipe_is_named_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(EngineError, match=rf"mine\.toml.*{says}") as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_names_those_that_there_are() -> None:
    with pytest.raises(BadFile, match=r"no recipe 'sean-faces-small'; did you mean 'sean-small', 'sean-faces' or"):
        load_recipe("sean-faces-small")
    with pytest.raises(BadFile, match=r"no recipe 'xyz'; known: .*sean-small.*, or a \.toml file"):
        load_recipe("xyz")
    with pytest.raises(BadFile, match=r"nowhere\.toml"):
        load_recipe("nowhere.toml")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": {"adversial": 1.0}}, r"\[task\]: unknown key 'adversial' for SEANTask; did you mean 'adversarial'"),
        ({"model": {"chanels": [8, 8]}}, r"\[model\]: unknown key 'chanels' for SEAN; did you mean 'channels'"),
        ({"model": {"encoder": {"widhts": [1]}}}, r"\[model\.encoder\]: unknown key 'widhts'.*'widths'"),
        ({"model": {"encoders": "each"}}, "encoders"),
        ({"model": {"channels": [8, 8]}}, "channels must have one entry more"),
        ({"resolution": 30}, "30 is no multiple of 4"),
        ({"model": {"labels": 12}}, "12 labels, but .* has 19"),
    ],
)
def test_settings_that_make_no_network_are_named(
    folder: Path, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        prepare(changed(SEAN, **changes), folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("recipe", "settings", "says"),
    [
        *(
            (recipe, {name: setting}, f"the key '{name}': expected .*{bound}")
            for recipe in ADVERSARIAL.values()
            for name, setting, bound in (
                ("discriminator_updates", 0, ">= 1"),
                ("generator_alone", -1, ">= 0"),
                ("discriminator_alone", -1, ">= 0"),
                ("augment", 1.5, "<= 1.0"),
            )
        ),
        (SEAN, {"perceptual_shift": -1}, "the key 'perceptual_shift': expected .*>= 0"),
        (SEAN, {"discriminator_layers": 0}, "the key 'discriminator_layers': expected .*>= 1"),
        (TINY["an-inpaint"], {"varied": 0.0}, "the key 'varied': expected .*> 0"),
        (TINY["an-inpaint"], {"least_share": 0.6}, "least_share 0.6 is more than most_share 0.5"),
    ],
)
def test_settings_that_cannot_be_trained_with_are_refused(recipe: Recipe, settings: dict[str, Any], says: str) -> None:
    """A run with them ended in a division by zero, or trained by nothing, without a word."""
    with pytest.raises(TrainingError, match=rf"recipe, \[task\]: {says}"):
        read_fields(recipe.task | settings, load_part(system(recipe.system).task_config), "recipe", "task")


def test_the_networks_are_sized_for_the_data(folder: Path) -> None:
    import torch

    data = LabelledFolder(folder, "train", 32)
    for recipe in RECIPES.values():
        task = make_task(recipe, data, torch.device("cpu"))
        assert task.model.labels == 19 and task.model.resolution == 32  # type: ignore[attr-defined]
    assert PARSER.model == {"widths": [8, 8, 8]}


def test_an_unknown_system_is_no_parser(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match='no system "seen".*"sean"'):
        prepare(changed(SEAN, system="seen"), folder, tmp_path / "run")
