"""The studio from opening to using what was trained, with a tiny SEAN on drawn faces."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtGui import QImage, QKeySequence

from app.jobs.training_lane import Ended, State
from app.shell.theme import make_palette
from app.studio.evaluation import EvaluationDialog
from app.studio.fields import PathLine
from app.training.history import LOSSES, VALIDATION, History
from app.training.new_run import watchable
from engine.devices import Device
from engine.errors import EngineError
from engine.training.recipe import load_recipe
from engine.weights.card import read_card
from engine.weights.store import user_weights_folder
from tests.app.training.studios import PATIENCE, begin, recipe_file, sentences
from tests.app.window.test_window import nameless


def test_train_pause_use_resume_stop_and_go_on(qtbot, studio, window, core, tmp_path):
    training = core.training
    begin(studio, core, tmp_path, qtbot)
    assert studio.tabs.currentWidget() is studio.runs
    qtbot.waitUntil(lambda: len(training.shown.sheets) >= 2 and training.info is not None, timeout=PATIENCE)

    # What it reports is on the screen: curves, numbers, samples with a scrubber.
    assert {"discriminator", "l1"} <= {series.name for series in studio.curves.shown()}
    studio.curves.bar.groups[VALIDATION].click()
    qtbot.waitUntil(lambda: "psnr" in {series.name for series in studio.curves.shown()}, timeout=PATIENCE)
    qtbot.waitUntil(lambda: studio.sheets.canvas.image is not None, timeout=PATIENCE)
    newest = studio.sheets.shown.step
    studio.sheets.slider.setValue(0)
    assert studio.sheets.shown.step == 2 < newest and not studio.sheets.follow.isChecked()

    # Paused: nothing more is trained, its newest state can still be painted with.
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: training.state is State.PAUSED, timeout=PATIENCE)
    step = training.shown.step
    said = sentences(core)
    studio.bar.use.click()
    name = training.shown.folder.name
    qtbot.waitUntil(lambda: core.document.weights == name and bool(said), timeout=PATIENCE)
    assert str(user_weights_folder() / name) in said[-1] and " kB)" in said[-1]  # where they are and how much they take
    assert read_card(user_weights_folder() / name).steps >= step
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date, timeout=PATIENCE)
    first = core.document.picture.copy()
    assert training.shown.step == step

    # On again; the same button takes the newer state, and the picture follows.
    studio.bar.pause.click()
    qtbot.waitUntil(lambda: training.shown.step > step + 1, timeout=PATIENCE)
    studio.bar.use.click()
    qtbot.waitUntil(lambda: read_card(user_weights_folder() / name).steps > step, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: window.controllers.render.up_to_date and not np.array_equal(core.document.picture, first),
        timeout=PATIENCE,
    )
    assert training.state is State.RUNNING

    # Stopped with a checkpoint; resumed, it goes on from there.
    with qtbot.waitSignal(training.ended, timeout=PATIENCE) as ended:
        studio.bar.stop.click()
    assert ended.args == [Ended.STOPPED]
    assert (training.shown.folder / "checkpoints" / "last.pt").is_file()
    stopped = training.shown.step
    studio.bar.pause.click()  # it says "Resume" now
    qtbot.waitUntil(lambda: training.state is State.RUNNING, timeout=PATIENCE)
    qtbot.waitUntil(lambda: training.shown.step > stopped, timeout=PATIENCE)
    assert training.plan.resume
    losses = training.shown.series[LOSSES, "l1"].arrays()[0]
    assert (np.diff(losses) == 1).all()  # one curve, without a gap and without going back


def test_a_run_that_finishes_says_so_and_its_best_state_can_be_used(qtbot, studio, window, core, tmp_path):
    begin(studio, core, tmp_path, qtbot, steps=6)
    training = core.training
    qtbot.waitUntil(lambda: not training.active, timeout=PATIENCE)
    assert training.shown.step == 6 and not studio.bar.pause.isEnabled()
    assert "Finished" in studio.bar.state.text()
    name, painted_when_said = training.shown.folder.name, []
    said_words = "The editor paints with"

    def listen(problem):
        if said_words in problem.sentence:
            painted_when_said.append(core.document.weights == name and window.controllers.render.up_to_date)

    core.hub.reported.connect(listen)
    studio.bar.use.click()
    qtbot.waitUntil(lambda: bool(painted_when_said), timeout=PATIENCE)
    assert painted_when_said == [True]  # reading the weights takes seconds
    assert said_words in studio.error_bar.problem.sentence  # said where the button is


def test_an_old_run_shows_its_history(qtbot, studio, core, tmp_path):
    folder = tmp_path / "old"
    (folder / "samples").mkdir(parents=True)
    picture = QImage(64, 32, QImage.Format.Format_RGB888)
    picture.fill(0x336699)
    lines = []
    for step in (10, 20):
        picture.save(str(folder / "samples" / f"{step:07d}.png"))
        lines.append({"event": "step", "step": step, "seconds": step, "losses": {"l1": 1 / step}})
        lines.append({"event": "samples", "step": step, "seconds": step, "path": f"{step:07d}.png"})
    (folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    recipe = {"system": "sean", "steps": 40, "resolution": 32, "batch": 2}
    (folder / "config.json").write_text(json.dumps({"recipe": recipe, "data": "gone"}), "utf-8")
    studio.ask.pick_folder = lambda *_: str(folder)
    studio.tabs.setCurrentWidget(studio.runs)
    studio.runs.open.click()
    qtbot.waitUntil(lambda: core.training.shown is not None)
    qtbot.waitUntil(lambda: studio.sheets.canvas.image is not None)
    assert studio.bar.title.text() == "old" and "20 of 40" in studio.bar.facts["step"].text()
    assert studio.curves.shown()[0].values.tolist() == [0.1, 0.05]
    assert not studio.bar.pause.isEnabled()  # there is no checkpoint to resume from

    # Exports: a table with every value, a picture of the curves.
    targets = iter([tmp_path / "curves.csv", tmp_path / "curves.png"])
    studio.ask.files.pick_save = lambda *_: (str(next(targets)), "")
    studio.curves.export_csv()
    studio.curves.export_png()
    assert (tmp_path / "curves.csv").read_text() == "step,losses/l1\n10,0.1\n20,0.05\n"
    assert QImage(str(tmp_path / "curves.png")).width() > 200


def test_closing_the_editor_asks_and_ends_the_training_with_a_checkpoint(qtbot, studio, window, core, tmp_path):
    begin(studio, core, tmp_path, qtbot)
    controller, training = window.controllers.studio, core.training
    answers = [False, True]
    controller.ask_stop = lambda: answers.pop(0)
    window.close()
    assert window.isVisible() and training.state is State.RUNNING  # the user would rather go on
    with qtbot.waitSignal(window.closed, timeout=PATIENCE):
        window.close()
        assert window.isVisible()  # until the checkpoint is there
    assert not training.active and answers == []
    assert (training.plan.folder / "checkpoints" / "last.pt").is_file()
    assert controller.studio is None


def test_closing_the_studio_leaves_the_training_running(qtbot, studio, window, core, tmp_path):
    begin(studio, core, tmp_path, qtbot)
    studio.close()
    step = core.training.shown.step
    qtbot.waitUntil(lambda: core.training.shown.step > step, timeout=PATIENCE)
    window.controllers.studio.open()
    assert studio.isVisible() and studio.bar.stop.isEnabled()


def test_the_form_knows_what_is_missing(qtbot, studio, tmp_path):
    setup = studio.setup
    setup.recipe.load(recipe_file(tmp_path, 10))
    assert setup.start.isEnabled() and setup.new_run.recipe.changes() == {}
    steps = setup.recipe.field("steps")
    for wrong in ("", "many", "0", "2.5"):
        steps.setText(wrong)
        assert not setup.start.isEnabled() and setup.why_not.isVisible()
    steps.setText("20")
    setup.recipe.field("task.ema").setText("0.5")
    assert setup.new_run.recipe.changes() == {"steps": 20, "task.ema": 0.5}
    recipe = setup.new_run.plan().recipe
    assert (recipe.steps, recipe.task["ema"], recipe.resolution) == (20, 0.5, 32)
    setup.data.set_path(None, tell=True)
    assert not setup.start.isEnabled()
    broken = tmp_path / "broken.toml"
    broken.write_text("stepps = 3\n")
    setup.recipe.load(broken)
    assert setup.new_run.recipe.base is None and "stepps" in setup.recipe.problem.text()
    with pytest.raises(EngineError, match="Choose a recipe"):
        setup.new_run.recipe.recipe()


def test_every_shipped_recipe_can_be_chosen(qtbot, studio):
    form, chosen = studio.setup.recipe, studio.setup.new_run.recipe
    seen = set()
    for index in range(form.system.count()):
        form.system.setCurrentIndex(index)
        form.system.activated.emit(index)
        for row in range(form.choice.count()):
            form.load(form.choice.itemData(row))
            assert chosen.base is not None and chosen.changes() == {}
            seen.add(chosen.source)
    assert {"sean-faces", "parser-faces"} <= seen


def test_every_control_of_the_studio_has_a_name_and_can_be_reached_by_keys(qtbot, studio):
    assert nameless(studio) == []
    reached, widget = set(), studio.setup.data.line
    for _ in range(200):
        reached.add(widget)
        widget = widget.nextInFocusChain()
    for wanted in (studio.setup.start, studio.bar.stop, studio.curves.bar.smoothing, studio.sheets.slider):
        assert wanted in reached
    assert QKeySequence("Ctrl+T").toString()


def test_validations_are_drawn_as_they_were_measured(studio, tmp_path):
    history, curves = History(tmp_path), studio.curves
    for step, psnr in ((1, 10.0), (2, 20.0), (3, 12.0)):
        history.take("step", {"step": step, "losses": {"l1": psnr}})
        history.take("validation", {"step": step, "numbers": {"psnr": psnr}})
    curves.show_history(history)
    assert curves._items["l1"].yData.tolist() != [10.0, 20.0, 12.0] and curves.bar.smoothing.isEnabled()
    curves.set_group(VALIDATION)
    assert curves._items["psnr"].yData.tolist() == [10.0, 20.0, 12.0]
    assert not curves.bar.smoothing.isEnabled() and not curves._items["psnr raw"].isVisible()


def test_what_a_device_computes_slowly_is_not_offered(studio):
    setup, form = studio.setup, studio.setup.recipe

    def offered() -> list[str]:
        box = form._precision_box
        return [box.itemData(row) for row in range(box.count())]

    setup._found_devices([Device("cpu", "a processor", 0, half=False)])
    form.load("sean-faces")  # which asks for bf16-mixed
    assert offered() == ["32-true", "bf16-mixed"] and "computed in 32-true" in form._precision_box.currentText()
    assert form._precision_box.currentData() == "bf16-mixed"
    setup._found_devices([Device("cpu", "a processor", 0, half=False), Device("cuda:0", "a GPU", 0)])
    assert offered() == ["32-true", "bf16-mixed", "16-mixed"]  # which "automatic" takes
    setup.device.setCurrentIndex(setup.device.findData("cpu"))
    assert offered() == ["32-true", "bf16-mixed"]


def test_a_curve_of_one_report_is_a_point_and_of_two_a_line(qtbot, studio, tmp_path):
    history = History(tmp_path)

    def looks():
        item = studio.curves._items["l1"]
        steps = item.getData()[0]
        return item.opts["symbol"], 0 if steps is None else len(steps)

    history.take("step", {"step": 1, "losses": {"l1": 1.0}})
    studio.curves.show_history(history)
    assert looks() == ("o", 1)
    history.take("step", {"step": 2, "losses": {"l1": 0.5}})
    studio.curves.show_history(history)
    assert looks() == (None, 2)
    history.take("step", {"step": 3, "losses": {"l1": 123456.7}})
    studio.curves.show_history(history)
    switch = studio.curves._switches["l1"]
    assert switch.width() >= switch.sizeHint().width()  # a number that grew is not cut off
    history.take("checkpoint", {"step": 0})  # resumed from before the first report
    studio.curves.show_history(history)
    assert looks()[1] == 0


def test_a_long_run_is_drawn_with_no_more_points_than_the_screen_can_show(qtbot, studio, tmp_path):
    history = History(tmp_path)
    for step in range(20_000):
        history.take("step", {"step": step + 1, "losses": {"l1": float(step % 7)}})
    studio.curves.show_history(history)
    qtbot.waitUntil(lambda: studio.curves.plot.viewRange()[0][1] > 19_000)
    for name in ("l1", "l1 raw"):
        studio.curves._items[name].updateItems(styleUpdate=False)
        assert len(studio.curves._items[name].curve.getData()[0]) < 3 * studio.curves.plot.width()


def test_another_theme_reaches_the_curves(qtbot, studio):
    for dark in (True, False):
        studio.setPalette(make_palette(dark))
        assert (studio.curves.plot.backgroundBrush().color().lightnessF() < 0.5) is dark


def test_weights_are_measured_in_the_background(qtbot, core, window, tiny_dataset, tmp_path):
    dialog = EvaluationDialog(core, data_folder=tiny_dataset, parent=window)
    dialog.show()
    assert nameless(dialog) == []
    dialog.weights.setCurrentIndex(dialog.weights.findData("tiny-sean"))
    assert dialog.split.currentText() == "val"
    dialog.limit.setValue(2)
    dialog.go.click()
    assert dialog.cancel.isVisible()
    qtbot.waitUntil(lambda: bool(dialog.measured), timeout=PATIENCE)
    names = [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]
    assert {"SSIM", "PSNR", "seconds per picture"} <= set(names) and dialog.table.horizontalHeaderItem(
        1
    ).text() == "tiny-sean (val)"
    targets = iter([tmp_path / "numbers.json", tmp_path / "page.html"])
    dialog.ask.files.pick_save = lambda *_: (str(next(targets)), "")
    dialog.save.click()
    assert json.loads((tmp_path / "numbers.json").read_text())["pictures"] == 2
    dialog.save.click()
    qtbot.waitUntil(lambda: (tmp_path / "page.html").is_file(), timeout=PATIENCE)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "tiny-sean" in page and "data:image" in page
    dialog.close()


@pytest.mark.parametrize("steps, every", [(12, 1), (100, 2), (2000, 10)])
def test_a_short_run_reports_often_enough_to_watch(steps, every):
    recipe = load_recipe("sean-small", {"steps": steps})
    assert watchable(recipe).log_every == every


def test_the_run_folder_is_seen_whole_in_a_low_window(qtbot, studio):
    """It stood at the end of what scrolls, cut in half by the button below."""
    studio.resize(1280, 720)
    qtbot.waitUntil(lambda: studio.height() == 720)
    field = studio.setup.name.line
    assert field.visibleRegion().boundingRect() == field.rect()


def test_a_long_path_shows_its_end_behind_dots_and_is_whole_to_who_types(qtbot):
    line = PathLine()
    qtbot.addWidget(line)
    line.setText("/home/anna/a rather long folder/and another one/runs/sean-small-20261128-151508")
    line.resize(220, line.sizeHint().height())
    assert line.shown_text().startswith("…") and line.shown_text().endswith("-151508")
    assert line.text().startswith("/home/anna")
    line.setText("/runs/one")
    assert line.shown_text() == "/runs/one"
