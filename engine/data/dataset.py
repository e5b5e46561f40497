"""The face that every kind of data shows to training: examples by number, and a sequence of training batches.

Which examples make a batch, and which of them are mirrored, follows from (seed, step) alone, so that a resumed run
sees what an uninterrupted one would have seen, with no state to save.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.batch import Batch
from engine.data.layout import read_splits
from engine.errors import BadFile, TrainingError
from engine.progress import Progress

Array = np.ndarray


@dataclass(frozen=True)
class Draw:
    """What was drawn for one training batch of `size` examples.

    indices, flips: (size,) example numbers, and whether each is mirrored.
    rows: those of the batch's examples that are wanted here; several processes share a batch.
    chance: further draws; each is made for the whole batch, whatever the rows.
    """

    indices: Array
    flips: Array
    rows: Array
    chance: np.random.Generator

    def integers(self, highest: int) -> Array:
        """A number 0 .. highest for each wanted row."""
        return self.chance.integers(0, highest, len(self.indices), endpoint=True)[self.rows]


def draw_batch(
    examples: int | Array, batch_size: int, seed: int, step: int, wanted_rows: Array | None = None
) -> Draw:
    """Batch number `step` of an endless sequence that shows every example once per epoch, in an order of its own.

    examples: their number, or the (N,) example numbers of one epoch, in which some may come more than once.
    """
    first_position = step * batch_size
    example_count = examples if isinstance(examples, int) else len(examples)
    epoch_orders = {
        epoch: np.random.default_rng((seed, 1, epoch)).permutation(examples)
        for epoch in range(first_position // example_count, (first_position + batch_size - 1) // example_count + 1)
    }
    positions = range(first_position, first_position + batch_size)
    indices = np.array([epoch_orders[position // example_count][position % example_count] for position in positions])
    generator = np.random.default_rng((seed, 2, step))
    flips = generator.random(batch_size) < 0.5
    return Draw(indices, flips, np.arange(batch_size) if wanted_rows is None else wanted_rows, generator)


ONLY_SPLIT = "train"
"""The split that a folder has which says nothing of splits."""


class DataSet(ABC):
    """One split of a data folder.

    Args:
        data_folder: where the examples are from.
        split_name: which of them, a name in splits.json; without that file all of them belong to every split.
        picture_side: of training pictures, in pixels.
        on_progress: called with (fraction, text) while files are read.
        memory: bytes that decoded pictures may take; a third of what is free unless given.

    Raises BadFile (or what else is wrong with the data) that names the file that is missing or wrong.

    folder, split, side: as given.
    kept: examples that are in memory; the others are read whenever they are needed.
    before_batch: called before each batch that `batch` gives: long work over many batches is stopped there.
    epoch_examples: the example numbers of one epoch, before they are shuffled; None: each of them once.
    """

    kept: int

    def __init__(
        self,
        data_folder: Path,
        split_name: str,
        picture_side: int,
        on_progress: Progress | None = None,
        memory: int | None = None,
    ) -> None:
        self.folder, self.split, self.side = Path(data_folder), split_name, picture_side
        self.before_batch: Callable[[], None] | None = None
        self.epoch_examples: Array | None = None
        self._open(on_progress or (lambda fraction, text: None), memory)

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        """Read what a kind needs: its lists, and as many examples as may stay in memory."""
        return  # nothing, for kinds that read in `__init__`

    @classmethod
    def has_split(cls, data_folder: Path, split_name: str) -> bool:
        """Whether a folder has examples for that split; a folder without splits.json has `ONLY_SPLIT` alone."""
        if not (data_folder / "splits.json").is_file():
            return split_name == ONLY_SPLIT
        try:
            return bool(read_splits(data_folder).get(split_name))
        except BadFile:
            return split_name == ONLY_SPLIT  # named when it is opened

    @abstractmethod
    def __len__(self) -> int:
        """Number of examples."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Memory that the examples take."""

    def repeat(self, label_factors: Mapping[str, int]) -> None:
        """Let pictures come more often in training: label names -> how many times as often.

        Raises TrainingError where the data have no labels.
        """
        if label_factors:
            raise TrainingError(
                "The recipe repeats pictures by their labels, but {0} has no label maps; leave out {1}.",
                self.folder, "[repeat]",
            )

    def network_fields(self) -> dict[str, Any]:
        """What the data decide about a network's config: "labels", for example."""
        return {}

    def facts(self) -> dict[str, Any]:
        """What the run folder's config.json says about the data."""
        return {}

    def measures(self) -> dict[str, Any]:
        """Numbers of the examples that belong into a card's metrics."""
        return {}

    def check_resumed(self, run_facts: Mapping[str, Any], run_folder: Path) -> None:
        """Raises TrainingError if a run that began with these facts cannot go on with this data."""
        for fact_name, fact_value in self.facts().items():
            if fact_name in run_facts and run_facts[fact_name] != fact_value:
                raise TrainingError(
                    '"{0}" was trained with other {1} than {2} has; resume with the data it was started with, '
                    "or start a new run.",
                    run_folder, fact_name, self.folder,
                )

    def batch(self, indices: Array) -> Batch:
        """The examples `indices`, as they are."""
        if self.before_batch is not None:
            self.before_batch()
        return self.examples(indices, None)

    @abstractmethod
    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """The examples `indices`, mirrored where `flips` (B,) is true, if given."""

    def training_batch(self, batch_size: int, seed: int, step: int, wanted_rows: Array | None = None) -> Batch:
        """Batch number `step` of an endless, shuffled, randomly mirrored sequence; a pure function of its arguments.

        wanted_rows: of the batch's `batch_size` examples, those wanted here (several processes share a batch); all
            unless given.
        """
        epoch_examples = len(self) if self.epoch_examples is None else self.epoch_examples
        return self.drawn_examples(draw_batch(epoch_examples, batch_size, seed, step, wanted_rows))

    def drawn_examples(self, draw: Draw) -> Batch:
        """The examples of a draw; kinds that draw more than numbers and mirrors do it here."""
        return self.examples(draw.indices[draw.rows], draw.flips[draw.rows])
