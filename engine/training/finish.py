"""What publishing adds to trained weights, for the systems that add something (`System.finish` is a path to this).

A new network of a run is saved in two steps, and a system may join in at each: further tensors go into the weights
file itself; what has to be measured with the saved weights goes into files beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.labelled import LabelledFolder
from engine.data.layout import evenly
from engine.errors import Message
from engine.painting.painter import Painter
from engine.painting.style_spread import StyleSpread, measure_spread, save_spread
from engine.progress import Progress
from engine.weights.store import Weights, load_weights

Files = Callable[[Path, Any, int, Progress | None], None]
"""See `Finish.files`."""


def no_tensors(
    network: Any, dataset: Any, indices: Sequence[int] | None, on_progress: Progress | None
) -> dict[str, Tensor]:
    """Nothing, for systems whose network is all there is."""
    return {}


def no_files(weights_folder: Path, dataset: Any, most_pictures: int, on_progress: Progress | None) -> None:
    """Nothing, for systems whose weights need no measuring."""


@dataclass(frozen=True)
class Finish:
    """The two hooks.

    tensors: (network on the CPU in evaluation mode, training data, the pictures that count or None for all,
        on_progress) -> tensors by name, beside the network's own.
    files: (folder of the saved weights, training data, how many pictures at most, on_progress); it writes what it
        likes into the folder and brings the card there up to date.

    The data are a split of the system's own kind (`System.data`).

    Both may raise EngineErrors, and whatever `on_progress` (fraction, text) raises to stop.
    """

    tensors: Callable[[Any, Any, Sequence[int] | None, Progress | None], dict[str, Tensor]] = no_tensors
    files: Files = no_files


def measured_styles(make_painter: Callable[[Weights, torch.device], Painter]) -> Files:
    """`Finish.files` that measures how styles vary, for weights that do not know themselves."""

    def measure(weights_folder: Path, dataset: Any, most_pictures: int, on_progress: Progress | None) -> None:
        painter = make_painter(load_weights(weights_folder), torch.device("cpu"))
        if painter.measures_styles:
            save_spread(weights_folder, _spread(painter, dataset, most_pictures, on_progress))

    return measure


def _spread(painter: Painter, dataset: LabelledFolder, most_pictures: int, on_progress: Progress | None) -> StyleSpread:
    picture_indices = np.array(evenly(len(dataset), most_pictures))

    def on_picture(pictures_measured: int) -> None:
        if on_progress is not None:
            on_progress(pictures_measured / len(picture_indices), Message("measuring styles"))

    return measure_spread(
        painter, dataset.images[picture_indices], dataset.label_maps[picture_indices], on_picture=on_picture
    )
