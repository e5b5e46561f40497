"""`python -m app.bench_editor`: drives the real editor and measures it; prints one JSON list of rows.

A process of its own, so that start-up is measured from nothing and settings of the user are not touched. It is started
by `tessera bench editor` (`engine.bench.editor`), which knows nothing of Qt. Moves of the mouse are events as a
window system sends them; the time of one ends when the canvas has been painted again. Each row is
{measure, value, unit, limit}: limit is None where none is promised.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication

from app.__main__ import Editor
from app.core import Core
from app.document.opening import painting_path, photo_uses, read_request_file, second_photo_path
from app.shell.settings import Settings
from app.shell.theme import Theme
from engine.files import write_text
from engine.labels.label_maps import resize_label_map
from engine.pictures.images import read_image, resize_image, write_image
from engine.requests.styles import ColourStyle, SampleStyle

WINDOW = 1600, 1000
SIDE, DIAMETER = 2048, 512  # of the label map and of the brush whose latency is measured
PHOTO = 3000, 4000  # height and width of the photo that is edited: 12 megapixels
HAND_S = 0.008  # between two moves of the mouse: 125 a second
PATIENCE_S = 120.0  # for one picture, on a machine that is busy with other things
LIMITS = {
    "first picture": 3.0,
    "first edit answered": 2.5,
    "brush edit, exact picture": 0.35,
    "style edit, exact picture": 0.35,
    "seed edit, exact picture": 0.35,
    "brush to screen p95": 16.0,
    "brush to screen p95 while rendering": 16.0,
    "heartbeat gap max while rendering": 50.0,
    "heartbeat gap max while rendering 2048 x 2048": 50.0,
    "heartbeat gap max while a photo of 12 megapixels is edited": 50.0,
    "window shown": 1.5,
}


class Paints(QObject):
    """Counts the paint events of one widget."""

    count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


class Heart(QObject):
    """A timer of the GUI thread that notes when it ticks."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(5)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter()))
        self._ticks: list[float] = []

    def gaps(self, during: Callable[[], object]) -> np.ndarray:
        """Milliseconds between two ticks while `during` runs."""
        self._ticks = [time.perf_counter()]
        self._timer.start()
        during()
        self._timer.stop()
        return np.diff([*self._ticks, time.perf_counter()]) * 1000


class Bench:
    """The editor under measurement."""

    def __init__(self, application: QApplication, editor: Editor, started: float) -> None:
        self.application, self.core, self.window = application, editor.core, editor.window
        self.canvas, self.render = editor.window.canvas, editor.window.controllers.render
        self.document = editor.core.document
        self.rows: list[dict[str, Any]] = []
        self._started = started
        self._paints = Paints()
        self.canvas.installEventFilter(self._paints)
        self._random = np.random.default_rng(1)
        self._held = Qt.MouseButton.NoButton

    def row(self, measure: str, value: float, unit: str) -> None:
        """Note a result."""
        limit = LIMITS.get(measure)
        self.rows.append({"measure": measure, "value": round(float(value), 4), "unit": unit, "limit": limit})

    def wait(self, condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
        """Handle events until something is so."""
        deadline = time.perf_counter() + seconds
        wake = QTimer()  # so that waiting for events ends even if none comes
        wake.start(4)
        loop = QEventLoop()
        while not condition():
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.perf_counter() > deadline:
                raise SystemExit("the editor did not answer in time")

    def exact_shown(self) -> bool:
        """Whether the exact picture is there; asked at every event, so it looks at the pixels last."""
        return not self.core.render_lane.busy and self.render.up_to_date

    # ------------------------------------------------------------ what a hand does

    def mouse(
        self, event_type: QEvent.Type, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.NoButton
    ) -> None:
        """Send a mouse event at a point of the image."""
        view = self.canvas.view
        view_point = QPointF(x * view.scale + view.x, y * view.scale + view.y)
        screen_point = QPointF(self.canvas.mapToGlobal(view_point))
        event = QMouseEvent(
            event_type, view_point, view_point, screen_point, button, self._held, Qt.KeyboardModifier.NoModifier
        )
        self.application.sendEvent(self.canvas, event)

    def press(self, x: float, y: float) -> None:
        self._held = Qt.MouseButton.LeftButton
        self.mouse(QEvent.Type.MouseButtonPress, x, y, Qt.MouseButton.LeftButton)

    def release(self, x: float, y: float) -> None:
        self._held = Qt.MouseButton.NoButton
        self.mouse(QEvent.Type.MouseButtonRelease, x, y, Qt.MouseButton.LeftButton)

    def walk(self, steps: int) -> list[tuple[float, float]]:
        """A hand's way over the image."""
        side = self.document.width
        directions = np.cumsum(self._random.normal(0, 0.3, steps))
        x = np.clip(side / 2 + np.cumsum(np.cos(directions)) * side / 100, side * 0.1, side * 0.9)
        y = np.clip(side / 2 + np.cumsum(np.sin(directions)) * side / 100, side * 0.1, side * 0.9)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def stroke(self, steps: int) -> list[float]:
        """One stroke at a hand's pace; milliseconds from each move to the repainted canvas."""
        self.document.set_current_label(int(self._random.integers(len(self.document.label_set))))
        hand_path = self.walk(steps)
        self.press(*hand_path[0])
        latencies = []
        for x, y in hand_path[1:]:
            paints_before, started_at = self._paints.count, time.perf_counter()
            self.mouse(QEvent.Type.MouseMove, x, y)
            while self._paints.count == paints_before and time.perf_counter() - started_at < 1:
                self.application.processEvents()
            latencies.append((time.perf_counter() - started_at) * 1000)
            next_move = started_at + HAND_S
            self.wait(lambda deadline=next_move: time.perf_counter() >= deadline)  # type: ignore[misc]
        self.release(*hand_path[-1])
        return latencies

    def exact(self, change: Callable[[], object]) -> float:
        """Seconds from a change to the exact picture of it on the canvas."""
        started_at = time.perf_counter()
        change()
        self.wait(self.exact_shown)
        self.canvas.repaint()
        return time.perf_counter() - started_at

    # ------------------------------------------------------------ what is measured

    def start(self) -> None:
        """From the start of the process to the window, to the sample's picture in it, and to the first picture of an
        edit that is made at once, while the engine is loaded."""
        shown: list[float] = []
        self.window.first_frame.connect(lambda: shown.append(time.time()))
        self.window.resize(*WINDOW)
        self.window.show()
        self.wait(lambda: shown)
        self.row("window shown", shown[0] - self._started, "s")
        self.wait(lambda: self.document.picture is not None and self._paints.count)
        self.row("first picture", time.time() - self._started, "s")
        self.document.styling.set_styles({self.document.current_label: ColourStyle("#a01030")})
        self.wait(lambda: self.canvas.has_preview or self.exact_shown())
        self.canvas.repaint()
        self.row("first edit answered", time.time() - self._started, "s")
        self.wait(self.exact_shown)
        self.row("memory at rest", _resident(), "MB")

    def edits(self, count: int) -> None:
        """Single edits of a painting, each until its exact picture is there."""
        new = self.window.controllers.new
        new.restore(read_request_file(painting_path()), undoable=False, keeps_file=False)
        self.wait(self.exact_shown)
        self.canvas.set_brush_diameter(40)
        times: dict[str, list[float]] = {"brush": [], "style": [], "seed": []}
        for n in range(count):
            hand_path = self.walk(4)
            self.document.set_current_label(1 + n % (len(self.document.label_set) - 1))
            self.press(*hand_path[0])
            for x, y in hand_path:
                self.mouse(QEvent.Type.MouseMove, x, y)
            times["brush"].append(self.exact(lambda end=hand_path[-1]: self.release(*end)))  # type: ignore[misc]
            times["style"].append(self.exact(lambda n=n: self.document.styling.set_styles({1: SampleStyle(n)})))  # type: ignore[misc]
            times["seed"].append(self.exact(lambda n=n: self.document.set_seed(n + 1)))  # type: ignore[misc]
        for name, latencies in times.items():
            self.row(f"{name} edit, exact picture", float(np.median(latencies)), "s")

    def beat(self, text: str, strokes: int, steps: int) -> None:
        """The GUI thread's heartbeat while the engine follows strokes."""
        gap_ms = Heart().gaps(lambda: [self.stroke(steps) for _ in range(strokes)])
        self.row(f"heartbeat gap p95 while {text}", float(np.percentile(gap_ms, 95)), "ms")
        self.row(f"heartbeat gap max while {text}", float(gap_ms.max()), "ms")

    def many(self, count: int) -> None:
        """Memory after many edits."""
        self.canvas.set_brush_diameter(24)
        for _ in range(count):
            self.stroke(4)
        self.wait(self.exact_shown)
        gc.collect()
        self.row(f"memory after {count} edits", _resident(), "MB")

    def large(self, steps: int) -> None:
        """A large label map under a large brush: the brush alone, then with the engine following."""
        document = self.document
        label_map = resize_label_map(document.label_map, SIDE, SIDE)
        document.new(
            label_set=document.label_set, label_map=label_map, weights=document.weights, styles=document.styles
        )
        self.wait(self.exact_shown)
        self.canvas.set_brush_diameter(DIAMETER)
        self.render.stop()
        alone = [milliseconds for _ in range(3) for milliseconds in self.stroke(steps)]
        self.render.start()
        self.wait(self.exact_shown)
        self.row("brush to screen p50", float(np.percentile(alone, 50)), "ms")
        self.row("brush to screen p95", float(np.percentile(alone, 95)), "ms")
        latencies: list[float] = []
        gap_ms = Heart().gaps(
            lambda: latencies.extend(milliseconds for _ in range(3) for milliseconds in self.stroke(steps))
        )
        self.row("brush to screen p50 while rendering", float(np.percentile(latencies, 50)), "ms")
        self.row("brush to screen p95 while rendering", float(np.percentile(latencies, 95)), "ms")
        exact = Heart().gaps(lambda: self.wait(self.exact_shown))
        gap_ms = np.concatenate([gap_ms, exact])
        self.row("heartbeat gap p95 while rendering 2048 x 2048", float(np.percentile(gap_ms, 95)), "ms")
        self.row("heartbeat gap max while rendering 2048 x 2048", float(gap_ms.max()), "ms")

    def photo(self, folder: Path, height: int, width: int) -> None:
        """A photo that is edited: opened, its regions found, the largest given a colour."""
        path, document = folder / "photo.jpg", self.document
        write_image(path, resize_image(read_image(second_photo_path()).pixels, height, width))
        photo_use = photo_uses(document, self.core.catalogue)[0]
        document.mark_saved()
        seconds: list[float] = []

        def edit() -> None:
            started_at = time.perf_counter()
            self.window.controllers.photos.begin(path, photo_use)
            self.wait(lambda: document.photo is not None and not self.core.foreground_busy and self.exact_shown())
            seconds.append(time.perf_counter() - started_at)
            largest_label = int(np.argmax(document.areas[1:])) + 1
            seconds.append(self.exact(lambda: document.styling.set_styles({largest_label: ColourStyle("#a01030")})))

        gap_ms = Heart().gaps(edit)
        self.row("photo of 12 megapixels opened, regions found", seconds[0], "s")
        self.row("colour in a photo of 12 megapixels, exact picture", seconds[1], "s")
        self.row("heartbeat gap p95 while a photo of 12 megapixels is edited", float(np.percentile(gap_ms, 95)), "ms")
        self.row("heartbeat gap max while a photo of 12 megapixels is edited", float(gap_ms.max()), "ms")

    def run(self, folder: Path, effort: float = 1.0) -> None:
        """All of it; files go into the folder. `effort` below 1 does less of everything: for tests, not for numbers."""

        def some(count: int) -> int:
            return max(2, round(count * effort))

        self.start()
        self.edits(some(7))
        self.beat("rendering", strokes=some(5), steps=some(100))
        self.many(some(100))
        self.large(some(80))
        scale = min(1.0, max(0.1, effort))
        self.photo(folder, round(PHOTO[0] * scale), round(PHOTO[1] * scale))


def _resident() -> float:
    """Megabytes that this process holds."""
    from engine.memory import resident_bytes

    return resident_bytes() / (1 << 20)


def main(arguments: Sequence[str] | None = None) -> int:
    """`STARTED [FILE [EFFORT]]`: when the process began (seconds since 1970), where the rows go, how much to do."""
    command_line = list(sys.argv[1:] if arguments is None else arguments)
    started = float(command_line[0]) if command_line else time.time()
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "settings.ini", application)
        core = Core(settings, Theme(application, settings.theme), parent=application)
        editor = Editor(core)
        bench = Bench(application, editor, started)
        try:
            bench.run(Path(folder), float(command_line[2]) if len(command_line) > 2 else 1.0)
        finally:
            core.document.mark_saved()
            editor.window.close()
            core.shutdown()
    text = json.dumps({"platform": QGuiApplication.platformName(), "rows": bench.rows})
    if len(command_line) > 1:
        write_text(Path(command_line[1]), text)
    else:
        sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
