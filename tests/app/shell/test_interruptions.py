"""Work that is under way when something else happens: cancel, another language, a home that cannot be written."""

from __future__ import annotations

import tempfile
import threading
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from app.__main__ import Editor
from app.controllers import engine_menus, exports
from app.controllers.styles import Target
from app.imaging.thumbnails import Thumbnails, make_thumbnails
from app.jobs.photos import Photo
from app.shell import paths
from app.shell.i18n import install_language
from app.shell.settings import Settings
from engine.errors import BadFile
from engine.requests.styles import ImageStyle
from tests.app.waiting import work_done
from tests.fixtures import face_label_map, photo_of

HAIR = 13
PATIENCE_S = 30


@pytest.fixture
def writing(monkeypatch):
    """Holds the next write of a picture: ``begun`` and ``go``."""
    held = SimpleNamespace(begun=threading.Event(), go=threading.Event())
    write = exports.write_picture

    def slow(*args):
        held.begun.set()
        assert held.go.wait(PATIENCE_S)
        write(*args)

    monkeypatch.setattr(exports, "write_picture", slow)
    yield held
    held.go.set()


@pytest.fixture
def failing(engine):
    """Every render fails."""
    engine.error = BadFile("The weights are damaged.")


@pytest.fixture
def editor(qtbot, core, monkeypatch):
    """The editor on the fake engine; its language is English again afterwards."""
    devices = [SimpleNamespace(id="mps", name="Fast", free_bytes=1)]
    monkeypatch.setattr(engine_menus, "find_devices", lambda work: devices)
    monkeypatch.setattr("app.controllers.new.NewController.first", lambda self: None)
    made = Editor(core)
    made.window.controllers.unsaved.ask = lambda: QMessageBox.StandardButton.Discard
    made.show()
    qtbot.waitExposed(made.window)
    yield made
    core.document.mark_saved()
    core.settings.language = "en"
    install_language("en")
    made.window.controllers.render.stop()
    made.window.close()


def speak_chinese(core, editor, qtbot):
    old = editor.window
    core.settings.language = "zh_CN"
    old.language_changed.emit()
    return old


def wait_idle(core, qtbot):
    """First in, first out: whatever was in the work lane is through."""
    done = []
    core.work_lane.submit(lambda work: None, on_done=done.append)
    qtbot.waitUntil(lambda: bool(done))


# --- cancel -------------------------------------------------------------------------------------------


def test_cancel_after_the_write_began_lets_it_end_and_says_so(window, core, writing, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(path), "PNG (*.png)"))
    said = []
    monkeypatch.setattr(window.status, "show_message", said.append)
    with work_done(qtbot, window.core):
        window.actions_by_id["save"].trigger()
        qtbot.waitUntil(writing.begun.is_set)
        window.controllers.render.cancel()
        assert said == [] and core.foreground_busy
        writing.go.set()
    assert said == ["Written: a.png"]
    assert path.is_file() and core.document.path == path


# --- another language ---------------------------------------------------------------------------------


def test_another_language_drops_work_that_the_old_window_began(core, editor, qtbot, tmp_path):
    label_map = face_label_map(64)
    photo = Photo(tmp_path / "photo.png", photo_of(label_map), label_map, 1.0, known=True)
    editor.window.controllers.styles._apply(photo, Target(HAIR), HAIR)
    editor.window.controllers.device.look()
    old = speak_chinese(core, editor, qtbot)
    assert editor.window is not old
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    wait_idle(core, qtbot)  # pytest-qt fails the test for an exception in a callback
    assert core.document.styles == {}


def test_another_language_waits_for_a_file_that_is_being_written(core, editor, writing, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    monkeypatch.setattr(editor.window.context.ask, "pick_save", lambda *_: (str(path), "PNG (*.png)"))
    editor.window.actions_by_id["save"].trigger()
    qtbot.waitUntil(writing.begun.is_set)
    old = speak_chinese(core, editor, qtbot)
    assert editor.window is old
    writing.go.set()
    qtbot.waitUntil(lambda: editor.window is not old)
    assert core.document.path == path
    assert "a.png" in editor.window.windowTitle()


# --- the start ----------------------------------------------------------------------------------------


def test_devices_are_listed_though_no_render_succeeds(engine, core, failing, editor, qtbot):
    menu = editor.window.menus["DEVICE"]
    qtbot.waitUntil(lambda: any("Fast" in action.text() for action in menu.actions()))


# --- folders that cannot be written -------------------------------------------------------------------


def test_a_cache_that_cannot_be_written_only_costs_the_cache(core, tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be", "utf-8")
    thumbnails = Thumbnails(core.work_lane, blocked / "thumbnails")
    label_map = face_label_map(64)
    style = ImageStyle(path="anna.png", label=HAIR)
    thumbnails.take(make_thumbnails([style], photo_of(label_map), label_map))
    assert thumbnails.pixmap(style, core.document.label_set, 32) is not None


def test_a_home_that_cannot_be_written_gives_way_to_a_temporary_one(qapp, tmp_path, monkeypatch):
    blocked = tmp_path / "home"
    blocked.write_text("a file where the folder should be", "utf-8")
    monkeypatch.setenv("TESSERA_HOME", str(blocked))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    paths._temporary_home.cache_clear()
    try:
        for kind in ("config", "log", "cache"):
            assert paths.user_dir(kind).is_dir()
            assert tmp_path in paths.user_dir(kind).parents
        assert Settings().theme == "system"
    finally:
        paths._temporary_home.cache_clear()


def test_what_killed_processes_left_is_removed_behind_the_window(qtbot, core, monkeypatch, request):
    threads = []
    monkeypatch.setattr(
        "engine.weights.manage.remove_abandoned_files", lambda: threads.append(threading.current_thread())
    )
    request.getfixturevalue("editor")
    qtbot.waitUntil(lambda: bool(threads))
    assert threads != [threading.main_thread()]
