"""The question about unsaved changes says which document is meant, and what was exported of it."""

from __future__ import annotations

import threading

import pytest
from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from app.controllers.keeping.unsaved import UnsavedChanges
from app.dialogs.quality import QualityDialog
from engine.requests.styles import SampleStyle
from tests.app.photo_windows import edit_photo, export_dialog, settle
from tests.app.waiting import shown_dialogs, work_done
from tests.fixtures import face_label_map, photo_of

HAIR = 13


def question(window) -> str:
    return " ".join(window.controllers.unsaved.question())


@pytest.fixture
def name(window, monkeypatch):
    """Names the next file: name(path)."""

    def set_name(path):
        monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(path), ""))

    return set_name


def test_a_painting_is_named_by_its_file(window, core, name, qtbot, tmp_path):
    core.document.set_seed(4)
    assert '"Untitled"' in question(window) and "lost" in question(window)
    name(tmp_path / "anna.png")
    with work_done(qtbot, core):
        window.actions_by_id["save"].trigger()
    core.document.set_seed(5)
    assert '"anna.png"' in question(window) and "exported" not in question(window)
    settle(window, qtbot)
    name(tmp_path / "picture.jpg")
    with work_done(qtbot, core):
        window.actions_by_id["export"].trigger()
        shown_dialogs(QualityDialog)[0].accept()
    assert core.document.dirty and "exported to picture.jpg" in question(window)
    core.document.set_seed(6)  # which that picture does not show
    assert "exported" not in question(window)
    core.document.undo()
    assert "exported to picture.jpg" in question(window)


def test_a_photo_is_named_and_so_is_its_export(window, core, name, qtbot, tmp_path):
    Image.fromarray(photo_of(face_label_map(64))).save(tmp_path / "portrait.png")
    edit_photo(window, tmp_path / "portrait.png", qtbot)
    core.document.styling.set_styles({HAIR: SampleStyle(7)})
    settle(window, qtbot)
    assert "portrait.png" in question(window) and "exported" not in question(window)
    name(tmp_path / "out.jpg")
    window.actions_by_id["export"].trigger()
    with work_done(qtbot, core):
        export_dialog().accept()
    assert "exported to out.jpg" in question(window)


def test_the_box_shows_both_sentences(window, core, monkeypatch):
    core.document.set_seed(4)
    shown = []

    def press_discard(box):
        shown.append((box.text(), box.informativeText(), box.defaultButton() is box.button(box.StandardButton.Save)))
        return QMessageBox.StandardButton.Discard.value

    monkeypatch.setattr(QMessageBox, "exec", press_discard)
    unsaved = window.controllers.unsaved
    assert UnsavedChanges.ask(unsaved) == QMessageBox.StandardButton.Discard
    assert shown == [(*unsaved.question(), True)]
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.findChildren(QMessageBox)


def test_the_first_work_that_is_waited_for_shows_its_progress(window, core, qtbot):
    """Whatever it is: the lane tells that it is busy before the work counts as waited for."""
    settle(window, qtbot)
    go_on = threading.Event()
    cancel = window.status.cancel
    assert not cancel.isVisible()
    core.submit(lambda work: go_on.wait(10), text="Saving a.png", on_done=lambda _: None)
    try:
        qtbot.waitUntil(cancel.isVisible)
    finally:
        go_on.set()
    qtbot.waitUntil(lambda: not cancel.isVisible())


def test_a_star_is_asked_about_before_the_window_closes(window, core, monkeypatch):
    asked = []
    answer = QMessageBox.StandardButton.Cancel
    monkeypatch.setattr(window.controllers.unsaved, "ask", lambda: asked.append(1) or answer)
    core.document.mark_saved()
    core.document.kept.keep(core.document.scene, photo_of(face_label_map(64)))
    assert not core.document.dirty
    core.document.kept.star(1, True)
    assert core.document.dirty and not window.close() and asked == [1]
    core.document.kept.star(1, False)
    assert not core.document.dirty


def test_a_star_that_the_present_file_cannot_hold_asks_for_another_name(window, core, name, qtbot, tmp_path):
    document = core.document
    document.kept.keep(document.scene, photo_of(face_label_map(64)))
    name(tmp_path / "anna.png")
    for target, starred in (("anna.png", False), ("with stars.tessera", True), ("again.png", False)):
        document.kept.star(1, starred)
        name(tmp_path / target)
        with work_done(qtbot, core):
            window.actions_by_id["save_as" if target == "again.png" else "save"].trigger()
        assert document.path == tmp_path / target and not document.dirty
    document.kept.star(1, True)
    assert document.dirty
    with work_done(qtbot, core):
        window.actions_by_id["save"].trigger()
    assert document.path == tmp_path / "again.png" and not document.dirty, "the user gave that name once more"
