"""The training benchmark: every part of a step gets its time, and nothing that was measured stays changed."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from torch.nn.utils import parametrizations

import engine.systems
from engine.bench.literal_training import as_text, compare, portraits
from engine.bench.training import PARTS, as_table, run_bench
from engine.data.drawn import draw_labelled
from engine.data.labelled import LabelledFolder
from engine.labels.label_sets import load_label_set
from engine.nn.spectral import SpectralNorm
from engine.systems.sean.literal import trains_literally
from engine.training import phases
from engine.training.recipe import Recipe
from engine.training.start import prepare
from tests.engine.systems.made_up.system import SYSTEM as TONES
from tests.engine.training.tiny import ADVERSARIAL, SEAN, TINY, tiny_recipe

EVERY_RECIPE = [*TINY.values(), tiny_recipe(TONES)]
every_recipe = pytest.mark.parametrize("recipe", EVERY_RECIPE, ids=[recipe.system for recipe in EVERY_RECIPE])


@pytest.fixture(autouse=True)
def made_up_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, TONES))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench") / "data"
    draw_labelled(folder, 32, load_label_set("faces"))
    return folder


@every_recipe
def test_a_step_of_every_system_is_divided_without_rest(recipe: Recipe) -> None:
    """On drawn data of the system's own kind, whatever networks it trains."""
    reported = []
    (row,) = run_bench(
        {"tiny": recipe},
        None,
        load_label_set("faces"),
        steps=1,
        device="cpu",
        on_progress=lambda fraction, text: reported.append(text),
    )
    assert sum(row.shares.values()) == pytest.approx(1) and tuple(row.shares) == PARTS
    assert row.shares["generator"] > 0 and row.shares["update"] > 0 and row.images_per_second > 0
    has_discriminator = recipe.system in ADVERSARIAL
    assert (row.shares["discriminator"] > 0) == has_discriminator
    assert row.shares["losses"] > 0 or not has_discriminator
    assert "| tiny |" in as_table([row]) and reported == ["tiny"]


def test_phases_follow_one_another_as_a_step_takes_them(data: Path, tmp_path: Path) -> None:
    """In the generator's backward pass losses come first, down to the painted picture, then the generator."""
    loop, heard = prepare(SEAN, data, tmp_path / "run"), []
    with phases.listening(heard.append):
        loop.stepper.run(0)
    assert [name for name, _ in groupby(name for name in heard if name != phases.NETWORKS)] == [
        "data",
        *("losses", "generator", "discriminator", "losses", "discriminator", "update"),
        *("discriminator", "losses", "generator", "update"),
    ]
    count = len(heard)
    loop.stepper.run(1)
    assert len(heard) == count  # nobody listens any more


def test_literal_and_fast_steps_are_timed_in_turn_and_give_the_same_gradients(data: Path) -> None:
    found = compare(SEAN, data, network_name="tiny", repeats=1)
    assert found.ratio == pytest.approx(found.literal_s / found.fast_s) and found.difference < 1e-4
    for way, total in (("literal", found.literal_s), ("fast", found.fast_s)):
        assert sum(found.parts[way].values()) == pytest.approx(total, rel=0.2)
    assert "times as fast" in as_text(found) and "| tiny, literal |" in as_text(found)


def test_a_literal_step_takes_the_papers_way_and_leaves_nothing_behind(data: Path, tmp_path: Path) -> None:
    task: Any = prepare(SEAN, data, tmp_path / "run").task
    norm = task.generator.blocks[0].conv_0.parametrizations.weight[0]
    with trains_literally(task):
        assert not task.reconstruction.config.contracted
        assert task.optimizers["generator"].param_groups[0]["fused"] is None
        assert norm.forward.func is parametrizations._SpectralNorm.forward
    assert task.reconstruction.config.contracted and task.optimizers["generator"].param_groups[0]["fused"]
    assert norm.forward.__func__ is SpectralNorm.forward


def test_the_bundled_portraits_are_a_dataset(tmp_path: Path) -> None:
    folder = portraits(tmp_path / "data", load_label_set("faces"), 64)
    assert len(LabelledFolder(folder, "train", 64)) > 4
