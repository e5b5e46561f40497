"""The same journey in a real window on a real X server, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

START = """
import sys
import numpy as np
import app.__main__ as main
from app.window.main_window import MainWindow
from PySide6.QtGui import QGuiApplication

def show(self, event, old=MainWindow.showEvent):
    old(self, event)
    self.first_frame.connect(lambda: finish(self))

def finish(window):
    print("platform", QGuiApplication.platformName(), "torch" in sys.modules, flush=True)
    stored = window.core.document.picture
    window.controllers.render.rendered.connect(lambda _: shoot(window, stored))

def shoot(window, stored):
    print("differs by", np.abs(window.core.document.picture.astype(float) - stored).mean(), flush=True)
    image = QGuiApplication.primaryScreen().grabWindow(0).toImage()
    print("colours", len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}))
    window.core.document.mark_saved()
    window.close()

MainWindow.showEvent = show
sys.exit(main.main([]))
"""


def child(display: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.xvfb
@pytest.mark.timeout(650)
def test_the_journey_works_in_a_real_window(xvfb_display: str) -> None:
    done = child(
        xvfb_display,
        *("-m", "pytest", "tests/e2e/test_journey.py", "-q", "-p", "no:cacheprovider"),
        *("-k", "repaint_a_portrait"),
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "2 passed" in done.stdout  # with untrained weights, and with those that ship


@pytest.mark.xvfb
@pytest.mark.timeout(650)
def test_python_m_app_shows_a_window_that_paints(xvfb_display: str, tiny_weights: Path) -> None:
    done = child(xvfb_display, "-c", START)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "platform xcb False" in done.stdout
    assert int(done.stdout.split("colours")[1]) > 20
    assert float(done.stdout.split("differs by")[1].split()[0]) < 0.5, "run tools/make_samples.py"
