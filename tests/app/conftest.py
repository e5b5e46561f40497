"""Fixtures of the window's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.jobs.work_lane import WorkLane
from app.shell.settings import Settings
from tests.app.fakes import core, engine, photo, window

__all__ = ["core", "engine", "photo", "window"]

PATIENCE = 30_000
"""How long to wait for what will come: costs nothing where all is well, and the machine may be busy."""

for method in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed):
    method.__kwdefaults__ = {**(method.__kwdefaults__ or {}), "timeout": PATIENCE}


@pytest.fixture(autouse=True)
def widgets_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only Python holds is deleted by whichever thread happens to collect it, and Qt does not survive that of a
    widget: all that a test shows is held until qtbot has deleted it, after the workers have ended."""
    held: list[object] = []
    add = QtBot.addWidget

    def add_and_hold(bot: QtBot, widget: QWidget, **options: Any) -> None:
        held.append(widget)
        add(bot, widget, **options)

    monkeypatch.setattr(QtBot, "addWidget", add_and_hold)


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[WorkLane]:
    made = WorkLane()
    yield made
    made.shutdown()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture(autouse=True)
def mouse_is_let_go() -> Iterator[None]:
    """Qt remembers a pressed button for all windows of the process: the next test's window would wait for ever."""
    yield
    assert QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton, "the test left a mouse button pressed"
