"""Take the screenshots of README and guide from the real editor, with real weights, on a real (or virtual) display.

xvfb-run -s "-screen 0 1520x1080x24" python tools/screenshots.py docs/images
"""

from __future__ import annotations

import argparse
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
from app.controllers.styles import Target
from app.controllers.styling import variations as varying
from app.core import Core
from app.dialogs.compare import CompareDialog
from app.document.document import Document
from app.document.kinds import EDIT
from app.document.opening import PhotoUse, painting_path, read_request_file
from app.shell.i18n import install_language
from app.shell.settings import Settings
from app.shell.theme import Theme

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
UPPER_LIP, LOWER_LIP, HAIR = 11, 12, 13
FIRST_SEED = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    image_folder = parser.parse_args().folder
    image_folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    settings = Settings(Path(os.environ["TESSERA_HOME"]) / "settings.ini")
    install_language("en")
    core = Core(settings, Theme(application, "dark"))
    editor = start.Editor(core)
    editor.window.setGeometry(QGuiApplication.primaryScreen().availableGeometry())
    editor.show()
    journey_steps = journey(editor, core, lambda name, widget=None: shoot(image_folder / f"{name}.png", widget))
    is_ready: list[Callable[[], bool]] = [lambda: True]

    def tick() -> None:
        if not is_ready[0]():
            return
        try:
            is_ready[0] = next(journey_steps)
        except StopIteration:
            core.document.mark_saved()
            application.quit()

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(300)
    application.exec()
    core.shutdown()


def shoot(image_path: Path, widget: QWidget | None = None) -> None:
    """The whole screen, or one dialog."""
    QApplication.processEvents()
    screenshot = QGuiApplication.primaryScreen().grabWindow(0) if widget is None else widget.grab()
    screenshot.save(str(image_path))


def journey(editor: start.Editor, core: Core, take_shot: Callable[..., None]) -> Iterator[Callable[[], bool]]:
    """The first paragraph of the guide, step by step; yields what to wait for."""
    window, document = editor.window, core.document
    render = window.controllers.render

    def rendered() -> bool:
        return document.picture is not None and bool(render.up_to_date)

    yield rendered
    use = PhotoUse(EDIT, document.label_set, document.weights)
    window.controllers.photos.begin(RESOURCES / "sample" / "astronaut.png", use)
    yield lambda: document.undo_text.startswith("New from") and bool(document.label_map.any()) and rendered()
    for label, colour in ((UPPER_LIP, "#a01030"), (LOWER_LIP, "#a01030"), (HAIR, "#a3542a")):
        window.controllers.styles.use_colour(colour, Target(label))
    document.styling.set_strength(LOWER_LIP, 0.7)  # else both lips are one row
    yield rendered
    take_shot("edits")
    window.controllers.new.restore(read_request_file(painting_path()), undoable=False, keeps_file=False)
    document.set_current_label(HAIR)
    yield rendered
    take_shot("editor")
    drop(window.canvas, RESOURCES / "styles" / "blonde.png", image_point(window.canvas, document, HAIR))
    yield lambda: document.style(HAIR).__class__.__name__ == "ImageStyle" and rendered()
    canvas = window.canvas
    window.actions_by_id["brush"].trigger()
    canvas.set_brush_diameter(24)
    for stroke_index in range(3):
        top = 0.25 + 0.04 * stroke_index
        points = [(0.36 + 0.0175 * index, top - 0.02 * abs(index - 8) / 8) for index in range(17)]
        stroke(canvas, points, document)
    yield rendered
    take_shot("fringe")
    window.actions_by_id["view_side"].trigger()
    yield rendered
    take_shot("side-by-side")
    window.actions_by_id["view_stack"].trigger()
    yield rendered
    yield from variety(editor, core, take_shot, rendered)


def variety(
    editor: start.Editor, core: Core, take_shot: Callable[..., None], rendered: Callable[[], bool]
) -> Iterator[Callable[[], bool]]:
    """The guide's section on variety: six variations, a morph, the results."""
    window, document = editor.window, core.document
    fixed_seeds = itertools.count(FIRST_SEED, 10)
    for module in (dice, morphing, varying):  # the same pictures each time
        module.new_seed = lambda: next(fixed_seeds)  # type: ignore[attr-defined]
    document.set_current_label(HAIR)
    variations_dialog = window.controllers.variety.variations()
    assert variations_dialog is not None
    yield lambda: all(tile.ready for tile in variations_dialog.tiles)
    take_shot("variations", variations_dialog)
    variations_dialog.tiles[1].click()
    yield rendered
    morph_session = window.controllers.variety.morph()
    assert morph_session is not None
    morph_session.dialog.slider.setValue(50)
    yield lambda: all(morph_session.painted(amount) is not None for amount in (0.5, 1.0))
    take_shot("morph", morph_session.dialog)
    morph_session.dialog.reject()
    for action_id in ("style_lock", "style_dice_all"):
        window.actions_by_id[action_id].trigger()
        yield rendered
    result_count = len(document.results)
    yield lambda: (
        len(document.results) > result_count
        or any(result.scene.same_picture(document.scene) for result in document.results)
    )
    window.actions_by_id["result_keep"].trigger()
    yield rendered
    take_shot("results")
    last_numbers = [result.number for result in document.results][-2:]
    window.controllers.results.compare(last_numbers)
    compare_dialog = window.findChild(CompareDialog)
    assert isinstance(compare_dialog, CompareDialog)
    yield compare_dialog.isVisible
    take_shot("compare", compare_dialog)
    compare_dialog.reject()


def image_point(canvas: CanvasWidget, document: Document, label: int) -> QPoint:
    label_rows, label_columns = (document.label_map == label).nonzero()
    return screen_point(canvas, float(label_columns[len(label_columns) // 2]), float(label_rows[len(label_rows) // 2]))


def screen_point(canvas: CanvasWidget, x: float, y: float) -> QPoint:
    return QPoint(round(x * canvas.view.scale + canvas.view.x), round(y * canvas.view.scale + canvas.view.y))


def drop(widget: QWidget, file_path: Path, position: QPoint) -> None:
    mime_data = QMimeData()
    mime_data.setUrls([QUrl.fromLocalFile(str(file_path))])
    buttons, no_modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(position, Qt.DropAction.CopyAction, mime_data, buttons, no_modifier))
    QApplication.sendEvent(
        widget, QDropEvent(QPointF(position), Qt.DropAction.CopyAction, mime_data, buttons, no_modifier)
    )


def stroke(canvas: CanvasWidget, points: list[tuple[float, float]], document: Document) -> None:
    event_types = [QMouseEvent.Type.MouseButtonPress, *[QMouseEvent.Type.MouseMove] * (len(points) - 1)]
    screen_points = [screen_point(canvas, x * document.width, y * document.height) for x, y in points]
    left_button, no_modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event_type, screen_spot in zip(event_types, screen_points, strict=True):
        event_position = QPointF(screen_spot)
        button = left_button if event_type == QMouseEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        on_screen = canvas.mapToGlobal(event_position)
        event = QMouseEvent(event_type, event_position, on_screen, button, left_button, no_modifier)
        QApplication.sendEvent(canvas, event)
    event_position = QPointF(screen_points[-1])
    release_type = QMouseEvent.Type.MouseButtonRelease
    on_screen, no_button = canvas.mapToGlobal(event_position), Qt.MouseButton.NoButton
    event = QMouseEvent(release_type, event_position, on_screen, left_button, no_button, no_modifier)
    QApplication.sendEvent(canvas, event)


if __name__ == "__main__":
    main()
