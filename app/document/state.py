"""What a document holds, without any behaviour: the state that steps of the history change, and a frozen
copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.document.results import Results
from app.shell.i18n import tr
from engine.errors import BadRequest
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import Style

Precision = Literal["float32", "bfloat16"]


@dataclass(eq=False)
class Origin:
    """Which document this is: the same object through all its steps, another one for another document.

    ``path`` is the file that holds it, None while there is none; ``results`` are the pictures it keeps. States share
    their document's origin, so undo across two documents brings the right file and the right pictures back, and a
    save that ends late finds the document it was of.
    """

    path: Path | None = None
    results: Results = field(default_factory=Results)


@dataclass
class State:
    """Everything that a step of the history may change. Only `Document` and its commands touch it."""

    label_set: LabelSet
    label_map: np.ndarray  # (H, W) uint8, owned
    weights: str = ""
    styles: dict[int, Style] = field(default_factory=dict)  # a label that is missing has the mean style
    seed: int = 0
    precision: Precision = "float32"
    detail: Detail = "model"  # how a map larger than the weights know is painted
    locked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    style_locked: frozenset[int] = frozenset()  # labels whose style dice, "all regions" and resets leave alone
    photo: np.ndarray | None = None  # (H, W, 3) uint8: the photo that is edited, if any
    picture: np.ndarray | None = None  # (H, W, 3) uint8: what the engine painted last
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True)
class Snapshot:
    """What decides the picture, as it stood at one moment. Cheap to take; turn it into a request in a worker.

    Making the request compresses the label map as PNG, which takes tens of milliseconds at 2048 x 2048: too
    long for the thread that paints.
    """

    weights: str
    label_map: np.ndarray  # (H, W) uint8, read-only copy
    styles: dict[int, Style]
    seed: int
    precision: Precision = "float32"
    detail: Detail = "model"
    fingerprint: str = ""  # of the weights, which may be published anew under their name
    locked: frozenset[int] = frozenset()  # these two decide nothing of the picture: they travel with it
    style_locked: frozenset[int] = frozenset()

    def same_as(self, other: Snapshot) -> bool:
        """True when both make the same picture."""
        return self.same_but_map(other) and np.array_equal(self.label_map, other.label_map)

    def same_but_detail(self, other: Snapshot) -> bool:
        """True when at most the detail differs."""
        return replace(self, detail=other.detail).same_as(other)

    def same_file(self, other: Snapshot) -> bool:
        """True when both make the same file: the picture, and what travels with it."""
        locks = (self.locked, self.style_locked) == (other.locked, other.style_locked)
        return locks and self.same_as(other)

    def same_but_map(self, other: Snapshot) -> bool:
        """True when at most the label maps differ."""
        mine, theirs = (
            (one.weights, one.fingerprint, one.seed, one.precision, one.detail, one.styles, one.label_map.shape)
            for one in (self, other)
        )
        return mine == theirs

    # What the render lane paces itself by (`app.jobs.render_lane.Sizable`).

    @property
    def pace_key(self) -> tuple[str, str]:
        """What the time of a picture depends on apart from its size."""
        return self.weights, self.precision

    @property
    def pace_size(self) -> tuple[int, int, str]:
        """Height and width of the label map, and the detail."""
        return int(self.label_map.shape[0]), int(self.label_map.shape[1]), self.detail

    def reduced(self, height: int, width: int) -> Snapshot:
        """The same with a smaller label map: what a preview is made of."""
        return replace(self, label_map=read_only(resize_label_map(self.label_map, height, width)), detail="model")

    def to_request(self) -> RenderRequest:
        return RenderRequest(
            weights=self.weights,
            label_map=LabelMapData.from_array(self.label_map),
            styles=dict(self.styles),
            seed=self.seed,
            precision=self.precision,
            detail=self.detail,
            style_locks=tuple(self.style_locked),
            label_locks=tuple(self.locked),
        )


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def checked_picture(pixels: np.ndarray | None) -> np.ndarray | None:
    """(H, W, 3) uint8, read-only, or None for none. Raises BadRequest for anything else."""
    if pixels is None:
        return None
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise BadRequest(tr("A picture must have three colours of 8 bits for each pixel."))
    return read_only(np.ascontiguousarray(pixels))


def style_bytes(style: Any) -> int:
    """About how much memory a style holds: the text in it (paths, inline label maps, codes)."""
    if isinstance(style, str):
        return len(style)
    if isinstance(style, (tuple, list)):
        return sum(style_bytes(part) for part in style)
    if is_dataclass(style):
        return 64 + sum(style_bytes(getattr(style, part.name)) for part in fields(style))
    if hasattr(style, "__struct_fields__"):  # msgspec
        return 64 + sum(style_bytes(getattr(style, name)) for name in style.__struct_fields__)
    return 8
