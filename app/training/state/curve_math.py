"""What curves are made of before they are drawn or written: smoothing, thinning, a table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.training.state.history import Series


def smooth(values: np.ndarray, amount: float) -> np.ndarray:
    """An exponential average, without the usual pull to the first value.

    Args:
        values: (N,) numbers.
        amount: 0 (as they are) to just under 1: the share of the old average kept per report.

    Returns:
        (N,) float64.
    """
    values = np.asarray(values, np.float64)
    if amount <= 0 or len(values) < 2:
        return values
    total, weight, reach = values.copy(), np.ones(len(values)), 1
    while reach < len(values) and amount**reach > 1e-12:  # each turn doubles how far back a value looks
        for row in (total, weight):
            row[reach:] += amount**reach * row[:-reach].copy()
        reach *= 2
    return total / weight


def write_csv(series: Iterable[Series]) -> str:
    """The curves as comma-separated values, one row per step, empty where a curve has no value there."""
    chosen = list(series)
    tables = [dict(zip(one.steps, one.values, strict=True)) for one in chosen]
    steps = sorted({step for table in tables for step in table})
    head = ",".join(["step", *(_cell(f"{one.group}/{one.name}") for one in chosen)])
    rows = (
        ",".join([f"{step:g}", *(f"{table[step]:.10g}" if step in table else "" for table in tables)]) for step in steps
    )
    return "\n".join([head, *rows]) + "\n"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text


def thin(steps: np.ndarray, values: np.ndarray, most: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` points that stand for all: means over neighbours, so that long runs draw as quickly as short."""
    if len(steps) <= most:
        return steps, values
    share = -(-len(steps) // most)
    whole = len(steps) // share * share
    return steps[:whole].reshape(-1, share)[:, -1], values[:whole].reshape(-1, share).mean(1)
