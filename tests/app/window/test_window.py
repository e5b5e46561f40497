"""The main window as a whole: layout, names, state, closing, looks, language, errors, start."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, qInstallMessageHandler
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMessageBox,
    QScrollBar,
    QTabBar,
    QWidget,
)

from app.controllers.styles import Target
from app.dialogs.change_label import ChangeLabelDialog
from app.dialogs.help.about import AboutDialog
from app.dialogs.help.shortcuts import ShortcutsDialog
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.morph import MorphDialog
from app.dialogs.regions import Purpose, RegionsDialog
from app.dialogs.templates import TemplateDialog
from app.dialogs.variations import VariationsDialog
from app.document.kinds import EDIT
from app.document.opening import Gallery, Painting, Template
from app.errors_ui.bar import ErrorBar
from app.errors_ui.hub import Problem, ProblemHub, Severity
from app.errors_ui.log import install_hooks, start_log, stop_log
from app.imaging.mime import colour_mime, style_mime
from app.jobs.photos import Photo
from app.panels.edits.panel import EditsPanel
from app.panels.styles.panel import StylesPanel
from app.raster.view import Mode
from app.shell.environment import drop_foreign_qt_paths
from app.shell.i18n import install_language
from app.shell.theme import DARK, LIGHT, Theme, make_palette, style_sheet
from app.window.main_window import MainWindow
from engine.errors import BadFile
from engine.labels.label_maps import write_label_map
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import MAX_SEED, ColourStyle
from engine.systems.base import Abilities
from tests.app.fakes import FACES
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1
INTERACTIVE = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


def nameless(root: QWidget) -> list[str]:
    """Interactive widgets that a screen reader could only call by their class."""
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, INTERACTIVE) or widget.objectName().startswith("qt_"):
            continue
        inner = widget.parentWidget()
        part_of_other = isinstance(inner, (QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit))
        part_of_other = part_of_other or (inner is not None and inner.metaObject().className() in PRIVATE)
        if isinstance(widget, QScrollBar):
            continue
        named = widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
        if not named and not part_of_other:
            found.append(f"{type(widget).__name__} {widget.objectName()!r} in {type(inner).__name__}")
    return found


PRIVATE = ("QComboBoxPrivateContainer", "QAbstractScrollAreaScrollBarContainer", "QTableCornerButton")


def dialogs(core, tmp_path):
    """One of each dialog."""
    label_map = face_label_map(64)
    write_label_map(tmp_path / "map.png", label_map, FACES)
    photo = Photo(tmp_path / "photo.png", photo_of(label_map), label_map, 0.4, ("Unsure.",))
    yield RegionsDialog(photo, FACES, Purpose.STYLE, target=HAIR)
    yield RegionsDialog(photo, FACES, Purpose.NEW, painting=Painting(FACES, "w"))
    yield LabelMapDialog(tmp_path / "map.png", FACES, core.submit, core.settings)
    yield VariationsDialog("Hair", 6)
    yield MorphDialog("Hair", Abilities(images=True, samples=True))
    yield ChangeLabelDialog(FACES, HAIR, "12 %")
    yield TemplateDialog([Gallery(FACES, "w", (Template(tmp_path / "map.png", "Map", "图", "faces"),))])
    yield ShortcutsDialog()
    yield AboutDialog(core.catalogue)


# --- layout and names --------------------------------------------------------------------------------


def test_every_control_of_the_window_has_a_name(window):
    assert nameless(window) == []


def test_every_control_of_the_dialogs_has_a_name(core, tmp_path, qtbot):
    for dialog in dialogs(core, tmp_path):
        qtbot.addWidget(dialog)
        assert nameless(dialog) == [], type(dialog).__name__


def test_every_control_of_the_window_has_a_tooltip(window):
    bare = [
        button.accessibleName()
        for button in window.findChildren(QAbstractButton)
        if button.isVisible() and not button.toolTip() and not isinstance(button.parent(), QLineEdit)
    ]
    assert bare == []


def test_no_widget_has_a_place_of_its_own(window):
    """Layouts place everything: a widget that is a child of a laid-out one is in one of its layouts."""

    def held(layout):
        for i in range(layout.count()):
            item = layout.itemAt(i)
            if item.widget() is not None:
                yield item.widget()
            elif item.layout() is not None:
                yield from held(item.layout())

    styles = window.findChild(StylesPanel)
    for panel in (window.labels, styles, styles.card, window.centralWidget()):
        inside = set(held(panel.layout()))
        stray = [c for c in panel.children() if isinstance(c, QWidget) and c.isVisible() and c not in inside]
        assert stray == []


def test_the_window_shrinks_to_a_small_screen(window):
    assert window.minimumSizeHint().width() <= 1100
    assert window.minimumSizeHint().height() <= 720


def test_f6_visits_canvas_labels_styles_and_seed(window, qtbot):
    window.activateWindow()
    seen = []
    for _ in range(4):
        window.next_panel()
        seen.append(QApplication.focusWidget())
    assert seen == [window.labels.list, window.findChild(StylesPanel).list, window.status.seed, window.canvas]


# --- keys --------------------------------------------------------------------------------------------


def test_tool_keys_work_with_the_canvas_in_focus(window, qtbot):
    for key, tool in (("E", "eraser"), ("G", "bucket"), ("I", "pick"), ("H", "pan"), ("B", "brush")):
        QTest.keyClick(window.canvas, key)
        assert window.canvas.tool_id == tool
        assert window.actions_by_id[tool].isChecked()


def test_number_keys_choose_the_label_that_shows_them(window, core, qtbot):
    for key in (3, 1, 9):
        QTest.keyClick(window.canvas, str(key))
        label = window.labels.model.label_for_key(key)
        assert core.document.current_label == label
        assert window.labels.model.row(label).key == str(key)


def test_letters_typed_into_the_search_are_no_shortcuts(window, core, qtbot):
    window.actions_by_id["label_search"].trigger()
    window.labels.search.setFocus()
    QTest.keyClicks(window.labels.search, "e3")
    assert window.labels.search.text() == "e3"
    assert window.canvas.tool_id == "brush"


def test_undo_and_redo_keys_reach_styles_and_seed(window, core, qtbot):
    core.document.set_seed(9)
    QTest.keyClick(window, "Z", Qt.KeyboardModifier.ControlModifier)
    assert core.document.seed == 0
    QTest.keyClick(window, "Y", Qt.KeyboardModifier.ControlModifier)
    assert core.document.seed == 9
    QTest.keyClick(window, "Z", Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, "Z", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert core.document.seed == 9


def test_brackets_change_the_brush(window, qtbot):
    window.canvas.set_brush_diameter(5)
    QTest.keyClick(window.canvas, Qt.Key.Key_BracketRight)
    assert window.canvas.brush_diameter == 6
    assert window.options.size_box.value() == 6


# --- rendering ---------------------------------------------------------------------------------------


def test_a_change_renders_in_a_worker(window, core, engine, qtbot):
    before = core.document.picture.copy()
    core.document.set_seed(3)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert not np.array_equal(core.document.picture, before)
    assert engine.threads == {"tessera-render"}


def test_many_changes_at_once_make_few_renders(window, core, engine, qtbot):
    before = engine.renders
    for seed in range(1, 40):
        core.document.set_seed(seed)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert engine.renders - before <= 2


def test_hiding_a_label_renders_nothing(window, core, engine, qtbot):
    before = engine.renders
    core.document.label_states.set_visible(HAIR, False)
    core.document.set_seed(1)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert engine.renders - before == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_X])
def test_cancel_keeps_the_last_picture_and_the_next_job_works(window, core, engine, qtbot, key):
    picture = core.document.picture.copy()
    engine.gate = threading.Event()
    core.document.set_seed(5)
    qtbot.waitUntil(lambda: window.status.cancel.isVisible())
    shift = Qt.KeyboardModifier.ShiftModifier if key == Qt.Key.Key_X else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(window.canvas, key, shift)
    assert not core.render_lane.busy
    assert not window.status.cancel.isVisible()
    assert np.array_equal(core.document.picture, picture)
    engine.gate = None
    core.document.set_seed(6)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)


def test_escape_in_a_stroke_drops_the_stroke_only(window, core, engine, qtbot):
    before = core.document.label_map.copy()
    canvas = window.canvas
    core.document.set_current_label(HAIR)
    middle = canvas.rect().center()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert np.array_equal(core.document.label_map, before)
    assert core.document.undo_text == ""


def test_the_time_of_the_last_render_is_shown(window):
    assert window.status._time.text() == "0.01 s"


def test_another_device_is_used_at_once(window, core, engine, qtbot):
    window.controllers.device.use("cpu")
    qtbot.waitUntil(lambda: engine.devices[-1] == "cpu")
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert core.settings.device == "cpu"
    assert window.status.device_button.text() == "CPU"


def test_the_seed_field_changes_the_seed_and_refuses_words(window, core, qtbot):
    field = window.status.seed
    field.setText("77")
    field.editingFinished.emit()
    assert core.document.seed == 77
    field.setText("lots")
    field.editingFinished.emit()
    assert field.text() == "77"
    core.document.undo()
    assert field.text() == "0"


def test_the_seed_field_shows_the_largest_seed_that_the_document_holds(window, core):
    for seed in (5_000_000_000, MAX_SEED):
        core.document.set_seed(seed)
        assert window.status.seed.text() == str(seed)


def test_a_long_sentence_in_the_status_bar_does_not_widen_the_window(window, qtbot):
    width = window.minimumSizeHint().width()
    window.status.show_busy(True)
    qtbot.waitUntil(window.status.cancel.isVisible)
    window.status.show_message("A sentence that says much more than a bar has room for. " * 5)
    assert window.minimumSizeHint().width() <= width + window.status.cancel.width() + 200  # the bar of progress
    window.status.show_busy(False)


def test_the_dice_rolls_a_seed(window, core):
    window.status.dice.click()
    assert core.document.undo_text == "Change seed"


def test_every_dice_rolls_seeds_that_are_short_enough_to_read_aloud(window, core, monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda bound: bound - 1)
    window.status.dice.click()
    seed_of_noise = core.document.seed
    window.actions_by_id["style_dice"].trigger()
    assert {seed_of_noise} == {style.seed for style in core.document.styles.values()} == {99_999_999}


# --- view --------------------------------------------------------------------------------------------


def test_view_and_overlay_are_remembered(window, core, qtbot):
    window.actions_by_id["view_side"].trigger()
    window.actions_by_id["enlarged_pixels"].trigger()
    window.options.overlay_slider.setValue(30)
    assert window.canvas.mode is Mode.SIDE_BY_SIDE
    assert round(window.canvas.overlay, 2) == 0.3
    again = MainWindow(core)
    qtbot.addWidget(again)
    assert again.canvas.mode is Mode.SIDE_BY_SIDE
    assert again.actions_by_id["view_side"].isChecked() and again.actions_by_id["enlarged_pixels"].isChecked()
    assert round(again.canvas.overlay, 2) == 0.3


def test_labels_not_learnt_are_marked_from_the_card(window):
    necklace = FACES.find("necklace")
    assert "not learnt" in window.labels.model.row(necklace).hint


# --- closing -----------------------------------------------------------------------------------------


def test_closing_asks_only_about_unsaved_changes(window, core, qtbot):
    assert window.close()  # nothing changed: `window` fails on a question
    window.show()
    core.document.set_seed(4)
    asked = []
    window.controllers.unsaved.ask = lambda: asked.append(1) or QMessageBox.StandardButton.Cancel
    assert not window.close()
    assert asked == [1]
    window.controllers.unsaved.ask = lambda: QMessageBox.StandardButton.Discard
    assert window.close()


def test_save_in_the_question_saves_then_closes(window, core, qtbot, tmp_path, monkeypatch):
    core.document.set_seed(4)
    path = tmp_path / "a.png"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(path), "PNG (*.png)"))
    window.controllers.unsaved.ask = lambda: QMessageBox.StandardButton.Save
    with qtbot.waitSignal(window.closed):
        assert not window.close()
    assert path.is_file()


def test_the_window_comes_back_where_it_was(window, core, qtbot):
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    window.addDockWidget(left, window.docks["labelsDock"])
    window.close()
    again = MainWindow(core)
    qtbot.addWidget(again)
    again.restore_place()
    assert again.dockWidgetArea(again.docks["labelsDock"]) == left
    again.reset_layout()
    assert again.dockWidgetArea(again.docks["labelsDock"]) == Qt.DockWidgetArea.RightDockWidgetArea


# --- looks and language ------------------------------------------------------------------------------


def test_themes_switch_live(qapp, window, core, qtbot):
    before = qapp.styleSheet(), qapp.palette()
    theme = Theme(qapp, "dark")
    try:
        core.theme = theme
        assert QGuiApplication.palette().color(QPalette.ColorRole.Window).name() == DARK[QPalette.ColorRole.Window]
        window.actions_by_id["theme_light"].trigger()
        assert QGuiApplication.palette().color(QPalette.ColorRole.Window).name() == LIGHT[QPalette.ColorRole.Window]
        assert core.settings.theme == "light"
        assert not theme.dark
        slider = window.options.size_slider
        right_half = QPoint(slider.width() * 3 // 4, slider.height() // 2)
        qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=right_half)  # into the groove: the handle jumps there
        assert 0.7 <= slider.value() / slider.maximum() <= 0.8
    finally:
        qapp.setStyleSheet(before[0])
        qapp.setPalette(before[1])


@pytest.mark.parametrize("dark", [True, False])
def test_texts_stand_out_from_their_ground(dark):
    palette = make_palette(dark)
    pairs = (
        (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window, 7.0),
        (QPalette.ColorRole.Text, QPalette.ColorRole.Base, 7.0),
        (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Button, 7.0),
        (QPalette.ColorRole.HighlightedText, QPalette.ColorRole.Highlight, 4.5),
        (QPalette.ColorRole.ToolTipText, QPalette.ColorRole.ToolTipBase, 7.0),
        (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Window, 3.0),
    )
    for front, back, least in pairs:
        assert contrast(palette.color(front), palette.color(back)) >= least, (front, back)


def contrast(a, b) -> float:
    def light(colour):
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(a), light(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_style_sheet_leaves_no_name_open():
    assert "$" not in style_sheet(make_palette(True))


def test_the_language_switches_on_the_same_document(qtbot, core, qapp):
    install_language("zh_CN")
    try:
        window = MainWindow(core)
        qtbot.addWidget(window, before_close_func=lambda _: core.document.mark_saved())
        assert window.menuBar().actions()[0].text() != "&File"
        assert window.labels.model.row(HAIR).name == "头发"
    finally:
        install_language("en")


# --- errors ------------------------------------------------------------------------------------------


def test_the_bar_shows_one_sentence_and_copies_details(qtbot):
    bar = ErrorBar()
    qtbot.addWidget(bar)
    bar.show_problem(Problem("The file is gone.", "Traceback: ..."))
    assert bar.problem.sentence == "The file is gone."
    bar.copy_details()
    assert QGuiApplication.clipboard().text() == "The file is gone.\n\nTraceback: ..."
    bar.show_problem(Problem("By the way.", "", Severity.NOTICE))
    assert bar.problem.sentence == "The file is gone."  # a notice never hides an error
    bar.dismiss()
    assert bar.isHidden()


@pytest.mark.parametrize("severity", list(Severity))
def test_a_message_that_comes_and_goes_does_not_move_the_canvas(window, qtbot, severity):
    canvas, bar = window.canvas, window.error_bar
    before = canvas.geometry(), canvas.view
    bar.show_problem(Problem("A long sentence that needs more than one line of the bar. " * 8, "", severity))
    window.centralWidget().layout().activate()
    assert bar.isVisible() and (canvas.geometry(), canvas.view) == before
    assert bar.geometry().bottom() == canvas.geometry().bottom() and bar.width() == canvas.width()
    assert 40 < bar.height() < canvas.height() // 2
    assert window.centralWidget().childAt(5, bar.y() + 5) is bar  # in front
    bar.dismiss()
    window.centralWidget().layout().activate()
    assert (canvas.geometry(), canvas.view) == before


def test_an_uncaught_exception_reaches_log_and_bar(window, core, tmp_path, qtbot, monkeypatch):
    for module in (sys, threading):
        monkeypatch.setattr(module, "excepthook", module.excepthook)
    path = start_log(tmp_path)
    install_hooks(core.hub)
    try:
        sys.excepthook(ValueError, ValueError("a bug"), None)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    finally:
        qInstallMessageHandler(None)
        stop_log()
    qtbot.waitUntil(lambda: "ZeroDivisionError" in window.error_bar.problem.sentence)
    text = path.read_text("utf-8")
    assert "a bug" in text and "ZeroDivisionError" in text


def test_known_errors_are_said_in_their_own_words(qtbot):
    hub = ProblemHub()
    seen = []
    hub.reported.connect(seen.append)
    hub.error(BadFile("It is gone.", details="errno 2"))
    hub.error(RuntimeError("boom"))
    assert seen[0].sentence == "It is gone." and seen[0].details.startswith("errno 2")
    assert "RuntimeError: boom" in seen[1].sentence and "Traceback" not in seen[1].sentence


# --- start -------------------------------------------------------------------------------------------


def test_foreign_qt_paths_are_dropped():
    environ = {
        "QT_QPA_PLATFORM_PLUGIN_PATH": "/x/site-packages/cv2/qt/plugins",
        "QT_QPA_FONTDIR": "C:\\x\\cv2\\qt\\fonts",
        "QT_PLUGIN_PATH": "/opt/own/plugins",
    }
    assert drop_foreign_qt_paths(environ) == ["QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"]
    assert environ == {"QT_PLUGIN_PATH": "/opt/own/plugins"}


START = """
import os, sys
os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] = "/nowhere/cv2/qt/plugins"
import numpy as np
import app.__main__ as main
from app.document.opening import read_request_file, sample_path
from app.window.main_window import MainWindow
seen = []
def show(self, event, old=MainWindow.showEvent):
    old(self, event)
    self.first_frame.connect(lambda: look(self))
def look(window):
    heavy = ("torch", "numpy.ma")  # np.unique imports the second, for 0.1 s
    seen.append([name for name in heavy if name in sys.modules])
    stored = read_request_file(sample_path()).pixels
    print("stored picture is seen:", np.array_equal(window.core.document.picture, stored))
    window.close()
MainWindow.showEvent = show
code = main.main([])
print("first frame with", seen, "code", code)
"""


def test_the_window_is_there_before_torch():
    """In a process of its own: nothing heavy is imported until the first frame, which shows the sample with the picture
    that is stored with it; closing ends the program."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=120, check=False)
    assert "first frame with [[]] code 0" in done.stdout, done.stderr
    assert "stored picture is seen: True" in done.stdout


def test_a_second_language_makes_a_new_window_on_the_same_core(core, qtbot, qapp, monkeypatch):
    from app.__main__ import Editor

    monkeypatch.setattr("engine.devices.list_devices", list)  # asking for real would load torch
    editor = Editor(core)
    core.document.set_seed(5)
    first = editor.window
    first.show()
    qtbot.waitExposed(first)
    first.controllers.unsaved.ask = lambda: QMessageBox.StandardButton.Discard
    try:
        core.settings.language = "zh_CN"
        first.language_changed.emit()
        second = editor.window
        qtbot.addWidget(second, before_close_func=lambda _: core.document.mark_saved())
        assert second is not first and second.isVisible() and not first.isVisible()
        assert core.document.seed == 5 and second.actions_by_id["undo"].isEnabled()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    finally:
        core.settings.language = "en"
        install_language("en")
        editor.window.controllers.render.stop()


def test_undo_back_to_what_is_shown_drops_the_render_under_way(window, core, engine, qtbot):
    picture = core.document.picture.copy()
    engine.gate = threading.Event()
    core.document.set_seed(5)
    qtbot.waitUntil(lambda: core.render_lane.busy)
    core.document.undo()
    qtbot.waitUntil(lambda: not core.render_lane.busy)
    engine.gate.set()
    assert window.controllers.render.up_to_date
    assert np.array_equal(core.document.picture, picture)


def test_panels_that_share_one_place_have_one_row_of_tabs(core, qtbot, tmp_path):
    """Where the window is low they all do; a tab bar of two was left behind, and both were drawn over each other."""
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "photo.png")
    document, photo = core.document, PhotoReference.of(tmp_path / "photo.png")
    document.new(label_set=document.label_set, label_map=document.label_map, kind=EDIT, photo=photo, undoable=False)
    made = MainWindow(core)
    qtbot.addWidget(made)
    made.restore_place()
    made.show()
    qtbot.waitExposed(made)
    bars = [bar for bar in made.findChildren(QTabBar) if bar.isVisible() and made.rect().intersects(bar.geometry())]
    assert [bar.count() for bar in bars] == [3]


@pytest.mark.parametrize("height", [700, 1100])
def test_at_the_first_start_with_a_photo_its_edits_are_in_front(core, qtbot, height):
    """Their head says what the picture is; where the window is low they share one place with the labels."""
    made = MainWindow(core)
    qtbot.addWidget(made)
    made.resize(1200, height)
    made.restore_place()
    made.resize(1200, height)
    document, edited = core.document, {13: ColourStyle("#a01030")}
    document.new(
        label_set=FACES, label_map=document.label_map, kind="edit", weights="fake-faces", styles=edited, undoable=False
    )
    with qtbot.waitSignal(made.first_frame):
        made.show()
    qtbot.waitUntil(lambda: not made.findChild(EditsPanel).visibleRegion().isEmpty())
    assert made.findChild(EditsPanel).painted_line.isVisible()


@pytest.mark.parametrize("height", [700, 1100])
def test_a_photo_that_is_opened_brings_its_edits_to_the_front(core, qtbot, height):
    made = MainWindow(core)
    qtbot.addWidget(made)
    made.restore_place()
    made.resize(1200, height)
    with qtbot.waitSignal(made.first_frame):
        made.show()
    document = core.document
    document.new(label_set=FACES, label_map=document.label_map, kind="edit", weights="fake-faces", undoable=False)
    qtbot.waitUntil(lambda: not made.findChild(EditsPanel).visibleRegion().isEmpty())


# --- what is dropped beside the canvas -----------------------------------------------------------------


def dropped_beside_the_canvas(window, mime) -> bool:
    """Drags it onto the window and lets it go; whether the window takes it."""
    place, action, none = QPoint(5, 5), Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(place, action, mime, Qt.MouseButton.LeftButton, none)
    entered.ignore()
    window.dragEnterEvent(entered)
    dropped = QDropEvent(QPointF(place), action, mime, Qt.MouseButton.LeftButton, none)
    dropped.ignore()
    window.dropEvent(dropped)
    assert entered.isAccepted() == dropped.isAccepted()
    return dropped.isAccepted()


def test_a_colour_that_is_dropped_beside_the_canvas_is_for_the_chosen_label(window, core):
    core.document.set_current_label(13)
    assert dropped_beside_the_canvas(window, colour_mime("#a01030"))
    assert core.document.style(13) == ColourStyle("#a01030")


def test_a_style_that_is_dragged_off_the_labels_is_not_taken(window, core):
    before = core.document.scene
    assert not dropped_beside_the_canvas(window, style_mime(13)) and core.document.scene == before


# --- messages ----------------------------------------------------------------------------------------


def test_an_error_goes_when_the_next_file_opens_or_another_document_comes(window, core, tmp_path, qtbot):
    (tmp_path / "broken.json").write_text("{", "utf-8")
    write_label_map(tmp_path / "map.png", face_label_map(64), FACES)
    broken, good = tmp_path / "broken.json", tmp_path / "map.png"

    def fail():
        window.controllers.files.open_path(broken)
        qtbot.waitUntil(lambda: window.error_bar.problem is not None)

    fail()
    window.controllers.files.open_path(good)
    qtbot.waitUntil(lambda: window.error_bar.problem is None)
    fail()
    core.document.new(label_set=FACES, label_map=face_label_map(64), weights="fake-faces")
    assert window.error_bar.problem is None


def test_an_error_of_one_action_goes_when_the_next_one_succeeds(window, core):
    window.controllers.styles.use_kept(Path("gone.style.png"), Target(13))
    assert window.error_bar.problem is not None
    core.document.styling.set_styles({13: ColourStyle("#a01030")})
    assert window.error_bar.problem is None
    core.hub.error(RuntimeError("a fault of the program"))
    core.document.styling.set_styles({})
    assert window.error_bar.problem is not None  # nothing that the user does mends it


def test_an_error_of_one_kind_outlasts_the_success_of_another(window, core, qtbot):
    core.hub.error("It could not be opened.", topic="open")
    core.submit(lambda work: None, text="Writing", on_done=lambda _: None, topic="export")
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert window.error_bar.problem is not None
