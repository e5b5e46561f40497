"""A parser looks at a small face again, closer, whatever else in the picture it takes for skin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.labels.looked_at import unseen
from engine.session import Session
from engine.systems.parser.photo_parser import doubtful_labels
from tests.fixtures import face_label_map

SKIN, NOSE, HAT, EARRING = 1, 2, 14, 15


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

    def whole(self: Any, pixels: np.ndarray) -> tuple[np.ndarray, dict[int, float]]:
        sizes.append(pixels.shape[:2])
        if len(sizes) == 1:
            return first_look, {SKIN: 0.5}
        return np.full(pixels.shape[:2], SKIN, np.uint8), {SKIN: 0.9}

    parser = Session("cpu").load("tiny-parser")
    monkeypatch.setattr(type(parser), "_parse_whole", whole)
    label_map, confidence, _, looked_at, _ = parser.parse(np.zeros((400, 600, 3), np.uint8))
    rows, columns = np.nonzero(label_map == SKIN)
    assert confidence == 0.9 and max(sizes[1]) < 200
    face = first_look[40:168, 60:188] == SKIN
    assert looked_at is not None
    assert np.array_equal(unseen(label_map, looked_at), label_map == 0)  # the closer look found skin alone
    assert label_map[40:168, 60:188][face].mean() == SKIN and rows.max() < 200 and columns.max() < 250


def test_small_regions_of_which_the_parser_is_unsure_are_named() -> None:
    """Grey hair under a hat was called an earring, by a map that was sure of all else."""
    label_map = np.zeros((100, 100), np.uint8)
    label_map[20:80, 20:80] = SKIN
    label_map[30:34, 30:34], label_map[40:44, 30:34], label_map[50, 30] = EARRING, NOSE, HAT
    sureness = {0: 0.5, SKIN: 0.5, EARRING: 0.4, NOSE: 0.7, HAT: 0.3}
    assert doubtful_labels(label_map, sureness) == (EARRING,)  # not what is large, sure or a speck
