"""A locked style stays as it is, by whatever way another one comes, and is still locked in the file that is saved."""

from __future__ import annotations

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.imaging.mime import Incoming, style_mime
from app.panels.styles.panel import StylesPanel
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.styles import MixStyle, SampleStyle
from tests.app.canvas.test_drops import canvas_point, drop_on, mime_of
from tests.app.waiting import work_done
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1
STYLE = MixStyle(SampleStyle(1), SampleStyle(2), 0.25)


@pytest.fixture
def document(core):
    """Hair in a style of its own, locked and chosen; skin in another."""
    document = core.document
    document.styling.set_styles({HAIR: STYLE, SKIN: SampleStyle(3)})
    document.label_states.set_style_locked(HAIR, True)
    document.set_current_label(HAIR)
    return document


@pytest.fixture
def photo(tmp_path):
    """A picture with its regions beside it."""
    label_map = face_label_map(64)
    path = tmp_path / "photo.png"
    Image.fromarray(photo_of(label_map)).save(path)
    Image.fromarray(label_map).save(tmp_path / "photo.labels.png")
    return path


def told(window) -> str:
    found = window.error_bar.problem
    window.error_bar.dismiss()
    return "" if found is None else found.sentence


@pytest.mark.parametrize("name", ["style_dice", "style_reset", "style_file", "style_variations"])
def test_commands_say_that_the_style_is_locked(window, document, name, monkeypatch):
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: pytest.fail("asked for a file in vain"))
    window.actions_by_id[name].trigger()
    assert told(window) == "The style of Hair is locked; unlock it to change it."
    assert document.style(HAIR) == STYLE
    document.label_states.set_style_locked(HAIR, False)
    window.actions_by_id["style_reset"].trigger()
    assert HAIR not in document.styles


@pytest.mark.parametrize("place", ["region", "row", "first slot", "second slot"])
@pytest.mark.parametrize("what", ["file", "style"])
def test_whatever_is_dropped_on_a_locked_style_is_refused(window, core, document, photo, place, what, qtbot):
    panel = window.findChild(StylesPanel)
    row = panel.list.visualRect(panel.model.index_of(HAIR)).center()
    target, point = {
        "region": (window.canvas, canvas_point(window, HAIR)),
        "row": (panel.list.viewport(), (row.x(), row.y())),
        "first slot": (panel.card.thumb_a, (5, 5)),
        "second slot": (panel.card.thumb_b, (5, 5)),
    }[place]
    drop_on(target, mime_of(photo) if what == "file" else style_mime(SKIN), point)
    qtbot.waitUntil(lambda: not core.foreground_busy and window.error_bar.problem is not None)
    assert "Hair is locked" in told(window) and document.style(HAIR) == STYLE


def test_controls_of_a_locked_style_are_off_and_say_why(window, document):
    detail = window.findChild(StylesPanel).card
    controls = (
        *(detail.seed.dice, detail.seed.field, detail.button_file, detail.button_reset, detail.button_variations),
        *(detail.slider, detail.button_dice_b, detail.button_clear_b),
    )
    for control in controls:
        assert not control.isEnabled() and "locked" in control.toolTip()
    assert not detail.fold._box.isEnabled()
    assert detail.thumb_a.isEnabled()  # its style can be dragged away
    window.actions_by_id["style_lock"].trigger()
    assert all(control.isEnabled() and "locked" not in control.toolTip() for control in controls)


def test_a_locked_style_can_be_copied_but_not_the_other_way(window, document):
    window.controllers.styles.use(Incoming(style_of=HAIR), _target(SKIN))
    assert document.style(SKIN) == STYLE
    window.controllers.dice.recall_seed(HAIR, 9)
    assert "locked" in told(window) and document.style(HAIR) == STYLE


def test_a_morph_from_a_locked_style_is_looked_at_but_not_taken(window, document, qtbot):
    session = window.controllers.variety.morph()
    qtbot.waitUntil(lambda: bool(session._painted))
    assert not session.dialog.take.isEnabled() and "locked" in session.dialog.take.toolTip()
    assert session.dialog.export.isEnabled()
    session.dialog.reject()


def test_where_all_are_locked_nothing_is_asked_or_read(window, core, document, photo, monkeypatch):
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: pytest.fail("asked for a file in vain"))
    document.label_states.set_style_locked(range(len(document.label_set)), True)
    before = document.styles
    for name in ("style_dice_all", "style_reset_all", "style_all"):
        window.actions_by_id[name].trigger()
        assert told(window) == "All styles are locked; unlock one to change it."
    drop_on(window.findChild(StylesPanel), mime_of(photo), (5, 5))
    assert "All styles are locked" in told(window)
    assert document.styles == before and not core.foreground_busy


def test_the_lock_of_a_row_is_clicked_and_undone(window, document):
    window.actions_by_id["undo"].trigger()
    assert not document.style_locked
    panel = window.findChild(StylesPanel)
    from app.panels.styles.rows import buttons

    where = buttons(panel.list.visualRect(panel.model.index_of(HAIR)))["lock"].center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert document.style_locked == {HAIR}


@pytest.mark.parametrize("ending", [".png", ".json"])
def test_locks_travel_with_the_file(window, core, document, ending, tmp_path, monkeypatch, qtbot):
    document.label_states.set_locked(SKIN, True)
    target = tmp_path / f"locked{ending}"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda title, path, filters: (str(target), filters))
    with work_done(qtbot, window.core):
        window.actions_by_id["save_as"].trigger()
    text = read_embedded_request(target) if ending == ".png" else target.read_text("utf-8")
    request = from_json(text)
    assert request.style_locks == (HAIR,) and request.label_locks == (SKIN,)
    document.new(label_set=document.label_set, label_map=document.label_map, weights=document.weights)
    document.mark_saved()
    assert not document.style_locked
    window.controllers.files.open_path(target)
    qtbot.waitUntil(lambda: document.style_locked == {HAIR})
    assert document.locked == {SKIN} and not document.dirty


def test_a_kept_picture_comes_back_without_touching_locks(window, document, qtbot):
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    kept = document.kept.keep(document.scene, document.picture)
    window.actions_by_id["style_lock"].trigger()
    window.actions_by_id["style_dice"].trigger()
    window.controllers.results.recall(kept.number)
    assert document.style(HAIR) == STYLE and not document.style_locked


def _target(label):
    from app.controllers.styles import Target

    return Target(label)
