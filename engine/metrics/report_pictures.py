"""Pictures for the HTML report: photographs of a split beside what each of several weights makes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.data.layout import evenly
from engine.errors import Cancelled, Message, WeightsError
from engine.labels.label_maps import colourise
from engine.metrics.pairs import Pairs
from engine.metrics.repainting import all_drawn, can_sample, native_size, own_styles, repaint
from engine.session import Session
from engine.systems import abilities

Array = np.ndarray


@dataclass(frozen=True)
class Cell:
    """One picture of a row: (H, W, 3) uint8 and what it is."""

    title: str
    pixels: Array


@dataclass(frozen=True)
class Row:
    """One picture of the split: its stem; the photograph, its label map, then what each of the weights made."""

    stem: str
    cells: tuple[Cell, ...]


def picture_rows(
    weights: Sequence[str | Path],
    data_folder: Path,
    split: str,
    *,
    device: str = "auto",
    count: int = 6,
    on_progress: Callable[[float, str], None] | None = None,
    cancel: threading.Event | None = None,
) -> list[Row]:
    """Paint (or parse) `count` pictures, evenly spread over the split, with each of the weights, as the editor would.

    Weights that draw styles show the picture in drawn ones too. Raises what `engine.metrics.evaluate.evaluate` does.
    """
    chosen_stems: list[str] = []
    photograph_cells: dict[str, list[Cell]] = {}
    painted_cells: dict[str, list[Cell]] = {}
    for weights_index, weights_name in enumerate(weights):
        session = Session(device)
        model = session.load(str(weights_name))
        own_labels = model.card.labels()
        if own_labels is None:
            raise WeightsError('The card of "{0}" has no label set; get the weights again.', model.card.name)
        pairs = Pairs(Path(data_folder), split, own_labels)
        chosen_stems = chosen_stems or [pairs.stems[stem_index] for stem_index in evenly(len(pairs), count)]
        with torch.inference_mode():
            for picture_index, stem in enumerate(chosen_stems):
                if cancel is not None and cancel.is_set():
                    raise Cancelled
                if on_progress is not None:
                    on_progress(
                        (weights_index + picture_index / len(chosen_stems)) / len(weights),
                        Message("pictures for the report"),
                    )
                photograph, label_map = pairs.framed(stem, *native_size(model.config))
                true_cells = [Cell("photograph", photograph), Cell("label map", colourise(label_map, pairs.label_set))]
                if stem not in photograph_cells or len(photograph) > len(photograph_cells[stem][0].pixels):
                    photograph_cells[stem] = true_cells
                weights_cells = painted_cells.setdefault(stem, [])
                if abilities(model.card).parses:
                    weights_cells.append(Cell(model.card.name, colourise(model.parse(photograph)[0], pairs.label_set)))
                    continue
                styles = own_styles(model, photograph, label_map)
                weights_cells.append(Cell(model.card.name, repaint(model, label_map, styles)))
                if can_sample(model):
                    drawn = repaint(model, label_map, all_drawn(model, label_map, picture_index))
                    weights_cells.append(Cell(f"{model.card.name}, drawn styles", drawn))
    return [Row(stem, (*photograph_cells[stem], *painted_cells[stem])) for stem in chosen_stems]
