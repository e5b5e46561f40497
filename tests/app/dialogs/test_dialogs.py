"""Dialogs by themselves: regions, label maps, templates, choices, about."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextBrowser

from app.catalogue import Catalogue
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.help.about import AboutDialog
from app.dialogs.help.guide import PICTURE_WIDTH, GuideDialog
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.regions import Purpose, RegionsDialog
from app.dialogs.templates import MOST, TemplateDialog
from app.document.opening import Gallery, Painting, templates
from app.jobs.photos import Photo
from engine.labels.label_maps import read_label_map, write_label_map
from engine.labels.label_orders import ORDERS
from engine.labels.label_sets import load_label_set
from engine.systems.base import Abilities
from tests.app.fakes import FACES, cards
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, HAT = 13, 1, 14


@pytest.fixture
def photo(tmp_path):
    label_map = face_label_map(64)
    return Photo(tmp_path / "photo.png", photo_of(label_map), label_map, 0.95)


def shown(qtbot, dialog):
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes it
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


# --- regions -----------------------------------------------------------------------------------------


def test_regions_come_back_corrected(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.STYLE, target=HAIR))
    assert dialog.document.current_label == HAIR
    dialog.document.pixels.begin_stroke(HAIR)
    dialog.document.pixels.stroke_to([(2, 2)], 2)
    dialog.document.pixels.end_stroke()
    with qtbot.waitSignal(dialog.used) as told:
        dialog.use.click()
    label_map, source = told.args
    assert source == HAIR
    assert label_map[2, 2] == HAIR and photo.label_map[2, 2] == 0


def test_the_region_of_the_label_is_proposed_and_another_can_be_chosen(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.STYLE, target=HAIR))
    assert dialog.source.currentData() == HAIR
    dialog.source.setCurrentIndex(dialog.source.findData(SKIN))
    dialog.document.pixels.apply_mask(np.eye(64, dtype=bool), HAIR)  # painting on does not forget the choice
    assert dialog.source.currentData() == SKIN


def test_a_label_painted_by_hand_becomes_a_source(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.STYLE, target=HAT))
    assert "No Hat" in dialog.bar.problem.sentence
    assert dialog.document.current_label == HAT
    assert dialog.source.findData(HAT) < 0
    dialog.document.pixels.apply_mask(np.eye(64, dtype=bool), HAT)
    assert dialog.source.findData(HAT) >= 0


def test_warnings_of_the_parser_are_shown(qtbot, photo):
    unsure = Photo(photo.path, photo.pixels, photo.label_map, 0.3, ("No face was found.",))
    dialog = shown(qtbot, RegionsDialog(unsure, FACES, Purpose.ALL))
    assert dialog.bar.problem.sentence == "No face was found."


def test_regions_are_corrected_with_the_keys_of_the_main_canvas(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.STYLE, target=HAIR))
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    canvas = dialog.canvas
    QTest.keyClick(dialog, "2")
    assert dialog.document.current_label == dialog.labels.model.label_for_key(2) == SKIN
    overlay, diameter, zoom = canvas.overlay, canvas.brush_diameter, canvas.zoom
    QTest.keyClick(dialog, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.ControlModifier)
    assert canvas.overlay == pytest.approx(overlay + 0.1) and dialog.overlay.value() == round(100 * canvas.overlay)
    QTest.keyClicks(canvas, "]")
    assert canvas.brush_diameter > diameter and dialog.size_field.value() == canvas.brush_diameter
    dialog.size_field.setValue(7)
    dialog.overlay.setValue(30)
    assert canvas.brush_diameter == 7 and canvas.overlay == 0.3
    QTest.keyClicks(canvas, "+")
    assert canvas.zoom > zoom
    QTest.keyClick(canvas, "0", Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom == zoom


def test_undo_and_tools_work_by_key_in_the_dialog(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.NEW, painting=Painting(FACES, "w")))
    dialog.document.pixels.apply_mask(np.ones((64, 64), bool), HAIR)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    QTest.keyClick(dialog, "Z", Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(dialog.document.label_map, photo.label_map)
    QTest.keyClick(dialog.canvas, "E")
    assert dialog.canvas.tool_id == "eraser"
    assert dialog._tools["eraser"].isChecked()


def test_a_label_map_file_can_replace_what_was_found(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.NEW, painting=Painting(FACES, "w")))
    dialog.take_map(np.full((64, 64), SKIN, np.uint8))
    with qtbot.waitSignal(dialog.cropped) as told:
        dialog.accept()
    assert (told.args[0] == SKIN).all() and told.args[1] == dialog.crop.cropping


def test_cancel_uses_nothing(qtbot, photo):
    dialog = shown(qtbot, RegionsDialog(photo, FACES, Purpose.NEW, painting=Painting(FACES, "w")))
    with qtbot.assertNotEmitted(dialog.cropped):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# --- label maps --------------------------------------------------------------------------------------


def test_a_good_map_shows_its_labels_and_can_be_used(qtbot, tmp_path, lane, settings):
    path = tmp_path / "map.png"
    write_label_map(path, face_label_map(64), FACES)
    dialog = shown(qtbot, LabelMapDialog(path, FACES, lane.submit, settings))
    assert not dialog.make.isEnabled()  # it is being read in the background
    qtbot.waitUntil(lambda: dialog.usable)
    assert "Hair" in dialog.found.text() and "64 x 64" in dialog.found.text()
    with qtbot.waitSignal(dialog.used) as told:
        dialog.make.click()
    assert np.array_equal(told.args[0], face_label_map(64)) and told.args[1] == "new"


def test_wrong_values_are_named_and_nothing_can_be_used(qtbot, tmp_path, lane, settings):
    from PIL import Image

    path = tmp_path / "wrong.png"
    wrong = face_label_map(64)
    wrong[0, 0], wrong[1, 1] = 37, 99
    Image.fromarray(wrong).save(path)
    dialog = shown(qtbot, LabelMapDialog(path, FACES, lane.submit, settings))
    qtbot.waitUntil(lambda: bool(dialog.problem.text()))
    assert not dialog.usable
    assert "37" in dialog.problem.text() and "99" in dialog.problem.text()
    assert "wrong.png" in dialog.problem.text()
    assert not dialog.make.isEnabled() and not dialog.replace.isEnabled()


def test_known_orders_are_offered_by_name(qtbot, tmp_path, lane, settings):
    order = "face-parsing.PyTorch"
    ours = face_label_map(64)
    theirs = np.argsort(np.array(ORDERS[order]))[ours].astype(np.uint8)
    path = tmp_path / "theirs.png"
    Image.fromarray(theirs).save(path)
    dialog = shown(qtbot, LabelMapDialog(path, FACES, lane.submit, settings))
    dialog.order.setCurrentIndex(dialog.order.findData(f"0:{order}"))
    qtbot.waitUntil(lambda: dialog.usable)
    assert np.array_equal(dialog._map, ours)


def test_numbers_that_may_count_from_one_are_noted_and_can_be_read_one_lower(qtbot, tmp_path, lane, settings):
    Image.fromarray(np.array([[1, 2], [13, 14]], np.uint8).repeat(8, 0).repeat(8, 1)).save(tmp_path / "a.png")
    dialog = shown(qtbot, LabelMapDialog(tmp_path / "a.png", FACES, lane.submit, settings))
    qtbot.waitUntil(lambda: dialog.usable)
    assert "begin with 1" in dialog.found.text() and np.unique(dialog._map).tolist() == [1, 2, 13, 14]
    dialog.order.setCurrentIndex(dialog.order.findData("0:from 1"))
    qtbot.waitUntil(lambda: dialog.usable and "begin with 1" not in dialog.found.text())
    assert np.unique(dialog._map).tolist() == [0, 1, 12, 13]


def test_numbers_of_two_orders_are_used_once_somebody_has_said_which(qtbot, tmp_path, lane, settings):
    """Also of labels that are not the document's."""
    ade20k = load_label_set("ade20k")
    Image.fromarray(np.array([[0, 1], [20, 150]], np.uint8).repeat(8, 0).repeat(8, 1)).save(tmp_path / "a.png")
    dialog = shown(qtbot, LabelMapDialog(tmp_path / "a.png", ade20k, lane.submit, settings))
    qtbot.waitUntil(lambda: not lane.busy and bool(dialog.problem.text()))
    assert not dialog.usable and not dialog.make.isEnabled() and dialog.order.currentIndex() == -1
    assert "ADE20K's own files" in dialog.problem.text() and "--" not in dialog.problem.text()
    dialog.order.setCurrentIndex(dialog.order.findData("0:ADE20K"))
    qtbot.waitUntil(lambda: dialog.usable)
    assert np.unique(dialog._map).tolist() == [0, 19, 149, 150] and not dialog.problem.text()
    dialog.order.setCurrentIndex(dialog.order.findData("0:"))
    qtbot.waitUntil(lambda: dialog.usable)
    assert np.unique(dialog._map).tolist() == [0, 1, 20, 150]
    of_others = shown(qtbot, LabelMapDialog(tmp_path / "a.png", FACES, lane.submit, settings, others=[ade20k]))
    of_others.order.setCurrentIndex(of_others.order.findData("1:ADE20K"))
    qtbot.waitUntil(lambda: of_others.usable)
    assert of_others.label_set is ade20k and np.unique(of_others._map).tolist() == [0, 19, 149, 150]


def test_a_map_in_the_colours_of_other_labels_is_read_as_theirs(qtbot, lane, settings):
    street = load_label_set("street")
    path = next(template.path for template in templates(street))
    dialog = shown(qtbot, LabelMapDialog(path, FACES, lane.submit, settings, others=[street]))
    qtbot.waitUntil(lambda: dialog.usable)
    assert dialog.label_set is street and "Road" in dialog.found.text()
    assert dialog.make.isEnabled() and not dialog.replace.isEnabled()
    dialog.order.setCurrentIndex(0)
    qtbot.waitUntil(lambda: dialog.usable)
    assert dialog.label_set is FACES and dialog.replace.isEnabled()


# --- templates, choices, about -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["faces", "street", "facades"])
def test_every_template_that_ships_is_readable_and_titled(name):
    labels = load_label_set(name)
    found = templates(labels)
    assert len(found) >= 5
    for template in found:
        assert template.title and template.title_zh
        assert len(np.unique(read_label_map(template.path, labels).label_map)) >= 3


def test_a_template_becomes_a_map(qtbot, tmp_path):
    dialog = shown(qtbot, TemplateDialog([Gallery(FACES, "w", tuple(templates(FACES)))]))
    assert dialog.list.count() == len(templates(FACES)) + 1
    dialog.list.setCurrentRow(1)
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.accept()
    assert np.array_equal(told.args[0], read_label_map(templates(FACES)[1].path, FACES).label_map)


def test_a_template_takes_the_size_that_is_asked_for_in_its_own_form(qtbot):
    streets = load_label_set("street")
    dialog = shown(qtbot, TemplateDialog([Gallery(streets, "w", tuple(templates(streets)))]))
    drawn = read_label_map(templates(streets)[0].path, streets).label_map
    assert dialog.sizes.isVisible() and max(dialog.width_box.value(), dialog.height_box.value()) == 256
    dialog.height_box.setValue(512)
    form = drawn.shape[1] / drawn.shape[0]
    width = round(512 * form / 32) * 32  # whole strides
    assert dialog.width_box.value() == width
    dialog.height_box.setValue(MOST)  # the longer side would have more
    assert dialog.width_box.value() == MOST and abs(dialog.height_box.value() - MOST / form) < 32
    dialog.height_box.setValue(512)
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.accept()
    assert told.args[0].shape == (512, width) and set(np.unique(told.args[0])) <= set(np.unique(drawn))


def test_an_empty_map_is_of_the_size_that_is_asked_for(qtbot):
    dialog = shown(qtbot, TemplateDialog([Gallery(FACES, "w", tuple(templates(FACES)))]))
    chosen = []
    dialog.chosen.connect(lambda label_map, gallery: chosen.append((label_map.shape, label_map.any())))
    dialog.list.setCurrentRow(dialog.list.count() - 1)
    assert dialog.sizes.isVisible() and dialog.width_box.maximum() == 2048
    dialog.width_box.setValue(2048)
    dialog.height_box.setValue(640)
    dialog.accept()
    assert chosen == [((640, 2048), False)]


@pytest.mark.parametrize(("stride", "resolution"), [(32, 256), (64, 512), (128, 640)])
def test_an_empty_map_is_proposed_at_the_size_of_the_weights_and_fits_their_stride(qtbot, stride, resolution):
    known = Abilities(stride=stride, resolution=resolution)
    usual = Gallery(FACES, "w", ())
    dialog = shown(qtbot, TemplateDialog([usual, Gallery(load_label_set("street"), "other", (), known)]))
    dialog.tabs.setCurrentIndex(1)
    chosen = []
    dialog.chosen.connect(lambda label_map, gallery: chosen.append((label_map.shape, gallery.weights)))
    assert (dialog.width_box.value(), dialog.height_box.value()) == (resolution, resolution)
    dialog.width_box.stepUp()
    assert dialog.width_box.value() == resolution + stride
    dialog.width_box.setValue(5 * stride + stride // 4)
    dialog.height_box.setValue(MOST)
    dialog.accept()
    assert chosen == [((MOST, 5 * stride), "other")]


def test_templates_of_several_label_sets_have_a_tab_each(qtbot):
    sets = [FACES, load_label_set("street")]
    dialog = shown(qtbot, TemplateDialog([Gallery(s, s.name, tuple(templates(s))) for s in sets]))
    assert dialog.tabs.isVisible() and dialog.tabs.tabText(1) == "Streets"
    dialog.tabs.setCurrentIndex(1)
    assert dialog.list.count() == len(templates(sets[1])) + 1
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.accept()
    assert told.args[1].weights == "street" and told.args[0].any()


def test_templates_of_other_labels_are_left_out():
    named = {name: {t.path.name for t in templates(load_label_set(name))} for name in ("faces", "street", "facades")}
    assert not named["faces"] & named["street"] and not named["street"] & named["facades"]
    assert templates(load_label_set("ade20k")) == []


def test_a_choice_is_told_by_its_name(qtbot):
    choices = [Choice("a", "image", "A", "the first"), Choice("b", "photo", "B", "the second")]
    dialog = shown(qtbot, ChoiceDialog("Title", "Which?", choices))
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.buttons["b"].click()
    assert told.args == ["b"] and not dialog.isVisible()


def test_rare_choices_are_folded_away_until_asked_for(qtbot):
    choices = [Choice("a", "image", "A", "the first"), Choice("b", "photo", "B", "the second", rare=True)]
    dialog = shown(qtbot, ChoiceDialog("Title", "Which?", choices))
    assert dialog.buttons["a"].isVisible() and not dialog.buttons["b"].isVisible()
    dialog.more_button.click()
    assert dialog.buttons["b"].isVisible() and not dialog.more_button.isVisible()
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.buttons["b"].click()
    assert told.args == ["b"]


def test_about_names_versions_and_licences(qtbot):
    dialog = shown(qtbot, AboutDialog(Catalogue(cards)))
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert "fake-faces" in text and "drawings" in text and "MIT" in text and "PySide6" in text


# --- guide -------------------------------------------------------------------------------------------


def test_the_guide_is_shown_from_the_installation_with_its_pictures(qtbot):
    dialog = shown(qtbot, GuideDialog())
    assert "The first picture" in dialog.page.toPlainText()
    picture = dialog.page.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("images/editor.png"))
    assert 0 < picture.width() <= PICTURE_WIDTH


def test_links_to_other_pages_stay_in_the_guide_and_others_go_to_the_system(qtbot, monkeypatch):
    dialog = shown(qtbot, GuideDialog())
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog.page.follow(QUrl("models.md"))
    assert dialog.page.source().fileName() == "models.md" and dialog.back.isEnabled()
    dialog.back.click()
    assert dialog.page.source().fileName() == "guide.md" and not dialog.back.isEnabled()
    dialog.page.follow(QUrl("https://example.org/"))
    assert opened == [QUrl("https://example.org/")]
