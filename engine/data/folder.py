"""A dataset folder: images/STEM.*, labels/STEM.png, classes.json, splits.json.

Pictures are decoded once, at one size, and kept as uint8 (a thousand at 256 x 256 take 0.26 GB) as far as memory
goes; the others are decoded whenever they are needed. Which examples
make a batch and which of them are flipped follows from (seed, step) alone, so that a resumed run sees what an
uninterrupted one would have seen, with no state to save.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.data.layout import evenly, image_path, split_stems
from engine.devices import free_memory, usable_cores
from engine.errors import Message
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import centre_crop, read_image, resize_image

Array = np.ndarray

WIDEST = 2.0
"""Of longer pictures the middle is kept: longer side to shorter side."""


@dataclass(frozen=True)
class Batch:
    """image (B, 3, S, S) in [-1, 1]; label_map (B, S, S) int64 label ids (the ignore id may occur)."""

    image: Tensor
    label_map: Tensor


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


class _Decoded:
    """Pictures or label maps of a split, (N, height, width, ...) uint8: the first ones in memory, the others read anew.

    Indexing works as numpy's does with a number, a slice or an array of numbers.
    """

    def __init__(self, kept: Array, count: int, read: Callable[[int], Array]) -> None:
        self.kept, self.read = kept, read
        self.shape = (count, *kept.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[n] for n in range(len(self)))

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(index)
            index = int(index) % len(self)
            return self.kept[index] if index < len(self.kept) else self.read(index)
        chosen = np.arange(len(self))[index]
        result = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for place, number in enumerate(chosen.tolist()):
            result[place] = self[number]
        return result


class DatasetFolder:
    """One split of a dataset folder.

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
        on_progress: Callable[[float, str], None] | None = None,
        memory: int | None = None,
    ) -> None:
        self.folder, self.split, self.side = Path(folder), split, side
        self.label_set: LabelSet = load_label_set(self.folder / "classes.json")
        self.stems = split_stems(self.folder, split)
        self.before_batch: Callable[[], None] | None = None
        self._size = height, width = common_frame(self.folder, self.stems, side)
        kept = min(len(self.stems), _memory(memory) // (height * width * 4))
        frames = np.empty((kept, height, width, 3), np.uint8)
        frame_maps = np.empty((kept, height, width), np.uint8)
        self._read_first(frames, frame_maps, on_progress)
        self._frames: Array | _Decoded = frames
        self._frame_maps: Array | _Decoded = frame_maps
        middle = centre_crop(height, width)
        self.images: Array | _Decoded = frames[:, middle[0], middle[1]]
        self.label_maps: Array | _Decoded = frame_maps[:, middle[0], middle[1]]
        self.kept = kept
        if kept < len(self.stems):
            count = len(self.stems)
            self._frames = _Decoded(frames, count, self._picture)
            self._frame_maps = _Decoded(frame_maps, count, self._label_map)
            self.images = _Decoded(self.images, count, lambda n: self._picture(n)[middle])
            self.label_maps = _Decoded(self.label_maps, count, lambda n: self._label_map(n)[middle])

    def _read_first(self, frames: Array, frame_maps: Array, on_progress: Callable[[float, str], None] | None) -> None:
        def read(n: int) -> None:
            frames[n], frame_maps[n] = self._picture(n), self._label_map(n)

        with ThreadPoolExecutor(min(8, usable_cores()), thread_name_prefix="dataset") as pool:
            for first in range(0, len(frames), 50):
                if on_progress is not None:
                    on_progress(first / len(frames), Message("reading {0}/{1}", self.folder.name, self.split))
                for _ in pool.map(read, range(first, min(first + 50, len(frames)))):
                    pass  # raises what reading raised, the first file first

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

    def batch(self, indices: Array, flips: Array | None = None) -> Batch:
        """The examples `indices`, mirrored where `flips` is true (left and right labels change places).

        `before_batch`, where it is set, is called first: long work over many batches is stopped there.
        """
        if self.before_batch is not None:
            self.before_batch()
        return self._as_batch(self.images[indices], self.label_maps[indices], flips)

    def _as_batch(self, images: Array, maps: Array, flips: Array | None) -> Batch:
        if flips is not None:
            swap = np.arange(256, dtype=np.uint8)
            for a, b in self.label_set.swap_on_flip:
                swap[a], swap[b] = b, a
            images[flips] = images[flips][:, :, ::-1]
            maps[flips] = swap[maps[flips][:, :, ::-1]]
        image = torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        return Batch(image, torch.from_numpy(maps).long())

    def training_batch(self, size: int, seed: int, step: int, rows: Array | None = None) -> Batch:
        """Batch number `step` of an endless, shuffled, randomly mirrored sequence; a pure function of its arguments.

        rows: of the batch's `size` examples, those wanted here (several processes share a batch); all unless given.
        """
        first = step * size
        epochs = {
            e: np.random.default_rng((seed, 1, e)).permutation(len(self))
            for e in range(first // len(self), (first + size - 1) // len(self) + 1)
        }
        indices = np.array([epochs[p // len(self)][p % len(self)] for p in range(first, first + size)])
        chance = np.random.default_rng((seed, 2, step))
        flips = chance.random(size) < 0.5
        rows = np.arange(size) if rows is None else rows
        height, width = self._size
        if height == width:
            return self.batch(indices[rows], flips[rows])
        tops = chance.integers(0, height - self.side, size, endpoint=True)[rows]
        lefts = chance.integers(0, width - self.side, size, endpoint=True)[rows]
        images = np.empty((len(rows), self.side, self.side, 3), np.uint8)
        maps = np.empty((len(rows), self.side, self.side), np.uint8)
        for place, (n, top, left) in enumerate(zip(indices[rows], tops, lefts, strict=True)):
            square = (slice(top, top + self.side), slice(left, left + self.side))
            images[place], maps[place] = self._frames[n][square], self._frame_maps[n][square]
        return self._as_batch(images, maps, flips[rows])


def _memory(given: int | None) -> int:
    """Bytes for decoded pictures. $TESSERA_DATA_MEMORY (in MiB) counts where nothing was given."""
    if given is not None:
        return given
    asked = os.environ.get("TESSERA_DATA_MEMORY", "")
    return int(asked) << 20 if asked.isdecimal() else max(free_memory() // 3, 256 << 20)
