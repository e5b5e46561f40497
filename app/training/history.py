"""What a run has reported so far, as curves and sample sheets: read from its folder, or event by event.

The run folder is the engine's (`engine.training.loop`): config.json, stats.jsonl with one line per report, samples/.
Pure data, no Qt and no torch, so that it can be read anywhere and tested without a window.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadFile
from engine.files import MAX_BYTES_READ, cannot, open_regular
from engine.metrics.names import shown_numbers
from engine.plain_data import parse_json
from engine.training.run.record import SAMPLES, STATS

LOSSES, VALIDATION, SPEED = "losses", "validation", "speed"
GROUPS = (LOSSES, VALIDATION, SPEED)
RATED_REPORTS = 20  # over which the speed is taken


@dataclass
class Series:
    """One curve: values over steps, growing."""

    group: str  # one of GROUPS
    name: str
    steps: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) steps and (N,) values, float64, copies."""
        return np.array(self.steps), np.array(self.values)

    def cut(self, step_number: float) -> None:
        """Forget what was reported from `step_number` on: the run went back to a checkpoint."""
        while self.steps and self.steps[-1] >= step_number:
            self.steps.pop()
            self.values.pop()


@dataclass(frozen=True)
class Sheet:
    """One sample sheet: the step it was painted at and its file."""

    step: int
    path: Path


class History:
    """Curves and sheets of one run. `take` adds a report as the loop makes it."""

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder
        self.series: dict[tuple[str, str], Series] = {}
        self.sheets: list[Sheet] = []
        self.step = 0
        self.seconds = 0.0
        self.numbers: dict[str, float] = {}  # of the last validation
        self.seconds_left: float | None = None

    def take(self, event: str, report_facts: dict[str, Any]) -> None:
        """Add one report. Unknown events and odd values are passed over: newer engines may say more."""
        step_number = _number(report_facts.get("step"))
        if step_number is None:
            return
        if step_number < self.step:
            self._back_to(step_number)
        self.step = int(step_number)
        self.seconds = _number(report_facts.get("seconds")) or self.seconds
        if event == "step":
            self._add(LOSSES, report_facts.get("losses"), step_number)
            self._add(SPEED, {"images_per_second": report_facts.get("images_per_second")}, step_number)
            self.seconds_left = _number(report_facts.get("seconds_left"))
        elif event == "validation":
            self._add(VALIDATION, report_facts.get("numbers"), step_number)
            self.numbers = {
                metric_name: metric_value
                for metric_name, metric_value in (report_facts.get("numbers") or {}).items()
                if _number(metric_value) is not None
            }
        elif event == "samples" and isinstance(report_facts.get("path"), str):
            self._add_sheet(Sheet(int(step_number), self.folder / SAMPLES / Path(report_facts["path"]).name))

    def rate(self) -> float | None:
        """Pictures per second, the median of the last reports; None before the first."""
        series = self.series.get((SPEED, "images_per_second"))
        return float(np.median(series.values[-RATED_REPORTS:])) if series is not None and series.values else None

    def names(self, curve_group: str) -> list[str]:
        """The curves of a group in the order of their first report."""
        return [curve_name for group, curve_name in self.series if group == curve_group]

    def shown_names(self, curve_group: str) -> list[str]:
        """The same without the score where it is another number's curve, as `shown_numbers` has it."""
        last_values = {name: self.series[curve_group, name].values[-1:] for name in self.names(curve_group)}
        shown = shown_numbers({name: values[0] if values else None for name, values in last_values.items()})
        return list(shown)

    def _add(self, curve_group: str, reported_numbers: Any, step_number: float) -> None:
        for curve_name, reported_value in (reported_numbers if isinstance(reported_numbers, dict) else {}).items():
            finite_number = _number(reported_value)
            if finite_number is not None:
                series = self.series.setdefault((curve_group, curve_name), Series(curve_group, curve_name))
                if not series.steps or series.steps[-1] < step_number:
                    series.steps.append(step_number)
                    series.values.append(finite_number)

    def _add_sheet(self, sheet: Sheet) -> None:
        if self.sheets and self.sheets[-1].step == sheet.step:
            self.sheets[-1] = sheet
        else:
            self.sheets.append(sheet)

    def _back_to(self, step_number: float) -> None:
        """A resumed run repeats the steps after its checkpoint: what it says now counts."""
        for series in self.series.values():
            series.cut(step_number)
        self.sheets = [sheet for sheet in self.sheets if sheet.step < step_number]


def _number(reported_value: Any) -> float | None:
    if (
        isinstance(reported_value, bool)
        or not isinstance(reported_value, int | float)
        or not np.isfinite(reported_value)
    ):
        return None
    return float(reported_value)


def read_history(run_folder: Path) -> History:
    """The history of a run folder; a last line that was cut off by a power cut is passed over.

    Raises:
        BadFile: stats.jsonl cannot be read, or is larger than any run makes it.
    """
    history = History(run_folder)
    try:
        with TextIOWrapper(open_regular(run_folder / STATS), "utf-8", "replace") as stats_file:
            byte_count = os.fstat(stats_file.fileno()).st_size
            if byte_count > MAX_BYTES_READ:
                raise BadFile(
                    '"{0}" has {1} MiB, more than the limit of {2}.',
                    run_folder / STATS, byte_count >> 20, MAX_BYTES_READ >> 20,
                )
            for report_line in stats_file:
                _take_line(history, report_line)
    except FileNotFoundError:
        pass  # a run that has not reported yet
    except OSError as error:
        raise cannot("read", run_folder / STATS, error) from error
    return history


def _take_line(history: History, report_line: str) -> None:
    try:
        report_facts = parse_json(report_line)
    except ValueError:
        return
    if isinstance(report_facts, dict) and isinstance(report_facts.get("event"), str):
        history.take(report_facts["event"], report_facts)
