"""The menu of recent files shows what each looks like; one that is gone is grey and says where it was."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor

from app.controllers.keeping import recent as recent_module
from app.document.saved.document_file import snapshot_of, write_document
from app.imaging import file_looks
from app.imaging.file_looks import look_of
from app.imaging.thumbnail_folder import ThumbnailFolder
from engine.pictures.images import read_image
from tests.app.waiting import work_done

RED, BLUE = (200, 30, 40), (30, 60, 200)


def plain(colour, sides=(40, 90)):
    return np.full((*sides, 3), colour, np.uint8)


@pytest.fixture
def files(core, tmp_path):
    """A document, a photo, edits without a picture, a damaged picture and one that is not there, by their names."""
    folder = tmp_path / "画 & more"
    folder.mkdir()
    snapshot = replace(snapshot_of(core.document, None), look=plain(RED))
    write_document(folder / "anna.tessera", snapshot, photo=None)
    Image.fromarray(plain(BLUE)).save(folder / "a & b.jpg", quality=95)
    (folder / "edits.json").write_text(json.dumps({"schema": "tessera/1"}))
    (folder / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n nonsense")
    return folder


@pytest.fixture
def menu(window, core, files, qtbot):
    """Opened, and all its files looked at: its texts, colours in the middle of the pictures, and which can be taken."""
    for name in ("anna.tessera", "a & b.jpg", "edits.json", "damaged.png", "gone.tessera"):
        core.settings.add_recent(files / name)

    def opened():
        recent = window.menus["RECENT"]
        looked = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(recent_module, "look_of", lambda *of: looked.append(1) or look_of(*of))
            recent.aboutToShow.emit()
            qtbot.waitUntil(lambda: len(looked) == 5 and not core.looking_lane.busy)
        return {action.text()[3:].replace("&&", "&"): action for action in recent.actions() if action.toolTip()}

    return opened


def colour(action) -> QColor:
    return action.icon().pixmap(40, 40).toImage().pixelColor(20, 20)


def near(seen: QColor, wanted) -> bool:
    return max(abs(a - b) for a, b in zip((seen.red(), seen.green(), seen.blue()), wanted, strict=True)) < 12


def test_each_file_shows_its_picture_and_a_missing_one_is_grey_and_explained(menu, files):
    actions = menu()
    assert near(colour(actions["anna.tessera"]), RED) and near(colour(actions["a & b.jpg"]), BLUE)
    gone = next(action for text, action in actions.items() if text.startswith("gone.tessera is not in "))
    assert not gone.isEnabled() and "It was moved, renamed or deleted" in gone.toolTip()
    assert str(files / "gone.tessera") in gone.toolTip()
    assert all(actions[name].isEnabled() for name in ("anna.tessera", "a & b.jpg", "edits.json", "damaged.png"))


def test_a_file_that_is_there_again_can_be_opened(menu, core, files, qtbot):
    (files / "anna.tessera").rename(files / "gone.tessera")
    actions = menu()
    assert actions["gone.tessera"].isEnabled() and "anna.tessera" not in actions
    with work_done(qtbot, core):
        actions["gone.tessera"].trigger()
    qtbot.waitUntil(lambda: core.document.path == files / "gone.tessera")


def test_a_disk_that_does_not_answer_holds_nothing_else_up(window, core, files, qtbot, monkeypatch):
    answers, looked = threading.Event(), []
    monkeypatch.setattr(recent_module, "look_of", lambda *of: looked.append(1) or answers.wait(20) and look_of(*of))
    core.settings.add_recent(files / "anna.tessera")
    try:
        window.menus["RECENT"].aboutToShow.emit()
        qtbot.waitUntil(lambda: bool(looked))
        monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(files / "new.tessera"), ""))
        with work_done(qtbot, core):
            window.actions_by_id["save"].trigger()
        assert core.document.path == files / "new.tessera" and core.looking_lane.busy
    finally:
        answers.set()
    qtbot.waitUntil(lambda: not core.looking_lane.busy)


def test_the_list_can_be_cleared(menu, window, core):
    menu()
    next(action for action in window.menus["RECENT"].actions() if action.text() == "Clear the list").trigger()
    assert [action.text() for action in window.menus["RECENT"].actions()] == ["Nothing yet"]


def test_a_picture_is_looked_at_once_and_again_after_a_change(files, tmp_path, monkeypatch):
    read: list[Path] = []
    monkeypatch.setattr(file_looks, "read_image", lambda path, **how: read.append(path) or read_image(path, **how))
    folder = ThumbnailFolder(tmp_path / "looks")
    photo = files / "a & b.jpg"
    first, again = look_of(photo, folder), look_of(photo, ThumbnailFolder(tmp_path / "looks"))
    assert first.image is not None and again.image is not None and len(read) == 1
    Image.fromarray(plain(RED, (64, 64))).save(photo, quality=95)
    changed = look_of(photo, folder)
    assert changed.image is not None and near(changed.image.pixelColor(48, 48), RED) and len(read) == 2
