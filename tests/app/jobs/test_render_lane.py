"""The render lane: the latest request wins, and nothing comes after cancel."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.jobs.pace import Painting, Size
from app.jobs.render_lane import RenderLane
from app.jobs.session_gate import SessionGate
from engine.errors import EngineError, OutOfMemory, WeightsError
from tests.app.fake_engine import PATIENCE_S, Asked, FakeFactory, FakeSession


class Heard:
    """Everything that a lane told, in order, and in which threads."""

    def __init__(self, lane: RenderLane) -> None:
        self.results, self.errors, self.progress, self.busy = [], [], [], []
        self.threads = set()
        lane.rendered.connect(lambda result: self._note(self.results, result))
        lane.failed.connect(lambda error: self._note(self.errors, error))
        lane.progress.connect(lambda part, text: self._note(self.progress, (part, text)))
        lane.busy_changed.connect(lambda busy: self._note(self.busy, busy))

    def _note(self, where, what):
        where.append(what)
        self.threads.add(threading.current_thread())


@pytest.fixture
def factory() -> FakeFactory:
    return FakeFactory()


@pytest.fixture
def engine(factory) -> FakeSession:
    return factory.session


@pytest.fixture
def lane(qapp, factory):
    made = RenderLane(SessionGate(factory))
    yield made
    factory.session.deaf = False
    assert made.shutdown()


@pytest.fixture
def heard(lane) -> Heard:
    return Heard(lane)


def settle(qtbot, lane: RenderLane) -> None:
    qtbot.waitUntil(lambda: not lane.busy)


def test_a_request_is_rendered_and_told_in_the_gui_thread(lane, heard, engine, qtbot):
    with qtbot.waitSignal(lane.rendered) as caught:
        lane.submit(Asked("a"))
    assert caught.args == ["a"]
    assert heard.threads == {threading.main_thread()}
    assert threading.main_thread() not in engine.threads


def test_the_session_is_made_in_the_worker_on_the_first_request_and_kept(lane, factory, qtbot):
    assert factory.made_in == []
    for request in ("a", "b"):
        with qtbot.waitSignal(lane.rendered):
            lane.submit(Asked(request))
    assert len(factory.made_in) == 1
    assert factory.made_in[0] is not threading.main_thread()


def test_what_comes_while_the_engine_is_loaded_is_rendered_first(qapp, factory, qtbot):
    """The first edit after the start does not wait for the picture that was asked for with the window."""
    loading, loaded = threading.Event(), threading.Event()

    def load():
        loading.set()
        assert loaded.wait(PATIENCE_S)
        return factory()

    lane = RenderLane(SessionGate(load))
    lane.submit(Asked("as it was"))
    assert loading.wait(PATIENCE_S)
    with qtbot.waitSignal(lane.rendered) as caught:
        lane.submit(Asked("edited"))
        loaded.set()
    assert caught.args == ["edited"]
    assert factory.session.ran == ["edited"] and not lane.busy
    assert lane.shutdown()


def test_while_one_renders_only_the_newest_request_waits(lane, heard, engine, qtbot):
    engine.hold = True
    lane.submit(Asked(1))
    engine.wait_started()
    for request in (2, 3, 4):
        lane.submit(Asked(request))
    engine.let_go()
    engine.let_go()
    settle(qtbot, lane)
    assert engine.ran == [1, 4]
    assert heard.results == [1, 4]  # what ran is shown although something newer waited


def test_each_result_can_be_matched_to_what_was_submitted_for_it(lane, engine, qtbot):
    seen = []
    lane.rendered.connect(lambda result: seen.append((lane.rendered_source, result)))
    first, last = Asked("first"), Asked("last")
    engine.hold = True
    lane.submit(first)
    engine.wait_started()
    lane.submit(Asked("lost"))
    lane.submit(last)
    engine.let_go()
    engine.let_go()
    settle(qtbot, lane)
    assert seen == [(first, "first"), (last, "last")]


def test_cancel_answers_at_once_and_nothing_is_told_afterwards(lane, heard, engine, qtbot):
    engine.hold = True
    lane.submit(Asked("a"))
    engine.wait_started()
    lane.submit(Asked("b"))
    lane.cancel()
    assert not lane.busy
    engine.hold = False
    with qtbot.waitSignal(lane.rendered) as caught:
        lane.submit(Asked("c"))
    assert caught.args == ["c"]
    assert engine.cancelled == ["a"]
    assert engine.ran == ["a", "c"]
    assert heard.results == ["c"] and heard.errors == []
    assert heard.busy == [True, False, True, False]


def test_a_result_that_was_ready_but_not_yet_told_is_dropped_by_cancel(lane, heard, engine, qtbot):
    lane.submit(Asked("a"))
    engine.wait_started()
    lane._thread.join(0.2)  # no event is processed meanwhile: the result lies in the queue
    lane.cancel()
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("b"))
    assert heard.results == ["b"]


def test_a_result_of_an_engine_that_does_not_listen_is_dropped_too(lane, heard, engine, qtbot):
    engine.hold = engine.deaf = True
    lane.submit(Asked("a"))
    engine.wait_started()
    lane.cancel()
    assert not lane.busy
    engine.let_go()
    engine.hold = False
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("b"))
    assert heard.results == ["b"]


def test_dropping_what_runs_keeps_the_new_request(lane, heard, engine, qtbot):
    engine.hold = True
    lane.submit(Asked("old document"))
    engine.wait_started()
    lane.submit(Asked("old again"))
    lane.submit(Asked("new document"), drop_running=True)
    assert lane.busy
    engine.wait_started()
    engine.let_go()
    settle(qtbot, lane)
    assert engine.cancelled == ["old document"]
    assert heard.results == ["new document"] and heard.errors == []
    assert heard.busy == [True, False]


def test_progress_is_told_while_it_matters(lane, heard, engine, qtbot):
    engine.hold = True
    with qtbot.waitSignal(lane.progress) as caught:
        lane.submit(Asked("a"))
    assert caught.args == [0.5, "half of a"]
    engine.let_go()
    settle(qtbot, lane)
    lane.submit(Asked("b"))
    engine.wait_started()
    engine.wait_started()
    lane.cancel()
    engine.hold = False
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("c"))
    assert [text for _, text in heard.progress] == ["half of a", "half of c"]


def test_an_error_of_the_engine_is_told_as_it_is(lane, heard, engine, qtbot):
    error = WeightsError("The weights are broken; install them again.")
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(Asked(error))
    assert caught.args == [error]
    assert heard.busy == [True, False]
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("next"))


def test_an_unexpected_error_becomes_a_sentence_with_the_traceback_as_details(lane, engine, qtbot):
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(Asked(KeyError("gamma")))
    error = caught.args[0]
    assert type(error) is EngineError
    assert "KeyError" in str(error) and "\n" not in str(error)
    assert "Traceback" in error.details and "fake_engine.py" in error.details
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("next"))


def test_running_out_of_memory_is_told_in_plain_words_and_the_next_job_works(lane, qtbot):
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(Asked(MemoryError()))
    assert isinstance(caught.args[0], OutOfMemory)
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("next"))


def test_a_session_that_cannot_be_made_is_told_and_tried_again(lane, factory, qtbot):
    factory.error = EngineError("There is no such device; choose another.")
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(Asked("a"))
    assert caught.args == [factory.error]
    factory.error = None
    with qtbot.waitSignal(lane.rendered):
        lane.submit(Asked("b"))


def test_a_request_is_made_in_the_worker(lane, qtbot, monkeypatch):
    made_in = []
    source = Asked("made")

    def make():
        made_in.append(threading.current_thread())
        return "made"

    monkeypatch.setattr(source, "to_request", make)
    with qtbot.waitSignal(lane.rendered) as caught:
        lane.submit(source)
    assert caught.args == ["made"]
    assert threading.main_thread() not in made_in


def test_a_request_that_cannot_be_made_is_told(lane, qtbot, monkeypatch):
    source = Asked("unmade")

    def make():
        raise ValueError("no request")

    monkeypatch.setattr(source, "to_request", make)
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit(source)
    assert "ValueError" in str(caught.args[0])


def test_shutdown_ends_the_thread_and_nothing_is_told_any_more(lane, heard, engine, qtbot, qapp):
    engine.hold = True
    lane.submit(Asked("a"))
    engine.wait_started()
    lane.submit(Asked("b"))
    thread = lane._thread
    assert lane.shutdown()
    assert not thread.is_alive()
    qapp.processEvents()
    assert heard.results == [] and heard.errors == []
    assert not lane.busy
    assert lane.shutdown()  # again does no harm
    with pytest.raises(RuntimeError, match="shut down"):
        lane.submit(Asked("c"))


def test_shutdown_does_not_wait_for_ever_for_an_engine_that_does_not_listen(lane, engine):
    engine.hold = engine.deaf = True
    lane.submit(Asked("a"))
    engine.wait_started()
    assert not lane.shutdown(timeout=0.01)
    engine.let_go()


def test_a_lane_that_was_never_used_has_no_thread(lane):
    assert lane._thread is None
    assert lane.shutdown()


def test_callbacks_may_submit_cancel_and_shut_down(lane, engine, qtbot):
    results = []

    def on_result(result):
        results.append(result)
        if result == "a":
            lane.submit(Asked("b"))
        else:
            lane.shutdown()

    lane.rendered.connect(on_result)
    lane.submit(Asked("a"))
    qtbot.waitUntil(lambda: results == ["a", "b"])
    assert not lane.busy


def test_the_gui_goes_on_while_the_engine_works(lane, engine, qtbot):
    """A timer of the GUI thread ticks while a render is under way."""
    from PySide6.QtCore import QTimer

    engine.hold = True
    lane.submit(Asked("a"))
    engine.wait_started()
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(1)
    qtbot.waitUntil(lambda: len(ticks) >= 3)
    timer.stop()
    assert lane.busy
    engine.let_go()
    settle(qtbot, lane)


def test_torchs_libraries_are_loaded_before_its_import_and_the_import_works():
    code = (
        "import sys; from app.jobs.preload import preload_torch; done = preload_torch();"
        "assert 'torch' not in sys.modules;"
        "import torch; assert not preload_torch();"
        "assert torch.ones(3, 3).mm(torch.ones(3, 3)).sum() == 27; print(bool(done))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, timeout=10 * PATIENCE_S, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(sys.platform != "win32")


def test_nothing_of_the_application_that_shows_a_window_imports_torch():
    code = (
        "import sys, app.canvas.widget, app.document.document, app.jobs.render_lane, app.jobs.work_lane;"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=10 * PATIENCE_S)
    assert done.returncode == 0


# ------------------------------------------------------------ previews


class Clock:
    """Time that only the fake engine lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """What a document's scene is for the lane: its request tells the name and the size it is painted at."""

    def __init__(self, name: object, size: tuple[int, int] = (512, 512), exact: bool = True) -> None:
        self.name, self.size, self.exact = name, size, exact

    pace_key = ("weights", "float32")

    @property
    def pace_size(self) -> tuple[int, int, str]:
        return (*self.size, "full")

    def to_request(self):
        return (self.name, self.size[0] if not self.exact else "exact")

    def reduced(self, height: int, width: int) -> Scene:
        return Scene(self.name, (height, width), exact=False)

    def sizes(self, session):
        return session.sizes("weights", *self.pace_size)

    def picture_of(self, result):
        return result


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow_lane(qapp, factory, clock):
    """A lane whose engine takes 10 s for an exact picture, 0.08 s at 128 pixels and 0.3 s at 256."""
    engine, run = factory.session, factory.session.run
    seconds = {"exact": 10.0, 256: 0.3, 128: 0.08}

    def timed(request, on_progress=None, cancel=None):
        result = run(request, on_progress, cancel)
        clock.now += seconds[request[1]]
        return result

    engine.run = timed
    engine.sizes = lambda weights, height, width, detail: ((height, width), [(256, 256), (128, 128)])
    made = RenderLane(SessionGate(factory), clock=clock)
    for size in ("exact", 128, 256, "exact"):  # it has met them all
        painting = Painting(Size(512, 512), True) if size == "exact" else Painting(Size(size, size), False)
        made._learnt.pace.observe(Scene.pace_key, painting, seconds[size])
    yield made
    engine.hold = False
    assert made.shutdown()


@pytest.fixture
def seen(slow_lane) -> list[tuple[object, object]]:
    """What was shown, in order: (name, size or "exact")."""
    shown: list[tuple[object, object]] = []
    slow_lane.previewed.connect(shown.append)
    slow_lane.rendered.connect(shown.append)
    return shown


def test_a_slow_picture_is_previewed_at_a_size_that_fits_and_the_exact_one_follows(slow_lane, seen, qtbot):
    slow_lane.submit(Scene("a"))
    settle(qtbot, slow_lane)
    assert seen == [("a", 128), ("a", "exact")]


def test_while_the_hand_is_down_only_previews_come_and_on_release_the_exact_picture(slow_lane, seen, engine, qtbot):
    slow_lane.set_hand_down(True)
    for name in ("a", "b", "c"):
        slow_lane.submit(Scene(name))
        qtbot.waitUntil(lambda name=name: (name, 128) in seen)
    assert all(size == 128 for _, size in seen) and slow_lane.busy
    slow_lane.set_hand_down(False)
    settle(qtbot, slow_lane)
    assert seen == [("a", 128), ("b", 128), ("c", 128), ("c", "exact")]


def test_a_hand_that_is_down_but_rests_gets_the_exact_picture(slow_lane, seen, clock, qtbot):
    slow_lane.set_hand_down(True)
    slow_lane.submit(Scene("a"))
    qtbot.waitUntil(lambda: ("a", 128) in seen)
    clock.now += 1.0
    settle(qtbot, slow_lane)
    assert seen == [("a", 128), ("a", "exact")]


def test_a_new_change_stops_an_exact_picture_that_would_take_long(slow_lane, seen, heard_slow, engine, clock, qtbot):
    engine.hold = True
    slow_lane.submit(Scene("b"))
    engine.wait_started()
    engine.let_go()  # the preview of b
    engine.wait_started()  # its exact picture, which waits
    engine.hold = False
    clock.now += 1.0
    slow_lane.submit(Scene("c"))
    settle(qtbot, slow_lane)
    assert seen == [("b", 128), ("c", 128), ("c", "exact")]
    assert ("b", "exact") in engine.cancelled
    assert heard_slow.errors == []


@pytest.fixture
def heard_slow(slow_lane) -> Heard:
    return Heard(slow_lane)


def test_cancel_after_a_preview_leaves_the_exact_picture_unpainted(slow_lane, seen, clock, engine, qtbot):
    slow_lane.set_hand_down(True)
    slow_lane.submit(Scene("a"))
    qtbot.waitUntil(lambda: seen == [("a", 128)])
    slow_lane.cancel()
    assert not slow_lane.busy
    slow_lane.set_hand_down(False)
    slow_lane.submit(Scene("b"))
    settle(qtbot, slow_lane)
    assert seen == [("a", 128), ("b", 128), ("b", "exact")]


def test_a_quick_picture_needs_no_preview(slow_lane, seen, qtbot):
    for _ in range(30):  # the machine has become fast
        slow_lane._learnt.pace.observe(Scene.pace_key, Painting(Size(512, 512), True), 0.02)
    slow_lane.set_hand_down(True)
    slow_lane.submit(Scene("a"))
    settle(qtbot, slow_lane)
    assert seen == [("a", "exact")]


def test_the_source_of_what_is_shown_is_known(slow_lane, qtbot):
    sources = []
    for signal in (slow_lane.previewed, slow_lane.rendered):
        signal.connect(lambda _: sources.append(slow_lane.rendered_source))
    one = Scene("a")
    slow_lane.submit(one)
    settle(qtbot, slow_lane)
    assert sources == [one, one]


def test_weights_that_cannot_be_read_are_told_once(slow_lane, heard_slow, engine, qtbot):
    error = WeightsError("The weights are broken; install them again.")

    def sizes(*_):
        raise error

    engine.sizes = sizes
    slow_lane.submit(Scene("a"))
    settle(qtbot, slow_lane)
    assert heard_slow.errors == [error] and heard_slow.busy == [True, False]


def test_another_session_is_learnt_anew(slow_lane, seen, factory, clock, qtbot):
    slow_lane.submit(Scene("a"))
    settle(qtbot, slow_lane)
    other = FakeFactory()
    other.session.sizes = lambda weights, height, width, detail: ((height, width), [(64, 64)])
    slow_lane._gate.replace(other)
    for _ in range(2):
        slow_lane.submit(Scene("b"))
        settle(qtbot, slow_lane)
    assert other.session.ran == [("b", 64), ("b", "exact"), ("b", "exact")]  # unknown times are guessed, then measured
