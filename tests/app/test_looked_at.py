"""A photo of which a parser looked at a part alone: what lies outside belongs to no region until the user says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, QUrl
from PySide6.QtGui import QGuiApplication

from app.canvas.drops import NO_LABEL
from app.controllers.styles import Target
from app.raster.outline import part_seen
from app.raster.view import View
from engine.labels.looked_at import UNSEEN
from engine.requests.edit import RegionEdit
from engine.requests.edit_list import EditList, edit_list_text
from engine.requests.json_text import from_json, to_json
from engine.requests.styles import ColourStyle
from tests.app.photo_windows import edit_photo, settle
from tests.app.pointing import Drag
from tests.fixtures import face_label_map, photo_of

PART = 0.0, 0.0, 0.5, 1.0
BLUE = ColourStyle("#2060c0")
SEEN, REST = (1, 1), (1, 60)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(photo_of(face_label_map(64), seed=3)).save(path)
    return path


@pytest.fixture
def document(window, core, engine, photo, qtbot):
    engine.looked_at = PART
    edit_photo(window, photo, qtbot)
    return core.document


def changed(core) -> np.ndarray:
    return (core.document.picture != core.originals.pixels(core.document.photo)).any(-1)


def test_what_lies_outside_is_said_and_belongs_to_no_region(window, document):
    assert document.looked_at == PART
    assert "dashed frame" in window.error_bar.problem.sentence and not window.error_bar.remedy_button.isVisible()
    assert document.regions.at(*SEEN) == 0 and document.regions.at(*REST) == UNSEEN
    document.pixels.begin_stroke(18)
    document.pixels.stroke_to([REST], 1)
    document.pixels.end_stroke()
    assert document.regions.at(*REST) == 18  # a person knows what is there
    canvas = window.canvas
    view = canvas.view
    inside, outside = (QPointF(5.5 * view.scale + view.x, y * view.scale + view.y) for y in (1.5, 60.5))
    assert canvas.label_at(inside) == canvas.label_at(outside) == 0
    assert canvas.region_at(inside) == 0 and canvas.region_at(outside) == NO_LABEL


def test_a_style_of_the_background_stays_inside_until_the_user_asks(window, core, document, qtbot):
    document.styling.set_styles({0: BLUE})
    settle(window, qtbot)
    assert changed(core)[:32].any() and not changed(core)[32:].any()
    bar = window.error_bar
    assert "stays as it is" in bar.problem.sentence and bar.remedy_button.isVisible()
    bar.remedy_button.click()
    settle(window, qtbot)
    assert document.looked_at is None and changed(core)[32:].any()
    assert bar.problem is None and not window.actions_by_id["photo_rest"].isEnabled()
    document.undo()
    settle(window, qtbot)
    assert document.looked_at == PART and not changed(core)[32:].any()
    assert window.actions_by_id["photo_rest"].isEnabled()


def test_what_is_dropped_where_nobody_looked_restyles_nothing(window, core, document, photo, qtbot):
    canvas = window.canvas
    point = round(canvas.view.x + canvas.view.scale), round(canvas.view.y + 60 * canvas.view.scale)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(photo))])
    drag = Drag(canvas, mime)
    assert drag.enter(point) and drag.drop(point)
    bar = window.error_bar
    qtbot.waitUntil(lambda: bar.problem is not None and "Nobody looked there" in bar.problem.sentence)
    assert bar.remedy_button.isVisible() and not document.styles
    bar.dismiss()
    canvas.drops.colour_dropped.emit("#2060c0", QPoint(*REST))
    assert "Nobody looked there" in bar.problem.sentence and not document.styles


def test_a_drop_on_the_background_makes_no_box_and_offers_the_rest(window, core, document, qtbot):
    drops, bar = window.canvas.drops, window.error_bar
    drops.colour_dropped.emit("#2060c0", QPoint(*SEEN))
    assert "would end in a box" in bar.problem.sentence and bar.remedy_button.isVisible() and not document.styles
    bar.remedy_button.click()
    drops.colour_dropped.emit("#2060c0", QPoint(*SEEN))
    settle(window, qtbot)
    assert document.styles[0] == BLUE and changed(core)[32:].any()
    core.scope.put(0, None)
    assert not document.styles


def test_styles_of_all_regions_leave_out_a_background_that_ends_in_a_box(core, document):
    assert set(core.scope.unlocked({0: BLUE, 13: BLUE})) == {13}
    document.change("looked_at", None)
    assert set(core.scope.unlocked({0: BLUE, 13: BLUE})) == {0, 13}


def test_a_file_remembers_what_was_looked_at(document):
    request = from_json(to_json(document.scene.to_request()))
    assert request.looked_at == PART
    assert type(document.scene).values_of(request)["looked_at"] == PART


def test_a_map_of_the_whole_photo_leaves_nothing_unseen(document):
    document.pixels.replace_label_map(face_label_map(64))
    assert document.looked_at is None
    document.undo()
    assert document.looked_at == PART and not document.label_map[32:].any()


def test_the_part_is_seen_where_it_is_shown():
    seen = part_seen((0.25, 0.5, 0.75, 1.0), (8, 8), at=View(2.0, 4.0, 3.0), width=24, height=24)
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (3 + 2 * 2, 3 + 6 * 2 - 1, 4 + 4 * 2, 4 + 8 * 2 - 1)
    assert part_seen(None, (8, 8), at=View(2.0, 4.0, 3.0), width=24, height=24).all()


def test_small_regions_that_are_probably_others_are_named(window, core, engine, photo, qtbot):
    engine.doubtful = (2,)
    edit_photo(window, photo, qtbot)
    assert "What was found as Nose may be something else. Point at it in the photo" in window.error_bar.problem.sentence
    asked = []
    window.controllers.styles.show_regions = lambda photo, *_, **__: asked.append(photo.doubtful)
    core.settings.always_show_regions = False
    for label in (13, 2):
        window.controllers.styles.use_file(photo, Target(label))
        qtbot.waitUntil(lambda: not core.foreground_busy)
    assert asked == [(2,)]  # a style of the doubtful region is looked over first


def test_pasted_edits_of_a_background_that_would_end_in_a_box_are_left_out_and_said(window, document):
    edits = (RegionEdit(label=0, style=BLUE), RegionEdit(label=13, style=BLUE))
    text = edit_list_text(EditList.of(document.label_set, edits))
    QGuiApplication.clipboard().setText(text)
    window.actions_by_id["edits_paste"].trigger()
    bar = window.error_bar
    assert dict(document.styles) == {13: BLUE}
    assert "it would end in a box" in bar.problem.sentence and bar.remedy_button.isVisible()
    bar.remedy_button.click()
    QGuiApplication.clipboard().setText(text)
    window.actions_by_id["edits_paste"].trigger()
    assert dict(document.styles) == {0: BLUE, 13: BLUE}


def test_a_message_lies_over_the_foot_of_the_picture_where_no_face_is(window, core, document):
    window.resize(1280, 720)
    before = window.canvas.geometry()
    core.hub.warning("A sentence.")
    bar, canvas = window.error_bar.geometry(), window.canvas.geometry()
    assert canvas == before and bar.bottom() == canvas.bottom() and bar.height() < canvas.height() / 6
