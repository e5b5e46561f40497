"""How the synthesis benchmark paints with a system that has an exact fast path (`System.bench` is a path to this)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from engine.data.batch import Batch
from engine.fast.generator import LabelMap, Precision


class Renderer(Protocol):
    """A fast renderer, ready to be timed."""

    def clear(self) -> None:
        """Forget everything that was kept."""
        ...

    def floor(self, height: int, width: int, precision: Precision) -> float:
        """Seconds of the main path's convolutions alone."""
        ...


class MakeRenderer(Protocol):
    """The fast renderer of a literal network; `release` lets it take the kernels over."""

    def __call__(self, generator: Any, *, release: bool = False) -> Renderer: ...


def paints_any_size(config: Any) -> bool:
    """For networks that are convolutions all the way."""
    return True


def always_fast(config: Mapping[str, Any]) -> str:
    """For systems all of whose networks have a fast path."""
    return ""


def no_mean(weights_state: Mapping[str, Tensor]) -> None:
    """For weights without a mean style of their own."""


@dataclass(frozen=True)
class LiteralTraining:
    """A training step as the paper writes it down, which the step in use is measured against.

    switched_on: (task) -> a context in which that task trains literally.
    gradient_difference: (task, batch) -> the largest difference of a tensor's gradients between both ways, relative to
        the largest of that tensor, and which tensor it is.
    """

    switched_on: Callable[[Any], AbstractContextManager[None]]
    gradient_difference: Callable[[Any, Batch], tuple[float, str]]


@dataclass(frozen=True)
class Bench:
    """What the benchmark needs to know.

    code_shape: config -> shape of the styles of one picture, label by label where labels have their own; it may be
        (0,).
    trained_size: config -> (height, width) of the pictures that the network was made for.
    literal: (generator, (H, W) ids, codes) -> the picture (3, H, W) as the paper's network paints it.
    renderer: its fast renderer. fast: (that renderer, (H, W) ids, codes, precision) -> the picture (3, H, W).
    published: configs of published sizes, measured with random weights, by the name of their case.
    any_size: config -> whether it paints other sizes than the trained one.
    no_fast_path: a card's config -> why there is no fast painter, as a part of a sentence; "" if there is one.
    mean: the weights' own tensors -> the mean style to paint with, if there is one.
    literal_training: path of the `LiteralTraining` of the published widths; "" where a step has no literal counterpart.
    """

    code_shape: Callable[[Any], tuple[int, ...]]
    trained_size: Callable[[Any], tuple[int, int]]
    literal: Callable[[Any, LabelMap, Tensor], Tensor]
    renderer: MakeRenderer
    fast: Callable[[Any, LabelMap, Tensor, Precision], Tensor]
    published: Mapping[str, Any] = field(default_factory=dict)
    any_size: Callable[[Any], bool] = paints_any_size
    no_fast_path: Callable[[Mapping[str, Any]], str] = always_fast
    mean: Callable[[Mapping[str, Tensor]], Tensor | None] = no_mean
    literal_training: str = ""


def size_of_start(config: Any) -> tuple[int, int]:
    """The trained size of a network whose config has the `start` of its first feature map."""
    return config.start[0] * config.stride, config.start[1] * config.stride
