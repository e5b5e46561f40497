"""A label map that is named where a photo is asked for is opened as what it is, or as a photo if the user says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog

from app.dialogs.choices import ChoiceDialog
from app.dialogs.label_map import LabelMapDialog
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from tests.fixtures import face_label_map


@pytest.fixture(params=["colour", "raw"])
def label_map_file(request, tmp_path) -> Path:
    path = tmp_path / "map.png"
    write_label_map(path, face_label_map(64), load_label_set("faces"), kind=request.param)
    return path


def shown(kind: type[QDialog]) -> QDialog | None:
    widgets = QApplication.topLevelWidgets()
    return next((widget for widget in widgets if isinstance(widget, kind) and widget.isVisible()), None)


@pytest.mark.parametrize("command", ["new_photo", "new_painting"])
def test_it_is_offered_as_a_label_map(window, core, label_map_file, qtbot, monkeypatch, command):
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(label_map_file))
    before = core.document.scene
    window.actions_by_id[command].trigger()
    qtbot.waitUntil(lambda: shown(ChoiceDialog) is not None)
    asked = shown(ChoiceDialog)
    assert list(asked.buttons) == ["map", "photo"] and core.document.scene == before
    asked.buttons["map"].click()
    qtbot.waitUntil(lambda: shown(LabelMapDialog) is not None)
    opened = shown(LabelMapDialog)
    qtbot.waitUntil(lambda: not core.foreground_busy)
    opened.reject()


def test_the_user_may_mean_a_photo_of_few_colours(window, core, label_map_file, qtbot):
    core.document.mark_saved()
    window.controllers.photos.edit(label_map_file)
    qtbot.waitUntil(lambda: shown(ChoiceDialog) is not None)
    shown(ChoiceDialog).buttons["photo"].click()
    qtbot.waitUntil(lambda: core.document.photo is not None and core.document.label_map.any())
    assert core.document.photo.name == label_map_file.name
