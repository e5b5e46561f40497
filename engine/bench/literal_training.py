"""`tessera bench training --published`: a training step as it is here, against the literal step of its system.

Both steps train one and the same network at the published widths, in turn. What is literal is the system's to say
(`Bench.literal_training`).
"""

from __future__ import annotations

import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
from PIL import Image

from engine.bench.training import PARTS, Spans
from engine.errors import NotSupported
from engine.files import resource, write_text
from engine.labels.label_sets import LabelSet
from engine.progress import Progress
from engine.systems import all_systems, system
from engine.systems.base import System, load_part
from engine.systems.bench import LiteralTraining
from engine.training import phases
from engine.training.loop import Loop
from engine.training.recipe import Recipe
from engine.training.start import prepare


@dataclass(frozen=True)
class Comparison:
    """Seconds of a training step, literal and as it is here, measured in turn (medians), and what they give.

    ratio: literal seconds per second here.
    parts: of both, seconds of each part of a step.
    difference, where: see `LiteralTraining.gradient_difference`.
    """

    network: str
    literal_s: float
    fast_s: float
    ratio: float
    parts: dict[str, dict[str, float]]
    difference: float
    where: str


def compare(
    recipe: Recipe,
    data: Path,
    *,
    network_name: str,
    repeats: int = 3,
    on_progress: Progress | None = None,
) -> Comparison:
    """Whole training steps, literal and as they are here, in turn; before them the layers' gradients.

    The recipe's system has a literal training step. Raises what `engine.training.start.prepare` does.
    """
    literal_training = literal_training_of(system(recipe.system))
    report = on_progress or (lambda fraction, text: None)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as run_parent:
        loop = prepare(recipe, data, Path(run_parent) / "run")
        report(0.0, "gradients")
        (batch,) = loop.stepper.batches(0)
        difference, worst_tensor = literal_training.gradient_difference(loop.task, batch)
        seconds: dict[str, list[float]] = {"literal": [], "fast": []}
        spans = {"literal": Spans(), "fast": Spans()}
        for step_number in range(repeats + 1):  # the first touches memory
            for step_kind in seconds:
                report((2 * step_number + (step_kind == "fast") + 1) / (2 * repeats + 3), f"{step_kind} step")
                with literal_training.switched_on(loop.task) if step_kind == "literal" else nullcontext():
                    _step(loop, step_number, spans[step_kind], seconds[step_kind])
    literal_s, fast_s = median(seconds["literal"]), median(seconds["fast"])
    part_seconds = {
        step_kind: {step_part: kind_spans.seconds[step_part] / repeats for step_part in PARTS}
        for step_kind, kind_spans in spans.items()
    }
    return Comparison(network_name, literal_s, fast_s, literal_s / fast_s, part_seconds, difference, worst_tensor)


def _step(loop: Loop, step_number: int, stopwatch: Spans, seconds: list[float]) -> None:
    with phases.listening(stopwatch.begin):
        stopwatch.restart()
        start_time = time.perf_counter()
        loop.stepper.run(step_number)
        if step_number:
            seconds.append(time.perf_counter() - start_time)
        stopwatch.begin(phases.UPDATE)
    if not step_number:
        stopwatch.seconds.clear()


def published_system() -> System:
    """The system whose training step is compared. Raises NotSupported: this version has none."""
    for known_system in all_systems():
        if known_system.bench and load_part(known_system.bench).literal_training:
            return known_system
    raise NotSupported("No system of this version has a literal training step to compare with.")


def literal_training_of(trained_system: System) -> LiteralTraining:
    """How that system trains literally."""
    literal_training: LiteralTraining = load_part(load_part(trained_system.bench).literal_training)
    return literal_training


def published_recipe() -> Recipe:
    """That system as published, trained as it is here, except for the size of pictures and batch.

    With the average and, where a network for one is there, the perceptual loss: tasks' defaults.
    """
    return Recipe(system=published_system().id, resolution=128, batch=4, steps=10**6)


def portraits(folder: Path, label_set: LabelSet, side: int) -> Path:
    """A dataset folder of the bundled portraits' label maps, coloured: drawn, with the surroundings of faces."""
    for subfolder in ("images", "labels"):
        (folder / subfolder).mkdir(parents=True)
    generator = np.random.default_rng(0)
    for template in sorted(resource("templates").glob("portrait-*.png")):
        with Image.open(template) as file:
            label_map = np.asarray(file.resize((side, side), Image.Resampling.NEAREST))
        colour_noise = generator.integers(-20, 20, (side, side, 1))
        pixels = np.clip(label_set.palette()[label_map] + colour_noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / template.name)
        Image.fromarray(label_map).save(folder / "labels" / template.name)
    write_text(folder / "classes.json", msgspec.json.encode(label_set.to_dict()).decode())
    return folder


def as_text(comparison: Comparison) -> str:
    """A Markdown table of both steps by parts, and two sentences."""
    table_lines = ["| step | seconds | " + " | ".join(PARTS) + " |", "|---|--:|" + "--:|" * len(PARTS)]
    for step_kind, step_seconds in (("literal", comparison.literal_s), ("fast", comparison.fast_s)):
        part_cells = " | ".join(f"{comparison.parts[step_kind][step_part]:.2f}" for step_part in PARTS)
        table_lines.append(f"| {comparison.network}, {step_kind} | {step_seconds:.2f} | {part_cells} |")
    return "\n".join(
        [
            *table_lines,
            "",
            f"{comparison.ratio:.2f} times as fast. Largest difference of the label-conditioned layers' gradients, "
            f"relative to the largest of each tensor: {comparison.difference:.1e} ({comparison.where}).",
        ]
    )
