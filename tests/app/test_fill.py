"""Fill: a region or what is painted is taken out of a picture, one of several fillings is chosen, one step back."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent

from app.dialogs.creating.fill import FillDialog
from app.document.holes import HOLE, relabelled, with_filling
from app.document.photo.frames import FrameState
from app.document.saved.scene_data import read_scene, scene_data
from app.document.scene import Scene
from app.panels.edits.panel import EditsPanel
from app.raster.frozen_maps import FrozenMap
from engine.documents.parts import PartsIn, PartsOut
from engine.pictures.face_frames import FaceFrame
from engine.pictures.photos import read_photo
from engine.requests.json_text import from_json, to_json
from engine.weights.card import Card
from engine.weights.store import WeightsEntry
from tests.app.fakes import FACES
from tests.app.fakes import edited as edit_now
from tests.app.photo_windows import edit_photo, settle, write_deep_photo
from tests.fixtures import face_label_map, photo_of

HAIR = 13


@pytest.fixture
def edited(window, core, tmp_path, qtbot):
    """The window with a photo of 64 x 64 pixels as its document."""
    path = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(64), seed=3)).save(path)
    edit_photo(window, path, qtbot)
    return window


def point_at(canvas, label: int) -> tuple[int, int]:
    """Hold the pointer over a region; returns the pixel."""
    rows, columns = np.nonzero(canvas.document.label_map == label)
    x, y = int(columns[len(columns) // 2]), int(rows[len(rows) // 2])
    scale, offset = canvas.view.scale, canvas.to_image(QPointF(0, 0))
    canvas.show_cursor_at(QPointF((x + 0.5 - offset[0]) * scale, (y + 0.5 - offset[1]) * scale))
    assert canvas.pointed_pixel == (x, y)
    return x, y


def all_ready(dialog, qtbot) -> None:
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles), timeout=60_000)


def test_an_object_goes_in_two_actions_and_comes_back_in_one(edited, core, qtbot):
    document = core.document
    before, found = document.picture.copy(), document.label_map.copy()
    document.set_current_label(HAIR)
    point_at(edited.canvas, HAIR)
    edited.actions_by_id["fill"].trigger()
    dialog = edited.findChild(FillDialog)
    hole = dialog.document.hole
    assert hole[found == HAIR].mean() > 0.5 and 0 < hole.mean() < 0.9
    all_ready(dialog, qtbot)
    qtbot.mouseClick(dialog.tiles[1], Qt.MouseButton.LeftButton)
    settle(edited, qtbot)
    assert len(document.scene.filled_holes) == 1 and not (document.label_map[hole] == HAIR).any()
    changed = (document.picture != before).any(-1)
    assert changed[hole].mean() > 0.5 and not changed[~hole].any()
    assert document.undo_text == "Fill"
    assert "filled holes" in edited.findChild(EditsPanel).painted_line.text()
    document.undo()
    settle(edited, qtbot)
    np.testing.assert_array_equal(document.picture, before)
    np.testing.assert_array_equal(document.label_map, found)
    assert document.scene.filled_holes == ()
    document.redo()
    assert len(document.scene.filled_holes) == 1


def open_fill(window, hole: np.ndarray | None = None):
    """The dialog, with a hole painted in it."""
    window.core.document.set_current_label(0)
    dialog = window.controllers.filling.open()
    assert not dialog.document.hole.any() and not dialog.fill.isEnabled()
    if hole is not None:
        dialog.document.pixels.apply_mask(hole, HOLE)
        assert dialog.fill.isEnabled()
    return dialog


def square() -> np.ndarray:
    hole = np.zeros((64, 64), bool)
    hole[30:44, 20:40] = True
    return hole


def test_a_painted_hole_shows_each_filling_before_one_is_taken(edited, core, qtbot):
    dialog = open_fill(edited, square())
    before = core.document.picture.copy()
    qtbot.mouseClick(dialog.fill, Qt.MouseButton.LeftButton)
    all_ready(dialog, qtbot)
    assert len({tile.seed for tile in dialog.tiles}) == 4
    shown = []
    for tile in dialog.tiles:
        tile.event(QEnterEvent(QPointF(1, 1), QPointF(1, 1), QPointF(1, 1)))
        assert dialog.eventFilter(tile, QEvent(QEvent.Type.Enter)) is False
        shown.append(dialog.document.picture.copy())
    assert len({picture.tobytes() for picture in shown}) == 4
    for picture in shown:
        np.testing.assert_array_equal(picture[~square()], before[~square()])
    dialog.document.undo()  # another hole: the fillings are of the one before
    assert not any(tile.isVisible() for tile in dialog.tiles)
    np.testing.assert_array_equal(dialog.document.picture, before)
    dialog.reject()
    assert core.document.scene.filled_holes == ()


def test_a_click_with_the_region_tool_marks_a_piece_and_a_second_one_keeps_it(edited, core, qtbot):
    dialog = open_fill(edited)
    dialog.tools["region"].trigger()
    rows, columns = np.nonzero(core.document.label_map == HAIR)
    x, y = int(columns[0]), int(rows[0])
    scale, offset = dialog.canvas.view.scale, dialog.canvas.to_image(QPointF(0, 0))
    at = QPointF((x + 0.5 - offset[0]) * scale, (y + 0.5 - offset[1]) * scale).toPoint()
    qtbot.mouseClick(dialog.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert dialog.document.hole[y, x] and dialog.document.hole.sum() >= 4
    qtbot.mouseClick(dialog.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert not dialog.document.hole.any()
    dialog.reject()


def test_closing_the_dialog_ends_its_work(edited, core, engine, qtbot):
    dialog = open_fill(edited, square())
    engine.gate = threading.Event()
    dialog.fill_wanted.emit()
    qtbot.waitUntil(lambda: core.foreground_busy)
    dialog.reject()
    assert not core.foreground_busy and core.document.scene.filled_holes == ()
    engine.gate.set()


def take_first(window, qtbot, hole: np.ndarray):
    dialog = open_fill(window, hole)
    dialog.fill_wanted.emit()
    all_ready(dialog, qtbot)
    qtbot.mouseClick(dialog.tiles[0], Qt.MouseButton.LeftButton)
    settle(window, qtbot)


def test_a_deep_photo_is_filled_in_its_own_samples_twice_saved_and_opened(window, core, tmp_path, qtbot):
    samples = write_deep_photo(tmp_path / "deep.png")
    edit_photo(window, tmp_path / "deep.png", qtbot)
    first, second = square(), np.zeros((64, 64), bool)
    second[4:12, 4:20] = True
    take_first(window, qtbot, first)
    take_first(window, qtbot, second)
    scene = core.document.scene
    assert len(scene.filled_holes) == 2
    export = tmp_path / "out.png"
    request = from_json(to_json(scene.to_request()))
    edit_now(request, lambda *args: None).save(export)
    written = read_photo(export).samples
    assert written.dtype == np.uint16
    np.testing.assert_array_equal(written[~(first | second)], samples[~(first | second)])
    assert (written != samples).any(-1)[first].mean() > 0.5 and (written != samples).any(-1)[second].mean() > 0.5
    parts = PartsOut()
    data = parts.take(scene_data(scene, scene.photo))
    again = read_scene(data, PartsIn(parts.contents.__getitem__)).scene({})
    assert again == scene and again.picture_key() == scene.picture_key()


def test_what_came_while_the_hole_was_marked_stays_and_no_frame_shows_what_went(edited, core, qtbot):
    document, face = core.document, FaceFrame(0.5, 0.5, 0.4)
    dialog = open_fill(edited, square())
    dialog.fill_wanted.emit()
    all_ready(dialog, qtbot)
    hair = FrozenMap.of(np.where(square(), np.uint8(HAIR), np.uint8(1)))
    other = FrameState({"face": FaceFrame(0.2, 0.2, 0.3), "label_map": hair, "photo_map": hair})
    document.take_found({"face": face, "other_frames": (other, FrameState())})
    qtbot.mouseClick(dialog.tiles[0], Qt.MouseButton.LeftButton)
    assert document.scene.face == face and len(document.scene.filled_holes) == 1
    relabelled_frame, unfound_frame = document.scene.other_frames
    for name in ("label_map", "photo_map"):
        assert (relabelled_frame.values[name].array() == 1).all()
    assert relabelled_frame.face == other.face and unfound_frame == FrameState()
    settle(edited, qtbot)


def test_nothing_is_filled_while_the_regions_are_found(edited, core):
    core.document.origin.awaits_regions = True
    assert edited.controllers.filling.open() is None
    assert "still being found" in edited.error_bar.problem.sentence


def test_the_regions_around_a_hole_at_the_edge_go_on_in_every_corner():
    label_map = np.arange(64, dtype=np.uint8).reshape(8, 8) % 18
    for rows, columns in ((slice(0, 3), slice(0, 3)), (slice(5, 8), slice(2, 8)), (slice(3, 4), slice(3, 4))):
        hole = np.zeros((8, 8), bool)
        hole[rows, columns] = True
        scene = with_filling(Scene(FACES, FrozenMap.of(label_map)), None, hole)
        np.testing.assert_array_equal(scene.label_map.array(), relabelled(label_map, hole))


def test_a_filled_painting_becomes_a_photo_and_undo_brings_the_painting_back(window, core, qtbot):
    document = core.document
    painted, kind = document.picture.copy(), document.kind
    take_first(window, qtbot, square())
    assert document.kind.shows_photo and len(document.scene.filled_holes) == 1
    np.testing.assert_array_equal(document.picture[~square()], painted[~square()])
    document.undo()
    settle(window, qtbot)
    assert document.kind is kind
    np.testing.assert_array_equal(document.picture, painted)


def test_weights_that_fill_are_found_by_what_they_serve_and_the_user_can_switch(edited, core, qtbot, monkeypatch):
    dialog = open_fill(edited)
    assert dialog.source.count() == 1 and "No weights that fill holes" in dialog.about.text()
    dialog.reject()
    card = Card(name="whatever", system="an-inpaint", config={"resolution": 32}, data="none", weights_licence="none")
    entries = [*core.catalogue.entries, WeightsEntry(card.name, Path("weights") / card.name, card)]
    monkeypatch.setattr(core.catalogue, "_entries", entries)
    dialog = open_fill(edited, square())
    assert [dialog.source.itemData(n) for n in range(2)] == ["whatever", ""] and "whatever" in dialog.about.text()
    dialog.fill_wanted.emit()
    all_ready(dialog, qtbot)
    dialog.source.setCurrentIndex(1)  # another way: the fillings are of the one before
    assert "Nothing learnt" in dialog.about.text() and not any(tile.isVisible() for tile in dialog.tiles)
    dialog.source.setCurrentIndex(0)
    dialog.fill_wanted.emit()
    all_ready(dialog, qtbot)
    qtbot.mouseClick(dialog.tiles[0], Qt.MouseButton.LeftButton)
    assert core.document.scene.filled_holes[0].weights == "whatever"
    settle(edited, qtbot)


def test_the_regions_around_a_hole_go_on_in_it():
    label_map = np.zeros((20, 30), np.uint8)
    label_map[:, 15:] = 2
    label_map[8:12, 10:14] = 7
    filled = relabelled(label_map, label_map == 7)
    assert set(np.unique(filled)) == {0, 2} and (filled[8:12, 10:12] == 0).all()
