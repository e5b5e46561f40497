"""A photo that is gone while its document is open is found from the message that says so; another one takes over all
that was chosen."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.document.opening import Found
from app.document.photo.frames import FrameState
from app.document.scene import Scene
from engine.errors import BadLabelMap
from engine.labels.pieces import FIRST_PIECE
from engine.pictures.face_frames import FaceFrame
from engine.requests.edit import EditRequest, FrameEdits, RegionEdit
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import SampleStyle
from tests.app.fakes import FACES
from tests.app.photo_windows import edit_photo, export_dialog, settle
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR = 1, 13
RED = SampleStyle(198)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(64), seed=3)).save(path)
    return path


def style_is_chosen(window, photo, qtbot, monkeypatch):
    window.core.document.styling.set_styles({HAIR: RED})


def photo_is_exported(window, photo, qtbot, monkeypatch):
    out = photo.with_name("out.png")
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(out), ""))
    window.controllers.exports.export_picture()
    export_dialog().accept()


def document_comes_back(window, photo, qtbot, monkeypatch):
    """It was another one meanwhile, and its photo is no longer in memory."""
    document = window.core.document
    document.new(label_set=document.label_set, label_map=face_label_map(64), weights=document.weights)
    window.core.originals._kept.clear()
    document.undo()


@pytest.mark.parametrize("noticed", [style_is_chosen, photo_is_exported, document_comes_back])
def test_a_photo_that_went_away_is_found_from_the_message(window, core, photo, qtbot, monkeypatch, noticed):
    edit_photo(window, photo, qtbot)
    moved = photo.rename(photo.with_name("moved.png"))
    noticed(window, photo, qtbot, monkeypatch)
    bar = window.error_bar
    qtbot.waitUntil(lambda: bar.problem is not None and bar.remedy_button.isVisible())
    assert photo.name in bar.problem.sentence and bar.remedy_button.accessibleName() == bar.remedy_button.text() != ""
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(moved))
    bar.remedy_button.click()
    qtbot.waitUntil(lambda: core.document.photo == PhotoReference.of(moved))
    settle(window, qtbot)
    assert bar.problem is None


def test_other_messages_have_no_such_button(window, core):
    core.hub.error("Something is wrong.")
    assert window.error_bar.isVisible() and not window.error_bar.remedy_button.isVisible()


KEPT_FOR_ANOTHER = {
    "seed": 7,
    "precision": "bfloat16",
    "detail": "full",
    "style_locked": frozenset({HAIR}),
    "locked": frozenset({SKIN}),
    "hidden": frozenset({SKIN}),
    "styles": {HAIR: RED},
    "strengths": {HAIR: 0.5},
    "switched_off": frozenset({HAIR}),
}
OF_THE_PHOTO = {
    *("photo", "label_map", "looked_at", "photo_map", "face", "other_frames", "filled_holes", "pieces", "piece_map")
}
SAME = {"label_set", "kind", "weights", "fingerprint", "inputs"}  # inputs: tests/app/test_a_new_photo_kind.py


def test_another_photo_takes_over_all_that_was_chosen(window, core, photo, qtbot, monkeypatch):
    assert {entry.name for entry in fields(Scene)} == KEPT_FOR_ANOTHER.keys() | OF_THE_PHOTO | SAME
    edit_photo(window, photo, qtbot)
    core.document.change_values(KEPT_FOR_ANOTHER, "Choose")
    settle(window, qtbot)
    other = photo.with_name("other.png")
    Image.fromarray(photo_of(face_label_map(48))).save(other)
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(other))
    monkeypatch.setattr(window.controllers.photos, "ask", lambda *_: True)
    core.document.mark_saved()
    window.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: core.document.label_map.shape == (48, 48) and core.document.label_map.any())
    scene = core.document.scene
    assert {name: getattr(scene, name) for name in KEPT_FOR_ANOTHER} == KEPT_FOR_ANOTHER
    settle(window, qtbot)


def request_with_pieces(photo: Path) -> EditRequest:
    """Of a photo of 64 x 64 pixels, with maps of half its size, as the command line's parser finds them."""
    label_map = LabelMapData.from_array(face_label_map(32))
    piece_map = LabelMapData.from_array((face_label_map(32) == HAIR).astype(np.uint8))
    frame = FrameEdits(FaceFrame(0.5, 0.5, 0.5), (), label_map, None, label_map, {FIRST_PIECE: HAIR}, piece_map)
    return EditRequest(
        "fake-faces",
        PhotoReference.of(photo),
        (RegionEdit(HAIR, RED), RegionEdit(FIRST_PIECE, RED)),
        label_map,
        style_locks=(HAIR, FIRST_PIECE),
        reshaped_map=label_map,
        other_frames=(frame,),
        pieces={FIRST_PIECE: HAIR},
        piece_map=piece_map,
    )


def test_all_maps_of_a_request_are_opened_at_the_photos_size(window, core, photo, qtbot):
    request, document = photo.with_name("small.json"), core.document
    request.write_text(to_json(request_with_pieces(photo)), encoding="utf-8")
    document.mark_saved()
    window.controllers.files.open_path(request)
    qtbot.waitUntil(lambda: document.photo is not None)
    settle(window, qtbot)
    scene, (frame,) = document.scene, document.scene.other_frames
    frame_maps = [frame.values[name] for name in ("label_map", "photo_map", "piece_map")]
    for found in (scene.label_map, scene.photo_map, scene.piece_map, *frame_maps):
        assert found.shape == (64, 64)
    rows, columns = np.nonzero(document.label_map == HAIR)
    assert document.regions.at(int(columns[0]), int(rows[0])) == FIRST_PIECE


def test_pieces_of_another_size_than_the_label_map_are_refused(core):
    values = {"label_map": face_label_map(64), "pieces": {FIRST_PIECE: HAIR}, "piece_map": np.ones((32, 32), np.uint8)}
    with pytest.raises(BadLabelMap, match="The piece map has 32 x 32 pixels, but the label map 64 x 64"):
        Scene.checked(label_set=FACES, **values)
    with pytest.raises(BadLabelMap, match="The piece map has"):
        frame = FrameState({**values, "face": FaceFrame(0.5, 0.5, 0.5)})
        Scene.checked(label_set=FACES, label_map=face_label_map(64), other_frames=(frame,))


def test_another_photo_has_no_pieces_of_the_first(photo):
    saved = Found(Path("saved.json"), "request_json", request_with_pieces(photo))
    other = saved.with_photo(PhotoReference("other.png", "1" * 64), keep_map=False).request
    assert (other.pieces, other.piece_map, other.other_frames) == ({}, None, ())
    assert other.edits == (RegionEdit(HAIR, RED),) and other.style_locks == (HAIR,)


def test_another_photo_keeps_no_locks_of_pieces(core):
    scene = Scene.checked(label_set=FACES, label_map=face_label_map(64), style_locked={HAIR, FIRST_PIECE})
    assert scene.beside_photo()["style_locked"] == {HAIR}
