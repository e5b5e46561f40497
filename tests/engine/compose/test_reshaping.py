"""Reshaped regions: membranes, quilting, and that nothing else of a photo is written."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.compose.shapes.membranes import membrane
from engine.compose.shapes.quilting import BLOCK, lay, quilt
from engine.compose.shapes.reshaping import GROWN, Reshape, changed_places, plan_reshape

Array = np.ndarray
SIDE = 64
BACK, SKIN, HAIR = 0, 1, 2


def drawn_photo() -> tuple[Array, Array, Array]:
    """Colours of a photo, its label map, and one with more hair: hair is striped, skin shaded, both grainy."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    base = np.full((SIDE, SIDE), SKIN, np.uint8)
    base[:28], base[:, :6] = HAIR, BACK
    photo = np.stack([0.8 - 0.2 * columns, 0.6 - 0.2 * columns, 0.5 - 0.2 * columns], -1)
    photo[base == HAIR] = (0.25 + 0.1 * np.sin(columns * 60))[..., None][base == HAIR]
    photo += np.random.default_rng(0).normal(0, 0.01, photo.shape).astype(np.float32)
    wanted = base.copy()
    wanted[20:44, 16:48] = HAIR
    return np.clip(photo, 0, 1).astype(np.float32), base, wanted


def painted_of(label_map: Array) -> Array:
    """What a model paints: flat, and of another tone than the photo."""
    return np.array([[0.5, 0.5, 0.9], [0.6, 0.6, 0.3], [0.5, 0.3, 0.4]], np.float32)[label_map]


def test_a_membrane_carries_a_slope_on() -> None:
    rows, columns = np.mgrid[:20, :30].astype(np.float32)
    slope = np.stack([rows, 0.5 * columns - rows], -1)
    area = np.zeros((20, 30), bool)
    area[5:15, 8:22] = True
    assert np.abs(membrane(slope, ~area, area) - slope).max() < 0.05


@settings(deadline=None, max_examples=25)
@given(arrays(np.bool_, (12, 17)), arrays(np.bool_, (12, 17)), st.integers(0, 99))
def test_a_membrane_stays_between_what_it_hangs_from(known: Array, area: Array, seed: int) -> None:
    area = area & ~known
    values = np.random.default_rng(seed).uniform(0.2, 0.9, (12, 17, 1)).astype(np.float32)
    spanned = membrane(values, known, area)
    assert np.array_equal(spanned[known], values[known])
    if known.any():
        low, high = values[known].min(), values[known].max()
        assert ((spanned[area] >= low - 1e-5) & (spanned[area] <= high + 1e-5)).all()
    else:
        assert not spanned.any()


def test_pieces_come_from_known_places_and_cover_the_hole() -> None:
    photo, base, wanted = drawn_photo()
    known, hole = base == HAIR, (wanted == HAIR) & (base != HAIR)
    pieces = quilt(photo, photo, known, hole, 3)
    covered = np.zeros_like(hole)
    for piece in pieces:
        source = (
            slice(piece.source_row, piece.source_row + BLOCK),
            slice(piece.source_column, piece.source_column + BLOCK),
        )
        assert known[source].all()
        covered[piece.row : piece.row + BLOCK, piece.column : piece.column + BLOCK] = True
    assert covered[hole].all()
    again = quilt(photo, photo, known, hole, 3)
    assert [(piece.source_row, piece.source_column) for piece in pieces] == [
        (piece.source_row, piece.source_column) for piece in again
    ]


def test_stripes_go_on_where_they_are_laid() -> None:
    """Pieces are chosen to agree with what lies there: a pattern keeps its phase."""
    columns = np.arange(SIDE) % 8 < 4
    stripes = np.repeat(columns[None, :, None], SIDE, 0).astype(np.float32)
    known = np.ones((SIDE, SIDE), bool)
    known[24:40, 20:44] = False
    laid = np.where(known[..., None], stripes, 0).astype(np.float32)
    pieces, sources = quilt(laid, np.zeros_like(stripes), known, ~known, 0), laid.copy()
    lay(laid, lambda rows, columns: sources[rows, columns], pieces, (SIDE, SIDE), (1.0, 1.0), (0, 0))
    assert np.abs(laid - stripes).mean() < 0.01


def test_changed_places_reach_over_moved_borders_alone() -> None:
    _, base, wanted = drawn_photo()
    places = changed_places(base, wanted)
    assert places[base != wanted].all()
    assert places[27 - GROWN + 1, 30] and not places[27 - GROWN - 1, 30]  # the old hairline
    assert not places[:, 48 + GROWN :].any() and not places[44:].any()  # nothing moved there
    assert not changed_places(base, base).any()


def test_new_hair_has_the_tone_and_the_texture_of_the_old() -> None:
    photo, base, wanted = drawn_photo()
    plan = plan_reshape(photo, base, wanted, painted_of(wanted), stranded=[HAIR])
    samples = np.rint(photo * 255).astype(np.uint8)
    plan.apply(samples, 0, 0, SIDE, SIDE)
    new, old = samples[32:40, 20:44] / 255, photo[8:20, 20:44]
    assert abs(new.mean() - old.mean()) < 0.03  # the model's hair is lighter by .15
    assert 0.6 < new.std() / old.std() < 1.5  # the model's is flat
    assert np.array_equal(samples[plan.share == 0], np.rint(photo * 255).astype(np.uint8)[plan.share == 0])


def test_a_label_that_the_photo_lacks_is_the_model_s() -> None:
    photo, base, wanted = drawn_photo()
    hat, painted = np.uint8(3), painted_of(wanted)
    wanted[wanted != base], painted[wanted != base] = hat, (0.9, 0.1, 0.1)
    samples = np.rint(photo * 255).astype(np.uint8)
    plan_reshape(photo, base, np.where(wanted != base, hat, base), painted).apply(samples, 0, 0, SIDE, SIDE)
    assert np.abs(samples[34, 30] / 255 - (0.9, 0.1, 0.1)).max() < 0.01


@pytest.mark.parametrize("channels", [(), (2,), (3,), (4,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_samples_beyond_the_change_are_untouched(channels: tuple[int, ...], dtype: type) -> None:
    """At any size, in any mode and depth; and pixels that nobody can see stay as they are."""
    photo, base, wanted = drawn_photo()
    plan = plan_reshape(photo, base, wanted, painted_of(wanted))
    samples = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (150, 210, *channels)).astype(dtype)
    if channels and channels[0] in (2, 4):
        samples[:75, ..., -1] = 0
    before = samples.copy()
    plan.apply(samples, 10, 20, 140, 180)
    differs = samples != before
    differs = differs.any(-1) if channels else differs
    assert differs.any()
    rows, columns = np.nonzero(differs)
    small_rows = ((rows - 10 + 0.5) / (130 / SIDE)).astype(int)
    small_columns = ((columns - 20 + 0.5) / (160 / SIDE)).astype(int)
    near = cv2.dilate(changed_places(base, wanted).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert near[np.clip(small_rows, 0, SIDE - 1), np.clip(small_columns, 0, SIDE - 1)].all()
    assert rows.min() >= 10 and columns.max() < 180
    if channels and channels[0] in (2, 4):
        assert not differs[:75].any()


def test_nothing_wanted_writes_nothing() -> None:
    photo, base, _ = drawn_photo()
    plan = plan_reshape(photo, base, base, painted_of(base))
    assert isinstance(plan, Reshape) and not plan.share.any()
    samples = np.rint(photo * 255).astype(np.uint8)
    before = samples.copy()
    plan.apply(samples, 0, 0, SIDE, SIDE)
    assert np.array_equal(samples, before)
