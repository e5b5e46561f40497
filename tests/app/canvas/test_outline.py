"""A region's outline: what a label means on a photo that is seen without its label map."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QTimer, QUrl

from app.canvas.outline import SHOWN_MS
from app.canvas.widget import CanvasWidget
from app.document.document import Document
from app.raster.outline import DARK, LIGHT, VEIL, WIDTH, outline, region_seen
from app.raster.view import Mode, View
from tests.app.pointing import Drag, Mouse
from tests.fixtures import face_label_map, photo_of

SKIN, HAT, HAIR = 1, 14, 13
SIDE = 64


@pytest.fixture
def document(qapp) -> Document:
    label_map = face_label_map(SIDE)
    made = Document()
    made.new(label_set=made.label_set, label_map=label_map, picture=photo_of(label_map), undoable=False)
    return made


@pytest.fixture
def canvas(document, qtbot) -> CanvasWidget:
    """A photo, seen without its label map, at 4 widget pixels for one."""
    made = CanvasWidget(document)
    qtbot.addWidget(made)
    made.resize(400, 320)
    made.show()
    qtbot.waitExposed(made)
    made.set_overlay(0)
    made._set_view(View(scale=4.0, x=10, y=20))
    yield made
    made.outline.hide()


def over(label: int) -> tuple[float, float]:
    """A point of the widget in the middle of a region, see `canvas`."""
    rows, columns = np.nonzero(face_label_map(SIDE) == label)
    n = len(rows) // 2
    return 10 + 4 * (int(columns[n]) + 0.5), 20 + 4 * (int(rows[n]) + 0.5)


def seen(canvas: CanvasWidget) -> np.ndarray:
    """(H, W, 3): the canvas as it is drawn, without the brush's outline."""
    canvas.set_tool("pan")
    image = canvas.grab().toImage()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 4].reshape(image.height(), image.width(), 4)[..., :3].copy()


def test_the_region_under_the_pointer_is_outlined(canvas):
    plain, mouse = seen(canvas), Mouse(canvas)
    mouse.move(over(HAIR))
    assert canvas.outline.label == HAIR
    changed = (seen(canvas) != plain).any(-1)
    x, y = map(int, over(HAIR))
    assert changed[y, x]
    x, y = map(int, over(SKIN))
    assert not changed[y, x]
    mouse.move(over(SKIN))
    assert canvas.outline.label == SKIN
    mouse.move((395, 315))  # beside the image
    assert canvas.outline.label is None and np.array_equal(seen(canvas), plain)


def test_a_label_that_is_chosen_shows_its_region_and_its_name_for_a_moment(canvas, document, qtbot):
    plain = seen(canvas)
    document.set_current_label(HAIR)
    assert canvas.outline.label == HAIR and not np.array_equal(seen(canvas), plain)
    qtbot.waitUntil(lambda: canvas.outline.label is None, timeout=20 * SHOWN_MS)
    assert np.array_equal(seen(canvas), plain)


def test_a_label_without_a_region_shows_none(canvas, document):
    document.set_current_label(HAIR)
    document.set_current_label(HAT)
    assert canvas.outline.label is None


def test_where_the_label_map_is_seen_nothing_is_outlined(canvas, document):
    canvas.set_overlay(0.5)
    document.set_current_label(HAIR)
    assert canvas.outline.label is None


def test_a_stroke_ends_it_and_what_was_painted_counts_for_the_next(canvas, document):
    mouse = Mouse(canvas)
    document.set_current_label(HAIR)
    before = seen(canvas)
    canvas.set_tool("brush")
    canvas.set_brush_diameter(9)
    mouse.press(over(SKIN))
    assert canvas.outline.label is None
    mouse.release(over(SKIN))
    document.set_current_label(SKIN)
    document.set_current_label(HAIR)
    assert not np.array_equal(seen(canvas), before)


def test_both_halves_of_a_compared_photo_show_it(canvas, document):
    canvas.set_original(np.array(document.picture))
    canvas.set_mode(Mode.SIDE_BY_SIDE)
    plain = seen(canvas)
    document.set_current_label(HAIR)
    changed = (seen(canvas) != plain).any(-1)
    half = changed.shape[1] // 2
    assert changed[:, :half].any() and changed[:, half:].any()


def test_an_outline_is_as_large_as_what_is_seen_of_the_map():
    label_map = np.zeros((3000, 4000), np.uint8)
    label_map[1000:2000, 1000:3000] = HAIR
    region = region_seen(label_map, HAIR, at=View(scale=0.1, x=-50, y=5), width=300, height=200)
    rows, columns = np.nonzero(region)
    assert region.shape == (200, 300)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (105, 199, 50, 249)
    layer = outline(region)
    assert layer[150, 150] == VEIL and layer[150, 50] == LIGHT and layer[150, 50 - WIDTH] == DARK
    assert layer[150, 50 - WIDTH - 1] == 0 and layer[199, 150] == VEIL  # it goes on beyond what is seen


def test_a_pointer_that_stays_in_a_region_shows_it_once(canvas):
    Mouse(canvas).move(over(HAIR))
    canvas.outline.hide()
    Mouse(canvas).move((over(HAIR)[0] + 1, over(HAIR)[1]))
    assert canvas.outline.label is None  # the same region: it was shown already


@pytest.mark.parametrize("overlay", [0, 0.5])
def test_the_name_of_what_a_drop_would_fall_on_stays_while_something_is_dragged(canvas, document, overlay):
    canvas.set_overlay(overlay)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("anna.jpg")])
    drag = Drag(canvas, data)
    assert drag.enter([round(way) for way in over(HAIR)])
    assert canvas.outline.label == HAIR
    assert not any(timer.isActive() for timer in canvas.outline.findChildren(QTimer))  # it does not go by itself
    drag.move([round(way) for way in over(SKIN)])
    assert canvas.outline.label == SKIN
    drag.move((395, 315))  # beside the image
    assert canvas.outline.label is None
    document.pixels.replace_label_map(np.full((SIDE, SIDE), HAT, np.uint8))
    drag.move([round(way) for way in over(HAIR)])
    assert canvas.outline.label == HAT  # all of the picture
    drag.leave()
    assert canvas.outline.label is None
