"""Previews on the canvas: shown only where something changed, gone with the exact picture, never in the document."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.jobs.pace import Painting, Size
from app.raster import preview
from engine.requests.styles import SampleStyle
from tests.app.pointing import Mouse

HAIR = 13


def test_a_preview_is_solid_on_a_change_and_fades_out_around_it():
    changed = np.zeros((100, 100), bool)
    changed[50, 50] = True
    opacity = preview.fading(changed)
    assert opacity[50, 50] == 255 and opacity[0, 0] == 0
    row = opacity[50, 50:].astype(int)
    assert (np.diff(row) <= 0).all() and len(set(row)) > 3
    assert not preview.fading(np.zeros((4, 4), bool)).any()


def test_a_layer_is_premultiplied():
    pixels = np.full((1, 2, 3), (255, 128, 0), np.uint8)
    layer = preview.layer(pixels, np.array([[255, 51]], np.uint8))
    assert layer.tolist() == [[0xFFFF8000, 0x33331A00]]


@pytest.fixture
def slow(core):
    """The lane believes that an exact picture of 64 x 64 takes long and a preview of it does not; time stands still
    while a button is held, so that a hand which paints never seems to rest.
    """
    core.render_lane._clock = lambda: 0.0 if core.document.stroking else time.perf_counter()
    for _ in range(3):
        core.render_lane._learnt.pace.observe(core.document.scene.pace_key, Painting(Size(64, 64), True), 30.0)
        core.render_lane._learnt.pace.observe(core.document.scene.pace_key, Painting(Size(32, 32), False), 0.05)
        core.render_lane._learnt.pace.observe(core.document.scene.pace_key, Painting(Size(48, 48), False), 0.3)
    return core


@pytest.fixture
def previews(core) -> list[np.ndarray]:
    shown = []
    core.render_lane.previewed.connect(lambda result: shown.append(result.pixels))
    return shown


def painting_with(window) -> Mouse:
    window.canvas.set_brush_diameter(8)
    window.core.document.set_current_label(HAIR)
    return Mouse(window.canvas)


def middle(window) -> tuple[int, int]:
    canvas = window.canvas
    return round(32 * canvas.view.scale + canvas.view.x), round(32 * canvas.view.scale + canvas.view.y)


def test_a_stroke_is_previewed_and_ends_in_the_exact_picture(window, slow, previews, qtbot):
    document, render = slow.document, window.controllers.render
    before = document.picture.copy()
    mouse = painting_with(window)
    mouse.press(middle(window))
    qtbot.waitUntil(lambda: bool(previews))
    assert previews[0].shape == (32, 32, 3)
    assert window.canvas.has_preview and document.picture.shape == (64, 64, 3)
    assert np.array_equal(document.picture, before)
    mouse.release(middle(window))
    qtbot.waitUntil(lambda: render.up_to_date)
    assert not window.canvas.has_preview
    assert not slow.render_lane.busy


def shown_opacity(window) -> np.ndarray:
    """How much of the preview on the canvas is seen: (h, w), 0-255."""
    return window.canvas._drawing._preview._buffer >> 24


def test_a_preview_is_seen_around_what_changed_only(window, slow, previews, qtbot):
    document = slow.document
    label = int(document.label_map[2, 2])
    document.set_current_label(HAIR if label != HAIR else 1)
    window.canvas.set_brush_diameter(4)
    view = window.canvas.view
    corner = round(4 * view.scale + view.x), round(4 * view.scale + view.y)
    mouse = Mouse(window.canvas)
    mouse.press(corner)
    qtbot.waitUntil(lambda: bool(previews))
    opacity = shown_opacity(window)
    assert opacity[2, 2] == 255 and opacity[-1, -1] == 0
    mouse.release(corner)
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)


def test_another_style_is_previewed_in_its_region_and_another_seed_everywhere(window, slow, previews, qtbot):
    document, seen = slow.document, []
    slow.render_lane.previewed.connect(lambda _: seen.append(shown_opacity(window)))
    document.styling.set_styles({HAIR: SampleStyle(77)})
    qtbot.waitUntil(lambda: bool(seen) and window.controllers.render.up_to_date)
    hair = document.label_map[::2, ::2] == HAIR
    assert seen[-1][hair].min() == 255 and seen[-1].min() == 0
    document.set_seed(9)
    qtbot.waitUntil(lambda: len(seen) == 2 and window.controllers.render.up_to_date)
    assert seen[-1].min() == 255


def test_cancel_takes_the_preview_away_and_keeps_the_last_picture(window, slow, previews, qtbot):
    document = slow.document
    before = document.picture.copy()
    mouse = painting_with(window)
    mouse.press(middle(window))
    qtbot.waitUntil(lambda: bool(previews))
    window.controllers.render.cancel()
    assert not window.canvas.has_preview and not slow.render_lane.busy
    mouse.release(middle(window))
    assert np.array_equal(document.picture, before)


def test_undo_back_to_what_is_shown_takes_the_preview_away(window, slow, previews, qtbot):
    mouse = painting_with(window)
    mouse.press(middle(window))
    qtbot.waitUntil(lambda: bool(previews))
    mouse.release(middle(window))
    slow.document.undo()
    qtbot.waitUntil(lambda: not window.canvas.has_preview and window.controllers.render.up_to_date)


def test_another_document_has_no_preview_of_the_one_before(window, slow, previews, qtbot):
    document = slow.document
    mouse = painting_with(window)
    mouse.press(middle(window))
    qtbot.waitUntil(lambda: bool(previews))
    document.new(label_set=document.label_set, label_map=np.zeros((32, 32), np.uint8), weights="fake-faces")
    assert not window.canvas.has_preview
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert document.picture.shape == (32, 32, 3)


def test_the_detail_is_a_step_of_the_history_shown_in_the_menu_and_painted(window, core, qtbot):
    render, action = window.controllers.render, window.actions_by_id
    assert action["detail_model"].isChecked()
    action["detail_full"].trigger()
    assert core.document.detail == "full" and not render.up_to_date
    qtbot.waitUntil(lambda: render.up_to_date)
    assert core.document.scene.to_request().detail == "full"
    core.document.undo()
    assert core.document.detail == "model" and action["detail_model"].isChecked()
    core.document.new(label_set=core.document.label_set, label_map=core.document.label_map, detail="full")
    assert core.document.detail == "full" and action["detail_full"].isChecked()
