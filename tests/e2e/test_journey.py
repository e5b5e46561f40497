"""What a newcomer does: a photo on "hair", a longer fringe, the picture follows, export, drop it back."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QTimer, QUrl
from PySide6.QtWidgets import QApplication

from app.dialogs.regions import RegionsDialog
from app.document.opening import paintings
from app.document.scene import Scene
from app.panels.styles.panel import StylesPanel
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle
from tests.app.pointing import Drag, Mouse
from tests.app.waiting import work_done

HAIR, SKIN = 13, 1
PATIENCE = 120_000  # ms; the machine may be busy
TICKS = 10  # of a timer that the GUI thread must handle while one render runs


def mime_of(path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def drop_on(widget, mime, point) -> None:
    drag = Drag(widget, mime)
    assert drag.enter(point)
    drag.move(point)
    assert drag.drop(point)


def regions_dialog():
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, RegionsDialog) and w.isVisible()]
    return found[0] if found else None


def engine_render(editor, request: RenderRequest, qtbot) -> np.ndarray:
    """What the engine itself makes of a request: in the work lane, where its session may be used."""
    found = []

    def run(work):
        with work.session() as session:
            return session.run(request, None, threading.Event()).pixels

    editor.core.work_lane.submit(run, on_done=found.append, on_failed=found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    assert isinstance(found[0], np.ndarray), found[0]
    return found[0]


def wait_rendered(editor, qtbot) -> np.ndarray:
    qtbot.waitUntil(lambda: editor.window.controllers.render.up_to_date, timeout=PATIENCE)
    return editor.core.document.picture.copy()


def style_path(document, label: int) -> str:
    style = document.style(label)
    return style.path if isinstance(style, ImageStyle) else ""


def at(canvas, x: float, y: float) -> tuple[int, int]:
    """The widget point of an image point."""
    return round(x * canvas.view.scale + canvas.view.x), round(y * canvas.view.scale + canvas.view.y)


def give_map(editor, photo, qtbot, monkeypatch) -> None:
    """Load the photo's label map in the dialog, where there is one; a parser that ships needs no such help."""
    if photo.label_map is None:
        return
    monkeypatch.setattr(editor.window.context.ask, "pick_open", lambda *_: str(photo.label_map))
    dialog, used = regions_dialog(), []
    dialog.used.connect(lambda *args: used.append(args))
    dialog.load.click()
    dialog.accept()  # too early: the map that was asked for is not there yet
    qtbot.waitUntil(lambda: not editor.core.foreground_busy, timeout=PATIENCE)
    assert regions_dialog() is dialog and not used


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def test_repaint_a_portrait(editor, photo, shelf, qtbot, tmp_path, monkeypatch):
    window, document = editor.window, editor.core.document
    canvas = window.canvas
    first = wait_rendered(editor, qtbot)
    started_with = document.scene.to_request()

    # A photo dropped on the hair: its regions are found and shown (or corrected by a label map), and used.
    ys, xs = np.nonzero(document.label_map == HAIR)
    x, y = int(xs[0]), int(ys[0])
    drop_on(canvas, mime_of(photo.path), at(canvas, x + 0.5, y + 0.5))
    qtbot.waitUntil(lambda: regions_dialog() is not None, timeout=PATIENCE)
    dialog = regions_dialog()
    give_map(editor, photo, qtbot, monkeypatch)
    assert overlap(dialog.document.label_map == HAIR, photo.truth == HAIR) > 0.7
    dialog.source.setCurrentIndex(dialog.source.findData(HAIR))
    dialog.accept()
    qtbot.waitUntil(lambda: style_path(document, HAIR) == str(photo.path), timeout=PATIENCE)
    dyed = wait_rendered(editor, qtbot)
    assert not np.array_equal(dyed, first)
    assert window.findChild(StylesPanel).card.thumb_a.has_picture
    if shelf == "shipped":  # the hair takes the colour of the photo's
        hair, wanted = document.label_map == HAIR, read_image(photo.path).pixels[photo.truth == HAIR].mean(axis=0)
        before, after = (np.abs(found[hair].mean(axis=0) - wanted).max() for found in (first, dyed))
        assert after < before / 2

    # A longer fringe, with the mouse: the picture follows.
    window.actions_by_id["brush"].trigger()
    assert document.current_label == HAIR
    side = document.width
    canvas.set_brush_diameter(max(3, side // 10))
    before = document.regions.share(HAIR)
    mouse = Mouse(canvas)
    mouse.press(at(canvas, side * 0.36, side * 0.34))
    for step in range(1, 8):
        mouse.move(at(canvas, side * (0.36 + 0.04 * step), side * 0.34))
    mouse.release(at(canvas, side * 0.64, side * 0.34))
    assert document.regions.share(HAIR) > before
    fringed = wait_rendered(editor, qtbot)
    assert not np.array_equal(fringed, dyed)

    # Exported with everything; the file holds exactly what the engine renders.
    target = tmp_path / "结果 folder" / "portrait.png"
    target.parent.mkdir()
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), "PNG (*.png)"))
    with work_done(qtbot, window.core, timeout=PATIENCE):
        window.actions_by_id["export"].trigger()
    made_with = document.scene.to_request()
    exported = read_image(target).pixels
    in_file = made_with.as_in_file(target)  # codes that travel along, and no folder of the user's
    assert from_json(read_embedded_request(target)) == in_file and str(tmp_path) not in str(in_file)
    assert np.array_equal(exported, fringed)
    assert np.array_equal(engine_render(editor, made_with, qtbot), exported)

    # Begin something else, drop the file back: all restored, and it renders to the same pixels.
    document.new(label_set=document.label_set, **Scene.values_of(started_with))
    assert np.array_equal(wait_rendered(editor, qtbot), first)
    document.mark_saved()  # else the user would be asked whether to save it
    drop_on(window, mime_of(target), (5, 5))
    reopened = in_file.located(target.parent)
    qtbot.waitUntil(lambda: document.scene.to_request() == reopened, timeout=PATIENCE)
    assert np.array_equal(document.picture, exported)
    window.actions_by_id["render"].trigger()
    assert np.array_equal(wait_rendered(editor, qtbot), exported)
    assert not document.dirty

    # And every step can be taken back, to the very beginning.
    while document.undo_text:
        document.undo()
    assert document.scene.to_request() == started_with
    assert np.array_equal(wait_rendered(editor, qtbot), first)


def test_a_photo_becomes_a_document_with_its_own_styles(editor, photo, qtbot, monkeypatch):
    window, document = editor.window, editor.core.document
    before = document.origin
    painting = paintings(editor.core.document, editor.core.catalogue)[0]
    window.controllers.new.paint_photo(photo.path, painting)
    qtbot.waitUntil(lambda: regions_dialog() is not None, timeout=PATIENCE)
    give_map(editor, photo, qtbot, monkeypatch)
    regions_dialog().accept()
    qtbot.waitUntil(lambda: document.origin is not before, timeout=PATIENCE)
    assert {HAIR, SKIN} <= set(document.styles) and document.photo is None
    wait_rendered(editor, qtbot)
    assert document.picture.shape == (*document.label_map.shape, 3)


def test_the_gui_thread_never_waits_for_the_engine(editor, shelf, qtbot, monkeypatch, record_property):
    """The engine is held in the middle of a render until the event loop has handled many ticks of a timer: a GUI
    thread that waited for the engine would handle none. A second render is not held, its ticks are counted."""
    lane, render = editor.core.render_lane, editor.window.controllers.render
    ticks: list[float] = []
    enough = threading.Event()
    outcomes: list[bool] = []

    def tick() -> None:
        if lane.busy:
            ticks.append(time.perf_counter())
        if len(ticks) >= TICKS:
            enough.set()

    def post(kind, stamp, payload, old=lane._post) -> None:
        if kind == "progress" and payload[1] == "painting" and not outcomes:
            outcomes.append(enough.wait(PATIENCE / 1000))
        old(kind, stamp, payload)

    monkeypatch.setattr(lane, "_post", post)
    timer = QTimer()
    timer.setInterval(1)
    timer.timeout.connect(tick)
    timer.start()
    editor.core.document.set_seed(1)
    qtbot.waitUntil(lambda: bool(outcomes) and render.up_to_date, timeout=PATIENCE)
    assert outcomes == [True]

    ticks.clear()
    rendered = editor.core.document.picture.copy()
    editor.core.document.set_seed(2)
    qtbot.waitUntil(lambda: lane.busy, timeout=PATIENCE)
    qtbot.waitUntil(lambda: render.up_to_date, timeout=PATIENCE)
    timer.stop()
    assert not np.array_equal(editor.core.document.picture, rendered)
    gaps = np.diff(ticks) * 1000
    record_property("largest gap between ticks, ms", float(gaps.max(initial=0)))
    record_property("ticks during the render", len(ticks))
    if shelf == "shipped":  # a render with tiny weights is over in a few milliseconds
        assert len(ticks) >= TICKS


@pytest.mark.parametrize("weights", ["no-such-weights"])
def test_weights_that_are_gone_get_a_sentence_and_the_picture_stays(editor, qtbot, weights):
    document = editor.core.document
    picture = document.picture.copy()
    document.change("weights", weights)
    qtbot.waitUntil(lambda: editor.window.error_bar.problem is not None, timeout=PATIENCE)
    assert weights in editor.window.error_bar.problem.sentence
    assert np.array_equal(document.picture, picture)
    document.undo()
    wait_rendered(editor, qtbot)
    qtbot.waitUntil(lambda: editor.window.error_bar.problem is None, timeout=PATIENCE)
