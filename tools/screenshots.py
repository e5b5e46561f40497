"""Take the screenshots of README and guide from the real editor, with real weights, on a real (or virtual) display.

xvfb-run -s "-screen 0 1520x1080x24" python tools/screenshots.py docs/images
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["TESSERA_HOME"] = tempfile.mkdtemp()  # before the application reads its settings

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

import app.__main__ as start
from app.canvas.widget import CanvasWidget
from app.controllers import dice
from app.controllers import morph as morphing
from app.controllers import variety as varying
from app.document.document import Document
from app.shell.core import Core
from app.shell.i18n import install_language
from app.shell.settings import Settings
from app.shell.theme import Theme

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
HAIR = 13
FIRST_SEED = 20


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
    steps = journey(editor, core, lambda name, widget=None: shoot(out / f"{name}.png", widget))
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


def shoot(path: Path, widget: QWidget | None = None) -> None:
    """The whole screen, or one dialog."""
    QApplication.processEvents()
    grabbed = QGuiApplication.primaryScreen().grabWindow(0) if widget is None else widget.grab()
    grabbed.save(str(path))


def journey(editor: start.Editor, core: Core, shot: Callable[..., None]) -> Iterator[Callable[[], bool]]:
    """The first paragraph of the guide, step by step; yields what to wait for."""
    window, document = editor.window, core.document
    render = window.controllers.render

    def rendered() -> bool:
        return document.picture is not None and bool(render.up_to_date)

    yield rendered
    document.set_current_label(HAIR)
    yield rendered
    shot("editor")
    drop(window.canvas, RESOURCES / "styles" / "blonde.png", image_point(window.canvas, document, HAIR))
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
    window.actions_by_id["view_stack"].trigger()
    yield rendered
    yield from variety(editor, core, shot, rendered)


def variety(
    editor: start.Editor, core: Core, shot: Callable[..., None], rendered: Callable[[], bool]
) -> Iterator[Callable[[], bool]]:
    """The guide's section on variety: six variations, a morph, the results."""
    window, document = editor.window, core.document
    seeds = itertools.count(FIRST_SEED, 10)
    for module in (dice, morphing, varying):  # the same pictures each time
        module.new_seed = lambda: next(seeds)  # type: ignore[attr-defined]
    document.set_current_label(HAIR)
    six = window.controllers.variety.variations()
    assert six is not None
    yield lambda: all(tile.ready for tile in six.tiles)
    shot("variations", six)
    six.tiles[1].click()
    yield rendered
    session = window.controllers.variety.morph()
    assert session is not None
    session.dialog.slider.setValue(50)
    yield lambda: (session._to, 0.5) in session._painted and (session._to, 1.0) in session._painted
    shot("morph", session.dialog)
    session.dialog.reject()
    for name in ("style_lock", "style_dice_all"):
        window.actions_by_id[name].trigger()
        yield rendered
    kept = len(document.results)
    yield lambda: len(document.results) > kept or any(r.scene.same_picture(document.scene) for r in document.results)
    window.actions_by_id["result_keep"].trigger()
    yield rendered
    shot("results")


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
