"""An editor on the screen for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator

from pytestqt.qtbot import QtBot

from app.__main__ import Editor
from app.core import Core


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
