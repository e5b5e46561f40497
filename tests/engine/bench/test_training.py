"""The training benchmark: every part of a step gets its time, and nothing that was measured stays changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch.nn.utils import parametrizations

from engine.bench.literal_training import as_text, compare, portraits
from engine.bench.training import PARTS, as_table, drawn_data, measure
from engine.data.labelled import LabelledFolder
from engine.labels.label_sets import load_label_set
from engine.nn.spectral import SpectralNorm
from engine.systems.sean.literal import trains_literally
from engine.training.start import prepare
from tests.engine.training.tiny import PARSER, SEAN


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_data(tmp_path_factory.mktemp("bench") / "data", load_label_set("faces"), 32, pair_count=3)


@pytest.mark.parametrize("recipe", [SEAN, PARSER], ids=["sean", "parser"])
def test_a_step_is_divided_without_rest(data: Path, recipe) -> None:
    row = measure(recipe, data, name="tiny", step_count=2)
    assert sum(row.shares.values()) == pytest.approx(1) and set(row.shares) == set(PARTS)
    assert row.shares["generator"] > 0 and row.shares["losses"] > 0 and row.images_per_second > 0
    assert (row.shares["discriminator"] > 0) == (recipe is SEAN)
    assert "| tiny |" in as_table([row])


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
        assert not task.config.contracted and task.optimizers["generator"].param_groups[0]["fused"] is None
        assert norm.forward.func is parametrizations._SpectralNorm.forward
    assert task.config.contracted and task.optimizers["generator"].param_groups[0]["fused"]
    assert norm.forward.__func__ is SpectralNorm.forward


def test_the_bundled_portraits_are_a_dataset(tmp_path: Path) -> None:
    folder = portraits(tmp_path / "data", load_label_set("faces"), 64)
    assert len(LabelledFolder(folder, "train", 64)) > 4
