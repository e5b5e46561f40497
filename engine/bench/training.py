"""`tessera bench training`: pictures per second, and where a step's time goes.

A step is divided into data (waiting for the batch), generator (its passes in both directions), discriminator (its
passes over both pictures, and back for its own sake), losses (everything between the painted picture and the sum:
feature matching, the perceptual network, and their way back to the picture through the discriminator) and update (both
optimisers and the average of weights). Data and generator of a parser are its own; it has no discriminator.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from engine.files import write_text
from engine.labels.label_sets import LabelSet
from engine.training.adversarial import AdversarialTask
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
    """A stopwatch that always runs for one part."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    part: str = "update"
    _since: float = field(default_factory=time.perf_counter)

    def switch(self, step_part: str) -> None:
        """From now on the time is this part's."""
        now = time.perf_counter()
        self.seconds[self.part] += now - self._since
        self.part, self._since = step_part, now

    def restart(self) -> None:
        """Drop the time since the last switch."""
        self._since = time.perf_counter()

    @contextmanager
    def inside(self, step_part: str) -> Iterator[None]:
        """Counts the time inside for this part; afterwards it counts for the part before again."""
        part_before = self.part
        self.switch(step_part)
        try:
            yield
        finally:
            self.switch(part_before)


def measure(recipe: Recipe, data: Path, *, name: str = "", step_count: int = 5, device: str = "cpu") -> Row:
    """Train `step_count` steps, after two that are not counted, in a folder that is thrown away."""
    quiet_recipe = msgspec.structs.replace(recipe, log_every=10**9, sample_every=10**9, validate_every=10**9)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as run_parent:
        loop = prepare(quiet_recipe, data, Path(run_parent) / "run", device=device)
        with loop.stepper.ahead():
            return _measure(loop, name or recipe.system, step_count)


def _measure(loop: Loop, recipe_name: str, step_count: int) -> Row:
    stopwatch = Spans()
    with watched(loop, stopwatch):
        step_seconds = []
        for step_number in range(step_count + 2):
            if step_number == 2:
                stopwatch.switch("update")
                stopwatch.seconds.clear()
            start_time = time.perf_counter()
            loop.stepper.run(step_number)
            step_seconds.append(time.perf_counter() - start_time)
        stopwatch.switch("update")
    total_seconds = sum(stopwatch.seconds.values())
    shares = {step_part: stopwatch.seconds[step_part] / total_seconds for step_part in PARTS}
    step_seconds = step_seconds[2:]
    return Row(recipe_name, loop.stepper.pictures * step_count / sum(step_seconds), median(step_seconds), shares)


@contextmanager
def watched(loop: Loop, stopwatch: Spans) -> Iterator[None]:
    """Let the stopwatch follow a loop and its task."""
    task: Any = loop.task
    loop.stepper.watch = lambda phase_name: stopwatch.switch(_part_of(phase_name))
    if not isinstance(task, AdversarialTask):
        (network,) = task.modules.values()
        handles = [
            network.register_forward_pre_hook(lambda *_: stopwatch.switch("generator")),
            network.register_forward_hook(lambda *_: stopwatch.switch("losses")),
        ]
        try:
            yield
        finally:
            loop.stepper.watch = None
            for handle in handles:
                handle.remove()
        return
    paint, show, discriminate = task.paint, task._show, task._judge

    def painting(real: Any, one_hot_maps: Any) -> Any:
        with stopwatch.inside("generator"):
            painted, own_styles = paint(real, one_hot_maps)
            painted.register_hook(lambda grad: stopwatch.switch("generator"))  # from here on back through the generator
            return painted, own_styles

    def showing(*arguments: Any) -> Any:
        with stopwatch.inside("discriminator"):
            return show(*arguments)

    def judging(*arguments: Any) -> Any:
        with stopwatch.inside("discriminator"):
            return discriminate(*arguments)

    task.__dict__ |= {"paint": painting, "_show": showing, "_judge": judging}  # before the methods of its class
    try:
        yield
    finally:
        loop.stepper.watch = None
        del task.paint, task._show, task._judge


def _part_of(phase_name: str) -> str:
    """The part that a phase of `Stepper.run` begins with."""
    network, _, phase = phase_name.partition(" ")
    if phase_name == "average" or phase == "update":
        return "update"
    if phase_name == "data":
        return phase_name
    if phase_name == "forward" or (network == "generator" and phase == "backward"):
        return "losses"  # until the painted picture is reached, which the hooks report
    return "discriminator" if network == "discriminator" else "generator"


# ---------------------------------------------------------------- data and answers


def drawn_data(folder: Path, label_set: LabelSet, side: int, pair_count: int = 16) -> Path:
    """A dataset folder of blocks in random labels and colours, to measure with where there is no other."""
    for subfolder in ("images", "labels"):
        (folder / subfolder).mkdir(parents=True)
    generator = np.random.default_rng(0)
    cells_per_side = max(1, side // 16)
    for pair_index in range(pair_count):
        cell_labels = generator.integers(0, len(label_set), (cells_per_side, cells_per_side), dtype=np.uint8)
        cell_side = -(-side // cells_per_side)
        label_map = cell_labels.repeat(cell_side, 0).repeat(cell_side, 1)[:side, :side]
        colour_noise = generator.integers(-20, 20, (side, side, 1))
        pixels = np.clip(label_set.palette()[label_map] + colour_noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{pair_index:03d}.png")
        Image.fromarray(np.ascontiguousarray(label_map)).save(folder / "labels" / f"{pair_index:03d}.png")
    write_text(folder / "classes.json", msgspec.json.encode(label_set.to_dict()).decode())
    return folder


def as_table(bench_rows: list[Row]) -> str:
    """The rows as a Markdown table."""
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
    on_progress: Callable[[float, str], None],
) -> list[Row]:
    """Measure recipes one after the other, on drawn pictures unless `data` is given."""
    bench_rows = []
    for recipe_index, (recipe_name, recipe) in enumerate(recipes.items()):
        on_progress(recipe_index / len(recipes), recipe_name)
        with tempfile.TemporaryDirectory(prefix="tessera-bench-") as data_parent:
            folder = data or drawn_data(Path(data_parent) / "data", label_set, recipe.resolution)
            bench_rows.append(measure(recipe, folder, name=recipe_name, step_count=steps, device=device))
    return bench_rows
