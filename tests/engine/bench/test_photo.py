"""`tessera bench photo`: a small photo is edited by requests and every row that is promised is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench.photo import LIMITS, PhotoRow, as_table, measure
from engine.errors import WeightsError


def test_every_promise_is_measured(tiny_weights: Path) -> None:
    rows = measure(weights="tiny-sean", megapixels=0.1)
    assert [(row.measure, row.unit, row.limit) for row in rows] == list(LIMITS)
    assert all(row.value > 0 for row in rows) and all(row.cpu for row in rows[:3]) and rows[3].cpu is None
    with pytest.raises(WeightsError, match='"nobody"'):
        measure(weights="nobody", megapixels=0.1)


def test_a_missed_limit_is_marked() -> None:
    table = as_table([PhotoRow("slow", 2.0, "s", 1.0, 3.5), PhotoRow("memory", 1.0, "GB", 1.5)])
    assert "| slow | 2.000 s | 1 s | 3.500 s | missed |" in table and "| memory | 1.000 GB | 1.5 GB |  |  |" in table
