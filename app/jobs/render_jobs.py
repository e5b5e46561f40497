"""What the render lane is given, and what it makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from app.jobs.pace import Pace, Painting

if TYPE_CHECKING:
    from engine.requests.base import Request
    from engine.session import Session

MANY = 64  # sizes of label maps that are remembered


class Sizable(Protocol):
    """What a request will be made of, in the worker: as it is, or for a smaller picture."""

    @property
    def pace_key(self) -> tuple[Any, ...]:
        """What the time depends on apart from the size (weights, precision, kind of request)."""
        ...

    @property
    def pace_size(self) -> tuple[int, int, str]:
        """Height and width of the label map, and the request's detail."""
        ...

    def sizes(self, session: Session) -> tuple[tuple[int, int], list[tuple[int, int]]]:
        """Height and width of the exact picture, and of the previews that there may be; this may read the weights."""
        ...

    def to_request(self) -> Request[Any]: ...

    def reduced(self, height: int, width: int) -> Sizable:
        """What a preview of that size is made of."""
        ...

    def picture_of(self, result: Any) -> Any:
        """What the request's result shows, with `pixels` (H, W, 3) uint8. Asked in the worker."""
        ...


@dataclass
class Job:
    """A request on its way."""

    stamp: int
    source: Sizable
    moving: bool = False
    previewed: bool = False
    cancel: threading.Event = field(default_factory=threading.Event)
    superseded: bool = False  # a newer one replaced it: that it was cancelled is not reported
    began: float = 0.0
    painting: Painting | None = None  # what is being painted


@dataclass(frozen=True)
class Ways:
    """The ways to paint a label map of one size with some weights."""

    exact: Painting
    previews: tuple[Painting, ...]


def ways_key(source: Sizable) -> tuple[Any, ...]:
    """What decides the ways to paint it: weights, kind of request, size of the label map, detail."""
    return (*source.pace_key, *source.pace_size)


class Learnt:
    """What is known of one session: at which sizes its weights paint, and how long that takes."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._ways: dict[tuple[object, ...], Ways] = {}
        self._session: object = None

    def meet(self, session: object) -> None:
        """Another session is another device, or weights read again: what was learnt of the old one no longer holds."""
        if self._session is not session:
            if self._session is not None:
                self.pace = Pace()
                self._ways.clear()
            self._session = session

    def ways(self, source: Sizable) -> Ways | None:
        """At which sizes such a label map is painted; None before they were asked for."""
        return self._ways.get(ways_key(source))

    def keep(self, source: Sizable, ways: Ways) -> None:
        """What the session has answered."""
        if len(self._ways) > MANY:
            self._ways.clear()
        self._ways[ways_key(source)] = ways

    def seconds(self, pace_key: tuple[Any, ...]) -> Callable[[Painting], float]:
        """How long each way of painting takes, as far as it was seen."""
        return lambda painting: self.pace.seconds(pace_key, painting)
