"""Kept pictures of a photo are photos: written from its own samples, and never over it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.document.scene import Scene
from app.raster.frozen_maps import FrozenMap
from engine.labels.label_sets import load_label_set
from engine.pictures.photos import read_photo
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import SampleStyle
from tests.app.photo_windows import edit_photo, export_dialog, settle, write_deep_photo
from tests.engine.drawn_profiles import wide_profile

HAIR = 13
RED, BLUE = SampleStyle(198), SampleStyle(3)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "deep.png"
    write_deep_photo(path)
    return path


@pytest.fixture
def kept(window, core, photo, qtbot) -> int:
    """The number of a picture with red hair, kept in a document whose hair has become blue."""
    edit_photo(window, photo, qtbot)
    core.document.styling.set_styles({HAIR: RED})
    settle(window, qtbot)
    window.controllers.results.keep()
    core.document.styling.set_styles({HAIR: BLUE})
    settle(window, qtbot)
    return core.document.results[-1].number


def export_to(window, path, number, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(path), ""))
    window.controllers.results.export(number)
    qtbot.waitUntil(lambda: export_dialog() is not None)
    export_dialog().accept()
    qtbot.waitUntil(lambda: path.is_file() and not window.core.foreground_busy)


@pytest.mark.parametrize("name", ["kept.png", "kept.tiff"])
def test_one_is_exported_as_the_photo_that_it_was(window, core, photo, kept, qtbot, monkeypatch, name):
    out = photo.with_name(name)
    export_to(window, out, kept, qtbot, monkeypatch)
    before, after = read_photo(photo), read_photo(out)
    assert after.samples.dtype == np.uint16 and after.icc_profile == wide_profile() and b"Camera" in after.exif
    hair = core.document.label_map == HAIR
    assert np.array_equal(after.samples[~hair], before.samples[~hair])
    assert not np.array_equal(after.samples[hair], before.samples[hair])
    if name.endswith(".png"):
        request = from_json(read_embedded_request(out))
        assert request.photo.path == photo.name and [edit.style for edit in request.edits] == [RED]


@pytest.mark.parametrize("linked", [False, True])
def test_none_is_written_over_the_photo(window, core, photo, kept, qtbot, monkeypatch, linked):
    told, before, target = [], photo.read_bytes(), photo
    if linked:
        target = photo.with_name("link.png")
        try:
            os.link(photo, target)
        except OSError:
            pytest.skip("no links here")
    core.hub.reported.connect(told.append)
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), ""))
    window.controllers.results.export(kept)
    window.controllers.exports.export_map()
    settle(window, qtbot)
    assert len(told) == 2 and all(target.name in problem.sentence for problem in told)
    assert photo.read_bytes() == before and export_dialog() is None


def test_the_photo_s_folder_name_and_formats_are_proposed(window, photo, kept, monkeypatch):
    proposed = []
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *of: (proposed.append(of[1:]), ("", ""))[1])
    window.controllers.results.export(kept)
    name, filters = proposed[0]
    assert Path(name) == photo.with_name(f"deep-edited-{kept}.png") and "restores everything" not in filters


def test_one_is_exported_from_where_the_photo_was_found_again(window, core, photo, kept, qtbot, monkeypatch):
    moved = photo.rename(photo.with_name("moved.png"))
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(moved))
    window.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: core.document.photo == PhotoReference.of(moved))
    out = photo.with_name("out.png")
    export_to(window, out, kept, qtbot, monkeypatch)
    assert read_photo(out).samples.dtype == np.uint16


def test_a_picture_brought_back_has_its_photo_where_it_was_found_again(window, core, photo, kept, qtbot, monkeypatch):
    document = core.document
    moved = photo.rename(photo.with_name("moved.png"))
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(moved))
    window.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: document.photo == PhotoReference.of(moved))
    settle(window, qtbot)
    window.controllers.results.recall(kept)
    assert document.photo == PhotoReference.of(moved) and document.style(HAIR) == RED
    assert not document.kept.recall(kept)  # it is that already
    settle(window, qtbot)
    count = len(document.results)
    window.controllers.results.keep()
    assert len(document.results) == count  # the same picture, wherever its photo is


@pytest.mark.parametrize("hashed", [True, False])
def test_another_photo_is_not_put_in_the_place_of_a_kept_pictures_own(hashed):
    own, other = (PhotoReference(f"/a/{n}.png", str(n) * 64 if hashed else "") for n in (1, 2))
    scene = Scene(load_label_set("faces"), FrozenMap.of(np.zeros((8, 8), np.uint8)), "tiny")
    kept_scene = replace(scene, photo=own)
    assert kept_scene.with_photo_of(replace(scene, photo=other)) is kept_scene
    assert kept_scene.with_photo_of(scene) is kept_scene
    assert scene.with_photo_of(kept_scene) is scene
