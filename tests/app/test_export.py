"""Saving and exporting: what is written restores everything, and failures leave nothing behind."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from app.dialogs.files import all_suffixes, suffixes_of
from app.dialogs.quality import QualityDialog
from app.window.main_window import MainWindow
from engine.errors import BadFile
from engine.labels.label_maps import read_label_map
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.styles import ImageStyle, encode_code
from tests.app.fakes import FACES, make_core
from tests.app.pictures import to_array
from tests.app.waiting import shown_dialogs, work_done

HAIR = 13


@pytest.fixture
def answer(window, monkeypatch):
    """Answers the next save dialog: answer(path, filter number)."""

    def set_answer(path, which=0):
        def pick(title, proposed, filters):
            return str(path), filters.split(";;")[which]

        monkeypatch.setattr(window.context.ask, "pick_save", pick)

    return set_answer


def wait_saved(qtbot, window, action):
    with work_done(qtbot, window.core):
        window.actions_by_id[action].trigger()
        for dialog in shown_dialogs(QualityDialog):
            dialog.accept()


def edit(core):
    """A document with a stroke, a style and a seed of its own."""
    document = core.document
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(5, 5), (40, 30)], 6)
    document.pixels.end_stroke()
    code = encode_code(np.array([10, 200, 90, 0], np.float32))
    document.styling.set_styles({HAIR: ImageStyle(path="anna.png", label=HAIR, code=code)})
    document.set_seed(3)


def test_a_saved_png_restores_everything(window, core, answer, qtbot, tmp_path):
    edit(core)
    path = tmp_path / "结果 one.png"
    answer(path)
    wait_saved(qtbot, window, "save")
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)  # the file may be ready before the preview
    request = core.document.scene.to_request()
    assert not core.document.dirty
    assert "结果 one.png" in window.windowTitle()
    assert from_json(read_embedded_request(path)) == request
    assert np.array_equal(read_image(path).pixels, core.document.picture)
    core.document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces")
    core.document.mark_saved()  # else the user would be asked
    window.controllers.files.open_path(path)
    reopened = request.located(tmp_path)  # the style's picture is one beside the file
    qtbot.waitUntil(lambda: core.document.scene.to_request() == reopened)
    assert not core.document.dirty
    core.document.undo()
    assert core.document.styles == {}


def test_a_file_opens_with_the_label_that_was_chosen_before_the_editor_was_closed(
    window, core, answer, qtbot, tmp_path, engine
):
    """It opened with the largest region, whatever was chosen."""
    viewport, rows = window.labels.list.viewport(), window.labels.list
    hair_row = rows.visualRect(window.labels.model.index_of(HAIR))
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=hair_row.topLeft() + QPoint(80, 8))
    path = tmp_path / "a.png"
    answer(path)
    wait_saved(qtbot, window, "save")
    later_core = make_core(tmp_path, engine)  # the same settings
    later_window = MainWindow(later_core)
    qtbot.addWidget(later_window)
    later_window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: later_core.document.path == path)
    assert later_core.document.current_label == HAIR
    later_core.shutdown()


def test_save_writes_the_same_file_again_without_asking(window, core, answer, qtbot, tmp_path):
    path = tmp_path / "a.png"
    answer(path)
    wait_saved(qtbot, window, "save")
    core.document.set_seed(11)
    assert core.document.dirty and window.isWindowModified()
    answer(tmp_path / "never asked.png")
    wait_saved(qtbot, window, "save")
    assert from_json(read_embedded_request(path)).seed == 11
    assert [p.name for p in tmp_path.glob("*.png")] == ["a.png"]


def test_a_request_alone_is_json(window, core, answer, qtbot, tmp_path):
    edit(core)
    path = tmp_path / "a.json"
    answer(path, 1)
    wait_saved(qtbot, window, "save_as")
    assert from_json(path.read_text("utf-8")) == core.document.scene.to_request()
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: core.document.undo_text == "Open a.json")


@pytest.mark.parametrize(("which", "name"), [(1, "a.jpg"), (2, "a.webp"), (3, "a.tiff")])
def test_other_formats_hold_the_picture(window, core, answer, qtbot, tmp_path, which, name):
    answer(tmp_path / name, which)
    wait_saved(qtbot, window, "export")
    assert read_image(tmp_path / name).pixels.shape == core.document.picture.shape
    assert window.core.document.path is None  # such a file does not hold the document


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_the_user_says_how_much_a_lossy_file_keeps(window, core, answer, qtbot, tmp_path, name):
    edit(core)  # a picture with edges
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    sizes = []
    for quality in (95, 20):
        answer(tmp_path / name)
        with work_done(qtbot, core):
            window.actions_by_id["export"].trigger()
            (dialog,) = shown_dialogs(QualityDialog)
            assert dialog.quality.value() == 95 and name in dialog.windowTitle()
            dialog.quality.setValue(quality)
            dialog.accept()
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[1] < sizes[0]


def test_a_name_without_suffix_gets_the_format_s(window, core, answer, qtbot, tmp_path):
    answer(tmp_path / "picture.v2", 1)
    wait_saved(qtbot, window, "export")
    assert [p.name for p in tmp_path.glob("picture*")] == ["picture.v2.jpg"]


@pytest.mark.parametrize(("which", "kind"), [(0, "indexed"), (1, "raw"), (2, "colour")])
def test_label_maps_come_back(window, core, answer, qtbot, tmp_path, which, kind):
    path = tmp_path / "map.png"
    answer(path, which)
    wait_saved(qtbot, window, "export_map")
    back = read_label_map(path, FACES)
    assert back.how == kind
    assert np.array_equal(back.label_map, core.document.label_map)
    with Image.open(path) as image:
        mode = image.mode
    assert mode == {"indexed": "P", "raw": "L", "colour": "RGB"}[kind]


def test_a_stale_picture_is_never_written_with_a_newer_request(window, core, answer, engine, qtbot, tmp_path):
    engine.gate = threading.Event()  # the preview hangs: the picture on the screen is old
    core.document.set_seed(6)
    qtbot.waitUntil(lambda: core.render_lane.busy)
    path = tmp_path / "a.png"
    answer(path)
    with work_done(qtbot, window.core):
        window.actions_by_id["save"].trigger()
        engine.gate.set()
    assert from_json(read_embedded_request(path)).seed == 6
    assert np.array_equal(read_image(path).pixels[0, 0], [134, 134, 134])  # mean grey 128, plus the seed


def test_changes_made_while_it_is_written_stay_unsaved(window, core, answer, engine, qtbot, tmp_path):
    engine.gate = threading.Event()
    core.document.set_seed(2)
    answer(tmp_path / "a.png")
    window.actions_by_id["save"].trigger()
    core.document.set_seed(3)
    with work_done(qtbot, window.core):
        engine.gate.set()
    assert core.document.dirty


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permission there")
def test_a_read_only_folder_gets_one_sentence(window, core, answer, qtbot, tmp_path, monkeypatch):
    folder = tmp_path / "locked"
    folder.mkdir()
    if os.geteuid() == 0:  # nothing is read-only for root: let the system say it
        real = os.open

        def no(path, flags, *args, **kwargs):
            if str(folder) in str(path) and flags & os.O_CREAT:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, flags, *args, **kwargs)

        import builtins

        real_open = builtins.open

        def no_open(path, mode="r", *args, **kwargs):
            if str(folder) in str(path) and ("w" in mode or "x" in mode):
                raise PermissionError(13, "Permission denied", str(path))
            return real_open(path, mode, *args, **kwargs)

        monkeypatch.setattr(os, "open", no)
        monkeypatch.setattr(builtins, "open", no_open)
    else:
        folder.chmod(0o500)
    core.document.set_seed(4)
    answer(folder / "a.png")
    window.actions_by_id["save"].trigger()
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert "a.png" in window.error_bar.problem.sentence and "read-only" in window.error_bar.problem.sentence
    assert list(folder.iterdir()) == []
    assert core.document.dirty
    assert window.core.document.path is None


def test_a_full_disk_gets_one_sentence_and_keeps_the_old_file(window, core, answer, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    answer(path)
    wait_saved(qtbot, window, "save")
    old = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    core.document.set_seed(8)
    window.actions_by_id["save"].trigger()
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert "full" in window.error_bar.problem.sentence
    assert path.read_bytes() == old
    assert [p.name for p in tmp_path.iterdir() if p.suffix in (".png", ".tmp")] == ["a.png"]
    assert core.document.dirty


def test_copy_puts_the_picture_on_the_clipboard(window, core):
    window.actions_by_id["copy"].trigger()
    assert np.array_equal(to_array(QGuiApplication.clipboard().image()), core.document.picture)


def test_written_files_are_the_recent_ones(window, core, answer, qtbot, tmp_path):
    answer(tmp_path / "a.png")
    wait_saved(qtbot, window, "save")
    menu = window.menus["RECENT"]
    menu.aboutToShow.emit()
    assert menu.actions()[0].text().endswith("a.png") and menu.actions()[0].isEnabled()
    (tmp_path / "a.png").unlink()
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: not menu.actions()[0].isEnabled())


def test_dialogs_remember_their_folder(window, core, answer, qtbot, tmp_path, monkeypatch):
    answer(tmp_path / "a.png")
    wait_saved(qtbot, window, "export")
    seen = []
    monkeypatch.setattr(
        window.context.ask, "pick_save", lambda title, proposed, filters: (seen.append(proposed), ("", ""))[1]
    )
    window.actions_by_id["export"].trigger()
    assert seen == [str(tmp_path / "a.png")]


def test_filters_name_their_suffixes():
    assert suffixes_of("JPEG (*.jpg *.jpeg)") == [".jpg", ".jpeg"]
    assert suffixes_of("All files (*)") == []
    assert all_suffixes("PNG (*.png);;JPEG (*.jpg)") == {".png", ".jpg"}


def test_a_request_with_a_missing_model_changes_nothing(window, core, tmp_path, qtbot):
    from engine.requests.json_text import to_json

    path = tmp_path / "a.json"
    path.write_text(to_json(core.document.scene.to_request().replace(weights="not-here")), "utf-8")
    before = core.document.scene.to_request()
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert "not-here" in window.error_bar.problem.sentence
    assert core.document.scene.to_request() == before


def test_the_engine_s_sentence_is_what_the_user_reads(window, core, engine, qtbot):
    engine.error = BadFile("The weights are damaged; get them again.", details="sha256 differs")
    core.document.set_seed(1)
    qtbot.waitUntil(lambda: window.error_bar.problem is not None)
    assert window.error_bar.problem.sentence == "The weights are damaged; get them again."
    window.error_bar.copy_details()
    assert "sha256 differs" in QGuiApplication.clipboard().text()
    engine.error = None
    core.document.set_seed(2)
    qtbot.waitUntil(lambda: window.error_bar.problem is None)  # the next render takes it back
