"""Training in the background: one thread of the application per run, steered at the loop's own safe points.

The engine's `Control` pauses and stops the loop between two steps. The loop's reports are collected and handed to the
GUI thread in batches, so that a run of thousands of tiny steps per second costs the window no more than one of a step
per minute.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.jobs.failure import as_engine_error
from app.jobs.training_thread import train
from engine.errors import Cancelled, EngineError
from engine.files import cannot
from engine.training.control import Control

if TYPE_CHECKING:
    from engine.training.loop import Loop
    from engine.training.recipe import Recipe


class State(str, Enum):
    """What the lane does. PAUSING and STOPPING last until the loop reaches its next safe point."""

    IDLE = "idle"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"


class Ended(str, Enum):
    """How a run came to its end."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Plan:
    """One run to start or to go on with.

    folder: the run folder; new or empty unless `resume`.
    start: a .safetensors file or a run folder to take fitting tensors from.
    device: "auto" or a device id.
    threads: of torch, in the training thread; 0: one less than there are cores, so that the editor keeps one.
    following: what is trained when this is done.
    """

    recipe: Recipe
    data: Path
    folder: Path
    resume: bool = False
    start: Path | None = None
    device: str = "auto"
    threads: int = 0
    following: Plan | None = None


class Link:
    """What a trainer gets: the engine's control, which it hands to the loop, and the way back to the lane."""

    def __init__(self, lane: TrainingLane) -> None:
        self.control = Control()
        self.loop: Loop | None = None
        self._lane = lane

    def event(self, event: str, facts: dict[str, Any]) -> None:
        """The loop's callback."""
        self._lane._post(event, facts)

    def progress(self, fraction: float, text: str) -> None:
        """For what comes before the first step. Raises Cancelled when the run is to stop."""
        if self.control.stopping:
            raise Cancelled()
        self._lane._post("progress", {"part": float(fraction), "text": text})

    def prepared(self, loop: Loop | None) -> None:
        """The first step is about to come."""
        self.loop = loop
        self._lane._post("prepared", {})


Trainer = Callable[[Plan, Link], None]


class TrainingLane(QObject):
    """Runs one training at a time. All methods and signals belong to the GUI thread."""

    state_changed = Signal(object)  # State
    events = Signal(list)  # [(event, facts)] since the last time, as the loop reports them; "estimate" at the start
    progress = Signal(float, object)  # while preparing: 0-1 and what is done
    failed = Signal(object)  # EngineError
    ended = Signal(object)  # Ended; the state is IDLE by then

    _wake = Signal(object)  # the Link of the run that posts

    def __init__(self, parent: QObject | None = None, *, trainer: Trainer | None = None) -> None:
        """`trainer` trains in the thread and calls the control; tests give one of their own."""
        super().__init__(parent)
        self._trainer = trainer if trainer is not None else train
        self._state = State.IDLE
        self._link: Link | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._queue: deque[tuple[str, dict[str, Any]]] = deque()
        self._woken = False
        self._closed = False
        self._prepared = False
        self._wake.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> State:
        return self._state

    @property
    def active(self) -> bool:
        """Whether a run is under way, paused ones included."""
        return self._state is not State.IDLE

    @property
    def prepared(self) -> bool:
        """Whether the present run, or the last one, came as far as its first step: its folder is its own then."""
        return self._prepared

    def start(self, plan: Plan) -> None:
        """Start or resume a run; progress, reports and the end come as signals."""
        if self.active or self._closed:
            raise RuntimeError("a training is under way already")
        self._link = link = Link(self)
        self._queue.clear()
        self._woken = self._prepared = False
        self._set(State.PREPARING)
        self._thread = threading.Thread(target=self._work, args=(plan, link), name="tessera-training", daemon=True)
        self._thread.start()

    @Slot()
    def pause(self) -> None:
        """Hold the run at its next safe point; nothing is lost and nothing written."""
        if self._state is State.RUNNING and self._link is not None:
            self._set(State.PAUSING)
            self._link.control.pause()

    @Slot()
    def resume(self) -> None:
        """Go on after a pause."""
        if self._state in (State.PAUSING, State.PAUSED) and self._link is not None:
            self._set(State.RUNNING)
            self._link.control.resume()

    @Slot()
    def stop(self) -> None:
        """End the run at its next safe point, with a checkpoint to resume from."""
        if self.active and self._link is not None:
            self._set(State.STOPPING)
            self._link.control.stop()

    @property
    def loop(self) -> Loop | None:
        """The loop while it trains or is paused, for `Loop.snapshot`, which a worker may wait for; else None."""
        return self._link.loop if self._link is not None and self._state is not State.STOPPING else None

    def shutdown(self, timeout: float = 60.0) -> bool:
        """Stop, wait for the checkpoint and end the thread; nothing is delivered any more. False if it did not end
        in `timeout` seconds.
        """
        self._closed = True
        if self._link is not None:
            self._link.control.stop()
        if self._thread is None:
            return True  # nothing was trained, or it has ended
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        self._thread, self._link, self._state = None, None, State.IDLE
        return True

    # ------------------------------------------------------------ GUI thread

    def _set(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)

    @Slot(object)
    def _drain(self, link: Link) -> None:
        with self._lock:
            if link is not self._link:
                return
            taken, self._woken = list(self._queue), False
            self._queue.clear()
        if self._closed:
            return
        reports: list[tuple[str, dict[str, Any]]] = []
        for event, facts in taken:
            if event in _OWN:
                if reports:
                    self.events.emit(reports)
                    reports = []
                self._take(event, facts)
                continue
            if event == "phase" and facts.get("phase") == "paused" and self._state is State.PAUSING:
                self._set(State.PAUSED)
            reports.append((event, facts))
        if reports:
            self.events.emit(reports)

    def _take(self, event: str, facts: dict[str, Any]) -> None:
        if event == "progress":
            if self._state is State.PREPARING:
                self.progress.emit(facts["part"], facts["text"])
        elif event == "prepared":
            self._prepared = True
            if self._state is State.PREPARING:
                self._set(State.RUNNING)
        elif event == "end":
            self._end(facts["how"], facts["error"])

    def _end(self, how: Ended, error: EngineError | None) -> None:
        assert self._thread is not None
        self._thread.join()  # "end" is the last thing it posts
        self._thread, self._link = None, None
        self._set(State.IDLE)
        if error is not None:
            self.failed.emit(error)
        self.ended.emit(how)

    # ------------------------------------------------------------ training thread

    def _work(self, plan: Plan, link: Link) -> None:
        how = Ended.DONE
        problem: EngineError | None = None
        try:
            self._trainer(plan, link)
        except Cancelled:
            how = Ended.STOPPED
        except OSError as error:  # a disk that is full or was taken away
            how, problem = Ended.FAILED, cannot("write", error.filename or plan.folder, error)
        except Exception as error:  # whatever happened, the user is told and the editor lives on
            how, problem = Ended.FAILED, as_engine_error(error)
        finally:
            link.loop = None  # the networks' memory
        self._post("end", {"how": how, "error": problem})

    def _post(self, event: str, facts: dict[str, Any]) -> None:
        with self._lock:
            self._queue.append((event, facts))
            if self._woken:
                return
            self._woken = True
        try:
            self._wake.emit(self._link)
        except RuntimeError:
            pass  # the lane was destroyed while a step was still being computed


_OWN = frozenset(("progress", "prepared", "end"))
