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
    recipe: Recipe,
    data: Path,
    *,
    network_name: str,
    repeats: int = 3,
    on_progress: Callable[[float, str], None] | None = None,
) -> Comparison:
    """Whole training steps of a SEAN, literal and as they are here, in turn; before them the layers' gradients."""
    report = on_progress or (lambda fraction, text: None)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as run_parent:
        loop = prepare(recipe, data, Path(run_parent) / "run")
        report(0.0, "gradients")
        difference, worst_tensor = gradient_difference(loop)
        seconds: dict[str, list[float]] = {"literal": [], "fast": []}
        spans = {"literal": Spans(), "fast": Spans()}
        for step_number in range(repeats + 1):  # the first touches memory
            for step_kind in seconds:
                report((2 * step_number + (step_kind == "fast") + 1) / (2 * repeats + 3), f"{step_kind} step")
                _step(loop, step_kind, step_number, spans[step_kind], seconds[step_kind])
    literal_s, fast_s = median(seconds["literal"]), median(seconds["fast"])
    part_seconds = {
        step_kind: {step_part: kind_spans.seconds[step_part] / repeats for step_part in PARTS}
        for step_kind, kind_spans in spans.items()
    }
    return Comparison(network_name, literal_s, fast_s, literal_s / fast_s, part_seconds, difference, worst_tensor)


def _step(loop: Loop, step_kind: str, step_number: int, stopwatch: Spans, seconds: list[float]) -> None:
    with literal(loop.task, step_kind == "literal"), watched(loop, stopwatch):
        stopwatch.restart()
        start_time = time.perf_counter()
        loop.stepper.run(step_number)
        if step_number:
            seconds.append(time.perf_counter() - start_time)
        stopwatch.switch("update")
    if not step_number:
        stopwatch.seconds.clear()


@contextmanager
def literal(task: Any, switched_on: bool = True) -> Iterator[None]:
    """Let a SEAN's task train literally while inside, if `switched_on`."""
    spectral_norms = [
        module for network in task.modules.values() for module in network.modules() if isinstance(module, SpectralNorm)
    ]
    parameter_groups = [group for optimizer in task.optimizers.values() for group in optimizer.param_groups]
    fused_before, config = [parameter_group["fused"] for parameter_group in parameter_groups], task.config
    if switched_on:
        task.config = replace(config, contracted=False)
        for parameter_group in parameter_groups:
            parameter_group["fused"] = None
        for spectral_norm in spectral_norms:
            # Found before the method of its class.
            spectral_norm.__dict__["forward"] = partial(_SpectralNorm.forward, spectral_norm)
    try:
        yield
    finally:
        task.config = config
        for parameter_group, fused in zip(parameter_groups, fused_before, strict=True):
            parameter_group["fused"] = fused
        for spectral_norm in spectral_norms:
            spectral_norm.__dict__.pop("forward", None)


def gradient_difference(loop: Loop) -> tuple[float, str]:
    """The largest difference of label-conditioned layers' gradients, relative to the largest of the tensor, and where.

    Every layer by itself, literally and as it trains here, on one batch's label maps, the same random features, styles
    and gradient from above: through whole networks of this depth, a difference in the last digit grows to one in the
    third, between two literal runs in float32 and float64 too (tests/engine/nn/test_label_places.py compares whole
    steps in float64).
    """
    task: Any = loop.task
    (batch,) = loop.stepper.batches(0)
    one_hot_maps = one_hot(batch.label_maps, task.model.labels).contiguous(memory_format=torch.channels_last)
    map_side, largest_difference, worst_tensor = one_hot_maps.shape[-1] // task.model.stride, 0.0, ""
    generator = torch.Generator().manual_seed(0)
    for block_index, block in enumerate(task.generator.resblks()):
        map_side <<= int(task.model.upsample_before[block_index])
        for layer in block.norms():
            shape = (len(one_hot_maps), layer.norm.num_features, map_side, map_side)
            features = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
            features.requires_grad_()
            code_shape = (len(one_hot_maps), task.model.labels, task.model.style_width)
            codes = torch.randn(code_shape, generator=generator).requires_grad_()
            layer_noise = torch.randn(len(one_hot_maps), 1, map_side, map_side, generator=generator)
            output_gradient = torch.randn(shape, generator=generator)
            parameters = list(layer.parameters())
            literal_gradients, fast_gradients = (
                torch.autograd.grad(
                    layer(features, LabelConditions(one_hot_maps, contracted), codes, layer_noise),
                    [features, *parameters],
                    output_gradient,
                    allow_unused=True,
                )
                for contracted in (False, True)
            )
            tensor_names = ["features", *(name for name, _ in layer.named_parameters())]
            for tensor_name, literal_gradient, fast_gradient in zip(
                tensor_names, literal_gradients, fast_gradients, strict=True
            ):
                if literal_gradient is not None and fast_gradient is not None:
                    largest_gradient = max(float(literal_gradient.abs().max()), 1e-12)
                    difference = float((literal_gradient - fast_gradient).abs().max()) / largest_gradient
                    if not difference <= largest_difference:  # nan too
                        largest_difference = difference
                        worst_tensor = f"block {block_index}, layer {layer.layer}, {tensor_name}"
    return largest_difference, worst_tensor


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
