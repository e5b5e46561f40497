"""What work is done for. A result that comes when its document has become another one belongs nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Subject(Protocol):
    """Something that work is done for, such as the document."""

    @property
    def origin(self) -> object:
        """Equal as long as it is the same one."""
        ...


class Painted(Subject, Protocol):
    """A document that is painted with weights."""

    @property
    def weights(self) -> str: ...


@dataclass(frozen=True)
class SameModel:
    """A document for as long as it keeps its weights: style codes belong to weights."""

    document: Painted

    @property
    def origin(self) -> tuple[object, str]:
        return self.document.origin, self.document.weights


def unchanged(subject: Subject) -> Callable[[], bool]:
    """A function that tells whether the subject is still what it is now."""
    origin = subject.origin
    return lambda: subject.origin == origin
