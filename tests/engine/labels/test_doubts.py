"""What speaks against a label map that a parser found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.labels.doubts import SMALL_FACE, _percentile, has_small_face
from engine.labels.label_sets import load_label_set

FACES = load_label_set("faces")
SKIN = next(label.id for label in FACES.labels if label.name == "skin")


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40).filter(any), st.sampled_from([2, 50, 98]))
def test_percentiles_of_counted_numbers_are_those_of_all_of_them(counts, per_cent):
    all_numbers = np.repeat(np.arange(len(counts)), counts)
    assert _percentile(np.array(counts), per_cent) == pytest.approx(np.percentile(all_numbers, per_cent))


@pytest.mark.parametrize(("side", "small"), [(round(400 * SMALL_FACE) - 4, True), (round(400 * SMALL_FACE) + 8, False)])
def test_a_face_is_small_by_its_longer_side(side, small):
    label_map = np.zeros((300, 400), np.uint8)
    label_map[20 : 20 + side, 30 : 30 + side // 2] = SKIN
    assert has_small_face(label_map, FACES) is small


def test_where_there_is_no_face_none_is_small():
    assert not has_small_face(np.zeros((8, 8), np.uint8), FACES)
