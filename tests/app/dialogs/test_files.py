"""Where dialogs for files start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QWidget

from app.dialogs.folders import FolderAsker
from app.shell.settings import Settings

ROOT = Path(__file__).parents[3]
PLACES = QStandardPaths.StandardLocation


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The user's folders for pictures and for downloads, of this test's own."""
    folders = {PLACES.PicturesLocation: tmp_path / "Bilder 图片", PLACES.DownloadLocation: tmp_path / "Downloads"}
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda place: str(folders[place]))
    return folders


@pytest.fixture
def asker(qtbot, tmp_path):
    """Dialogs that are answered at once; `started` says where each began."""
    widget = QWidget()
    qtbot.addWidget(widget)
    made = FolderAsker(Settings(tmp_path / "settings.ini"), widget)
    made.started = started = []
    made.pick_folder = lambda title, start: started.append(Path(start)) or ""
    made.files.pick_open = lambda title, start, filters: started.append(Path(start)) or ""
    made.files.pick_save = lambda title, proposed, filters: (started.append(Path(proposed)) or "", "")
    return made


def test_the_first_dialogs_start_among_the_users_pictures(asker, places, tmp_path):
    pictures = places[PLACES.PicturesLocation]
    asker.files.open("photo", "A photo", "*.png")
    asker.files.save("export", "Save", "a.png", "PNG (*.png)")
    asker.files.save("export", "Save", "a.png", "PNG (*.png)", beside=str(tmp_path))
    asker.folder("data", "A folder")
    asker.files.open("weights", "Weights", "*.pth")
    downloads = places[PLACES.DownloadLocation]
    assert asker.started == [pictures, pictures / "a.png", tmp_path / "a.png", pictures, downloads]


def test_a_name_that_no_file_can_have_is_refused_when_it_is_chosen(asker, places, qtbot, tmp_path):
    for name in ("写" * 90 + ".png", "two\nlines.png", "写" * 84):  # the last one only with its suffix
        asker.files.pick_save = lambda title, proposed, filters, name=name: (str(tmp_path / name), "PNG (*.png)")
        with qtbot.waitSignal(asker.files.refused) as told:
            assert asker.files.save("export", "Save", "a.png", "PNG (*.png)") is None
        assert str(told.args[0]).startswith("Cannot write")


def test_everywhere_that_files_are_asked_for_a_refusal_is_said():
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "app").rglob("*.py")}
    makers = {name: source for name, source in sources.items() if re.search(r"= F(ile|older)Asker\(", source)}
    silent = [name for name, source in makers.items() if "refused.connect" not in source]
    assert len(makers) > 3 and silent == ["folders.py"]  # what it makes belongs to those who make it


def test_a_proposed_name_is_no_longer_than_names_can_be(asker, places):
    asker.files.save("export", "Save", "写" * 84 + "-edited.png", "PNG (*.png)")
    proposed = asker.started[0].name
    assert proposed.startswith("写" * 80) and proposed.endswith(".png") and len(proposed.encode()) <= 255


def test_a_dialog_starts_where_the_last_of_its_kind_ended(asker, places, tmp_path):
    asker.files.pick_open = lambda title, start, filters: str(tmp_path / "a.png")
    asker.files.open("photo", "A photo", "*.png")
    asker.files.pick_open = lambda title, start, filters: asker.started.append(Path(start)) or ""
    asker.files.open("photo", "A photo", "*.png")
    asker.files.open("map", "A label map", "*.png")
    assert asker.started == [tmp_path, places[PLACES.PicturesLocation]]


def test_without_such_a_folder_dialogs_start_at_home(asker, places):
    places[PLACES.PicturesLocation].rmdir()
    asker.files.open("photo", "A photo", "*.png")
    assert asker.started == [Path.home()]
