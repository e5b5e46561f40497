"""Restyled photographs are measured beside the painted picture and the plain colour transfer, on the same pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.evaluation.edit_cases import Portrait, farthest
from engine.metrics import edits
from engine.metrics.edits import COMPOSITION, METHODS, PAINTED, SOFT_TRANSFER, TRANSFER, Case, as_table, measure_edit
from engine.painting.painter import StyleCodes
from tests.engine.compose.drawn import HAIR, drawn_photo


def drawn_case(seed: int, by_photo: bool = True) -> Case:
    photo, label_map = drawn_photo(64, 64, seed)
    style, style_map = drawn_photo(64, 64, seed + 50)
    style = np.clip(style * 0.5 + (120, 90, 40), 0, 255).astype(np.uint8)
    wanted = style_code(style, style_map)
    photos = (style, style_map) if by_photo else (None, None)
    return Case(photo, label_map, None, (HAIR,), wanted, np.full_like(photo, 130), *photos)


def style_code(picture: np.ndarray, label_map: np.ndarray) -> np.ndarray:
    """A made-up style code: the region's mean colour."""
    return np.stack([picture[label_map == n].mean(0) / 255 for n in range(3)]).astype(np.float32)


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up feature network: sixteen means of the picture."""

    def features(network: object, picture: np.ndarray) -> torch.Tensor:
        means = picture.reshape(4, 16, 4, 16, 3).mean((1, 3)).reshape(1, -1)
        return torch.from_numpy(means / 255)

    monkeypatch.setattr(edits, "_pooled", features)


def test_every_method_is_measured_on_the_same_pictures(pooled):
    rows = measure_edit("hair", (drawn_case(n) for n in range(4)), None, style_code)
    assert [row.method for row in rows] == list(METHODS)
    assert {row.pictures for row in rows} == {4}
    numbers = {row.method: row for row in rows}
    assert numbers[COMPOSITION].mean_off < 4 and numbers[TRANSFER].mean_off < 4
    assert numbers[COMPOSITION].fid < numbers[PAINTED].fid
    assert numbers[COMPOSITION].code_distance < numbers[PAINTED].code_distance
    assert 0 < numbers[COMPOSITION].beyond <= 0.02 and numbers[TRANSFER].beyond is None
    table = as_table(rows)
    assert table.count("\n") == 6 and "plain transfer" in table


def test_styles_without_a_photo_leave_the_transfers_out(pooled):
    rows = measure_edit("hair", [drawn_case(n, by_photo=False) for n in range(2)], None, style_code)
    assert [row.method for row in rows] == [PAINTED, COMPOSITION]


def test_a_soft_transfer_changes_more_pixels_than_a_cut_one():
    case = drawn_case(1)
    cut, soft = (edits.edited(case, method)[0] for method in (TRANSFER, SOFT_TRANSFER))
    outside = case.label_map != HAIR
    assert (cut[outside] == case.photo[outside]).all() and (soft[outside] != case.photo[outside]).any()


def test_a_distant_style_is_the_farthest_that_shows_the_region():
    def portrait(code: float, present: bool = True) -> Portrait:
        photo, label_map = drawn_photo(16, 16)
        codes = np.full((3, 4), code, np.float32)
        return Portrait(photo, label_map, StyleCodes(codes, np.array([True, present, True])))

    photos = [portrait(0.0), portrait(1.0), portrait(3.0), portrait(9.0, present=False)]
    assert farthest(photos, photos[1], (HAIR,)) is photos[2]
