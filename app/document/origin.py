"""Which document a document is, and the whole of one at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.document.results import Results
from app.document.scene import Scene


@dataclass(eq=False)
class Origin:
    """Which document this is: the same object through all its steps, another one for another document.

    ``path`` is the file that holds it, None while there is none; ``photo_inside``: whether that file holds the photo
    itself; ``saved`` is what counts as saved; ``results`` are the pictures it keeps; ``awaits_regions``: its label
    map is still to be found in the photo; ``exported``: the file that its picture was last written to, which is no
    document, and the scene that the picture shows. Steps that replace a document keep its origin, so undo across two
    documents brings the right file and the right pictures back, and a save that ends late finds the document it was
    of.
    """

    path: Path | None = None
    photo_inside: bool = False
    saved: Scene | None = None
    awaits_regions: bool = False
    exported: tuple[Path, Scene] | None = None
    results: Results = field(default_factory=Results)


@dataclass(frozen=True)
class Held:
    """A document at one moment. ``picture``: (H, W, 3) uint8, what the engine painted last."""

    scene: Scene
    picture: np.ndarray | None
    origin: Origin
