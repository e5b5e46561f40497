"""Documents in the window: saved, opened again with all that they hold, and never written over when damaged."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.controllers import exports
from app.dialogs.history import HistoryDialog
from app.document.saved import document_file
from app.document.saved.document_file import read_document
from app.errors_ui.hub import Severity
from app.imaging.mime import Incoming
from engine.errors import BadFile
from tests.app.fakes import FACES
from tests.app.waiting import work_done
from tests.fixtures import face_label_map

HAIR = 13


@pytest.fixture
def answer(window, monkeypatch):
    """Answers the next save dialogs: answer(path), with the filter that is proposed first."""

    def set_answer(path):
        monkeypatch.setattr(window.context.ask, "pick_save", lambda *of: (str(path), of[2].split(";;")[0]))

    return set_answer


@pytest.fixture
def problems(window):
    said = []
    window.core.hub.reported.connect(said.append)
    return said


@pytest.fixture
def saved(window, core, answer, qtbot, tmp_path):
    """A document with a stroke, two kept pictures, one with a star, and a hidden label; saved as 画 one.tessera."""
    document = core.document
    window.controllers.results.keep()
    stroke(document)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    document.kept.keep(document.scene, document.picture)
    document.label_states.set_visible(HAIR, False)
    answer(tmp_path / "画 one")
    save(window, qtbot)
    return tmp_path / "画 one.tessera"


def stroke(document, label=HAIR):
    document.pixels.begin_stroke(label)
    document.pixels.stroke_to([(5, 5), (40, 30)], 6)
    document.pixels.end_stroke()


def save(window, qtbot, action="save"):
    with work_done(qtbot, window.core):
        window.actions_by_id[action].trigger()


def leave(core):
    """Another document, so that all that was there is gone."""
    core.document.mark_saved()
    core.document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces", undoable=False)


def test_a_document_comes_back_with_its_pictures_and_stars(window, core, saved, qtbot):
    document = core.document
    scene, kept = document.scene, document.results
    assert not document.dirty and window.windowTitle().startswith("画 one.tessera")
    leave(core)
    window.controllers.files.take(Incoming(files=(saved,)))  # dropped
    qtbot.waitUntil(lambda: document.path == saved)
    assert document.scene == scene and not document.dirty
    assert [(r.number, r.starred) for r in document.results] == [(1, True), (2, False)]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(document.results, kept, strict=True))
    assert core.settings.recent()[0] == saved
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert document.results[-1].number == 2, "the picture that it shows is one that it keeps"


def test_saving_again_asks_no_name_and_takes_what_is_new(window, core, saved, answer, qtbot):
    answer(saved.with_name("never asked"))
    core.document.set_seed(11)
    assert core.document.dirty and window.isWindowModified()
    save(window, qtbot)
    assert read_document(saved).scene.request.seed == 11 and not core.document.dirty
    assert [path.name for path in saved.parent.glob("*.tessera*")] == [saved.name]


def test_saving_takes_the_pictures_that_are_kept_by_itself_already(window, core, saved, qtbot, monkeypatch):
    core.document.set_seed(11)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    core.document.kept.keep(core.document.scene, core.document.picture)
    with qtbot.waitSignal(core.autosave.kept):
        core.autosave.keep()
    encoded, encode = [], document_file.encode_picture
    monkeypatch.setattr(document_file, "encode_picture", lambda *of, **how: encoded.append(1) or encode(*of, **how))
    save(window, qtbot)
    assert len(read_document(saved).results) == len(core.document.results) == 3 and encoded == []


def test_a_star_is_a_change_of_a_document_that_holds_its_pictures(window, core, saved, qtbot):
    core.document.kept.star(2, True)
    assert core.document.dirty
    core.document.kept.star(2, False)
    assert not core.document.dirty
    core.document.kept.star(2, True)
    save(window, qtbot)
    assert [kept.starred for kept in read_document(saved).results] == [True, True] and not core.document.dirty


def keep_another(window, core, qtbot, seed):
    """Let the picture of another seed be kept by itself, and go back to the seed before."""
    count = len(core.document.results)
    core.document.set_seed(seed)
    qtbot.waitUntil(lambda: len(core.document.results) > count)
    core.document.undo()
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)


def test_a_picture_that_was_kept_by_itself_is_a_change_of_a_document_that_holds_its_pictures(
    window, core, saved, qtbot, monkeypatch
):
    document = core.document
    keep_another(window, core, qtbot, 77)
    assert len(document.results) == 3 and document.dirty
    with qtbot.waitSignal(core.autosave.kept):
        core.autosave.keep()
    document.kept.star(1, False)
    document.kept.star(1, True)
    assert len(read_document(core.autosave.files[0]).results) == 3, "what was kept of it stays"
    asked = []
    monkeypatch.setattr(window.controllers.unsaved, "ask", lambda: asked.append(1) or QMessageBox.StandardButton.Cancel)
    assert not window.close() and asked == [1]
    save(window, qtbot)
    assert not document.dirty and len(read_document(saved).results) == 3
    document.kept.delete([2])
    assert document.dirty, "the file has it"
    document.undo()
    assert not document.dirty


def test_a_document_that_was_opened_and_merely_painted_is_not_unsaved(window, core, saved, qtbot):
    document, auto = core.document, window.actions_by_id["result_auto"]
    auto.setChecked(False)
    document.kept.delete([2])  # the picture that it shows
    save(window, qtbot)
    leave(core)
    auto.setChecked(True)
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: document.path == saved and len(document.results) == 2)
    assert not document.dirty, "whoever has the file has what makes this picture"
    keep_another(window, core, qtbot, 77)
    assert document.dirty


def test_what_goes_by_itself_from_a_full_strip_is_no_change(window, core, saved, qtbot):
    document = core.document
    document.origin.results.max_count = 1
    saved_scene = document.scene
    document.kept.delete([2])
    with_other_seed = replace(saved_scene, seed=5)
    document.kept.keep(with_other_seed, document.picture)
    save(window, qtbot)
    document.kept.keep(saved_scene, document.picture)
    assert [kept.scene.seed for kept in document.results if not kept.starred] == [saved_scene.seed]
    assert not document.dirty


def test_a_picture_that_came_after_the_document_was_let_go_is_asked_about(window, core, saved, qtbot, monkeypatch):
    unsaved, asked, gone = window.controllers.unsaved, [], []
    monkeypatch.setattr(unsaved, "ask", lambda: asked.append(1) or QMessageBox.StandardButton.Cancel)
    unsaved.before_choosing(lambda: None)
    keep_another(window, core, qtbot, 77)
    unsaved.settle(lambda: gone.append(1))
    assert asked == [1] and not gone


@pytest.fixture
def during_save(monkeypatch):
    """during_save(happens): what the user does while the next file is being written."""
    begun, go_on = threading.Event(), threading.Event()
    write = exports.save_document

    def slowly(*of, **how):
        begun.set()
        go_on.wait()
        write(*of, **how)

    def act(window, qtbot, happens):
        monkeypatch.setattr(exports, "save_document", slowly)
        with work_done(qtbot, window.core):
            window.actions_by_id["save"].trigger()
            qtbot.waitUntil(begun.is_set)
            happens()
            go_on.set()

    yield act
    go_on.set()


def test_a_star_that_is_set_while_the_file_is_written_is_unsaved(window, core, saved, qtbot, during_save):
    core.document.set_seed(11)
    during_save(window, qtbot, lambda: core.document.kept.star(2, True))
    assert [kept.starred for kept in read_document(saved).results] == [True, False] and core.document.dirty
    core.document.kept.star(2, False)
    assert not core.document.dirty


def test_what_is_undone_after_a_change_during_a_save_is_compared_with_the_file(window, core, saved, qtbot, during_save):
    core.document.set_seed(11)
    during_save(window, qtbot, lambda: core.document.set_seed(12))
    assert core.document.dirty and read_document(saved).scene.request.seed == 11
    core.document.undo()
    assert not core.document.dirty, "the file has this seed"
    core.document.undo()
    assert core.document.dirty, "what was saved before is no longer what the file has"


def test_a_hidden_label_is_unsaved_when_it_changes_while_the_file_is_written(window, core, saved, qtbot, during_save):
    core.document.set_seed(11)
    during_save(window, qtbot, lambda: core.document.label_states.set_visible(HAIR, True))
    assert core.document.dirty


def test_a_png_that_the_strip_does_not_go_into_says_so_and_an_export_of_it_is_no_save(
    window, core, answer, problems, qtbot, tmp_path
):
    document = core.document
    answer(tmp_path / "alone.png")
    document.set_seed(4)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    window.controllers.results.keep()
    document.kept.star(document.results[-1].number, False)
    document.kept.delete([kept.number for kept in document.results[:-1]])
    save(window, qtbot, "export")
    assert document.path == tmp_path / "alone.png" and not document.dirty and problems == []
    document.set_seed(5)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    answer(tmp_path / "one of two.png")
    save(window, qtbot, "export")
    assert document.path == tmp_path / "alone.png" and document.dirty
    assert "The other pictures of the strip and the steps stand in no file" in window.controllers.unsaved.question()[1]
    save(window, qtbot, "save_as")
    assert document.path == tmp_path / "one of two.png" and not document.dirty
    assert "only a Tessera document holds them" in problems[-1].sentence and problems[-1].remedy == "save_as"
    told_count = len(problems)
    save(window, qtbot)
    assert len(problems) == told_count, "once for each document"


def test_exporting_a_png_leaves_the_document_its_file(window, core, saved, answer, qtbot):
    core.document.set_seed(4)
    answer(saved.with_name("picture.png"))
    save(window, qtbot, "export")
    assert saved.with_name("picture.png").is_file()
    assert core.document.path == saved and core.document.dirty


def test_pictures_that_a_file_holds_do_not_come_along_into_the_next_document(core, saved):
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces")
    assert core.document.results == ()


def test_unsaved_stars_come_along_behind_the_pictures_of_the_file(window, core, saved, qtbot, monkeypatch):
    leave(core)
    core.document.kept.keep(core.document.scene, np.zeros((64, 64, 3), np.uint8))
    core.document.kept.star(1, True)
    monkeypatch.setattr(window.controllers.unsaved, "ask", lambda: QMessageBox.StandardButton.Discard)
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: core.document.path == saved)
    assert [(kept.number, kept.starred) for kept in core.document.results] == [(1, True), (2, False), (3, True)]
    assert core.document.dirty, "the third stands in no file"


def test_a_document_of_weights_that_are_gone_opens(window, core, saved, qtbot, monkeypatch):
    leave(core)
    monkeypatch.setattr(core.catalogue, "_entries", [], raising=False)
    monkeypatch.setattr(core.catalogue, "label_set", lambda weights: (_ for _ in ()).throw(BadFile("gone")))
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: core.document.path == saved)


def damage(path, part):
    data = bytearray(path.read_bytes())
    place = data.index(part) + len(part)
    data[place : place + 40] = bytes(40)
    path.write_bytes(data)


def test_a_damaged_document_opens_as_far_as_it_can_be_read_and_is_never_written_over(
    window, core, saved, answer, problems, qtbot
):
    leave(core)
    damage(saved, b"results.json")
    before = saved.read_bytes()
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: HAIR in core.document.hidden)
    said = [problem.sentence for problem in problems if problem.severity is Severity.WARNING]
    assert said == [
        f'"{saved}" is damaged: the list of pictures cannot be read. The file stays as it is; saving asks for another '
        "name."
    ]
    assert core.document.path is None
    core.document.set_seed(8)
    answer(saved)
    window.actions_by_id["save"].trigger()
    assert "is damaged and stays as it is" in problems[-1].sentence and saved.read_bytes() == before
    answer(saved.with_name("rescued"))
    save(window, qtbot)
    assert core.document.path == saved.with_name("rescued.tessera") and saved.read_bytes() == before


def test_a_hostile_document_is_refused_in_one_sentence(window, core, saved, problems, qtbot):
    import zipfile

    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("../../evil", b"x")
    leave(core)
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: bool(problems))
    assert "it may do harm" in problems[-1].sentence and core.document.path is None


def test_a_full_disk_is_said_and_nothing_is_lost(window, core, saved, problems, qtbot, monkeypatch):
    import errno
    import os

    before = saved.read_bytes()
    core.document.set_seed(5)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("engine.files.os.fsync", full)
        save(window, qtbot)
    assert problems[-1].sentence.startswith("Cannot write") and "the disk is full" in problems[-1].sentence
    assert saved.read_bytes() == before and core.document.dirty and core.document.seed == 5
    assert [path.name for path in saved.parent.iterdir() if "tmp" in path.name] == []
    save(window, qtbot)
    assert read_document(saved).scene.request.seed == 5 and not core.document.dirty


def test_undo_works_after_the_next_start(window, core, saved, qtbot):
    leave(core)
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: core.document.path == saved)
    assert core.document.timeline.texts == ["Paint Hair", "Hide Hair"]
    core.document.timeline.go_to(0)
    assert np.array_equal(core.document.label_map, face_label_map(64)) and core.document.dirty
    core.document.timeline.go_to(2)
    assert not core.document.dirty


def test_the_history_lists_the_steps_and_a_click_goes_to_one(window, core, qtbot):
    stroke(core.document)
    core.document.set_seed(7)
    window.actions_by_id["history"].trigger()
    dialog = window.findChild(HistoryDialog)
    assert [dialog.list.item(row).text() for row in range(3)] == ["At the beginning", "Paint Hair", "Change seed"]
    for row, seed in ((1, 0), (0, 0), (2, 7)):
        place = dialog.list.visualItemRect(dialog.list.item(row)).center()
        qtbot.mouseClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert core.document.timeline.position == row == dialog.list.currentRow() and core.document.seed == seed
    core.document.undo()
    core.document.set_detail("full")
    assert [dialog.list.item(row).text() for row in range(dialog.list.count())][2:] == ["Change detail"]
    dialog.close()
