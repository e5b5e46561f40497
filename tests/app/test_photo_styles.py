"""Colours and copied edits in the window of a photo: by dialog, pipette, drop, menu and clipboard."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication, QHelpEvent
from PySide6.QtWidgets import QApplication, QColorDialog, QDialogButtonBox, QLabel, QMenu

from app.dialogs.variations import VariationsDialog
from app.document.kinds import EDIT
from app.imaging.mime import colour_mime
from app.imaging.pixels import region_colour
from app.jobs.originals import read_original
from app.library.samples import sample_colours
from app.panels.edits.panel import EditsPanel
from app.panels.styles.panel import StylesPanel
from app.window.main_window import MainWindow
from engine.labels.label_sets import load_label_set
from engine.requests.edit import RegionEdit
from engine.requests.edit_list import EditList, edit_list_text
from engine.requests.styles import MEAN, ColourStyle, MixStyle, SampleStyle
from tests.app.fakes import FACES
from tests.app.photo_windows import settle
from tests.app.pointing import RIGHT, Drag, Mouse
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR, HAT = 1, 13, 14
RED = ColourStyle("#a01030")


@pytest.fixture
def window(qtbot, core, photo):
    shown = MainWindow(core)
    shown.resize(1280, 860)
    qtbot.addWidget(shown, before_close_func=lambda _: photo.mark_saved())
    shown.show()
    qtbot.waitExposed(shown)
    return shown


@pytest.fixture
def sentences(core):
    said: list[str] = []
    core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    return said


def on_canvas(window, x: int, y: int) -> QPoint:
    """The point of the canvas over the middle of a pixel of the photo."""
    view = window.canvas.view
    return QPoint(round((x + 0.5) * view.scale + view.x), round((y + 0.5) * view.scale + view.y))


def middle_of(label: int) -> tuple[int, int]:
    rows, columns = np.nonzero(face_label_map(64) == label)
    return int(columns[len(columns) // 2]), int(rows[len(rows) // 2])


def colour_dialog(window) -> QColorDialog:
    return window.findChild(QColorDialog)


# --- the dialog --------------------------------------------------------------------------------------


def test_the_dialog_begins_with_the_region_s_colour_and_takes_one_in_one_step(window, photo, qtbot):
    window.actions_by_id["style_colour"].trigger()
    dialog = colour_dialog(window)
    assert dialog.currentColor() == QColor(*region_colour(photo.picture, photo.label_map, HAIR))
    for colour in ("#123456", "#a01030"):
        dialog.setCurrentColor(QColor(colour))
        assert photo.style(HAIR) == ColourStyle(colour)  # the photo shows it while one chooses
    qtbot.mouseClick(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok), Qt.LeftButton)
    assert photo.style(HAIR) == RED
    photo.undo()
    assert photo.styling.edits == ()


def test_escape_leaves_the_region_as_it_was(window, photo, qtbot):
    photo.styling.set_styles({HAIR: RED})
    window.actions_by_id["style_colour"].trigger()
    dialog = colour_dialog(window)
    assert dialog.currentColor() == QColor("#a01030")
    dialog.setCurrentColor(QColor("#00ff00"))
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert photo.style(HAIR) == RED
    photo.undo()
    assert photo.styling.edits == ()


def test_the_dialog_begins_with_the_photo_s_own_colour_before_anything_is_painted(window, core, photo, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(photo_of(face_label_map(64))).save(path)
    original = read_original(path)
    core.originals.keep(original)
    photo.change("photo", original.reference)
    photo.set_picture(None)
    window.actions_by_id["style_colour"].trigger()
    own = region_colour(original.pixels, photo.label_map, HAIR)
    assert own is not None and own != photo.label_set[HAIR].colour
    assert colour_dialog(window).currentColor() == QColor(*own)
    colour_dialog(window).reject()


def test_a_colour_that_was_cancelled_leaves_no_trace(window, core, qtbot):
    """Nothing to redo that was not there before, and no picture of it among the results."""
    document = core.document
    document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces", undoable=False)
    document.set_current_label(HAIR)
    document.styling.set_styles({HAIR: RED})
    document.undo()
    window.controllers.render.start()
    settle(window, qtbot)
    redo_text, kept_before = document.redo_text, document.results
    window.actions_by_id["style_colour"].trigger()
    dialog = colour_dialog(window)
    dialog.setCurrentColor(QColor("#00ff00"))
    settle(window, qtbot)
    window.controllers.results._keep_settled()  # the colour is looked at for a while
    assert document.results == kept_before
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert (document.undo_text, document.redo_text) == ("", redo_text) and not document.dirty
    document.redo()
    assert document.style(HAIR) == RED


def test_a_change_that_is_taken_back_by_hand_leaves_nothing_to_save(photo):
    photo.styling.set_styles({HAIR: RED})
    photo.mark_saved()
    photo.styling.set_edit_on(HAIR, False)
    assert photo.dirty
    photo.styling.set_edit_on(HAIR, True)
    assert not photo.dirty


def test_weights_that_encode_no_region_take_no_colour_and_say_so(window, core, sentences):
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-whole", undoable=False)
    window.actions_by_id["style_colour"].trigger()
    window.actions_by_id["style_pipette"].trigger()
    assert len(sentences) == 2 and all("take no colours" in sentence for sentence in sentences)
    assert colour_dialog(window) is None and core.document.styles == {}
    assert not window.findChild(StylesPanel).card.button_colour.isEnabled()


def test_a_document_that_is_painted_takes_a_colour_too(window, core, qtbot):
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces", undoable=False)
    core.document.set_current_label(HAIR)
    window.actions_by_id["style_colour"].trigger()
    colour_dialog(window).setCurrentColor(QColor("#a01030"))
    qtbot.keyClick(colour_dialog(window), Qt.Key.Key_Return)
    assert core.document.style(HAIR) == RED


def test_a_locked_style_takes_no_colour(window, photo, sentences):
    photo.label_states.set_style_locked([HAIR], True)
    window.actions_by_id["style_colour"].trigger()
    assert colour_dialog(window) is None and "locked" in sentences[0]


# --- the pipette -------------------------------------------------------------------------------------


def test_the_pipette_takes_a_colour_from_the_photo_under_the_map(window, photo, qtbot):
    x, y = middle_of(SKIN)
    window.actions_by_id["style_pipette"].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, x, y))
    assert photo.style(HAIR) == ColourStyle(QColor(*photo.picture[y, x].tolist()).name())
    assert photo.undo_text == "Colour of Hair"
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, x, y))  # the brush again
    assert photo.label_map[y, x] == HAIR


def test_the_pipette_takes_a_colour_from_a_style_s_picture(window, photo, qtbot):
    photo.styling.set_styles({SKIN: RED})
    qtbot.waitUntil(lambda: window.findChild(EditsPanel).isVisible())
    window.actions_by_id["style_pipette"].trigger()
    qtbot.mouseClick(window.findChild(EditsPanel).row(SKIN).thumb, Qt.MouseButton.LeftButton)
    photo_style = photo.style(HAIR if photo.current_label == HAIR else SKIN)
    assert photo_style == RED


def test_the_pipette_takes_a_colour_from_a_sample_whose_tip_is_seen_and_not_the_sample(window, photo, qtbot):
    shelf = window.findChild(EditsPanel).shelf
    qtbot.waitUntil(lambda: shelf.isVisible() and shelf.count() > 1)
    place = shelf.visualItemRect(shelf.item(0)).center()
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=place)  # the row that was pressed last
    assert photo.style(HAIR) != MEAN
    photo.undo()
    window.actions_by_id["style_pipette"].trigger()
    tip = QLabel("Click to take it for the chosen label", window, Qt.WindowType.ToolTip)
    tip.close()  # as Qt does before it hands a click on
    taken = []
    shelf.colour_taken.connect(lambda *of: taken.append(of))
    assert QApplication.overrideCursor() is not None
    asked = QHelpEvent(QEvent.Type.ToolTip, place, shelf.viewport().mapToGlobal(place))
    assert window.controllers.colours.pipette.eventFilter(shelf.viewport(), asked)  # no tip: it would be wrong
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert taken == [] and isinstance(photo.style(HAIR), ColourStyle) and photo.undo_text == "Colour of Hair"
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(taken) == 1  # clicks do what they always do again


@pytest.mark.parametrize("end", ["escape", "right button", "window closed"])
def test_the_pipette_is_laid_down(window, photo, qtbot, end):
    window.actions_by_id["style_pipette"].trigger()
    if end == "escape":
        qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    elif end == "window closed":
        photo.mark_saved()
        window.close()
    else:
        qtbot.mouseClick(window.canvas, Qt.MouseButton.RightButton, pos=on_canvas(window, 5, 5))
    assert QApplication.overrideCursor() is None and photo.styling.edits == ()


# --- drops and menus ---------------------------------------------------------------------------------


def test_a_colour_is_dropped_on_a_region_and_on_a_row(window, photo, qtbot):
    point = on_canvas(window, *middle_of(SKIN))
    drag = Drag(window.canvas, colour_mime("#a01030"))
    assert drag.enter((point.x(), point.y())) and drag.drop((point.x(), point.y()))
    assert photo.style(SKIN) == RED and photo.current_label == SKIN
    window.docks["stylesDock"].raise_()
    qtbot.waitUntil(window.findChild(StylesPanel).list.isVisible)
    rows = window.findChild(StylesPanel).list
    rows.scrollTo(window.findChild(StylesPanel).model.index_of(HAIR))
    point = rows.visualRect(window.findChild(StylesPanel).model.index_of(HAIR)).center()
    drag = Drag(rows.viewport(), colour_mime("#1f1a18"))
    drag.enter((point.x(), point.y()))
    drag.drop((point.x(), point.y()))
    assert photo.style(HAIR) == ColourStyle("#1f1a18")


def test_a_colour_is_dropped_on_a_label(window, photo):
    rows = window.labels.list
    point = rows.visualRect(window.labels.model.index_of(SKIN)).center()
    drag = Drag(rows.viewport(), colour_mime("#a01030"))
    drag.enter((point.x(), point.y()))
    drag.drop((point.x(), point.y()))
    assert photo.style(SKIN) == RED


def test_a_right_click_offers_what_can_be_done_with_the_region(window, photo, monkeypatch):
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, point: opened.append(menu))
    point = on_canvas(window, *middle_of(SKIN))
    before = photo.label_map.copy()
    Mouse(window.canvas).click((point.x(), point.y()), RIGHT)
    assert photo.current_label == SKIN
    assert opened[0].actions()[0].text() == "Skin"
    assert window.actions_by_id["style_colour"] in opened[0].actions()
    assert window.actions_by_id["edits_remove"] in opened[0].actions()
    for action_id in ("style_file", "style_dice", "style_variations", "style_lock", "label_change", "label_lock"):
        assert window.actions_by_id[action_id] in opened[0].actions()
    window.canvas.set_tool("pan")
    next(action for action in opened[0].actions() if action.text() == "Paint with this label").trigger()
    assert window.canvas.tool_id == "brush" and photo.current_label == SKIN
    assert np.array_equal(photo.label_map, before)  # a click erases nothing


def test_the_menu_key_opens_the_menu_of_the_chosen_region(window, photo, monkeypatch):
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, point: opened.append(menu))
    by_key = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), QPoint(5, 5))
    QApplication.sendEvent(window.canvas, by_key)
    assert opened[0].actions()[0].text() == "Hair"


def test_the_card_gives_a_region_a_colour(window, photo, qtbot):
    window.docks["stylesDock"].raise_()
    card = window.findChild(StylesPanel).card
    qtbot.waitUntil(card.button_colour.isVisible)
    qtbot.mouseClick(card.button_colour, Qt.MouseButton.LeftButton)
    dialog = colour_dialog(window)
    dialog.setCurrentColor(QColor("#a01030"))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert photo.style(HAIR) == RED
    assert card.thumb_a.colour_at(QPoint(40, 40)).name() == "#a01030"
    qtbot.mouseClick(card.button_pipette, Qt.MouseButton.LeftButton)
    assert QApplication.overrideCursor().shape() is Qt.CursorShape.CrossCursor
    qtbot.keyClick(window, Qt.Key.Key_Escape)


def test_a_second_colour_is_mixed_with_the_first(window, photo, qtbot):
    photo.styling.set_styles({HAIR: RED})
    window.docks["stylesDock"].raise_()
    thumb = window.findChild(StylesPanel).card.thumb_b
    qtbot.waitUntil(thumb.isVisible)
    drag = Drag(thumb, colour_mime("#1f1a18"))
    assert drag.enter((5, 5)) and drag.drop((5, 5))
    assert photo.style(HAIR) == MixStyle(RED, ColourStyle("#1f1a18"), 0.5)


def test_an_unchanged_region_is_the_photo_s(window, photo):
    assert window.findChild(StylesPanel).model.row(SKIN).source == "As in the photo"
    photo.styling.set_styles({SKIN: RED})
    assert window.findChild(StylesPanel).model.row(SKIN).source == "Colour #a01030"


def test_a_pasted_colour_is_the_chosen_label_s(window, photo):
    QGuiApplication.clipboard().setText(" #A01030\n")
    window.actions_by_id["paste"].trigger()
    assert photo.style(HAIR) == RED


def test_a_change_is_removed_by_command(window, photo, sentences):
    action = window.actions_by_id["edits_remove"]
    assert not action.isEnabled()  # hair is the photo's
    photo.styling.set_styles({HAIR: RED})
    action.trigger()
    assert photo.styling.edits == () and photo.undo_text == "Remove the change of Hair"
    assert not action.isEnabled()
    photo.undo()
    assert action.isEnabled()
    photo.set_current_label(SKIN)
    assert not action.isEnabled() and sentences == []
    photo.set_current_label(HAIR)
    photo.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces", styles={HAIR: RED})
    assert not action.isEnabled()  # a painting has styles and no changes


def test_every_list_of_regions_offers_a_colour(window):
    action = window.actions_by_id["style_colour"]
    lists = [window.labels.list, window.findChild(StylesPanel).list, window.findChild(EditsPanel).list]
    assert all(action in shown.actions() for shown in lists)


# --- edits from photo to photo -----------------------------------------------------------------------


def test_edits_are_copied_and_pasted_into_another_photo_in_one_step(window, photo):
    photo.styling.set_styles({SKIN: ColourStyle("#b98272"), HAIR: RED})
    photo.styling.set_strength(HAIR, 0.4)
    photo.styling.set_edit_on(SKIN, False)
    copied = photo.styling.edits
    window.actions_by_id["edits_copy"].trigger()
    photo.new(label_set=FACES, label_map=face_label_map(96), weights="fake-faces", kind=EDIT, undoable=False)
    window.actions_by_id["edits_paste"].trigger()
    assert photo.styling.edits == copied and photo.undo_text == "Paste edits"
    photo.undo()
    assert photo.styling.edits == ()


def test_copied_edits_are_text_that_another_window_reads(window, photo):
    photo.styling.set_styles({HAIR: RED})
    window.actions_by_id["edits_copy"].trigger()
    text = QGuiApplication.clipboard().text()
    assert '"colour": "#a01030"' in text
    photo.undo()
    window.actions_by_id["edits_paste"].trigger()
    assert photo.style(HAIR) == RED


def test_an_edit_of_a_region_that_the_photo_lacks_is_named(window, photo, sentences):
    edits = (RegionEdit(label=HAT, style=RED), RegionEdit(label=HAIR, style=RED))
    QGuiApplication.clipboard().setText(edit_list_text(EditList.of(FACES, edits)))
    window.actions_by_id["edits_paste"].trigger()
    assert [edit.label for edit in photo.styling.edits] == [HAIR]
    assert sentences == ["This photo does not show Hat; these edits were left out."]


def test_edits_of_other_labels_and_no_edits_at_all_change_nothing(window, photo, sentences):
    street = load_label_set("street")
    for text in (edit_list_text(EditList.of(street, [RegionEdit(label=0, style=RED)])), "hello", "", "[" * 10**5):
        QGuiApplication.clipboard().setText(text)
        window.actions_by_id["edits_paste"].trigger()
    assert photo.styling.edits == ()
    assert "other regions" in sentences[0] and all("no edits" in sentence for sentence in sentences[1:])


def test_a_photo_without_changes_has_nothing_to_copy(window, sentences):
    window.actions_by_id["edits_copy"].trigger()
    assert "no edits to copy" in sentences[0]


# --- the window --------------------------------------------------------------------------------------


def test_the_list_of_edits_is_there_for_photos_only(window, core, photo):
    assert not window.docks["editsDock"].isHidden()
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces", undoable=False)
    assert window.docks["editsDock"].isHidden()


def test_a_sample_picture_is_taken_for_the_chosen_label_alone(window, photo, qtbot):
    shelf = window.findChild(EditsPanel).shelf
    names = [shelf.item(n).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(shelf.count())]
    window.docks["editsDock"].raise_()
    shelf.itemClicked.emit(shelf.item(names.index("Blonde")))
    qtbot.waitUntil(lambda: photo.style(HAIR) != MEAN)
    assert set(photo.styles) == {HAIR} and photo.style(HAIR).path.endswith("blonde.png")
    photo.set_current_label(HAT)
    names = [shelf.item(n).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(shelf.count())]
    assert "Blonde" not in names  # it wears none


# --- pairs -------------------------------------------------------------------------------------------

UPPER, LOWER = 11, 12


def test_one_colour_for_both_lips_is_one_step(window, photo, qtbot):
    photo.set_current_label(LOWER)
    colour = window.actions_by_id["pair_colour"]
    assert colour.isVisible() and colour.text() == "Colour for both lips..."
    colour.trigger()
    for code in ("#123456", "#a01030"):
        colour_dialog(window).setCurrentColor(QColor(code))
        assert photo.style(UPPER) == photo.style(LOWER) == ColourStyle(code)
    qtbot.keyClick(colour_dialog(window), Qt.Key.Key_Return)
    assert photo.undo_text == "Colour of both lips" and len(photo.styling.edits) == 2
    photo.undo()
    assert photo.styling.edits == ()


def test_escape_leaves_both_lips_as_they_were(window, photo, qtbot):
    photo.styling.set_styles({UPPER: ColourStyle("#00ff00")})
    photo.set_current_label(LOWER)
    window.actions_by_id["pair_colour"].trigger()
    colour_dialog(window).setCurrentColor(QColor("#a01030"))
    qtbot.keyClick(colour_dialog(window), Qt.Key.Key_Escape)
    assert photo.styles == {UPPER: ColourStyle("#00ff00")}


def test_the_pipette_and_a_swatch_colour_both_lips(window, photo, qtbot):
    photo.set_current_label(UPPER)
    window.actions_by_id["pair_pipette"].trigger()
    x, y = middle_of(HAIR)
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, x, y))
    assert photo.style(UPPER) == photo.style(LOWER) == ColourStyle(QColor(*photo.picture[y, x].tolist()).name())
    photo.undo()
    shelf = window.findChild(EditsPanel).shelf
    (action,) = [each for each in shelf.menu_for(shelf.item(0)).actions() if each.text() == "Take for both lips"]
    action.trigger()
    assert photo.style(UPPER) == photo.style(LOWER) == ColourStyle(sample_colours(FACES, UPPER)[0].colour)
    window.actions_by_id["style_pipette"].trigger()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=on_canvas(window, x, y))
    assert photo.style(UPPER) != photo.style(LOWER)  # the next pipette is for one label again


def test_both_lips_take_their_own_styles_from_one_picture(window, photo, qtbot, tmp_path, monkeypatch):
    label_map = face_label_map(256)
    Image.fromarray(photo_of(label_map)).save(tmp_path / "anna.png")
    Image.fromarray(label_map).save(tmp_path / "anna.labels.png")
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(tmp_path / "anna.png"))
    photo.set_current_label(UPPER)
    window.actions_by_id["pair_file"].trigger()
    qtbot.waitUntil(lambda: len(photo.styling.edits) == 2)
    assert [photo.style(label).label for label in (UPPER, LOWER)] == [UPPER, LOWER]
    assert photo.undo_text == "Style of both lips from anna.png"
    photo.undo()
    assert photo.styling.edits == ()


def test_what_stands_alone_has_no_commands_for_a_pair(window, photo):
    photo.set_current_label(HAIR)
    assert not any(window.actions_by_id[name].isVisible() for name in ("pair_file", "pair_colour", "pair_pipette"))


def test_a_locked_or_missing_half_of_a_pair_stays_as_it_is(window, photo, qtbot):
    photo.label_states.set_style_locked([UPPER], True)
    photo.set_current_label(LOWER)
    window.actions_by_id["pair_colour"].trigger()
    colour_dialog(window).setCurrentColor(QColor("#a01030"))
    qtbot.keyClick(colour_dialog(window), Qt.Key.Key_Return)
    assert photo.styles == {LOWER: RED}
    photo.label_states.set_style_locked([UPPER], False)
    photo.pixels.relabel(UPPER, SKIN)
    window.actions_by_id["pair_colour"].trigger()
    qtbot.keyClick(colour_dialog(window), Qt.Key.Key_Return)
    assert set(photo.styles) == {LOWER}


# --- variations --------------------------------------------------------------------------------------


def test_six_drawn_styles_of_a_photo_s_region_are_seen_and_a_click_takes_one(window, core, engine, qtbot, tmp_path):
    label_map = face_label_map(600)
    Image.fromarray(photo_of(label_map)).save(tmp_path / "photo.png")
    core.document.mark_saved()
    window.controllers.photos.edit(tmp_path / "photo.png")
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    document = core.document
    document.set_current_label(UPPER)
    document.styling.set_styles({UPPER: ColourStyle("#00ff00")})
    document.styling.set_edit_on(UPPER, False)
    document.styling.set_styles({SKIN: ColourStyle("#a01030")})
    before = document.scene
    window.findChild(EditsPanel).button_variations.click()
    (dialog,) = window.findChildren(VariationsDialog)
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    request = engine.edits[-1]
    assert {edit.label for edit in request.edits} == {SKIN, UPPER} and all(edit.on for edit in request.edits)
    assert request.view == 0  # a region as small as a lip fills its tile only at the photo's own size
    assert document.scene == before
    seed = dialog.tiles[3].seed
    dialog.tiles[3].click()
    assert document.style(UPPER) == SampleStyle(seed) and UPPER not in document.switched_off  # what is chosen is seen
    document.undo()
    assert document.scene == before
    document.set_current_label(SKIN)
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    assert 208 <= engine.edits[-1].view < 600  # and of a large one no more is painted than is seen
    dialog.reject()


def test_a_morph_is_for_painted_pictures_and_the_menu_says_why(window, core, photo, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("app.window.action_set.QToolTip.showText", lambda point, text: said.append(text))
    action, button = window.actions_by_id["style_morph"], window.findChild(StylesPanel).card.button_morph
    assert not action.isEnabled() and not button.isEnabled()
    assert "strength" in action.toolTip() and "strength" in button.toolTip()
    styles_menu = next(menu for menu in window.findChildren(QMenu) if action in menu.actions())
    styles_menu.hovered.emit(action)
    assert "strength" in said[-1]
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces", undoable=False)
    assert action.isEnabled() and button.isEnabled() and "strength" not in action.toolTip()
