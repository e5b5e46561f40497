"""From a run folder to weights that the editor and the command line use: fp16 tensors, mean style, card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

import engine
from engine.checkpoints.card import Card
from engine.checkpoints.store import read_tensors, save_weights, user_weights_folder
from engine.data.folder import DatasetFolder
from engine.errors import TrainingError
from engine.metrics.features import MOBILENET
from engine.models.sean import MEAN_STYLE, SEANConfig, SEANGenerator
from engine.nn.blocks import one_hot


def mean_style(
    generator: SEANGenerator, data: DatasetFolder, on_progress: Callable[[float, str], None] | None = None
) -> Tensor:
    """Mean style code of each label over the pictures that show it: (E, L, D), zero for labels never shown."""
    total: Tensor | float = 0.0
    count: Tensor | float = 0.0
    with torch.inference_mode():
        for start in range(0, len(data), 16):
            batch = data.batch(np.arange(start, min(start + 16, len(data))))
            codes, present = generator.encode(batch.image, one_hot(batch.label_map, generator.config.labels))
            total, count = total + codes.sum(0), count + present.sum(0)
            if on_progress is not None:
                on_progress(start / len(data), "mean styles")
    assert isinstance(total, Tensor) and isinstance(count, Tensor)
    return total / count.clamp(min=1)[None, :, None]


def publish(
    run: Path,
    name: str,
    *,
    destination: Path | None = None,
    data: Path | None = None,
    facts: dict[str, Any] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
) -> Card:
    """Make weights from the best state of a run.

    Args:
        run: the run folder; its best.safetensors is taken.
        name: name of the weights.
        destination: where the weights folder goes; the user's weights folder if not given.
        data: the dataset folder, if it is no longer where the run found it.
        facts: further fields of the card (data, data_licence, weights_licence, metrics, notes).
        on_progress: called with (fraction, text).

    Raises:
        TrainingError: the run has no validated state yet. WeightsError, BadFile: a file cannot be read or written.
    """
    best, config_file = run / "best.safetensors", run / "config.json"
    if not best.is_file() or not config_file.is_file():
        raise TrainingError(f'"{run}" has no best.safetensors yet; train until its first validation.')
    about = json.loads(config_file.read_text(encoding="utf-8"))
    with safe_open(best, "pt") as file:
        metadata = file.metadata()
    config = json.loads(metadata["config"])
    state = read_tensors(best)
    if metadata["system"] == "sean":
        generator = SEANGenerator(msgspec.convert(config, SEANConfig))
        generator.load_state_dict(state)
        folder = DatasetFolder(data or Path(about["data"]), "train", config["resolution"], on_progress)
        state[MEAN_STYLE] = mean_style(generator.eval(), folder, on_progress)
    recipe = about["recipe"]
    card = Card(
        name=name,
        system=metadata["system"],
        config=config,
        label_set=about["label_set"],
        steps=int(metadata["step"]),
        seconds=float(metadata["seconds"]),
        metrics={"at_training": json.loads(metadata["numbers"])},
        perceptual_network=MOBILENET if recipe["task"].get("perceptual", metadata["system"] == "sean") else "",
        made_with=f"Tessera {engine.__version__}, torch {torch.__version__}, recipe {json.dumps(recipe)}",
    ).replace(**(facts or {}))
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    return save_weights((destination or user_weights_folder()) / name, card, half)
