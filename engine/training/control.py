"""What other threads ask of a run: to pause, to go on, to stop, to do something between two steps."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.errors import Cancelled

T = TypeVar("T")


class Control:
    """Shared between the thread that trains and all others; every method may be called from any thread.

    The training thread looks at it between two steps, and between two batches of a validation: an answer takes no
    longer than one of those.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._stopping = False
        self._serving = False
        self._asked: deque[tuple[Callable[[], Any], Future[Any]]] = deque()

    @property
    def paused(self) -> bool:
        """Whether the run was asked to pause."""
        return self._paused

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return self._stopping

    def pause(self) -> None:
        """Train no further step until `resume` or `stop`."""
        self._set(paused=True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._set(paused=False)

    def stop(self) -> None:
        """Save a checkpoint and end: `Loop.run` raises Cancelled."""
        self._set(stopping=True)

    def _set(self, paused: bool | None = None, stopping: bool | None = None) -> None:
        with self._changed:
            self._paused = self._paused if paused is None else paused
            self._stopping = self._stopping if stopping is None else stopping
            self._changed.notify_all()

    def ask(self, request: Callable[[], T]) -> Future[T]:
        """Have `request` done by the training thread between two steps, or here and now while nothing trains.

        The future holds its result or its error.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._serving:
                self._asked.append((request, future))
                self._changed.notify_all()
                return future
        _fulfil(request, future)
        return future

    # ------------------------------------------------------------------ for the training thread

    @contextmanager
    def serving(self) -> Iterator[None]:
        """While inside, `ask` waits for this thread; on leaving, what was asked last is done."""
        with self._changed:
            self._serving = True
        try:
            yield
        finally:
            with self._changed:
                self._serving = False
            self._serve()

    def check(self, on_pause: Callable[[bool], None] | None = None) -> None:
        """Do what was asked, wait while paused; raises Cancelled once the run is to stop.

        on_pause: called with True when waiting begins and with False when it ends.
        """
        self._serve()
        if self._paused and not self._stopping:
            if on_pause is not None:
                on_pause(True)
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._asked or self._stopping or not self._paused)
                    continuing = self._stopping or not self._paused
                self._serve()
                if continuing:
                    break
            if on_pause is not None:
                on_pause(False)
        if self._stopping:
            raise Cancelled

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._asked:
                    return
                request, future = self._asked.popleft()
            _fulfil(request, future)


def _fulfil(request: Callable[[], Any], future: Future[Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(request())
    except BaseException as error:  # it belongs to the thread that asked
        future.set_exception(error)
