"""Whether to save comes before the work of choosing what the document gives way to, and once."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox

from app.dialogs.templates import TemplateDialog
from app.imaging.mime import Incoming
from engine.requests.json_text import to_json

SAVE, DISCARD, CANCEL = (getattr(QMessageBox.StandardButton, name) for name in ("Save", "Discard", "Cancel"))
CHOOSING = ("new_template", "new_photo", "new_painting", "new_map", "open")
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
