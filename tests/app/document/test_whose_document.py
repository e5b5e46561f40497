"""Files, saves and styles belong to one document, whatever becomes of the window meanwhile."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from app.controllers.styles import Target
from app.document.opening import paintings
from app.jobs.photos import Photo
from engine.requests.json_text import from_json, to_json
from tests.app.fakes import FACES
from tests.app.waiting import work_done
from tests.fixtures import face_label_map, photo_of

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
        path.write_text(to_json(core.document.scene.to_request().replace(**changes)), "utf-8")
        return path

    return write


def save(qtbot, window):
    with work_done(qtbot, window.core):
        window.actions_by_id["save"].trigger()


def another(document):
    document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces")


# --- the picture of a document ------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["fake-faces", ""])
def test_a_picture_under_way_never_lands_in_the_next_document(window, core, engine, qtbot, weights):
    lane, delivered = core.render_lane, []
    lane.rendered.connect(lambda result: delivered.append(result.pixels.shape[:2]))
    painted, post = threading.Event(), lane._post
    lane._post = lambda kind, *rest: (post(kind, *rest), painted.set() if kind == "rendered" else None)
    core.document.set_seed(5)
    window.controllers.render._submit()
    assert painted.wait(30)  # it waits in the event queue now
    core.document.new(label_set=FACES, label_map=np.zeros((32, 32), np.uint8), weights=weights)
    assert not lane.busy
    if weights:
        qtbot.waitUntil(lambda: core.document.picture is not None)
    else:
        QApplication.processEvents()
    assert (64, 64) not in delivered
    assert core.document.picture is None or core.document.picture.shape == (32, 32, 3)


# --- the file of a document ---------------------------------------------------------------------------


def test_undo_of_an_opening_brings_the_old_file_back(window, core, answer, qtbot, tmp_path, request_file):
    b = request_file("b.json", seed=8)
    answer(tmp_path / "a.png")
    save(qtbot, window)
    window.controllers.files.open_path(b)
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
    core.document.set_seed(5)  # a document that somebody has worked on
    core.document.mark_saved()
    window.controllers.files.open_path(b)
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
    with work_done(qtbot, window.core):
        engine.gate.set()
    assert core.document.path is None and core.document.dirty
    core.document.undo()
    assert core.document.seed == 6 and core.document.path == tmp_path / "a.png"


def test_an_equal_looking_other_document_is_not_marked_saved(window, core, answer, engine, qtbot, tmp_path):
    engine.gate = threading.Event()
    core.document.set_seed(6)
    answer(tmp_path / "a.png")
    window.actions_by_id["save"].trigger()
    core.document.new(label_set=core.document.label_set, label_map=core.document.label_map)
    with work_done(qtbot, window.core):
        engine.gate.set()
    assert core.document.path is None and core.document.dirty


def test_an_opened_request_keeps_its_precision(window, core, qtbot, request_file):
    path = request_file("b.json", precision="bfloat16")
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: core.document.path == path)
    assert core.document.precision == "bfloat16"
    assert core.document.scene.to_request() == from_json(path.read_text("utf-8"))


# --- unsaved work -------------------------------------------------------------------------------------

SAVE, DISCARD, CANCEL = (getattr(QMessageBox.StandardButton, name) for name in ("Save", "Discard", "Cancel"))


def begin_from_map(window, monkeypatch, request_file):
    window.controllers.new._from_map(np.full((64, 64), HAIR, np.uint8))


def begin_from_sample(window, monkeypatch, request_file):
    path = request_file("sample.json", seed=8)
    monkeypatch.setattr("app.controllers.new.sample_path", lambda: path)
    window.controllers.new.sample()


def begin_from_photo(window, monkeypatch, request_file):
    label_map = face_label_map(64)
    photo = Photo(request_file("photo.json"), photo_of(label_map), label_map, 1.0, known=True)
    painting = paintings(window.core.document, window.core.catalogue)[0]
    window.controllers.new._encode(photo, painting, painting.proposed(label_map))


def begin_from_file(window, monkeypatch, request_file):
    window.controllers.files.open_path(request_file("b.json", seed=8))


WAYS = [begin_from_map, begin_from_sample, begin_from_photo, begin_from_file]


@pytest.mark.parametrize("begin", WAYS)
def test_a_document_with_unsaved_changes_is_not_replaced_when_the_user_cancels(
    window, core, qtbot, monkeypatch, request_file, begin
):
    core.document.set_seed(4)
    before = core.document.origin
    asked = []
    window.controllers.unsaved.ask = lambda: asked.append(1) or CANCEL
    begin(window, monkeypatch, request_file)
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [1]
    assert core.document.origin is before and core.document.dirty and core.document.seed == 4


@pytest.mark.parametrize("begin", WAYS)
def test_discarding_begins_the_other_document_and_undo_still_brings_the_work_back(
    window, core, qtbot, monkeypatch, request_file, begin
):
    core.document.set_seed(4)
    before = core.document.origin
    window.controllers.unsaved.ask = lambda: DISCARD
    begin(window, monkeypatch, request_file)
    qtbot.waitUntil(lambda: core.document.origin is not before)
    assert core.document.dirty == (begin is begin_from_photo)
    core.document.undo()
    assert core.document.origin is before and core.document.seed == 4 and core.document.dirty


@pytest.mark.parametrize("begin", WAYS)
def test_saving_comes_before_the_other_document(
    window, core, answer, qtbot, tmp_path, monkeypatch, request_file, begin
):
    core.document.set_seed(4)
    before = core.document.origin
    window.controllers.unsaved.ask = lambda: SAVE
    answer(tmp_path / "a.json")
    begin(window, monkeypatch, request_file)
    qtbot.waitUntil(lambda: core.document.origin is not before)
    assert before.path is not None and before.path.is_file()
    assert core.document.path != before.path


def test_an_untouched_new_document_gives_way_without_a_question(window, core, monkeypatch, request_file):
    for _ in range(2):  # `window` fails on a question
        begin_from_map(window, monkeypatch, request_file)
    assert not core.document.dirty


# --- closing ------------------------------------------------------------------------------------------


def test_a_cancelled_save_at_closing_leaves_later_exports_alone(window, core, answer, qtbot, tmp_path):
    core.document.set_seed(4)
    window.controllers.unsaved.ask = lambda: SAVE
    closed = []
    window.closed.connect(lambda: closed.append(1))
    answer("")
    assert not window.close()
    answer(tmp_path / "c.png")
    with work_done(qtbot, window.core):
        window.actions_by_id["export"].trigger()
    QApplication.processEvents()
    assert closed == [] and window.isVisible()


def test_a_failed_save_at_closing_leaves_later_exports_alone(window, core, answer, qtbot, tmp_path, monkeypatch):
    core.document.set_seed(4)
    window.controllers.unsaved.ask = lambda: SAVE
    closed = []
    window.closed.connect(lambda: closed.append(1))
    answer(tmp_path / "no such folder" / "a.png")
    assert not window.close()
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    answer(tmp_path / "c.png")
    with work_done(qtbot, window.core):
        window.actions_by_id["export"].trigger()
    QApplication.processEvents()
    assert closed == [] and window.isVisible()


# --- styles -------------------------------------------------------------------------------------------


def test_a_style_does_not_land_in_a_document_begun_meanwhile(window, core, qtbot, request_file):
    label_map = face_label_map(64)
    photo = Photo(request_file("photo.json"), photo_of(label_map), label_map, 1.0, known=True)
    done = []
    window.controllers.styles._apply(photo, Target(HAIR), HAIR)
    another(core.document)
    core.submit(lambda work: None, text="", on_done=done.append)  # first in, first out: the style is through
    qtbot.waitUntil(lambda: bool(done))
    assert core.document.styles == {}


def test_a_photo_does_not_replace_a_document_begun_meanwhile(window, core, qtbot, monkeypatch, request_file):
    begin_from_photo(window, monkeypatch, request_file)
    another(core.document)
    origin, done = core.document.origin, []
    core.submit(lambda work: None, text="", on_done=done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert core.document.origin is origin
