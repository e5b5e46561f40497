"""New painting from a photo: which part of it, and of what size; by mouse, pen, keys and boxes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.dialogs.regions import Purpose, RegionsDialog
from app.document.opening import Painting
from app.jobs.photos import Photo
from app.raster.boxes import Box
from engine.labels.label_sets import load_label_set
from engine.pictures.closeup import focus
from engine.systems.base import Abilities
from tests.app.fakes import FACES
from tests.app.pointing import CTRL, MIDDLE, SHIFT, Mouse, Pen, held_key
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, HAT = 13, 1, 14
ABILITIES = Abilities(images=True, stride=32, resolution=256)
STREET = load_label_set("street")


def opened(qtbot, tmp_path, label_map, label_set=FACES, looked_at=None):
    photo = Photo(tmp_path / "photo.png", photo_of(label_map), label_map, 0.95, looked_at=looked_at)
    dialog = RegionsDialog(photo, label_set, Purpose.NEW, painting=Painting(label_set, "w", ABILITIES))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes it
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


def small_face() -> np.ndarray:
    """A face of 200 x 200 in a photo of 500 x 600."""
    label_map = np.zeros((500, 600), np.uint8)
    label_map[100:300, 250:450] = face_label_map(200)
    return label_map


@pytest.fixture
def dialog(qtbot, tmp_path):
    return opened(qtbot, tmp_path, small_face())


def corner(dialog, across: int, down: int) -> tuple[float, float]:
    """A point of the crop in the frame: -1 for the left or upper end, 0 for the middle, 1 for the other end."""
    seen = dialog.crop.frame.rectangle()
    return (
        seen.center().x() + across * seen.width() / 2,
        seen.center().y() + down * seen.height() / 2,
    )


def moved(dialog, point: tuple[float, float], columns: float, rows: float) -> tuple[float, float]:
    """A point of the frame so many pixels of the photo further on."""
    scale = dialog.canvas.view.scale
    return point[0] + columns * scale, point[1] + rows * scale


def start(dialog):
    """The crop is changed from now on; what it is."""
    QTest.keyClick(dialog.canvas, "C")
    assert dialog.crop.frame.active
    return dialog.crop.cropping


# --- what is proposed ------------------------------------------------------------------------------------------------


def test_the_proposed_crop_stays_in_the_part_that_was_looked_at(qtbot, tmp_path):
    looked_at = 95 / 500, 240 / 600, 300 / 500, 460 / 600
    dialog = opened(qtbot, tmp_path, small_face(), looked_at=looked_at)
    crop = dialog.crop.cropping.crop
    assert (crop.y0, crop.y1) == (95, 300) and 240 <= crop.x0 < crop.x1 <= 460
    assert "not looked at" not in dialog.crop.summary.text()
    dialog.crop._choose(dialog.crop.cropping.scaled(1.5))
    assert "not looked at" in dialog.crop.summary.text()
    dialog.document.pixels.begin_stroke(HAT)  # a person says what is there
    dialog.document.pixels.stroke_to([(350, 40)], 20)
    dialog.document.pixels.end_stroke()
    dialog.crop.reset.click()
    assert dialog.crop.cropping.crop.y0 < 95


def test_enter_gives_the_subject_at_the_size_that_the_weights_know(qtbot, dialog):
    rows, columns = focus(small_face())
    with qtbot.waitSignal(dialog.cropped):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.crop.cropping.crop.slices == (rows, columns) and dialog.crop.cropping.size == (256, 256)


def test_a_street_is_proposed_whole_and_in_its_own_form(qtbot, tmp_path):
    dialog = opened(qtbot, tmp_path, np.ones((300, 600), np.uint8), STREET)
    assert dialog.crop.cropping.crop == Box(0, 0, 600, 300) and dialog.crop.cropping.size == (128, 256)


def test_what_is_proposed_follows_the_regions_until_the_user_chooses(dialog):
    beside = np.zeros((500, 600), bool)
    beside[350:400, 20:40] = True
    before = dialog.crop.cropping
    dialog.document.pixels.apply_mask(beside, HAIR)
    assert dialog.crop.cropping.crop.slices == focus(dialog.document.label_map) != before.crop.slices
    dialog.document.undo()
    assert dialog.crop.cropping == before
    dialog.crop.width_box.setValue(512)
    chosen = dialog.crop.cropping
    dialog.document.redo()
    assert dialog.crop.cropping == chosen
    dialog.crop.reset.click()
    assert dialog.crop.cropping.crop.slices == focus(dialog.document.label_map)
    assert dialog.crop.cropping.size == (256, 256)


# --- mouse and pen ---------------------------------------------------------------------------------------------------


def test_a_corner_is_dragged(dialog):
    before, mouse = start(dialog).crop, Mouse(dialog.crop.frame)
    point = corner(dialog, 1, 1)
    mouse.drag(point, moved(dialog, point, 30, 30), moved(dialog, point, 60, 60))
    after = dialog.crop.cropping
    assert after.crop == Box(before.x0, before.y0, before.x1 + 60, before.y1 + 60) and after.size == (256, 256)


def test_an_edge_changes_the_form_and_the_size_with_it(dialog):
    before, mouse = start(dialog).crop, Mouse(dialog.crop.frame)
    point = corner(dialog, -1, 0)
    mouse.drag(point, moved(dialog, point, before.width / 2, 0))
    after = dialog.crop.cropping
    assert after.crop == Box(before.x1 - round(before.width / 2), before.y0, before.x1, before.y1)
    assert after.size == (256, 128)
    assert (dialog.crop.height_box.value(), dialog.crop.width_box.value()) == (256, 128)


def test_the_crop_is_moved_as_far_as_the_photo(dialog):
    before, mouse = start(dialog).crop, Mouse(dialog.crop.frame)
    point = corner(dialog, 0, 0)
    mouse.drag(point, moved(dialog, point, -20, 10), moved(dialog, point, -5000, -5000))
    assert dialog.crop.cropping.crop == Box(0, 0, before.width, before.height)


def test_nothing_jumps_when_a_corner_is_taken_beside_its_middle(dialog):
    before, mouse = start(dialog), Mouse(dialog.crop.frame)
    x, y = corner(dialog, 1, -1)
    mouse.drag((x + 4, y + 3), (x + 4, y + 3))
    assert dialog.crop.cropping == before


def test_a_pen_does_what_a_mouse_does(dialog):
    before, pen = start(dialog).crop, Pen(dialog.crop.frame)
    point = corner(dialog, 0, 0)
    assert pen.press(point, 0.5)
    assert pen.move(moved(dialog, point, 25, 15), 0.5)
    assert pen.release(moved(dialog, point, 25, 15))
    assert dialog.crop.cropping.crop == Box(before.x0 + 25, before.y0 + 15, before.x1 + 25, before.y1 + 15)


def test_beside_the_crop_the_photo_is_moved_and_nothing_is_painted(qtbot, dialog):
    before, canvas, mouse = start(dialog), dialog.canvas, Mouse(dialog.crop.frame)
    scale = canvas.view.scale
    Mouse(canvas).wheel((40, 40), 3)  # Qt gives it the wheel over the frame
    assert canvas.view.scale > 1.5 * scale
    x, seen = canvas.view.x, dialog.crop.frame.rectangle()
    beside = (seen.left() - 60, seen.center().y())
    mouse.drag(beside, (beside[0] - 30, beside[1]))
    assert canvas.view.x == x - 30
    with held_key(qtbot, dialog.crop.frame, Qt.Key.Key_Space):
        mouse.drag(corner(dialog, 0, 0), moved(dialog, corner(dialog, 0, 0), 10, 0))
    mouse.drag(corner(dialog, 0, 0), moved(dialog, corner(dialog, 0, 0), 10, 0), button=MIDDLE)
    assert canvas.view.x > x - 30
    assert dialog.crop.cropping == before and not dialog.document.undo_text


def test_with_another_tool_the_crop_is_left_alone(dialog):
    start(dialog)
    QTest.keyClick(dialog.crop.frame, Qt.Key.Key_Right)
    mouse, before = Mouse(dialog.canvas), dialog.crop.cropping
    QTest.keyClick(dialog.crop.frame, "B")
    assert dialog.canvas.tool_id == "brush" and not dialog.crop.frame.active
    assert dialog.canvas.childAt(QPointF(*corner(dialog, 1, 1)).toPoint()) is None  # presses reach the canvas
    dialog.document.set_current_label(HAT)
    mouse.click(corner(dialog, 1, 1))
    assert dialog.crop.cropping == before and (dialog.document.label_map == HAT).any()


# --- keys ------------------------------------------------------------------------------------------------------------


def test_arrows_move_the_crop(dialog):
    before, frame = start(dialog).crop, dialog.crop.frame
    QTest.keyClick(frame, Qt.Key.Key_Right)
    QTest.keyClick(frame, Qt.Key.Key_Up, SHIFT)
    assert dialog.crop.cropping.crop == Box(before.x0 + 1, before.y0 - 10, before.x1 + 1, before.y1 - 10)


def test_plus_and_minus_make_it_larger_and_smaller(dialog):
    before, frame = start(dialog).crop, dialog.crop.frame
    QTest.keyClick(frame, "+")
    larger = dialog.crop.cropping.crop
    assert larger.width == larger.height > before.width
    QTest.keyClick(frame, "-")
    QTest.keyClick(frame, "-")
    assert dialog.crop.cropping.crop.width < before.width


def test_arrows_with_ctrl_change_the_form(dialog):
    start(dialog)
    for key, size in (
        (Qt.Key.Key_Left, (256, 224)),
        (Qt.Key.Key_Right, (256, 256)),
        (Qt.Key.Key_Up, (224, 256)),
        (Qt.Key.Key_Down, (256, 256)),
    ):
        QTest.keyClick(dialog.crop.frame, key, CTRL)
        assert dialog.crop.cropping.size == size


def test_escape_takes_back_a_drag_then_leaves_the_crop_then_closes(qtbot, dialog):
    dialog.canvas.set_tool("eraser")
    before, frame = start(dialog), dialog.crop.frame
    mouse, point = Mouse(frame), corner(dialog, 1, 1)
    mouse.press(point)
    mouse.move(moved(dialog, point, 40, 40))
    assert dialog.crop.cropping != before
    QTest.keyClick(frame, Qt.Key.Key_Escape)
    mouse.release(point)
    assert dialog.crop.cropping == before and frame.active
    QTest.keyClick(frame, Qt.Key.Key_Right)
    changed = dialog.crop.cropping
    QTest.keyClick(frame, Qt.Key.Key_Escape)
    assert not frame.active and dialog.crop.cropping == changed and dialog.isVisible()
    assert dialog.canvas.tool_id == "eraser" and dialog._tools["eraser"].isChecked()
    with qtbot.assertNotEmitted(dialog.cropped):
        QTest.keyClick(dialog.canvas, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_key_of_the_crop_twice_is_once(dialog):
    start(dialog)
    QTest.keyClick(dialog.crop.frame, "C")
    assert dialog.crop.frame.active
    QTest.keyClick(dialog.crop.frame, Qt.Key.Key_Escape)
    assert dialog.canvas.tool_id == "brush"


# --- sizes -----------------------------------------------------------------------------------------------------------


def typed(box, text: str) -> None:
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)


def test_a_size_is_typed_and_enter_makes_the_document_of_it(qtbot, dialog):
    before = dialog.crop.cropping.crop
    typed(dialog.crop.width_box, "500")
    assert dialog.crop.cropping.size == (256, 256)  # it is being typed
    with qtbot.waitSignal(dialog.cropped):
        QTest.keyClick(dialog.crop.width_box, Qt.Key.Key_Return)
    assert dialog.crop.cropping.size == (512, 512) and dialog.crop.cropping.crop == before


def test_a_side_that_is_not_to_keep_the_form_changes_the_crop(dialog):
    before = dialog.crop.cropping.crop
    dialog.crop.keeps_form.setChecked(False)
    typed(dialog.crop.height_box, "128")
    QTest.keyClick(dialog.crop.height_box, Qt.Key.Key_Tab)
    assert dialog.crop.cropping.size == (128, 256)
    assert dialog.crop.cropping.crop.width == 2 * before.height
    assert dialog.crop.frame.rectangle().width() == pytest.approx(2 * dialog.crop.frame.rectangle().height())


def test_boxes_step_by_strides_up_to_the_largest_size(dialog):
    dialog.crop.width_box.stepUp()
    assert dialog.crop.cropping.size == (288, 288)
    typed(dialog.crop.width_box, "2048")
    QTest.keyClick(dialog.crop.width_box, Qt.Key.Key_Tab)
    dialog.crop.width_box.stepUp()
    assert dialog.crop.cropping.size == (2048, 2048)
    typed(dialog.crop.height_box, "33")
    QTest.keyClick(dialog.crop.height_box, Qt.Key.Key_Tab)
    assert dialog.crop.cropping.size == (32, 32)


def test_a_size_half_typed_counts_when_the_button_is_pressed(qtbot, dialog):
    typed(dialog.crop.width_box, "640")
    with qtbot.waitSignal(dialog.cropped):
        Mouse(dialog.use).click((10, 10))
    assert dialog.crop.cropping.size == (640, 640)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_one_line_says_what_is_kept_and_what_is_painted(qtbot, tmp_path):
    label_map = np.full((512, 512), SKIN, np.uint8)
    label_map[:, 256:] = HAIR
    dialog = opened(qtbot, tmp_path, label_map)
    summary = dialog.crop.summary
    assert summary.text() == (
        "Kept: form and style of the regions in 100 % of the photo. Painted anew: all 256 x 256 pixels."
    )
    dialog.crop.width_box.setValue(512)
    assert summary.text().endswith("Painted anew: 256 x 256 pixels, shown as 512 x 512.")
    start(dialog)
    point = corner(dialog, 1, 1)
    Mouse(dialog.crop.frame).drag(point, moved(dialog, point, -256, -256))
    assert "in 25 % of the photo" in summary.text() and "Left out: Hair." in summary.text()
    assert "Only 256 x 256 pixels are looked at" in summary.text()


@pytest.mark.parametrize(
    ("shape", "label_set", "crop", "size", "sentence"),
    [
        ((8, 8), FACES, Box(0, 0, 8, 8), (256, 256), "Only 8 x 8 pixels"),
        ((20, 1024), FACES, Box(502, 0, 522, 20), (256, 256), "Only 20 x 20 pixels"),
        ((20, 1024), STREET, Box(0, 0, 1024, 20), (32, 256), "longer than sizes can be"),
        ((100, 120), FACES, Box(10, 0, 110, 100), (256, 256), "Only 100 x 100 pixels"),
    ],
)
def test_photos_that_are_small_or_long_have_limits_and_a_sentence(
    qtbot, tmp_path, shape, label_set, crop, size, sentence
):
    """20 x 1024 is what is looked at of a panorama of 400 x 20000."""
    dialog = opened(qtbot, tmp_path, np.ones(shape, np.uint8), label_set)
    assert (dialog.crop.cropping.crop, dialog.crop.cropping.size) == (crop, size)
    assert sentence in dialog.crop.summary.text()
    frame = dialog.crop.frame
    start(dialog)
    assert frame.handle_at(QPointF(*corner(dialog, 0, 0))) == (0, 0)  # it can be moved, however small it is
    for key in ("+", "-"):
        QTest.keyClick(frame, key)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(frame, key, CTRL)
    after = dialog.crop.cropping.crop
    assert 0 <= after.x0 < after.x1 <= shape[1] and 0 <= after.y0 < after.y1 <= shape[0]
    assert "stretched" not in dialog.crop.summary.text()
