"""Restyled photographs are measured beside the painted picture and the plain colour transfer, on the same pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.compose.mattes import region_mattes, soft_labels
from engine.compose.samples import as_colours
from engine.metrics import edits
from engine.metrics.edits import (
    COMPOSITION,
    METHODS,
    PAINTED,
    SOFT_TRANSFER,
    TRANSFER,
    Case,
    Numbers,
    as_table,
    measure_case,
    numbers_of,
)
from tests.engine.compose.drawn import HAIR, drawn_photo


def drawn_case(seed: int, by_photo: bool = True) -> Case:
    photo, label_map = drawn_photo(64, 64, seed)
    style, style_map = drawn_photo(64, 64, seed + 50)
    style = np.clip(style * 0.5 + (120, 90, 40), 0, 255).astype(np.uint8)
    wanted = style_code(style, style_map)
    photos = (style, style_map) if by_photo else (None, None)
    mattes = region_mattes(as_colours(photo), soft_labels(label_map, 3), label_map, (HAIR,))
    return Case(photo, label_map, (HAIR,), mattes, wanted, np.full_like(photo, 130), *photos)


def style_code(picture: np.ndarray, label_map: np.ndarray) -> np.ndarray:
    """A made-up style code: the region's mean colour."""
    return np.stack([picture[label_map == n].mean(0) / 255 for n in range(3)]).astype(np.float32)


def numbers(cases: list[Case], encode=style_code) -> list[Numbers]:
    measured = [measure_case(case, None, encode) for case in cases]
    return numbers_of("hair", measured, [edits.pooled(None, case.photo) for case in cases])


@pytest.fixture
def pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up feature network: sixteen means of the picture."""

    def features(network: object, picture: np.ndarray) -> torch.Tensor:
        means = picture.reshape(4, 16, 4, 16, 3).mean((1, 3)).reshape(1, -1)
        return torch.from_numpy(means / 255)

    monkeypatch.setattr(edits, "pooled", features)


def test_every_method_is_measured_on_the_same_pictures(pooled):
    rows = numbers([drawn_case(n) for n in range(4)])
    assert [row.method for row in rows] == list(METHODS)
    assert {row.pictures for row in rows} == {4}
    by_method = {row.method: row for row in rows}
    assert by_method[COMPOSITION].mean_off < 4 and by_method[TRANSFER].mean_off < 4
    assert by_method[COMPOSITION].fid < by_method[PAINTED].fid
    assert by_method[COMPOSITION].code_distance < by_method[PAINTED].code_distance
    assert 0 < by_method[COMPOSITION].beyond <= 0.02 and by_method[TRANSFER].beyond is None
    table = as_table(rows)
    assert table.count("\n") == 6 and "plain transfer" in table


def test_styles_without_a_photo_leave_the_transfers_out(pooled):
    rows = numbers([drawn_case(n, by_photo=False) for n in range(2)])
    assert [row.method for row in rows] == [PAINTED, COMPOSITION]


def test_without_weights_nothing_is_painted_and_no_codes_are_measured(pooled):
    rows = numbers([replace(drawn_case(n), painted=None, wanted=None) for n in range(2)], encode=None)
    assert [row.method for row in rows] == [TRANSFER, SOFT_TRANSFER, COMPOSITION]
    assert all(row.code_distance is None and row.fid > 0 for row in rows)
    assert "| hair | composition | 2 |" in as_table(rows)


def test_a_soft_transfer_changes_more_pixels_than_a_cut_one():
    case = drawn_case(1)
    cut, soft = (edits.edited(case, method)[0] for method in (TRANSFER, SOFT_TRANSFER))
    outside = case.label_map != HAIR
    assert (cut[outside] == case.photo[outside]).all() and (soft[outside] != case.photo[outside]).any()


def test_a_style_without_a_photo_has_the_tones_of_what_is_aimed_at_its_code():
    case = drawn_case(1, by_photo=False)
    aimed_at = np.full_like(case.photo, 90)
    aiming = replace(case, aimed_at=aimed_at)
    as_painted = edits.style_tones(replace(case, painted=aimed_at), HAIR)
    assert edits.style_tones(aiming, HAIR).mean == pytest.approx(as_painted.mean)
    assert edits.edited(aiming, PAINTED)[0] is case.painted
    by_photo = drawn_case(1)
    assert edits.style_tones(replace(by_photo, aimed_at=aimed_at), HAIR).mean[0] == pytest.approx(
        edits.style_tones(by_photo, HAIR).mean[0]
    )


def test_what_lies_beyond_is_counted_for_each_region():
    """Ears that no skin touches are regions of their own: each may touch so much, and the largest is told."""
    photo, label_map = drawn_photo(64, 64)
    corner = np.zeros_like(label_map)
    corner[52:62, 2:14] = 1
    photo[corner > 0] = (90, 40, 160)
    both_map = np.where(corner > 0, 2, np.where(label_map == HAIR, HAIR, 0)).astype(np.uint8)
    colours, soft = as_colours(photo), soft_labels(both_map, 3)
    mattes = {label: region_mattes(colours, soft, both_map, (label,))[label] for label in (1, 2)}

    def beyond(labels: tuple[int, ...]) -> float:
        return edits.composed(Case(photo, both_map, labels, mattes, style=photo[::-1], style_map=both_map))[1]

    apart = beyond((1,)), beyond((2,))
    together = beyond((1, 2))
    assert together == max(apart) < sum(apart)
