"""Waiting for what the editor does in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app.core import Core

D = TypeVar("D", bound=QDialog)


@contextmanager
def work_done(qtbot: QtBot, core: Core, *, timeout: int = 30_000) -> Iterator[None]:
    """Ends when the work that was begun before or inside, such as writing a file, has been done. Fails if there was
    none."""
    begun = [work.text for work in core._foreground if not work.settled]
    submit = core.submit

    def noted_submit(*arguments, **keywords):
        begun.append(keywords["text"])
        return submit(*arguments, **keywords)

    core.submit = noted_submit  # type: ignore[method-assign]
    try:
        yield
        qtbot.waitUntil(lambda: bool(begun) and not core.foreground_busy, timeout=timeout)
    finally:
        core.submit = submit  # type: ignore[method-assign]


def shown_dialogs(kind: type[D]) -> list[D]:
    """The dialogs of a kind that are on the screen."""
    widgets = QApplication.topLevelWidgets()
    return [widget for widget in widgets if isinstance(widget, kind) and widget.isVisible()]
