"""A run steered from another thread: paused, resumed, stopped, used while it goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import torch

from engine.errors import Cancelled, EngineError
from engine.training.control import Control
from engine.training.loop import Loop
from engine.training.publish import publish_snapshot
from engine.training.run.randomness import Randomness
from engine.weights.store import load_weights
from tests.engine.training.tiny import PARSER, SEAN, changed, checkpoint, differences, start
from tests.fixtures import write_dataset

LONG = 60  # seconds after which something hangs


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=5, val=2)


@contextmanager
def in_a_thread(loop: Loop) -> Iterator[list[BaseException]]:
    """The run in a worker thread; its error, if it ends with one, is in the list afterwards."""
    errors: list[BaseException] = []

    def work() -> None:
        try:
            loop.run()
        except (EngineError, Cancelled) as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield errors
    finally:
        loop.control.stop()
        thread.join(LONG)
        assert not thread.is_alive()


def events_of(loop: Loop) -> Queue[tuple[str, Any, int]]:
    """(event, phase, step) as the run tells them."""
    told: Queue[tuple[str, Any, int]] = Queue()
    loop.callbacks.append(lambda event, facts: told.put((event, facts.get("phase"), facts["step"])))
    return told


def wait_for(told: Queue[tuple[str, Any, int]], event: str, phase: str | None = None) -> int:
    while True:
        found, where, step = told.get(timeout=LONG)
        if (found, where) == (event, phase):
            return step


def test_a_paused_run_waits_answers_and_ends_where_it_would_have(data: Path, tmp_path: Path) -> None:
    start(PARSER, data, tmp_path / "whole").run()
    loop = start(PARSER, data, tmp_path / "run")
    told = events_of(loop)
    loop.callbacks.append(lambda event, facts: loop.control.pause() if (event, facts["step"]) == ("step", 2) else None)
    with in_a_thread(loop) as errors:
        assert wait_for(told, "phase", "paused") == 2
        assert loop.control.ask(lambda: loop.step).result(LONG) == 2
        loop.control.resume()
        wait_for(told, "phase", "finished")
    assert not errors and loop.step == 6
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []


def test_a_paused_run_can_be_stopped_and_resumed(data: Path, tmp_path: Path) -> None:
    loop = start(PARSER, data, tmp_path / "run")
    told = events_of(loop)
    loop.callbacks.append(lambda event, facts: loop.control.pause() if event == "step" else None)
    with in_a_thread(loop) as errors:
        assert wait_for(told, "phase", "paused") == 1
        loop.control.stop()
        wait_for(told, "phase", "stopped")
    assert [type(error) for error in errors] == [Cancelled]
    assert checkpoint(tmp_path / "run")["step"] == 1
    resumed = start(PARSER, data, tmp_path / "run", resume=True)
    resumed.run()
    assert resumed.step == 6


def test_a_run_can_be_stopped_while_its_data_are_read(data: Path, tmp_path: Path) -> None:
    control = Control()
    control.stop()
    with pytest.raises(Cancelled):
        start(PARSER, data, tmp_path / "run", control=control)
    assert not (tmp_path / "run").exists()


def test_stopping_ends_a_validation_in_its_middle_and_the_resumed_run_makes_up_for_it(
    data: Path, tmp_path: Path
) -> None:
    start(PARSER, data, tmp_path / "whole").run()
    loop = start(PARSER, data, tmp_path / "run")
    seen: list[str] = []

    def stop(event: str, facts: dict[str, Any]) -> None:
        seen.append(event)
        if facts.get("phase") == "validating":
            loop.control.stop()

    loop.callbacks.append(stop)
    with pytest.raises(Cancelled):
        loop.run()
    assert "validation" not in seen and checkpoint(tmp_path / "run")["step"] == 3
    start(PARSER, data, tmp_path / "run", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []


def test_the_newest_weights_are_taken_while_training_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "home"))
    start(SEAN, data, tmp_path / "whole").run()
    loop = start(SEAN, data, tmp_path / "run")
    told = events_of(loop)
    with in_a_thread(loop):
        wait_for(told, "step")
        card = publish_snapshot(loop, "fresh")
        again = publish_snapshot(loop, "fresh")  # replaces the first
        wait_for(told, "phase", "finished")
    assert 1 <= card.steps <= again.steps <= 6
    weights = load_weights(tmp_path / "home" / "weights" / "fresh")
    assert weights.card.steps == again.steps and weights.state["mean_style"].shape[-1] == 5
    assert sum(weights.card.metrics["train"]["label_shares"].values()) == pytest.approx(1)  # as `publish` says it
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []
    assert publish_snapshot(loop, "last").steps == 6  # nothing trains any more


def test_what_is_asked_fails_for_who_asked_and_not_for_the_run(data: Path, tmp_path: Path) -> None:
    loop = start(PARSER, data, tmp_path / "run")
    told = events_of(loop)
    with in_a_thread(loop) as errors:
        wait_for(told, "step")
        with pytest.raises(ZeroDivisionError):
            loop.control.ask(lambda: 1 // 0).result(LONG)
        wait_for(told, "phase", "finished")
    assert not errors


def test_what_others_draw_does_not_change_a_run(data: Path, tmp_path: Path) -> None:
    """The editor paints, and builds networks, in the same process."""
    quiet = changed(SEAN, steps=2)
    start(quiet, data, tmp_path / "alone").run()
    loop = start(quiet, data, tmp_path / "run")
    losses = loop.task.losses

    def disturbed(batch: Any, step: int) -> Any:
        for update in losses(batch, step):
            noisy = threading.Thread(target=torch.rand, args=(100,))
            noisy.start()
            noisy.join(LONG)
            yield update

    loop.task.losses = disturbed  # type: ignore[method-assign]
    loop.run()
    assert differences(checkpoint(tmp_path / "alone"), checkpoint(tmp_path / "run")) == []


def test_time_left_memory_and_disk_are_told(data: Path, tmp_path: Path) -> None:
    loop = start(changed(PARSER, steps=2, sample_every=9, validate_every=9), data, tmp_path / "run")
    loop.run()
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text("utf-8").splitlines()]
    first, last = (line for line in lines if line["event"] == "step")
    assert first["seconds_left"] > 0 and last["seconds_left"] == 0
    assert first["memory_bytes"] > 1 << 20 and first["disk_free_bytes"] > 0
    last_file = tmp_path / "run" / "checkpoints" / "last.pt"
    assert loop.disk_bytes() > last_file.stat().st_size and loop.data_bytes() == 7 * 32 * 32 * 4


# ---------------------------------------------------------------- random numbers of a run's own


def test_a_runs_numbers_are_those_of_a_seeded_process() -> None:
    def draw() -> list[torch.Tensor]:
        return [
            torch.rand(3, 2),
            torch.randn((2, 2)),
            torch.randint(0, 9, (4,)),
            torch.randperm(5),
            torch.rand_like(torch.zeros(3)),
            torch.zeros(4).uniform_(),
            torch.nn.Conv2d(2, 3, 3).weight.detach(),
        ]

    torch.manual_seed(3)
    wanted = draw()
    torch.manual_seed(4)
    with Randomness(3, torch.device("cpu")):
        found = draw()
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_parts_of_a_batch_draw_what_the_whole_batch_would() -> None:
    def draw(rows: int) -> list[torch.Tensor]:
        return [
            torch.rand(rows),
            torch.randn(rows, 1, 2, 2),
            torch.randint(-3, 4, (rows, 2)),
            torch.randn_like(torch.zeros(rows, 5)),
            torch.rand(7),
        ]

    cpu = torch.device("cpu")
    with Randomness(1, cpu, batch_size=4):
        whole = draw(4)
    parts = []
    for part in range(2):
        with Randomness(1, cpu, batch_size=2, part_index=part, part_count=2):
            parts.append(draw(2))
    for n, tensor in enumerate(whole[:-1]):
        assert torch.equal(torch.cat([part[n] for part in parts]), tensor)
    assert torch.equal(parts[0][-1], parts[1][-1])  # not one row per picture: alike everywhere
