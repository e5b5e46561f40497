"""A large photo is opened, its hair takes another style, it is exported: every other sample is still the camera's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl

from app.document.kinds import EDIT
from app.document.opening import PhotoUse
from engine.pictures.images import read_image
from engine.requests.styles import ImageStyle
from tests.app.pointing import Drag
from tests.e2e.conftest import SAMPLE
from tests.e2e.shown import exported_photo

HAIR = 13
PATIENCE = 120_000  # ms; the machine may be busy
SIZE = 3000, 4000
FACE = slice(400, 2800), slice(800, 3200)  # where the portrait is in the photo


@pytest.fixture
def large_photo(tmp_path: Path) -> Path:
    """A portrait in a photo of 12 megapixels."""
    pixels = np.full((*SIZE, 3), (90, 120, 140), np.uint8)
    with Image.open(SAMPLE.with_name("long-dark.png")) as portrait:
        pixels[FACE] = np.asarray(portrait.convert("RGB").resize((2400, 2400), Image.Resampling.BICUBIC))
    path = tmp_path / "我的 照片" / "large.png"
    path.parent.mkdir()
    Image.fromarray(pixels).save(path, compress_level=1)
    return path


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_other_hair_for_a_large_photo(editor, large_photo, tmp_path, qtbot, monkeypatch):
    window, document, canvas = editor.window, editor.core.document, editor.window.canvas
    document.mark_saved()
    window.controllers.photos.begin(large_photo, PhotoUse(EDIT, document.label_set, "sean-faces"))
    qtbot.waitUntil(lambda: document.height == SIZE[0] and document.label_map.any(), timeout=PATIENCE)
    hair = document.label_map == HAIR
    assert hair.shape == SIZE and 0.05 < hair.mean() < 0.4
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date, timeout=PATIENCE)
    original = read_image(large_photo).pixels
    assert np.array_equal(document.picture, original)  # nothing is painted yet

    editor.core.settings.always_show_regions = False
    rows, columns = np.nonzero(hair)
    middle = len(rows) // 2
    x, y = (int(columns[middle]) + 0.5, int(rows[middle]) + 0.5)
    point = round(x * canvas.view.scale + canvas.view.x), round(y * canvas.view.scale + canvas.view.y)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(SAMPLE))])
    drag = Drag(canvas, mime)
    assert drag.enter(point)
    drag.move(point)
    assert drag.drop(point)
    qtbot.waitUntil(lambda: isinstance(document.style(HAIR), ImageStyle), timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date, timeout=PATIENCE)
    picture = document.picture
    assert picture.shape == original.shape and picture[hair].mean() > original[hair].mean() + 20  # blond now

    exported = exported_photo(editor, qtbot, monkeypatch, tmp_path / "out.png")
    assert np.array_equal(exported, picture)
    changed = (exported != original).any(-1)
    assert changed[hair].mean() > 0.9
    assert (changed & ~hair).mean() <= 0.02  # of the frame, beyond the region
    assert not changed[:250].any() and not changed[:, :650].any()  # well outside the portrait
