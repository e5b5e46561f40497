"""The training thread: its states, its reports, its end; with a trainer that waits where the test wants it to."""

from __future__ import annotations

import errno
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors_ui.hub import ProblemHub
from app.jobs.training_lane import Ended, Plan, State, TrainingLane
from app.jobs.work_lane import WorkLane
from app.training.training import Training
from engine.errors import Cancelled, TrainingError
from engine.training.recipe import Recipe

RECIPE = Recipe(system="sean", resolution=32, batch=1, steps=3)


class Trainer:
    """Reports a step whenever the test lets it."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.error: BaseException | None = None
        self.thread = ""
        self.saved = False

    def __call__(self, plan, link):
        self.thread = threading.current_thread().name
        link.progress(0.5, "reading")
        link.prepared(None)
        try:
            for step in range(plan.recipe.steps):
                link.control.check(lambda on: link.event("phase", {"phase": "paused" if on else "training"}))
                while not self.go.acquire(timeout=0.02):
                    link.control.check(lambda on: link.event("phase", {"phase": "paused" if on else "training"}))
                if self.error is not None:
                    raise self.error
                link.event("step", {"step": step})
        except Cancelled:
            self.saved = True
            link.event("checkpoint", {"step": 0})
            raise


@pytest.fixture
def trainer():
    return Trainer()


@pytest.fixture
def lane(qapp, trainer):
    made = TrainingLane(trainer=trainer)
    yield made
    trainer.go.release(100)
    assert made.shutdown()
    made.deleteLater()


@pytest.fixture
def plan(tmp_path):
    return Plan(RECIPE, tmp_path / "data", tmp_path / "run")


def listen(lane):
    reports: list = []
    lane.events.connect(lambda batch: reports.extend(one for one in batch if one[0] != "phase"))
    return reports


def test_a_run_goes_through_in_a_thread_of_its_own(qtbot, lane, trainer, plan):
    reports, states, progress = listen(lane), [], []
    lane.state_changed.connect(states.append)
    lane.progress.connect(lambda part, text: progress.append((part, text)))
    lane.start(plan)
    trainer.go.release(3)
    with qtbot.waitSignal(lane.ended) as ended:
        pass
    assert ended.args == [Ended.DONE]
    assert trainer.thread == "tessera-training"
    assert states == [State.PREPARING, State.RUNNING, State.IDLE]
    assert progress == [(0.5, "reading")]
    assert reports == [("step", {"step": n}) for n in range(3)]
    assert not lane.active


def test_pause_holds_between_steps_and_resume_goes_on(qtbot, lane, trainer, plan):
    reports = listen(lane)
    lane.start(plan)
    qtbot.waitUntil(lambda: lane.state is State.RUNNING)
    lane.pause()
    assert lane.state is State.PAUSING
    qtbot.waitUntil(lambda: lane.state is State.PAUSED)
    trainer.go.release(1)
    assert reports == []
    lane.resume()
    assert lane.state is State.RUNNING
    qtbot.waitUntil(lambda: len(reports) == 1)


@pytest.mark.parametrize("paused", [False, True])
def test_stop_lets_the_run_save_first(qtbot, lane, trainer, plan, paused):
    lane.start(plan)
    qtbot.waitUntil(lambda: lane.state is State.RUNNING)
    if paused:
        lane.pause()
        qtbot.waitUntil(lambda: lane.state is State.PAUSED)
    with qtbot.waitSignal(lane.ended) as ended:
        lane.stop()
        assert lane.state is State.STOPPING
    assert ended.args == [Ended.STOPPED] and trainer.saved
    assert lane.state is State.IDLE


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TrainingError("The loss is no longer a number."), "The loss is no longer a number."),
        (OSError(errno.ENOSPC, "No space left", "/run/stats.jsonl"), "disk is full"),
        (ZeroDivisionError(), "unexpected"),
    ],
)
def test_an_error_is_one_sentence_and_the_next_run_works(qtbot, lane, trainer, plan, error, sentence):
    trainer.error = error
    lane.start(plan)
    trainer.go.release(1)
    ended = []
    lane.ended.connect(ended.append)
    with qtbot.waitSignal(lane.failed) as failed:
        pass
    qtbot.waitUntil(lambda: ended == [Ended.FAILED])
    assert sentence in str(failed.args[0])
    trainer.error = None
    lane.start(plan)
    trainer.go.release(3)
    qtbot.waitUntil(lambda: ended == [Ended.FAILED, Ended.DONE])


def test_one_run_at_a_time(qtbot, lane, plan):
    lane.start(plan)
    with pytest.raises(RuntimeError):
        lane.start(plan)


def test_reports_come_in_batches_however_fast_they_are(qtbot, qapp, plan):
    """The window handles one event per look, not one per step."""
    batches: list[int] = []
    done = threading.Event()

    def trainer(plan, link):
        link.prepared(None)
        for step in range(2000):
            link.event("step", {"step": step})
        done.set()

    lane = TrainingLane(trainer=trainer)
    lane.events.connect(lambda reports: batches.append(len(reports)))
    lane.start(plan)
    assert done.wait(30)  # the event loop does not run meanwhile: all of them wait
    with qtbot.waitSignal(lane.ended):
        pass
    assert sum(batches) == 2000 and len(batches) <= 2
    lane.shutdown()
    lane.deleteLater()


def test_shutdown_stops_a_run_and_delivers_nothing_any_more(qtbot, qapp, plan):
    trainer = Trainer()
    lane = TrainingLane(trainer=trainer)
    reports = listen(lane)
    lane.start(plan)
    qtbot.waitUntil(lambda: lane.state is State.RUNNING)
    assert lane.shutdown()
    assert trainer.saved
    qapp.processEvents()
    assert reports == []
    lane.deleteLater()


def test_the_training_and_what_is_measured_are_both_asked_to_end_before_either_is_waited_for(qtbot, qapp, plan):
    saved, seen = threading.Event(), []

    def trainer(plan, link):
        link.prepared(None)
        link.control.pause()
        with suppress(Cancelled):
            link.control.check(lambda on: None)  # waits until it is told to stop
        saved.set()

    hub, work = ProblemHub(), WorkLane()
    training = Training(hub, work, trainer=trainer)
    training.start(plan)
    qtbot.waitUntil(lambda: training.state is State.RUNNING)
    started = threading.Event()
    training.measuring.submit(lambda job: (started.set(), seen.append(saved.wait(5))))
    assert started.wait(30)
    assert training.shutdown() and seen == [True]
    for made in (training, work, hub):
        made.deleteLater()


def test_what_follows_is_trained_when_a_run_is_done_and_only_then(qtbot, plan, tmp_path):
    begun: list[Path] = []

    def trainer(plan, link):
        begun.append(plan.folder)
        link.prepared(None)
        if plan.folder.name == "stopped":
            raise Cancelled

    hub, work = ProblemHub(), WorkLane()
    training = Training(hub, work, trainer=trainer)
    follower = replace(plan, folder=tmp_path / "parser")
    for name in ("stopped", "done"):
        training.start(replace(plan, folder=tmp_path / name, following=follower))
        qtbot.waitUntil(lambda: not training.active)
    assert [folder.name for folder in begun] == ["stopped", "done", "parser"]
    assert training.plan == follower and follower.following is None
    training.shutdown()
    for made in (training, work, hub):
        made.deleteLater()


def test_a_limit_of_threads_is_the_calling_thread_s_alone(qapp):
    import torch

    from app.jobs.training_thread import limit_threads

    seen = {}
    before = torch.get_num_threads()

    def train():
        limit_threads(3)
        seen["training"] = torch.get_num_threads()

    def later():
        seen["later"] = torch.get_num_threads()

    for function in (train, later):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()
    assert seen == {"training": 3, "later": before} and torch.get_num_threads() == before


def test_the_lane_is_imported_without_torch():
    import subprocess

    code = (
        "import sys, app.core, app.controllers.studio\n"
        "print('torch' in sys.modules, 'pyqtgraph' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "False False", done.stderr
