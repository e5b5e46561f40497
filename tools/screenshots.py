"""Take the screenshots of README and guide from the real editor, with real weights, on a real (or virtual) display.

    xvfb-run -s "-screen 0 1440x900x24" python tools/screenshots.py docs/images
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["TESSERA_HOME"] = tempfile.mkdtemp()  # before the application reads its settings

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget

import app.__main__ as start
from app.canvas.widget import CanvasWidget
from app.core import Core
from app.document.document import Document
from app.i18n import install_language
from app.settings import Settings
from app.theme import Theme

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
HAIR = 13


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    settings = Settings(Path(os.environ["TESSERA_HOME"]) / "settings.ini")
    install_language("en")
    core = Core(settings, Theme(application, "dark"))
    editor = start.Editor(core)
    editor.window.setGeometry(QGuiApplication.primaryScreen().availableGeometry())
    editor.show()
    steps = journey(editor, core, lambda name: shoot(out / f"{name}.png"))
    ready: list[Callable[[], bool]] = [lambda: True]

    def tick() -> None:
        if not ready[0]():
            return
        try:
            ready[0] = next(steps)
        except StopIteration:
            core.document.mark_saved()
            application.quit()

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(300)
    application.exec()
    core.shutdown()


def shoot(path: Path) -> None:
    QApplication.processEvents()
    QGuiApplication.primaryScreen().grabWindow(0).save(str(path))


def journey(editor: start.Editor, core: Core, shot: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """The first paragraph of the guide, step by step; yields what to wait for."""
    window, document = editor.window, core.document
    render = window.controllers["render"]

    def rendered() -> bool:
        return document.picture is not None and bool(render.up_to_date)

    yield rendered
    document.set_current_label(HAIR)
    yield rendered
    shot("editor")
    drop(window.canvas, RESOURCES / "styles" / "blonde.png", image_point(window.canvas, document, HAIR))
    yield lambda: dialog() is not None or rendered()
    yield lambda: True
    shot("regions")
    if (found := dialog()) is not None:
        found.accept()
    yield lambda: document.style(HAIR).__class__.__name__ == "ImageStyle" and rendered()
    canvas = window.canvas
    window.actions_by_id["brush"].trigger()
    canvas.set_brush_diameter(24)
    for row in range(3):
        stroke(canvas, [(0.36 + 0.0175 * n, 0.25 + 0.04 * row - 0.02 * abs(n - 8) / 8) for n in range(17)], document)
    yield rendered
    shot("fringe")
    window.actions_by_id["view_side"].trigger()
    yield rendered
    shot("side-by-side")


def dialog() -> QDialog | None:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    return found[0] if found else None


def image_point(canvas: CanvasWidget, document: Document, label: int) -> QPoint:
    ys, xs = (document.label_map == label).nonzero()
    return screen_point(canvas, float(xs[len(xs) // 2]), float(ys[len(ys) // 2]))


def screen_point(canvas: CanvasWidget, x: float, y: float) -> QPoint:
    return QPoint(round(x * canvas.view.scale + canvas.view.x), round(y * canvas.view.scale + canvas.view.y))


def drop(widget: QWidget, path: Path, at: QPoint) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(at, Qt.DropAction.CopyAction, mime, buttons, none))
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), Qt.DropAction.CopyAction, mime, buttons, none))


def stroke(canvas: CanvasWidget, points: list[tuple[float, float]], document: Document) -> None:
    kinds = [QMouseEvent.Type.MouseButtonPress, *[QMouseEvent.Type.MouseMove] * (len(points) - 1)]
    places = [screen_point(canvas, x * document.width, y * document.height) for x, y in points]
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind, place in zip(kinds, places, strict=True):
        spot = QPointF(place)
        button = left if kind == QMouseEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        QApplication.sendEvent(canvas, QMouseEvent(kind, spot, canvas.mapToGlobal(spot), button, left, none))
    spot = QPointF(places[-1])
    release = QMouseEvent.Type.MouseButtonRelease
    QApplication.sendEvent(
        canvas, QMouseEvent(release, spot, canvas.mapToGlobal(spot), left, Qt.MouseButton.NoButton, none)
    )


if __name__ == "__main__":
    main()
