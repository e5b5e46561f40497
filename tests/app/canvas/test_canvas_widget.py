"""The canvas: what mouse, pen and keys do to the document and to the view."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.canvas.widget import CanvasWidget
from app.document.document import Document
from app.imaging.mime import style_mime
from app.raster.view import Enlarged, Mode, View
from tests.app.pointing import ALT, CTRL, MIDDLE, RIGHT, SHIFT, Drag, Mouse, Pen, held_key
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1
SIDE = 64
QT_MADE = Qt.MouseEventSource.MouseEventSynthesizedByQt
SYSTEM_MADE = Qt.MouseEventSource.MouseEventSynthesizedBySystem


@pytest.fixture
def document(qapp) -> Document:
    made = Document()
    made.new(label_set=made.label_set, label_map=face_label_map(SIDE), undoable=False)
    made.set_current_label(HAIR)
    return made


@pytest.fixture
def canvas(document, qtbot) -> CanvasWidget:
    """Shows the image at 4 widget pixels for one, from (10, 20) on."""
    made = CanvasWidget(document)
    qtbot.addWidget(made)
    made.resize(400, 320)
    made.show()
    qtbot.waitExposed(made)
    made._set_view(View(scale=4.0, x=10, y=20))
    made.set_brush_diameter(5)
    return made


@pytest.fixture
def mouse(canvas) -> Mouse:
    return Mouse(canvas)


def at(x: float, y: float) -> tuple[float, float]:
    """Widget point of the middle of pixel (x, y), see `canvas`."""
    return 10 + 4 * (x + 0.5), 20 + 4 * (y + 0.5)


def shown(canvas: CanvasWidget) -> QImage:
    return canvas.grab().toImage()


def colour(image: QImage, x: float, y: float) -> tuple[int, int, int]:
    """The colour shown at image pixel (x, y), see `canvas`."""
    px, py = at(x, y)
    return QColor(image.pixel(int(px), int(py))).getRgb()[:3]


# ---------------------------------------------------------------- painting


def test_a_drag_paints_the_current_label_as_one_step(canvas, document, mouse):
    before = document.label_map.copy()
    mouse.drag(at(5, 5), at(5, 40), at(30, 40))
    assert (document.label_map[5:40, 5] == HAIR).all()
    assert (document.label_map[40, 5:30] == HAIR).all()
    document.undo()
    assert np.array_equal(document.label_map, before)


def test_a_click_without_a_move_paints_a_dot(canvas, document, mouse):
    canvas.set_brush_diameter(3)
    document.pixels.fill(0, 0, 0)
    document.pixels.replace_label_map(np.zeros((SIDE, SIDE), np.uint8))
    mouse.click(at(20, 20))
    rows, columns = np.nonzero(document.label_map == HAIR)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (19, 21, 19, 21)


def test_the_right_button_and_the_eraser_paint_the_background(canvas, document, mouse):
    mouse.drag(at(32, 10), at(36, 10), button=RIGHT)
    assert document.label_map[10, 32] == 0
    assert document.undo_text == "Erase"
    canvas.set_tool("eraser")
    mouse.click(at(32, 40))
    assert document.label_map[40, 32] == 0


def test_escape_takes_the_open_stroke_back(canvas, document, mouse, qtbot):
    before = document.label_map.copy()
    mouse.press(at(5, 5))
    mouse.move(at(50, 50))
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    mouse.move(at(5, 50))
    mouse.release(at(5, 50))
    assert np.array_equal(document.label_map, before)
    assert document.undo_text == ""


def test_a_second_button_during_a_stroke_does_nothing(canvas, document, mouse):
    mouse.press(at(5, 5))
    mouse.press(at(5, 5), RIGHT)
    mouse.move(at(5, 30))
    mouse.release(at(5, 30), RIGHT)
    assert document.stroking
    mouse.release(at(5, 30))
    assert not document.stroking
    assert document.label_map[20, 5] == HAIR


def test_a_stroke_whose_release_was_lost_ends_at_the_next_move(canvas, document, mouse):
    mouse.press(at(5, 5))
    mouse.held = Qt.MouseButton.NoButton
    mouse.move(at(40, 40))
    assert not document.stroking
    assert document.label_map[40, 40] != HAIR or face_label_map(SIDE)[40, 40] == HAIR


def test_choosing_another_tool_ends_the_stroke_and_keeps_it(canvas, document, mouse):
    mouse.press(at(5, 5))
    canvas.set_tool("pan")
    assert not document.stroking
    assert document.label_map[5, 5] == HAIR


def test_hiding_the_canvas_ends_the_stroke_and_keeps_it(canvas, document, mouse):
    mouse.press(at(5, 5))
    canvas.hide()
    assert not document.stroking
    assert document.undo_text == "Paint Hair"


def test_a_replaced_document_ends_the_stroke(canvas, document, mouse):
    mouse.press(at(5, 5))
    document.new(label_set=document.label_set, label_map=np.zeros((32, 32), np.uint8))
    mouse.move(at(9, 9))
    mouse.release(at(9, 9))
    assert not document.label_map.any()


def test_the_bucket_fills_and_the_pick_tool_takes_a_label(canvas, document, mouse):
    canvas.set_tool("bucket")
    mouse.click(at(0, 0))
    assert document.label_map[0, 0] == HAIR
    canvas.set_tool("pick")
    mouse.drag(at(0, 0), at(32, 36))
    assert document.current_label == document.label_map[36, 32] != HAIR


def test_tools_outside_the_image_do_nothing(canvas, document, mouse):
    before = document.label_map.copy()
    for tool in ("bucket", "pick", "brush"):
        canvas.set_tool(tool)
        mouse.click((2, 2))
    assert np.array_equal(document.label_map, before)
    assert document.current_label == HAIR


def test_what_a_tool_cannot_do_is_told_by_a_signal(canvas, document, mouse, qtbot):
    canvas.set_tool("bucket")
    canvas.bucket.by_picture = True
    with qtbot.waitSignal(canvas.failed) as caught:
        mouse.click(at(3, 3))
    assert "no picture" in str(caught.args[0])


def test_alt_click_picks_with_every_tool(canvas, document, mouse):
    for tool in ("brush", "eraser", "bucket", "pan"):
        document.set_current_label(0)
        canvas.set_tool(tool)
        mouse.click(at(32, 8), keys=ALT)
        assert document.current_label == HAIR
    assert document.undo_text == ""


# ---------------------------------------------------------------- brush size


def test_shift_drag_resizes_the_brush_and_paints_nothing(canvas, document, mouse, qtbot):
    with qtbot.waitSignal(canvas.brush_changed):
        mouse.drag(at(30, 30), at(40, 30), keys=SHIFT)
    assert canvas.brush_diameter == 25  # 10 image pixels to the right make the radius 10 larger
    mouse.drag(at(30, 30), at(-500, 30), keys=SHIFT)
    assert canvas.brush_diameter == 1
    assert document.undo_text == ""


def test_escape_restores_the_brush_size(canvas, mouse, qtbot):
    mouse.press(at(30, 30), keys=SHIFT)
    mouse.move(at(60, 30), keys=SHIFT)
    assert canvas.brush_diameter > 5
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.brush_diameter == 5


def test_brackets_change_the_brush(canvas, qtbot):
    qtbot.keyClicks(canvas, "]]")
    assert canvas.brush_diameter == 7
    qtbot.keyClicks(canvas, "[")
    assert canvas.brush_diameter == 6
    qtbot.keyClicks(canvas, "}")
    assert canvas.brush_diameter == 16
    qtbot.keyClicks(canvas, "{{{")
    assert canvas.brush_diameter == 1


def test_the_outline_follows_the_zoom(canvas, mouse):
    mouse.move(at(30, 30))
    [(_, radius)] = canvas._outlines()
    assert radius == pytest.approx(5 / 2 * 4)
    mouse.wheel(at(30, 30), 3)
    [(_, larger)] = canvas._outlines()
    assert larger == pytest.approx(5 / 2 * canvas.view.scale)
    assert larger > radius


def test_the_outline_is_drawn_at_the_cursor_and_goes_with_it(canvas, mouse):
    canvas.set_brush_diameter(20)
    plain = shown(canvas)
    mouse.move(at(30, 30))
    assert shown(canvas) != plain
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert shown(canvas) == plain


# ---------------------------------------------------------------- pen


def test_pen_pressure_sets_the_width_of_the_stroke(canvas, document):
    document.pixels.replace_label_map(np.zeros((SIDE, SIDE), np.uint8))
    canvas.set_brush_diameter(40)
    pen = Pen(canvas)
    pen.press(at(10, 32), 0.1)
    pen.move(at(50, 32), 1.0)
    pen.release(at(50, 32))
    width = (document.label_map == HAIR).sum(axis=0)
    assert width[10] < 10
    assert width[50] in (40, 41)


def test_a_pen_stroke_is_painted_once_although_mouse_events_follow(canvas, document):
    """Windows sends mouse events of its own for a pen; Qt too where a tablet event is not accepted."""
    document.pixels.replace_label_map(np.zeros((SIDE, SIDE), np.uint8))
    canvas.set_brush_diameter(20)
    pen, mouse = Pen(canvas), Mouse(canvas)
    accepted = [pen.press(at(10, 32), 0.2)]
    mouse.press(at(10, 32), source=SYSTEM_MADE)
    accepted.append(pen.move(at(40, 32), 0.2))
    mouse.move(at(40, 32), source=SYSTEM_MADE)
    accepted.append(pen.release(at(40, 32)))
    mouse.release(at(40, 32), source=QT_MADE)
    mouse.press(at(40, 32), source=QT_MADE)  # some come late
    mouse.release(at(40, 32), source=QT_MADE)
    assert accepted == [True, True, True]
    assert (document.label_map == HAIR).sum(axis=0).max() == 4
    document.undo()
    assert not document.label_map.any()
    assert document.undo_text == "Replace label map"


def test_the_other_end_of_the_pen_erases(canvas, document):
    pen = Pen(canvas, eraser=True)
    pen.press(at(32, 12), 1.0)
    pen.release(at(32, 12))
    assert document.label_map[12, 32] == 0


def test_the_button_of_a_pen_erases_in_a_drag_and_asks_for_the_menu_in_a_click(canvas, document, qtbot):
    before, pen = document.label_map.copy(), Pen(canvas)
    with qtbot.waitSignal(canvas.menu_wanted) as wanted:
        pen.press(at(32, 12), 1.0, RIGHT)
        pen.release(at(32, 12), RIGHT)
    assert wanted.args[0] == before[12, 32] and np.array_equal(document.label_map, before)
    with qtbot.assertNotEmitted(canvas.menu_wanted):
        pen.press(at(32, 12), 1.0, RIGHT)
        pen.move(at(38, 12), 1.0, RIGHT)
        pen.release(at(38, 12), RIGHT)
    assert document.label_map[12, 32] == 0 and document.undo_text == "Erase"


def test_a_finger_paints_again_once_the_mouse_has_moved(canvas, document, mouse):
    pen = Pen(canvas)
    pen.press(at(5, 5), 1.0)
    pen.release(at(5, 5))
    mouse.move(at(9, 9))
    mouse.press(at(5, 50), source=QT_MADE)
    mouse.release(at(5, 50), source=QT_MADE)
    assert document.label_map[50, 5] == HAIR


def test_the_mouse_paints_again_after_the_pen_has_left(canvas, document, mouse):
    pen = Pen(canvas)
    pen.press(at(5, 5), 1.0)
    pen.release(at(5, 5))
    mouse.drag(at(5, 50), at(9, 50))
    assert document.label_map[50, 7] == HAIR


def test_a_finger_paints_where_no_pen_is_near(canvas, document, mouse):
    mouse.press(at(5, 5), source=QT_MADE)
    mouse.release(at(5, 5), source=QT_MADE)
    assert document.label_map[5, 5] == HAIR


# ---------------------------------------------------------------- view


@pytest.mark.parametrize("keys", [Qt.KeyboardModifier.NoModifier, CTRL])
def test_the_wheel_zooms_at_the_cursor(canvas, mouse, keys, qtbot):
    point = at(20, 30)
    before = canvas.pixel_at(QPointF(*point))
    with qtbot.waitSignal(canvas.zoom_changed) as caught:
        mouse.wheel(point, 2, keys)
    assert canvas.view.scale == pytest.approx(4 * 1.25**2)
    assert caught.args == [pytest.approx(canvas.zoom)]
    assert canvas.pixel_at(QPointF(*point)) == before
    mouse.wheel(point, -2, keys)
    assert canvas.view == View(scale=pytest.approx(4.0), x=pytest.approx(10), y=pytest.approx(20))


def test_the_middle_button_space_and_the_pan_tool_move_the_view(canvas, document, mouse, qtbot):
    mouse.drag((100, 100), (130, 90), button=MIDDLE)
    assert (canvas.view.x, canvas.view.y) == (40, 10)
    with held_key(qtbot, canvas, Qt.Key.Key_Space):
        mouse.drag((100, 100), (90, 110))
    assert (canvas.view.x, canvas.view.y) == (30, 20)
    canvas.set_tool("pan")
    mouse.drag((100, 100), (80, 100))
    assert (canvas.view.x, canvas.view.y) == (10, 20)
    assert document.undo_text == ""


def test_letting_space_go_brings_the_brush_back(canvas, document, mouse, qtbot):
    with held_key(qtbot, canvas, Qt.Key.Key_Space):
        assert canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    mouse.click(at(3, 3))
    assert document.label_map[3, 3] == HAIR


def test_ctrl_0_fits_and_ctrl_1_is_one_to_one(canvas, qtbot):
    qtbot.keyClick(canvas, Qt.Key.Key_0, CTRL)
    assert canvas.view.scale == pytest.approx((320 - 32) / SIDE)
    qtbot.keyClick(canvas, Qt.Key.Key_1, CTRL)
    assert canvas.zoom == pytest.approx(1.0)


def test_a_fitted_image_stays_fitted_when_the_canvas_grows(canvas, qtbot):
    canvas.fit()
    canvas.resize(800, 640)
    assert canvas.view.scale == pytest.approx((640 - 32) / SIDE)
    canvas.zoom_in()
    scale = canvas.view.scale
    canvas.resize(400, 320)
    assert canvas.view.scale == scale


def test_plus_minus_and_arrows_move_the_view(canvas, qtbot):
    qtbot.keyClicks(canvas, "+")
    assert canvas.view.scale == pytest.approx(5.0)
    qtbot.keyClicks(canvas, "-")
    assert canvas.view.scale == pytest.approx(4.0)
    x = canvas.view.x
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.view.x == pytest.approx(x + 64)


def test_letters_choose_tools(canvas, qtbot):
    seen = []
    canvas.tool_changed.connect(seen.append)
    qtbot.keyClicks(canvas, "egfihb")
    assert seen == ["eraser", "bucket", "pick", "pan", "brush"]


# ---------------------------------------------------------------- what is shown


def test_labels_are_shown_in_their_colours(canvas, document):
    image = shown(canvas)
    assert colour(image, 32, 10) == document.label_set[HAIR].colour
    assert colour(image, 32, 36) == document.label_set[int(document.label_map[36, 32])].colour


def test_the_overlay_is_mixed_with_the_picture(canvas, document):
    document.set_picture(np.full((SIDE, SIDE, 3), 200, np.uint8))
    canvas.set_overlay(0.25)
    expected = [round(0.25 * c + 0.75 * 200) for c in document.label_set[HAIR].colour]
    assert np.abs(np.subtract(colour(shown(canvas), 32, 10), expected)).max() <= 2


def test_tab_shows_the_picture_alone_while_it_is_held(canvas, document, qtbot):
    document.set_picture(np.full((SIDE, SIDE, 3), 200, np.uint8))
    canvas.set_overlay(1.0)
    canvas.setFocus()
    with held_key(qtbot, canvas, Qt.Key.Key_Tab):
        assert colour(shown(canvas), 32, 10) == (200, 200, 200)
    assert colour(shown(canvas), 32, 10) == document.label_set[HAIR].colour


def test_shift_tab_leaves_the_canvas(document, qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    edit, canvas = QLineEdit(window), CanvasWidget(document, window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert canvas.hasFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Backtab, SHIFT)
    assert edit.hasFocus()


def test_hidden_labels_let_the_picture_through(canvas, document):
    document.set_picture(np.full((SIDE, SIDE, 3), 200, np.uint8))
    canvas.set_overlay(1.0)
    document.label_states.set_visible(HAIR, False)
    image = shown(canvas)
    assert colour(image, 32, 10) == (200, 200, 200)
    assert colour(image, 32, 36) != (200, 200, 200)
    document.undo()
    assert colour(shown(canvas), 32, 10) == document.label_set[HAIR].colour


def test_a_stroke_recolours_its_pixels_and_repaints_only_around_them(canvas, document, mouse, qtbot):
    canvas.set_brush_diameter(3)
    QApplication.processEvents()
    painted = []
    original = canvas.paintEvent
    canvas.paintEvent = lambda event: (painted.append(event.region().boundingRect()), original(event))
    mouse.press(at(10, 50))
    QApplication.processEvents()
    mouse.move(at(12, 50))
    QApplication.processEvents()
    assert painted
    assert all(rect.width() < 60 and rect.height() < 60 for rect in painted)
    assert all(rect.contains(QPoint(*map(int, at(11, 50)))) for rect in painted[-1:])
    del canvas.paintEvent
    mouse.release(at(12, 50))
    fresh = CanvasWidget(document)
    qtbot.addWidget(fresh)
    shown(fresh)  # the map is coloured when it is first seen
    assert fresh._drawing._labels.image == canvas._drawing._labels.image


def test_undo_and_replacing_are_shown(canvas, document):
    document.pixels.fill(0, 0, SKIN)
    assert colour(shown(canvas), 1, 1) == document.label_set[SKIN].colour
    document.undo()
    assert colour(shown(canvas), 1, 1) == document.label_set[0].colour
    document.new(label_set=document.label_set, label_map=np.full((8, 8), HAIR, np.uint8))
    middle = shown(canvas).pixel(canvas.width() // 2, canvas.height() // 2)
    assert QColor(middle).getRgb()[:3] == document.label_set[HAIR].colour


@pytest.mark.parametrize("enlarged", list(Enlarged))
def test_an_enlarged_picture_is_smooth_or_squares_by_choice(canvas, document, enlarged):
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    document.set_picture(noise)
    canvas.set_overlay(0)
    canvas.set_enlarged(enlarged)
    image = shown(canvas)
    x, y = at(20, 20)
    colours = {image.pixel(int(x) + dx, int(y) + dy) for dx in (-2, -1, 0, 1) for dy in (-2, -1, 0, 1)}
    is_one_square = {QColor(c).getRgb()[:3] for c in colours} == {tuple(int(v) for v in noise[20, 20])}
    assert is_one_square is (enlarged is Enlarged.PIXELS)


def test_side_by_side_shows_labels_left_and_picture_right_and_paints_in_both(canvas, document, mouse):
    document.set_picture(np.full((SIDE, SIDE, 3), 200, np.uint8))
    canvas.set_mode(Mode.SIDE_BY_SIDE)
    canvas._set_view(View(scale=2.0, x=10, y=20))
    image = shown(canvas)
    left = (10 + 2 * 32, 20 + 2 * 10)
    right = (200 + left[0], left[1])
    assert QColor(image.pixel(*left)).getRgb()[:3] == document.label_set[HAIR].colour
    assert QColor(image.pixel(*right)).getRgb()[:3] == (200, 200, 200)
    mouse.click((200 + 10 + 2 * 5, 20 + 2 * 50))
    assert document.label_map[50, 5] == HAIR


def test_a_stroke_that_crosses_into_the_other_pane_goes_on_in_its_own(canvas, document, mouse):
    canvas.set_mode(Mode.SIDE_BY_SIDE)
    canvas._set_view(View(scale=4.0, x=0, y=0))
    document.pixels.replace_label_map(np.zeros((SIDE, SIDE), np.uint8))
    mouse.drag((190, 100), (230, 100))
    assert (document.label_map[25, 48:57] == HAIR).all()
    assert not (document.label_map[:, :40] == HAIR).any()


def test_the_outline_shows_in_both_panes_at_the_same_pixel(canvas, mouse):
    canvas.set_mode(Mode.SIDE_BY_SIDE)
    mouse.move((250, 100))
    (left, radius), (right, same) = canvas._outlines()
    assert radius == same
    assert (right.x() - left.x(), right.y() - left.y()) == (200, 0)


@pytest.mark.parametrize("mode", list(Mode))
def test_fitting_uses_the_room_of_the_mode(canvas, mode):
    canvas.resize(500, 300)
    canvas.set_mode(mode)
    canvas.fit()
    room = 250 if mode is Mode.SIDE_BY_SIDE else 500
    assert canvas.view.scale == pytest.approx((min(room, 300) - 32) / SIDE)
    assert canvas.view.x == pytest.approx((room - canvas.view.scale * SIDE) / 2)


def test_the_wipes_divider_can_be_dragged(canvas, document, mouse):
    document.set_picture(np.full((SIDE, SIDE, 3), 200, np.uint8))
    canvas.set_mode(Mode.WIPE)
    canvas._set_view(View(scale=4.0, x=10, y=20))
    x = at(32, 10)[0]
    mouse.drag((200, 100), (x + 40, 100))
    assert colour(shown(canvas), 32, 10) == document.label_set[HAIR].colour
    mouse.drag((x + 40, 100), (x - 40, 100))
    assert colour(shown(canvas), 32, 10) == (200, 200, 200)
    assert document.undo_text == ""


def test_a_picture_is_not_skipped_over_when_zoomed_out(canvas, document):
    """At 1/8, single bright columns must dim evenly instead of flickering in and out."""
    document.new(label_set=document.label_set, label_map=np.zeros((512, 512), np.uint8))
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 200
    document.set_picture(stripes)
    canvas.set_overlay(0)
    canvas._set_view(View(scale=1 / 8, x=10, y=20))
    image = shown(canvas)
    row = [QColor(image.pixel(x, 50)).red() for x in range(12, 70)]
    assert max(row) - min(row) <= 2
    assert row[0] == pytest.approx(100, abs=2)


def test_a_document_may_begin_with_a_picture(canvas, document):
    label_map = face_label_map(SIDE)
    document.new(label_set=document.label_set, label_map=label_map, picture=photo_of(label_map))
    canvas.set_overlay(0)
    canvas.set_enlarged(Enlarged.PIXELS)
    canvas._set_view(View(scale=4.0, x=10, y=20))
    assert colour(shown(canvas), 32, 10) == tuple(int(v) for v in photo_of(label_map)[10, 32])


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_100_per_cent_is_one_pixel_of_the_screen_at_any_density(document, qtbot, monkeypatch, ratio):
    monkeypatch.setattr(CanvasWidget, "devicePixelRatioF", lambda self: ratio)
    canvas = CanvasWidget(document)
    qtbot.addWidget(canvas)
    canvas.resize(400, 320)
    canvas.actual_size()
    assert canvas.view.scale == pytest.approx(1 / ratio)
    assert canvas.zoom == pytest.approx(1.0)


# ---------------------------------------------------------------- status, drops, access


def test_the_label_under_a_point_is_known(canvas, document):
    points = at(32, 10), at(33, 10), at(0, 0), (1, 1)
    assert [canvas.label_at(QPointF(*point)) for point in points] == [HAIR, HAIR, 0, -1]
    document.pixels.fill(0, 0, SKIN)
    assert canvas.label_at(QPointF(*at(0, 0))) == SKIN


def files(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


def test_dropped_files_are_told_with_the_pixel_under_them(canvas, qtbot):
    drag = Drag(canvas, files("/tmp/Anna 头发.jpg", "/tmp/b.png"))
    assert drag.enter((50, 60))
    with qtbot.waitSignal(canvas.drops.files_dropped) as caught:
        assert drag.drop(tuple(int(v) for v in at(20, 30)))
    assert caught.args == [["/tmp/Anna 头发.jpg", "/tmp/b.png"], QPoint(20, 30)]
    drag.enter((2, 2))
    with qtbot.waitSignal(canvas.drops.files_dropped) as caught:
        drag.drop((2, 2))
    assert caught.args[1] is None


def test_the_region_under_dragged_files_stands_out_until_they_leave(canvas, document):
    drag = Drag(canvas, files("/tmp/a.jpg"))
    drag.enter((2, 2))
    drag.move(tuple(int(v) for v in at(32, 10)))
    image = shown(canvas)
    pairs = zip(colour(image, 32, 10), document.label_set[HAIR].colour, strict=True)
    assert all(shown_value > value for shown_value, value in pairs)  # lit, and named at its upper edge
    assert colour(image, 32, 36) != document.label_set[int(document.label_map[36, 32])].colour
    drag.leave()
    assert colour(shown(canvas), 32, 36) == document.label_set[int(document.label_map[36, 32])].colour


def test_a_dropped_image_without_a_file_is_told_too(canvas, qtbot):
    data = QMimeData()
    data.setImageData(QImage(3, 2, QImage.Format.Format_RGB32))
    drag = Drag(canvas, data)
    assert drag.enter((2, 2))
    with qtbot.waitSignal(canvas.drops.image_dropped) as caught:
        drag.drop((2, 2))
    assert caught.args[0].width() == 3


def test_a_style_dragged_from_the_panel_is_told_with_the_region_under_it(canvas, qtbot):
    drag = Drag(canvas, style_mime(SKIN))
    assert drag.enter((2, 2))
    with qtbot.waitSignal(canvas.drops.style_dropped) as caught:
        drag.drop(tuple(int(v) for v in at(32, 8)))
    assert caught.args == [SKIN, QPoint(32, 8)]


def test_text_and_links_into_the_net_are_not_taken(canvas):
    text = QMimeData()
    text.setText("hello")
    assert not Drag(canvas, text).enter((5, 5))
    link = QMimeData()
    link.setUrls([QUrl("https://example.org/a.jpg")])
    assert not Drag(canvas, link).enter((5, 5))


def test_the_canvas_has_a_name_and_takes_the_focus(canvas):
    assert canvas.accessibleName()
    assert "Tab" in canvas.accessibleDescription()
    assert canvas.focusPolicy() == Qt.FocusPolicy.StrongFocus
