"""A photo of several faces in the window: each has a frame, one is edited at a time, and none loses what was done."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest

from app.document.photo.frames import FrameState, changes_photo, frames_in, state_of, with_frame
from app.document.saved.scene_data import read_scene, scene_data
from app.panels.edits.panel import EditsPanel
from app.panels.status import StatusPanel
from app.raster.frame_handles import knob_of
from engine.documents.parts import PartsIn
from engine.labels.pieces import FIRST_PIECE, connected_part
from engine.pictures.face_frames import FaceFrame
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import encode_map
from engine.requests.styles import ColourStyle, ImageStyle, encode_code
from tests.app.photo_windows import edit_photo, settle
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1
RED, BLUE = ColourStyle("#c03020"), ColourStyle("#2060c0")
LEFT, RIGHT = FaceFrame(60.0, 60.0, 100.0), FaceFrame(170.0, 60.0, 70.0)
HEIGHT, WIDTH = 120, 240


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    pixels[10:110, 10:110] = photo_of(face_label_map(100))
    pixels[25:95, 135:205] = photo_of(face_label_map(70), seed=3)
    path = tmp_path / "two.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def finder(core, engine, monkeypatch):
    monkeypatch.setattr(core.catalogue, "face_finder", lambda: "fake-finder")
    engine.faces = (LEFT, RIGHT)


@pytest.fixture
def document(window, core, finder, photo, qtbot):
    edit_photo(window, photo, qtbot)
    return core.document


@pytest.fixture
def frames(window):
    return window.controllers.frames


def faces_of(document) -> list[FaceFrame]:
    return [face.scaled(WIDTH) for face in frames_in(document.scene)]


def chosen(document) -> FaceFrame | None:
    return document.scene.face and document.scene.face.scaled(WIDTH)


def go(action: str, window, document, qtbot) -> None:
    before = document.scene.face
    window.actions_by_id[action].trigger()
    qtbot.waitUntil(lambda: document.scene.face != before)
    settle(window, qtbot)


def changed(core) -> np.ndarray:
    return (core.document.picture != core.originals.pixels(core.document.photo)).any(-1)


def test_of_several_faces_the_largest_is_edited_and_said(window, core, finder, photo, frames, monkeypatch, qtbot):
    said: list[str] = []
    monkeypatch.setattr(StatusPanel, "show_message", lambda status, text: said.append(text))
    edit_photo(window, photo, qtbot)
    document = core.document
    assert chosen(document).side == pytest.approx(100, abs=1) and len(faces_of(document)) == 2
    assert any("2 faces: the largest is edited" in sentence for sentence in said)
    assert frames.overlay.isVisible() and frames.overlay.chosen_frame.side == pytest.approx(100, abs=1)
    rows, columns = np.nonzero(document.label_map)
    assert columns.max() < 115  # the regions are those of the first face
    assert not document.dirty and document.undo_text == ""


def test_each_face_keeps_its_edits_and_both_are_seen(window, core, document, frames, qtbot):
    document.styling.set_styles({HAIR: RED})
    settle(window, qtbot)
    first = document.label_map.copy()
    number = frames.overlay.tag_of(1).center().toPoint()
    QTest.mouseClick(frames.overlay, Qt.MouseButton.LeftButton, pos=number)
    qtbot.waitUntil(lambda: chosen(document).side == pytest.approx(70, abs=1))
    assert not document.styles and np.nonzero(document.label_map)[1].min() > 125
    edits_panel = window.findChild(EditsPanel)
    assert edits_panel.frames_line.isVisibleTo(edits_panel) and not edits_panel.hint.isVisibleTo(edits_panel)
    document.styling.set_styles({HAIR: BLUE})
    settle(window, qtbot)
    assert changed(core)[:, :115].any() and changed(core)[:, 125:].any()
    request = from_json(to_json(document.scene.to_request()))
    assert len(request.other_frames) == 1 and request.other_frames[0].edits[0].style == RED
    go("frame_next", window, document, qtbot)
    assert chosen(document) is None and not document.styles  # the whole picture comes after the smallest
    go("frame_next", window, document, qtbot)
    assert dict(document.styles) == {HAIR: RED} and (document.label_map == first).all()
    for _ in range(3):
        document.undo()
    assert dict(document.styles) == {HAIR: BLUE} or not document.styles
    settle(window, qtbot)


def test_a_frame_is_moved_turned_and_resized_each_in_one_step(window, core, engine, document, frames, qtbot):
    document.styling.set_styles({HAIR: RED})
    overlay = frames.overlay
    for handle, by in (("corner", QPoint(-30, -30)), ("knob", QPoint(60, 10)), ("number", QPoint(25, 10))):
        before, parses, seen = document.scene, engine.parses, overlay._seen(overlay.chosen_frame)
        start = {
            "corner": seen.at(2).toPoint(),
            "knob": overlay._at(*knob_of(overlay.chosen_frame)).toPoint(),
            "number": overlay.tag_of(0).center().toPoint(),
        }[handle]
        QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(overlay, start + by)
        QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=start + by)
        qtbot.waitUntil(lambda was=before: document.scene.face != was.face)
        settle(window, qtbot)
        face = document.scene.face
        assert engine.parses == parses + 1 and dict(document.styles) == {HAIR: RED}
        assert {
            "corner": face.side < before.face.side and face.x == before.face.x,
            "knob": face.turn > 5 and face.side == before.face.side,
            "number": face.x > before.face.x and face.turn == before.face.turn,
        }[handle]
        document.undo()
        assert document.scene.face == before.face and document.scene.label_map == before.label_map
        document.redo()
        settle(window, qtbot)


def test_inside_a_frame_one_paints(window, document, frames, qtbot):
    overlay, canvas = frames.overlay, window.canvas
    frame = overlay.chosen_frame
    middle = overlay._at(frame.x, frame.y)
    assert overlay.grip_at(middle) is None and overlay.frame_at(middle) is None
    document.set_current_label(HAIR)
    canvas.set_tool("brush")
    before = document.label_map.copy()
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=middle.toPoint())
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=middle.toPoint())
    assert (document.label_map != before).any()
    settle(window, qtbot)


def test_a_frame_is_moved_by_keys(window, document, frames, qtbot):
    before = document.scene.face
    window.actions_by_id["frame_adjust"].trigger()
    overlay = frames.overlay
    QTest.keyClick(overlay, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(overlay, Qt.Key.Key_Down)
    QTest.keyClick(overlay, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(overlay, "-")
    assert document.scene.face == before
    QTest.keyClick(overlay, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.scene.face != before)
    settle(window, qtbot)
    face = document.scene.face
    assert face.x - before.x == pytest.approx(10 / WIDTH) and face.y - before.y == pytest.approx(1 / WIDTH)
    assert face.turn > before.turn and face.side < before.side


def test_a_new_frame_finds_what_no_finder_found_and_goes_away_again(window, document, frames, qtbot):
    go("frame_new", window, document, qtbot)
    assert len(faces_of(document)) == 3
    document.styling.set_styles({HAIR: RED})
    settle(window, qtbot)
    go("frame_remove", window, document, qtbot)
    assert len(faces_of(document)) == 2 and chosen(document).side == pytest.approx(100, abs=1) and not document.styles
    document.undo()
    settle(window, qtbot)
    assert len(faces_of(document)) == 3 and dict(document.styles) == {HAIR: RED}


def test_one_upright_face_is_edited_whole_and_its_frame_can_be_chosen(
    window, core, engine, finder, photo, frames, qtbot
):
    engine.faces = (LEFT,)
    edit_photo(window, photo, qtbot)
    document = core.document
    assert document.scene.face is None and not frames.overlay.isVisible() and len(faces_of(document)) == 1
    go("frame_next", window, document, qtbot)
    assert frames.overlay.isVisible() and chosen(document).side == pytest.approx(100, abs=1)


def test_without_a_finder_a_photo_is_edited_whole_and_may_have_frames(window, core, photo, frames, qtbot):
    edit_photo(window, photo, qtbot)
    assert core.document.scene.face is None and not core.document.scene.other_frames
    assert not window.actions_by_id["frame_next"].isEnabled() and window.actions_by_id["frame_new"].isEnabled()
    go("frame_new", window, core.document, qtbot)
    assert frames.overlay.isVisible()


def test_a_document_file_holds_all_frames(window, document, qtbot):
    document.styling.set_styles({HAIR: RED})
    settle(window, qtbot)
    go("frame_next", window, document, qtbot)
    document.styling.set_styles({SKIN: BLUE})
    settle(window, qtbot)
    scene = document.scene
    saved = json.loads(json.dumps(scene_data(scene, scene.photo)))
    read = read_scene(saved, PartsIn(lambda name: b"")).scene({})
    assert read.other_frames == scene.other_frames and read.same_picture(scene, but=("fingerprint",))
    assert read.face == scene.face
    assert [changes_photo(state) for state in scene.other_frames] == [True] and changes_photo(state_of(scene))


def test_locks_of_pieces_and_labels_are_of_their_frame(window, document, qtbot):
    piece = document.regions.make_piece(connected_part(document.regions.map, *pixel_of(document, HAIR)), HAIR)
    document.label_states.set_style_locked([HAIR, piece], True)
    settle(window, qtbot)
    go("frame_next", window, document, qtbot)
    assert document.style_locked == frozenset()
    assert document.regions.make_piece(document.label_map == HAIR, HAIR) == piece
    assert document.style_locked == frozenset()
    settle(window, qtbot)
    scene = document.scene
    saved = json.loads(json.dumps(scene_data(scene, scene.photo)))
    assert read_scene(saved, PartsIn(lambda name: b"")).scene({}).other_frames == scene.other_frames
    document.undo()
    document.undo()
    assert document.style_locked == {HAIR, piece}
    settle(window, qtbot)


def test_other_weights_encode_the_styles_of_every_frame_in_one_step(window, document, photo, qtbot):
    label_map = face_label_map(64)
    picture = photo.with_name("anna.png")
    Image.fromarray(photo_of(label_map, seed=5)).save(picture)
    old_code = encode_code(np.array([9, 9, 9, 9], np.float32))
    style = ImageStyle(path=str(picture), label=HAIR, label_map_png=encode_map(label_map), code=old_code)
    document.styling.set_styles({HAIR: style})
    settle(window, qtbot)
    go("frame_next", window, document, qtbot)
    document.styling.set_styles({SKIN: style.replace(label=SKIN)})
    settle(window, qtbot)
    before = document.scene
    window.controllers.model.use("fake-other")
    qtbot.waitUntil(lambda: document.weights == "fake-other")
    (other,) = document.scene.other_frames
    for new in (document.style(SKIN), other.styles[HAIR]):
        assert new.code not in (None, old_code)
    assert other.face == before.other_frames[0].face
    document.undo()
    assert document.scene.other_frames == before.other_frames and document.weights == "fake-faces"
    settle(window, qtbot)


def test_what_is_kept_of_pieces_that_are_gone_does_not_stop_another_frame(document):
    stale = FrameState({"face": FaceFrame(0.5, 0.5, 0.1), "styles": {HAIR: RED, FIRST_PIECE: BLUE}})
    request = replace(document.scene, other_frames=(stale,)).to_request()
    assert [edit.label for edit in request.other_frames[0].edits] == [HAIR]


def pixel_of(document, label: int) -> tuple[int, int]:
    rows, columns = np.nonzero(document.label_map == label)
    return int(columns[0]), int(rows[0])


def test_a_search_that_is_cancelled_leaves_the_frame_where_it_was(window, core, document, frames, qtbot):
    before = frames.overlay.chosen_frame
    frames.overlay.moved.emit(FaceFrame(40.0, 40.0, 50.0))
    core.cancel()
    qtbot.waitUntil(lambda: not core.work_lane.busy)
    assert frames.overlay.chosen_frame == before and document.scene.face == before.scaled(1 / WIDTH)


@pytest.fixture
def searching(window, core, engine, document, qtbot):
    """Searches wait until the event is set."""
    settle(window, qtbot)
    gate = engine.gate = threading.Event()
    yield gate
    gate.set()


def let_go(gate, window, engine, qtbot) -> None:
    gate.set()
    engine.gate = None
    settle(window, qtbot)


def test_a_frame_that_redo_brings_back_while_it_is_searched_stands_once(
    window, core, engine, document, frames, qtbot
):
    first, second = frames_in(document.scene)
    go("frame_next", window, document, qtbot)
    document.undo()
    settle(window, qtbot)
    engine.gate = gate = threading.Event()
    frames.choose(second)
    document.redo()
    let_go(gate, window, engine, qtbot)
    assert document.scene.face == second and [state.face for state in document.scene.other_frames] == [first]
    document.scene.to_request()


def test_the_frame_that_is_entered_is_none_of_the_others(document):
    scene = document.scene
    again = with_frame(scene, state_of(scene))
    assert again.other_frames == scene.other_frames and again.face == scene.face


def test_the_frame_that_was_chosen_last_counts(window, core, engine, document, frames, searching, qtbot):
    first, second = frames_in(document.scene)
    frames.choose(second)
    frames.choose(first)  # stays where it is after all
    let_go(searching, window, engine, qtbot)
    assert document.scene.face == first and not document.undo_text


def test_esc_ends_the_search_of_a_moved_frame(window, core, engine, document, frames, searching, qtbot):
    before = document.scene.face
    frames.adjust()
    QTest.keyClick(frames.overlay, Qt.Key.Key_Right)
    QTest.keyClick(frames.overlay, Qt.Key.Key_Return)
    QTest.keyClick(frames.overlay, Qt.Key.Key_Escape)
    let_go(searching, window, engine, qtbot)
    assert document.scene.face == before and frames.overlay.chosen_frame == before.scaled(WIDTH)


def test_a_moved_frame_is_told_once_and_moves_on_from_where_it_is_searched(
    window, core, engine, document, frames, searching, qtbot
):
    overlay, told, before = frames.overlay, [], frames.overlay.chosen_frame
    overlay.moved.connect(told.append)
    frames.adjust()
    QTest.keyClick(overlay, Qt.Key.Key_Right)
    QTest.keyClick(overlay, Qt.Key.Key_Return)
    overlay.focusOutEvent(QFocusEvent(QEvent.Type.FocusOut))
    assert len(told) == 1
    start = overlay.tag_of(0).center().toPoint()
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(overlay, start + QPoint(0, 30))
    let_go(searching, window, engine, qtbot)
    assert overlay.chosen_frame.y > before.y and document.scene.face == before.scaled(1 / WIDTH)
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 30))
    qtbot.waitUntil(lambda: document.scene.face != before.scaled(1 / WIDTH))
    settle(window, qtbot)
    assert document.scene.face.x * WIDTH == pytest.approx(before.x + 1) and len(told) == 2


def test_shapes_that_were_painted_stay_where_a_frame_is_moved(window, document, frames, qtbot):
    window.actions_by_id["shapes"].trigger()
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[:6, :6] = True
    document.pixels.apply_mask(corner, HAIR)
    settle(window, qtbot)
    before = document.scene.face
    frames.overlay.moved.emit(frames.overlay.chosen_frame.scaled(0.9))
    qtbot.waitUntil(lambda: document.scene.face != before)
    settle(window, qtbot)
    scene = document.scene
    assert scene.reshapes and window.actions_by_id["shapes"].isChecked()
    differs = scene.label_map.array() != scene.photo_map.array()
    assert (document.label_map[corner] == HAIR).all() and not differs[~corner].any()


def test_a_crowd_has_a_number_for_each_face(window, core, engine, finder, photo, frames, qtbot):
    places = [(12 + 24 * column, 15 + 30 * row) for row in range(4) for column in range(10)]
    engine.faces = tuple(FaceFrame(float(x), float(y), 24.0) for x, y in places)  # they touch
    edit_photo(window, photo, qtbot)
    document = core.document
    assert len(faces_of(document)) == 40 and frames.overlay.isVisible()
    last = frames_in(document.scene)[-1]
    frames.choose(last)
    qtbot.waitUntil(lambda: document.scene.face == last)
    settle(window, qtbot)
    rows, columns = np.nonzero(document.label_map)
    assert columns.max() - columns.min() <= 26  # what is nearer to the faces beside it is theirs
