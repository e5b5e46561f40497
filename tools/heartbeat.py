"""How long the window's thread is kept from its events while a training runs: a figure to look at, not a test.

    python -m tools.heartbeat [--data DATA] [--recipe RECIPE] [--seconds SECONDS]

Without DATA it trains on drawn label maps, without RECIPE sean-small; SECONDS (60) of training are measured. A timer of
the event loop should fire every 2 ms. What it misses is printed for the idle editor, for the editor with a training
under way (curves and samples shown, live; the curves hold 5000 earlier reports, as those of a long run) and while the
newest state is taken into the editor. On a machine that does other things too, most of a long gap may be time in which
other programs had the processor. The second figure leaves that out: of each gap it counts no more than the processor
time that the whole editor, training included, used in it, and not what the window's thread spent in the system's queue
(Linux counts both). With a processor of its own for the editor a gap could not have been longer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable
from pathlib import Path

os.environ["TESSERA_HOME"] = tempfile.mkdtemp()  # before the application reads its settings
os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

import app.__main__ as start
from app.core import Core
from app.jobs.training_lane import State
from app.shell.i18n import install_language
from app.shell.settings import Settings
from app.shell.theme import Theme
from app.training.history import History
from engine.data.drawn import draw_labelled
from engine.labels.label_sets import load_label_set

HOME = Path(os.environ["TESSERA_HOME"])
EARLIER = 5000
"""Reports that the curves hold before the run's own."""


def queued() -> float:
    """Seconds that this thread has waited for a processor; 0 where the system does not say."""
    try:
        schedule_text = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(schedule_text.split()[1]) / 1e9


class Heartbeat:
    """Collects the gaps between the beats of a timer."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self._last: tuple[float, float, float] | None = None
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(2)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        beat_time, queue_time, processor_time = time.perf_counter(), queued(), time.process_time()
        if self._last is not None:
            gap = beat_time - self._last[0]
            self.gaps.append((gap, max(0.0, min(gap - (queue_time - self._last[1]), processor_time - self._last[2]))))
        self._last = (beat_time, queue_time, processor_time)

    def report(self, phase_name: str) -> str:
        """One line about the gaps so far, which are then forgotten."""
        gaps, self.gaps = np.array(self.gaps or [(0.0, 0.0)]) * 1000, []
        longest, percentiles = gaps.max(0), np.percentile(gaps, 99, axis=0)
        return (
            f"{phase_name}: {len(gaps)} beats; longest gap {longest[0]:.0f} ms, without other programs "
            f"{longest[1]:.0f} ms; 99th percentile {percentiles[0]:.1f} and {percentiles[1]:.1f} ms; over 50 ms: "
            f"{(gaps > 50).sum(0).tolist()}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--recipe", default="sean-small")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    data_folder = options.data
    if data_folder is None:
        data_folder = HOME / "drawn"
        draw_labelled(data_folder, 128, load_label_set("faces"))
    application = QApplication(sys.argv[:1])
    install_language("en")
    core = Core(Settings(HOME / "settings.ini"), Theme(application, "dark"))
    editor = start.Editor(core)
    editor.show()
    controller = editor.window.controllers.studio
    until(application, lambda: core.document.picture is not None)
    controller.open(data_folder)
    until(application, lambda: controller.studio is not None)
    heartbeat = Heartbeat()
    until(application, lambda: False, options.seconds / 4)
    say(heartbeat.report("idle"))
    assert controller.studio is not None
    setup = controller.studio.setup
    setup.recipe.load(options.recipe)
    for recipe_key in ("sample_every", "validate_every"):  # often enough to be seen in the time there is
        setup.recipe.field(recipe_key).setText("10")
    setup.start.click()
    until(application, lambda: core.training.state is State.RUNNING)
    say(heartbeat.report("preparing"))
    history = core.training.live_history
    until(application, lambda: history is None or bool(history.series))
    if history is not None:
        lengthen(history)
    until(application, lambda: False, options.seconds)
    shown = core.training.shown
    training_summary = "training"
    if shown is not None:
        training_summary += f", {shown.step} steps, {len(shown.sheets)} sample sheets"
    say(heartbeat.report(training_summary))
    controller.use()
    until(application, lambda: shown is not None and core.document.weights == shown.folder.name)
    until(application, lambda: bool(editor.window.controllers.render.up_to_date))
    say(heartbeat.report("using the newest state in the editor, while it trains"))
    core.document.mark_saved()
    core.shutdown()


def lengthen(history: History) -> None:
    """Give every curve the reports of a long run before the ones it has."""
    generator = np.random.default_rng(0)
    for series in history.series.values():
        first_value = series.values[0]
        series.steps[:0] = array("d", range(-EARLIER, 0))
        series.values[:0] = array("d", first_value * (1 + 0.2 * generator.standard_normal(EARLIER)))


def say(text_line: str) -> None:
    sys.stdout.write(text_line + "\n")
    sys.stdout.flush()


def until(application: QApplication, is_done: Callable[[], object], limit_seconds: float = 600.0) -> None:
    """Run the event loop until `is_done()` or for so many seconds."""
    deadline = time.monotonic() + limit_seconds
    while not is_done() and time.monotonic() < deadline:
        application.processEvents()
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
