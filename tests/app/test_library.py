"""The library in the window: kept with keys, taken with the mouse, shared with other windows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialogButtonBox, QInputDialog

from app.imaging.mime import colour_mime, file_mime, style_mime
from app.library.store import keep, read_library
from app.panels.edits.panel import EditsPanel
from app.panels.styles.panel import StylesPanel
from app.shell.paths import user_dir
from app.window.main_window import MainWindow
from engine.requests.label_map_data import encode_map
from engine.requests.style_file import make_kept, read_style
from engine.requests.styles import ColourStyle, ImageStyle, SampleStyle
from tests.app.fakes import FACES
from tests.app.pointing import Drag
from tests.app.waiting import work_done
from tests.fixtures import face_label_map, photo_of

SKIN, HAIR = 1, 13
RED = ColourStyle("#a01030")
LOOK = np.full((32, 32, 3), 90, np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "home"))
    return user_dir("styles")


@pytest.fixture
def make_window(qtbot, core, photo, folder):
    def make() -> MainWindow:
        shown = MainWindow(core)
        shown.resize(1280, 860)
        qtbot.addWidget(shown, before_close_func=lambda _: photo.mark_saved())
        shown.show()
        qtbot.waitExposed(shown)
        return shown

    return make


@pytest.fixture
def window(make_window):
    return make_window()


@pytest.fixture
def sentences(core):
    said: list[str] = []
    core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    return said


@pytest.fixture
def picture_style(tmp_path):
    label_map = face_label_map(96)
    Image.fromarray(photo_of(label_map)).save(tmp_path / "anna.png")
    return ImageStyle(path=str(tmp_path / "anna.png"), label=HAIR, label_map_png=encode_map(label_map))


def items(shelf) -> list[str]:
    return [shelf.item(n).data(Qt.ItemDataRole.AccessibleTextRole) for n in range(shelf.count())]


def middle(shelf, position: int) -> QPoint:
    return shelf.visualItemRect(shelf.item(position)).center()


def answer(window, qtbot, name: str) -> None:
    """Types a name into the open dialog and confirms it."""
    (dialog,) = [each for each in window.findChildren(QInputDialog) if each.isVisible()]
    dialog.setTextValue("")
    qtbot.keyClicks(dialog.focusWidget(), name)
    ok_button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    with work_done(qtbot, window.core):
        qtbot.mouseClick(ok_button, Qt.MouseButton.LeftButton)


def test_a_style_is_kept_under_a_name_and_taken_after_a_restart(
    window, make_window, photo, qtbot, picture_style, folder
):
    photo.styling.set_styles({HAIR: picture_style})
    window.actions_by_id["style_keep"].trigger()
    answer(window, qtbot, "Anna")
    assert items(window.findChild(EditsPanel).shelf)[0] == items(window.findChild(StylesPanel).shelf)[0] == "Anna"
    photo.undo()
    window.close()
    later = make_window()
    shelf = later.findChild(EditsPanel).shelf
    qtbot.waitUntil(lambda: items(shelf)[:1] == ["Anna"])
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=middle(shelf, 0))
    (file,) = folder.glob("*.png")
    assert photo.style(HAIR) == read_style(file).style and photo.style(HAIR).path == str(file)
    assert photo.undo_text == "Style of Hair from Anna"
    assert window.core.scope.source(HAIR) == "Anna"  # not the name of its file


def test_what_another_window_keeps_and_deletes_is_shown(window, qtbot, folder):
    shelf = window.findChild(EditsPanel).shelf
    entry = keep(folder, make_kept("Elsewhere", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(shelf)[:1] == ["Elsewhere"])
    entry.path.unlink()
    qtbot.waitUntil(lambda: "Elsewhere" not in items(shelf))


def test_keys_rename_take_and_delete(window, photo, qtbot, folder):
    shelf = window.findChild(EditsPanel).shelf
    keep(folder, make_kept("Red", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(shelf)[:1] == ["Red"])
    shelf.setFocus()
    shelf.setCurrentRow(0)
    qtbot.keyClick(shelf, Qt.Key.Key_F2)
    answer(window, qtbot, "Redder")
    assert items(shelf)[0] == "Redder"
    shelf.setCurrentRow(0)
    qtbot.keyClick(shelf, Qt.Key.Key_Return)
    assert photo.style(HAIR) == RED
    with work_done(qtbot, window.core):
        qtbot.keyClick(shelf, Qt.Key.Key_Delete)
    assert "Redder" not in items(shelf) and list(folder.glob("*.png")) == []
    assert photo.style(HAIR) == RED  # the photo keeps it


def test_the_menu_of_an_entry_renames_and_deletes_and_that_of_a_sample_does_not(window, qtbot, folder):
    shelf = window.findChild(EditsPanel).shelf
    keep(folder, make_kept("Red", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(shelf)[:1] == ["Red"])
    offered = [[action.text() for action in shelf.menu_for(shelf.item(n)).actions()] for n in (0, 1)]
    assert offered == [["Take for the chosen label", "", "Rename...", "Delete"], ["Take for the chosen label"]]


def test_a_damaged_file_is_one_sentence_and_hides_nothing(make_window, sentences, qtbot, folder):
    keep(folder, make_kept("Red", FACES, HAIR, RED), LOOK)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    window = make_window()
    qtbot.waitUntil(lambda: items(window.findChild(EditsPanel).shelf)[:1] == ["Red"])
    window.controllers.library.reload()
    keep(folder, make_kept("Blue", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(window.findChild(EditsPanel).shelf)[:2] == ["Blue", "Red"])
    assert len(sentences) == 1 and "broken.png" in sentences[0]


def test_a_kept_style_is_dragged_to_a_label_and_out_as_a_file(window, photo, qtbot, folder):
    shelf = window.findChild(EditsPanel).shelf
    entry = keep(folder, make_kept("Red", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(shelf)[:1] == ["Red"])
    dragged = shelf.mimeData([shelf.item(0)])
    assert [url.toLocalFile() for url in dragged.urls()] == [str(entry.path)]
    rows = window.labels.list
    point = rows.visualRect(window.labels.model.index_of(SKIN)).center()
    drag = Drag(rows.viewport(), dragged)
    drag.enter((point.x(), point.y()))
    drag.drop((point.x(), point.y()))
    assert photo.style(SKIN) == RED


def test_a_style_s_file_a_colour_and_a_style_are_dropped_in(window, photo, qtbot, folder, tmp_path):
    shelf = window.findChild(EditsPanel).shelf
    elsewhere = keep(tmp_path / "mail", make_kept("Anna", FACES, HAIR, RED), LOOK)
    for mime in (file_mime(elsewhere.path), colour_mime("#1f1a18")):
        drag = Drag(shelf.viewport(), mime)
        assert drag.enter((10, 10))
        with work_done(qtbot, window.core):
            assert drag.drop((10, 10))
    assert items(shelf)[:2] == ["Anna", "Hair, black"]
    photo.styling.set_styles({SKIN: RED})
    drag = Drag(shelf.viewport(), style_mime(SKIN))
    drag.enter((10, 10))
    drag.drop((10, 10))
    answer(window, qtbot, "Of the skin")
    assert {entry.kept.name for entry in read_library(folder).entries} == {"Hair, black", "Anna", "Of the skin"}


def test_a_picture_dropped_on_the_shelf_says_what_to_do(window, sentences, picture_style, tmp_path):
    drag = Drag(window.findChild(EditsPanel).shelf.viewport(), file_mime(tmp_path / "anna.png"))
    drag.enter((10, 10))
    drag.drop((10, 10))
    assert "drop the picture on a region first" in sentences[0]


def test_a_colour_of_the_shelf_is_taken_by_a_click(window, photo, qtbot):
    shelf = window.findChild(EditsPanel).shelf
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=middle(shelf, items(shelf).index("Copper")))
    assert photo.style(HAIR) == ColourStyle("#a3542a")


def test_nothing_of_other_labels_is_offered_or_taken(window, photo, sentences, qtbot, tmp_path, folder):
    from engine.labels.label_sets import load_label_set

    street = keep(folder, make_kept("Evening", load_label_set("street"), 0, RED), LOOK)
    keep(folder, make_kept("Red", FACES, HAIR, RED), LOOK)
    qtbot.waitUntil(lambda: items(window.findChild(EditsPanel).shelf)[:1] == ["Red"])
    assert "Evening" not in items(window.findChild(EditsPanel).shelf)
    window.controllers.files.open_path(street.path)
    assert "Evening" in sentences[0] and photo.styling.edits == ()


def test_the_mean_is_not_kept(window, sentences):
    window.actions_by_id["style_keep"].trigger()
    assert "no style of its own" in sentences[0]


def test_a_selected_swatch_keeps_its_colour(window):
    icon = window.findChild(EditsPanel).shelf.item(0).icon()
    plain, selected = (icon.pixmap(32, 32, mode).toImage() for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected))
    assert selected == plain


def proposed(window, end: str) -> str:
    """The name that is written in the dialog when a style is kept."""
    window.actions_by_id["style_keep"].trigger()
    (dialog,) = [each for each in window.findChildren(QInputDialog) if each.isVisible()]
    name = dialog.textValue()
    getattr(dialog, end)()
    return name


def test_a_name_is_proposed_that_says_what_one_sees(window, photo, qtbot, picture_style):
    """Nobody knows a drawn style again by its seed."""
    photo.styling.set_styles({HAIR: SampleStyle(70)})
    photo.set_picture(np.full((64, 64, 3), (163, 84, 42), np.uint8))
    assert proposed(window, "reject") == "Hair, copper"
    photo.styling.set_styles({HAIR: picture_style})
    assert proposed(window, "reject") == "Hair, anna"
    photo.styling.set_styles({HAIR: ColourStyle("#2060c8")})
    with work_done(qtbot, window.core):
        assert proposed(window, "accept") == "Hair, blue"
    assert items(window.findChild(EditsPanel).shelf)[0] == "Hair, blue"
    assert proposed(window, "reject") == "Hair, blue 2"  # the first stays
