"""`tessera bench training --published`: SEAN's training step as it is here, against a literal implementation.

The literal step is what the papers' text gives when it is written down in torch: a style map as wide as a style code,
convolved, and SPADE's convolutions at every pixel; torch's spectral norm; torch's Adam as it comes. Data, losses,
discriminator and style encoder are the same, and both steps train one and the same network, in turn.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np
import torch
from PIL import Image
from torch.nn.utils.parametrizations import _SpectralNorm

from engine.bench.training import PARTS, Spans, watched
from engine.errors import NotSupported
from engine.files import resource, write_text
from engine.labels.label_sets import LabelSet
from engine.nn.blocks import one_hot
from engine.nn.label_places import LabelConditions
from engine.nn.spectral import SpectralNorm
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.training.loop import Loop
from engine.training.recipe import Recipe
from engine.training.start import prepare


@dataclass(frozen=True)
class Comparison:
    """Seconds of a training step, literal and as it is here, measured in turn (medians), and what they give.

    ratio: literal seconds per second here.
    parts: of both, seconds of each part of a step.
    difference, where: see `gradient_difference`.
    """

    network: str
    literal_s: float
    fast_s: float
    ratio: float
    parts: dict[str, dict[str, float]]
    difference: float
    where: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(
    recipe: Recipe, data: Path, *, name: str, repeats: int = 3, on_progress: Callable[[float, str], None] | None = None
) -> Comparison:
    """Whole training steps of a SEAN, literal and as they are here, in turn; before them the layers' gradients."""
    report = on_progress or (lambda fraction, text: None)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as place:
        loop = prepare(recipe, data, Path(place) / "run")
        report(0.0, "gradients")
        difference, where = gradient_difference(loop)
        seconds: dict[str, list[float]] = {"literal": [], "fast": []}
        spans = {"literal": Spans(), "fast": Spans()}
        for number in range(repeats + 1):  # the first touches memory
            for way in seconds:
                report((2 * number + (way == "fast") + 1) / (2 * repeats + 3), f"{way} step")
                _step(loop, way, number, spans[way], seconds[way])
    slow, quick = median(seconds["literal"]), median(seconds["fast"])
    parts = {way: {part: one.seconds[part] / repeats for part in PARTS} for way, one in spans.items()}
    return Comparison(name, slow, quick, slow / quick, parts, difference, where)


def _step(loop: Loop, way: str, number: int, spans: Spans, seconds: list[float]) -> None:
    with literal(loop.task, way == "literal"), watched(loop, spans):
        spans.restart()
        started = time.perf_counter()
        loop.stepper.run(number)
        if number:
            seconds.append(time.perf_counter() - started)
        spans.switch("update")
    if not number:
        spans.seconds.clear()


@contextmanager
def literal(task: Any, on: bool = True) -> Iterator[None]:
    """Let a SEAN's task train literally while inside, if `on`."""
    norms = [m for net in task.modules.values() for m in net.modules() if isinstance(m, SpectralNorm)]
    groups = [group for optimizer in task.optimizers.values() for group in optimizer.param_groups]
    before, config = [group["fused"] for group in groups], task.config
    if on:
        task.config = replace(config, contracted=False)
        for group in groups:
            group["fused"] = None
        for norm in norms:
            norm.__dict__["forward"] = partial(_SpectralNorm.forward, norm)  # before the method of its class
    try:
        yield
    finally:
        task.config = config
        for group, fused in zip(groups, before, strict=True):
            group["fused"] = fused
        for norm in norms:
            norm.__dict__.pop("forward", None)


def gradient_difference(loop: Loop) -> tuple[float, str]:
    """The largest difference of label-conditioned layers' gradients, relative to the largest of the tensor, and where.

    Every layer by itself, literally and as it trains here, on one batch's label maps, the same random features, styles
    and gradient from above: through whole networks of this depth, a difference in the last digit grows to one in the
    third, between two literal runs in float32 and float64 too (tests/engine/nn/test_label_places.py compares whole
    steps in float64).
    """
    task: Any = loop.task
    (batch,) = loop.stepper.batches(0)
    hot = one_hot(batch.label_maps, task.model.labels).contiguous(memory_format=torch.channels_last)
    side, worst, where = hot.shape[-1] // task.model.stride, 0.0, ""
    draw = torch.Generator().manual_seed(0)
    for n, block in enumerate(task.generator.resblks()):
        side <<= int(task.model.upsample_before[n])
        for layer in block.norms():
            shape = (len(hot), layer.norm.num_features, side, side)
            x = torch.randn(shape, generator=draw).contiguous(memory_format=torch.channels_last).requires_grad_()
            codes = torch.randn(len(hot), task.model.labels, task.model.style_width, generator=draw).requires_grad_()
            noise = torch.randn(len(hot), 1, side, side, generator=draw)
            above = torch.randn(shape, generator=draw)
            parameters = list(layer.parameters())
            slow, quick = (
                torch.autograd.grad(
                    layer(x, LabelConditions(hot, contracted), codes, noise), [x, *parameters], above, allow_unused=True
                )
                for contracted in (False, True)
            )
            for name, a, b in zip(["features", *(k for k, _ in layer.named_parameters())], slow, quick, strict=True):
                if a is not None and b is not None:
                    found = float((a - b).abs().max()) / max(float(a.abs().max()), 1e-12)
                    if not found <= worst:
                        worst, where = found, f"block {n}, layer {layer.layer}, {name}"
    return worst, where


def published_system() -> System:
    """The system whose training step is compared. Raises NotSupported: this version has none."""
    for system in all_systems():
        if system.bench and load_part(system.bench).literal_training:
            return system
    raise NotSupported("No system of this version has a literal training step to compare with.")


def published_recipe(side: int = 128, batch: int = 4) -> Recipe:
    """That system as published, trained as people train it here but for the size of pictures and batch.

    With the average and, where a network for one is there, the perceptual loss: tasks' defaults.
    """
    return Recipe(system=published_system().id, resolution=side, batch=batch, steps=10**6)


def portraits(folder: Path, label_set: LabelSet, side: int) -> Path:
    """A dataset folder of the bundled portraits' label maps, coloured: drawn, with the surroundings of faces."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for path in sorted(resource("templates").glob("portrait-*.png")):
        with Image.open(path) as file:
            label_map = np.asarray(file.resize((side, side), Image.Resampling.NEAREST))
        grain = rng.integers(-20, 20, (side, side, 1))
        pixels = np.clip(label_set.palette()[label_map] + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / path.name)
        Image.fromarray(label_map).save(folder / "labels" / path.name)
    write_text(folder / "classes.json", msgspec.json.encode(label_set.to_dict()).decode())
    return folder


def as_text(told: Comparison) -> str:
    """A Markdown table of both steps by parts, and two sentences."""
    lines = ["| step | seconds | " + " | ".join(PARTS) + " |", "|---|--:|" + "--:|" * len(PARTS)]
    for way, total in (("literal", told.literal_s), ("fast", told.fast_s)):
        parts = " | ".join(f"{told.parts[way][part]:.2f}" for part in PARTS)
        lines.append(f"| {told.network}, {way} | {total:.2f} | {parts} |")
    return "\n".join(
        [
            *lines,
            "",
            f"{told.ratio:.2f} times as fast. Largest difference of the label-conditioned layers' gradients, relative "
            f"to the largest of each tensor: {told.difference:.1e} ({told.where}).",
        ]
    )
