"""Finds what a test leaves running: Python threads, QThreads, QTimers and jobs in Qt's thread pool.

`watch()` is called once, before any test: from then on everything that is started remembers where.
A `Snapshot` is taken before a test; `Snapshot.leaks()` after it names what the test left behind.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Iterable
from typing import Any

# Threads of libraries that keep one for the life of the process.
_LIBRARY_THREADS = ("TMonitor", "pytest_timeout", "ThreadPoolExecutor-torch")
_PATIENCE_S = 2.0  # a thread told to stop may need a moment to be gone

_thread_origins: weakref.WeakKeyDictionary[threading.Thread, str] = weakref.WeakKeyDictionary()
_qt_started: dict[str, dict[int, tuple[weakref.ref[Any], str]]] = {"QThread": {}, "QTimer": {}}


def _origin() -> str:
    """Where the caller's caller was started, as `file:line in function`, innermost frame of ours first."""
    frames = [f for f in traceback.extract_stack()[:-2] if "site-packages" not in f.filename]
    frames = [f for f in frames if "/threading.py" not in f.filename and "leaks.py" not in f.filename]
    return " <- ".join(f"{f.filename}:{f.lineno} in {f.name}" for f in reversed(frames[-3:]))


def watch() -> None:
    """Wrap the `start` of threads and timers so that each remembers where it was started."""
    original = threading.Thread.start

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        _thread_origins[self] = _origin()
        original(self)

    threading.Thread.start = start  # type: ignore[method-assign]
    try:
        from PySide6 import QtCore
    except ImportError:  # a server with the engine alone
        return
    for name in _qt_started:
        _watch_qt(getattr(QtCore, name), _qt_started[name])


def _watch_qt(kind: Any, started: dict[int, tuple[weakref.ref[Any], str]]) -> None:
    original = kind.start

    @functools.wraps(original)
    def start(self: Any, *args: Any) -> Any:
        started[id(self)] = (weakref.ref(self), _origin())
        return original(self, *args)

    kind.start = start


class Snapshot:
    """The threads that were alive before a test."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        for started in _qt_started.values():
            started.clear()

    def leaks(self) -> list[str]:
        """One line for each thing that the test left running, after a short wait for what is ending."""
        _delete_what_waits_for_deletion()
        deadline = time.monotonic() + _PATIENCE_S
        for thread in self._new_threads():
            thread.join(max(0.0, deadline - time.monotonic()))
        found = [
            f"thread {t.name!r}, started at {_thread_origins.get(t, 'an unknown place')}" for t in self._new_threads()
        ]
        found += _running("QThread", "isRunning", deadline)
        found += _running("QTimer", "isActive", 0.0)
        found += _busy_pool(deadline)
        for started in _qt_started.values():
            started.clear()
        return found

    def _new_threads(self) -> Iterable[threading.Thread]:
        return [
            t
            for t in threading.enumerate()
            if t not in self._threads
            and t is not threading.current_thread()
            and not isinstance(t, threading._DummyThread)
            and not t.name.startswith(_LIBRARY_THREADS)
        ]


def _running(name: str, question: str, deadline: float) -> list[str]:
    started = _qt_started[name]
    if not started:
        return []
    import shiboken6

    found = []
    for reference, origin in list(started.values()):
        thing = reference()
        if thing is None or not shiboken6.isValid(thing):
            continue
        if name == "QThread" and thing.isRunning():
            thing.wait(max(0, int(1000 * (deadline - time.monotonic()))))
        if getattr(thing, question)():
            found.append(f"{name} {thing.objectName()!r}, started at {origin}")
            if name == "QTimer":
                thing.stop()  # so that it does not fire in the next test
    return found


def _busy_pool(deadline: float) -> list[str]:
    if "PySide6.QtCore" not in sys.modules:
        return []
    from PySide6.QtCore import QThreadPool

    pool = QThreadPool.globalInstance()
    if pool.activeThreadCount() and not pool.waitForDone(max(0, int(1000 * (deadline - time.monotonic())))):
        return [f"{pool.activeThreadCount()} jobs in Qt's global thread pool"]
    return []


def _delete_what_waits_for_deletion() -> None:
    """Carry out `deleteLater`, as an event loop would: widgets that are closed stop their timers."""
    if "PySide6.QtCore" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
