"""What was measured in one sitting: weights side by side, for the table and for the saved report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.layout import read_splits
from engine.errors import BadFile
from engine.evaluation.table import rows
from engine.labels.label_sets import LabelSet
from engine.weights.store import WeightsEntry

HEADED = ("weights", "system", "data", "split")  # the columns' headings and the form above say these
PREFERRED_SPLITS = ("test", "val")


@dataclass(frozen=True)
class Place:
    """What a measurement was made of and on."""

    weights: str
    data: Path
    split: str


class Measurements:
    """The numbers of each weights and split, in the order of measuring; measured again, they replace the old ones."""

    def __init__(self) -> None:
        self._metrics: dict[Place, dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._metrics)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What `engine.evaluation.evaluate.evaluate` gave, one for each place."""
        return list(self._metrics.values())

    @property
    def last_place(self) -> Place:
        """What was measured last of those that are new."""
        return list(self._metrics)[-1]

    def add(self, metrics: dict[str, Any], data_folder: Path) -> None:
        """Keep the numbers of one evaluation on a data folder."""
        self._metrics[Place(str(metrics["weights"]), data_folder, str(metrics["split"]))] = metrics

    def weights(self) -> list[str]:
        """The names of all weights that were measured, sorted."""
        return sorted({place.weights for place in self._metrics})

    def titles(self) -> list[str]:
        """The headings of the columns."""
        return [f"{metrics['weights']} ({metrics['split']})" for metrics in self.metrics]

    def table(self) -> list[tuple[str, list[str]]]:
        """The lines of all weights: a name, and a value for each column; "–" where one has no such number."""
        value_columns = [dict(rows(metrics)) for metrics in self.metrics]
        line_names = [
            line_name
            for line_name in dict.fromkeys(line_name for value_column in value_columns for line_name in value_column)
            if line_name not in HEADED
        ]
        return [
            (line_name, [value_column.get(line_name, "–") for value_column in value_columns])
            for line_name in line_names
        ]

    def as_json(self) -> str:
        """The numbers as a file's text: those of one measurement alone, or a list."""
        json_content = self.metrics[0] if len(self._metrics) == 1 else self.metrics
        return json.dumps(json_content, ensure_ascii=False, indent=2, default=str) + "\n"

    def file_name(self) -> str:
        """A name for the report, without its ending."""
        return "-".join(str(metrics["weights"]) for metrics in self.metrics).replace("/", "-")

    def label_sets(self, entries: Iterable[WeightsEntry]) -> list[LabelSet]:
        """The labels of what was measured."""
        measured = set(self.weights())
        cards = [entry.card for entry in entries if entry.card is not None and entry.card.name in measured]
        return [label_set for card in cards if (label_set := card.labels()) is not None]


def splits_of(data_folder: Path | None) -> list[str]:
    """The splits of a data folder that hold something; none where it has no splits.json that reads."""
    if data_folder is None:
        return []
    try:
        stems_by_split = read_splits(data_folder)
    except BadFile:
        return []
    return (
        [str(split_name) for split_name, split_stems in stems_by_split.items() if split_stems]
        if isinstance(stems_by_split, dict)
        else []
    )


def preferred_split(splits: list[str]) -> int:
    """The place of the split that is measured unless another is chosen."""
    return next((splits.index(split_name) for split_name in PREFERRED_SPLITS if split_name in splits), 0)
