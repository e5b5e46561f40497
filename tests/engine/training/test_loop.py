"""The loop: a run folder anyone can read, exact resume, and stopping in good order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from engine.errors import Cancelled, TrainingError
from engine.systems import system as system_of
from engine.training.loop import Loop
from tests.engine.training.tiny import PARSER, RECIPES, SEAN, changed, checkpoint, differences, start
from tests.fixtures import write_dataset

both_systems = pytest.mark.parametrize("system", ["sean", "parser"])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=5, val=2)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "stats.jsonl").read_text("utf-8").splitlines()]


class StopAt:
    """A callback that cancels at an event of a step, as Ctrl+C does, or fails as a power cut does."""

    def __init__(self, step: int, event: str = "step", error: type[Exception] = Cancelled) -> None:
        self.step, self.event, self.error = step, event, error

    def __call__(self, event: str, facts: dict[str, Any]) -> None:
        if event == self.event and facts["step"] == self.step:
            raise self.error


# ---------------------------------------------------------------- the run folder


@both_systems
def test_a_run_folder_tells_what_was_done(data: Path, tmp_path: Path, system: str) -> None:
    recipe = changed(RECIPES[system], steps=3)
    start(recipe, data, tmp_path / "run").run()
    folder = tmp_path / "run"
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["recipe"]["steps"] == 3 and config["train"] == 5 and config["validation"] == 2
    assert len(config["label_set"]["classes"]) == 19 and config["model"]["labels"] == 19

    lines = lines_of(folder)
    assert [line["step"] for line in lines if line["event"] == "step"] == [1, 2, 3]
    losses = lines[0]["losses"]
    wanted = {
        "sean": {"discriminator", "adversarial", "feature_matching", "l1", "pyramid"},
        "parser": {"cross_entropy", "jaccard"},
    }
    assert losses.keys() == wanted[system] and all(np.isfinite(value) for value in losses.values())
    (numbers,) = (line["numbers"] for line in lines if line["event"] == "validation")
    assert "score" in numbers and numbers.keys() >= ({"psnr"} if system == "sean" else {"miou", "accuracy"})
    with Image.open(folder / "samples" / "0000003.png") as sheet:
        assert sheet.size == (2 * 32, 3 * 32)
    assert (folder / "checkpoints" / "last.pt").is_file()


@both_systems
def test_what_a_run_exports_is_the_averaged_network_ready_for_use(data: Path, tmp_path: Path, system: str) -> None:
    loop = start(changed(RECIPES[system], steps=3), data, tmp_path / "run")
    loop.run()
    best = tmp_path / "run" / "best.safetensors"
    with safe_open(best, "pt") as file:
        facts = file.metadata()
    assert (facts["system"], facts["step"]) == (system, "3") and "score" in json.loads(facts["numbers"])
    entry = system_of(facts["system"]).network
    network = entry.build(entry.read_config(json.loads(facts["config"]))).eval()
    network.load_state_dict(load_file(best))  # strict: spectral norm is folded, nothing of training is left
    batch = data_batch(loop)
    with torch.no_grad():
        averaged = loop.task.averaged()  # type: ignore[attr-defined]
        if system == "parser":
            assert torch.equal(network(batch.pictures), averaged(batch.pictures))
        else:
            codes, _ = averaged.encode(batch.pictures, hot := one_hot_of(batch.label_maps))
            assert torch.allclose(network(hot, codes), averaged(hot, codes), atol=1e-6)


def data_batch(loop: Loop) -> Any:
    return loop.train.batch(np.arange(2))


def one_hot_of(label_map: torch.Tensor) -> torch.Tensor:
    from engine.nn.blocks import one_hot

    return one_hot(label_map, 19)


def test_training_improves_on_what_it_is_shown(data: Path, tmp_path: Path) -> None:
    recipe = changed(PARSER, steps=30, log_every=30, sample_every=100, validate_every=5, checkpoint_every=100)
    start(recipe, data, tmp_path / "run").run()
    accuracy = [line["numbers"]["accuracy"] for line in lines_of(tmp_path / "run") if line["event"] == "validation"]
    assert accuracy[-1] > accuracy[0] + 0.05


def test_only_a_better_state_is_exported(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = start(changed(PARSER, validate_every=1, sample_every=9), data, tmp_path / "run")
    scores: Iterator[float] = iter([0.2, 0.5, 0.4, float("nan"), 0.6, 0.1])
    monkeypatch.setattr(loop.task, "validate", lambda data: {"score": next(scores)})
    exported: list[int] = []
    monkeypatch.setattr(loop, "export", lambda name, numbers: exported.append(loop.step))
    loop.run()
    assert exported == [1, 2, 5] and loop.best == 0.6


def test_without_a_validation_split_nothing_is_validated_and_the_newest_state_is_exported(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "faces", side=32, train=3, val=0)
    (folder / "splits.json").unlink()
    start(changed(PARSER, steps=3), folder, tmp_path / "run").run()
    assert {line["event"] for line in lines_of(tmp_path / "run")} == {"step", "samples", "checkpoint"}
    with safe_open(tmp_path / "run" / "best.safetensors", "pt") as file:
        assert file.metadata()["step"] == "3" and file.metadata()["numbers"] == "{}"


# ---------------------------------------------------------------- exact resume


@pytest.fixture(scope="module", params=["sean", "parser"])
def whole(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A system, and the folder of a run of 6 steps that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    start(RECIPES[request.param], data, folder).run()
    return request.param, folder


@pytest.mark.parametrize(
    "stop",
    [
        StopAt(3),
        StopAt(4),
        StopAt(3, "validation"),
        StopAt(3, "samples"),
        StopAt(5, error=KeyboardInterrupt),  # type: ignore[arg-type]
        StopAt(3, "checkpoint", error=OSError),
    ],
    ids=["at a milestone", "between", "in validation", "in samples", "without saving", "after saving"],
)
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(
    whole: tuple[str, Path], data: Path, tmp_path: Path, stop: StopAt
) -> None:
    """Parameters, optimisers, averages, singular vectors and the best export so far: bit by bit."""
    system, uninterrupted = whole
    with pytest.raises((Cancelled, KeyboardInterrupt, OSError)):
        start(RECIPES[system], data, tmp_path / "run", stop).run()
    torch.manual_seed(999)  # a new process would have other random numbers
    resumed = start(RECIPES[system], data, tmp_path / "run", resume=True)
    assert resumed.step in (3, 4)
    resumed.run()
    assert differences(checkpoint(uninterrupted), checkpoint(tmp_path / "run")) == []
    best = (load_file(folder / "best.safetensors") for folder in (uninterrupted, tmp_path / "run"))
    assert differences(*best) == []
    for name in ("0000003.png", "0000006.png"):
        assert (uninterrupted / "samples" / name).read_bytes() == (tmp_path / "run" / "samples" / name).read_bytes()


def test_a_checkpoint_holds_what_a_resumed_run_needs(whole: tuple[str, Path]) -> None:
    system, folder = whole
    state = checkpoint(folder)
    assert state["step"] == 6 and state["task"]["updates"] == 6
    names = {"generator", "discriminator"} if system == "sean" else {"parser"}
    assert state["modules"].keys() == state["optimizers"].keys() == names
    assert all(optimizer["state"] for optimizer in state["optimizers"].values())


def test_a_finished_run_resumed_does_nothing(whole: tuple[str, Path], data: Path) -> None:
    system, folder = whole
    before = checkpoint(folder)
    start(RECIPES[system], data, folder, resume=True).run()
    assert differences(before, checkpoint(folder)) == []


def test_another_seed_gives_other_weights(whole: tuple[str, Path], data: Path, tmp_path: Path) -> None:
    system, folder = whole
    start(changed(RECIPES[system], seed=1), data, tmp_path / "run").run()
    assert differences(checkpoint(folder)["modules"], checkpoint(tmp_path / "run")["modules"])


# ---------------------------------------------------------------- numbers that are none


def _poison(loop: Loop, step: int, monkeypatch: pytest.MonkeyPatch, factor: float = float("nan")) -> None:
    """From `step` on, losses are no numbers."""
    original = loop.task.losses

    def losses(batch: Any, number: int) -> Any:
        for name, found in original(batch, number):
            bad = number >= step
            yield name, {key: value * factor if bad else value for key, value in found.items()}

    monkeypatch.setattr(loop.task, "losses", losses)


@pytest.mark.parametrize("log_every", [1, 100], ids=["seen in the log", "seen when saving"])
def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_every: int
) -> None:
    loop = start(changed(SEAN, log_every=log_every), data, tmp_path / "run")
    _poison(loop, 4, monkeypatch)
    with pytest.raises(TrainingError, match="no longer a number.*resume") as caught:
        loop.run()
    assert "\n" not in str(caught.value)
    assert checkpoint(tmp_path / "run")["step"] == 3
    resumed = start(SEAN, data, tmp_path / "run", resume=True)
    resumed.run()
    assert resumed.step == 6


def test_a_checkpoint_never_holds_weights_that_are_no_numbers(data: Path, tmp_path: Path) -> None:
    """A gradient can be infinite where the loss still is a number: the next loss would show it, too late."""
    loop = start(PARSER, data, tmp_path / "run")
    loop.run()
    with torch.no_grad():
        next(iter(loop.task.modules["parser"].parameters())).fill_(float("inf"))
    loop.step += 1
    with pytest.raises(TrainingError, match="stem.weight"):
        loop.save()
    assert checkpoint(tmp_path / "run")["step"] == 6


# ---------------------------------------------------------------- cancelling and resuming by mistake


def test_cancelling_saves_and_passes_on(data: Path, tmp_path: Path) -> None:
    events: list[str] = []
    loop = start(PARSER, data, tmp_path / "run", lambda event, facts: events.append(event), StopAt(2))
    with pytest.raises(Cancelled):
        loop.run()
    assert [event for event in events if event != "phase"] == ["step", "step", "checkpoint"]
    assert checkpoint(tmp_path / "run")["step"] == 2


def test_there_must_be_a_checkpoint_to_resume_from(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, sentence in (("nothing", "There is no folder"), ("empty", "no checkpoint to resume from")):
        with pytest.raises(TrainingError, match=sentence):
            start(PARSER, data, tmp_path / name, resume=True)


@pytest.mark.parametrize("recipe", [changed(PARSER, model={"widths": [8, 8, 16]}), SEAN], ids=["width", "system"])
def test_a_checkpoint_of_another_network_is_refused(data: Path, tmp_path: Path, recipe: Any) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    with pytest.raises(TrainingError, match=r"last\.pt does not fit this run"):
        start(recipe, data, tmp_path / "run", resume=True)


def test_a_truncated_checkpoint_is_refused(data: Path, tmp_path: Path) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    last = tmp_path / "run" / "checkpoints" / "last.pt"
    last.write_bytes(last.read_bytes()[:500])
    with pytest.raises(TrainingError, match=r"last\.pt does not fit"):
        start(PARSER, data, tmp_path / "run", resume=True)


@both_systems
def test_a_run_folder_that_is_not_empty_is_refused(data: Path, tmp_path: Path, system: str) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(TrainingError, match="not empty"):
        start(RECIPES[system], data, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
