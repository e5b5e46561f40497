"""Fixtures of the window's tests."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from tests.app.fakes import core, engine, window

__all__ = ["core", "engine", "window"]

PATIENCE = 30_000
"""How long to wait for what will come: costs nothing where all is well, and the machine may be busy."""

for method in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed):
    method.__kwdefaults__ = {**(method.__kwdefaults__ or {}), "timeout": PATIENCE}
