"""One engine session for both lanes, and who may use it when.

Weights are loaded once, so there is one `Session`, made by the first worker that needs it (never in the GUI
thread: making it imports torch). The lanes keep threads of their own, so that reading and writing files never
holds up a preview; for networks they take turns here, one call at a time, because two of them at once would
only halve each other's speed. Previews go first, but never twice in a row past a waiting call of the other
lane: a preview waits for at most one call (a job made of several calls, such as parse and then encode, lets
previews in between), and a parse waits for at most two previews, however long someone keeps painting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.jobs.preload import large_import, preload_torch
from engine.errors import Cancelled

if TYPE_CHECKING:
    from engine.session import Session

_POLL_S = 0.05  # how often a waiting call looks whether it was cancelled


class SessionGate:
    """Owns the session. Thread-safe."""

    def __init__(self, factory: Callable[[], Session]) -> None:
        """`factory` makes the session; it is called in a worker thread, on the first use."""
        self._factory = factory
        self._session: Session | None = None
        self._outdated = False  # the session is of a factory that was replaced
        self._turn = threading.Condition()
        self._taken = False
        self._waiting_previews = 0
        self._waiting_work = 0
        self._preview_was_last = False

    def replace(self, factory: Callable[[], Session]) -> None:
        """Uses another session (another device) from the next call on; a call that runs keeps its own to the end.

        The worker of that next call first lets the old session give its memory back: the new one may need it.
        """
        with self._turn:
            self._factory = factory
            self._outdated = True

    @contextmanager
    def use(self, *, preview: bool, cancel: threading.Event | None = None) -> Iterator[Session]:
        """Waits for its turn, then lends the session for one call. Raises Cancelled if `cancel` is set
        meanwhile.
        """
        self._enter(preview, cancel)
        try:
            yield self._have_session()
        finally:
            with self._turn:
                self._taken = False
                self._preview_was_last = preview
                self._turn.notify_all()

    def _enter(self, preview: bool, cancel: threading.Event | None) -> None:
        with self._turn:
            self._count(preview, 1)
            try:
                while not self._may_enter(preview):
                    if cancel is not None and cancel.is_set():
                        raise Cancelled()
                    self._turn.wait(_POLL_S)
                self._taken = True
            finally:
                self._count(preview, -1)

    def _may_enter(self, preview: bool) -> bool:
        if self._taken:
            return False
        if preview:
            return not (self._preview_was_last and self._waiting_work)
        return self._preview_was_last or not self._waiting_previews

    def _count(self, preview: bool, change: int) -> None:
        if preview:
            self._waiting_previews += change
        else:
            self._waiting_work += change

    def _have_session(self) -> Session:
        """Only the one who holds the turn gets here. Loading and unloading may take seconds."""
        with self._turn:
            factory, outdated = self._factory, self._outdated
            self._outdated = False
        if outdated and self._session is not None:
            old, self._session = self._session, None
            old.unload()
        if self._session is None:
            self._session = factory()
        return self._session


def session_factory(device: str = "auto") -> Callable[[], Session]:
    """A factory for the real session on a device; imports the engine's networks only when it is called."""

    def make() -> Session:
        preload_torch()
        with large_import():
            from engine.session import Session

        return Session(device)

    return make
