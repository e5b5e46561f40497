"""An editor on the screen for the length of a test, and what it exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import Editor
from app.core import Core
from app.dialogs.export_photo import ExportPhotoDialog
from engine.pictures.images import read_image

PATIENCE = 120_000  # ms; the machine may be busy


def shown(qtbot: QtBot, made: Editor, core: Core) -> Iterator[Editor]:
    """Show the editor, lend it to the test, and end its workers afterwards."""
    qtbot.addWidget(made.window, before_close_func=lambda _: core.document.mark_saved())
    made.show()
    qtbot.waitExposed(made.window)
    yield made
    made.window.controllers.render.stop()
    made.window.controllers.results.stop()
    core.shutdown()
    core.deleteLater()


def exported_photo(editor: Editor, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, target: Path) -> np.ndarray:
    """Export the photo by the menu's way to a PNG file and read it back: (H, W, 3)."""
    window = editor.window
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), "PNG (*.png)"))
    window.controllers.exports.export_picture()
    asked = next(w for w in QApplication.topLevelWidgets() if isinstance(w, ExportPhotoDialog) and w.isVisible())
    asked.accept()
    qtbot.waitUntil(lambda: target.is_file() and not editor.core.foreground_busy, timeout=PATIENCE)
    return read_image(target).pixels
