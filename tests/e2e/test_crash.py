"""Nothing is lost when the process is killed: two processes, one after the other, in a real window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.document.saved.process_folders import leftovers

ROOT = Path(__file__).parents[2]

START = """
import hashlib, os, signal, sys
import app.__main__ as main
from app.window.main_window import MainWindow
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

def digest(document):
    return hashlib.sha256(document.label_map.tobytes()).hexdigest()[:16]

def show(self, event, old=MainWindow.showEvent):
    old(self, event)
    self.first_frame.connect(lambda: QTimer.singleShot(0, lambda: begin(self)))

MainWindow.showEvent = show
"""

PAINT = START + """
def begin(window):
    window.core.autosave.kept.connect(lambda: end(window))
    window.controllers.render.rendered.connect(lambda _: paint(window), Qt.ConnectionType.SingleShotConnection)

def paint(window):
    canvas = window.canvas
    middle = canvas.rect().center()
    window.core.document.set_current_label(17)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(canvas, middle + QPoint(30, 20))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, 20))

def end(window):
    document = window.core.document
    print("painted", digest(document), document.undo_text, len(document.results), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

sys.exit(main.main([]))
"""

RECOVER = START + """
def begin(window):
    window.looking = QTimer(window)
    window.looking.timeout.connect(lambda: look(window))
    window.looking.start(50)

def look(window):
    dialog = window.controllers.recovery.dialog
    if dialog is None or not dialog.isVisible():
        return
    window.looking.stop()
    if len(sys.argv) > 1:
        QTest.qWait(300)
        QGuiApplication.primaryScreen().grabWindow(0).save(sys.argv[1])
    window.core.autosave.kept.connect(lambda: QTimer.singleShot(0, lambda: end(window)))
    QTest.mouseClick(next(iter(dialog.rows.values())).restore_button, Qt.MouseButton.LeftButton)

def end(window):
    document = window.core.document
    print("restored", digest(document), document.dirty, len(document.results), flush=True)
    if len(sys.argv) > 2:
        QTest.qWait(3000)
        QGuiApplication.primaryScreen().grabWindow(0).save(sys.argv[2])
    document.mark_saved()
    window.close()

sys.exit(main.main([]))
"""


def run(display: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.xvfb
@pytest.mark.timeout(650)
def test_what_was_painted_before_a_kill_is_brought_back_at_the_next_start(xvfb_display: str, tiny_weights: Path):
    killed = run(xvfb_display, PAINT)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-3000:]
    painted = killed.stdout.split("painted ")[1].split()
    (left,) = leftovers()
    assert left.manifest.steps >= 1 and left.thumbnail
    restored = run(xvfb_display, RECOVER)
    assert restored.returncode == 0, restored.stderr[-3000:]
    assert restored.stdout.split("restored ")[1].split()[:2] == [painted[0], "True"]
    assert leftovers() == [], "it was closed"
