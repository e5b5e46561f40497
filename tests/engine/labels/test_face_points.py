"""Where eyes and mouth are by a label map."""

from __future__ import annotations

import numpy as np
import pytest

from engine.labels.face_points import face_points
from engine.labels.label_sets import load_label_set

FACES = load_label_set("faces")


def portrait(**places: tuple[int, int]) -> np.ndarray:
    """A label map of 100 x 100 with a square of 6 pixels around each place (x, y)."""
    label_map = np.full((100, 100), FACES.find("skin"), np.uint8)
    for name, (x, y) in places.items():
        label_map[y - 3 : y + 3, x - 3 : x + 3] = FACES.find(name)
    return label_map


def test_eyes_and_mouth_are_the_middles_of_their_regions() -> None:
    label_map = portrait(right_eye=(38, 48), left_eye=(62, 49), upper_lip=(50, 75))
    assert face_points(label_map, FACES) == pytest.approx(np.array([[38, 48], [62, 49], [50, 75]]))


def test_the_left_eye_is_the_one_that_lies_left_whichever_it_is_called() -> None:
    swapped = portrait(left_eye=(38, 48), right_eye=(62, 49), mouth=(50, 75))
    assert face_points(swapped, FACES) == pytest.approx(np.array([[38, 48], [62, 49], [50, 75]]))


def test_eyes_behind_glasses_are_where_portraits_have_them() -> None:
    points = face_points(portrait(eyeglasses=(40, 48), lower_lip=(50, 75)), FACES)
    assert points == pytest.approx(np.array([[37.7, 47.5], [62.2, 47.5], [50, 75]]))


@pytest.mark.parametrize(
    "label_map",
    [
        portrait(right_eye=(38, 48), left_eye=(62, 49)),
        portrait(right_eye=(38, 48), upper_lip=(50, 75)),
        np.zeros((1, 1), np.uint8),
    ],
)
def test_without_a_mouth_or_without_eyes_nothing_is_told(label_map: np.ndarray) -> None:
    assert face_points(label_map, FACES) is None
