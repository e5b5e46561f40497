"""Measuring weights on a split of a data folder: what `tessera evaluate` and the cards say.

How weights are measured is their system's to say (`System.measuring`); here they are loaded and asked.
A number that cannot be measured (feature network or parser not installed) is None, and "missing" says why.
docs/models.md defines all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.data.kinds import DataKind, check_described, measured_split
from engine.errors import BadRequest, Message, NotSupported
from engine.progress import Progress, stoppable
from engine.session import Session
from engine.systems import abilities, system
from engine.systems.base import load_part
from engine.systems.measuring import Cell, Measure, MeasureOptions, Row, Sheet
from engine.weights.card import Card

SHEET_ROWS = 6
"""Rows of a report's pictures."""


def evaluate(
    weights: str | Path,
    data: Path,
    split: str | None = None,
    *,
    device: str = "auto",
    limit: int | None = None,
    diversity: bool = True,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Measure weights on a split.

    Args:
        weights: name or folder of weights.
        data: a folder of the kind of data that their system trains on.
        split: a name of its splits; "test" unless given, or "val". A folder without splits is measured whole.
        device: "auto" or a device id.
        limit: measure so many pictures only, evenly spread over the split.
        diversity: also measure what drawn styles change, which takes about as long as all the rest.
        on_progress: called with (fraction 0..1, what is being done).
        cancel: set it from any thread to stop after the picture at hand.

    Returns:
        Plain data for JSON. Always: weights, system, data, split, device, seconds (of all of it: loading and mean
        styles included); resolution where there are pictures. The rest is what the system measures, see
        `engine.systems.measure_painters.measure` for example.

    Raises:
        WeightsError, BadFile, BadLabelMap, BadRequest, NotSupported, OutOfMemory, Cancelled.
    """
    if limit is not None and limit < 1:
        raise BadRequest("The limit {0} leaves no picture to measure; give 1 or more.", limit)
    start_time = time.perf_counter()
    report = stoppable(on_progress, cancel.is_set if cancel is not None else None)
    report(0.0, Message("loading"))
    session = Session(device)
    model = session.load(str(weights))
    card: Card = model.card
    data_folder, chosen_split = _checked(card, data, split)
    measure: Measure = load_part(system(card.system).measuring.measure)
    options = MeasureOptions(chosen_split, session.services(cancel), limit, diversity)
    with session.guarded(_not_enough_memory(session)), torch.inference_mode():
        figures = measure(model, data_folder, options, report)
    report(1.0, Message("measured"))
    measured_as = {
        "weights": card.name,
        "system": card.system,
        "data": data_folder.name,
        "split": figures.get("split", chosen_split),
        **({"pictures": figures["pictures"]} if "pictures" in figures else {}),
        **({"resolution": side} if (side := abilities(card).resolution) else {}),
        "device": str(session.device),
        "seconds": time.perf_counter() - start_time,
    }
    return measured_as | figures


def picture_rows(
    weights: Sequence[str | Path],
    data: Path,
    split: str | None = None,
    *,
    device: str = "auto",
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> list[Row]:
    """At most `SHEET_ROWS` rows of pictures for a report: what the split has, then what the weights make of it.

    Of the split's own pictures, those of the weights with the largest ones stand in a row. Weights whose system shows
    no pictures have none. Raises what `evaluate` does.
    """
    report = stoppable(on_progress, cancel.is_set if cancel is not None else None)
    data_cells: dict[str, tuple[Cell, ...]] = {}
    result_cells: dict[str, list[Cell]] = {}
    for weights_index, weights_name in enumerate(weights):
        session = Session(device)
        model = session.load(str(weights_name))
        data_folder, chosen_split = _checked(model.card, data, split)
        sheet_path = system(model.card.system).measuring.sheet
        if not sheet_path:
            continue
        sheet: Sheet = load_part(sheet_path)
        options = MeasureOptions(chosen_split, session.services(cancel), SHEET_ROWS)

        def report_of_all(fraction: float, text: str, weights_index: int = weights_index) -> None:
            report((weights_index + fraction) / len(weights), text)

        with session.guarded(_not_enough_memory(session)), torch.inference_mode():
            for row in sheet(model, data_folder, options, report_of_all):
                if row.title not in data_cells or _side(row.data) > _side(data_cells[row.title]):
                    data_cells[row.title] = row.data
                result_cells.setdefault(row.title, []).extend(row.results)
    return [Row(title, data_cells[title], tuple(cells)) for title, cells in result_cells.items()]


def _side(cells: Sequence[Cell]) -> int:
    return len(cells[0].pixels) if cells else 0


def _checked(card: Card, data: Path, split: str | None) -> tuple[Path, str]:
    """The data folder and the split that weights are measured on. Raises NotSupported, BadFile."""
    known_system = system(card.system)
    if not known_system.measuring.measure:
        raise NotSupported(
            '"{0}" is of the system "{1}", which measures nothing; choose other weights.', card.name, card.system
        )
    data_folder = Path(data)
    kind: DataKind = load_part(known_system.data)
    check_described(data_folder, kind)
    return data_folder, split or measured_split(data_folder, kind)


def _not_enough_memory(session: Session) -> Message:
    return Message("There was not enough memory on {0} to measure these weights; choose the CPU.", session.device)
