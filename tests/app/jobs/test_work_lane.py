"""The work lane: first in, first out, with callbacks in the GUI thread."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QObject
from shiboken6 import delete

from app.jobs.render_lane import RenderLane
from app.jobs.session_gate import SessionGate
from app.jobs.subject import SameModel
from app.jobs.work_lane import Work, WorkLane
from engine.errors import BadFile, Cancelled, EngineError
from tests.app.fake_engine import PATIENCE_S, Asked, FakeFactory, FakeSession


@pytest.fixture
def factory() -> FakeFactory:
    return FakeFactory()


@pytest.fixture
def engine(factory) -> FakeSession:
    return factory.session


@pytest.fixture
def gate(factory) -> SessionGate:
    return SessionGate(factory)


@pytest.fixture
def lane(qapp, gate):
    made = WorkLane(gate)
    yield made
    assert made.shutdown()


class Stop:
    """A job that says when it began and goes on when it may."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self, work) -> str:
        self.began.set()
        for _ in range(int(PATIENCE_S / 0.01)):
            if self.may_end.wait(0.01):
                return "stopped"
            work.check()
        raise AssertionError("never let go")


def parse(lane: WorkLane, request: str, on_done, on_failed=None) -> Work:
    """Queues one call of the session."""

    def job(work: Work):
        with work.session() as session:
            return session.run(request, work.progress, work.cancel_event)

    return lane.submit(job, on_done=on_done, on_failed=on_failed)


def idle(qtbot, lane: WorkLane) -> None:
    qtbot.waitUntil(lambda: not lane.busy)


def test_a_job_runs_in_the_worker_and_its_result_comes_in_the_gui_thread(lane, qtbot):
    seen = []

    def job(work):
        return threading.current_thread()

    lane.submit(job, on_done=lambda result: seen.append((result, threading.current_thread())))
    idle(qtbot, lane)
    [(worker, teller)] = seen
    assert worker is not threading.main_thread()
    assert teller is threading.main_thread()


def test_jobs_run_one_after_the_other_in_the_order_they_came(lane, qtbot):
    ran, done = [], []
    for n in range(5):
        lane.submit(lambda work, n=n: ran.append(n) or n, on_done=done.append)
    assert lane.busy
    idle(qtbot, lane)
    assert ran == done == [0, 1, 2, 3, 4]


def test_busy_is_told_once_for_a_row_of_jobs(lane, qtbot):
    busy = []
    lane.busy_changed.connect(busy.append)
    for _ in range(3):
        lane.submit(lambda work: None)
    idle(qtbot, lane)
    assert busy == [True, False]


def test_an_error_goes_to_the_jobs_own_callback(lane, qtbot):
    error, seen = BadFile("“a.jpg” is no image; choose another file."), []

    def job(work):
        raise error

    with qtbot.assertNotEmitted(lane.failed):
        lane.submit(job, on_done=seen.append, on_failed=seen.append)
        idle(qtbot, lane)
    assert seen == [error]


def test_an_error_without_a_callback_is_told_by_the_lane_and_the_next_job_runs(lane, qtbot):
    def job(work):
        raise RuntimeError("surprise")

    done = []
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(job, on_done=done.append)
        lane.submit(lambda work: "next", on_done=done.append)
    idle(qtbot, lane)
    assert type(caught.args[0]) is EngineError
    assert "surprise" in caught.args[0].details
    assert done == ["next"]


def test_progress_reaches_the_lane_and_the_jobs_callback(lane, qtbot):
    told, own = [], []
    lane.progress.connect(lambda part, text: told.append((part, text)))

    def job(work):
        work.progress(0.25)
        work.progress(0.5, "half way")

    lane.submit(job, text="Reading anna.jpg", on_progress=lambda part, text: own.append((part, text)))
    idle(qtbot, lane)
    assert told == own == [(0.25, "Reading anna.jpg"), (0.5, "half way")]


def test_a_running_job_is_cancelled_without_a_word_and_the_next_one_runs(lane, qtbot):
    stop, seen = Stop(), []
    work = lane.submit(stop, on_done=seen.append, on_failed=seen.append)
    lane.submit(lambda work: "next", on_done=seen.append)
    assert stop.began.wait(PATIENCE_S)
    work.cancel()
    assert work.settled
    idle(qtbot, lane)
    assert seen == ["next"]


def test_a_waiting_job_that_is_cancelled_never_runs(lane, qtbot):
    stop, ran = Stop(), []
    lane.submit(stop)
    waiting = lane.submit(lambda work: ran.append(1), on_done=ran.append)
    assert stop.began.wait(PATIENCE_S)
    waiting.cancel()
    waiting.cancel()  # twice does no harm
    stop.may_end.set()
    idle(qtbot, lane)
    assert ran == []


def test_cancelling_all_answers_at_once(lane, qtbot):
    stop, seen = Stop(), []
    lane.submit(stop, on_done=seen.append, on_failed=seen.append)
    lane.submit(stop, on_done=seen.append, on_failed=seen.append)
    assert stop.began.wait(PATIENCE_S)
    lane.cancel()
    assert not lane.busy
    with qtbot.waitSignal(lane.busy_changed):
        lane.submit(lambda work: "after", on_done=seen.append)
    idle(qtbot, lane)
    assert seen == ["after"]


def test_progress_stops_a_cancelled_job(lane, qtbot):
    may_go, ended = threading.Event(), threading.Event()

    def job(work):
        assert may_go.wait(PATIENCE_S)
        try:
            work.progress(0.5)
        except Cancelled:
            ended.set()
            raise

    work = lane.submit(job)
    work.cancel()
    may_go.set()
    lane.submit(lambda work: None)
    idle(qtbot, lane)
    # The job may have been dropped before it began, which is as good.
    assert ended.is_set() or work.settled


def test_shutdown_ends_the_thread_and_drops_what_waits(lane, qtbot, qapp):
    stop, seen = Stop(), []
    for _ in range(3):
        lane.submit(stop, on_done=seen.append, on_failed=seen.append)
    assert stop.began.wait(PATIENCE_S)
    thread = lane._thread
    assert lane.shutdown()
    assert not thread.is_alive()
    qapp.processEvents()
    assert seen == []
    with pytest.raises(RuntimeError, match="shut down"):
        lane.submit(stop)


def test_a_callback_may_submit_the_next_job(lane, qtbot):
    seen = []

    def chain(result):
        seen.append(result)
        if result < 3:
            lane.submit(lambda work: result + 1, on_done=chain)

    lane.submit(lambda work: 1, on_done=chain)
    qtbot.waitUntil(lambda: seen == [1, 2, 3])


def test_an_idle_lane_holds_on_to_no_result(lane, qtbot):
    import gc
    import weakref

    class Big:
        pass

    kept = []

    def job(work):
        big = Big()
        kept.append(weakref.ref(big))
        return big

    lane.submit(job, on_done=lambda result: None)
    lane.submit(lambda work: None)
    idle(qtbot, lane)
    gc.collect()
    assert kept[0]() is None


def test_jobs_use_the_session(lane, engine, qtbot):
    seen = []

    def encode(work: Work):
        with work.session() as session:
            return session.encode("sean", np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))

    parse(lane, "a parse request", on_done=seen.append)
    lane.submit(encode, on_done=seen.append)
    idle(qtbot, lane)
    assert seen == ["a parse request", ("encode", "sean")]


def test_parsing_can_be_cancelled(lane, engine, qtbot):
    engine.hold = True
    seen = []
    work = parse(lane, "slow", on_done=seen.append, on_failed=seen.append)
    engine.wait_started()
    work.cancel()
    engine.hold = False
    parse(lane, "quick", on_done=seen.append)
    idle(qtbot, lane)
    assert engine.cancelled == ["slow"]
    assert seen == ["quick"]


def test_both_lanes_use_one_session_never_at_once(lane, gate, factory, engine, qtbot):
    renders = RenderLane(gate)
    try:
        done, rendered = [], []
        renders.rendered.connect(rendered.append)
        for n in range(5):
            parse(lane, f"parse {n}", on_done=done.append)
            renders.submit(Asked(f"render {n}"))
        idle(qtbot, lane)
        qtbot.waitUntil(lambda: not renders.busy)
        assert len(done) == 5
        assert rendered[-1] == "render 4"
        assert len(factory.made_in) == 1
        assert engine.most_together == 1
    finally:
        assert renders.shutdown()


def test_a_preview_gets_in_between_two_calls_of_a_long_job(lane, gate, engine, qtbot):
    renders = RenderLane(gate)
    try:
        between = threading.Event()

        def long_job(work):
            with work.session() as session:
                session.run("first call")
            assert between.wait(PATIENCE_S)
            with work.session() as session:
                session.run("second call")

        lane.submit(long_job)
        engine.wait_started()
        with qtbot.waitSignal(renders.rendered):
            renders.submit(Asked("preview"))
        between.set()
        idle(qtbot, lane)
        assert engine.ran == ["first call", "preview", "second call"]
    finally:
        assert renders.shutdown()


def test_files_are_read_and_written_while_the_session_is_busy(lane, gate, engine, qtbot):
    renders = RenderLane(gate)
    try:
        engine.hold = True
        renders.submit(Asked("long render"))
        engine.wait_started()
        done = []
        lane.submit(lambda work: "exported", on_done=done.append)
        qtbot.waitUntil(lambda: done == ["exported"])
        assert renders.busy
        engine.let_go()
        qtbot.waitUntil(lambda: not renders.busy)
    finally:
        assert renders.shutdown()


def test_waiting_for_the_session_can_be_cancelled(lane, gate, engine, qtbot):
    renders = RenderLane(gate)
    try:
        engine.hold = True
        renders.submit(Asked("long render"))
        engine.wait_started()
        seen = []
        work = parse(lane, "waits", on_done=seen.append, on_failed=seen.append)
        work.cancel()
        lane.submit(lambda work: "files go on", on_done=seen.append)
        qtbot.waitUntil(lambda: seen == ["files go on"])
        engine.let_go()
        qtbot.waitUntil(lambda: not renders.busy)
        assert engine.ran == ["long render"]
    finally:
        assert renders.shutdown()


class Paper:
    """What work is done for: another one once `origin` changes."""

    def __init__(self) -> None:
        self.origin: object = object()
        self.weights = "sean"


def test_a_result_for_a_document_that_is_another_one_by_now_is_dropped(lane, qtbot):
    paper, stop, seen = Paper(), Stop(), []
    lane.submit(stop, on_done=seen.append, on_progress=lambda *told: seen.append(told), only_for=paper)
    assert stop.began.wait(PATIENCE_S)
    paper.origin = object()
    stop.may_end.set()
    lane.submit(lambda work: work.progress(0.5, "again") or "for the new one", on_done=seen.append, only_for=paper)
    idle(qtbot, lane)
    assert seen == ["for the new one"]


def test_progress_for_a_document_that_is_another_one_by_now_is_dropped(lane, qtbot):
    paper, go_on, seen = Paper(), threading.Event(), []

    def job(work: Work) -> None:
        assert go_on.wait(PATIENCE_S)
        work.progress(0.5)

    lane.submit(job, on_progress=lambda *told: seen.append(told), only_for=paper)
    paper.origin = object()
    go_on.set()
    idle(qtbot, lane)
    assert seen == []


@pytest.mark.parametrize(("weights", "expected"), [("sean", ["done"]), ("smis", [])])
def test_a_result_for_a_model_is_dropped_when_the_document_has_other_weights_by_now(lane, qtbot, weights, expected):
    paper, go_on, seen = Paper(), threading.Event(), []
    lane.submit(lambda work: go_on.wait(PATIENCE_S) and "done", on_done=seen.append, only_for=SameModel(paper))
    paper.weights = weights
    go_on.set()
    idle(qtbot, lane)
    assert seen == expected


def test_an_error_is_told_even_when_the_document_is_another_one_by_now(lane, qtbot):
    paper, go_on, seen = Paper(), threading.Event(), []
    error = BadFile("“a.jpg” is no image; choose another file.")

    def job(work: Work) -> None:
        assert go_on.wait(PATIENCE_S)
        raise error

    lane.submit(job, on_failed=seen.append, only_for=paper)
    paper.origin = object()
    go_on.set()
    idle(qtbot, lane)
    assert seen == [error]


class Receiver(QObject):
    """A window that may go while a job for it is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def take(self, *told: object) -> None:
        self.told.append(told)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_told_to_a_window_that_is_gone(lane, qtbot, fails):
    gone, still = Receiver(), Receiver()

    def job(work: Work) -> int:
        work.progress(0.5)
        if fails:
            raise BadFile("The file is gone.")
        return 1

    for receiver in (gone, still):
        lane.submit(
            job, on_done=partial(receiver.take, 7), on_failed=receiver.take, on_progress=partial(receiver.take, 8)
        )
    delete(gone)
    qtbot.waitUntil(lambda: not lane.busy)
    assert gone.told == [] and len(still.told) == 2
