"""`tessera bench training`: pictures per second, and where a step's time goes.

A step is divided by the phases that it and its task report (`engine.training.phases`) into data (waiting for the
batch), generator (passes of networks in both directions), discriminator (its passes over both pictures, and back for
its own sake), losses (everything between the painted picture and the sum: feature matching, the perceptual network,
and their way back to the picture through the discriminator) and update (all optimisers and the average of weights).
Of a system without a discriminator, "generator" are all its networks.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from engine.data.kinds import DataKind
from engine.labels.label_sets import LabelSet
from engine.progress import Progress
from engine.systems import system
from engine.systems.base import load_part
from engine.training import phases
from engine.training.loop import Loop
from engine.training.recipe import Recipe
from engine.training.start import prepare

PARTS = ("data", "generator", "discriminator", "losses", "update")


@dataclass(frozen=True)
class Row:
    """One measured recipe: pictures per second, seconds per step (median), each part's share of the time."""

    recipe: str
    images_per_second: float
    step_s: float
    shares: dict[str, float]


@dataclass
class Spans:
    """A stopwatch that always runs for one part of a step."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    current_part: str = "update"
    _since: float = field(default_factory=time.perf_counter)

    def begin(self, phase_name: str) -> None:
        """From now on the time is that of the phase's part."""
        now = time.perf_counter()
        self.seconds[self.current_part] += now - self._since
        self.current_part, self._since = phase_name if phase_name in PARTS else "generator", now

    def restart(self) -> None:
        """Drop the time since the last phase began."""
        self._since = time.perf_counter()


def measure(recipe: Recipe, data: Path, *, name: str = "", step_count: int = 5, device: str = "cpu") -> Row:
    """Train `step_count` steps, after two that are not counted, in a folder that is thrown away."""
    quiet_recipe = msgspec.structs.replace(recipe, log_every=10**9, sample_every=10**9, validate_every=10**9)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as run_parent:
        loop = prepare(quiet_recipe, data, Path(run_parent) / "run", device=device)
        with loop.stepper.ahead():
            return _measure(loop, name or recipe.system, step_count)


def _measure(loop: Loop, recipe_name: str, step_count: int) -> Row:
    stopwatch = Spans()
    step_seconds = []
    with phases.listening(stopwatch.begin):
        for step_number in range(step_count + 2):
            if step_number == 2:
                stopwatch.restart()
                stopwatch.seconds.clear()
            start_time = time.perf_counter()
            loop.stepper.run(step_number)
            step_seconds.append(time.perf_counter() - start_time)
        stopwatch.begin(phases.UPDATE)
    total_seconds = sum(stopwatch.seconds.values())
    shares = {step_part: stopwatch.seconds[step_part] / total_seconds for step_part in PARTS}
    step_seconds = step_seconds[2:]
    return Row(recipe_name, loop.stepper.pictures * step_count / sum(step_seconds), median(step_seconds), shares)


def as_table(bench_rows: list[Row]) -> str:
    """In Markdown: throughput of each recipe, and the share of a step that each of `PARTS` takes."""
    table_lines = [
        "| recipe | pictures/s | s per step | " + " | ".join(PARTS) + " |",
        "|---|--:|--:|" + "--:|" * len(PARTS),
    ]
    for row in bench_rows:
        shares = " | ".join(f"{row.shares[step_part]:.0%}" for step_part in PARTS)
        table_lines.append(f"| {row.recipe} | {row.images_per_second:.2f} | {row.step_s:.3f} | {shares} |")
    return "\n".join(table_lines)


def run_bench(
    recipes: dict[str, Recipe],
    data: Path | None,
    label_set: LabelSet,
    *,
    steps: int,
    device: str,
    on_progress: Progress,
) -> list[Row]:
    """Measure recipes one after the other, on drawn data of their systems' kinds unless `data` is given."""
    bench_rows = []
    for recipe_index, (recipe_name, recipe) in enumerate(recipes.items()):
        on_progress(recipe_index / len(recipes), recipe_name)
        with tempfile.TemporaryDirectory(prefix="tessera-bench-") as data_parent:
            data_folder = data
            if data_folder is None:
                data_folder = Path(data_parent) / "data"
                data_kind: DataKind = load_part(system(recipe.system).data)
                data_kind.draws(data_folder, recipe.resolution, label_set)
            bench_rows.append(measure(recipe, data_folder, name=recipe_name, step_count=steps, device=device))
    return bench_rows
