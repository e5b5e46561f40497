"""Which document a document is, and the whole of one at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.document.results import Results
from app.document.scene import Scene
from engine.documents.document_file import SUFFIX


@dataclass(eq=False)
class Origin:
    """Which document this is: the same object through all its steps, another one for another document.

    ``path`` is the file that holds it, None while there is none; ``photo_inside``: whether that file holds the photo
    itself; ``saved`` is what counts as saved; ``results`` are the pictures it keeps; ``awaits_regions``: its label map
    is still to be found in the photo; ``exported``: the file that its picture was last written to, which is no
    document, and the scene that the picture shows; ``saved_stars``: the kept pictures with a star that the file holds,
    None for a file that holds none; ``damaged``: the file it was read from, as far as that could be. Steps that replace
    a document keep its origin, so undo across two documents brings the right file and the right pictures back, and a
    save that ends late finds the document it was of.
    """

    path: Path | None = None
    photo_inside: bool = False
    saved: Scene | None = None
    awaits_regions: bool = False
    exported: tuple[Path, Scene] | None = None
    saved_stars: frozenset[int] | None = None
    damaged: Path | None = None
    results: Results = field(default_factory=Results)

    def mark_saved(self, scene: Scene) -> None:
        """The file, if any, holds the document as it stands now; stars too, where it is a document's own."""
        self.saved = scene
        holds_pictures = self.path is not None and self.path.suffix.lower() == SUFFIX
        self.saved_stars = self.results.starred if holds_pictures else None

    @property
    def stars_are_saved(self) -> bool:
        """Whether every star stands in the file."""
        return self.saved_stars == self.results.starred


@dataclass(frozen=True)
class Held:
    """A document at one moment. ``picture``: (H, W, 3) uint8, what the engine painted last."""

    scene: Scene
    picture: np.ndarray | None
    origin: Origin
