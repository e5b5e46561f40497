"""Little pictures of styles: made in the worker, told of once, kept within bounds."""

from __future__ import annotations

import os
import threading
import time

import pytest
from PIL import Image
from PySide6.QtGui import QImage

from app.controllers.styles import Target
from app.imaging.pixels import to_qimage
from app.imaging.thumbnail_folder import ThumbnailFolder
from app.imaging.thumbnails import Thumbnails
from engine.requests.styles import ImageStyle
from tests.app.pictures import to_array
from tests.fixtures import face_label_map, photo_of


@pytest.fixture
def image(qapp) -> QImage:
    return to_qimage(photo_of(face_label_map(64)))


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def used(folder, name: str, days_ago: float) -> None:
    at = time.time() - days_ago * 24 * 3600
    os.utime(folder / name, (at, at))


def test_a_photos_thumbnails_are_made_in_the_worker_and_told_of_once(window, core, qtbot, tmp_path, monkeypatch):
    import app.imaging.thumbnails as module

    label_map = face_label_map(64)
    Image.fromarray(photo_of(label_map)).save(tmp_path / "anna.png")
    Image.fromarray(label_map).save(tmp_path / "anna.labels.png")
    threads, make = [], module.make_thumbnail
    monkeypatch.setattr(
        module, "make_thumbnail", lambda *given: threads.append(threading.current_thread()) or make(*given)
    )
    told = []
    core.thumbnails.changed.connect(lambda: told.append(dict(core.document.styles)))
    window.controllers.styles.use_file(tmp_path / "anna.png", Target())
    qtbot.waitUntil(lambda: not core.work_lane.busy and len(core.document.styles) > 2)
    assert len(threads) == len(core.document.styles) and threading.main_thread() not in threads
    assert len(told) == 1
    place = core.document.label_set, 32
    assert all(core.thumbnails.pixmap(style, *place) is not None for style in core.document.styles.values())
    assert not core.thumbnails._wanted  # nothing is read again


def test_pictures_that_come_one_after_the_other_are_told_of_together(core, qtbot, tmp_path):
    label_map = face_label_map(64)
    Image.fromarray(photo_of(label_map)).save(tmp_path / "anna.png")
    Image.fromarray(label_map).save(tmp_path / "anna.labels.png")
    thumbnails = Thumbnails(core.work_lane, tmp_path / "thumbnails", clock=lambda: 0.0)
    told = []
    thumbnails.changed.connect(lambda: told.append(len(thumbnails._images)))
    path, labels_path = str(tmp_path / "anna.png"), str(tmp_path / "anna.labels.png")
    styles = [ImageStyle(path=path, label=label, label_map_path=labels_path) for label in (0, 1, 2, 13)]
    for style in styles:
        assert thumbnails.pixmap(style, core.document.label_set, 32) is None
    qtbot.waitUntil(lambda: not core.work_lane.busy)
    assert told == [1, 4]


def test_a_kept_picture_comes_back(image, tmp_path):
    folder = ThumbnailFolder(tmp_path / "cache")
    assert folder.load("a") is None
    folder.save("a", image)
    assert (to_array(folder.load("a")) == to_array(image)).all()
    assert names(tmp_path / "cache") == ["a.png"]


def test_the_longest_unused_go_when_there_are_too_many_bytes(image, tmp_path):
    ThumbnailFolder(tmp_path).save("first", image)
    size = (tmp_path / "first.png").stat().st_size
    folder = ThumbnailFolder(tmp_path, max_bytes=3 * size)
    for age, name in enumerate(("d", "c", "b", "a")):
        folder.save(name, image)
        used(tmp_path, f"{name}.png", 4 - age)
    used(tmp_path, "first.png", 10)
    folder.load("first")  # used again: the newest now
    folder.prune()
    assert names(tmp_path) == ["a.png", "b.png", "first.png"]


def test_what_was_not_used_for_long_goes_and_so_do_pieces_of_a_crash(image, tmp_path):
    folder = ThumbnailFolder(tmp_path, max_age_s=24 * 3600.0)
    for name in ("old", "new"):
        folder.save(name, image)
    (tmp_path / ".tessera-0123.tmp").write_bytes(b"half")
    for name in ("old.png", ".tessera-0123.tmp"):
        used(tmp_path, name, 2)
    folder.prune()
    assert names(tmp_path) == ["new.png"]


def test_the_folder_is_looked_through_at_the_first_save(image, tmp_path):
    ThumbnailFolder(tmp_path).save("old", image)
    used(tmp_path, "old.png", 1000)
    ThumbnailFolder(tmp_path).save("new", image)
    assert names(tmp_path) == ["new.png"]


def test_a_write_that_fails_leaves_nothing(image, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", fail)
    folder = ThumbnailFolder(tmp_path)
    folder.save("a", image)
    assert names(tmp_path) == [] and folder.load("a") is None


def test_a_damaged_picture_counts_as_none_and_is_written_anew(image, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG half")
    folder = ThumbnailFolder(tmp_path)
    assert folder.load("a") is None
    folder.save("a", image)
    assert folder.load("a") is not None
