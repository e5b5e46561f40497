"""Work that is done in turn, first in first out: parse, encode, export, load.

Each job is a function that runs in the lane's one worker thread and gets a `Work` to report progress, to look
whether it is cancelled and to borrow the session. What it returns reaches its callbacks in the GUI thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from app.jobs.failure import as_engine_error
from app.jobs.session_gate import SessionGate, session_factory
from app.jobs.subject import Subject, unchanged
from app.jobs.worker import end_worker
from engine.errors import Cancelled, EngineError
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.session import Session

Done = Callable[[Any], object]
Failed = Callable[[EngineError], object]


class Work:
    """One job: for the GUI, its handle; for the job's function, its link to the lane."""

    def __init__(
        self,
        lane: WorkLane,
        function: Callable[[Work], Any],
        *,
        text: str,
        on_done: Done | None,
        on_failed: Failed | None,
        on_progress: Progress | None,
        only_for: Subject | None,
    ) -> None:
        self.text = text
        self.cancel_event = threading.Event()
        self._wanted = unchanged(only_for) if only_for is not None else _always
        self._lane = lane
        self._function = function
        self._on_done = on_done
        self._on_failed = on_failed
        self._on_progress = on_progress
        self._settled = False  # GUI thread only: nothing is delivered any more
        self._committed = False  # under the lane's condition: past the point where it can be cancelled

    # ---- for the GUI

    @property
    def settled(self) -> bool:
        """Whether it is over: done, failed or cancelled."""
        return self._settled

    def cancel(self) -> bool:
        """Drops the job; none of its callbacks is called any more. False if it is past that: it goes on."""
        return self._lane._drop(self)

    # ---- for the job's function

    def progress(self, fraction: float, text: str = "") -> None:
        """Reports progress, 0-1, and what is being done."""
        self.check()
        self._lane._post("progress", self, (float(fraction), text or self.text))

    def check(self) -> None:
        """Raises Cancelled once the job was cancelled."""
        if self.cancel_event.is_set():
            raise Cancelled()

    def commit(self) -> None:
        """From here on the job cannot be cancelled: call it before what cannot be taken back, as writing a file.
        Raises Cancelled if it was cancelled before.
        """
        with self._lane._condition:
            self.check()
            self._committed = True

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Borrows the session for one call. Leave the block between calls: previews get in there."""
        with self._lane._gate.use(preview=False, cancel=self.cancel_event) as session:
            self.check()
            yield session


class WorkLane(QObject):
    """All methods, signals and callbacks belong to the GUI thread; only jobs' functions run in the worker."""

    progress = Signal(float, object)  # of the job that runs
    failed = Signal(object)  # EngineError of a job that came without `on_failed`
    busy_changed = Signal(bool)

    _posted = Signal(str, object, object)  # from the worker: kind, work, payload

    def __init__(self, gate: SessionGate | None = None, parent: QObject | None = None) -> None:
        """`gate`: the session shared with the render lane; without one, a session of its own."""
        super().__init__(parent)
        self._gate = gate if gate is not None else SessionGate(session_factory())
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._queue: deque[Work] = deque()
        self._open: list[Work] = []  # GUI thread only: queued or running, in order
        self._closed = False
        self._posted.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return bool(self._open)

    @property
    def closed(self) -> bool:
        """Whether it is shut down, and takes no job."""
        return self._closed

    def submit(
        self,
        function: Callable[[Work], Any],
        *,
        text: str = "",
        on_done: Done | None = None,
        on_failed: Failed | None = None,
        on_progress: Progress | None = None,
        only_for: Subject | None = None,
    ) -> Work:
        """Queues a job.

        A callback that is a method of a QObject, or a `partial` of one, is not called once that object is deleted: a
        window may go while a job for it is under way.

        Args:
            function: what the worker does; it gets the `Work`.
            text: names the job.
            on_done: gets what `function` returned.
            on_failed: gets an EngineError; without it, `failed` is emitted.
            on_progress: gets 0-1 and what is being done.
            only_for: what the job is done for, the document as a rule. Where it is another one when the job ends, the
                result is dropped silently. An error is reported even then: it says which file is wrong.
        """
        if self._closed:
            raise RuntimeError("the work lane is shut down")
        work = Work(
            self,
            function,
            text=text,
            on_done=on_done,
            on_failed=on_failed,
            on_progress=on_progress,
            only_for=only_for,
        )
        was_busy = self.busy
        self._open.append(work)
        with self._condition:
            self._queue.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tessera-work", daemon=True)
                self._thread.start()
            self._condition.notify_all()
        if not was_busy:
            self.busy_changed.emit(True)
        return work

    def cancel(self) -> None:
        """Drops all jobs, except one that has committed itself."""
        for work in list(self._open):
            self._drop(work)

    @Slot()
    def shutdown(self, timeout: float = 10.0) -> bool:
        """Cancels and ends the worker; nothing is delivered any more. False if it did not end in `timeout`
        seconds.
        """
        self._closed = True
        self.cancel()
        return end_worker(self._thread, self._condition, timeout)

    # ------------------------------------------------------------ GUI thread

    def _drop(self, work: Work) -> bool:
        with self._condition:
            if work._committed:
                return False
            work.cancel_event.set()
            if work in self._queue:
                self._queue.remove(work)
        self._settle(work)
        return True

    def _settle(self, work: Work) -> None:
        if not work._settled:
            work._settled = True
            self._open.remove(work)
            if not self._open:
                self.busy_changed.emit(False)

    @Slot(str, object, object)
    def _take(self, kind: str, work: Work, payload: Any) -> None:
        if self._closed or work._settled:
            return
        if kind == "progress":
            self.progress.emit(*payload)
            if work._on_progress is not None and not is_gone(work._on_progress) and work._wanted():
                work._on_progress(*payload)
            return
        # Settled first, so that a callback may submit the next job or shut the lane down.
        self._settle(work)
        if kind == "done":
            if work._on_done is not None and not is_gone(work._on_done) and work._wanted():
                work._on_done(payload)
        elif work._on_failed is not None:
            if not is_gone(work._on_failed):
                work._on_failed(payload)
        else:
            self.failed.emit(payload)

    # ------------------------------------------------------------ worker thread

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                work = self._queue.popleft()
            try:
                work.check()
                result = work._function(work)
            except Exception as error:  # whatever happened, the lane lives on and the user is told
                self._post("failed", work, as_engine_error(error))
            else:
                self._post("done", work, result)
            del work  # an idle lane holds on to nothing

    def _post(self, kind: str, work: Work, payload: object) -> None:
        try:
            self._posted.emit(kind, work, payload)
        except RuntimeError:
            pass  # the lane was destroyed while a job that does not look was still at work


def _always() -> bool:
    return True


def is_gone(callback: Callable[..., object]) -> bool:
    """Whether a callback is the method of a QObject that Qt has deleted."""
    method = callback.func if isinstance(callback, partial) else callback
    receiver = getattr(method, "__self__", None)
    return isinstance(receiver, QObject) and not isValid(receiver)


def cancel_all(works: list[Work]) -> None:
    """Drop the jobs that are not over, and forget all of them."""
    for work in works:
        if not work.settled:
            work.cancel()
    works.clear()
