"""What publishing adds to a pix2pixHD with a feature encoder: how its codes vary."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.data.labelled import LabelledFolder
from engine.progress import Progress
from engine.systems.pix2pixhd.painter import Pix2PixHDPainter
from engine.training.finish import Finish, add_measured_styles
from engine.weights.store import load_weights


def _measure_styles(
    weights_folder: Path, dataset: LabelledFolder, most_pictures: int, on_progress: Progress | None
) -> None:
    painter = Pix2PixHDPainter(load_weights(weights_folder), torch.device("cpu"))
    add_measured_styles(painter, weights_folder, dataset, most_pictures, on_progress)


FINISH = Finish(files=_measure_styles)
