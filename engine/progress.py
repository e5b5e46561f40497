"""How long work reports where it is, and stops when it is asked to."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import Cancelled

Progress = Callable[[float, str], None]
"""(fraction 0..1, what is being done); may raise Cancelled."""


def stoppable(on_progress: Progress | None, stopping: Callable[[], bool] | None) -> Progress:
    """Reports that go on to `on_progress`, and raise Cancelled once `stopping` says so."""

    def report(fraction: float, text: str) -> None:
        if stopping is not None and stopping():
            raise Cancelled
        if on_progress is not None:
            on_progress(min(fraction, 1.0), text)

    return report
