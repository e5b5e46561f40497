"""What a run has reported so far, as curves and sample sheets: read from its folder, or event by event.

The run folder is the engine's (`engine.training.loop`): config.json, stats.jsonl with one line per report, samples/.
Pure data, no Qt and no torch, so that it can be read anywhere and tested without a window.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadFile
from engine.files import cannot

CONFIG, STATS, SAMPLES = "config.json", "stats.jsonl", "samples"
CHECKPOINT, BEST = Path("checkpoints") / "last.pt", "best.safetensors"
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


@dataclass(frozen=True)
class RunInfo:
    """What a run folder says about itself in config.json."""

    folder: Path
    system: str
    steps: int
    resolution: int
    batch: int
    data: Path
    recipe: dict[str, Any]
    label_set: dict[str, Any]
    resumable: bool  # it has a checkpoint
    has_best: bool  # it has been validated: it can become weights


def is_run(folder: Path) -> bool:
    """Whether a folder looks like one that training wrote."""
    return (folder / CONFIG).is_file() and not (folder / "card.json").is_file()


def taken(folder: Path) -> bool:
    """Whether a new run cannot go into a folder: it is a file, or something is in it."""
    try:
        return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError:
        return False  # whoever writes there says why it cannot be done


def forget_unbegun(folder: Path, *, prepared: bool) -> bool:
    """Clear a run folder in which nothing was trained. Returns whether its name is free again.

    Nothing is deleted where more is in it than what preparing the run wrote; `prepared`: whether it came so far, so
    that config.json is its own and not another run's.
    """
    own = {CONFIG} if prepared else set()
    try:
        if {path.name for path in folder.iterdir()} - own:
            return False
        for name in own:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return True  # it was not made yet
    except OSError:
        return False
    return True


def read_run(folder: Path) -> RunInfo:
    """What is known about a run folder.

    Raises:
        BadFile: it is no run folder, or its config.json does not read.
    """
    path = folder / CONFIG
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        recipe = found["recipe"]
        return RunInfo(
            folder,
            str(recipe["system"]),
            int(recipe["steps"]),
            int(recipe["resolution"]),
            int(recipe["batch"]),
            Path(found["data"]),
            dict(recipe),
            dict(found.get("label_set") or {}),
            (folder / CHECKPOINT).is_file(),
            (folder / BEST).is_file(),
        )
    except FileNotFoundError as error:
        raise BadFile('"{0}" is no run folder: it has no config.json; choose one that has.', folder) from error
    except OSError as error:
        raise cannot("read", path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(
            '"{0}" is damaged, it is not what training wrote; choose another run.',
            path, details=repr(error),
        ) from error


def runs_in(folder: Path) -> list[Path]:
    """The run folders inside a folder, the one that was written to last first."""
    try:
        found = [(path.stat().st_mtime, path) for path in folder.iterdir() if path.is_dir() and is_run(path)]
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)]


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
