"""mCSD and mOCD: against numbers worked out by hand, and what must hold for every pair of pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.metrics import diversity
from engine.metrics.diversity import Change, Diversity, distance, measure_change, measured_regions

SIDE = 224  # of the pictures here, so that nothing is resized before the network


class Averages(nn.Module):
    """A feature network of one layer: the picture's colours averaged over squares of `stride` pixels."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.register_buffer("device_of", torch.zeros(()))

    def forward(self, image: Tensor, wanted: tuple[str, ...]) -> list[Tensor]:
        return [torch.nn.functional.avg_pool2d(image, self.stride) for _ in wanted]


def _colour(r: int, g: int, b: int) -> np.ndarray:
    return np.broadcast_to(np.array([r, g, b], np.uint8), (SIDE, SIDE, 3)).copy()


def _left(share: float = 0.5) -> np.ndarray:
    region = np.zeros((SIDE, SIDE), bool)
    region[:, : int(SIDE * share)] = True
    return region


RED, GREEN = _colour(255, 0, 0), _colour(0, 255, 0)
APART = 2 - 2 * (1 - 1 - 1) / 3  # |u - v|^2 of the unit vectors of (1, -1, -1) and (-1, 1, -1)


def test_a_change_inside_counts_there_with_its_full_distance_and_not_outside() -> None:
    region = _left()
    other = np.where(region[..., None], GREEN, RED)
    found = measure_change(Averages(16), [RED, other], region)
    assert found.csd == pytest.approx(APART, rel=1e-5) and found.ocd == 0
    assert found.inside == pytest.approx(255 * 2 / 3) and found.outside == 0


def test_a_change_outside_counts_there_alone() -> None:
    region = _left(0.25)
    other = np.where(region[..., None], RED, GREEN)
    found = measure_change(Averages(8), [RED, other], region)
    assert found.csd == 0 and found.ocd == pytest.approx(APART, rel=1e-5)
    assert found.inside == 0 and found.outside == pytest.approx(255 * 2 / 3)


def test_half_of_the_region_changed_is_half_of_the_distance() -> None:
    region, half = _left(0.5), _left(0.25)
    other = np.where(half[..., None], GREEN, RED)
    found = measure_change(Averages(8), [RED, other], region)
    assert found.csd == pytest.approx(APART / 2, rel=1e-5) and found.ocd == 0


def test_all_pairs_count_alike() -> None:
    """Of three pictures, two equal: two pairs of three differ."""
    found = measure_change(Averages(16), [RED, RED, GREEN], _left())
    assert found.csd == pytest.approx(APART * 2 / 3, rel=1e-5)
    assert found.ocd == pytest.approx(APART * 2 / 3, rel=1e-5)
    assert found.inside == pytest.approx(255 * 4 / 9)


def test_a_features_pixel_on_the_border_counts_by_its_share_of_the_region() -> None:
    """Stride 16, region 8 pixels wide: its pixels' weight is 1/2, and their feature sees half of the change."""
    region = np.zeros((SIDE, SIDE), bool)
    region[:, :8] = True
    other = np.where(region[..., None], GREEN, RED)
    mixed = torch.tensor([0.0, 0.0, -1.0])  # the mean of (1, -1, -1) and (-1, 1, -1)
    red = torch.nn.functional.normalize(torch.tensor([1.0, -1.0, -1.0]), dim=0)
    wanted = float((red - mixed).pow(2).sum())
    assert measure_change(Averages(16), [RED, other], region).csd == pytest.approx(wanted, rel=1e-4)


def test_without_a_feature_network_pixels_still_count() -> None:
    found = measure_change(None, [RED, GREEN], _left())
    assert found.csd is None and found.ocd is None and found.inside == pytest.approx(170)


def test_a_region_that_is_the_picture_has_no_outside() -> None:
    found = measure_change(Averages(16), [RED, GREEN], np.ones((SIDE, SIDE), bool))
    assert found.ocd == 0 and found.outside == 0 and found.csd == pytest.approx(APART, rel=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_the_distance_is_symmetric_zero_for_equals_bounded_and_a_mean_of_its_parts(seed: int, share: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.rand(1, 3, 32, 32, generator=generator) * 2 - 1 for _ in range(2))
    inside = (torch.rand(1, 1, 32, 32, generator=generator) < share).float()
    inside[..., 0, 0], inside[..., 0, 1] = 1, 0
    net = Averages(4)
    d = {name: float(distance(net, a, b, w)) for name, w in (("in", inside), ("out", 1 - inside))}  # type: ignore[arg-type]
    whole = float(distance(net, a, b, torch.ones(1, 1, 1, 1).expand(1, 1, 32, 32)))  # type: ignore[arg-type]
    assert float(distance(net, b, a, inside)) == pytest.approx(d["in"], rel=1e-4)  # type: ignore[arg-type]
    assert float(distance(net, a, a, inside)) == 0  # type: ignore[arg-type]
    assert 0 <= d["in"] <= 4 and 0 <= d["out"] <= 4
    covered = float(inside.mean())
    assert covered * d["in"] + (1 - covered) * d["out"] == pytest.approx(whole, rel=1e-3)


def test_totals_are_means_over_labels_however_often_each_occurs() -> None:
    found = Diversity()
    for change in (Change(0.2, 0.1, 10.0, 1.0), Change(0.4, 0.3, 20.0, 3.0)):
        found.add(1, change)
    found.add(2, Change(0.9, 0.0, 30.0, 0.0))
    numbers = found.numbers(["background", "hair", "skin"])
    assert numbers["by_label"]["hair"]["mcsd"] == pytest.approx(0.3) and numbers["by_label"]["hair"]["pictures"] == 2
    assert numbers["mcsd"] == pytest.approx(0.6) and numbers["mocd"] == pytest.approx(0.1)
    assert numbers["inside_difference"] == pytest.approx(22.5) and numbers["outside_difference"] == pytest.approx(1.0)
    assert set(numbers["by_label"]) == {"hair", "skin"}


def test_nothing_measured_gives_no_numbers_instead_of_none_that_look_like_some() -> None:
    numbers = Diversity().numbers(["background"])
    assert numbers["mcsd"] is None and numbers["outside_difference"] is None and numbers["by_label"] == {}


def test_specks_and_the_ignored_label_are_not_measured() -> None:
    label_map = np.zeros((20, 20), np.uint8)
    label_map[0, :3], label_map[10:, :], label_map[0, 10:16] = 1, 2, 3
    assert diversity.SMALLEST == 0.01
    assert [label for label, _ in measured_regions(label_map, ignored_label=2)] == [0, 3]
    assert int(dict(measured_regions(label_map))[2].sum()) == 200
