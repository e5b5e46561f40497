"""The studio and the weights from the editor's side: opening them, using what a training has made, closing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMessageBox

from app.controllers.context import Context
from app.controllers.dice import DiceController
from app.controllers.engine_menus import ModelController
from app.controllers.keeping.unsaved import UnsavedChanges
from app.controllers.render import RenderController
from app.controllers.restyle import RestyleController
from app.errors_ui.hub import TRAINING
from app.jobs.preload import large_import
from app.jobs.training_lane import Ended, State
from app.jobs.work_lane import Work
from app.training.machine import folder_text
from app.training.use import TrainedWeights, publish_newest, publish_run, weights_name
from engine.program import program
from engine.requests.parse import ParseRequest
from engine.requests.render import RenderRequest
from engine.systems import serves

if TYPE_CHECKING:
    from app.studio.studio import Studio


class StudioController(QObject):
    """Owns the studio's window, made when it is first wanted: its plots take a moment to import."""

    def __init__(
        self,
        context: Context,
        model_controller: ModelController,
        restyle_controller: RestyleController,
        dice_controller: DiceController,
        unsaved: UnsavedChanges,
        render_controller: RenderController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._render = render_controller
        self._taken_up: TrainedWeights | None = None  # what the editor will paint with, once it does
        render_controller.rendered.connect(self._say_if_used)
        self._context = context
        self._model = model_controller
        self._restyle = restyle_controller
        self._dice = dice_controller
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
    def open(self, data_folder: Path | None = None) -> None:
        """Show the studio; the library of its plots is imported in a worker the first time."""
        if self.studio is not None:
            self._raise(data_folder)
        elif not self._opening:
            self._opening = True
            self._core.submit(
                _import_plots,
                text=self.tr("Opening the training studio"),
                on_done=lambda _: self._make(data_folder),
                on_failed=self._failed,
            )

    def _make(self, data_folder: Path | None) -> None:
        from app.studio.studio import Studio

        self._opening = False
        self.studio = studio = Studio(self._core)
        studio.use_wanted.connect(self.use)
        studio.evaluate_wanted.connect(self.evaluate)
        studio.report_wanted.connect(self.report)
        self._raise(data_folder)
        studio.setup.look_for_devices()

    def _failed(self, error: Exception) -> None:
        self._opening = False
        self._core.hub.error(error)

    def _raise(self, data_folder: Path | None) -> None:
        assert self.studio is not None
        if data_folder is not None:
            self.studio.setup.set_data(data_folder)
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
        """The editor's window goes, or is built again in another language: the studio's goes too."""
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
                topic=TRAINING,
                on_done=self._take_up,
            )
        elif training.info is not None:
            run_folder, data_folder = training.info.folder, training.info.data
            name = weights_name(run_folder)
            self._core.submit(
                lambda work: publish_run(work, run_folder, data_folder, name),
                text=self.tr("Making weights of {0}").format(run_folder.name),
                topic=TRAINING,
                on_done=self._take_up,
            )

    def _take_up(self, new_weights: TrainedWeights) -> None:
        core = self._core
        core.catalogue.reload()
        core.renew_session()
        if not serves(new_weights.card, RenderRequest):
            sentence = self.tr('The weights "{0}" are ready for {3} request; they are in "{1}" ({2}).')
            if serves(new_weights.card, ParseRequest):
                sentence = self.tr(
                    '{0} finds regions now, where its labels are asked for; its weights are in "{1}" ({2}).'
                )
            facts = new_weights.name, new_weights.folder, folder_text(new_weights.folder), program()
            core.hub.notice(sentence.format(*facts), topic=TRAINING)
            return
        document = core.document
        if new_weights.labels is not None and new_weights.labels.same_labels(document.label_set):
            if document.weights == new_weights.name:
                self._restyle.renew()
            else:
                self._model.use(new_weights.name)
            self._await(new_weights)
        elif new_weights.labels is not None and new_weights.label_map is not None:
            self._unsaved.before_choosing(lambda: self._new_document(new_weights))

    def _await(self, new_weights: TrainedWeights) -> None:
        """Say that the editor paints with weights when it does: they are read first, which takes seconds."""
        self._taken_up = new_weights
        document = self._core.document
        if document.weights == new_weights.name and (document.scene.idle or self._render.up_to_date):
            self._say_used()  # nothing is painted: a photo without edits, or the weights were in use
        else:
            self._context.status.show_message(self.tr("Loading {0} into the editor").format(new_weights.name))

    def _say_if_used(self, *_: object) -> None:
        taken_up = self._taken_up
        if taken_up is not None and self._core.document.weights == taken_up.name and self._render.up_to_date:
            self._say_used()

    def _say_used(self) -> None:
        new_weights, self._taken_up = self._taken_up, None
        assert new_weights is not None
        sentence = self.tr('The editor paints with {0}, step {1}; its weights are in "{2}" ({3}).')
        folder = new_weights.folder
        facts = new_weights.name, new_weights.card.steps, folder, folder_text(folder)
        self._core.hub.notice(sentence.format(*facts), topic=TRAINING)

    def _new_document(self, new_weights: TrainedWeights) -> None:
        """The run knows other labels than the document: begin with a label map of its data."""
        assert new_weights.labels is not None and new_weights.label_map is not None
        self._core.document.new(
            label_set=new_weights.labels,
            label_map=new_weights.label_map,
            weights=new_weights.name,
            text=self.tr("New document for {0}").format(new_weights.name),
        )
        self._dice.begin()
        self._core.document.mark_saved()
        self._await(new_weights)

    @Slot()
    def evaluate(self) -> None:
        """Measure weights on a data folder."""
        from app.studio.evaluation import EvaluationDialog

        training = self._training
        data_folder = training.info.data if training.info is not None else None
        run_folder = training.info.folder if training.info is not None and training.info.has_best else None
        parent = self.studio if self.is_open else self._context.window
        EvaluationDialog(self._core, data_folder=data_folder, run_folder=run_folder, parent=parent).open()

    def report(self, data_folder: Path) -> None:
        """Show what a data folder holds."""
        from app.dialogs.data_report import DataReportDialog
        from app.dialogs.folder_parsing import Parsers

        parent = self.studio if self.is_open else self._context.window
        kind = self.studio.setup.new_run.data_kind() if self.studio is not None else None
        parsers = Parsers(self._training.measuring, self._core.catalogue.serving(ParseRequest))
        dialog = DataReportDialog(
            self._core.work_lane, self._core.settings, data_folder, parent, kind=kind, parsers=parsers
        )
        if self.studio is not None:
            dialog.made.connect(self.studio.setup.check)
            dialog.looked.connect(self.studio.setup.take_report)
        dialog.open()

    # --- closing ------------------------------------------------------------------------------------

    def settle(self, continuation: Callable[[], object]) -> bool:
        """Before the application ends: True when no training is under way. Else asks, ends it with a checkpoint,
        and calls ``continuation`` once it has ended."""
        if not self._training.active:
            return True
        if self._closing is not None:
            return False  # it is being ended already
        if self.ask_stop():
            self._closing = continuation
            self._training.lane.stop()
        return False

    def ask_stop(self) -> bool:
        """Whether to end the training; tests replace this question."""
        history = self._training.live_history
        plan = self._training.plan
        step_number = history.step if history is not None else 0
        question = QMessageBox(self._context.window)
        question.setIcon(QMessageBox.Icon.Question)
        question.setWindowTitle(self.tr("A training is under way"))
        question.setText(
            self.tr("A training is under way: step {0} of {1}.").format(step_number, plan.recipe.steps if plan else 0)
        )
        question.setInformativeText(
            self.tr("It can be stopped now with a checkpoint, and resumed later exactly where it stopped.")
        )
        stop_button = question.addButton(self.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
        stay_button = question.addButton(self.tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(stay_button)
        question.setEscapeButton(stay_button)
        question.exec()
        question.deleteLater()
        return question.clickedButton() is stop_button

    def _ended(self, ending: Ended) -> None:
        continuation, self._closing = self._closing, None
        if continuation is not None:
            continuation()

    def _show_state(self, state: State) -> None:
        if state is State.STOPPING:
            self._context.status.show_message(self.tr("The training ends with a checkpoint after this step"))


def _import_plots(work: Work) -> None:
    work.check()
    with large_import():
        importlib.import_module("pyqtgraph")
