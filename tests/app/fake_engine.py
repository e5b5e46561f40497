"""An engine without networks for tests of the lanes: it stops where a test wants it to, and records who called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from engine.errors import Cancelled

PATIENCE_S = 10.0  # how long anything here waits for a test at most


class Asked:
    """What a document's scene is for the render lane: a request, which has no preview."""

    pace_key = ("weights", "float32")
    pace_size = (64, 64, "full")

    def __init__(self, request: Any) -> None:
        self.request = request

    def to_request(self) -> Any:
        return self.request

    def sizes(self, session: Any) -> tuple[tuple[int, int], list[tuple[int, int]]]:
        return (64, 64), []

    def reduced(self, height: int, width: int) -> Asked:
        raise AssertionError("it has no preview")

    def picture_of(self, result: Any) -> Any:
        return result


class FakeSession:
    """`run` answers with the request itself; with `hold`, it first waits until `let_go` or the job's cancel."""

    def __init__(self) -> None:
        self.thread = threading.current_thread()
        self.ran: list[Any] = []
        self.threads: set[threading.Thread] = set()
        self.cancelled: list[Any] = []
        self.unloaded_in: list[threading.Thread] = []
        self.hold = False
        self.deaf = False  # looks at no cancel
        self.together = 0
        self.most_together = 0
        self.started = threading.Semaphore(0)
        self._go = threading.Semaphore(0)
        self._lock = threading.Lock()

    def let_go(self) -> None:
        """Lets one held job go on."""
        self._go.release()

    def wait_started(self) -> None:
        """Waits until one more job has begun."""
        assert self.started.acquire(timeout=PATIENCE_S), "no job began"

    def run(
        self,
        request: Any,
        on_progress: Callable[[float, str], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Any:
        with self._lock:
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            self.ran.append(request)
            self.threads.add(threading.current_thread())
        hold = self.hold  # as it is when the job begins
        try:
            self.started.release()
            if on_progress is not None:
                on_progress(0.5, f"half of {request}")
            if hold:
                self._wait(request, cancel)
            if isinstance(request, BaseException):
                raise request
            return request
        finally:
            with self._lock:
                self.together -= 1

    def unload(self) -> None:
        self.unloaded_in.append(threading.current_thread())

    def encode(self, weights: str, pixels: Any, label_map: Any) -> Any:
        return self.run(("encode", weights))

    def _wait(self, request: Any, cancel: threading.Event | None) -> None:
        for _ in range(int(PATIENCE_S / 0.01)):
            if self._go.acquire(timeout=0.01):
                return
            if cancel is not None and cancel.is_set() and not self.deaf:
                self.cancelled.append(request)
                raise Cancelled()
        raise AssertionError(f"{request} was held and never let go")


class FakeFactory:
    """Makes one FakeSession, in the thread that asks; the test may prepare it before."""

    def __init__(self) -> None:
        self.session = FakeSession()
        self.made_in: list[threading.Thread] = []
        self.error: Exception | None = None

    def __call__(self) -> Any:
        self.made_in.append(threading.current_thread())
        if self.error is not None:
            raise self.error
        return self.session
