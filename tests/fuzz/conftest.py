"""How long the fuzz suite goes on."""

from __future__ import annotations

import pytest

ROUNDS = 15


@pytest.fixture
def fuzz_rounds(request: pytest.FixtureRequest) -> int:
    """Changes that are made to every file."""
    return int(request.config.getoption("--fuzz") or ROUNDS)
