"""The tests' networks are so small that the literal ones would paint; here they never do."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _never_literally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.fast.small.LITERAL_WORK", 0)
