"""A new painting of a part of a photo: the crop is dragged, a size is typed, and the model paints just that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.dialogs.choices import ChoiceDialog
from engine.labels.label_maps import resize_label_map
from engine.pictures.closeup import focus
from tests.app.pointing import Mouse
from tests.app.waiting import shown_dialogs
from tests.e2e.conftest import SAMPLE
from tests.e2e.test_journey import HAIR, PATIENCE, SKIN, regions_dialog, wait_rendered

pytestmark = pytest.mark.parametrize("shelf", ["shipped"], indirect=True)


@pytest.fixture
def wide_photo(tmp_path: Path) -> Path:
    """A portrait at the left of a wide photo."""
    pixels = np.full((400, 900, 3), (90, 120, 140), np.uint8)
    with Image.open(SAMPLE) as portrait:
        pixels[60:316, 50:306] = np.asarray(portrait.convert("RGB"))
    path = tmp_path / "宽 wide.png"
    Image.fromarray(pixels).save(path)
    return path


def take_first_choice(qtbot, is_past):
    """What the photo shows is asked, once it was looked at, where weights of other labels are installed as well;
    ``is_past``: whether that was not asked."""
    qtbot.waitUntil(lambda: bool(shown_dialogs(ChoiceDialog)) or is_past(), timeout=PATIENCE)
    for asked in shown_dialogs(ChoiceDialog):
        asked.buttons["0"].click()


def begin(editor, photo, qtbot, monkeypatch):
    """New painting from that photo, which shows a face: the dialog with its regions."""
    editor.core.document.mark_saved()
    monkeypatch.setattr(editor.window.context.ask, "pick_open", lambda *_: str(photo))
    editor.window.actions_by_id["new_painting"].trigger()
    take_first_choice(qtbot, lambda: regions_dialog() is not None)
    qtbot.waitUntil(lambda: regions_dialog() is not None, timeout=PATIENCE)
    dialog = regions_dialog()
    qtbot.waitExposed(dialog)
    return dialog


def test_a_part_of_a_photo_is_painted_at_another_size(editor, wide_photo, qtbot, monkeypatch):
    document, before = editor.core.document, editor.core.document.scene
    dialog = begin(editor, wide_photo, qtbot, monkeypatch)
    regions = dialog.document.label_map.copy()
    proposed = dialog.crop.cropping
    (rows, columns), (most_rows, most_columns) = proposed.crop.slices, focus(regions)
    assert rows.stop <= most_rows.stop and columns.stop <= most_columns.stop  # within what was looked at
    assert regions[rows, columns].any() and proposed.size == (256, 256)
    assert "Kept" in dialog.crop.summary.text() and "Painted anew" in dialog.crop.summary.text()

    QTest.keyClick(dialog.canvas, "C")
    frame = dialog.crop.frame
    qtbot.waitUntil(lambda: frame.active)
    edge, scale = frame.rectangle(), dialog.canvas.view.scale
    right = (edge.right(), edge.center().y())
    Mouse(frame).drag(right, (right[0] + 20 * scale, right[1]), (right[0] + 2 * edge.width(), right[1]))
    box = dialog.crop.width_box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "512")
    origin = document.origin
    QTest.keyClick(box, Qt.Key.Key_Return)
    chosen = dialog.crop.cropping
    assert chosen.size[1] == 512 > chosen.size[0] and chosen.crop.x0 == proposed.crop.x0

    qtbot.waitUntil(lambda: document.origin is not origin, timeout=PATIENCE)
    rows, columns = chosen.crop.slices
    assert np.array_equal(document.label_map, resize_label_map(regions[rows, columns], *chosen.size))
    assert {HAIR, SKIN} <= set(document.styles) and document.photo is None
    assert wait_rendered(editor, qtbot).shape == (*chosen.size, 3)
    document.undo()
    assert document.scene == before


def test_escape_leaves_the_document_as_it_was(editor, wide_photo, qtbot, monkeypatch):
    document, before = editor.core.document, editor.core.document.scene
    dialog = begin(editor, wide_photo, qtbot, monkeypatch)
    dialog.crop.width_box.setValue(1024)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert regions_dialog() is None and document.scene is before and not document.dirty


@pytest.mark.parametrize(("shape", "sentence"), [((1, 1), "宽"), ((7, 4000), "宽")])
def test_a_photo_of_next_to_nothing_is_named(editor, tmp_path, qtbot, monkeypatch, shape, sentence):
    path = tmp_path / "宽 tiny.png"
    Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(path)
    editor.core.document.mark_saved()
    editor.window.error_bar.dismiss()
    monkeypatch.setattr(editor.window.context.ask, "pick_open", lambda *_: str(path))
    editor.window.actions_by_id["new_painting"].trigger()
    take_first_choice(qtbot, lambda: editor.window.error_bar.problem is not None)
    qtbot.waitUntil(lambda: editor.window.error_bar.problem is not None, timeout=PATIENCE)
    assert sentence in editor.window.error_bar.problem.sentence and regions_dialog() is None
