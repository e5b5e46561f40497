"""What goes wrong in the studio: one sentence each, nothing lost, and the way on stands open."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest
from PIL import Image

from app.errors_ui.hub import Severity
from app.jobs.training_lane import Ended, State
from engine.training.adversarial import AdversarialTask
from tests.app.training.studios import PATIENCE, begin, recipe_file, sentences
from tests.fixtures import write_dataset


def ended(qtbot, core) -> None:
    qtbot.waitUntil(lambda: not core.training.active, timeout=PATIENCE)


def test_an_empty_folder_says_what_it_should_hold_and_cannot_be_started(qtbot, studio, tmp_path, tiny_dataset):
    setup, folder = studio.setup, tmp_path / "mine"
    setup.recipe.load(recipe_file(tmp_path, 10))
    assert setup.start.isEnabled()
    folder.mkdir()
    setup.set_data(folder)
    assert not setup.start.isEnabled() and "pictures in images/, a label map of" in setup.why_not.text()
    assert str(folder) in setup.why_not.text() and setup.why_not.isVisible()

    # It is filled bit by bit; the form looks again whenever the window is chosen.
    for what, says in (("images", "no label maps"), ("labels", "no classes.json"), ("classes.json", "")):
        copy = shutil.copytree if (tiny_dataset / what).is_dir() else shutil.copy
        copy(tiny_dataset / what, folder / what)
        setup.check()
        assert says in setup.why_not.text() and setup.start.isEnabled() == (says == "")
    assert setup.start.isEnabled()
    setup.set_data(tmp_path / "nowhere")
    assert "is not a folder" in setup.why_not.text()


def test_a_folder_with_one_picture_is_trained_and_can_be_used_then(qtbot, studio, core, tmp_path):
    one = write_dataset(tmp_path / "one", side=32, train=1, val=0)
    studio.setup.set_data(one)
    begin(studio, core, tmp_path, qtbot, steps=3)
    ended(qtbot, core)
    assert "Finished" in studio.bar.state.text()
    studio.bar.use.click()  # nothing was validated, and it can be painted with all the same
    qtbot.waitUntil(lambda: core.document.weights == core.training.shown.folder.name, timeout=PATIENCE)


def test_label_maps_of_other_sizes_are_trained(qtbot, studio, core, tmp_path, tiny_dataset):
    for path in (tiny_dataset / "labels").iterdir():
        with Image.open(path) as image:
            image.resize((100, 100), Image.Resampling.NEAREST).save(path)
    begin(studio, core, tmp_path, qtbot, steps=2)
    ended(qtbot, core)
    assert core.training.shown.step == 2 and "Finished" in studio.bar.state.text()


def test_losses_that_are_no_numbers_stop_the_run_and_the_good_checkpoint_is_kept(
    qtbot, studio, core, tmp_path, monkeypatch
):
    said, real = sentences(core), AdversarialTask.losses

    def losses(task, batch, step):
        for name, found in real(task, batch, step):
            yield name, {key: value * float("nan") if step >= 4 else value for key, value in found.items()}

    with monkeypatch.context() as patch:
        patch.setattr(AdversarialTask, "losses", losses)
        begin(studio, core, tmp_path, qtbot, checkpoint_every=2)
        ended(qtbot, core)
    assert "no longer a number at step 5" in said[-1] and "checkpoint of step 4 is kept" in said[-1]
    assert studio.error_bar.isVisible() and "Stopped" in studio.bar.state.text()
    assert studio.bar.pause.isEnabled() and studio.bar.use.isEnabled()  # to resume; its best state can be painted with
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: core.training.shown.step > 5, timeout=PATIENCE)
    problem = studio.error_bar.problem  # a note that a feature network is missing may stand there instead
    assert problem is None or problem.severity is Severity.NOTICE
    studio.bar.stop.click()
    ended(qtbot, core)

    # With a lower rate, as the sentence advises: a new run from this one's best state.
    before, setup = core.training.shown.folder, studio.setup
    studio.runs.like.click()
    setup.recipe.field("steps").setText("2")
    setup.recipe.field("task.l1").setText("0.5")
    assert studio.tabs.currentWidget() is setup and setup.start.isEnabled(), setup.why_not.text()
    plan = setup.new_run.plan()
    assert (plan.start, plan.recipe.steps, plan.recipe.task["l1"]) == (before, 2, 0.5)
    assert plan.folder != before and plan.recipe.model == core.training.plan.recipe.model
    setup.start.click()
    ended(qtbot, core)
    assert core.training.shown.folder == plan.folder and core.training.shown.step == 2


def test_a_full_disk_stops_the_run_and_it_goes_on_once_there_is_room(qtbot, studio, core, tmp_path, monkeypatch):
    said, real = sentences(core), os.fsync

    def fsync(descriptor: int) -> None:
        if core.training.lane.loop is not None and core.training.lane.loop.step >= 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("engine.files.os.fsync", fsync)
        begin(studio, core, tmp_path, qtbot, checkpoint_every=2)
        ended(qtbot, core)
    assert "the disk is full" in said[-1] and "resume it from its checkpoint of step 4" in said[-1]
    assert studio.bar.pause.text() == "Resume" and studio.bar.pause.isEnabled()
    assert list(core.training.plan.folder.rglob("*.tmp")) == []
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: core.training.shown.step > 6, timeout=PATIENCE)


def test_data_removed_while_it_trains_stop_it_with_a_checkpoint(
    qtbot, studio, core, tmp_path, tiny_dataset, monkeypatch
):
    said = sentences(core)
    monkeypatch.setenv("TESSERA_DATA_MEMORY", "0")  # larger than memory: pictures are read when their turn comes
    begin(studio, core, tmp_path, qtbot, checkpoint_every=2)
    last_state = core.training.shown.folder / "checkpoints" / "last.pt"
    qtbot.waitUntil(last_state.is_file, timeout=PATIENCE)
    (tiny_dataset / "images").rename(tmp_path / "taken away")
    ended(qtbot, core)
    assert "has no picture for" in said[-1] and "resume it from its checkpoint" in said[-1]
    studio.bar.pause.click()  # the data are still gone: said again, and nothing is lost
    ended(qtbot, core)
    assert "holds label maps but no pictures" in said[-1] and studio.bar.pause.isEnabled()
    (tmp_path / "taken away").rename(tiny_dataset / "images")
    step = core.training.shown.step
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: core.training.shown.step > step, timeout=PATIENCE)


def test_a_recipe_for_another_label_set_is_refused_and_the_name_stays_free(qtbot, studio, core, tmp_path):
    said, folder = sentences(core), tmp_path / "runs" / "my run"
    recipe = recipe_file(tmp_path, 10)
    recipe.write_text(recipe.read_text("utf-8").replace("[model]", "[model]\nlabels = 7"), "utf-8")
    studio.setup.recipe.load(recipe)
    studio.setup.set_name(folder)
    studio.setup.start.click()
    ended(qtbot, core)
    assert "for 7 labels" in said[-1] and studio.error_bar.isVisible()
    assert studio.tabs.currentWidget() is studio.setup and studio.setup.name.path == folder
    assert not folder.exists() and core.training.shown is None

    studio.setup.recipe.load(recipe_file(tmp_path, 2))  # mended, it is started under the same name
    studio.setup.start.click()
    ended(qtbot, core)
    assert core.training.shown.folder == folder and core.training.shown.step == 2


def test_a_run_that_fails_before_its_first_step_leaves_no_folder(qtbot, studio, core, tmp_path, monkeypatch):
    folder, how = tmp_path / "mine", []
    core.training.ended.connect(how.append)
    studio.setup.recipe.load(recipe_file(tmp_path, 10))
    studio.setup.set_name(folder)

    def losses(task, batch, step):
        raise MemoryError
        yield

    with monkeypatch.context() as patch:
        patch.setattr(AdversarialTask, "losses", losses)
        studio.setup.start.click()
        ended(qtbot, core)
    assert how == [Ended.FAILED] and not folder.exists()
    assert studio.setup.start.isEnabled() and studio.setup.name.path == folder


def test_a_folder_that_is_taken_is_said_before_the_start(qtbot, studio, core, tmp_path):
    studio.setup.recipe.load(recipe_file(tmp_path, 10))
    taken = tmp_path / "taken"
    taken.mkdir()
    studio.setup.set_name(taken)
    assert studio.setup.start.isEnabled()  # an empty folder will do
    (taken / "config.json").write_text(json.dumps({}), "utf-8")
    studio.setup.set_name(taken)
    assert not studio.setup.start.isEnabled() and str(taken) in studio.setup.why_not.text()


@pytest.mark.parametrize("side", [1280, 1920])
def test_a_message_moves_no_button_and_no_text_is_cut_off(qtbot, studio, core, tmp_path, side):
    studio.resize(side, 800 if side == 1280 else 1080)
    begin(studio, core, tmp_path, qtbot)
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: core.training.state is State.PAUSED, timeout=PATIENCE)
    buttons = [studio.bar.pause, studio.bar.use, studio.bar.evaluate, studio.curves.bar.smoothing, studio.setup.start]
    buttons.append(studio.sheets.slider)

    def places():
        return [widget.mapTo(studio, widget.rect().topLeft()) for widget in buttons]

    core.hub.clear("training")
    before = places()
    core.hub.error("A long sentence about something that went wrong while it trained. " * 4, topic="training")
    qtbot.waitUntil(lambda: studio.error_bar.isVisible() and studio.error_bar.height() > 20)
    assert places() == before
    for label in (studio.bar.state, studio.bar.title):
        assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width(), label.text()


def test_each_window_shows_its_own_messages(studio, window, core):
    core.hub.notice("It trains.", topic="training")
    core.hub.error("This is no picture.", topic="open")
    core.hub.error("This is no style.")
    assert studio.error_bar.problem.sentence == "It trains."
    assert window.error_bar.problem.sentence == "This is no style."
    studio.hide()
    core.hub.error("The disk is full.", topic="training")
    assert window.error_bar.problem.sentence == "The disk is full."
