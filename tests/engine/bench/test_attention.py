"""`tessera bench attention`: both modules are measured, what cannot be run is named, growth is read off the rows."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from engine.bench import attention
from engine.bench.attention import AN, SELF, AttentionRow, as_table, growth, measure


def test_both_modules_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    free_memory = SimpleNamespace(available=2 * 4 * 16**2 * 8**2 / attention.MEMORY_SHARE)
    monkeypatch.setattr(attention.psutil, "virtual_memory", lambda: free_memory)
    rows = measure(sides=(16, 32), repeats=1)
    assert [(row.module, row.side) for row in rows] == [(AN, 16), (SELF, 16), (AN, 32), (SELF, 32)]
    assert all(row.seconds is not None and row.seconds > 0 for row in rows[:3])
    assert rows[3].seconds is None
    assert "| 32 x 32 |" in as_table(rows) and "too large" in as_table(rows)


def test_growth_is_the_power_of_the_number_of_pixels() -> None:
    rows = [AttentionRow(AN, side, side**2 / 1e6, 1.0) for side in (64, 128, 256)]
    rows += [AttentionRow(SELF, side, side**4 / 1e9, 1.0) for side in (64, 128)]
    assert growth(rows, AN) == pytest.approx(1)
    assert growth(rows, SELF) == pytest.approx(2)
    assert math.isnan(growth(rows[:1], AN))
