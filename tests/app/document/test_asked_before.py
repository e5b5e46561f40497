"""Whether to save comes before the work of choosing what the document gives way to, and once."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QMessageBox

from app.dialogs.choices import ChoiceDialog
from app.dialogs.regions import RegionsDialog
from app.dialogs.templates import TemplateDialog
from app.imaging.mime import Incoming
from engine.requests.json_text import to_json
from tests.app.photo_windows import settle
from tests.app.waiting import shown_dialogs, work_done
from tests.fixtures import face_label_map, photo_of

SAVE, DISCARD, CANCEL = (getattr(QMessageBox.StandardButton, name) for name in ("Save", "Discard", "Cancel"))
CHOOSING = ("new_template", "new_photo", "new_painting", "new_map")  # what begins another document for certain
OTHER_MAP = np.full((64, 64), 13, np.uint8)


@pytest.fixture
def steps(window, core, monkeypatch):
    """What comes in which order, from the moment on at which the document has unsaved changes."""
    taken = []

    def pick_open(title, folder, filters):
        taken.append("choose")
        return ""

    def show(dialog):
        taken.append("choose")

    monkeypatch.setattr(window.context.ask, "pick_open", pick_open)
    monkeypatch.setattr(TemplateDialog, "open", show)
    core.document.set_seed(4)
    return taken


def answer_with(window, steps, answer):
    window.controllers.unsaved.ask = lambda: steps.append("ask") or answer


@pytest.mark.parametrize("action_id", CHOOSING)
def test_the_question_comes_before_anything_is_chosen(window, core, steps, action_id):
    answer_with(window, steps, CANCEL)
    window.actions_by_id[action_id].trigger()
    assert steps == ["ask"]
    answer_with(window, steps, DISCARD)
    window.actions_by_id[action_id].trigger()
    assert steps == ["ask", "ask", "choose"]
    assert core.document.seed == 4 and core.document.dirty  # nothing was chosen, nothing is lost
    core.document.mark_saved()
    window.actions_by_id[action_id].trigger()
    assert steps == ["ask", "ask", "choose", "choose"]


def test_what_is_saved_first_is_written_before_anything_is_chosen(window, core, steps, tmp_path, monkeypatch, qtbot):
    def pick_save(title, proposed, filters):
        steps.append("name")
        return str(tmp_path / "a.json"), filters.split(";;")[1]

    monkeypatch.setattr(window.context.ask, "pick_save", pick_save)
    answer_with(window, steps, SAVE)
    window.actions_by_id["new_template"].trigger()
    qtbot.waitUntil(lambda: "choose" in steps)
    assert steps == ["ask", "name", "choose"] and (tmp_path / "a.json").is_file()
    assert not core.document.dirty


def test_what_was_let_go_is_not_asked_about_again_when_the_choice_is_made(window, core, steps):
    answer_with(window, steps, DISCARD)
    window.actions_by_id["new_template"].trigger()
    window.controllers.new._from_map(OTHER_MAP)  # what the gallery gives
    assert steps == ["ask", "choose"]
    assert (core.document.label_map == 13).all()


def test_what_has_changed_while_the_user_chose_is_asked_about(window, core, steps):
    answer_with(window, steps, DISCARD)
    window.actions_by_id["new_template"].trigger()
    core.document.set_seed(5)
    answer_with(window, steps, CANCEL)
    window.controllers.new._from_map(OTHER_MAP)
    assert steps == ["ask", "choose", "ask"] and core.document.seed == 5


def test_what_was_let_go_for_a_choice_that_was_not_made_is_asked_about_again(window, core, steps, tmp_path, qtbot):
    request_file = tmp_path / "other.json"
    request_file.write_text(to_json(core.document.scene.to_request().replace(seed=8)), "utf-8")
    answer_with(window, steps, DISCARD)
    window.actions_by_id["new_template"].trigger()  # and Cancel in the gallery
    answer_with(window, steps, CANCEL)
    assert not window.close()
    window.controllers.files.take(Incoming(files=(request_file,)))
    qtbot.waitUntil(lambda: len(steps) == 4)
    assert steps == ["ask", "choose", "ask", "ask"] and core.document.seed == 4


# --- Open: what the file holds tells whether the document gives way to it ------------------------------


@pytest.fixture
def portrait(window, core, steps, tmp_path, monkeypatch, qtbot):
    """Names a photo in the dialog of Open, and returns what it can be used for."""
    settle(window, qtbot)
    photo_file = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(64))).save(photo_file)
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: steps.append("choose") or str(photo_file))
    answer_with(window, steps, DISCARD)
    window.actions_by_id["open"].trigger()
    qtbot.waitUntil(lambda: bool(shown_dialogs(ChoiceDialog)))
    return shown_dialogs(ChoiceDialog)[0].buttons


@pytest.mark.parametrize("use", ["edit 0", "paint 0"])
def test_a_photo_that_is_opened_is_asked_about_once(window, core, steps, portrait, use, qtbot):
    assert steps == ["choose"]
    portrait[use].click()
    assert steps == ["choose", "ask"]
    settle(window, qtbot)
    if use == "edit 0":
        assert core.document.photo.name == "portrait.png"
    assert steps == ["choose", "ask"]


def test_nothing_is_asked_where_a_picture_is_opened_as_a_style(window, core, steps, portrait, qtbot):
    portrait["all"].click()
    qtbot.waitUntil(lambda: bool(shown_dialogs(RegionsDialog)))
    shown_dialogs(RegionsDialog)[0].accept()
    qtbot.waitUntil(lambda: bool(core.document.styles))
    assert steps == ["choose"] and core.document.seed == 4


@pytest.mark.parametrize("answer", [CANCEL, DISCARD])
def test_a_document_that_is_opened_is_asked_about_before_it_is_read_and_once(
    window, core, steps, answer, tmp_path, monkeypatch, qtbot
):
    request_file = tmp_path / "other.json"
    request_file.write_text(to_json(core.document.scene.to_request().replace(seed=8)), "utf-8")
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: steps.append("choose") or str(request_file))
    restyle = window.controllers.new._restyle
    fresh = restyle.fresh
    monkeypatch.setattr(restyle, "fresh", lambda *of: (steps.append("work"), fresh(*of)))
    answer_with(window, steps, answer)
    with work_done(qtbot, core):
        window.actions_by_id["open"].trigger()
    assert steps == ["choose", "ask", "work"][: 2 if answer == CANCEL else 3]
    assert core.document.seed == (4 if answer == CANCEL else 8)
