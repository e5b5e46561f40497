"""What an explorer does: roll, lock, choose among six, mix, morph, rename a region, and go back to what was good."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.panels.styles.panel import StylesPanel
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.styles import MEAN, MixStyle, SampleStyle
from tests.e2e.test_journey import engine_render, wait_rendered

HAIR, SKIN, HAT = 13, 1, 14
PATIENCE = 120_000


def change(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute difference, 0 to 255, where the mask is set."""
    return float(np.abs(before.astype(int) - after.astype(int))[mask].mean())


def test_variety_of_one_region_and_back(editor, shelf, qtbot, tmp_path, monkeypatch):
    window, document = editor.window, editor.core.document
    actions = window.actions_by_id
    first = wait_rendered(editor, qtbot)
    qtbot.waitUntil(lambda: len(document.results) == 1, timeout=PATIENCE)
    started_with = document.scene.to_request()
    document.set_current_label(HAIR)
    hair = document.label_map == HAIR

    # Dice: the region changes, and more than anything else.
    actions["style_dice"].trigger()
    assert isinstance(document.style(HAIR), SampleStyle)
    rolled = wait_rendered(editor, qtbot)
    assert not np.array_equal(rolled, first)
    if shelf == "shipped":
        assert change(first, rolled, hair) > 2 * change(first, rolled, ~hair)

    # A locked style stays when all are rolled; the kept picture has it.
    locked = document.style(HAIR)
    actions["style_lock"].trigger()
    actions["style_dice_all"].trigger()
    assert document.style(HAIR) == locked and isinstance(document.style(SKIN), SampleStyle)
    assert window.controllers.variety.variations() is None
    assert "Hair is locked" in window.error_bar.problem.sentence
    window.error_bar.dismiss()
    wait_rendered(editor, qtbot)
    actions["result_keep"].trigger()
    good = next(result for result in document.results if result.starred)
    actions["style_lock"].trigger()

    # Six variations: what is clicked is what the engine paints of that seed.
    steps = document.undo_text
    dialog = window.controllers.variety.variations()
    qtbot.waitUntil(lambda: all(tile.ready for tile in dialog.tiles), timeout=PATIENCE)
    assert document.undo_text == steps
    seed = dialog.tiles[2].seed
    QTest.keyClick(dialog.tiles[2], Qt.Key.Key_Return)
    assert document.style(HAIR) == SampleStyle(seed)
    varied = wait_rendered(editor, qtbot)
    assert np.array_equal(varied, engine_render(editor, document.scene.to_request(), qtbot))

    # Mix with a second drawn style; the slider goes from one to the other.
    window.controllers.dice.roll_slot(HAIR, "b")
    other = document.style(HAIR).b
    window.findChild(StylesPanel).card.slider.setValue(100)
    assert document.style(HAIR) == MixStyle(SampleStyle(seed), other, 1.0)
    mixed = wait_rendered(editor, qtbot)
    document.styling.set_styles({HAIR: other})
    assert np.array_equal(wait_rendered(editor, qtbot), mixed)

    # Morph to the mean, as a GIF.
    target = tmp_path / "渐变.gif"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), "GIF (*.gif)"))
    session = window.controllers.variety.morph()
    session._set_end(MEAN)
    qtbot.waitUntil(lambda: (MEAN, 0.0) in session._painted, timeout=PATIENCE)
    assert np.array_equal(session._painted[(MEAN, 0.0)], mixed)
    session.dialog.frames.setValue(3)
    session.dialog.export.click()
    qtbot.waitUntil(lambda: target.exists() and not editor.core.foreground_busy, timeout=PATIENCE)
    with Image.open(target) as image:
        assert image.n_frames == 4 and image.size == (document.width, document.height)
    for kind, end in (("strip", "路.png"), ("sequence", "frames")):
        written = tmp_path / end
        monkeypatch.setattr(window.context.ask, "pick_save", lambda *_, path=written: (str(path), ""))
        session.dialog.kind.setCurrentIndex(session.dialog.kind.findData(kind))
        session.dialog.export.click()
        qtbot.waitUntil(lambda path=written: path.exists() and not editor.core.foreground_busy, timeout=PATIENCE)
    assert read_image(tmp_path / "路.png").pixels.shape[1] > 3 * document.width
    last = sorted((tmp_path / "frames").iterdir())[-1]
    assert from_json(read_embedded_request(last)).style(HAIR) == MEAN
    session.dialog.reject()

    # The hair becomes a hat.
    naming = window.controllers.variety.change_label()
    QTest.keyClicks(naming.search, "hat")
    naming.accept()
    assert (document.label_map[hair] == HAT).all()
    assert not np.array_equal(wait_rendered(editor, qtbot), mixed)

    # Back to the starred picture, to the last bit; and undo all the way.
    window.results.choose(good.number)
    window.results.action_recall.trigger()
    # It was unlocked since: locks are not of the request.
    assert document.scene.to_request() == good.scene.to_request().replace(style_locks=())
    assert np.array_equal(wait_rendered(editor, qtbot), good.pixels)
    while document.undo_text:
        document.undo()
    assert document.scene.to_request() == started_with
    assert np.array_equal(wait_rendered(editor, qtbot), first)
