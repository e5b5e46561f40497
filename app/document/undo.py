"""The undo stack. Plain Python, no Qt.

A step is a command: it knows its text for the menu, how many bytes it holds, and how to go back and forth on
the document that made it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol

MAX_STEPS = 500
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Step:
    """A command as a file holds it, and what it is called. What changes nothing but kept pictures is this alone."""

    text: str


class Command(Protocol):
    """One step of the history."""

    text: str
    merge_key: Hashable | None

    @property
    def nbytes(self) -> int: ...

    @property
    def stored(self) -> Step | None:
        """What a file holds of it; None where it belongs to another document too, so that what comes before cannot be
        gone back to."""
        ...

    def undo(self) -> None: ...

    def redo(self) -> None: ...

    def absorb(self, later: Command) -> None:
        """Takes over what `later`, a command of the same kind and merge key, changed."""
        ...


@dataclass(frozen=True)
class Moment:
    """Steps done and undone, oldest first, and where the saved state lies among them."""

    done: tuple[Command, ...]
    undone: tuple[Command, ...]
    clean: int | None


def _reachable(commands: Iterable[Command]) -> list[Step]:
    """The steps of commands, until one leads to another document."""
    steps: list[Step] = []
    for command in commands:
        step = command.stored
        if step is None:
            break
        steps.append(step)
    return steps


class UndoStack:
    """Linear history within a number of steps and of bytes; the oldest steps go first."""

    def __init__(self, *, max_steps: int = MAX_STEPS, max_bytes: int = MAX_BYTES) -> None:
        self._max_steps = max_steps
        self._max_bytes = max_bytes
        self._done: list[Command] = []
        self._undone: list[Command] = []
        self._clean: int | None = 0  # number of done steps at the last save; None: no longer reachable
        self._sealed = False  # the next push starts a step of its own

    def push(self, command: Command) -> None:
        """Adds a step that has already happened; what could be redone is forgotten.

        It joins the step before it where both carry the same merge key and nothing sealed that one (a slider
        that is being dragged makes one step).
        """
        if self._clean is not None and self._clean > len(self._done):
            self._clean = None
        self._undone.clear()
        last_command = self._done[-1] if self._done else None
        joins = (
            last_command is not None
            and not self._sealed
            and command.merge_key is not None
            and last_command.merge_key == command.merge_key
            and type(last_command) is type(command)
            and self._clean != len(self._done)  # never change a step that the saved file ends with
        )
        if joins and last_command is not None:
            last_command.absorb(command)
        else:
            self._done.append(command)
        self._sealed = False
        self._trim()

    def _trim(self) -> None:
        """Drops the oldest steps over the limits; the last one stays, whatever it weighs."""
        total_bytes = self.nbytes
        dropped_count = 0
        while len(self._done) - dropped_count > 1 and (
            len(self._done) - dropped_count > self._max_steps or total_bytes > self._max_bytes
        ):
            total_bytes -= self._done[dropped_count].nbytes
            dropped_count += 1
        if dropped_count:
            del self._done[:dropped_count]
            if self._clean is not None:
                self._clean = self._clean - dropped_count if self._clean >= dropped_count else None

    def undo(self) -> bool:
        if not self._done:
            return False
        command = self._done.pop()
        command.undo()
        self._undone.append(command)
        self._sealed = True
        return True

    def redo(self) -> bool:
        if not self._undone:
            return False
        command = self._undone.pop()
        command.redo()
        self._done.append(command)
        self._sealed = True
        return True

    def stored(self) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """What files hold of the steps done and undone, each in the order in which they were made."""
        done = _reachable(self._done[::-1])
        return tuple(done[::-1]), tuple(_reachable(self._undone[::-1]))

    def take_over(self, done: Iterable[Command], undone: Iterable[Command]) -> None:
        """Takes steps that a file holds, in the order in which they were made, as if they had been made since."""
        self._done += done
        self._undone = list(undone)[::-1]
        self._sealed = True
        self._trim()

    def since(self, step: Command | None) -> list[Command]:
        """The steps that came after one, done and undone; all of them where it is not among those that are done."""
        position = next((place for place, done_step in enumerate(self._done) if done_step is step), -1)
        return self._done[position + 1 :] + self._undone

    def moment(self) -> Moment:
        """The history as it is now, for `return_to`; the next step is one of its own."""
        self._sealed = True
        return Moment(tuple(self._done), tuple(self._undone), self._clean)

    def return_to(self, moment: Moment) -> None:
        """Takes back every step since, and forgets that they were: what could be redone then can be again."""
        steps_before = set(map(id, moment.done))
        while self._done and id(self._done[-1]) not in steps_before:
            self._done.pop().undo()
        self._done, self._undone, self._clean = list(moment.done), list(moment.undone), moment.clean
        self._sealed = True

    def seal(self) -> None:
        """Ends merging: the next step with the same key is a new one (the slider was released)."""
        self._sealed = True

    def clear(self) -> None:
        self._done.clear()
        self._undone.clear()
        self._clean = 0
        self._sealed = False

    def set_clean(self) -> None:
        """Marks the present state as the saved one."""
        self._clean = len(self._done)

    def clear_clean(self) -> None:
        """No state of the history is the saved one."""
        self._clean = None

    @property
    def clean(self) -> bool:
        return self._clean == len(self._done)

    @property
    def done_count(self) -> int:
        """How many steps `undo` can take back."""
        return len(self._done)

    @property
    def texts(self) -> list[str]:
        """What the steps are called, done and undone, in the order in which they were made."""
        return [command.text for command in [*self._done, *reversed(self._undone)]]

    @property
    def undo_text(self) -> str:
        """Text of the step that `undo` takes back; empty where there is none."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        return self._undone[-1].text if self._undone else ""

    @property
    def nbytes(self) -> int:
        return sum(command.nbytes for command in self._done) + sum(command.nbytes for command in self._undone)
