"""Each loss that a system trains by and each number that it is measured by has a name, whatever the system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.data.layout import picture_paths
from engine.evaluation.evaluate import evaluate
from engine.evaluation.table import rows
from engine.metrics.names import SHARED, known_names, main_numbers, number_name
from engine.systems import all_systems
from engine.systems.base import System
from engine.training.publish import publish
from engine.training.start import prepare
from engine.weights.store import load_weights
from tests.commands import shelf  # noqa: F401
from tests.engine.feature_nets import tiny_net  # noqa: F401
from tests.engine.training.tiny import TINY, changed, write_data

HEADINGS = {"weights", "system", "data", "split"}


@pytest.mark.parametrize("system", all_systems(), ids=lambda system: system.id)
def test_every_loss_and_every_number_has_a_name(
    system: System, tmp_path: Path, shelf: Path, tiny_net: Path  # noqa: F811
) -> None:
    data = write_data(system, tmp_path / "data", side=TINY[system.id].resolution, train=3, val=2)
    if not (data / "splits.json").is_file():
        stems = list(picture_paths(data))
        (data / "splits.json").write_text(json.dumps({"train": stems, "val": stems}), "utf-8")
    recipe = changed(TINY[system.id], steps=1, sample_every=1, validate_every=1, checkpoint_every=1)
    prepare(recipe, data, tmp_path / "run").run()
    events = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text("utf-8").splitlines()]
    trained_by = {key for event in events for group in ("losses", "numbers") for key in event.get(group, {})}
    assert "score" in trained_by and trained_by - known_names().keys() == set()

    publish(tmp_path / "run", "tiny-new", destination=shelf)
    measured = evaluate("tiny-new", data, device="cpu", diversity=False)
    labels = load_weights("tiny-new").card.labels()
    own_words = {label.name for label in labels.labels} if labels is not None else set()
    own_words |= measured.get("classes", {}).keys()
    keys = {part for line, _ in rows(measured) for part in line.split(": ")}
    assert keys - own_words - HEADINGS - known_names().keys() == set()
    validated = load_weights("tiny-new").card.metrics["at_training"]
    assert main_numbers(system.id, measured) != [] and main_numbers(system.id, validated) != []


def test_a_key_means_the_same_in_all_systems() -> None:
    for system in all_systems():
        assert {key: name for key, name in system.names.items() if number_name(key) != name} == {}
        assert system.names.keys() & SHARED.keys() == set()


def test_what_has_no_name_is_called_by_its_key() -> None:
    assert number_name("anything") == "anything" and number_name("psnr") == "PSNR"
    assert main_numbers("of-a-later-version", {"psnr": 1.0}) == []
