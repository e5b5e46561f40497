"""The pictures that a document keeps, and the ways to throw them away and to go back to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from app.document.checks import checked_picture
from app.document.commands import DeleteResultsCommand
from app.document.results import Result
from app.document.scene import Scene
from app.shell.i18n import tr
from engine.requests.styles import Style

if TYPE_CHECKING:
    from app.document.document import Document


class KeptPictures:
    """Those of the document as it is now: another document has others."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def keep(self, scene: Scene, pixels: np.ndarray) -> Result:
        """Keeps a picture, (H, W, 3) uint8, with what made it; an equal one is kept once. Not a step of the history."""
        picture = checked_picture(pixels)
        assert picture is not None
        result, is_new = self._document.origin.results.keep(scene, picture)
        if is_new:
            self._tell()
        return result

    def star(self, number: int, starred: bool) -> None:
        """A starred picture is never dropped by itself. Not a step of the history."""
        if self._document.origin.results.set_starred(number, starred):
            self._tell()

    def _tell(self) -> None:
        self._document.announce()  # first: whoever hears of the pictures may ask whether they are unsaved
        self._document.results_changed.emit()

    def has_others(self, scene: Scene) -> bool:
        """Whether pictures are kept that the scene does not make."""
        if not self._document.results:
            return False
        picture_key = scene.picture_key()
        return any(not result.known_as(picture_key) for result in self._document.results)

    def bring_back(self, results: Iterable[Result]) -> None:
        """Takes the pictures that a file holds. Not a step of the history."""
        self._document.origin.results.put_before(results)
        self._document.results_changed.emit()

    def delete(self, numbers: Iterable[int]) -> None:
        """Throws kept pictures away; one step, so that undo brings them back."""
        origin = self._document.origin
        removed_results = origin.results.remove(numbers)
        if not removed_results:
            return
        self._document.results_changed.emit()
        if len(removed_results) == 1:
            undo_text = tr("Delete picture {0}").format(removed_results[0].number)
        else:
            undo_text = tr("Delete {0} pictures").format(len(removed_results))
        announce = self._document.results_changed.emit
        self._document.push(DeleteResultsCommand(origin, removed_results, announce, undo_text))

    def recall(self, number: int, styles: Mapping[int, Style] | None = None) -> bool:
        """The document becomes what made a kept picture, weights and all; one step. Locks stay as they are now, and
        the photo where it is now. False where it is that already. `styles`: in place of its own, whose codes may be of
        weights that no longer exist.
        """
        result, present = self._document.origin.results.get(number), self._document.scene
        made_with = None if result is None else result.scene.with_photo_of(present)
        if result is None or made_with is None or made_with.same_picture(present):
            return False
        scene = present.recalling(made_with)
        if styles is not None:
            scene = scene.with_checked(styles=styles)
        self._document.become(scene, result.pixels, tr("Bring back picture {0}").format(result.number))
        return True
