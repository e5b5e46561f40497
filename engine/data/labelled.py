"""Pictures with label maps: images/STEM.*, labels/STEM.png, classes.json, splits.json.

Pictures are decoded once, at one size, and kept as uint8 (a thousand at 256 x 256 take 0.26 GB) as far as memory goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import Array, DataSet, Draw
from engine.data.decoded import Decoded, as_pictures, decode_first, memory_for_data
from engine.data.layout import PairFiles, evenly, split_stems
from engine.data.turns import turned_away
from engine.errors import BadFile, EngineError, Message, TrainingError
from engine.labels.label_maps import read_data_map, resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import centre_crop, read_image, resize_image
from engine.pictures.rasters import read_header
from engine.progress import Progress

SHOWN_SHARE = 0.001
"""Share of a picture that a label must cover for the picture to show it."""
COUNTED_MAPS = 2000
"""Of a folder larger than memory, whose labels are counted."""
WIDEST = 2.0
"""Of longer pictures the middle is kept: longer side to shorter side."""


def common_frame(files: PairFiles, stems: list[str], shorter_side: int) -> tuple[int, int]:
    """(height, width) of the largest frame that fits into all label maps: square unless all of them are longer."""
    ratios = []
    for stem in stems:
        with suppress(BadFile):  # named when it is read
            width, height = read_header(files.label_map(stem)).size
            ratios.append(width / height)
    if ratios and min(ratios) > 1:
        return shorter_side, round(shorter_side * min(WIDEST, *ratios))
    if ratios and max(ratios) < 1:
        return round(shorter_side * min(WIDEST, *(1 / ratio for ratio in ratios))), shorter_side
    return shorter_side, shorter_side


class LabelledFolder(DataSet):
    """One split of a folder of pictures with label maps.

    `images` (N, side, side, 3) and `label_maps` (N, side, side), both uint8, are the centre squares. Where all
    pictures are wider (or all taller) than square, what they have in common beyond it is kept too, and training
    takes its squares from anywhere in it.

    Decoded pictures stay in memory up to a limit; of a larger folder, the rest is read when it is asked for
    (`engine.data.ahead` asks early, in other threads). What a batch holds does not depend on the limit.

    Raises BadFile, BadLabelMap as `DataSet`; of pictures that are read later, from `batch` and `training_batch`.
    """

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        self.label_set: LabelSet = load_label_set(self.folder / "classes.json")
        self.stems = split_stems(self.folder, self.split)
        self.files = PairFiles(self.folder)
        self._size = height, width = common_frame(self.files, self.stems, self.side)
        self.kept = kept_count = min(len(self.stems), memory_for_data(memory) // (height * width * 4))
        frames = np.empty((kept_count, height, width, 3), np.uint8)
        frame_maps = np.empty((kept_count, height, width), np.uint8)

        def read(index: int) -> None:
            frames[index], frame_maps[index] = self._read_picture(index), self._read_label_map(index)

        reading = Message("reading {0}/{1}", self.folder.name, self.split)
        decode_first(kept_count, read, lambda fraction: on_progress(fraction, reading))
        self._frames: Array | Decoded = frames
        self._frame_maps: Array | Decoded = frame_maps
        centre = centre_crop(height, width)
        self.images: Array | Decoded = frames[:, centre[0], centre[1]]
        self.label_maps: Array | Decoded = frame_maps[:, centre[0], centre[1]]
        if kept_count < len(self.stems):
            pair_count = len(self.stems)
            self._frames = Decoded(frames, pair_count, self._read_picture)
            self._frame_maps = Decoded(frame_maps, pair_count, self._read_label_map)
            self.images = Decoded(self.images, pair_count, lambda index: self._read_picture(index)[centre])
            self.label_maps = Decoded(self.label_maps, pair_count, lambda index: self._read_label_map(index)[centre])

    def _read_picture(self, index: int) -> Array:
        """(height, width, 3) uint8."""
        height, width = self._size
        image_path = self.files.image(self.stems[index])
        if (complaint := turned_away(image_path, self.files.label_map(self.stems[index]))) is not None:
            raise BadFile(complaint)
        pixels = read_image(image_path).pixels
        return resize_image(pixels[centre_crop(pixels.shape[0], pixels.shape[1], width / height)], height, width)

    def _read_label_map(self, index: int) -> Array:
        """(height, width) uint8."""
        height, width = self._size
        map_path = self.files.label_map(self.stems[index])
        label_ids = read_data_map(map_path, self.label_set).label_map
        middle = centre_crop(label_ids.shape[0], label_ids.shape[1], width / height)
        return resize_label_map(label_ids[middle], height, width)

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
        """The label set, which weights are for; what this folder's files number or paint otherwise stays here."""
        return {"label_set": self.label_set.for_weights().to_dict()}

    def check_resumed(self, run_facts: Mapping[str, Any], run_folder: Path) -> None:
        """Labels that changed places would silently be learnt wrong. Raises TrainingError."""
        try:
            recorded_set = LabelSet.from_dict(run_facts["label_set"])
        except (KeyError, TypeError, ValueError, EngineError):
            return  # a run with a damaged config.json is resumed all the same
        if not recorded_set.same_labels(self.label_set):
            raise TrainingError(
                '"{0}" was trained on the labels of "{1}", but {2} has those of '
                '"{3}"; resume with the data it was started with, or start a new run.',
                run_folder, recorded_set.name, self.folder, self.label_set.name,
            )

    def repeat(self, label_factors: Mapping[str, int]) -> None:
        """Let pictures come more often in training: label names -> how many times as often.

        A picture shows a label whose pixels are at least `SHOWN_SHARE` of it; of several such labels the largest
        number counts. Raises BadFile for a name that the label set does not have.
        """
        label_ids = {label.name: label.id for label in self.label_set.labels}
        for label_name in label_factors:
            if label_name not in label_ids:
                raise BadFile(
                    'The recipe repeats pictures with "{0}", a label that {1} does not have.', label_name, self.folder
                )
        factors = {label_ids[label_name]: factor for label_name, factor in label_factors.items() if factor > 1}
        if not factors:
            return
        least_pixels = max(1, round(SHOWN_SHARE * self.side**2))
        repeats = np.ones(len(self), np.int64)
        for index in range(len(self)):
            pixel_counts = np.bincount(self.label_maps[index].ravel(), minlength=256)
            shown_factors = [factor for label_id, factor in factors.items() if pixel_counts[label_id] >= least_pixels]
            repeats[index] = max(shown_factors, default=1)
        self.epoch_examples = np.repeat(np.arange(len(self)), repeats)

    def label_counts(self) -> Array:
        """(256,) pixels of each label id; of a folder larger than memory, those of `COUNTED_MAPS` maps from all over
        it.
        """
        map_indices = range(len(self)) if isinstance(self.label_maps, np.ndarray) else evenly(len(self), COUNTED_MAPS)
        pixel_counts = np.zeros(256, np.int64)
        for map_index in map_indices:  # one map after the other: bincount makes int64 of what it counts
            pixel_counts += np.bincount(self.label_maps[map_index].ravel(), minlength=256)
        return pixel_counts

    def label_shares(self) -> dict[str, float]:
        """Each label's share of the split's pixels, by name; pixels of the ignore id do not count."""
        pixel_counts = self.label_counts()
        if self.label_set.ignore is not None:
            pixel_counts[self.label_set.ignore] = 0
        total_pixels = max(1, int(pixel_counts.sum()))
        return {label.name: float(pixel_counts[label.id] / total_pixels) for label in self.label_set.labels}

    def measures(self) -> dict[str, Any]:
        """Labels that are rare here are not learnt, which the editor says."""
        return {"label_shares": self.label_shares()}

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures` and `label_maps`; where they are mirrored, left and right labels change places."""
        return self._as_batch(self.images[indices], self.label_maps[indices], flips)

    def _as_batch(self, images: Array, label_maps: Array, flips: Array | None) -> Batch:
        if flips is not None:
            mirrored_ids = np.arange(256, dtype=np.uint8)
            for left_id, right_id in self.label_set.swap_on_flip:
                mirrored_ids[left_id], mirrored_ids[right_id] = right_id, left_id
            images[flips] = images[flips][:, :, ::-1]
            label_maps[flips] = mirrored_ids[label_maps[flips][:, :, ::-1]]
        return Batch(pictures=as_pictures(images), label_maps=torch.from_numpy(label_maps).long())

    def drawn_examples(self, draw: Draw) -> Batch:
        """Of pictures longer than square, a square from anywhere in each."""
        height, width = self._size
        if height == width:
            return super().drawn_examples(draw)
        top_rows, left_columns = draw.integers(height - self.side), draw.integers(width - self.side)
        images = np.empty((len(draw.rows), self.side, self.side, 3), np.uint8)
        label_maps = np.empty((len(draw.rows), self.side, self.side), np.uint8)
        corners = zip(draw.indices[draw.rows], top_rows, left_columns, strict=True)
        for row_index, (index, top, left) in enumerate(corners):
            square = (slice(top, top + self.side), slice(left, left + self.side))
            images[row_index], label_maps[row_index] = self._frames[index][square], self._frame_maps[index][square]
        return self._as_batch(images, label_maps, draw.flips[draw.rows])
