"""What becomes of unsaved changes before the document gives way to another, or the window closes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from app.controllers.context import Context
from app.controllers.exports import ExportController
from app.document.kinds import title_of
from app.document.origin import Origin
from app.document.scene import Scene


class UnsavedChanges(QObject):
    """Asks what to do with unsaved changes before the document is lost."""

    def __init__(self, context: Context, export_controller: ExportController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._exports = export_controller
        self._asking = False
        self._given_up: tuple[Origin, Scene, Mapping[int, bool]] | None = None  # let go before what follows was chosen

    def before_choosing(self, choose: Callable[[], object]) -> None:
        """The user is about to choose what the document gives way to, a file, say: call ``choose`` once nothing unsaved
        can be lost. The choice ends with `settle`, which asks again only about what has changed since."""
        self.ask_anew()
        self.before_working(choose)

    def before_working(self, work: Callable[[], object]) -> None:
        """What was chosen takes some work before the document gives way to it: call ``work``, which ends with `settle`,
        once nothing unsaved can be lost. Asks only about what was not let go before the choice."""

        def go() -> None:
            origin = self._document.origin
            self._given_up = (origin, self._document.scene, origin.results.stars)
            work()

        self.settle(go)

    def ask_anew(self) -> None:
        """What the user let go for a choice that was not made is not let go for the next one."""
        self._given_up = None

    def settle(self, continuation: Callable[[], object]) -> None:
        """The document is about to give way to another: call ``continuation`` once nothing unsaved can be lost by it,
        that is at once, after saving, or never if the user cancels."""
        if self._is_given_up() or self.may_go(continuation):
            continuation()

    def _is_given_up(self) -> bool:
        given_up, self._given_up = self._given_up, None
        if given_up is None:
            return False
        origin, scene, stars = given_up
        is_same = origin is self._document.origin and scene.same_file(self._document.scene)
        return is_same and origin.results.same_as(stars, scene)

    def may_go(self, continuation: Callable[[], object]) -> bool:
        """Whether the document may be lost now. If the user wants it saved first, ``continuation`` is called after
        that."""
        if not self._document.dirty:
            return True
        if self._asking:
            return False  # the question is on the screen already
        self._asking = True
        try:
            answer = self.ask()
        finally:
            self._asking = False
        if answer == QMessageBox.StandardButton.Save:
            self._exports.save_then(continuation)
        return answer == QMessageBox.StandardButton.Discard

    def ask(self) -> QMessageBox.StandardButton:
        """Save, discard or cancel; tests replace this question."""
        question, consequence = self.question()
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Unsaved changes"), question, parent=self._context.window)
        box.setInformativeText(consequence)
        box.setStandardButtons(
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel
        )
        box.setDefaultButton(QMessageBox.StandardButton.Save)
        answer = QMessageBox.StandardButton(box.exec())
        box.deleteLater()
        return answer

    def question(self) -> tuple[str, str]:
        """Which document is asked about, and what becomes of it where it is not saved."""
        question = self.tr('Save the changes to "{0}" first?').format(title_of(self._document))
        exported, scene = self._document.origin.exported, self._document.scene
        if exported is None or not exported.scene.same_picture(scene):
            return question, self.tr("Changes that are not saved are lost.")
        if not exported.opens:
            sentence = self.tr(
                "Its picture was exported to {0}, which is no document: only a saved one can be changed again."
            )
        elif self._document.kept.has_others(scene):
            sentence = self.tr(
                "{0} holds its picture and all that made it, and can be opened again. The other pictures of the strip "
                "and the steps stand in no file."
            )
        else:
            sentence = self.tr(
                "{0} holds its picture and all that made it, and can be opened again. The steps stand in no file."
            )
        return question, sentence.format(exported.path.name)
