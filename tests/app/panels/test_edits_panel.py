"""The list of edits, worked with mouse and keys, on a document that is a photo."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QStyle, QStyleOptionSlider

from app.document.document import Document
from app.document.kinds import EDIT
from app.document.scene import Scene
from app.document.style_scope import StyleScope
from app.imaging.mime import colour_mime
from app.imaging.thumbnails import Thumbnails
from app.jobs.work_lane import WorkLane
from app.panels.edits.panel import EditsPanel
from app.raster.frozen_maps import FrozenMap
from engine.requests.styles import ColourStyle, ImageStyle
from engine.systems.base import Abilities
from tests.app.fakes import FACES
from tests.app.pointing import Drag, Mouse
from tests.fixtures import face_label_map

SKIN, UPPER_LIP, LOWER_LIP, HAIR = 1, 11, 12, 13
RED, BLACK = ColourStyle("#a01030"), ColourStyle("#1f1a18")


@pytest.fixture
def document(qapp):
    photo = Document(scene=Scene(FACES, FrozenMap.of(face_label_map(64)), "fake-faces", kind=EDIT))
    photo.styling.set_styles({UPPER_LIP: RED, HAIR: BLACK}, "Begin")
    return photo


@pytest.fixture
def panel(qtbot, document, tmp_path):
    lane = WorkLane()
    scope = StyleScope(document, lambda weights: Abilities(images=True), tell=pytest.fail)
    shown = EditsPanel(document, Thumbnails(lane, tmp_path / "thumbnails"), scope)
    qtbot.addWidget(shown)
    shown.resize(300, 400)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    lane.shutdown()


def names(panel: EditsPanel) -> list[str]:
    return [panel.list.itemWidget(panel.list.item(n)).accessibleName() for n in range(panel.list.count())]


def handle(slider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    control, part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(control, option, part, slider).center()


def test_the_head_says_what_is_painted_and_that_the_rest_is_kept(panel, document):
    line = panel.painted_line
    assert line.isVisible() and line.text() == "Painted: Upper lip, Hair. All else of the photo is kept as it is."
    document.styling.set_edit_on(HAIR, False)
    assert line.text().startswith("Painted: Upper lip. ")
    document.pixels.relabel(UPPER_LIP, SKIN)
    assert line.text() == "Nothing is painted: the whole photo is kept as it is."
    document.undo()
    assert line.text().startswith("Painted: Upper lip. ")
    document.styling.set_styles({UPPER_LIP: None, HAIR: None}, "Nothing")
    assert not line.isVisible() and panel.hint.text().startswith("Nothing is painted: the whole photo is kept")


def test_each_changed_region_is_a_row_and_an_unchanged_photo_says_what_to_do(panel, document):
    assert names(panel) == ["Upper lip", "Hair"] and panel.hint.isHidden() and panel.painted_line.isVisible()
    document.undo()
    assert names(panel) == [] and panel.hint.isVisible() and panel.painted_line.isHidden()
    document.redo()
    assert names(panel) == ["Upper lip", "Hair"]


def test_a_click_on_the_check_box_switches_a_change_off(panel, document, qtbot):
    qtbot.mouseClick(panel.row(HAIR).check, Qt.MouseButton.LeftButton)
    assert [edit.on for edit in document.styling.edits] == [True, False]
    assert not panel.row(HAIR).slider.isEnabled()
    document.undo()
    assert panel.row(HAIR).check.isChecked() and panel.row(HAIR).slider.isEnabled()


def test_a_drag_of_the_slider_is_one_step_and_shows_on_the_way(panel, document):
    slider = panel.row(UPPER_LIP).slider
    mouse, start = Mouse(slider), handle(slider)
    mouse.press((start.x(), start.y()))
    strengths = []
    for x in (start.x() - 20, start.x() - 40, slider.width() // 2):
        mouse.move((x, start.y()))
        strengths.append(document.styling.edits[0].strength)
    mouse.release((slider.width() // 2, start.y()))
    assert strengths == sorted(strengths, reverse=True) and 0.3 < strengths[-1] < 0.7
    document.undo()
    assert document.styling.edits[0].strength == 1 and slider.value() == 100
    assert document.undo_text == "Begin"


def test_two_drags_are_two_steps(panel, document):
    slider = panel.row(UPPER_LIP).slider
    for left in (20, 40):
        mouse, start = Mouse(slider), handle(slider)
        mouse.drag((start.x(), start.y()), (start.x() - left, start.y()))
    low = document.styling.edits[0].strength
    document.undo()
    assert low < document.styling.edits[0].strength < 1


def test_the_cross_gives_the_region_back_to_the_photo(panel, document, qtbot):
    document.styling.set_strength(UPPER_LIP, 0.3)
    qtbot.mouseClick(panel.row(UPPER_LIP).remove, Qt.MouseButton.LeftButton)
    assert names(panel) == ["Hair"]
    document.undo()
    assert document.styling.edits[0].strength == 0.3 and panel.row(UPPER_LIP).slider.value() == 30


def test_keys_choose_switch_weaken_and_remove(panel, document, qtbot):
    rows = panel.list
    rows.setFocus()
    document.set_current_label(UPPER_LIP)
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    assert document.current_label == HAIR
    qtbot.keyClick(rows, Qt.Key.Key_Space)
    assert not document.styling.edits[1].on
    qtbot.keyClick(rows, Qt.Key.Key_Space)
    for _ in range(3):
        qtbot.keyClick(rows, Qt.Key.Key_Left)
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    assert document.styling.edits[1].strength == pytest.approx(0.9)
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert names(panel) == ["Upper lip"]
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert names(panel) == []
    qtbot.keyClick(rows, Qt.Key.Key_Delete)  # nothing is left


def test_a_screen_reader_hears_the_region_its_style_and_how_much(panel, document):
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_edit_on(UPPER_LIP, False)
    heard = [panel.list.item(n).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(2)]
    assert heard == ["Upper lip, Colour #a01030, off", "Hair, Colour #1f1a18, 50 %"]
    for name in ("check", "slider", "remove", "thumb"):
        assert "Hair" in QAccessible.queryAccessibleInterface(getattr(panel.row(HAIR), name)).text(
            QAccessible.Text.Name
        )


def test_a_row_shows_its_colour_and_takes_another(panel, qtbot):
    thumb = panel.row(UPPER_LIP).thumb
    assert thumb.colour_at(QPoint(20, 20)).name() == "#a01030"
    with qtbot.waitSignal(panel.incoming) as told:
        drag = Drag(thumb, colour_mime("#b8606c"))
        assert drag.enter((20, 20)) and drag.drop((20, 20))
    label, slot, incoming = told.args
    assert (label, slot, incoming.colour) == (UPPER_LIP, "a", "#b8606c")


def test_a_document_that_is_painted_has_no_edits(qtbot, tmp_path):
    document = Document(FACES)
    document.styling.set_styles({HAIR: RED})
    lane = WorkLane()
    scope = StyleScope(document, lambda weights: Abilities(), tell=pytest.fail)
    panel = EditsPanel(document, Thumbnails(lane, tmp_path), scope)
    qtbot.addWidget(panel)
    assert names(panel) == []
    lane.shutdown()


# --- both labels of a pair -----------------------------------------------------------------------------


def both_lips(document):
    document.styling.set_styles({UPPER_LIP: RED, LOWER_LIP: RED}, "Colour of both lips")


def test_one_choice_for_both_lips_is_one_row_and_one_slider(panel, document, qtbot):
    both_lips(document)
    assert names(panel) == ["Both lips", "Hair"] and panel.is_pair(UPPER_LIP) and not panel.is_pair(HAIR)
    steps = document.timeline.position
    panel.row(LOWER_LIP).slider.setValue(60)
    document.end_merge()
    assert dict(document.strengths) == {UPPER_LIP: 0.6, LOWER_LIP: 0.6}
    assert document.undo_text == "Strength of Both lips"
    qtbot.mouseClick(panel.row(UPPER_LIP).check, Qt.MouseButton.LeftButton)
    assert document.switched_off == {UPPER_LIP, LOWER_LIP} and names(panel) == ["Both lips", "Hair"]
    panel.row(UPPER_LIP).remove.click()
    assert names(panel) == ["Hair"] and document.timeline.position == steps + 3
    document.undo()
    assert names(panel) == ["Both lips", "Hair"]


def test_one_picture_for_both_is_one_row_though_each_takes_its_own_region(panel, document):
    styles = {label: ImageStyle(path="anna.jpg", label=label) for label in (UPPER_LIP, LOWER_LIP)}
    document.styling.set_styles(styles, "Style of both lips")
    assert names(panel) == ["Both lips", "Hair"]
    document.styling.set_styles({LOWER_LIP: ImageStyle(path="bert.jpg", label=LOWER_LIP)})
    assert names(panel) == ["Upper lip", "Lower lip", "Hair"]


def test_a_pair_is_taken_apart_and_each_is_weakened_alone(panel, document, qtbot):
    both_lips(document)
    panel.row(UPPER_LIP).apart.click()
    qtbot.waitUntil(lambda: names(panel) == ["Upper lip", "Lower lip", "Hair"])
    panel.row(LOWER_LIP).slider.setValue(70)
    assert dict(document.strengths) == {LOWER_LIP: 0.7}


def test_two_rows_do_not_become_one_under_the_hand_that_drags(panel, document):
    both_lips(document)
    document.styling.set_strength(LOWER_LIP, 0.5)
    slider = panel.row(LOWER_LIP).slider
    mouse, start = Mouse(slider), handle(slider)
    mouse.press((start.x(), start.y()))
    mouse.move((slider.width() - 1, start.y()))
    assert names(panel) == ["Upper lip", "Lower lip", "Hair"] and document.strengths.get(LOWER_LIP, 1.0) == 1.0
    mouse.release((slider.width() - 1, start.y()))
    assert names(panel) == ["Both lips", "Hair"]
