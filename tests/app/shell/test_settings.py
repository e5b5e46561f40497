"""Settings that a killed process, or anything else, left damaged cost no more than themselves."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QSettings

from app.shell.settings import Settings


def read_all(settings: Settings) -> list[object]:
    kinds = [name for name, value in vars(Settings).items() if isinstance(value, property)]
    return [getattr(settings, name) for name in kinds] + [settings.recent(), settings.window_state()]


def test_settings_are_replaced_in_one_step(qapp, tmp_path: Path) -> None:
    """By Qt, which writes a file of its own and renames it; nothing of that stays."""
    settings = Settings(tmp_path / "tessera.ini")
    settings.brush = 7
    settings.sync()
    assert settings._store.isAtomicSyncRequired() and settings._store.status() == QSettings.Status.NoError
    first_file = os.stat(tmp_path / "tessera.ini").st_ino
    settings.brush = 9
    settings.sync()
    assert os.listdir(tmp_path) == ["tessera.ini"] and os.stat(tmp_path / "tessera.ini").st_ino != first_file
    assert Settings(tmp_path / "tessera.ini").brush == 9


def test_settings_cut_anywhere_read(qapp, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "tessera.ini")
    settings.brush, settings.theme, settings.device = 7, "dark", "cpu"
    settings.add_recent(tmp_path / "写 真.png")
    settings.sync()
    content = (tmp_path / "tessera.ini").read_bytes()
    for length in range(0, len(content), 7):
        cut = tmp_path / f"cut-{length}.ini"
        cut.write_bytes(content[:length])
        assert all(value is not None for value in read_all(Settings(cut)))
