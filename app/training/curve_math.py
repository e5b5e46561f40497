"""What curves are made of before they are drawn or written: smoothing, thinning, a table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.training.history import Series


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
    weighted_sums, weights, distance = values.copy(), np.ones(len(values)), 1
    while distance < len(values) and amount**distance > 1e-12:  # each turn doubles how far back a value looks
        for sums in (weighted_sums, weights):
            sums[distance:] += amount**distance * sums[:-distance].copy()
        distance *= 2
    return weighted_sums / weights


def write_csv(all_series: Iterable[Series]) -> str:
    """The curves as comma-separated values, one row per step, empty where a curve has no value there."""
    curves = list(all_series)
    values_by_step = [dict(zip(curve.steps, curve.values, strict=True)) for curve in curves]
    steps = sorted({step_number for curve_values in values_by_step for step_number in curve_values})
    header = ",".join(["step", *(_cell(f"{curve.group}/{curve.name}") for curve in curves)])
    csv_rows = (
        ",".join(
            [
                f"{step_number:g}",
                *(
                    f"{curve_values[step_number]:.10g}" if step_number in curve_values else ""
                    for curve_values in values_by_step
                ),
            ]
        )
        for step_number in steps
    )
    return "\n".join([header, *csv_rows]) + "\n"


def _cell(cell_text: str) -> str:
    return (
        '"' + cell_text.replace('"', '""') + '"' if any(separator in cell_text for separator in ',"\n') else cell_text
    )


def thin(steps: np.ndarray, values: np.ndarray, most_points: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """At most `most_points` points that stand for all: means over neighbours, so that long runs draw as quickly as
    short."""
    if len(steps) <= most_points:
        return steps, values
    group_size = -(-len(steps) // most_points)
    whole_groups = len(steps) // group_size * group_size
    return steps[:whole_groups].reshape(-1, group_size)[:, -1], values[:whole_groups].reshape(-1, group_size).mean(1)
