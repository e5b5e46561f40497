"""A dataset folder: images/STEM.*, labels/STEM.png, classes.json, splits.json.

Pictures are decoded once, at one size, and kept as uint8 (a thousand at 256 x 256 take 0.26 GB). Which examples
make a batch and which of them are flipped follows from (seed, step) alone, so that a resumed run sees what an
uninterrupted one would have seen, with no state to save.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.data.layout import IMAGE_SUFFIXES, image_path, measured_split, split_stems
from engine.images import centre_crop, read_image, resize_image
from engine.label_sets import LabelSet, load_label_set
from engine.labels import read_label_map, resize_label_map

__all__ = ["IMAGE_SUFFIXES", "Batch", "DatasetFolder", "image_path", "measured_split", "split_stems"]

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


class DatasetFolder:
    """One split of a dataset folder in memory.

    `images` (N, side, side, 3) and `label_maps` (N, side, side), both uint8, are the centre squares. Where all
    pictures are wider (or all taller) than square, what they have in common beyond it is kept too, and training
    takes its squares from anywhere in it.

    Args:
        folder: the dataset folder.
        split: a name in splits.json; without that file every pair belongs to every split.
        side: the shorter side of pictures and label maps in pixels, to which they are resized.
        on_progress: called with (fraction, text) while reading.

    Raises:
        BadFile, BadLabelMap: naming the file that is missing or wrong.
    """

    def __init__(
        self, folder: Path, split: str, side: int, on_progress: Callable[[float, str], None] | None = None
    ) -> None:
        self.folder, self.split, self.side = Path(folder), split, side
        self.label_set: LabelSet = load_label_set(self.folder / "classes.json")
        self.stems = split_stems(self.folder, split)
        height, width = common_frame(self.folder, self.stems, side)
        self._frames = np.empty((len(self.stems), height, width, 3), np.uint8)
        self._frame_maps = np.empty((len(self.stems), height, width), np.uint8)
        for n, stem in enumerate(self.stems):
            if on_progress is not None and n % 50 == 0:
                on_progress(n / len(self.stems), f"reading {self.folder.name}/{split}")
            pixels = read_image(image_path(self.folder, stem)).pixels
            self._frames[n] = resize_image(pixels[centre_crop(*pixels.shape[:2], width / height)], height, width)
            ids = read_label_map(self.folder / "labels" / f"{stem}.png", self.label_set).label_map
            self._frame_maps[n] = resize_label_map(ids[centre_crop(*ids.shape, width / height)], height, width)
        self.before_batch: Callable[[], None] | None = None
        middle = (slice(None), *centre_crop(height, width))
        self.images, self.label_maps = self._frames[middle], self._frame_maps[middle]

    def __len__(self) -> int:
        return len(self.stems)

    @property
    def nbytes(self) -> int:
        """Memory that the decoded pictures and label maps take."""
        return self._frames.nbytes + self._frame_maps.nbytes

    def label_shares(self) -> dict[str, float]:
        """Each label's share of the split's pixels, by name; pixels of the ignore id do not count."""
        counts = np.bincount(self.label_maps.ravel(), minlength=256)
        if self.label_set.ignore is not None:
            counts[self.label_set.ignore] = 0
        total = max(1, int(counts.sum()))
        return {label.name: float(counts[label.id] / total) for label in self.label_set.labels}

    def batch(self, indices: np.ndarray, flips: np.ndarray | None = None) -> Batch:
        """The examples `indices`, mirrored where `flips` is true (left and right labels change places).

        `before_batch`, where it is set, is called first: long work over many batches is stopped there.
        """
        if self.before_batch is not None:
            self.before_batch()
        return self._as_batch(self.images[indices], self.label_maps[indices], flips)

    def _as_batch(self, images: np.ndarray, maps: np.ndarray, flips: np.ndarray | None) -> Batch:
        if flips is not None:
            swap = np.arange(256, dtype=np.uint8)
            for a, b in self.label_set.swap_on_flip:
                swap[a], swap[b] = b, a
            images[flips] = images[flips][:, :, ::-1]
            maps[flips] = swap[maps[flips][:, :, ::-1]]
        image = torch.from_numpy(images).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        return Batch(image, torch.from_numpy(maps).long())

    def training_batch(self, size: int, seed: int, step: int) -> Batch:
        """Batch number `step` of an endless, shuffled, randomly mirrored sequence; a pure function of its arguments."""
        first = step * size
        epochs = {
            e: np.random.default_rng((seed, 1, e)).permutation(len(self))
            for e in range(first // len(self), (first + size - 1) // len(self) + 1)
        }
        indices = np.array([epochs[p // len(self)][p % len(self)] for p in range(first, first + size)])
        chance = np.random.default_rng((seed, 2, step))
        flips = chance.random(size) < 0.5
        height, width = self._frame_maps.shape[1:]
        if height == width:
            return self.batch(indices, flips)
        tops = chance.integers(0, height - self.side, size, endpoint=True)
        lefts = chance.integers(0, width - self.side, size, endpoint=True)
        squares = [
            (n, slice(top, top + self.side), slice(left, left + self.side))
            for n, top, left in zip(indices, tops, lefts, strict=True)
        ]
        images, maps = (np.stack([whole[square] for square in squares]) for whole in (self._frames, self._frame_maps))
        return self._as_batch(images, maps, flips)
