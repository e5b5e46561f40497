"""Label maps in somebody else's colours: the dialog asks which label each is, and remembers it for the folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from app.dialogs.colour_table import LABEL
from app.dialogs.label_map import LabelMapDialog
from app.shell.settings import COLOUR_TABLES, Settings
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from tests.app.fakes import FACES

HAIR, SKIN, HAT = 13, 1, 14
LIKE_HAIR = tuple(channel ^ 3 for channel in FACES[HAIR].colour)
ROSE = (233, 160, 176)


@pytest.fixture
def maps(tmp_path):
    """A folder with two maps: hair nearly in its colour above skin in a colour of its own."""
    folder = tmp_path / "地图 maps"
    folder.mkdir()
    for name, rows in (("a", 20), ("b", 44)):
        pixels = np.full((64, 64, 3), ROSE, np.uint8)
        pixels[:rows] = LIKE_HAIR
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def opened(qtbot, lane, settings):
    def open_dialog(path, **others):
        dialog = LabelMapDialog(path, FACES, lane.submit, settings, **others)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes it
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.usable)
        return dialog

    return open_dialog


def choose(dialog, row, label):
    """Another label for a row, as by the mouse."""
    choice = dialog.colours.cellWidget(row, LABEL)
    assert isinstance(choice, QComboBox)
    choice.setCurrentIndex(label)
    choice.activated.emit(label)


def test_the_nearest_label_is_offered_and_another_can_be_chosen(qtbot, maps, opened):
    dialog = opened(maps / "a.png")
    assert dialog.colours.isVisible() and "nearest" in dialog.problem.text()
    assert [dialog.colours.item(row, 0).text() for row in range(2)] == ["#e9a0b0", f"#{bytes(LIKE_HAIR).hex()}"]
    assert dialog.colours.item(0, 1).text() == "68.75 %"
    assert (dialog._map[:20] == HAIR).all()
    choose(dialog, 0, HAT)
    qtbot.waitUntil(lambda: dialog.usable)
    assert (dialog._map[20:] == HAT).all() and not dialog.problem.text()
    with qtbot.waitSignal(dialog.used) as used:
        dialog.make.click()
    assert set(np.unique(used.args[0])) == {HAIR, HAT}


def test_what_was_chosen_is_kept_for_the_folder_and_can_be_taken_back(qtbot, maps, opened, settings):
    dialog = opened(maps / "a.png")
    choose(dialog, 0, HAT)
    qtbot.waitUntil(lambda: dialog.usable)
    dialog.make.click()
    again = opened(maps / "b.png")
    assert (again._map[44:] == HAT).all() and again.colours.isVisible() and not again.problem.text()
    assert settings.colour_table(maps, FACES)
    again.forget.click()
    qtbot.waitUntil(lambda: again.usable)
    assert "nearest" in again.problem.text() and not again.forget.isVisible()
    assert (again._map[44:] != HAT).all() and settings.colour_table(maps, FACES) == {}


def test_a_dialog_that_is_cancelled_keeps_nothing(maps, opened, settings):
    opened(maps / "a.png").reject()
    assert settings.colour_table(maps, FACES) == {}


def test_own_colours_need_no_table_until_the_user_says_so(qtbot, tmp_path, opened):
    label_map = np.full((64, 64), SKIN, np.uint8)
    label_map[:9] = HAIR
    write_label_map(tmp_path / "own.png", label_map, FACES, kind="colour")
    dialog = opened(tmp_path / "own.png")
    assert not dialog.colours.isVisible() and dialog.ask_colours.isVisible()
    dialog.ask_colours.click()
    qtbot.waitUntil(lambda: dialog.usable)
    assert dialog.colours.isVisible() and np.array_equal(dialog._map, label_map)
    choose(dialog, 0, HAT)
    qtbot.waitUntil(lambda: dialog.usable)
    assert (dialog._map[9:] == HAT).all()


def test_greys_are_numbers_and_photos_have_no_table(qtbot, tmp_path, lane, settings):
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(tmp_path / "grey.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    for name in ("grey.png", "noise.png"):
        dialog = LabelMapDialog(tmp_path / name, FACES, lane.submit, settings)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda dialog=dialog: bool(dialog.problem.text()))
        assert not dialog.colours.isVisible() and not dialog.ask_colours.isVisible() and not dialog.usable


def test_the_lists_have_the_names_of_the_set_that_is_chosen(qtbot, maps, opened):
    """Two sets may have the same colours by the same ids."""
    labels = tuple(replace(label, name=f"creature {label.id}", name_zh="") for label in FACES.labels)
    renamed = replace(FACES, name="creatures", labels=labels)
    dialog = opened(maps / "a.png", others=[renamed])
    dialog.order.setCurrentIndex(dialog.order.findData("1:"))
    qtbot.waitUntil(lambda: dialog.usable and dialog.colours.isVisible())
    choice = dialog.colours.cellWidget(1, LABEL)
    assert choice.currentText() == f"Creature {HAIR}"


def test_settings_remember_the_tables_of_the_last_folders(tmp_path, settings):
    street = load_label_set("street")
    for number in range(COLOUR_TABLES + 1):
        settings.keep_colour_table(tmp_path / str(number), FACES, {0xE9A0B0: number % len(FACES)})
    settings.sync()
    again = Settings(tmp_path / "settings.ini")
    assert again.colour_table(tmp_path / "0", FACES) == {}
    assert again.colour_table(tmp_path / "7", FACES) == {0xE9A0B0: 7}
    assert again.colour_table(tmp_path / "7", street) == {}
    again._store.setValue("colours/tables", '{"faces x": [1')
    assert again.colour_table(tmp_path / "7", FACES) == {}


def test_what_was_said_of_colours_survives_a_changed_set(tmp_path, settings):
    first = LabelSet.from_dict({"name": "mine", "classes": [{"id": 0, "name": "sky"}, {"id": 1, "name": "tree"}]})
    later = LabelSet.from_dict({"name": "mine", "classes": [{"id": 0, "name": "tree"}, {"id": 1, "name": "road"}]})
    settings.keep_colour_table(tmp_path, first, {1: 0, 2: 1})
    assert settings.colour_table(tmp_path, first) == {1: 0, 2: 1}
    assert settings.colour_table(tmp_path, later) == {2: 0}  # the tree; there is no sky


def test_tables_that_were_kept_by_ids_are_read_still(tmp_path, settings):
    settings.keep_colour_table(tmp_path, FACES, {0xE9A0B0: HAIR})
    by_ids = settings._store.value("colours/tables").replace("#e9a0b0", "e9a0b0").replace('"hair"', str(HAIR))
    settings._store.setValue("colours/tables", by_ids)
    assert f'"e9a0b0": {HAIR}' in by_ids and settings.colour_table(tmp_path, FACES) == {0xE9A0B0: HAIR}
