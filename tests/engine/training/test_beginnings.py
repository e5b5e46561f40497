"""How a run begins: again where one stopped before its first checkpoint, in a precision that the processor has, and
with a word about what it lacks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.data.kinds import LABELLED, check_kind
from engine.errors import BadFile, TrainingError
from engine.training.run.fabric import usable_precision
from tests.engine.training.tiny import PARSER, SEAN, changed, checkpoint, differences, start
from tests.fixtures import write_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=4, val=2)


def record_of(run_folder: Path) -> dict[str, Any]:
    return json.loads((run_folder / "config.json").read_text("utf-8"))


def notes_of(recipe: Any, data: Path, run_folder: Path, **more: Any) -> list[str]:
    """What a user is told before the run."""
    notes: list[str] = []
    start(recipe, data, run_folder, lambda event, facts: notes.append(str(facts["text"])), **more)
    return notes


# ---------------------------------------------------------------- a run that stopped before its first checkpoint


@pytest.fixture
def cut_short(data: Path, tmp_path: Path) -> Path:
    """The folder of a run whose machine went off after two steps."""
    loop = start(changed(PARSER, sample_every=1, checkpoint_every=5), data, tmp_path / "cut")
    for step in range(2):
        loop.stepper.run(step)
        loop.step += 1
        loop._report_step()
        loop.show_samples()
    (tmp_path / "cut" / "checkpoints").mkdir()
    (tmp_path / "cut" / "checkpoints" / ".last.pt.1234").write_bytes(b"half of it")
    return tmp_path / "cut"


@pytest.mark.parametrize("resume", [False, True], ids=["started", "resumed"])
def test_a_run_that_stopped_before_its_first_checkpoint_begins_again(
    data: Path, tmp_path: Path, cut_short: Path, resume: bool
) -> None:
    start(PARSER, data, tmp_path / "whole").run()
    start(PARSER, data, cut_short, resume=resume).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(cut_short)) == []
    reports = [json.loads(line) for line in (cut_short / "stats.jsonl").read_text("utf-8").splitlines()]
    assert [report["step"] for report in reports if report["event"] == "step"] == [1, 2, 3, 4, 5, 6]
    sheets = sorted(path.name for path in (cut_short / "samples").iterdir())
    assert sheets == sorted(path.name for path in (tmp_path / "whole" / "samples").iterdir())


def test_resumed_before_its_first_checkpoint_a_run_starts_from_the_weights_it_began_with(
    data: Path, tmp_path: Path
) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "first").run()
    start(PARSER, data, tmp_path / "cut", start_weights=tmp_path / "first")
    shutil.copytree(tmp_path / "cut", tmp_path / "again")
    start(PARSER, data, tmp_path / "cut", resume=True).run()
    assert record_of(tmp_path / "cut")["start_weights"] == str(tmp_path / "first")
    start(PARSER, data, tmp_path / "again", start_weights=tmp_path / "first").run()
    assert differences(checkpoint(tmp_path / "again"), checkpoint(tmp_path / "cut")) == []


@pytest.mark.parametrize("kept", ["notes.txt", "best.safetensors", "checkpoints/last.pt"])
def test_a_folder_that_holds_more_is_left_alone(data: Path, cut_short: Path, kept: str) -> None:
    (cut_short / kept).write_bytes(b"mine")
    before = {path: path.read_bytes() for path in cut_short.rglob("*") if path.is_file()}
    with pytest.raises(TrainingError, match="not empty"):
        start(PARSER, data, cut_short)
    assert {path: path.read_bytes() for path in cut_short.rglob("*") if path.is_file()} == before


# ---------------------------------------------------------------- precision


def processor(monkeypatch: pytest.MonkeyPatch, capability: str) -> None:
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: capability)


def test_bfloat16_is_computed_where_the_processor_can(monkeypatch: pytest.MonkeyPatch) -> None:
    for capability, precision in (("AVX2", "32-true"), ("DEFAULT", "32-true"), ("AVX512", "bf16-mixed")):
        processor(monkeypatch, capability)
        assert usable_precision("bf16-mixed", "cpu") == precision
        assert (usable_precision("16-mixed", "cpu") == "32-true") is (precision == "32-true")
        assert usable_precision("bf16-mixed", "cuda:0") == "bf16-mixed"
        assert usable_precision("32-true", "cpu") == "32-true"


def test_where_bfloat16_is_emulated_a_run_computes_in_single_precision_and_says_so_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(monkeypatch, "AVX2")
    recipe = changed(PARSER, precision="bf16-mixed")
    notes = notes_of(recipe, data, tmp_path / "told")
    assert len(notes) == 1 and "bf16-mixed" in notes[0] and "32-true" in notes[0]
    record = record_of(tmp_path / "told")
    assert (record["precision"], record["recipe"]["precision"]) == ("32-true", "bf16-mixed")
    start(changed(recipe, steps=2), data, tmp_path / "emulated").run()
    start(changed(PARSER, steps=2), data, tmp_path / "single").run()
    assert differences(checkpoint(tmp_path / "single"), checkpoint(tmp_path / "emulated")) == []


def test_a_resumed_run_computes_as_it_began_unless_the_recipe_asks_for_another_precision(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(monkeypatch, "AVX2")
    recipe = changed(PARSER, precision="bf16-mixed")
    start(changed(recipe, steps=1), data, tmp_path / "run").run()
    processor(monkeypatch, "AVX512")
    resumed = start(recipe, data, tmp_path / "run", resume=True)
    assert resumed.fabric.strategy.precision.precision == "32-true"
    record = record_of(tmp_path / "run")
    record["recipe"]["precision"] = "32-true"  # as if it had begun so by choice
    (tmp_path / "run" / "config.json").write_text(json.dumps(record), "utf-8")
    changed_mind = start(recipe, data, tmp_path / "run", resume=True)
    assert changed_mind.fabric.strategy.precision.precision == "bf16-mixed"


# ---------------------------------------------------------------- words before the run


def test_without_a_perceptual_loss_nothing_is_said_of_its_network(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.weights.feature_networks.search_path", lambda: [tmp_path / "empty"])
    assert notes_of(changed(SEAN, task={"perceptual": 0.0}), data, tmp_path / "without") == []
    (note,) = notes_of(changed(SEAN, task={"perceptual": 1.0}), data, tmp_path / "with")
    assert "mobilenet_v2_imagenet" in note


def test_a_folder_without_classes_is_named_before_anything_is_read_with_the_way_to_make_them(
    data: Path, tmp_path: Path
) -> None:
    shutil.copytree(data, tmp_path / "plain")
    (tmp_path / "plain" / "classes.json").unlink()
    with pytest.raises(BadFile, match="--make"):
        check_kind(tmp_path / "plain", LABELLED)
    with pytest.raises(BadFile, match="not a folder"):
        check_kind(tmp_path / "nowhere", LABELLED)
    with pytest.raises(BadFile, match="--make"):
        start(PARSER, tmp_path / "plain", tmp_path / "run")
