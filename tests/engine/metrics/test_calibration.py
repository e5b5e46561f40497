"""From which confidence on a parser may call itself sure."""

from __future__ import annotations

import pytest

from engine.metrics.segmentation import how_sure, sure_from


def test_the_least_confidence_with_enough_good_maps_above_it() -> None:
    confidence = [0.9, 0.8, 0.7, 0.6, 0.5]
    assert sure_from(confidence, [0.7, 0.7, 0.6, 0.6, 0.4]) == 0.6
    assert sure_from(confidence[::-1], [0.4, 0.6, 0.6, 0.7, 0.7]) == 0.6  # whatever the order


@pytest.mark.parametrize(("good_maps", "threshold"), [(18, 0.83), (19, 0.81)])
def test_one_map_of_twenty_may_be_bad(good_maps: int, threshold: float) -> None:
    confidence = [1 - n / 100 for n in range(good_maps + 1)]
    assert sure_from(confidence, [0.8] * good_maps + [0.2]) == pytest.approx(threshold)


def test_a_bad_map_on_top_may_be_made_up_for_by_good_ones_below() -> None:
    confidence = [1 - n / 100 for n in range(40)]
    assert sure_from(confidence, [0.2] + [0.8] * 39) == pytest.approx(0.61)


def test_no_threshold_where_too_few_are_good_or_equal_confidences_hide_a_bad_one() -> None:
    assert sure_from([0.9, 0.8], [0.2, 0.3]) is None
    assert sure_from([0.9, 0.9, 0.9], [0.8, 0.8, 0.2]) is None


def test_shares_at_the_threshold_in_use() -> None:
    numbers = how_sure([0.9, 0.8, 0.6, 0.5], [0.7, 0.4, 0.6, 0.6], 0.7)
    assert numbers == {"sure": 0.5, "sure_right": 0.5, "sure_from": 0.9}
    assert how_sure([0.1], [0.9], 0.7) == {"sure": 0.0, "sure_right": None, "sure_from": 0.1}
