"""Sentences about pictures: captions.json beside images/, or captions and boxes of pictures that are not there.

A training batch has one sentence of each example, drawn anew each time; any other batch has the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.batch import Batch
from engine.data.caption_files import CAPTIONS, LAYOUTS, Record, read_captions, read_layouts
from engine.data.dataset import Array, DataSet, Draw, Progress
from engine.data.pictures import PictureFolder
from engine.errors import BadFile


def drawn_captions(captions: Sequence[Sequence[str]], draw: Draw) -> list[str]:
    """One of each example's sentences, all alike; `captions` are those of the draw's wanted rows."""
    shares = draw.integers(2**31 - 1) / 2**31
    return [sentences[int(share * len(sentences))] for sentences, share in zip(captions, shares, strict=True)]


class CaptionFolder(PictureFolder):
    """One split of a folder of pictures with captions.json; batches have `pictures` and `captions`.

    Nothing is mirrored: sentences say left and right. Raises BadFile, also for a picture without a sentence.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        side: int,
        on_progress: Progress | None = None,
        memory: int | None = None,
    ) -> None:
        self.captions = read_captions(Path(folder))
        super().__init__(folder, split, side, on_progress, memory)
        silent = [stem for stem in self.stems if stem not in self.captions]
        if silent:
            raise BadFile("{0} has no sentence about '{1}'; add one.", self.folder / CAPTIONS, silent[0])

    def _captions_of(self, indices: Array) -> list[list[str]]:
        return [self.captions[self.stems[n]] for n in indices]

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures` and `captions`."""
        first = [sentences[0] for sentences in self._captions_of(indices)]
        return Batch(pictures=super().examples(indices, None).pictures, captions=first)

    def drawn_examples(self, draw: Draw) -> Batch:
        """Each with one of its sentences."""
        indices = draw.indices[draw.rows]
        pictures = super().examples(indices, None).pictures
        return Batch(pictures=pictures, captions=drawn_captions(self._captions_of(indices), draw))


class Layouts(DataSet):
    """One split of captions_boxes.json; batches have `captions` and `boxes`, and no pictures. Raises BadFile."""

    def __init__(
        self,
        folder: Path,
        split: str,
        side: int,
        on_progress: Progress | None = None,
        memory: int | None = None,
    ) -> None:
        super().__init__(folder, split, side)
        layouts = read_layouts(self.folder)
        self.names = layouts.classes
        self.records = [record for record in layouts.records if record.split == split]
        if not self.records:
            raise BadFile("The split '{0}' of {1} is empty; add records.", split, self.folder / LAYOUTS)
        self.boxes = [_shares(record) for record in self.records]
        self.kept = len(self.records)

    @classmethod
    def has_split(cls, folder: Path, split: str) -> bool:
        """Each record says which split it belongs to."""
        try:
            return any(record.split == split for record in read_layouts(folder).records)
        except BadFile:
            return split == cls.default_split  # named when it is opened

    def __len__(self) -> int:
        return len(self.records)

    @property
    def nbytes(self) -> int:
        """Memory that the boxes take."""
        return sum(boxes.nbytes for boxes in self.boxes)

    def network_fields(self) -> dict[str, Any]:
        """A network has as many classes as boxes have."""
        return {"classes": len(self.names)}

    def facts(self) -> dict[str, Any]:
        """The classes' names, in the order of their numbers."""
        return {"classes": self.names}

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`captions` and `boxes`."""
        return Batch(captions=[self.records[n].captions[0] for n in indices], boxes=[self.boxes[n] for n in indices])

    def drawn_examples(self, draw: Draw) -> Batch:
        """Each with one of its sentences."""
        indices = draw.indices[draw.rows]
        captions = drawn_captions([self.records[n].captions for n in indices], draw)
        return Batch(captions=captions, boxes=[self.boxes[n] for n in indices])


def _shares(record: Record) -> Tensor:
    """(N, 5) float32: left, top, right, bottom as shares of the sides, and the class."""
    rows = [[*box.xyxy, box.label] for box in record.boxes]
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    boxes[:, :4] /= (record.width, record.height, record.width, record.height)
    return torch.from_numpy(boxes)
