"""A parser looks at a small face again, closer, whatever else in the picture it takes for skin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.labels.looked_at import unseen
from engine.session import Session
from tests.fixtures import face_label_map

SKIN, NOSE = 1, 2


@pytest.mark.parametrize("stray", [False, True])
def test_a_small_face_is_looked_at_closer_in_spite_of_skin_elsewhere(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, stray: bool
) -> None:
    first_look = np.zeros((400, 600), np.uint8)
    first_look[40:168, 60:188] = face_label_map(128)
    if stray:
        first_look[250:390, 300:560:20] = SKIN
        first_look[300:310, 20:40] = NOSE
    sizes: list[tuple[int, ...]] = []

    def whole(self: Any, pixels: np.ndarray) -> tuple[np.ndarray, float]:
        sizes.append(pixels.shape[:2])
        if len(sizes) == 1:
            return first_look, 0.5
        return np.full(pixels.shape[:2], SKIN, np.uint8), 0.9

    parser = Session("cpu").load("tiny-parser")
    monkeypatch.setattr(type(parser), "_parse_whole", whole)
    label_map, confidence, _, looked_at = parser.parse(np.zeros((400, 600, 3), np.uint8))
    rows, columns = np.nonzero(label_map == SKIN)
    assert confidence == 0.9 and max(sizes[1]) < 200
    face = first_look[40:168, 60:188] == SKIN
    assert looked_at is not None
    assert np.array_equal(unseen(label_map, looked_at), label_map == 0)  # the closer look found skin alone
    assert label_map[40:168, 60:188][face].mean() == SKIN and rows.max() < 200 and columns.max() < 250
