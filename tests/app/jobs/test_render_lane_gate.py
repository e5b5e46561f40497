"""How the lanes share one session."""

from __future__ import annotations

import threading

import pytest

from app.jobs.session_gate import SessionGate
from engine.errors import Cancelled
from tests.app.fake_engine import PATIENCE_S, FakeFactory, FakeSession


class Caller(threading.Thread):
    """Uses the gate once in a thread of its own, and stays inside until told to leave."""

    def __init__(self, gate: SessionGate, order: list[str], name: str, *, preview: bool) -> None:
        super().__init__(name=name)
        self.cancel = threading.Event()
        self.inside = threading.Event()
        self.leave = threading.Event()
        self.error: Exception | None = None
        self._gate, self._order, self._preview = gate, order, preview
        self.start()

    def run(self) -> None:
        try:
            with self._gate.use(preview=self._preview, cancel=self.cancel):
                self._order.append(self.name)
                self.inside.set()
                assert self.leave.wait(PATIENCE_S)
        except Cancelled as error:
            self.error = error

    def finish(self) -> None:
        self.leave.set()
        self.join(PATIENCE_S)
        assert not self.is_alive()


def waiting(gate: SessionGate, count: int) -> None:
    """Until so many callers wait at the gate."""
    deadline = threading.Event()
    for _ in range(1000):
        with gate._turn:
            if gate._waiting_previews + gate._waiting_work == count:
                return
        deadline.wait(0.01)
    raise AssertionError("they do not wait")


@pytest.fixture
def gate() -> SessionGate:
    return SessionGate(FakeFactory())


def let_all_go(first: Caller, *rest: Caller) -> None:
    """Lets `first`, who is inside, leave; the others leave as soon as they were let in."""
    for caller in (*rest, first):
        caller.leave.set()
    for caller in (first, *rest):
        caller.finish()


def test_only_one_uses_the_session_at_a_time_and_previews_take_turns_with_work(gate):
    order: list[str] = []
    first = Caller(gate, order, "preview 1", preview=True)
    assert first.inside.wait(PATIENCE_S)
    works = []
    for n in (1, 2):
        works.append(Caller(gate, order, f"work {n}", preview=False))
        waiting(gate, n)
    second = Caller(gate, order, "preview 2", preview=True)
    waiting(gate, 3)
    assert order == ["preview 1"]
    let_all_go(first, *works, second)
    # After a preview a work call goes in, then the preview that waits, although the other work waited longer.
    assert [name.split()[0] for name in order] == ["preview", "work", "preview", "work"]


def test_a_preview_goes_before_work_that_waits_longer(gate):
    order: list[str] = []
    first = Caller(gate, order, "work 1", preview=False)
    assert first.inside.wait(PATIENCE_S)
    second = Caller(gate, order, "work 2", preview=False)
    waiting(gate, 1)
    preview = Caller(gate, order, "preview", preview=True)
    waiting(gate, 2)
    let_all_go(first, second, preview)
    assert order == ["work 1", "preview", "work 2"]


def test_who_waits_can_be_cancelled_and_does_not_hold_up_the_rest(gate):
    order: list[str] = []
    first = Caller(gate, order, "first", preview=True)
    assert first.inside.wait(PATIENCE_S)
    cancelled = Caller(gate, order, "cancelled", preview=True)
    waiting(gate, 1)
    cancelled.cancel.set()
    cancelled.join(PATIENCE_S)
    assert isinstance(cancelled.error, Cancelled)
    waiting(gate, 0)
    first.finish()
    last = Caller(gate, order, "last", preview=False)
    assert last.inside.wait(PATIENCE_S)
    last.finish()
    assert order == ["first", "last"]


def test_an_error_inside_gives_the_turn_back(gate):
    with pytest.raises(ValueError, match="inside"), gate.use(preview=True):
        raise ValueError("inside")
    with gate.use(preview=True) as session:
        assert isinstance(session, FakeSession)


def test_another_device_means_another_session_from_the_next_call_on(gate):
    other = FakeFactory()
    with gate.use(preview=True) as before:
        gate.replace(other)
        assert other.made_in == []
    with gate.use(preview=False) as after:
        assert after is other.session is not before
    with gate.use(preview=True) as still:
        assert still is after
    assert len(other.made_in) == 1


def test_a_session_that_was_replaced_gives_its_memory_back_in_the_worker_before_the_next_one_is_made(gate):
    first, second = gate._factory.session, FakeSession()
    unloaded_before: list[list[threading.Thread]] = []

    def make() -> FakeSession:
        unloaded_before.append(list(first.unloaded_in))
        return second

    with gate.use(preview=True):
        gate.replace(FakeFactory())  # replaced in its turn before anybody used it
        gate.replace(make)
        assert first.unloaded_in == []  # a call that runs keeps its own
    worker = Caller(gate, [], "worker", preview=False)
    worker.finish()
    with gate.use(preview=True) as session:
        assert session is second
    assert first.unloaded_in == [worker] and unloaded_before == [[worker]]
    assert second.unloaded_in == []


def test_a_session_that_was_never_made_is_not_unloaded(gate):
    other = FakeFactory()
    gate.replace(other)
    with gate.use(preview=True) as session:
        assert session is other.session and session.unloaded_in == []
