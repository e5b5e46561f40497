"""Settings that a killed process, or anything else, left damaged cost no more than themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from app.shell.settings import Settings

ROOT = Path(__file__).parents[3]


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


KEPT_WRITING = """
import sys
from pathlib import Path
from app.shell.settings import Settings
settings, number = Settings(Path(sys.argv[1])), 0
while True:
    number += 1
    settings.brush, settings.device = number % 1000 + 1, "x" * 9999 + str(number % 1000 + 1)
    settings.sync()
    print(number, flush=True)
"""


def test_settings_killed_while_they_are_written_are_those_before_or_after(qapp, tmp_path: Path) -> None:
    path = tmp_path / "tessera.ini"
    for _ in range(2):  # the second one finds the lock of the first
        command = [sys.executable, "-c", KEPT_WRITING, str(path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(20):
                assert child.stdout.readline()
            child.kill()
        settings = Settings(path)
        assert settings.device == "x" * 9999 + str(settings.brush)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes with names are Unix's")
@pytest.mark.parametrize("make", ["mkfifo", "mkdir"])
def test_something_else_of_the_settings_name_stops_nothing(qapp, tmp_path: Path, make: str) -> None:
    getattr(os, make)(tmp_path / "tessera.ini")
    Settings(tmp_path / "tessera.ini").brush = 9
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
