"""How weights of a system are measured: what `Measuring.measure` and `Measuring.sheet` are called with and give,
and the tables in which several weights stand side by side (`Measuring.tables`).

The first two are paths of functions `(weights, data_folder, options, report)`. `weights` are the weights in use, as
`System.runtime` makes them; the folder looks like the system's kind of data; `report` raises Cancelled once the work is
to stop. Those that all systems which paint label maps share are in `engine.systems.measure_painters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.progress import Progress

if TYPE_CHECKING:
    from engine.requests.base import Services

Array = np.ndarray
ALL = "all"
"""What the split of a folder without splits is called."""
Figures = dict[str, Any]
"""What was measured, as plain data for JSON, in the order in which it is shown.

Numbers by name, None where one could not be measured; a dict of them belongs together (by label, by class). Of these
names others know the meaning:

split: what was measured, where it is not called as it was asked for (`ALL`).
pictures: how many pictures were measured.
missing: why a number is None, by its name.
networks: which networks judged, by what they are for.
"""


@dataclass(frozen=True)
class MeasureOptions:
    """What is measured of weights.

    split: of the data folder. limit: so many of its examples only, evenly spread; all unless given.
    services: other weights, a parser for example, and the device that networks compute on.
    diversity: whether to measure what drawn styles change, too, which takes about as long as all the rest.
    """

    split: str
    services: Services
    limit: int | None = None
    diversity: bool = True


class Measure(Protocol):
    """`Measuring.measure`. Raises BadFile, BadLabelMap, BadRequest, WeightsError, Cancelled."""

    def __call__(self, weights: Any, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures: ...


@dataclass(frozen=True)
class Cell:
    """One picture of a row: (H, W, 3) uint8 and what it is."""

    title: str
    pixels: Array


@dataclass(frozen=True)
class Row:
    """A row of a report's pictures.

    title: what it is of, a picture of the split or a class; the rows of several weights with one title become one.
    data: what the split itself has. results: what the weights make of it.
    """

    title: str
    data: tuple[Cell, ...]
    results: tuple[Cell, ...]


class Sheet(Protocol):
    """`Measuring.sheet`: at most `options.limit` rows of pictures for a report. Raises as `Measure`."""

    def __call__(self, weights: Any, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]: ...


@dataclass(frozen=True)
class Column:
    """One column of a table: its heading, where the number stands in the metrics, decimals, whether more is better.

    optional: a table in which nothing has that number does without the column.
    """

    title: str
    path: tuple[str, ...]
    decimals: int
    more: bool | None
    optional: bool = False

    def value(self, metrics: Mapping[str, Any]) -> float | None:
        """The number, or None where it was not measured."""
        measured: Any = metrics
        for key in self.path:
            measured = measured.get(key) if isinstance(measured, Mapping) else None
        return float(measured) if isinstance(measured, int | float) else None

    def heading(self) -> str:
        """The title with an arrow to the better side."""
        return self.title if self.more is None else f"{self.title} {'↑' if self.more else '↓'}"


@dataclass(frozen=True)
class Table:
    """`Measuring.tables`: the numbers in which weights are compared, a row for each.

    needs: the name of the figure without which weights are not in it; "" where all are.
    """

    title: str
    columns: tuple[Column, ...]
    needs: str = ""
