"""Make: pictures of a class, out of noise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest, Message
from engine.files import PathLike
from engine.pictures.entity_colours import layout_colours
from engine.pictures.images import PICTURE_SUFFIXES, write_image
from engine.pictures.montage import grid
from engine.requests.base import Report, Request, Services
from engine.requests.styles import MAX_SEED, as_seed

Array = np.ndarray
MOST_PICTURES = 400
LEAST_TRUNCATION = 0.05
"""Below it, numbers are drawn again for too long."""


class Maker(Protocol):
    """Weights in use that serve make requests; `class_names`: what they make pictures of."""

    finds_entities: bool
    """Whether the network finds entities by itself, whose layout can be shown."""

    class_names: tuple[str, ...]

    def make(
        self, seeds: Sequence[int], shares: Sequence[float], truncation: float, report: Callable[[int, int], None]
    ) -> Array:
        """Pictures (N, H, W, 3) uint8, one per seed, of a mixture of classes."""
        ...

    def entities(self, seeds: Sequence[int], shares: Sequence[float], truncation: float) -> Array:
        """Where the network finds each of its entities in those pictures: (N, n, h, w) float32, shares whose sum is 1
        at each place of a smaller picture."""
        ...


@dataclass(frozen=True)
class MakeResult:
    """pictures (N, H, W, 3) uint8 sRGB, the first of the request's seed, each further one of the next; columns of the
    sheet that they are saved as; seconds taken; entities (N, n, h, w): as `Maker` says, if asked for."""

    pictures: Array
    request: MakeRequest
    columns: int
    seconds: float
    notes: tuple[str, ...] = ()
    entities: Array | None = None

    def sheet(self) -> Array:
        """One picture as it is; several in rows: (H, W, 3) uint8. Each with its entities on its right, if any."""
        pictures = list(self.pictures)
        if self.entities is not None:
            layouts = (layout_colours(layout, *self.pictures.shape[1:3]) for layout in self.entities)
            pictures = [np.hstack(pair) for pair in zip(pictures, layouts, strict=True)]
        return pictures[0] if len(pictures) == 1 else grid(pictures, self.columns)

    def overlaid(self, opacity: float) -> list[Array]:
        """The pictures, each with its entities over it if they were asked for. opacity: of the colours, 0 to 1."""
        pictures = list(self.pictures)
        if self.entities is None:
            return pictures
        layouts = [layout_colours(layout, *self.pictures.shape[1:3]) for layout in self.entities]
        return [
            np.rint((1 - opacity) * picture + opacity * colours).astype(np.uint8)
            for picture, colours in zip(pictures, layouts, strict=True)
        ]

    def save(self, path: PathLike) -> None:
        """Write the sheet by the name's suffix. Raises BadFile."""
        write_image(path, self.sheet())

    def facts(self) -> dict[str, Any]:
        """How many pictures of what size there are, and of which seeds."""
        count, height, width = self.pictures.shape[:3]
        seeds = {"first_seed": self.request.seed, "last_seed": self.request.seed + count - 1}
        return {"pictures": count, "width": width, "height": height, **seeds, "seconds": self.seconds}

    def lines(self) -> list[str]:
        """The same, in one line."""
        count, height, width = self.pictures.shape[:3]
        return [f"{count} x {width} x {height}  {self.seconds:.2f} s"]


class MakeRequest(Request[MakeResult], frozen=True, tag="make"):
    """Make pictures of one class, or of a mixture of several.

    classes: name of each class -> how much of it, in any unit; {"sea": 1} is the sea, {"sea": 1, "forest": 1} half of
    each. seed: of the first picture; each further one has the next. count: of pictures. truncation: 0, or the furthest
    that a number of the noise may lie from 0. columns: of the sheet, 0 for one that is nearly square.
    entities: whether the layout is shown that the network finds in each picture by itself (attentive normalization).
    """

    task: ClassVar[Message] = Message("make pictures of classes")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES
    unless_empty: ClassVar[tuple[str, ...]] = ("entities",)

    classes: dict[str, float]
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    count: Annotated[int, Meta(ge=1, le=MOST_PICTURES)] = 1
    truncation: float = 0.0
    columns: Annotated[int, Meta(ge=0, le=MOST_PICTURES)] = 0
    entities: bool = False

    def __post_init__(self) -> None:
        structs.force_setattr(self, "classes", dict(sorted(self.classes.items())))
        structs.force_setattr(self, "seed", as_seed(self.seed))
        if not 1 <= self.count <= MOST_PICTURES:
            raise BadRequest('The key "count" is {0}; give a number from 1 to {1}.', self.count, MOST_PICTURES)
        as_seed(self.seed + self.count - 1)
        if not (self.truncation == 0 or self.truncation >= LEAST_TRUNCATION):
            raise BadRequest(
                'The key "truncation" is {0}; give 0 for none, or a number from {1} on.',
                self.truncation,
                LEAST_TRUNCATION,
            )
        shares = self.classes.values()
        if not all(0 <= share < float("inf") for share in shares) or not sum(shares) > 0:
            raise BadRequest('The key "classes" needs a class with a share above 0; name a class and give it 1.')

    def __hash__(self) -> int:
        classes = tuple(self.classes.items())
        return hash((self.weights, classes, self.seed, self.count, self.truncation, self.columns, self.entities))

    def run(self, services: Services, report: Report) -> MakeResult:
        """Load the weights and make the pictures. Raises BadRequest for a class that they do not know (it names those
        that they do), WeightsError, Cancelled."""
        started = time.perf_counter()
        report(0.0, Message("loading"))
        maker: Maker = services.runtime(self)
        unknown = sorted(self.classes.keys() - set(maker.class_names))
        if unknown:
            raise BadRequest(
                'The weights "{0}" know no class "{1}"; they know {2}.',
                self.weights,
                unknown[0],
                ", ".join(maker.class_names),
            )
        total = sum(self.classes.values())
        shares = [self.classes.get(name, 0.0) / total for name in maker.class_names]
        seeds = range(self.seed, self.seed + self.count)
        pictures = maker.make(
            seeds,
            shares,
            self.truncation,
            lambda made_count, count: report(0.1 + 0.9 * made_count / count, Message("painting")),
        )
        entities, notes = None, list[Message]()
        if self.entities and maker.finds_entities:
            entities = maker.entities(seeds, shares, self.truncation)
        elif self.entities:
            notes.append(Message('The weights "{0}" find no entities, so there is no layout to show.', self.weights))
        report(1.0, Message("painted"))
        return MakeResult(pictures, self, self.columns, time.perf_counter() - started, tuple(notes), entities)
