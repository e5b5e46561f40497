"""What publishing adds to trained weights, for the systems that add something (`System.finish` is a path to this).

Further tensors go into the weights file itself; how styles vary, which has to be measured with the weights as they
are kept, goes into a file beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.labelled import LabelledFolder
from engine.data.layout import evenly
from engine.errors import Message
from engine.painting.painter import Painter
from engine.painting.style_spread import StyleSpread, measure_spread, spread_tensors
from engine.progress import Progress
from engine.weights.store import Weights

Styles = Callable[[Weights, Any, int, Progress | None], Mapping[str, Tensor] | None]
"""See `Finish.styles`."""


def no_tensors(
    network: Any, dataset: Any, indices: Sequence[int] | None, on_progress: Progress | None
) -> dict[str, Tensor]:
    """Nothing, for systems whose network is all there is."""
    return {}


def no_styles(weights: Weights, dataset: Any, most_pictures: int, on_progress: Progress | None) -> None:
    """Nothing, for systems whose weights need no measuring."""


@dataclass(frozen=True)
class Finish:
    """The two hooks.

    tensors: (network on the CPU in evaluation mode, training data, the pictures that count or None for all,
        on_progress) -> tensors by name, beside the network's own.
    styles: (the weights as they will be kept, training data, how many pictures at most, on_progress) -> measured
        styles by name (`engine/painting/style_spread.py`), None where these weights need none.

    The data are a split of the system's own kind (`System.data`).

    Both may raise EngineErrors, and whatever `on_progress` (fraction, text) raises to stop.
    """

    tensors: Callable[[Any, Any, Sequence[int] | None, Progress | None], dict[str, Tensor]] = no_tensors
    styles: Styles = no_styles


def measured_styles(make_painter: Callable[[Weights, torch.device], Painter]) -> Styles:
    """`Finish.styles` that measures how styles vary, for weights that do not know themselves."""

    def measure(
        weights: Weights, dataset: Any, most_pictures: int, on_progress: Progress | None
    ) -> dict[str, Tensor] | None:
        painter = make_painter(weights, torch.device("cpu"))
        if not painter.measures_styles:
            return None
        return spread_tensors(_spread(painter, dataset, most_pictures, on_progress))

    return measure


def _spread(painter: Painter, dataset: LabelledFolder, most_pictures: int, on_progress: Progress | None) -> StyleSpread:
    picture_indices = np.array(evenly(len(dataset), most_pictures))

    def on_picture(pictures_measured: int) -> None:
        if on_progress is not None:
            on_progress(pictures_measured / len(picture_indices), Message("measuring styles"))

    return measure_spread(
        painter, dataset.images[picture_indices], dataset.label_maps[picture_indices], on_picture=on_picture
    )
