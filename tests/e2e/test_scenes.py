"""Streets and house fronts: a template or a photo finds weights and parser by itself, whatever the window showed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from app.__main__ import Editor
from app.core import Core
from app.dialogs.choices import ChoiceDialog
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.templates import TemplateDialog
from app.document.opening import templates
from app.shell.settings import Settings
from app.texts.label_names import set_name
from engine.labels.label_sets import load_label_set
from engine.requests.styles import ImageStyle, SampleStyle
from engine.weights.store import list_weights
from tests.e2e.shown import shown
from tests.e2e.test_journey import PATIENCE, drop_on, mime_of, regions_dialog, wait_rendered

INSTALLED = {entry.name for entry in list_weights() if entry.card is not None}


@pytest.fixture(params=["street", "facades"])
def scene(request: pytest.FixtureRequest) -> str:
    needed = {f"sean-{request.param}", f"parser-{request.param}", "sean-faces"}
    if missing := needed - INSTALLED:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    return str(request.param)


@pytest.fixture
def editor(qtbot, qapp: QApplication, tmp_path: Path, scene: str) -> Iterator[Editor]:
    """The editor as it starts, on a portrait."""
    core = Core(Settings(tmp_path / "settings.ini"))
    made = Editor(core)
    yield from shown(qtbot, made, core)


def dialog(kind):
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found[0] if found else None


def test_a_template_and_a_photo_of_a_scene(editor, scene, qtbot, tmp_path):
    window, document, labels = editor.window, editor.core.document, load_label_set(scene)
    assert document.weights == "sean-faces"

    # From the gallery: the tab, the first template, and its own weights paint it.
    window.actions_by_id["new_template"].trigger()
    gallery = dialog(TemplateDialog)
    names = [gallery.tabs.tabText(i) for i in range(gallery.tabs.count())]
    gallery.tabs.setCurrentIndex(names.index(set_name(labels)))
    gallery.accept()
    assert document.weights == f"sean-{scene}" and document.label_set.same_labels(labels)
    plain = wait_rendered(editor, qtbot)
    assert plain.std() > 10 and window.error_bar.problem is None

    # Styles that fit one another, drawn from what was measured on the data.
    window.actions_by_id["style_dice_all"].trigger()
    assert {type(style) for style in document.styles.values()} == {SampleStyle}
    drawn = wait_rendered(editor, qtbot)
    assert not np.array_equal(drawn, plain)
    truth = document.label_map.copy()

    # Dropped on a portrait, that picture asks what it is; its regions are found, and it is repainted in its own form.
    photo = tmp_path / "照片 photo.jpg"
    Image.fromarray(drawn).save(photo, quality=95)
    document.undo()
    document.undo()
    assert document.weights == "sean-faces"
    document.mark_saved()  # else the user would be asked
    drop_on(window, mime_of(photo), (5, 5))
    qtbot.waitUntil(lambda: dialog(ChoiceDialog) is not None, timeout=PATIENCE)
    wanted, before = f"New painting: {set_name(labels)}", document.origin
    next(button for button in dialog(ChoiceDialog).buttons.values() if wanted in button.accessibleName()).click()
    qtbot.waitUntil(lambda: regions_dialog() is not None, timeout=PATIENCE)
    found = regions_dialog().document.label_map
    assert found.shape == truth.shape and (found == truth).mean() > 0.4
    regions_dialog().accept()
    qtbot.waitUntil(lambda: document.origin is not before, timeout=PATIENCE)
    assert document.weights == f"sean-{scene}"
    assert any(isinstance(style, ImageStyle) for style in document.styles.values())
    if scene == "street":
        assert document.height < document.width  # nothing was cut off
    wait_rendered(editor, qtbot)


def test_a_label_map_of_a_scene_is_read_by_its_colours(editor, scene, qtbot):
    window, document, labels = editor.window, editor.core.document, load_label_set(scene)
    drop_on(window, mime_of(templates(labels)[0].path), (5, 5))
    qtbot.waitUntil(lambda: dialog(LabelMapDialog) is not None and dialog(LabelMapDialog).usable, timeout=PATIENCE)
    assert dialog(LabelMapDialog).label_set.same_labels(labels)
    dialog(LabelMapDialog).make.click()
    assert document.weights == f"sean-{scene}" and document.label_set.same_labels(labels)
    wait_rendered(editor, qtbot)
