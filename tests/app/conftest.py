"""Fixtures of the window's tests."""

from __future__ import annotations

from tests.app.fakes import core, engine, window

__all__ = ["core", "engine", "window"]
