"""Which document a document is, and the whole of one at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.document.results import Results
from app.document.scene import Scene
from engine.documents.document_file import SUFFIX


class Exported(NamedTuple):
    """A file that a picture was written to, which is no document, and the scene that it shows. opens: it has all that
    made the picture, so that it can be opened again."""

    path: Path
    scene: Scene
    opens: bool


@dataclass(eq=False)
class Origin:
    """Which document this is: the same object through all its steps, another one for another document.

    ``path`` is the file that holds it, None while there is none; ``photo_inside``: whether that file holds the photo
    itself; ``saved`` is what counts as saved; ``results`` are the pictures it keeps; ``awaits_regions``: its label map
    is still to be found in the photo; ``exported``: where its picture was last written to; ``saved_stars``: the kept
    pictures that the file holds, by number, and whether each has a star there, None for a file that holds none;
    ``stars_left_out``: those with a star that the user saved into a file that holds none; ``damaged``: the file it was
    read from, as far as that could be. Steps that replace a document keep its origin, so undo across two documents
    brings the right file and the right pictures back, and a save that ends late finds the document it was of.
    """

    path: Path | None = None
    photo_inside: bool = False
    saved: Scene | None = None
    awaits_regions: bool = False
    exported: Exported | None = None
    saved_stars: Mapping[int, bool] | None = None
    stars_left_out: frozenset[int] = frozenset()
    damaged: Path | None = None
    results: Results = field(default_factory=Results)

    def mark_saved(self, scene: Scene, stars: Mapping[int, bool]) -> None:
        """The file, if any, holds the document as it stood then; the pictures that `stars` tells of, by number, too,
        where it is a document's own."""
        self.saved = scene
        self.saved_stars, self.stars_left_out = (stars, frozenset()) if self.holds_pictures else (None, _starred(stars))

    def hold_stars(self, saved_stars: Mapping[int, bool] | None) -> None:
        """The file holds these pictures, by number, and their stars; None where it holds none."""
        self.saved_stars, self.stars_left_out = saved_stars, frozenset()

    @property
    def holds_pictures(self) -> bool:
        """Whether the file, if any, is one that the kept pictures stand in."""
        return self.path is not None and self.path.suffix.lower() == SUFFIX

    @property
    def has_unsaved_pictures(self) -> bool:
        """Whether closing would lose a kept picture or a star, or bring one back, that the user does not know of. Where
        the file is none that pictures stand in, only a star is a promise."""
        if self.saved_stars is None:
            return not self.results.starred <= self.stars_left_out
        return not self.results.same_as(self.saved_stars, self.saved)

    @property
    def stars_are_saved(self) -> bool:
        """Whether every star stands in the file."""
        return self.saved_stars is not None and _starred(self.saved_stars) == self.results.starred


def _starred(stars: Mapping[int, bool]) -> frozenset[int]:
    return frozenset(number for number, starred in stars.items() if starred)


@dataclass(frozen=True)
class Held:
    """A document at one moment. ``picture``: (H, W, 3) uint8, what the engine painted last."""

    scene: Scene
    picture: np.ndarray | None
    origin: Origin
