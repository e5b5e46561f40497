"""What a dialog shows in the document before the user has agreed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.document.origin import Origin
from app.document.undo import Moment, UndoStack

if TYPE_CHECKING:
    from app.document.document import Document


class Trial:
    """From `begin` on, steps are tried: `end` keeps them; `abandon` leaves no trace of them in undo and redo. Pictures
    made meanwhile are not kept among the results."""

    def __init__(self, document: Document, history: UndoStack) -> None:
        self._document, self._history = document, history
        self._before: tuple[Moment, Origin] | None = None

    @property
    def under_way(self) -> bool:
        return self._before is not None

    def begin(self) -> None:
        self._before = self._history.moment(), self._document.origin

    def abandon(self) -> None:
        """The document is as it was; where it became another one meanwhile, that stays."""
        if self._before is not None and self._before[1] is self._document.origin:
            self._history.return_to(self._before[0])
            self._document.announce()
        self.end()

    def end(self) -> None:
        self._before = None
        self._history.seal()
