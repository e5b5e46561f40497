"""Every key of the action table, pressed in a real window on a real X server, as a hand presses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.shell.actions import ACTIONS, BY_ID

ROOT = Path(__file__).parents[2]
LAST = "quit"
"""The action that ends the window comes last."""

START = """
import sys, tempfile
from pathlib import Path
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from app.window.main_window import MainWindow
from tests.app.fakes import Engine, make_core

application = QApplication([])
core = make_core(Path(tempfile.mkdtemp()), Engine())
window = MainWindow(core)

def listen(action_id, action):
    action.triggered.disconnect()
    action.triggered.connect(lambda: print(action_id, flush=True))
    action.setEnabled(True)

for action_id, action in window.actions_by_id.items():
    listen(action_id, action)
window.actions_by_id["quit"].triggered.connect(application.quit)
window.first_frame.connect(window.activateWindow)
once = Qt.ConnectionType.SingleShotConnection
application.focusWindowChanged.connect(lambda _: print("ready", flush=True), once)
window.show()
application.exec()
core.shutdown()
"""

SHIFTED = {"{": "shift+bracketleft", "}": "shift+bracketright", "+": "shift+equal"}
"""Signs that stand above others on an American keyboard."""
KEYSYMS = {
    "[": "bracketleft", "]": "bracketright", "=": "equal", "-": "minus", "Backspace": "BackSpace", **SHIFTED
}  # fmt: skip


def pressed(key: str) -> str:
    """What xdotool presses for a key of the table: "Ctrl+Shift+Z" is "ctrl+shift+z"."""
    modifiers, _, sign = key.rpartition("+") if not key.endswith("++") else (key[:-2], "", "+")
    held = [modifier.lower() for modifier in modifiers.split("+") if modifier]
    return "+".join([*held, KEYSYMS.get(sign, sign.lower() if len(sign) == 1 else sign)])


@pytest.fixture
def listening(xvfb_display: str) -> Iterator[subprocess.Popen[str]]:
    """A window in a process of its own that has the keyboard, and says on its output which action is triggered."""
    environment = {**os.environ, "DISPLAY": xvfb_display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    with subprocess.Popen(
        [sys.executable, "-c", START], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        yield child
        child.kill()


@pytest.mark.xvfb
@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed (apt-get install xdotool)")
def test_every_key_of_the_table_does_what_the_table_says(
    listening: subprocess.Popen[str], xvfb_display: str
) -> None:
    keys = [(key, action.id) for action in ACTIONS if action.id != LAST for key in action.keys]
    keys += [(key, LAST) for key in BY_ID[LAST].keys]
    assert listening.stdout is not None
    assert listening.stdout.readline() == "ready\n"
    subprocess.run(
        ["xdotool", "key", "--delay", "20", *(pressed(key) for key, _ in keys)],
        env={**os.environ, "DISPLAY": xvfb_display},
        timeout=60,
        check=True,
    )
    triggered = listening.stdout.read().split()
    assert triggered == [action_id for _, action_id in keys]
