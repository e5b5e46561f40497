"""How a learning rate changes over a run."""

from __future__ import annotations

import math

LEAST_RATE = 1e-6


def warmed_cosine(rate: float, step: int, steps: int, warm_up: int) -> float:
    """The rate of a step: rises over the first `warm_up` steps, falls with half a cosine over all `steps` of the run
    (Loshchilov and Hutter, ICLR 2017, without restarts), never below `LEAST_RATE`."""
    warmed = rate * min(1.0, (step + 1) / warm_up)
    return max(warmed * 0.5 * (1 + math.cos(math.pi * step / steps)), LEAST_RATE)
