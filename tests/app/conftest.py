"""Fixtures of the window's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.app.fakes import core, engine, photo, window

__all__ = ["core", "engine", "photo", "window"]

PATIENCE = 30_000
"""How long to wait for what will come: costs nothing where all is well, and the machine may be busy."""

for method in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed):
    method.__kwdefaults__ = {**(method.__kwdefaults__ or {}), "timeout": PATIENCE}


@pytest.fixture(autouse=True)
def mouse_is_let_go() -> Iterator[None]:
    """Qt remembers a pressed button for all windows of the process: the next test's window would wait for ever."""
    yield
    assert QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton, "the test left a mouse button pressed"
