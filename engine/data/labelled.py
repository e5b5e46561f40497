"""Pictures with label maps: images/STEM.*, labels/STEM.png, classes.json, splits.json.

Pictures are decoded once, at one size, and kept as uint8 (a thousand at 256 x 256 take 0.26 GB) as far as memory goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.data.batch import Batch
from engine.data.dataset import Array, DataSet, Draw, Progress
from engine.data.decoded import Decoded, as_pictures, decode_first, memory_for_data
from engine.data.layout import evenly, image_path, split_stems
from engine.errors import EngineError, Message, TrainingError
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import centre_crop, read_image, resize_image

WIDEST = 2.0
"""Of longer pictures the middle is kept: longer side to shorter side."""


def common_frame(folder: Path, stems: list[str], side: int) -> tuple[int, int]:
    """(height, width) with the shorter side `side` that fits into all label maps: square unless all are longer."""
    ratios = []
    for stem in stems:
        try:
            with Image.open(folder / "labels" / f"{stem}.png") as header:
                ratios.append(header.width / header.height)
        except (OSError, ValueError, Image.DecompressionBombError):
            pass  # named when it is read
    if ratios and min(ratios) > 1:
        return side, round(side * min(WIDEST, *ratios))
    if ratios and max(ratios) < 1:
        return round(side * min(WIDEST, *(1 / ratio for ratio in ratios))), side
    return side, side


class LabelledFolder(DataSet):
    """One split of a folder of pictures with label maps.

    `images` (N, side, side, 3) and `label_maps` (N, side, side), both uint8, are the centre squares. Where all
    pictures are wider (or all taller) than square, what they have in common beyond it is kept too, and training
    takes its squares from anywhere in it.

    Decoded pictures stay in memory up to a limit; of a larger folder, the rest is read when it is asked for
    (`engine.data.ahead` asks early, in other threads). What a batch holds does not depend on the limit.

    Args:
        folder: the dataset folder.
        split: a name in splits.json; without that file every pair belongs to every split.
        side: the shorter side of pictures and label maps in pixels, to which they are resized.
        on_progress: called with (fraction, text) while reading.
        memory: bytes that decoded pictures may take; a third of what is free unless given.

    Raises:
        BadFile, BadLabelMap: naming the file that is missing or wrong; of pictures that are read later, from
            `batch` and `training_batch`.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        side: int,
        on_progress: Progress | None = None,
        memory: int | None = None,
    ) -> None:
        super().__init__(folder, split, side)
        self.label_set: LabelSet = load_label_set(self.folder / "classes.json")
        self.stems = split_stems(self.folder, split)
        self._size = height, width = common_frame(self.folder, self.stems, side)
        self.kept = kept = min(len(self.stems), memory_for_data(memory) // (height * width * 4))
        frames = np.empty((kept, height, width, 3), np.uint8)
        frame_maps = np.empty((kept, height, width), np.uint8)

        def read(n: int) -> None:
            frames[n], frame_maps[n] = self._picture(n), self._label_map(n)

        def report(fraction: float) -> None:
            if on_progress is not None:
                on_progress(fraction, Message("reading {0}/{1}", self.folder.name, split))

        decode_first(kept, read, report)
        self._frames: Array | Decoded = frames
        self._frame_maps: Array | Decoded = frame_maps
        middle = centre_crop(height, width)
        self.images: Array | Decoded = frames[:, middle[0], middle[1]]
        self.label_maps: Array | Decoded = frame_maps[:, middle[0], middle[1]]
        if kept < len(self.stems):
            count = len(self.stems)
            self._frames = Decoded(frames, count, self._picture)
            self._frame_maps = Decoded(frame_maps, count, self._label_map)
            self.images = Decoded(self.images, count, lambda n: self._picture(n)[middle])
            self.label_maps = Decoded(self.label_maps, count, lambda n: self._label_map(n)[middle])

    def _picture(self, n: int) -> Array:
        """(height, width, 3) uint8."""
        height, width = self._size
        pixels = read_image(image_path(self.folder, self.stems[n])).pixels
        return resize_image(pixels[centre_crop(pixels.shape[0], pixels.shape[1], width / height)], height, width)

    def _label_map(self, n: int) -> Array:
        """(height, width) uint8."""
        height, width = self._size
        ids = read_label_map(self.folder / "labels" / f"{self.stems[n]}.png", self.label_set).label_map
        return resize_label_map(ids[centre_crop(ids.shape[0], ids.shape[1], width / height)], height, width)

    def __len__(self) -> int:
        return len(self.stems)

    @property
    def nbytes(self) -> int:
        """Memory that the decoded pictures and label maps take."""
        return self.kept * self._size[0] * self._size[1] * 4

    def network_fields(self) -> dict[str, Any]:
        """A network has as many labels as the label set."""
        return {"labels": len(self.label_set)}

    def facts(self) -> dict[str, Any]:
        """The label set, which weights are for."""
        return {"label_set": self.label_set.to_dict()}

    def check_resumed(self, facts: Mapping[str, Any], run: Path) -> None:
        """Labels that changed places would be learnt wrong without a word. Raises TrainingError."""
        try:
            before = LabelSet.from_dict(facts["label_set"])
        except (KeyError, TypeError, ValueError, EngineError):
            return  # a damaged config.json does not keep anyone from resuming
        if not before.same_labels(self.label_set):
            raise TrainingError(
                '"{0}" was trained on the labels of "{1}", but {2} has those of '
                '"{3}"; resume with the data it was started with, or start a new run.',
                run, before.name, self.folder, self.label_set.name,
            )

    def label_counts(self, most: int = 2000) -> Array:
        """(256,) pixels of each label id; of a folder larger than memory, those of `most` maps from all over it."""
        numbers = range(len(self)) if isinstance(self.label_maps, np.ndarray) else evenly(len(self), most)
        counts = np.zeros(256, np.int64)
        for n in numbers:  # one map after the other: bincount makes int64 of what it counts
            counts += np.bincount(self.label_maps[n].ravel(), minlength=256)
        return counts

    def label_shares(self) -> dict[str, float]:
        """Each label's share of the split's pixels, by name; pixels of the ignore id do not count."""
        counts = self.label_counts()
        if self.label_set.ignore is not None:
            counts[self.label_set.ignore] = 0
        total = max(1, int(counts.sum()))
        return {label.name: float(counts[label.id] / total) for label in self.label_set.labels}

    def measures(self) -> dict[str, Any]:
        """Labels that are rare here are not learnt, which the editor says."""
        return {"label_shares": self.label_shares()}

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures` and `label_maps`; where they are mirrored, left and right labels change places."""
        return self._as_batch(self.images[indices], self.label_maps[indices], flips)

    def _as_batch(self, images: Array, maps: Array, flips: Array | None) -> Batch:
        if flips is not None:
            swap = np.arange(256, dtype=np.uint8)
            for left, right in self.label_set.swap_on_flip:
                swap[left], swap[right] = right, left
            images[flips] = images[flips][:, :, ::-1]
            maps[flips] = swap[maps[flips][:, :, ::-1]]
        return Batch(pictures=as_pictures(images), label_maps=torch.from_numpy(maps).long())

    def drawn_examples(self, draw: Draw) -> Batch:
        """Of pictures longer than square, a square from anywhere in each."""
        height, width = self._size
        if height == width:
            return super().drawn_examples(draw)
        tops, lefts = draw.integers(height - self.side), draw.integers(width - self.side)
        images = np.empty((len(draw.rows), self.side, self.side, 3), np.uint8)
        maps = np.empty((len(draw.rows), self.side, self.side), np.uint8)
        for row, (n, top, left) in enumerate(zip(draw.indices[draw.rows], tops, lefts, strict=True)):
            square = (slice(top, top + self.side), slice(left, left + self.side))
            images[row], maps[row] = self._frames[n][square], self._frame_maps[n][square]
        return self._as_batch(images, maps, draw.flips[draw.rows])
