"""Live rendering: one worker thread, the latest request wins.

While a render runs, at most one newer request waits; it is replaced by newer ones. What runs is shown when it
is ready even if something newer waits already: otherwise someone who keeps painting would never see the
picture. Each request has a stamp; only the GUI thread decides, by the stamp, whether a result still counts,
so nothing is delivered after `cancel` or `shutdown`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.jobs.failure import as_engine_error
from app.jobs.session_gate import SessionGate, session_factory

if TYPE_CHECKING:
    from engine.request import RenderRequest
    from engine.session import RenderResult


@dataclass(frozen=True)
class _Job:
    stamp: int
    request: RenderRequest | Callable[[], RenderRequest]
    cancel: threading.Event = field(default_factory=threading.Event)


class RenderLane(QObject):
    """All methods and signals belong to the GUI thread."""

    rendered = Signal(object)  # RenderResult
    progress = Signal(float, str)  # 0-1 and what is being done, of the render that runs
    failed = Signal(object)  # EngineError
    busy_changed = Signal(bool)

    _posted = Signal(str, int, object)  # from the worker: kind, stamp, payload

    def __init__(self, gate: SessionGate | None = None, parent: QObject | None = None) -> None:
        """`gate`: the session shared with the other lane; without one, a session of its own."""
        super().__init__(parent)
        self._gate = gate if gate is not None else SessionGate(session_factory())
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._waiting: _Job | None = None
        self._running: _Job | None = None
        self._closed = False
        self._newest = 0  # stamp of the newest request
        self._settled = 0  # requests up to this stamp are delivered, replaced or cancelled
        self._busy = False
        self._rendered_stamp = 0
        self._last_seconds: float | None = None
        self._posted.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return self._busy

    @property
    def rendered_stamp(self) -> int:
        """Stamp of the request whose result was delivered last; valid in slots of `rendered`."""
        return self._rendered_stamp

    @property
    def last_seconds(self) -> float | None:
        """How long the last delivered render took from leaving the queue to its result, for whoever paces
        requests.
        """
        return self._last_seconds

    def submit(self, request: RenderRequest | Callable[[], RenderRequest], *, drop_running: bool = False) -> int:
        """Renders as soon as the worker is free, unless something newer comes. Returns the request's stamp.

        `request` may be a function that makes it, called in the worker (`document.snapshot().to_request`).
        `drop_running`: what runs now has become meaningless (another document): cancel it and drop its
        result.
        """
        if self._closed:
            raise RuntimeError("the render lane is shut down")
        if drop_running:
            self._void()
        self._newest += 1
        with self._condition:
            self._waiting = _Job(self._newest, request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tessera-render", daemon=True)
                self._thread.start()
            self._condition.notify_all()
        self._set_busy(True)
        return self._newest

    def cancel(self) -> None:
        """Drops what runs and what waits. Answers at once; the worker stops at the engine's next check."""
        self._void()
        self._set_busy(False)

    @Slot()
    def shutdown(self, timeout: float = 10.0) -> bool:
        """Cancels and ends the worker; nothing is delivered any more. False if it did not end in `timeout`
        seconds.
        """
        self._closed = True
        self.cancel()
        with self._condition:
            self._condition.notify_all()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # ------------------------------------------------------------ GUI thread

    def _void(self) -> None:
        with self._condition:
            self._waiting = None
            if self._running is not None:
                self._running.cancel.set()
        self._settled = self._newest

    @Slot(str, int, object)
    def _take(self, kind: str, stamp: int, payload: object) -> None:
        if self._closed or stamp <= self._settled:
            return
        if kind == "progress":
            self.progress.emit(*cast(tuple[float, str], payload))
            return
        self._settled = stamp
        if kind == "rendered":
            self._rendered_stamp = stamp
            result, seconds = cast(tuple[object, float], payload)
            self._last_seconds = seconds
            self.rendered.emit(result)
        else:
            self.failed.emit(payload)
        self._set_busy(self._settled < self._newest)

    def _set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)

    # ------------------------------------------------------------ worker thread

    def _work(self) -> None:
        while True:
            with self._condition:
                self._running = None
                while self._waiting is None and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                assert self._waiting is not None
                job, self._waiting = self._waiting, None
                self._running = job
            self._render(job)

    def _render(self, job: _Job) -> None:
        began = time.perf_counter()
        try:
            request = job.request() if callable(job.request) else job.request
            with self._gate.use(preview=True, cancel=job.cancel) as session:
                result: RenderResult = session.run(
                    request, lambda part, text: self._post("progress", job.stamp, (part, text)), job.cancel
                )
        except Exception as error:  # whatever happened, the lane lives on and the user is told
            self._post("failed", job.stamp, as_engine_error(error))
        else:
            self._post("rendered", job.stamp, (result, time.perf_counter() - began))

    def _post(self, kind: str, stamp: int, payload: object) -> None:
        try:
            self._posted.emit(kind, stamp, payload)
        except RuntimeError:
            pass  # the lane was destroyed while an engine that does not answer was still at work
