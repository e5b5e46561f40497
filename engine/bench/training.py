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
from dataclasses import asdict, dataclass, field
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

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass
class Spans:
    """A stopwatch that always runs for one part."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    part: str = "update"
    _since: float = field(default_factory=time.perf_counter)

    def switch(self, part: str) -> None:
        """From now on the time is this part's."""
        now = time.perf_counter()
        self.seconds[self.part] += now - self._since
        self.part, self._since = part, now

    def restart(self) -> None:
        """Time since the last switch is nobody's."""
        self._since = time.perf_counter()

    @contextmanager
    def inside(self, part: str) -> Iterator[None]:
        """Time in here is this part's, whoever had it before has it again afterwards."""
        before = self.part
        self.switch(part)
        try:
            yield
        finally:
            self.switch(before)


def measure(recipe: Recipe, data: Path, *, name: str = "", steps: int = 5, device: str = "cpu") -> Row:
    """Train `steps` steps, after two that are not counted, in a folder that is thrown away."""
    short = msgspec.structs.replace(recipe, log_every=10**9, sample_every=10**9, validate_every=10**9)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as place:
        loop = prepare(short, data, Path(place) / "run", device=device)
        with loop.stepper.ahead():
            return _measure(loop, name or recipe.system, steps)


def _measure(loop: Loop, name: str, steps: int) -> Row:
    spans = Spans()
    with watched(loop, spans):
        times = []
        for number in range(steps + 2):
            if number == 2:
                spans.switch("update")
                spans.seconds.clear()
            started = time.perf_counter()
            loop.stepper.run(number)
            times.append(time.perf_counter() - started)
        spans.switch("update")
    total = sum(spans.seconds.values())
    shares = {part: spans.seconds[part] / total for part in PARTS}
    return Row(name, loop.stepper.pictures * steps / sum(times[2:]), median(times[2:]), shares)


@contextmanager
def watched(loop: Loop, spans: Spans) -> Iterator[None]:
    """Let the stopwatch follow a loop and its task."""
    task: Any = loop.task
    loop.stepper.watch = lambda what: spans.switch(_part_of(what))
    if not isinstance(task, AdversarialTask):
        (network,) = task.modules.values()
        handles = [
            network.register_forward_pre_hook(lambda *_: spans.switch("generator")),
            network.register_forward_hook(lambda *_: spans.switch("losses")),
        ]
        try:
            yield
        finally:
            loop.stepper.watch = None
            for handle in handles:
                handle.remove()
        return
    paint, judge = task.paint, task._judge

    def painting(real: Any, hot: Any) -> Any:
        with spans.inside("generator"):
            fake, own = paint(real, hot)
            fake.register_hook(lambda grad: spans.switch("generator"))  # from here on back through the generator
            return fake, own

    def judging(*arguments: Any) -> Any:
        with spans.inside("discriminator"):
            return judge(*arguments)

    task.__dict__ |= {"paint": painting, "_judge": judging}  # before the methods of its class
    try:
        yield
    finally:
        loop.stepper.watch = None
        del task.paint, task._judge


def _part_of(what: str) -> str:
    """The part that a phase of `Stepper.run` begins with."""
    network, _, phase = what.partition(" ")
    if what == "average" or phase == "update":
        return "update"
    if what == "data":
        return what
    if what == "forward" or (network == "generator" and phase == "backward"):
        return "losses"  # until the painted picture is reached, which the hooks tell
    return "discriminator" if network == "discriminator" else "generator"


# ---------------------------------------------------------------- data and answers


def drawn_data(folder: Path, label_set: LabelSet, side: int, pairs: int = 16) -> Path:
    """A dataset folder of blocks in random labels and colours, to measure with where there is no other."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    cells = max(1, side // 16)
    for n in range(pairs):
        coarse = rng.integers(0, len(label_set), (cells, cells), dtype=np.uint8)
        label_map = coarse.repeat(-(-side // cells), 0).repeat(-(-side // cells), 1)[:side, :side]
        grain = rng.integers(-20, 20, (side, side, 1))
        pixels = np.clip(label_set.palette()[label_map] + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{n:03d}.png")
        Image.fromarray(np.ascontiguousarray(label_map)).save(folder / "labels" / f"{n:03d}.png")
    write_text(folder / "classes.json", msgspec.json.encode(label_set.to_dict()).decode())
    return folder


def as_table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| recipe | pictures/s | s per step | " + " | ".join(PARTS) + " |", "|---|--:|--:|" + "--:|" * len(PARTS)]
    for row in rows:
        shares = " | ".join(f"{row.shares[part]:.0%}" for part in PARTS)
        lines.append(f"| {row.recipe} | {row.images_per_second:.2f} | {row.step_s:.3f} | {shares} |")
    return "\n".join(lines)


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
    rows = []
    for number, (name, recipe) in enumerate(recipes.items()):
        on_progress(number / len(recipes), name)
        with tempfile.TemporaryDirectory(prefix="tessera-bench-") as place:
            folder = data or drawn_data(Path(place) / "data", label_set, recipe.resolution)
            rows.append(measure(recipe, folder, name=name, steps=steps, device=device))
    return rows
