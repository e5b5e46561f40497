"""What a run has reported so far, as curves and sample sheets: read from its folder, or event by event.

The run folder is the engine's (`engine.training.loop`): config.json, stats.jsonl with one line per report, samples/.
Pure data, no Qt and no torch, so that it can be read anywhere and tested without a window.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.files import cannot

STATS, SAMPLES = "stats.jsonl", "samples"
LOSSES, VALIDATION, SPEED = "losses", "validation", "speed"
GROUPS = (LOSSES, VALIDATION, SPEED)


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

    def cut(self, step: float) -> None:
        """Forget what was reported from `step` on: the run went back to a checkpoint."""
        while self.steps and self.steps[-1] >= step:
            self.steps.pop()
            self.values.pop()


@dataclass(frozen=True)
class Sheet:
    """One sample sheet: the step it was painted at and its file."""

    step: int
    path: Path


class History:
    """Curves and sheets of one run. `take` adds a report as the loop makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.series: dict[tuple[str, str], Series] = {}
        self.sheets: list[Sheet] = []
        self.step = 0
        self.seconds = 0.0
        self.numbers: dict[str, float] = {}  # of the last validation
        self.checkpoint_step: int | None = None
        self.seconds_left: float | None = None

    def take(self, event: str, facts: dict[str, Any]) -> None:
        """Add one report. Unknown events and odd values are passed over: newer engines may say more."""
        step = _number(facts.get("step"))
        if step is None:
            return
        if step < self.step:
            self._back_to(step)
        self.step = int(step)
        self.seconds = _number(facts.get("seconds")) or self.seconds
        if event == "step":
            self._add(LOSSES, facts.get("losses"), step)
            self._add(SPEED, {"images_per_second": facts.get("images_per_second")}, step)
            self.seconds_left = _number(facts.get("seconds_left"))
        elif event == "validation":
            self._add(VALIDATION, facts.get("numbers"), step)
            self.numbers = {k: v for k, v in (facts.get("numbers") or {}).items() if _number(v) is not None}
        elif event == "samples" and isinstance(facts.get("path"), str):
            self._add_sheet(Sheet(int(step), self.folder / SAMPLES / Path(facts["path"]).name))
        elif event == "checkpoint":
            self.checkpoint_step = int(step)

    def rate(self, reports: int = 20) -> float | None:
        """Pictures per second: the median of the last `reports`; None before the first."""
        series = self.series.get((SPEED, "images_per_second"))
        return float(np.median(series.values[-reports:])) if series is not None and series.values else None

    def names(self, group: str) -> list[str]:
        """The curves of a group in the order of their first report."""
        return [name for kind, name in self.series if kind == group]

    def _add(self, group: str, numbers: Any, step: float) -> None:
        for name, value in (numbers if isinstance(numbers, dict) else {}).items():
            number = _number(value)
            if number is not None:
                series = self.series.setdefault((group, name), Series(group, name))
                if not series.steps or series.steps[-1] < step:
                    series.steps.append(step)
                    series.values.append(number)

    def _add_sheet(self, sheet: Sheet) -> None:
        if self.sheets and self.sheets[-1].step == sheet.step:
            self.sheets[-1] = sheet
        else:
            self.sheets.append(sheet)

    def _back_to(self, step: float) -> None:
        """A resumed run repeats the steps after its checkpoint: what it says now counts."""
        for series in self.series.values():
            series.cut(step)
        self.sheets = [sheet for sheet in self.sheets if sheet.step < step]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return float(value)


def read_history(folder: Path) -> History:
    """The history of a run folder; a last line that was cut off by a power cut is passed over.

    Raises:
        BadFile: stats.jsonl cannot be read.
    """
    history = History(folder)
    try:
        with open(folder / STATS, encoding="utf-8", errors="replace") as file:
            for line in file:
                _take_line(history, line)
    except FileNotFoundError:
        pass  # a run that has not reported yet
    except OSError as error:
        raise cannot("read", folder / STATS, error) from error
    return history


def _take_line(history: History, line: str) -> None:
    try:
        facts = json.loads(line)
    except ValueError:
        return
    if isinstance(facts, dict) and isinstance(facts.get("event"), str):
        history.take(facts["event"], facts)
