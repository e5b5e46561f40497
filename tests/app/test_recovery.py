"""After a crash the window shows what was left, and brings it back or throws it away; a file is open in one window."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QLabel

from app.dialogs.recovery import RecoveryDialog, about_text
from app.document.document import Document
from app.document.saved import process_folders
from app.document.saved.autosave import Autosave
from app.document.saved.process_folders import AUTOSAVED, leftovers, own_folder, state_folder, tell_open
from engine.requests.styles import ColourStyle, SampleStyle
from tests.app.document.test_autosave import DEAD, Lane
from tests.app.fakes import FACES
from tests.app.photo_windows import edit_photo, settle
from tests.app.waiting import work_done
from tests.fixtures import face_label_map, photo_of

HAIR = 13


def leave_behind(name=DEAD, path=None):
    """A process ended before its time: a stroke, a picture with a star."""
    document = Document(FACES, weights="fake-faces")
    label_map = face_label_map(64)
    document.new(label_set=FACES, label_map=label_map, weights="fake-faces", path=path, undoable=False)
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(5, 5), (40, 30)], 6)
    document.pixels.end_stroke()
    document.kept.keep(document.scene, photo_of(label_map))
    document.kept.star(1, True)
    autosave = Autosave(document, Lane())
    autosave.keep()
    autosave.leave()
    shutil.move(own_folder(state_folder()), state_folder() / name)
    return document.scene


@pytest.fixture
def dialog(window, qtbot):
    """What is shown at the next start."""

    def shown() -> RecoveryDialog:
        window.controllers.recovery.look()
        qtbot.waitUntil(lambda: window.controllers.recovery.dialog is not None)
        return window.controllers.recovery.dialog

    return shown


def test_what_was_left_is_brought_back_with_its_pictures_and_goes_once_it_is_kept_again(window, core, dialog, qtbot):
    scene = leave_behind()
    row = dialog().rows[DEAD]
    with work_done(qtbot, core):
        row.restore_button.click()
    document = core.document
    qtbot.waitUntil(lambda: document.scene.label_map == scene.label_map)
    assert document.dirty and document.path is None
    assert [(kept.number, kept.starred) for kept in document.results][:1] == [(1, True)]
    qtbot.waitUntil(lambda: not (state_folder() / DEAD).exists())
    assert (own_folder(state_folder()) / AUTOSAVED).is_file(), "it is kept again before what was left goes"
    assert leftovers() == []


def test_a_document_that_had_a_file_has_it_again_and_is_not_saved_there(window, core, dialog, qtbot, tmp_path):
    path = tmp_path / "mine.tessera"
    path.write_bytes(b"as it was saved")
    scene = leave_behind(path=path)
    with work_done(qtbot, core):
        dialog().rows[DEAD].restore_button.click()
    qtbot.waitUntil(lambda: core.document.scene.label_map == scene.label_map)
    assert core.document.path == path and core.document.dirty and path.read_bytes() == b"as it was saved"


def test_what_is_thrown_away_goes_and_the_rest_stays_for_later(window, core, dialog, qtbot):
    leave_behind()
    leave_behind("1-6")
    shown = dialog()
    shown.rows[DEAD].discard_button.click()
    qtbot.waitUntil(lambda: not (state_folder() / DEAD).exists())
    shown.reject()
    assert [left.folder.name for left in leftovers()] == ["1-6"]
    assert window.controllers.recovery.dialog is None


@pytest.mark.parametrize(("names", "said"), [((DEAD,), "this document was"), ((DEAD, "1-6"), "these documents were")])
def test_it_says_how_many_were_left(window, dialog, names, said):
    for name in names:
        leave_behind(name)
    assert f"Tessera ended before {said} saved" in [label.text() for label in dialog().findChildren(QLabel)]


def test_nothing_is_shown_where_nothing_was_left(window, core, qtbot):
    window.controllers.recovery.look()
    qtbot.waitUntil(lambda: not core.work_lane.busy)
    assert window.controllers.recovery.dialog is None


def test_it_says_when_it_was_kept_and_after_how_many_steps(window):
    leave_behind()
    (left,) = leftovers()
    assert about_text(left).startswith("Kept ") and about_text(left).endswith(", after one step")


def test_a_damaged_leftover_says_so_and_stays(window, core, dialog, qtbot):
    leave_behind()
    (state_folder() / DEAD / AUTOSAVED).write_bytes(b"PK\3\4 nonsense")
    said = []
    core.hub.reported.connect(said.append)
    dialog().rows[DEAD].restore_button.click()
    qtbot.waitUntil(lambda: bool(said))
    assert "too damaged for any part of it to be read" in said[0].sentence and (state_folder() / DEAD).exists()


@pytest.mark.parametrize(("of_photo", "style"), [(True, ColourStyle(colour="#20c040")), (False, SampleStyle(40))])
def test_what_is_brought_back_shows_its_edits_while_it_is_painted_again(
    window, core, dialog, engine, of_photo, style, qtbot, tmp_path
):
    document = core.document
    if of_photo:
        Image.fromarray(photo_of(face_label_map(64))).save(tmp_path / "portrait.png")
        edit_photo(window, tmp_path / "portrait.png", qtbot)
    settle(window, qtbot)
    before = document.picture
    document.styling.set_styles({HAIR: style})
    settle(window, qtbot)
    edited = document.picture
    with qtbot.waitSignal(core.autosave.kept):
        core.autosave.keep()
    shutil.copytree(own_folder(state_folder()), state_folder() / DEAD)  # as a kill leaves it
    document.mark_saved()
    document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces", undoable=False)
    settle(window, qtbot)
    engine.gate = threading.Event()
    try:
        dialog().rows[DEAD].restore_button.click()
        qtbot.waitUntil(lambda: HAIR in document.styles)
        assert not window.controllers.render.up_to_date and document.picture is not None

        def distance(picture):
            return np.abs(document.picture.astype(int) - picture).mean()

        assert distance(edited) < 4 < distance(before)
    finally:
        engine.gate.set()
    settle(window, qtbot)
    assert np.array_equal(document.picture, edited)


# ---------------------------------------------------------------- two windows on one file


def test_a_file_that_another_window_has_open_opens_as_a_copy_and_is_not_written_over(
    window, core, qtbot, tmp_path, monkeypatch
):
    path = tmp_path / "mine.tessera"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *of: (str(path), of[2].split(";;")[0]))
    with work_done(qtbot, core):
        window.actions_by_id["save_as"].trigger()
    scene, before = core.document.scene, path.read_bytes()
    said = []
    core.hub.reported.connect(said.append)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        tell_open(state_folder() / f"{other.pid}-{round(process_folders._start_of(other.pid))}", path)
        core.document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces", undoable=False)
        window.controllers.files.open_path(path)
        qtbot.waitUntil(lambda: core.document.scene.label_map == scene.label_map)
        assert core.document.path is None and "this is a copy of it" in said[-1].sentence
        core.document.set_seed(9)
        with work_done(qtbot, core):
            window.actions_by_id["save"].trigger()
        assert "is open in another window" in said[-1].sentence and path.read_bytes() == before
        other.communicate(b"\n")
    core.document.mark_saved()
