"""From photo to photo on the real engine: a colour from another picture, edits that are copied and pasted, and a photo
that is gone when its document is opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from app.document.kinds import EDIT
from app.document.opening import PhotoUse
from app.panels.edits.panel import EditsPanel
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle
from tests.e2e.conftest import SAMPLE

HAIR = 13
PATIENCE = 120_000  # ms; the machine may be busy


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Two portraits in an awkward folder."""
    folder = tmp_path / "我的 照片"
    folder.mkdir()
    paths = [folder / name for name in ("anna.jpg", "ben.jpg")]
    for path, sample in zip(paths, ("long-dark.png", "blonde.png"), strict=True):
        with Image.open(SAMPLE.with_name(sample)) as portrait:
            portrait.convert("RGB").save(path, quality=95)
    return paths


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_a_colour_goes_from_picture_to_photo_to_photo_and_outlives_a_move(editor, photos, qtbot, monkeypatch):
    window, core, document = editor.window, editor.core, editor.core.document
    anna, ben = photos

    def settle() -> None:
        qtbot.waitUntil(
            lambda: window.controllers.render.up_to_date and not core.render_lane.busy and not core.foreground_busy,
            timeout=PATIENCE,
        )

    def edit(path: Path) -> None:
        document.mark_saved()
        window.controllers.photos.begin(path, PhotoUse(EDIT, document.label_set, "sean-faces"))
        qtbot.waitUntil(
            lambda: document.photo is not None and document.photo.name == path.name and document.label_map.any(),
            timeout=PATIENCE,
        )
        settle()

    # A colour from a picture beside the photo.
    edit(anna)
    document.set_current_label(HAIR)
    shelf = window.findChild(EditsPanel).shelf
    qtbot.waitUntil(lambda: shelf.isVisible() and shelf.count() > 1)
    place = shelf.visualItemRect(shelf.item(3)).center()
    window.actions_by_id["style_pipette"].trigger()
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=place)
    colour = document.style(HAIR)
    assert isinstance(colour, ColourStyle)
    settle()
    window.actions_by_id["edits_copy"].trigger()

    # The same on another photo: its hair changes, the rest is the file's.
    edit(ben)
    before = document.picture
    window.actions_by_id["edits_paste"].trigger()
    settle()
    assert [row.style for row in document.styling.edits] == [colour]
    changed, hair = (document.picture != before).any(-1), document.label_map == HAIR
    assert changed[hair].mean() > 0.5 and (changed & ~hair).mean() <= 0.05
    edited = document.picture

    # The photo moves while its document is closed.
    saved = ben.with_name("ben.json")
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(saved), "Edits of this photo (*.json)"))
    window.actions_by_id["save"].trigger()
    qtbot.waitUntil(lambda: saved.is_file() and not core.foreground_busy, timeout=PATIENCE)
    edit(anna)
    moved = Path(shutil.move(ben, ben.with_name("moved.jpg")))
    asked: list[str] = []
    monkeypatch.setattr(window.controllers.photos, "ask", lambda *of: bool(asked.append(of[1])) or len(asked) > 1)
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(moved))
    window.controllers.files.open_path(saved)  # and nothing is done about it
    qtbot.waitUntil(lambda: len(asked) == 1 and not core.foreground_busy, timeout=PATIENCE)
    assert document.photo == PhotoReference.of(anna) and "ben.jpg" in asked[0]
    window.controllers.files.open_path(saved)
    qtbot.waitUntil(lambda: document.photo == PhotoReference.of(moved), timeout=PATIENCE)
    settle()
    assert len(asked) == 2 and np.array_equal(document.picture, edited)
