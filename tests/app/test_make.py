"""Make: pictures of a class in the window, with what decides them; one becomes something to work with."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from app.controllers.creating.making import MakeController
from engine.weights.card import Card
from engine.weights.store import WeightsEntry


@pytest.fixture
def makers(core, monkeypatch):
    """Weights that make pictures of two classes, under a name that says nothing."""
    config = {"resolution": 16, "classes": 2, "class_names": ["night", "day"]}
    card = Card(name="whatever", system="an-classes", config=config, data="none", weights_licence="none")
    entry = WeightsEntry(card.name, Path("weights") / card.name, card)
    monkeypatch.setattr(core.catalogue, "_entries", [*core.catalogue.entries, entry])


def shades(dialog) -> list[int]:
    """How light each picture of the list is."""
    images = (dialog.pictures.item(row).icon().pixmap(132, 132).toImage() for row in range(dialog.pictures.count()))
    return [image.pixelColor(40, 40).red() for image in images]


def opened(window, qtbot):
    dialog = window.controllers.making.open()
    qtbot.waitUntil(lambda: dialog.pictures.count() == 9)
    return dialog


def test_without_weights_a_sentence_says_how_to_get_some(window, core):
    said = []
    core.hub.reported.connect(said.append)
    assert window.controllers.making.open() is None
    assert "Train some in the training studio" in said[0].sentence


def test_classes_mix_and_seeds_give_other_pictures(window, makers, qtbot):
    dialog = opened(window, qtbot)
    assert [dialog.class_name.itemText(row) for row in range(2)] == ["night", "day"]
    dialog.show_seed(100)
    qtbot.waitUntil(lambda: shades(dialog) == [seed % 50 for seed in range(100, 109)])
    dialog.class_name.setCurrentIndex(1)
    qtbot.waitUntil(lambda: shades(dialog)[0] == 200)
    dialog.other_class.setCurrentIndex(1)
    dialog.mix.setValue(75)
    assert dialog.shares == {"day": 0.25, "night": 0.75}
    dialog.count.setValue(4)
    qtbot.waitUntil(lambda: shades(dialog) == [50, 51, 52, 53])
    dialog.reject()


def test_what_the_network_finds_lies_over_the_pictures(window, makers, qtbot):
    dialog = opened(window, qtbot)
    dialog.show_seed(100)
    qtbot.waitUntil(lambda: shades(dialog)[0] == 0)
    dialog.entities.setChecked(True)
    qtbot.waitUntil(lambda: shades(dialog)[0] > 60)
    dialog.entities.setChecked(False)
    qtbot.waitUntil(lambda: shades(dialog)[0] == 0)
    dialog.reject()


def test_a_chosen_picture_goes_where_dropped_pictures_go(window, makers, qtbot):
    taken = []
    controller = window.controllers.making
    controller.picture_wanted.disconnect()
    controller.picture_wanted.connect(taken.append)
    assert isinstance(controller, MakeController)
    dialog = opened(window, qtbot)
    dialog.show_seed(103)
    qtbot.waitUntil(lambda: shades(dialog)[0] == 3)
    dialog.entities.setChecked(True)  # the picture that is taken is without it
    qtbot.waitUntil(lambda: shades(dialog)[0] > 60)
    dialog.pictures.setCurrentRow(2)
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    (incoming,) = taken
    assert isinstance(incoming.image, QImage) and incoming.image.pixelColor(3, 3).red() == 5
