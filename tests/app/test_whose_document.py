"""Files, saves and styles belong to one document, whatever becomes of the window meanwhile."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.request import from_json, to_json
from tests.app.fakes import FACES

HAIR, SKIN = 13, 1


@pytest.fixture
def answer(window, monkeypatch):
    """Answers the next save dialogs: answer(path); answer("") cancels."""

    def set_answer(path):
        def pick(title, proposed, filters):
            return (str(path), filters.split(";;")[0]) if path else ("", "")

        monkeypatch.setattr(window.context.ask, "pick_save", pick)

    return set_answer


@pytest.fixture
def request_file(core, tmp_path):
    """Writes the request of the present document, changed, as a file."""

    def write(name, **changes):
        path = tmp_path / name
        path.write_text(to_json(core.document.to_request().replace(**changes)), "utf-8")
        return path

    return write


def save(qtbot, window):
    with qtbot.waitSignal(window.controllers["exports"].saved):
        window.actions_by_id["save"].trigger()


def another(document):
    document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces")


# --- the file of a document ---------------------------------------------------------------------------


def test_undo_of_an_opening_brings_the_old_file_back(window, core, answer, qtbot, tmp_path, request_file):
    b = request_file("b.json", seed=8)
    answer(tmp_path / "a.png")
    save(qtbot, window)
    window.controllers["files"].open_path(b)
    qtbot.waitUntil(lambda: core.document.path == b)
    assert "b.json" in window.windowTitle()
    core.document.undo()
    assert core.document.path == tmp_path / "a.png"
    assert "a.png" in window.windowTitle()
    kept = b.read_bytes()
    save(qtbot, window)
    assert b.read_bytes() == kept
    core.document.redo()
    assert core.document.path == b


def test_undo_to_a_document_without_a_file_asks_for_a_name(window, core, answer, qtbot, tmp_path, request_file):
    b = request_file("b.json", seed=8)
    window.controllers["files"].open_path(b)
    qtbot.waitUntil(lambda: core.document.path == b)
    core.document.undo()
    assert core.document.path is None
    kept = b.read_bytes()
    answer(tmp_path / "asked.png")
    save(qtbot, window)
    assert b.read_bytes() == kept and (tmp_path / "asked.png").is_file()


def test_a_late_save_gives_its_file_to_the_document_it_was_of(window, core, answer, engine, qtbot, tmp_path):
    engine.gate = threading.Event()
    core.document.set_seed(6)
    answer(tmp_path / "a.png")
    window.actions_by_id["save"].trigger()
    another(core.document)
    with qtbot.waitSignal(window.controllers["exports"].saved):
        engine.gate.set()
    assert core.document.path is None and core.document.dirty
    core.document.undo()
    assert core.document.seed == 6 and core.document.path == tmp_path / "a.png"


def test_an_equal_looking_other_document_is_not_marked_saved(window, core, answer, engine, qtbot, tmp_path):
    engine.gate = threading.Event()
    core.document.set_seed(6)
    answer(tmp_path / "a.png")
    window.actions_by_id["save"].trigger()
    core.document.restore(core.document.to_request())
    with qtbot.waitSignal(window.controllers["exports"].saved):
        engine.gate.set()
    assert core.document.path is None and core.document.dirty


def test_an_opened_request_keeps_its_precision(window, core, qtbot, request_file):
    path = request_file("b.json", precision="bfloat16")
    window.controllers["files"].open_path(path)
    qtbot.waitUntil(lambda: core.document.path == path)
    assert core.document.precision == "bfloat16"
    assert core.document.to_request() == from_json(path.read_text("utf-8"))
