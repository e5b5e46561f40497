"""Pieces in the editor: marked on the canvas, listed below their labels, styled, taken back, undone and saved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QUrl
from PySide6.QtWidgets import QMenu

from app.canvas.tools import PieceTool, Pointer
from app.controllers.styles import Target
from app.document.document import Document
from app.document.saved.document_file import read_document, snapshot_of, write_document
from app.document.scene import Scene
from app.jobs.restyle import whole_picture
from app.panels.edits.panel import EditsPanel
from app.panels.result_search import label_texts
from app.panels.styles.panel import StylesPanel
from engine.errors import BadRequest
from engine.labels.pieces import FIRST_PIECE, connected_part
from engine.requests.edit_list import EditList
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle, ImageStyle, MeanStyle, SampleStyle
from tests.app.fakes import FACES
from tests.app.pointing import Drag
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR = 1, 13
FIRST, SECOND = FIRST_PIECE, FIRST_PIECE + 1
COPPER, BLUE = ColourStyle("#b06030"), ColourStyle("#3040a0")


@pytest.fixture
def document(qapp) -> Document:
    label_map = np.full((40, 60), SKIN, np.uint8)
    label_map[5:15, 5:15] = label_map[5:15, 40:50] = HAIR  # two pieces of hair
    made = Document()
    made.new(label_set=FACES, label_map=label_map, weights="sean-faces", undoable=False)
    return made


def left(document: Document) -> np.ndarray:
    return connected_part(document.regions.map, 8, 8)


def piece_values(document: Document) -> tuple:
    return dict(document.pieces), document.styles, document.strengths, document.switched_off, document.style_locked


# ---------------------------------------------------------------- the document


def test_a_piece_begins_in_its_labels_style_and_is_named_after_it(document):
    document.styling.set_styles({HAIR: COPPER})
    assert document.regions.make_piece(left(document), HAIR) == FIRST
    assert document.style(FIRST) == COPPER and document.current_region == FIRST and document.current_label == HAIR
    assert document.regions.name(FIRST) == "Hair, piece 1"
    assert document.undo_text == "A style of its own for Hair, piece 1"
    assert document.regions.at(8, 8) == FIRST and document.regions.at(45, 8) == HAIR
    assert document.regions.area(FIRST) == 100 and document.regions.area(HAIR) == 200
    document.styling.set_styles({FIRST: BLUE})
    assert document.style(HAIR) == COPPER


def test_pieces_go_back_and_forth_with_all_that_is_said_of_them(document):
    document.regions.make_piece(left(document), HAIR)
    document.styling.set_styles({FIRST: BLUE, HAIR: COPPER})
    document.styling.set_strength(FIRST, 0.5)
    document.label_states.set_style_locked(FIRST, True)
    before = piece_values(document)
    document.regions.remove_piece(FIRST)
    assert piece_values(document) == ({}, {HAIR: COPPER}, {}, frozenset(), frozenset())
    assert document.piece_map is None and document.current_region == HAIR
    document.undo()
    assert piece_values(document) == before and document.regions.at(8, 8) == FIRST
    while document.undo_text:
        document.undo()
    assert not document.pieces and document.current_region == HAIR
    document.redo()
    assert document.regions.at(8, 8) == FIRST


def test_painting_takes_pixels_from_a_piece_and_painting_back_gives_them(document):
    document.regions.make_piece(left(document), HAIR)
    document.pixels.apply_mask(left(document), SKIN)
    assert document.regions.area(FIRST) == 0 and FIRST in document.pieces
    document.undo()
    assert document.regions.area(FIRST) == 100
    everywhere = np.ones(document.label_map.shape, bool)
    document.pixels.apply_mask(everywhere, HAIR)  # a new stroke around a piece does not enlarge it
    assert document.regions.area(FIRST) == 100


def test_pieces_grow_shrink_and_go_with_their_last_pixel(document):
    part = left(document)
    top, bottom = part.copy(), part.copy()
    top[10:], bottom[:10] = False, False
    document.regions.make_piece(top, HAIR)
    document.regions.make_piece(bottom, HAIR)
    assert document.regions.area(FIRST) == document.regions.area(SECOND) == 50
    document.regions.add_to_piece(FIRST, np.ones_like(part))
    assert document.regions.area(FIRST) == 200 and SECOND not in document.pieces
    document.regions.take_from_pieces(part)
    assert document.regions.area(FIRST) == 100 and document.regions.at(8, 8) == HAIR
    document.regions.take_from_pieces(np.ones_like(part))
    assert not document.pieces and document.piece_map is None
    with pytest.raises(BadRequest, match="nothing of the label"):
        document.regions.make_piece(part, SKIN)
    with pytest.raises(BadRequest):
        document.styling.set_styles({FIRST: BLUE})


def test_the_number_of_a_piece_that_went_is_used_again_without_its_pixels(document):
    document.regions.make_piece(left(document), HAIR)
    document.regions.remove_piece(FIRST)
    right = connected_part(document.regions.map, 45, 8)
    assert document.regions.make_piece(right, HAIR) == FIRST
    assert document.regions.at(8, 8) == HAIR and document.regions.at(45, 8) == FIRST


def test_requests_carry_pieces_and_scenes_read_them(document):
    document.regions.make_piece(left(document), HAIR)
    document.styling.set_styles({FIRST: BLUE})
    request = document.scene.to_request()
    assert request.pieces == {FIRST: HAIR} and request.styles == {FIRST: BLUE}
    values = Scene.values_of(request)
    scene = Scene.checked(label_set=FACES, **values)
    assert scene.same_picture(document.scene) and scene.picture_key() == document.scene.picture_key()
    smaller = document.scene.reduced(20, 30).to_request()
    assert smaller.piece_map is not None and smaller.piece_map.array().shape == (20, 30)
    texts = label_texts(document.scene)
    assert any("hair" in text and "#3040a0" in text for text in texts)


def test_another_map_size_or_label_set_leaves_no_pieces(document):
    document.regions.make_piece(left(document), HAIR)
    document.styling.set_styles({FIRST: BLUE})
    document.pixels.replace_label_map(np.full((20, 20), HAIR, np.uint8))
    assert not document.pieces and document.piece_map is None
    assert not document.scene.to_request().pieces and document.scene.to_request().styles == {}
    document.undo()
    assert document.scene.to_request().styles == {FIRST: BLUE}


def test_a_document_file_holds_pieces_and_the_steps_that_made_them(document, tmp_path):
    document.regions.make_piece(left(document), HAIR)
    document.styling.set_styles({FIRST: BLUE})
    path = tmp_path / "front.tessera"
    write_document(path, snapshot_of(document, None), photo=None)
    read = read_document(path)
    scene = read.scene.scene({})
    assert read.damage == () and not scene.differences(document.scene) and scene.pieces == {FIRST: HAIR}
    done, _ = read.history
    assert [step.text for step in done] == ["A style of its own for Hair, piece 1", "Change styles"]


# ---------------------------------------------------------------- the window


def click(window, x: int, y: int) -> QPoint:
    """Where a pixel of the document is on the screen."""
    view = window.canvas.view
    at = QPoint(round((x + 0.5) * view.scale + view.x), round((y + 0.5) * view.scale + view.y))
    return window.canvas.mapToGlobal(at)


def paint_two(window, qtbot) -> Document:
    label_map = np.full((64, 64), SKIN, np.uint8)
    label_map[10:25, 5:20] = label_map[10:25, 40:55] = HAIR
    document = window.core.document
    document.new(label_set=FACES, label_map=label_map, weights="fake-faces")
    qtbot.waitUntil(lambda: document.picture is not None and window.controllers.render.up_to_date)
    return document


@pytest.fixture
def menus(monkeypatch) -> list[QMenu]:
    """The menus that were opened."""
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, point: opened.append(menu))
    return opened


def test_the_menu_of_a_region_makes_its_part_a_piece_and_takes_it_back(window, menus, qtbot):
    document = paint_two(window, qtbot)
    window.canvas.menu_wanted.emit(HAIR, click(window, 47, 17))
    assert "Give this piece its own style" in [action.text() for action in menus[-1].actions() if action.isEnabled()]
    window.actions_by_id["piece_own"].trigger()
    assert document.regions.at(47, 17) == FIRST and document.regions.at(10, 17) == HAIR
    panel = window.findChild(StylesPanel)
    rows = [panel.model.index(row, 0).data() for row in range(panel.model.rowCount())]
    assert rows[rows.index("Hair") + 1] == "Hair, piece 1"
    assert panel.model.index_of(FIRST) == panel.list.currentIndex()
    window.controllers.styles.use_colour("#3040a0", Target(document.current_region))
    assert document.style(FIRST) == BLUE and isinstance(document.style(HAIR), MeanStyle)
    assert not window.actions_by_id["piece_own"].isEnabled()
    window.canvas.menu_wanted.emit(FIRST, click(window, 47, 17))
    assert menus[-1].actions()[0].text() == "Hair, piece 1"
    window.actions_by_id["piece_back"].trigger()
    assert not document.pieces and document.styles == {}
    assert document.undo_text == "Back to the label's style: Hair, piece 1"


def test_a_piece_of_another_label_stays_chosen(window, qtbot):
    """The labels' list follows to the piece's label; that alone is no choice of the label."""
    document = paint_two(window, qtbot)
    document.set_current_label(SKIN)
    window.controllers.pieces.point_at(10, 17)
    document.set_current_label(HAIR)
    document.set_current_label(SKIN)
    document.regions.make_piece(connected_part(document.regions.map, 10, 17), HAIR)
    assert document.current_region == FIRST and document.current_label == HAIR


def test_a_picture_dropped_on_a_piece_styles_it_alone(window, core, tmp_path, qtbot):
    core.settings.always_show_regions = False
    portrait = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(96), seed=3)).save(portrait)
    document = paint_two(window, qtbot)
    document.regions.make_piece(connected_part(document.regions.map, 10, 17), HAIR)
    document.set_current_label(SKIN)
    view = window.canvas.view
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(portrait))])
    drag = Drag(window.canvas, mime)
    point = round(10.5 * view.scale + view.x), round(17.5 * view.scale + view.y)
    assert drag.enter(point)
    drag.move(point)
    assert window.canvas.outline.label == FIRST
    assert drag.drop(point)
    qtbot.waitUntil(lambda: isinstance(document.style(FIRST), ImageStyle))
    assert document.style(FIRST).label == HAIR and HAIR not in document.styles
    assert document.current_region == FIRST


def test_the_piece_brush_marks_grows_and_gives_back(window, qtbot):
    document, canvas = paint_two(window, qtbot), window.canvas
    window.actions_by_id["piece"].trigger()
    assert canvas.tool_id == "piece"
    canvas.set_brush_diameter(4)
    tool = PieceTool()

    def brush(*points: tuple[float, float], erase: bool = False) -> None:
        tool.press(canvas, Pointer(*points[0], erase=erase))
        for point in points[1:]:
            tool.move(canvas, Pointer(*point, erase=erase))
        tool.release(canvas, Pointer(*points[-1], erase=erase))

    brush((8, 12), (30, 12))
    first_area = document.regions.area(FIRST)
    assert document.pieces == {FIRST: HAIR} and 0 < first_area < 100
    brush((8, 12), (8, 24))  # from the piece on it grows
    assert document.regions.area(FIRST) > first_area and len(document.pieces) == 1
    brush((8, 12), (8, 30), erase=True)
    assert document.regions.at(8, 12) == HAIR and document.pieces
    document.undo()
    assert document.regions.at(8, 12) == FIRST
    brush((-5, -5))  # outside the picture it marks nothing
    assert document.pieces == {FIRST: HAIR}


def test_weights_with_one_style_for_a_label_say_why_there_are_no_pieces(window, qtbot):
    document = paint_two(window, qtbot)
    window.actions_by_id["piece"].trigger()
    document.change_model("fake-whole", styles={}, label_set=FACES)
    own = window.actions_by_id["piece_own"]
    assert not own.isEnabled() and "one style for all of a label" in own.toolTip()
    assert window.canvas.tool_id == "brush"
    document.change_model("fake-faces", styles={}, label_set=FACES)
    assert own.isEnabled() and "one window" in own.toolTip()


def test_weights_with_one_style_for_the_picture_take_none_of_a_piece(window, qtbot):
    document = paint_two(window, qtbot)
    document.styling.set_styles({SKIN: COPPER})
    document.regions.make_piece(connected_part(document.regions.map, 10, 17), HAIR)
    document.styling.set_styles({FIRST: SampleStyle(3)})
    leading = whole_picture(document.styles, document.areas, len(FACES), ())
    assert set(leading) == set(range(len(FACES))) and set(leading.values()) == {COPPER}
    document.change_model("fake-whole", styles={**document.styles}, label_set=FACES)
    window.controllers.styles.reset_all()
    assert not set(document.styles) - {FIRST}


def test_a_piece_of_the_document_before_is_not_chosen_in_the_next(document):
    document.regions.make_piece(left(document), HAIR)
    values = {"pieces": {FIRST: SKIN}, "piece_map": np.ones((20, 20), np.uint8)}
    document.new(label_set=FACES, label_map=np.full((20, 20), SKIN, np.uint8), weights="sean-faces", **values)
    assert document.current_region == HAIR and document.regions.at(3, 3) == FIRST


def test_variations_and_colours_are_of_the_piece(window, qtbot):
    document = paint_two(window, qtbot)
    document.regions.make_piece(connected_part(document.regions.map, 10, 17), HAIR)
    dialog = window.controllers.variety.variations()
    assert dialog is not None and "Hair, piece 1" in dialog.windowTitle() + dialog.accessibleName()
    dialog.reject()
    window.controllers.dice.roll()
    assert FIRST in document.styles and HAIR not in document.styles
    window.controllers.styles.reset_label()
    assert FIRST not in document.styles and FIRST in document.pieces


# ---------------------------------------------------------------- photos


def test_a_piece_of_a_photo_is_a_row_below_its_label(window, photo):
    document = photo
    x, y = (int(np.nonzero(document.label_map == HAIR)[axis][0]) for axis in (1, 0))
    document.styling.set_styles({HAIR: COPPER, 18: BLUE})
    document.regions.make_piece(connected_part(document.regions.map, x, y), HAIR)
    document.styling.set_styles({FIRST: BLUE})
    assert [edit.label for edit in document.styling.edits] == [HAIR, FIRST, 18]
    row = window.findChild(EditsPanel).row(FIRST)
    assert row.accessibleName() == "Hair, piece 1"
    row.slider.setValue(50)
    assert document.strengths == {FIRST: 0.5}
    request = replace(document.scene, photo=PhotoReference("anna.png")).to_request()
    assert request.pieces == {FIRST: HAIR} and [edit.label for edit in request.edits] == [HAIR, 18, FIRST]
    assert FIRST not in [edit.label for edit in EditList.of(FACES, document.styling.edits).edits]
