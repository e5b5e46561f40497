"""Sentences about pictures: captions.json beside images/, or captions and boxes of pictures that are not there.

A training batch has one sentence of each example, drawn again each time; any other batch has the first.
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
from engine.data.dataset import ONLY_SPLIT, Array, DataSet, Draw
from engine.data.pictures import PictureFolder
from engine.data.vocabulary import vocabulary_of
from engine.errors import BadFile
from engine.progress import Progress


def drawn_captions(captions: Sequence[Sequence[str]], draw: Draw) -> list[str]:
    """One of each example's sentences, all alike; `captions` are those of the draw's wanted rows."""
    fractions = draw.integers(2**31 - 1) / 2**31
    return [sentences[int(fraction * len(sentences))] for sentences, fraction in zip(captions, fractions, strict=True)]


class CaptionFolder(PictureFolder):
    """One split of a folder of pictures with captions.json; batches have `pictures` and `captions`.

    Nothing is mirrored: sentences say left and right. Raises BadFile, also for a picture without a sentence.
    """

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        self.captions = read_captions(self.folder)
        super()._open(on_progress, memory)
        uncaptioned = [stem for stem in self.stems if stem not in self.captions]
        if uncaptioned:
            raise BadFile("{0} has no sentence about '{1}'; add one.", self.folder / CAPTIONS, uncaptioned[0])

    def _captions_of(self, indices: Array) -> list[list[str]]:
        return [self.captions[self.stems[index]] for index in indices]

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures` and `captions`."""
        first_sentences = [sentences[0] for sentences in self._captions_of(indices)]
        return Batch(pictures=super().examples(indices, None).pictures, captions=first_sentences)

    def drawn_examples(self, draw: Draw) -> Batch:
        """Each with one of its sentences."""
        indices = draw.indices[draw.rows]
        pictures = super().examples(indices, None).pictures
        return Batch(pictures=pictures, captions=drawn_captions(self._captions_of(indices), draw))


class Layouts(DataSet):
    """One split of captions_boxes.json; batches have `captions`, `boxes` and `domains`, no pictures. Raises BadFile.

    A file that was not joined from several folders is of one domain, called "".
    """

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        layouts = read_layouts(self.folder)
        self.names = layouts.classes
        self.records = [record for record in layouts.records if record.split == self.split]
        if not self.records:
            raise BadFile("The split '{0}' of {1} is empty; add records.", self.split, self.folder / LAYOUTS)
        self.boxes = [_boxes_as_shares(record) for record in self.records]
        self.domain_classes = layouts.domains or {"": list(range(len(layouts.classes)))}
        domain_names = list(self.domain_classes)
        unknown_domains = sorted({record.domain for record in self.records} - set(domain_names))
        if unknown_domains:
            raise BadFile(
                '"{0}" has a record of the domain "{1}", which it does not list; write it again.',
                self.folder / LAYOUTS, unknown_domains[0],
            )
        self.domains = torch.tensor([domain_names.index(record.domain) for record in self.records])
        self.kept = len(self.records)

    @classmethod
    def has_split(cls, data_folder: Path, split_name: str) -> bool:
        """Each record says which split it belongs to."""
        try:
            return any(record.split == split_name for record in read_layouts(data_folder).records)
        except BadFile:
            return split_name == ONLY_SPLIT  # named when it is opened

    def __len__(self) -> int:
        return len(self.records)

    @property
    def nbytes(self) -> int:
        """Memory that the boxes take."""
        return sum(boxes.nbytes for boxes in self.boxes)

    def network_fields(self) -> dict[str, Any]:
        """A network has as many classes as boxes have, and knows the words of the split and which domains there are."""
        return {
            "classes": len(self.names),
            "class_names": tuple(self.names),
            "words": vocabulary_of(caption for record in self.records for caption in record.captions),
            "domains": tuple(self.domain_classes),
            "domain_classes": tuple(map(tuple, self.domain_classes.values())),
        }

    def facts(self) -> dict[str, Any]:
        """The classes' names, in the order of their numbers."""
        return {"classes": self.names}

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`captions`, `boxes` and `domains`."""
        first_sentences = [self.records[index].captions[0] for index in indices]
        return self._layouts(first_sentences, indices)

    def drawn_examples(self, draw: Draw) -> Batch:
        """Each with one of its sentences."""
        indices = draw.indices[draw.rows]
        captions = drawn_captions([self.records[index].captions for index in indices], draw)
        return self._layouts(captions, indices)

    def _layouts(self, captions: list[str], indices: Array) -> Batch:
        boxes = [self.boxes[index] for index in indices]
        return Batch(captions=captions, boxes=boxes, domains=self.domains[torch.from_numpy(np.asarray(indices))])


def _boxes_as_shares(record: Record) -> Tensor:
    """(N, 5) float32: left, top, right, bottom as shares of the sides, and the class."""
    box_rows = [[*box.xyxy, box.label] for box in record.boxes]
    boxes = np.array(box_rows, np.float32).reshape(-1, 5)
    boxes[:, :4] /= (record.width, record.height, record.width, record.height)
    return torch.from_numpy(boxes)
