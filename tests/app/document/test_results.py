"""The results strip: what is kept, what goes, and the way back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from app.dialogs.compare import Compared, CompareDialog
from app.document.document import Document
from app.document.kinds import EDIT
from app.document.results import Results
from app.document.scene import Scene
from app.panels.result_rows import NUMBER_ROLE, square, star_rect
from app.panels.result_search import label_texts
from app.raster.frozen_maps import FrozenMap
from app.raster.view import Mode
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.styles import ColourStyle, ImageStyle, SampleStyle
from tests.app.fakes import FACES
from tests.app.waiting import shown_dialogs, work_done
from tests.fixtures import face_label_map

HAIR, SKIN = 13, 1


def scene(seed: int = 0, side: int = 64) -> Scene:
    label_map = FrozenMap.of(face_label_map(side))
    return Scene(FACES, label_map, "w", styles={HAIR: SampleStyle(3)}, seed=seed)


def picture(side: int = 64, *, seed: int = 0) -> np.ndarray:
    return np.full((side, side, 3), seed, np.uint8)


# --- what is kept ------------------------------------------------------------------------------------


def test_equal_pictures_are_kept_once():
    results = Results()
    first, new = results.keep(scene(1), picture())
    again, new_again = results.keep(scene(1), picture())
    assert new and not new_again and again is first
    other, _ = results.keep(scene(2), picture(seed=2))
    assert [result.number for result in results.entries] == [1, 2] and other.number == 2


def test_a_detail_that_changes_nothing_keeps_nothing_new_but_a_seed_and_a_style_are_kept():
    results = Results()
    results.keep(scene(1), picture())
    for other in (replace(scene(1), detail="full"), scene(1)):
        same, new = results.keep(other, picture())
        assert not new and same.number == 1 and results.entries[0].known_as(other.picture_key())
    rolled, new = results.keep(scene(2), picture())  # weights without noise paint the same
    assert new and rolled.scene.to_request().seed == 2
    styled = replace(scene(1), styles={HAIR: SampleStyle(4)})
    assert results.keep(styled, picture())[1]  # a look of its own, even if it shows nothing


def test_the_oldest_go_when_there_are_too_many_but_never_starred_ones():
    results = Results(max_count=3)
    for seed in range(2):
        results.keep(scene(seed), picture(seed=seed))
    results.set_starred(1, True)
    for seed in range(2, 7):
        results.keep(scene(seed), picture(seed=seed))
    assert [result.number for result in results.entries] == [1, 5, 6, 7]


def test_memory_is_bounded_but_the_newest_stays():
    one = 64 * 64 * 4
    results = Results(max_bytes=3 * one)
    for seed in range(6):
        results.keep(scene(seed), picture(seed=seed))
    assert results.nbytes <= 3 * one and len(results) == 3
    results.keep(scene(9, 256), picture(256))
    assert [result.number for result in results.entries] == [7]


def test_stars_take_no_room_away_from_the_others():
    one = 64 * 64 * 4
    results = Results(max_bytes=3 * one)
    for seed in range(3):
        results.keep(scene(seed), picture(seed=seed))
        results.set_starred(seed + 1, True)
    for seed in range(3, 8):
        results.keep(scene(seed), picture(seed=seed))
    assert [result.number for result in results.entries] == [1, 2, 3, 6, 7, 8]
    assert results.starred_bytes == 3 * one
    results.set_starred(1, False)
    assert [result.number for result in results.entries] == [2, 3, 6, 7, 8]


def test_removed_ones_come_back_in_their_place():
    results = Results()
    for seed in range(4):
        results.keep(scene(seed), picture(seed=seed))
    removed = results.remove([2, 3])
    assert [result.number for result in results.entries] == [1, 4]
    results.put_back(removed)
    results.put_back(removed)
    assert [result.number for result in results.entries] == [1, 2, 3, 4]
    assert results.keep(scene(8), picture(seed=8))[0].number == 5


# --- in the document ---------------------------------------------------------------------------------


@pytest.fixture
def document(qapp):
    made = Document(FACES)
    made.new(label_set=FACES, label_map=face_label_map(64), weights="w", undoable=False)
    return made


def test_going_back_to_a_picture_is_one_step_and_keeps_the_document(document, tmp_path):
    document.set_path(tmp_path / "a.png")
    document.styling.set_styles({HAIR: SampleStyle(3)})
    kept = document.kept.keep(document.scene, picture())
    origin = document.origin
    document.label_states.set_locked(SKIN, True)
    document.styling.set_styles({HAIR: SampleStyle(4), SKIN: SampleStyle(5)})
    document.set_seed(8)
    document.pixels.fill(0, 0, HAIR)
    before = document.scene.to_request()
    assert document.kept.recall(kept.number)
    assert document.scene.to_request().replace(label_locks=()) == kept.scene.to_request()
    assert document.origin is origin and document.path == tmp_path / "a.png" and document.locked == {SKIN}
    assert np.array_equal(document.picture, kept.pixels)
    assert not document.kept.recall(kept.number)  # it is that already
    document.undo()
    assert document.scene.to_request() == before


def test_deleting_is_a_step(document):
    numbers = []
    for seed in range(3):
        document.set_seed(seed)
        numbers.append(document.kept.keep(document.scene, picture(seed=seed)).number)
    document.kept.delete(numbers[:2])
    assert [result.number for result in document.results] == numbers[2:]
    document.undo()
    assert [result.number for result in document.results] == numbers
    document.redo()
    assert [result.number for result in document.results] == numbers[2:]


def test_stars_come_along_into_the_next_document_and_undo_brings_the_others_back(document):
    for seed in range(3):
        document.set_seed(seed)
        document.kept.keep(document.scene, picture(seed=seed))
    document.kept.star(2, True)
    document.new(label_set=FACES, label_map=face_label_map(64), weights="w")
    assert [result.number for result in document.results] == [2]
    document.undo()
    assert [result.number for result in document.results] == [1, 2, 3]


# --- in the window -----------------------------------------------------------------------------------


def kept(core) -> list[int]:
    return [result.number for result in core.document.results]


def wait_kept(core, qtbot, count: int) -> None:
    qtbot.waitUntil(lambda: len(core.document.results) == count)


def test_a_picture_is_kept_once_the_user_rests(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    core.document.set_seed(1)
    wait_kept(core, qtbot, 2)
    shown = core.document.results[-1]
    assert shown.scene.seed == 1 and np.array_equal(shown.pixels, core.document.picture)
    assert window.results.model.rowCount() == 2 and window.results.model.present == shown.number
    core.document.undo()
    qtbot.waitUntil(lambda: window.results.model.present == 1)
    assert kept(core) == [1, 2]


def test_nothing_is_kept_in_the_middle_of_a_stroke(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    document, controller = core.document, window.controllers.results
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(10, 10), (40, 40)], 6)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    controller._keep_settled()
    assert kept(core) == [1]
    document.pixels.end_stroke()
    wait_kept(core, qtbot, 2)


def test_without_the_switch_only_the_key_keeps_and_stars(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    window.actions_by_id["result_auto"].trigger()
    assert not core.settings.keep_results
    core.document.set_seed(1)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    window.controllers.results._keep_settled()
    assert kept(core) == [1]
    QTest.keyClick(window.canvas, Qt.Key.Key_K)
    assert kept(core) == [1, 2] and core.document.results[-1].starred
    assert window.results.chosen == [2]


def test_enter_brings_a_picture_back_and_undo_leaves_it(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    core.document.styling.set_styles({HAIR: SampleStyle(40)})
    wait_kept(core, qtbot, 2)
    panel = window.results
    panel.choose(1)
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert core.document.styles == {}
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert window.actions_by_id["undo"].text() == "Undo: Bring back picture 1"
    core.document.undo()
    assert core.document.style(HAIR) == SampleStyle(40)


def test_star_and_delete_by_mouse_and_keys(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    core.document.set_seed(1)
    wait_kept(core, qtbot, 2)
    panel = window.results
    index = panel.model.index_of(1)
    star = star_rect(square(panel.list.visualRect(index))).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=star)
    assert core.document.results[0].starred and panel.chosen == []
    panel.choose(2)
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_S)
    assert core.document.results[1].starred
    QTest.keyClick(panel.list, Qt.Key.Key_S)
    assert not core.document.results[1].starred
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert kept(core) == [1]
    core.document.undo()
    assert kept(core) == [1, 2]


def test_a_kept_picture_is_exported_with_what_made_it_and_copied(window, core, qtbot, tmp_path, monkeypatch):
    wait_kept(core, qtbot, 1)
    core.document.set_seed(1)
    wait_kept(core, qtbot, 2)
    target = tmp_path / "结果.png"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), "PNG (*.png)"))
    panel = window.results
    panel.choose(1)
    with work_done(qtbot, window.core):
        panel.action_export.trigger()
    assert from_json(read_embedded_request(target)) == core.document.results[0].scene.to_request()
    panel.action_copy.trigger()
    assert QGuiApplication.clipboard().image().width() == 64


def test_the_strip_can_be_hidden(window, core):
    window.actions_by_id["results_show"].trigger()
    assert not window.results.isVisible() and not window.actions_by_id["results_show"].isChecked()
    window.actions_by_id["results_show"].trigger()
    assert window.results.isVisible() and window.actions_by_id["results_show"].isChecked()


def test_stars_that_take_much_memory_are_told_of(window, core, monkeypatch):
    monkeypatch.setattr("app.controllers.results.MANY_BYTES", 1024)
    window.controllers.results.keep()
    assert "Pictures with a star take" in window.error_bar.problem.sentence


def test_the_strip_says_what_it_keeps_once_pictures_go_by_themselves(window, core, qtbot):
    wait_kept(core, qtbot, 1)
    core.document.origin.results.max_count = 2
    said = []
    core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    for seed in (1, 2, 3):
        core.document.kept.keep(scene(seed), picture(seed=seed))
    assert kept(core) == [3, 4] and window.results._count.text() == "2 kept, 2 gone"
    assert said == [window.results._count.toolTip()] and said[0].startswith("The strip keeps 2 pictures without a star")


# --- finding and comparing ---------------------------------------------------------------------------


@pytest.fixture
def strip(window, core, qtbot):
    """Four kept pictures: as it began, drawn hair, hair from anna.jpg, copper hair; the third has a star."""
    wait_kept(core, qtbot, 1)
    window.actions_by_id["result_auto"].trigger()
    styles = (SampleStyle(40), ImageStyle(path="/photos/anna.jpg", label=HAIR), ColourStyle(colour="#b05a2a"))
    for seed, style in enumerate(styles, 7):
        made = Scene(FACES, core.document.scene.label_map, "fake-faces", styles={HAIR: style}, seed=seed)
        core.document.kept.keep(made, picture(seed=seed))
    core.document.kept.star(3, True)
    return window.results


def shown(strip) -> list[int]:
    return [strip.model.index(row, 0).data(NUMBER_ROLE) for row in range(strip.model.rowCount())]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", [4, 3, 2, 1]),
        ("hair", [4, 3, 2, 1]),
        ("头发", [4, 3, 2, 1]),
        ("HAIR anna", [3]),
        ("anna skin", []),
        ("drawn 40", [2]),
        ("#b05a2a", [4]),
        ("hair copper", [4]),
        ("seed 9", []),
        ("9", [4]),
        ("3", [3]),
        ("fake-faces mean nose", [4, 3, 2, 1]),
        ("hat", []),
    ],
)
def test_pictures_are_found_by_label_and_style(strip, words, found):
    strip.search.setText(words)
    assert shown(strip) == found
    assert strip._count.text() == ("4 kept" if len(found) == 4 else f"{len(found)} of 4")


def test_the_count_follows_pictures_that_the_search_hides(strip, core):
    strip.search.setText("anna")
    made = Scene(FACES, core.document.scene.label_map, "fake-faces", styles={HAIR: SampleStyle(3)}, seed=99)
    core.document.kept.keep(made, picture(seed=99))
    assert strip._count.text() == "1 of 5"
    strip.search.setText("zzz")
    empty_map = np.zeros((64, 64), np.uint8)
    core.document.new(label_set=FACES, label_map=empty_map, weights="fake-faces")
    assert len(core.document.results) == 1, "the one with a star comes along"
    assert strip._count.text() == "0 of 1"
    core.document.undo()
    assert strip._count.text() == "0 of 5"


def test_only_pictures_with_a_star_are_shown_on_demand_and_the_choice_stays(strip, core, qtbot):
    strip.choose(3)
    strip.star_filter.click()
    assert shown(strip) == strip.chosen == [3]
    core.document.kept.star(2, True)
    assert shown(strip) == [3, 2]
    strip.search.setText("anna")
    assert shown(strip) == [3]
    strip.search.setText("hat")
    assert shown(strip) == [] and "No kept picture is found" in strip._empty_hint.text()
    strip.search.clear()
    strip.star_filter.click()
    assert shown(strip) == [4, 3, 2, 1]


def test_of_a_photo_only_what_is_edited_is_found():
    photo_scene = replace(scene(), kind=EDIT)
    assert [text.split()[0] for text in label_texts(photo_scene)] == ["hair"]
    assert len(label_texts(scene())) > 5


def test_two_pictures_are_compared_by_one_view_and_one_is_brought_back(strip, window, core, qtbot):
    strip.list.setFocus()
    strip.choose(2)
    strip.list.selectionModel().select(strip.model.index_of(4), QItemSelectionModel.SelectionFlag.Select)
    QTest.keyClick(strip.list, Qt.Key.Key_C)
    (dialog,) = shown_dialogs(CompareDialog)
    seen = dialog.compared_view
    seen.resize(400, 300)

    def colours() -> list[int]:
        """Of the middle of the left and the right half; the pictures are grey, 7 and 9."""
        image = seen.grab().toImage()
        ratio = image.width() / seen.width()
        return [image.pixelColor(int(x * ratio), int(150 * ratio)).red() for x in (140, 260)]

    assert colours() == [7, 9]
    for held in (Qt.Key.Key_Space, Qt.Key.Key_Backslash):
        QTest.keyPress(seen, held)
        assert colours() == [7, 7]
        QTest.keyRelease(seen, held)
    qtbot.mousePress(seen, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    qtbot.mouseMove(seen, QPoint(300, 150))
    qtbot.mouseRelease(seen, Qt.MouseButton.LeftButton, pos=QPoint(300, 150))
    assert seen.wipe == 0.75 and colours() == [7, 7]
    dialog.mode_buttons[Mode.SIDE_BY_SIDE].click()
    assert colours() == [7, 9]
    before = seen.zoom
    QTest.keyClick(seen, Qt.Key.Key_Plus)
    assert seen.zoom > before, "one view, so one zoom"
    recall = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Bring back Picture 4")
    recall.click()
    qtbot.waitUntil(lambda: core.document.style(HAIR) == ColourStyle(colour="#b05a2a"))


def test_one_picture_is_compared_with_the_present_one_and_none_or_three_are_not(strip, window, core):
    said = []
    core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    strip.list.selectAll()
    strip.action_compare.trigger()
    strip.list.clearSelection()
    strip.action_compare.trigger()
    assert len(said) == 2 and said[0].startswith("Choose two pictures") and not shown_dialogs(CompareDialog)
    strip.choose(2)
    strip.action_compare.trigger()
    (dialog,) = shown_dialogs(CompareDialog)
    assert [label.text() for label in dialog.findChildren(QLabel)][:2] == ["Picture 2", "Present picture"]
    dialog.reject()


@pytest.mark.parametrize("sides", [(40, 64), (64, 40)])
def test_pictures_of_other_sizes_are_compared_too(qtbot, sides):
    left, right = (Compared(str(side), picture(side, seed=side), side) for side in sides)
    dialog = CompareDialog(left, right)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.compared_view.grab().toImage().width() > 0
