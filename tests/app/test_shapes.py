"""The brush gives a photo's regions other shapes: one switch, in the history, in requests and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.document.opening import Found
from app.document.saved.scene_data import read_scene, scene_data
from app.document.scene import Scene
from engine.documents.parts import PartsIn
from engine.requests.json_text import from_json, to_json
from engine.requests.photo_reference import PhotoReference
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR = 1, 13


@pytest.fixture
def edited(window, core, tmp_path, qtbot):
    """The window with a photo as its document, its regions found."""
    path = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(150), seed=3)).save(path)
    core.document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    return window


def paint(document) -> None:
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(40, 60), (110, 60)], 8)
    document.pixels.end_stroke()


def test_off_the_brush_corrects_what_was_found(edited, core):
    paint(core.document)
    request = core.document.scene.to_request()
    assert request.reshaped_map is None and (request.label_map.array()[60, 50:100] == HAIR).all()
    assert core.document.scene.idle


def test_on_it_shapes_the_photo_and_off_the_photo_is_as_it_was(edited, core):
    document, action = core.document, edited.actions_by_id["shapes"]
    found = document.label_map.copy()
    action.trigger()
    assert action.isChecked() and document.scene.idle  # nothing is painted yet
    paint(document)
    request = document.scene.to_request()
    assert np.array_equal(request.label_map.array(), found)
    assert np.array_equal(request.reshaped_map.array(), document.label_map)
    assert not document.scene.idle
    action.trigger()
    assert not action.isChecked() and document.scene.to_request().reshaped_map is None
    for _ in range(3):
        document.undo()
    assert not action.isChecked() and np.array_equal(document.label_map, found)
    document.redo()
    assert action.isChecked()


def test_both_maps_are_in_the_request_and_in_the_file_of_the_document(edited, core):
    document = core.document
    edited.actions_by_id["shapes"].trigger()
    paint(document)
    scene = document.scene
    request = from_json(to_json(scene.to_request()))
    values = Scene.values_of(request)
    assert np.array_equal(values["label_map"], document.label_map)
    again = read_scene(scene_data(scene, scene.photo), PartsIn({})).scene({})
    assert again == scene and again.picture_key() == scene.picture_key()
    corrected = scene_data(Scene.checked(**{**_values(scene), "photo_map": None}), scene.photo)
    maps = {}
    assert read_scene(scene_data(scene, scene.photo), PartsIn({})).scene(maps).photo_map is not None
    assert read_scene(corrected, PartsIn({})).scene(maps).photo_map is None


def test_another_photo_has_its_own_regions_and_shapes(edited, core):
    edited.actions_by_id["shapes"].trigger()
    paint(core.document)
    request = core.document.scene.to_request().replace(looked_at=(0.0, 0.0, 0.5, 0.5))
    found = Found(Path("saved.json"), "request", request)
    other = found.with_photo(PhotoReference("other.png", "1" * 64), keep_map=False).request
    assert (other.label_map, other.reshaped_map, other.looked_at) == (None, None, None)
    assert found.with_photo(request.photo, keep_map=True).request == request


def _values(scene):
    return {name: getattr(scene, name) for name in scene.__dataclass_fields__}


def test_only_photos_have_shapes_of_their_own(window, core):
    assert not core.document.kind.reshapes and not window.actions_by_id["shapes"].isEnabled()
