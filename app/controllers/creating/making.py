"""Make: pictures of a class out of noise, shown as they are asked for; one becomes a photo to edit or a style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from app.controllers.context import Context
from app.controllers.dice import new_seed
from app.imaging.mime import Incoming
from app.imaging.pixels import to_qimage
from app.jobs.work_lane import Work
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.errors import EngineError

if TYPE_CHECKING:
    from app.dialogs.creating.make import MakeDialog
    from engine.requests.make import MakeRequest, MakeResult

OVERLAY = 0.55
"""How much of a picture the layout hides that lies over it."""


class MakeController(QObject):
    """Opens the dialog where weights that make pictures are installed, and says how otherwise."""

    picture_wanted = Signal(object)  # Incoming: the user works with a picture that was made

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    @Slot()
    def open(self) -> MakeDialog | None:
        """Make pictures with the first weights that do, and let the user choose."""
        from app.dialogs.creating.make import MakeDialog
        from engine.requests.make import MakeRequest

        catalogue = self._context.core.catalogue
        names = [weights for weights, _ in catalogue.serving(MakeRequest)]
        classes = {weights: catalogue.abilities(weights).classes for weights in names}
        classes = {weights: offered for weights, offered in classes.items() if offered}
        if not classes:
            self._context.core.hub.notice(
                self.tr(
                    "No weights that make pictures of classes are installed; none come with Tessera. Train some in the "
                    "training studio, from a folder with a folder of pictures for each class."
                )
            )
            return None
        dialog = MakeDialog(classes, new_seed() % 1_000_000, self._context.window)
        run = _Making(self._context, dialog, self)
        dialog.finished.connect(lambda _: run.stop())
        dialog.open()
        run.begin()
        return dialog


class _Making:
    """One open dialog: its latest wish is made, in the background."""

    def __init__(self, context: Context, dialog: MakeDialog, controller: MakeController) -> None:
        self._context = context
        self._dialog = dialog
        self._controller = controller
        self._work: Work | None = None
        self._made: MakeResult | None = None
        dialog.wanted.connect(self.begin)
        dialog.dice.clicked.connect(lambda: dialog.show_seed(new_seed() % 1_000_000))
        dialog.taken.connect(self._take)

    def begin(self) -> None:
        """Make what is chosen now; what was being made is dropped."""
        self.stop()
        request = self._request()
        self._work = self._context.core.submit(
            lambda work: _made(work, request), text=tr("Making pictures"), on_done=self._show, on_failed=self._failed
        )

    def stop(self) -> None:
        """The dialog goes, or wants others."""
        if self._work is not None and not self._work.settled:
            self._work.cancel()
        self._work = None

    def _request(self) -> MakeRequest:
        from engine.requests.make import LEAST_TRUNCATION, MakeRequest

        dialog, truncation = self._dialog, self._dialog.truncation.value()
        return MakeRequest(
            dialog.weights.currentText(),
            dialog.shares,
            seed=dialog.chosen_seed,
            count=dialog.count.value(),
            truncation=0.0 if truncation < LEAST_TRUNCATION else truncation,
            entities=dialog.entities.isChecked(),
        )

    def _show(self, made: MakeResult) -> None:
        self._made = made
        self._dialog.show_pictures(made.overlaid(OVERLAY))
        if made.notes:
            self._dialog.fail(translate(made.notes[0]))

    def _failed(self, error: EngineError) -> None:
        self._dialog.fail(translate(str(error)))

    def _take(self, row: int) -> None:
        assert self._made is not None
        self._controller.picture_wanted.emit(Incoming(image=to_qimage(self._made.pictures[row])))


def _made(work: Work, request: MakeRequest) -> Any:
    """In the worker."""
    with work.session() as session:
        return session.run(request, work.progress, work.cancel_event)
