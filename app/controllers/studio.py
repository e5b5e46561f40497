"""The studio and the weights from the editor's side: opening them, using what a training has made, closing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMessageBox

from app.controllers.context import Context
from app.controllers.dice import DiceController
from app.controllers.engine_menus import ModelController
from app.controllers.exports import UnsavedChanges
from app.controllers.restyle import RestyleController
from app.jobs.preload import large_import
from app.jobs.training_lane import State
from app.jobs.work_lane import Work
from app.training.state.machine import folder_text
from app.training.use import Made, publish_newest, publish_run, weights_name

if TYPE_CHECKING:
    from app.training.studio import Studio

TOPIC = "training"


class StudioController(QObject):
    """Owns the studio's window, made when it is first wanted: its plots take a moment to import."""

    def __init__(
        self,
        context: Context,
        model: ModelController,
        restyle: RestyleController,
        dice: DiceController,
        unsaved: UnsavedChanges,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model
        self._restyle = restyle
        self._dice = dice
        self._unsaved = unsaved
        self._core = context.core
        self._training = context.core.training
        self.studio: Studio | None = None
        self._opening = False
        self._closing: Callable[[], object] | None = None
        self._training.ended.connect(self._ended)
        self._training.state_changed.connect(self._show_state)

    # --- opening ------------------------------------------------------------------------------------

    @Slot()
    def open(self, data: Path | None = None) -> None:
        """Show the studio; the library of its plots is imported in a worker the first time."""
        if self.studio is not None:
            self._raise(data)
        elif not self._opening:
            self._opening = True
            self._core.submit(
                _import_plots,
                text=self.tr("Opening the training studio"),
                on_done=lambda _: self._make(data),
                on_failed=self._failed,
            )

    def _make(self, data: Path | None) -> None:
        from app.training.studio import Studio

        self._opening = False
        self.studio = studio = Studio(self._core)
        studio.use_wanted.connect(self.use)
        studio.evaluate_wanted.connect(self.evaluate)
        studio.report_wanted.connect(self.report)
        self._raise(data)
        studio.setup.look_for_devices()

    def _failed(self, error: Exception) -> None:
        self._opening = False
        self._core.hub.error(error)

    def _raise(self, data: Path | None) -> None:
        assert self.studio is not None
        if data is not None:
            self.studio.setup.set_data(data)
            self.studio.tabs.setCurrentWidget(self.studio.setup)
        if self.studio.isVisible():
            self.studio.raise_()
        self.studio.show()
        self.studio.activateWindow()

    @property
    def is_open(self) -> bool:
        """Whether the studio is on the screen."""
        return self.studio is not None and self.studio.isVisible()

    def close_window(self) -> None:
        """The editor's window goes, or is made anew in another language: so does the studio's."""
        if self.studio is not None:
            studio, self.studio = self.studio, None
            studio.close()
            studio.deleteLater()

    # --- what the studio asks for -------------------------------------------------------------------

    @Slot()
    def use(self) -> None:
        """Paint with the shown run: its newest average while it is trained, else its best state."""
        training = self._training
        loop = training.lane.loop if training.live else None
        if loop is not None and training.shown is not None:
            name = weights_name(training.shown.folder)
            self._core.submit(
                lambda work: publish_newest(work, loop, name),
                text=self.tr("Taking the newest state of {0}").format(name),
                on_done=self._made,
            )
        elif training.info is not None:
            run, data = training.info.folder, training.info.data
            name = weights_name(run)
            self._core.submit(
                lambda work: publish_run(work, run, data, name),
                text=self.tr("Making weights of {0}").format(run.name),
                on_done=self._made,
            )

    def _made(self, made: Made) -> None:
        core = self._core
        core.catalogue.reload()
        core.renew_session()
        if not made.paints:
            text = self.tr('{0} finds regions now, where its labels are asked for; its weights are in "{1}" ({2}).')
            core.hub.notice(text.format(made.name, made.folder, folder_text(made.folder)))
            return
        document = core.document
        if made.labels is not None and made.labels.same_labels(document.label_set):
            if document.weights == made.name:
                self._restyle.renew()
            else:
                self._model.use(made.name)
        elif made.labels is not None and made.label_map is not None:
            self._unsaved.settle(lambda: self._new_document(made))
        text = self.tr('The editor paints with {0}, step {1}; its weights are in "{2}" ({3}).')
        core.hub.notice(text.format(made.name, made.step, made.folder, folder_text(made.folder)), topic=TOPIC)

    def _new_document(self, made: Made) -> None:
        """The run knows other labels than the document: begin with a label map of its data."""
        assert made.labels is not None and made.label_map is not None
        self._core.document.new(
            label_set=made.labels,
            label_map=made.label_map,
            weights=made.name,
            text=self.tr("New document for {0}").format(made.name),
        )
        self._dice.begin()
        self._core.document.mark_saved()

    @Slot()
    def evaluate(self) -> None:
        """Measure weights on a data folder."""
        from app.training.evaluation import EvaluationDialog

        training = self._training
        data = training.info.data if training.info is not None else None
        run = training.info.folder if training.info is not None and training.info.has_best else None
        parent = self.studio if self.is_open else self._context.window
        EvaluationDialog(self._core, data=data, run=run, parent=parent).open()

    def report(self, folder: Path) -> None:
        """Show what a data folder holds."""
        from app.dialogs.data_report import DataReportDialog

        parent = self.studio if self.is_open else self._context.window
        dialog = DataReportDialog(self._core.work_lane, self._core.settings, folder, parent)
        if self.studio is not None:
            dialog.made.connect(self.studio.setup.check)
        dialog.open()

    # --- closing ------------------------------------------------------------------------------------

    def settle(self, then: Callable[[], object]) -> bool:
        """Before the application ends: True when no training is under way. Else asks, ends it with a checkpoint,
        and calls ``then`` once it has ended."""
        if not self._training.active:
            return True
        if self._closing is not None:
            return False  # it is being ended already
        if self.ask_stop():
            self._closing = then
            self._training.lane.stop()
        return False

    def ask_stop(self) -> bool:
        """Whether to end the training; tests replace this question."""
        history = self._training.live_history
        plan = self._training.plan
        step = history.step if history is not None else 0
        box = QMessageBox(self._context.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("A training is under way"))
        box.setText(self.tr("A training is under way: step {0} of {1}.").format(step, plan.recipe.steps if plan else 0))
        box.setInformativeText(
            self.tr("It can be stopped now with a checkpoint, and resumed later exactly where it stopped.")
        )
        stop = box.addButton(self.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(self.tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is stop

    def _ended(self, how: Any) -> None:
        then, self._closing = self._closing, None
        if then is not None:
            then()

    def _show_state(self, state: State) -> None:
        if state is State.STOPPING:
            self._context.status.show_message(self.tr("The training ends with a checkpoint after this step"))


def _import_plots(work: Work) -> None:
    work.check()
    with large_import():
        importlib.import_module("pyqtgraph")
