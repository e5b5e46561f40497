"""The end of a lane's worker thread."""

from __future__ import annotations

import threading


def end_worker(thread: threading.Thread | None, condition: threading.Condition, timeout: float) -> bool:
    """Wakes the worker of a lane that is closed and waits for it. Returns whether it ended in `timeout` seconds.

    thread: None where nothing was ever submitted. condition: what the worker waits for when it has nothing to do.
    """
    with condition:
        condition.notify_all()
    if thread is None:
        return True
    thread.join(timeout)
    return not thread.is_alive()
