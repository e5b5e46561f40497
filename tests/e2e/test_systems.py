"""One set of controls for every system that paints: what its weights can do works, the rest says why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from app.__main__ import Editor
from app.controllers.styles import Target
from app.core import Core
from app.errors_ui.hub import Severity
from app.panels.styles.panel import StylesPanel
from app.shell.settings import Settings
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from engine.requests.styles import ImageStyle, SampleStyle
from tests.e2e.shown import shown
from tests.e2e.test_journey import PATIENCE, wait_rendered
from tests.engine.systems.tiny import all_weights, tiny_shelf_of_all  # noqa: F401 (fixtures)
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1
NAMES = ("tiny-sean", "tiny-smis", "tiny-smis-blind", "tiny-vspade", "tiny-spade", "tiny-hd")


@pytest.fixture
def editor(qtbot, qapp: QApplication, tmp_path: Path, all_weights: Path) -> Iterator[Editor]:  # noqa: F811
    """The editor with untrained weights of every system."""
    core = Core(Settings(tmp_path / "settings.ini"))
    made = Editor(core)
    faces = load_label_set("faces")
    core.document.new(label_set=faces, label_map=face_label_map(64), weights="tiny-sean", undoable=False)
    core.document.set_current_label(HAIR)
    made.window.error_bar.dismiss()  # the sample's weights are not on this shelf
    yield from shown(qtbot, made, core)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A drawing with its regions beside it."""
    regions = face_label_map(64)
    path = tmp_path / "portrait.png"
    Image.fromarray(photo_of(regions, seed=5)).save(path)
    write_label_map(tmp_path / "portrait.labels.png", regions, load_label_set("faces"))
    return path


def test_every_system_is_painted_rolled_and_styled_with_the_same_controls(editor, photo, qtbot):
    window, document = editor.window, editor.core.document
    hair = document.label_map == HAIR
    wait_rendered(editor, qtbot)
    for name in NAMES:
        document.styling.set_styles(dict.fromkeys(document.styles))
        if name != document.weights:
            window.controllers.model.use(name)
        assert document.weights == name
        plain = wait_rendered(editor, qtbot)
        can = editor.core.catalogue.abilities(name)
        detail = window.findChild(StylesPanel).card
        assert (detail.seed.dice.isEnabled(), detail.button_file.isEnabled()) == (can.samples, can.images), name
        row_count = 1 if can.scope == "picture" else len(np.unique(document.label_map))
        assert window.findChild(StylesPanel).model.rowCount() == row_count
        if can.samples:
            detail.seed.dice.click()
            assert isinstance(document.style(HAIR), SampleStyle)
            rolled = wait_rendered(editor, qtbot)
            assert not np.array_equal(plain[hair], rolled[hair]), name
        else:
            assert name in detail.seed.dice.toolTip()
        if can.images:
            window.controllers.styles.use_file(photo, Target(HAIR))
            qtbot.waitUntil(lambda: isinstance(document.style(HAIR), ImageStyle), timeout=PATIENCE)
            assert not np.array_equal(plain, wait_rendered(editor, qtbot)), name
            assert len(document.styles) == (len(document.label_set) if can.scope == "picture" else 1)
        problem = window.error_bar.problem
        assert problem is None or problem.severity is Severity.NOTICE, (name, problem.sentence)


def test_a_style_follows_through_a_change_of_system_and_back(editor, photo, qtbot):
    """A picture's styles, one for each region, then one for the whole picture, then one for each region again."""
    window, document = editor.window, editor.core.document
    wait_rendered(editor, qtbot)
    window.controllers.styles.use_file(photo, Target())
    qtbot.waitUntil(lambda: len(document.styles) > 3, timeout=PATIENCE)
    regions = set(document.styles)
    before = document.scene.to_request()
    for name in ("tiny-vspade", "tiny-smis"):
        window.controllers.model.use(name)
        qtbot.waitUntil(lambda name=name: document.weights == name, timeout=PATIENCE)
        wait_rendered(editor, qtbot)
        assert window.error_bar.problem is None, window.error_bar.problem
    found = {label: style for label, style in document.styles.items() if label in regions}
    assert all(isinstance(style, ImageStyle) and style.label == label for label, style in found.items())
    document.undo()
    assert len(set(document.styles.values())) == 1 and len(document.styles) == len(document.label_set)
    document.undo()
    assert document.scene.to_request() == before
