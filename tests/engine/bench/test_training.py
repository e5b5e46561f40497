"""The training benchmark: every part of a step gets its time, and nothing that was measured stays changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.training import PARTS, as_table, contraction, drawn_data, measure
from engine.label_sets import load_label_set
from tests.engine.training.tiny import PARSER, SEAN


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_data(tmp_path_factory.mktemp("bench") / "data", load_label_set("faces"), 32, pairs=3)


@pytest.mark.parametrize("recipe", [SEAN, PARSER], ids=["sean", "parser"])
def test_a_step_is_divided_without_rest(data: Path, recipe) -> None:
    row = measure(recipe, data, name="tiny", steps=2)
    assert sum(row.shares.values()) == pytest.approx(1) and set(row.shares) == set(PARTS)
    assert row.shares["generator"] > 0 and row.shares["losses"] > 0 and row.images_per_second > 0
    assert (row.shares["discriminator"] > 0) == (recipe is SEAN)
    assert "| tiny |" in as_table([row])


def test_literal_and_contracted_steps_are_timed_in_turn(data: Path) -> None:
    found = contraction(SEAN, data, name="tiny", repeats=1)
    assert found.literal_s > 0 and found.ratio == pytest.approx(found.literal_s / found.contracted_s)
