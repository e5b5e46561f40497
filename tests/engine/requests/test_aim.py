"""A code that a generator reaches only about is reached better by aiming beyond it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.requests.editing.aim import aimed


@pytest.mark.parametrize("strength", [0.3, 0.7, 1.0])
def test_a_painter_that_shows_a_part_of_a_code_comes_nearer(strength: float) -> None:
    rng = np.random.default_rng(3)
    wanted, usual = rng.normal(size=(2, 16)).astype(np.float32)

    def shown(code: np.ndarray) -> np.ndarray:
        return usual + strength * (code - usual)

    first, second = (np.linalg.norm(shown(code) - wanted) for code in (wanted, aimed(wanted, shown(wanted))))
    assert second <= first and (strength == 1 or second < 0.9 * first)
    assert aimed(wanted, wanted).dtype == np.float32
    np.testing.assert_array_equal(aimed(wanted, wanted), wanted)
