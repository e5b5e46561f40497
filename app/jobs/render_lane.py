"""Live rendering: one worker thread, the latest request wins.

While a render runs, at most one newer request waits; it is replaced by newer ones. What runs is shown when it
is ready even if something newer waits already: otherwise someone who keeps painting would never see the
picture. What has not begun, because the engine is being loaded or is busy with other work, gives way at once. Each
request has a stamp; only the GUI thread decides, by the stamp, whether a result still counts, so nothing is delivered
after `cancel` or `shutdown`.

Where the exact picture would take too long to follow the hand, a smaller one of the same source (`Sizable`) is shown
first; `app.jobs.pace` decides. The exact picture comes as soon as the hand rests, and always comes in the end, unless
something newer takes its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.jobs.failure import as_engine_error
from app.jobs.pace import BURST_S, IDLE_S, Painting, Size, choose, gives_way
from app.jobs.render_jobs import Job, Learnt, Sizable, Ways
from app.jobs.session_gate import SessionGate, session_factory
from app.jobs.worker import end_worker
from engine.progress import Progress


class RenderLane(QObject):
    """All methods and signals belong to the GUI thread."""

    rendered = Signal(object)  # an exact result, with `pixels`
    previewed = Signal(object)  # one of a smaller picture; the exact one follows
    progress = Signal(float, object)  # 0-1 and what is being done, of the render that runs
    failed = Signal(object)  # EngineError
    busy_changed = Signal(bool)

    _posted = Signal(str, int, object)  # from the worker: kind, stamp, payload

    def __init__(
        self,
        gate: SessionGate | None = None,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`gate`: the session shared with the other lane; without one, a session of its own. `clock`: for tests."""
        super().__init__(parent)
        self._gate = gate if gate is not None else SessionGate(session_factory())
        self._clock = clock
        self._condition = threading.Condition()
        self._learnt = Learnt()  # under the condition's lock
        self._hand_down = False
        self._last_change = float("-inf")
        self._thread: threading.Thread | None = None
        self._waiting: Job | None = None
        self._running: Job | None = None
        self._closed = False
        self._newest = 0  # stamp of the newest request
        self._settled = 0  # requests up to this stamp are delivered, replaced or cancelled
        self._busy = False
        self._rendered_source: object = None
        self._posted.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        return self._busy

    @property
    def rendered_source(self) -> object:
        """What was submitted for the result that was delivered last; valid in slots of `rendered` and `previewed`."""
        return self._rendered_source

    def submit(self, source: Sizable, *, drop_running: bool = False, previewed: bool = False) -> None:
        """Renders as soon as the worker is free, unless something newer comes.

        `source`: what the request is made of in the worker (`document.scene`). `drop_running`: what runs now has
        become meaningless (another document): cancel it and drop its result. `previewed`: a picture of it is seen
        already, so that only the exact one is of use.
        """
        if self._closed:
            raise RuntimeError("the render lane is shut down")
        if drop_running:
            self._void()
        self._newest += 1
        now = self._clock()
        with self._condition:
            burst = self._busy and not drop_running and now - self._last_change < BURST_S
            self._last_change = now
            job = Job(self._newest, source, moving=self._hand_down or burst, previewed=previewed)
            if self._running is not None and not drop_running:
                self._let_pass(self._running, job, now)
            self._waiting = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tessera-render", daemon=True)
                self._thread.start()
            self._condition.notify_all()
        self._set_busy(True)

    def set_hand_down(self, down: bool) -> None:
        """Whether a brush or a slider is held: then previews may stand in for exact pictures until it rests."""
        if down == self._hand_down:
            return
        self._hand_down = down
        if not down:
            with self._condition:
                self._last_change = float("-inf")
                if self._waiting is not None:
                    self._waiting.moving = False
                if self._running is not None:
                    self._running.moving = False
                self._condition.notify_all()

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
        return end_worker(self._thread, self._condition, timeout)

    # ------------------------------------------------------------ GUI thread

    def _void(self) -> None:
        with self._condition:
            self._waiting = None
            if self._running is not None:
                self._running.cancel.set()
            self._condition.notify_all()
        self._settled = self._newest

    def _let_pass(self, running: Job, newer: Job, now: float) -> None:
        """Stops an exact picture that would keep a newer request waiting. The lock is held."""
        if running.painting is None or not running.painting.exact:
            return
        ways = self._learnt.ways(newer.source)
        if ways is None or ways.exact != running.painting:
            return
        elapsed = now - running.began
        seconds = self._learnt.seconds(newer.source.pace_key)
        if gives_way(ways.exact, ways.previews, seconds, elapsed=elapsed, moving=newer.moving):
            running.superseded = True
            running.cancel.set()

    @Slot(str, int, object)
    def _take(self, kind: str, stamp: int, payload: object) -> None:
        if self._closed or stamp <= self._settled:
            return
        if kind == "progress":
            self.progress.emit(*cast(tuple[float, str], payload))
            return
        if kind == "failed":
            self._settled = stamp
            self.failed.emit(payload)
        else:
            result, self._rendered_source = cast(tuple[object, object], payload)
            if kind == "previewed":
                self.previewed.emit(result)
                return  # not settled: the exact picture of this request, or something newer, is still to come
            self._settled = stamp
            self.rendered.emit(result)
        self._set_busy(self._settled < self._newest)

    def _set_busy(self, busy: bool) -> None:
        if busy != self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)

    # ------------------------------------------------------------ worker thread

    def _work(self) -> None:
        while True:
            with self._condition:
                job = self._next()
                if job is None:
                    return
                self._running = job
            self._render(job)

    def _next(self) -> Job | None:
        """The newest request; the last one again where it was only previewed and the hand rests; None at the end."""
        finished_job = self._running
        while not self._closed:
            if self._waiting is not None:
                job, self._waiting = self._waiting, None
                return job
            if finished_job is None or not finished_job.previewed or finished_job.cancel.is_set():
                self._running = finished_job = None
                self._condition.wait()
                continue
            seconds_to_rest = self._last_change + IDLE_S - self._clock() if finished_job.moving else 0.0
            if seconds_to_rest <= 0:
                return finished_job
            self._condition.wait(seconds_to_rest)
        return None

    def _render(self, job: Job) -> None:
        try:
            with self._gate.use(preview=True, cancel=job.cancel) as session:
                job = self._newest_of(job)
                result, exact = self._render_sized(session, job)
            picture = job.source.picture_of(result)
        except Exception as error:  # whatever happened, the lane lives on and the user is told
            job.previewed = False  # there is nothing to finish
            if not job.superseded:
                self._post("failed", job.stamp, as_engine_error(error))
            return
        finally:
            with self._condition:
                job.painting = None
        job.previewed = not exact
        self._post("rendered" if exact else "previewed", job.stamp, (picture, job.source))

    def _newest_of(self, job: Job) -> Job:
        """The job, or the one that came while it waited for its turn, or for the engine at the start."""
        with self._condition:
            if self._waiting is not None:
                self._running, self._waiting = self._waiting, None
            return self._running or job

    def _render_sized(self, session: Any, job: Job) -> tuple[Any, bool]:
        """The result of what the pace asks for now, and whether it is the exact picture."""
        source, pace_key = job.source, job.source.pace_key
        with self._condition:
            self._learnt.meet(session)
        ways = self._ways_of(session, source)
        with self._condition:
            painting = choose(
                ways.exact,
                ways.previews,
                self._learnt.seconds(pace_key),
                moving=job.moving,
                previewed=job.previewed,
            )
            job.painting, job.began = painting, self._clock()
        sized = source if painting.exact else source.reduced(*painting.size)
        result = session.run(sized.to_request(), self._reporter(job) if painting.exact else None, job.cancel)
        with self._condition:
            self._learnt.pace.observe(pace_key, painting, self._clock() - job.began)
        return result, painting.exact

    def _ways_of(self, session: Any, source: Sizable) -> Ways:
        """At which sizes these weights paint such a label map; asked once. Reads the weights where they are new."""
        with self._condition:
            ways = self._learnt.ways(source)
        if ways is None:
            exact, previews = source.sizes(session)
            ways = Ways(
                Painting(Size(*exact), exact=True), tuple(Painting(Size(*size), exact=False) for size in previews)
            )
            with self._condition:
                self._learnt.keep(source, ways)
        return ways

    def _reporter(self, job: Job) -> Progress:
        return lambda fraction, text: self._post("progress", job.stamp, (fraction, text))

    def _post(self, kind: str, stamp: int, payload: object) -> None:
        try:
            self._posted.emit(kind, stamp, payload)
        except RuntimeError:
            pass  # the lane was destroyed while an engine that does not answer was still at work
