"""What every request is: a frozen object that holds all that decides one job's result, and knows how to do the job.

A kind of request is one file beside this one: the request, its result, and `run`, which turns one into the other. The
system whose weights serve it names it in `System.requests`; from there `engine.requests.json_text` knows it by its tag,
`Session.run` performs it and `tessera request` reads and writes it. Nothing here imports torch: the editor makes
requests before torch is loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec
from msgspec import structs

from engine.errors import Message
from engine.files import PathLike

if TYPE_CHECKING:
    import torch
    from typing_extensions import Self

    from engine.requests.kept import Kept
    from engine.requests.style_pictures import StyleCodeCache
    from engine.systems.shelf import Shelf

Report = Callable[[float, str], None]
"""Called with (fraction 0..1, what is being done), often; raises Cancelled once the job is to stop."""


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What requests, styles and label maps share: `replace(seed=3)` gives a changed copy, checked again."""

    def replace(self, **changes: Any) -> Self:
        return structs.replace(self, **changes)


class Result(Protocol):
    """What a request gives; it can write itself.

    notes: what a user should know about it, each a sentence.
    """

    @property
    def notes(self) -> tuple[str, ...]: ...

    def save(self, path: PathLike) -> None:
        """Write it to a file whose name ends in one of the request's `suffixes`. Atomic. Raises BadFile."""
        ...

    def facts(self) -> dict[str, Any]:
        """What a program wants to know about it, as JSON has it."""
        ...

    def lines(self) -> list[str]:
        """The same for people; the first line stands behind the file's name."""
        ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Services:
    """What a request works with.

    shelf: weights, read once and kept, and the parser of a label set. codes: style codes of pictures, kept.
    kept: all else that is worked out once for several requests. device: where networks compute. cancel: set from any
    thread to stop the job; `Report` looks at it.
    """

    shelf: Shelf
    codes: StyleCodeCache
    kept: Kept
    device: torch.device
    cancel: threading.Event

    def runtime(self, request: Request[Any]) -> Any:
        """The request's weights, ready to use: what their system's `runtime` makes of them.

        Raises WeightsError: they are missing or damaged, or their system does not serve this kind of request.
        """
        return self.shelf.serving(request.weights, type(request))


class Request(Frozen, Generic[R], frozen=True, tag_field="kind"):
    """One job for one set of weights; a kind derives from it with `tag="its name in JSON"`.

    Its fields are checked when it is made: wrong ones raise BadRequest.
    """

    task: ClassVar[Message]
    """What weights do that serve it, behind "does not"."""
    suffixes: ClassVar[tuple[str, ...]]
    """What the name of a file that its result is written to may end in."""
    unless_empty: ClassVar[tuple[str, ...]] = ()
    """Fields that JSON has only where they hold something."""

    weights: str

    def run(self, services: Services, report: Report) -> R:
        """Do the job. Raises EngineError of some kind, Cancelled among them."""
        raise NotImplementedError

    def located(self, folder: Path) -> Self:
        """The request that a file in `folder` holds: its relative paths are those of files there (or below), never of
        the current directory."""
        return self

    def as_in_file(self, target: PathLike) -> Self:
        """The inverse: the request as a file at `target` holds it. Files that it needs have a path, relative where they
        lie beside or below that file; those that it is complete without have their name alone."""
        return self

    def check_data(self) -> None:
        """Raise BadRequest where data inside (a PNG, say) is damaged; asked when a file is read, before any job."""
