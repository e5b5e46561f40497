"""Windows whose document is a photo, begun as a person begins it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.dialogs.export_photo import ExportPhotoDialog
from app.window.main_window import MainWindow
from engine.pictures.lossless import deep_png
from tests.engine.drawn_profiles import wide_profile
from tests.fixtures import face_label_map, photo_of


def write_deep_photo(path: Path) -> np.ndarray:
    """Write a PNG of 16 bits, 64 x 64, with a profile of its own and a camera's name. Returns its samples."""
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    samples = photo_of(face_label_map(64)).astype(np.uint16) * 257 - 77
    path.write_bytes(deep_png(samples, exif.tobytes(), wide_profile(), (300, 300), None))
    return samples


def edit_photo(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    """Make the photo the window's document, and wait for its regions and its picture."""
    document = window.core.document
    document.mark_saved()
    window.controllers.photos.edit(path)
    qtbot.waitUntil(lambda: document.photo is not None and document.photo.name == path.name)
    qtbot.waitUntil(lambda: document.label_map.any())
    settle(window, qtbot)


def settle(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until the picture shows the document and no work is left."""
    render, core = window.controllers.render, window.core
    qtbot.waitUntil(lambda: render.up_to_date and not core.render_lane.busy and not core.foreground_busy)


def export_dialog() -> ExportPhotoDialog | None:
    """The dialog that asks how a photo is written, while it is on the screen."""
    widgets = QApplication.topLevelWidgets()
    return next((shown for shown in widgets if isinstance(shown, ExportPhotoDialog) and shown.isVisible()), None)
