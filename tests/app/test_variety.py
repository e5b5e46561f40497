"""Dice, locks, seeds, variations, morphing and changed labels, in the window on the fake engine."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from shiboken6 import isValid

from app.controllers.morph import between
from app.controllers.styling.variations import APART, DRAWS
from app.panels.styles.panel import StylesPanel
from app.panels.styles.rows import buttons
from app.raster.colours import lab
from engine.errors import NotSupported
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.label_map_data import encode_map
from engine.requests.styles import MEAN, BlockStyle, ImageStyle, MeanStyle, MixStyle, SampleStyle, encode_code
from engine.weights.store import WeightsEntry
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, NOSE, HAT, MOUTH = 13, 1, 2, 14, 10


@pytest.fixture
def document(core):
    core.document.set_current_label(HAIR)
    return core.document


@pytest.fixture
def trigger(window):
    return lambda name: window.actions_by_id[name].trigger()


def image_style(tmp_path, label=HAIR):
    """The style of a picture's region, as the window itself makes them."""
    label_map = face_label_map(64)
    path = tmp_path / "anna.png"
    Image.fromarray(photo_of(label_map, seed=3)).save(path)
    code = encode_code(np.array([200, 40, 40, 0], np.float32))
    return ImageStyle(path=str(path), label=label, label_map_png=encode_map(label_map), code=code)


def problem(window) -> str:
    found = window.error_bar.problem
    return "" if found is None else found.sentence


def rendered(window, qtbot) -> np.ndarray:
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    return window.core.document.picture.copy()


# --- dice and seeds ----------------------------------------------------------------------------------


def test_dice_change_one_label_in_one_step(window, document, trigger, qtbot):
    before = rendered(window, qtbot)
    trigger("style_dice")
    style = document.style(HAIR)
    assert isinstance(style, SampleStyle) and set(document.styles) == {HAIR}
    after = rendered(window, qtbot)
    hair = document.label_map == HAIR
    assert np.array_equal(before[~hair], after[~hair]) and not np.array_equal(before[hair], after[hair])
    assert window.actions_by_id["undo"].text() == "Undo: Roll the style of Hair"
    trigger("undo")
    assert document.styles == {}


def test_the_seed_of_a_drawn_style_is_shown_copied_and_typed_in(window, document, trigger):
    row = window.findChild(StylesPanel).card.seed
    assert row.field.text() == "" and not row.copy.isEnabled()
    trigger("style_dice")
    seed = document.style(HAIR).seed
    assert row.field.text() == str(seed)
    row.copy.click()
    assert QGuiApplication.clipboard().text() == str(seed)
    trigger("style_reset")
    assert row.field.text() == ""
    row.field.setText(f" {seed} ")
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    assert document.style(HAIR) == SampleStyle(seed)
    row.field.setText("not a seed")
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    assert document.style(HAIR) == SampleStyle(seed) and row.field.text() == str(seed)


def test_dice_for_all_leave_locked_styles_alone_and_fit_one_another(window, document, trigger):
    document.styling.set_styles({SKIN: SampleStyle(5)})
    document.set_current_label(SKIN)
    trigger("style_lock")
    trigger("style_dice_all")
    present = {label for label in range(len(document.label_set)) if document.areas[label]}
    assert set(document.styles) == present
    assert document.style(SKIN) == SampleStyle(5)
    assert len({document.style(label) for label in present - {SKIN}}) == 1
    trigger("undo")
    assert document.styles == {SKIN: SampleStyle(5)}


def test_dice_and_lock_of_a_row_act_without_choosing_it(window, document, qtbot):
    view = window.findChild(StylesPanel).list
    window.resize(1280, 1100)
    view.scrollTo(window.findChild(StylesPanel).model.index_of(SKIN))
    where = buttons(view.visualRect(window.findChild(StylesPanel).model.index_of(SKIN)))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where["dice"].center())
    # A click on dice means this label, so it becomes the chosen one; the lock beside it does not.
    assert isinstance(document.style(SKIN), SampleStyle)
    document.set_current_label(HAIR)
    view.scrollTo(window.findChild(StylesPanel).model.index_of(SKIN))
    where = buttons(view.visualRect(window.findChild(StylesPanel).model.index_of(SKIN)))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=where["lock"].center())
    assert document.style_locked == {SKIN} and document.current_label == HAIR


def test_a_mix_keeps_its_other_half_when_one_is_rolled(window, document, tmp_path):
    photo = image_style(tmp_path)
    document.styling.set_styles({HAIR: photo})
    window.findChild(StylesPanel).card.button_dice_b.click()
    mix = document.style(HAIR)
    assert isinstance(mix, MixStyle) and mix.a == photo and isinstance(mix.b, SampleStyle) and mix.amount == 0.5
    window.findChild(StylesPanel).card.seed.dice.click()
    again = document.style(HAIR)
    assert isinstance(again.a, SampleStyle) and again.b == mix.b
    window.findChild(StylesPanel).card.slider.setValue(80)
    assert document.style(HAIR).amount == 0.8


# --- locks -------------------------------------------------------------------------------------------


def test_locked_styles_stay_when_all_are_reset_or_taken_from_a_picture(window, document, trigger, tmp_path, qtbot):
    document.styling.set_styles({HAIR: SampleStyle(1), SKIN: SampleStyle(2)})
    trigger("style_lock")
    assert document.style_locked == {HAIR}
    trigger("style_reset_all")
    assert document.styles == {HAIR: SampleStyle(1)}
    label_map = face_label_map(64)
    path = tmp_path / "photo.png"
    Image.fromarray(photo_of(label_map)).save(path)
    Image.fromarray(label_map).save(tmp_path / "photo.labels.png")
    from app.controllers.styles import Target

    window.controllers.styles.use_file(path, Target())
    qtbot.waitUntil(lambda: isinstance(document.style(SKIN), ImageStyle))
    assert document.style(HAIR) == SampleStyle(1)


def test_a_lock_is_a_step(window, document, trigger, tmp_path):
    document.styling.set_styles({HAIR: SampleStyle(1)})
    trigger("style_lock")
    trigger("style_dice")
    assert document.style(HAIR) == SampleStyle(1) and "locked" in problem(window)
    assert not window.findChild(StylesPanel).card.seed.dice.isEnabled()
    document.styling.set_styles({HAIR: image_style(tmp_path)})
    assert isinstance(document.style(HAIR), ImageStyle)
    trigger("undo")
    trigger("undo")
    assert document.style_locked == frozenset() and window.findChild(StylesPanel).card.seed.dice.isEnabled()


def test_a_model_that_cannot_draw_takes_the_mean_except_for_locked_styles(window, document, qtbot):
    document.styling.set_styles({HAIR: SampleStyle(1), SKIN: SampleStyle(2), NOSE: MixStyle(MEAN, SampleStyle(3), 0.5)})
    document.label_states.set_style_locked(SKIN, True)
    window.controllers.model.use("fake-plain")
    assert document.weights == "fake-plain"
    assert document.styles == {SKIN: SampleStyle(2)}
    assert "2 styles" in problem(window)
    document.undo()
    assert document.weights == "fake-faces" and document.style(HAIR) == SampleStyle(1)


# --- what weights cannot do --------------------------------------------------------------------------


def test_weights_without_samples_say_so(window, document, trigger):
    document.change("weights", "fake-plain")
    detail = window.findChild(StylesPanel).card
    for widget in (detail.seed.dice, detail.button_variations, window.findChild(StylesPanel).button_dice_all):
        assert not widget.isEnabled() and "cannot draw styles" in widget.toolTip()
    assert detail.button_file.isEnabled() and detail.button_morph.isEnabled()
    for name in ("style_dice", "style_dice_all", "style_variations"):
        trigger(name)
        assert "cannot draw styles" in problem(window)
        window.error_bar.dismiss()
    assert document.styles == {}


def test_one_style_for_the_whole_picture_is_shown_and_set_as_such(window, document, trigger):
    document.change("weights", "fake-whole")
    panel = window.findChild(StylesPanel)
    assert panel.model.rowCount() == 1
    assert panel.model.row(HAIR).name == "Whole picture" == panel.card._name.text()
    trigger("style_dice")
    styles = document.styles
    assert set(styles) == set(range(len(document.label_set))) and len(set(styles.values())) == 1
    trigger("style_lock")
    assert len(document.style_locked) == len(document.label_set)
    trigger("style_dice_all")
    assert document.styles == styles
    trigger("style_lock")
    assert document.style_locked == frozenset()
    trigger("style_reset")
    assert document.styles == {}
    assert not window.findChild(StylesPanel).card.fold.button.isEnabled()


def test_changing_to_one_style_for_the_picture_takes_that_of_the_largest_region(window, document, qtbot):
    document.styling.set_styles({HAIR: SampleStyle(1), NOSE: SampleStyle(2), SKIN: BlockStyle((SampleStyle(3),) * 6)})
    document.label_states.set_style_locked(NOSE, True)
    window.controllers.model.use("fake-whole")
    assert set(document.styles.values()) == {SampleStyle(2)}
    document.undo()
    document.label_states.set_style_locked(NOSE, False)
    window.controllers.model.use("fake-whole")
    assert len(document.styles) == len(document.label_set)
    largest = max((HAIR, NOSE, SKIN), key=lambda label: int(document.areas[label]))
    assert set(document.styles.values()) == {{HAIR: SampleStyle(1), SKIN: SampleStyle(3)}[largest]}


# --- six variations ----------------------------------------------------------------------------------


def test_six_variations_appear_and_a_click_takes_one_in_one_step(window, document, engine, qtbot):
    before = document.scene.to_request()
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    assert "MainThread" not in engine.threads
    assert document.scene.to_request() == before
    seeds = [tile.seed for tile in dialog.tiles]
    assert len(set(seeds)) == 6
    dialog.tiles[4].click()
    assert document.style(HAIR) == SampleStyle(seeds[4]) and set(document.styles) == {HAIR}
    assert window.actions_by_id["undo"].text() == "Undo: Variation of Hair"
    rendered(window, qtbot)
    document.undo()
    assert document.scene.to_request() == before


def test_six_more_drop_those_that_are_still_being_painted(window, document, engine, core, qtbot, monkeypatch):
    first_seeds = iter((1000, 5000))
    monkeypatch.setattr("app.controllers.styling.variations.new_seed", lambda: next(first_seeds))
    engine.gate = threading.Event()
    dialog = window.controllers.variety.variations()
    assert not any(tile.isEnabled() for tile in dialog.tiles)
    dialog.button_more.click()
    engine.gate.set()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    second = [tile.seed for tile in dialog.tiles]
    assert min(second) >= 5000 and len(set(second)) == 6
    QTest.keyClick(dialog.tiles[0], Qt.Key.Key_Return)
    assert document.style(HAIR) == SampleStyle(second[0])


def test_variations_are_unlike_one_another(window, document, engine, qtbot, monkeypatch):
    """Seeds in a row paint nearly the same with the fake engine: two of six looked alike."""
    monkeypatch.setattr("app.controllers.styling.variations.new_seed", lambda: 20)
    monkeypatch.setattr("app.controllers.styling.variations.DRAWS", 40)
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    greys = lab([(tile.seed,) * 3 for tile in dialog.tiles])[:, 0]  # what the fake engine paints of seeds below 199
    assert [tile.seed for tile in dialog.tiles][0] == 20 and np.diff(np.sort(greys)).min() >= APART - 0.5


def test_where_all_styles_look_alike_a_few_are_tried_for_each(window, document, engine, qtbot, monkeypatch):
    monkeypatch.setattr("app.controllers.styling.variations.APART", 1000)
    rendered(window, qtbot)
    before = engine.renders
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles))
    assert engine.renders - before == 1 + 5 * DRAWS
    dialog.reject()


def test_closing_the_variations_stops_them(window, document, engine, core, qtbot):
    engine.gate = threading.Event()
    dialog = window.controllers.variety.variations()
    dialog.reject()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    engine.gate.set()
    assert document.styles == {}


def test_variations_that_fail_say_why_once(window, document, engine, qtbot):
    engine.error = NotSupported("These weights cannot do that.")
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: dialog._problem.isVisible())
    assert "cannot do that" in dialog._problem.text()
    engine.error = None
    dialog.reject()


def test_variations_of_a_label_without_a_region_are_refused(window, document, trigger):
    document.set_current_label(HAT)
    trigger("style_variations")
    assert "no region of Hat" in problem(window)


# --- a new document ----------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["smis", "sean"])
def test_a_new_document_for_smis_begins_with_drawn_styles(window, core, document, system, monkeypatch):
    found = [entry for entry in core.catalogue.entries if entry.name == "fake-faces"]
    made = [WeightsEntry(one.name, one.folder, one.card.replace(system=system)) for one in found]
    monkeypatch.setattr(core.catalogue, "_find", lambda: made)
    core.catalogue.reload()
    window.controllers.new._from_map(face_label_map(64))
    drawn = set(document.styles.values())
    if system == "sean":
        assert not drawn
        return
    assert len(drawn) == 1 and isinstance(drawn.pop(), SampleStyle)
    assert len(document.styles) == len(document.label_set) and not document.dirty
    document.undo()
    assert document.styles == {} and np.array_equal(document.label_map, face_label_map(64))


# --- morphing ----------------------------------------------------------------------------------------


@pytest.fixture
def session(window, document, qtbot):
    document.styling.set_styles({HAIR: SampleStyle(7)})
    made = window.controllers.variety.morph()
    qtbot.waitUntil(lambda: bool(made._painted))
    yield made
    if isValid(made.dialog):  # a dialog that was left is gone
        made.dialog.reject()


def test_the_preview_follows_the_slider_and_the_style_can_be_taken(window, document, session, qtbot):
    dialog = session.dialog
    session._set_end(MEAN)
    dialog.slider.setValue(30)
    dialog.slider.setValue(60)
    qtbot.waitUntil(lambda: session.painted(0.6) is not None)
    pixel = session.painted(0.6)[document.label_map == HAIR][0]
    assert np.allclose(pixel, 0.4 * 7 + 0.6 * 128, atol=1)
    dialog.take.click()
    assert document.style(HAIR) == MixStyle(SampleStyle(7), MEAN, 0.6)
    document.undo()
    assert document.style(HAIR) == SampleStyle(7)


@pytest.mark.parametrize("kind", ["gif", "strip", "sequence"])
def test_a_morph_is_exported(window, document, session, kind, tmp_path, monkeypatch, qtbot):
    target = tmp_path / {"gif": "m.gif", "strip": "m.png", "sequence": "frames"}[kind]
    monkeypatch.setattr(window.context.ask, "pick_save", lambda title, path, filters: (str(target), filters))
    dialog = session.dialog
    session._set_end(MEAN)
    dialog.kind.setCurrentIndex(dialog.kind.findData(kind))
    dialog.frames.setValue(4)
    dialog.export.click()
    assert dialog.stop.isVisible() and not dialog.export.isEnabled()
    qtbot.waitUntil(lambda: "Written" in dialog._message.text())
    assert dialog.export.isEnabled() and not dialog.stop.isVisible()
    if kind == "gif":
        with Image.open(target) as image:
            assert image.n_frames == 6  # there and back
    elif kind == "strip":
        assert read_image(target).pixels.shape[1] == 4 * 64 + 3 * 4
    else:
        files = sorted(target.iterdir())
        assert [file.name for file in files] == [f"frame-00{n}.png" for n in range(1, 5)]
        assert "sample" in read_embedded_request(files[0])


def test_a_cancelled_export_writes_nothing(window, document, session, engine, tmp_path, monkeypatch, qtbot):
    engine.gate = threading.Event()
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(tmp_path / "m.gif"), "GIF (*.gif)"))
    session.dialog.export.click()
    session.dialog.stop.click()
    assert "nothing was written" in session.dialog._message.text() and session.dialog.export.isEnabled()
    engine.gate.set()
    qtbot.waitUntil(lambda: not window.core.foreground_busy)
    assert not (tmp_path / "m.gif").exists()


def test_a_region_of_a_picture_can_be_the_other_end(window, document, session, tmp_path, monkeypatch, qtbot):
    label_map = face_label_map(64)
    path = tmp_path / "photo.png"
    Image.fromarray(photo_of(label_map)).save(path)
    Image.fromarray(label_map).save(tmp_path / "photo.labels.png")
    monkeypatch.setattr(window.context.ask, "pick_open", lambda *_: str(path))
    session.dialog.button_picture.click()
    qtbot.waitUntil(lambda: isinstance(session._to, ImageStyle))
    assert session._to.label == HAIR and document.style(HAIR) == SampleStyle(7)


def test_the_ends_of_the_way_are_the_styles_themselves():
    a, b = SampleStyle(1), MeanStyle()
    assert between(a, b, 0.0) == a and between(a, b, 1.0) == b and between(a, b, 0.5) == MixStyle(a, b, 0.5)


@pytest.mark.parametrize("name", ["variations", "morph"])
def test_a_model_that_arrives_while_a_dialog_is_open_closes_it_with_a_word(window, document, engine, name, qtbot):
    """Chosen before, it comes when the pictures are encoded: what the dialog shows could not be taken any more."""
    opened = getattr(window.controllers.variety, name)()
    dialog = opened if name == "variations" else opened.dialog
    window.controllers.model.use("fake-other")
    assert "open the dialog again" in problem(window)
    assert not isValid(dialog) or not dialog.isVisible()
    window.error_bar.dismiss()
    document.undo()
    assert problem(window) == ""


# --- another label -----------------------------------------------------------------------------------


def test_a_region_becomes_another_label_in_one_step(window, document, qtbot):
    hair = document.label_map == HAIR
    dialog = window.controllers.variety.change_label()
    QTest.keyClicks(dialog.search, "hat")
    dialog.accept()
    assert (document.label_map[hair] == HAT).all() and not (document.label_map == HAIR).any()
    assert document.current_label == HAT
    document.undo()
    assert (document.label_map[hair] == HAIR).all()


def test_locked_or_absent_regions_are_not_changed(window, document, trigger):
    document.label_states.set_locked(HAIR, True)
    trigger("label_change")
    assert "locked" in problem(window)
    document.set_current_label(MOUTH)
    trigger("label_change")
    assert "no region of Mouth" in problem(window)


def test_previews_of_a_large_document_are_painted_reduced_and_bounded(window, document, qtbot, monkeypatch):
    monkeypatch.setattr("app.controllers.morph.LARGEST", 96)
    monkeypatch.setattr("app.controllers.morph.KEPT_BYTES", 3 * 96 * 64 * 3)
    label_map = np.array(face_label_map(192)[:, :128])
    document.new(label_set=document.label_set, label_map=label_map, weights="fake-faces", undoable=False)
    document.set_current_label(HAIR)
    made = window.controllers.variety.morph()
    made._set_end(MEAN)
    for amount in (20, 40, 60, 80):
        made.dialog.slider.setValue(amount)
        qtbot.waitUntil(lambda amount=amount: (MEAN, amount / 100) in made._painted)
    assert {pixels.shape for pixels in made._painted.values()} == {(96, 64, 3)}
    assert len(made._painted) == 3
    made.dialog.reject()
