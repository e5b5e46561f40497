"""The steps of a document in their order: what they are called, going to one, and those that a file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from app.document.commands import PixelStep, ReplaceCommand, SceneStep, ValuesCommand, ValuesStep
from app.document.origin import Held, Origin
from app.document.scene import Scene
from app.document.undo import Command, Step, UndoStack

if TYPE_CHECKING:
    from app.document.document import Document

Steps = tuple[tuple[Step, ...], tuple[Step, ...]]
"""Steps done and undone, each in the order in which they were made."""


class Timeline:
    """Of one document object, whatever document it is at the time."""

    def __init__(
        self,
        document: Document,
        history: UndoStack,
        put: Callable[[Mapping[str, Any]], None],
        exchange: Callable[[Held], Held],
    ) -> None:
        """`put` and `exchange`: as the commands of those arguments have them."""
        self._document, self._history = document, history
        self._put, self._exchange = put, exchange

    @property
    def texts(self) -> list[str]:
        """What the steps are called, those that are undone too."""
        return self._history.texts

    @property
    def position(self) -> int:
        """How many of them are done."""
        return self._history.done_count

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps are done."""
        document = self._document
        if document.stroking:
            document.undo()
        while self.position != position:
            before = self.position
            (document.undo if before > position else document.redo)()
            if self.position == before:
                return  # there are no such steps

    def mark_unsaved(self) -> None:
        """No file holds the document as it stands: it was brought back after a crash."""
        self._history.clear_clean()
        self._document.origin.saved = None
        self._document.origin.hold_stars(None)
        self._document.announce()

    def mark_written(self, scene: Scene, stars: Mapping[int, bool], origin: Origin) -> None:
        """A file holds the document that `origin` stands for, as it was when the writing began: `scene`, and the
        kept pictures by number, each with a star or without. What has changed since is unsaved."""
        origin.mark_saved(scene, stars)
        if origin is self._document.origin:
            if scene.differences(self._document.scene):
                self._history.clear_clean()
            else:
                self._history.set_clean()
            self._document.announce()

    @property
    def stored(self) -> Steps:
        """What a file holds of the steps; cheap."""
        return self._history.stored()

    def take_over(self, steps: Steps) -> None:
        """Take the steps that a file holds of this very document."""
        done, undone = (self._commands(side) for side in steps)
        self._history.take_over(done, undone)
        self._document.announce()

    def _commands(self, steps: Iterable[Step]) -> list[Command]:
        commands = (self._command(step) for step in steps)
        return [command for command in commands if command is not None]

    def _command(self, step: Step) -> Command | None:
        document = self._document
        if isinstance(step, PixelStep):
            return document.pixels.command(step.change, step.text)
        if isinstance(step, ValuesStep):
            return ValuesCommand(self._put, old=step.old, new=step.new, text=step.text)
        if isinstance(step, SceneStep):
            origin, scene = document.origin, step.scene().with_photo_of(document.scene)
            return ReplaceCommand(self._exchange, Held(scene, None, origin), origin, step.text)
        return None  # of kept pictures: they are as the file has them
