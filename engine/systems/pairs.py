"""The pictures of a dataset folder's split with their label maps, for measuring: read one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.data.layout import PairFiles, evenly, split_stems
from engine.errors import BadFile, WeightsError
from engine.labels.label_maps import read_data_map, resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import centre_crop, read_image, resize_image
from engine.systems.measuring import ALL
from engine.weights.card import Card, require_label_set

Array = np.ndarray


class Pairs:
    """The pictures of a split with their label maps, read one after the other.

    Args:
        folder: a dataset folder: images/, labels/ and, if it has more than one split, splits.json.
        split: a name in splits.json; without that file every pair belongs to every split.
        own_labels: the labels that are meant where the folder has no classes.json.
        limit: so many only, evenly spread over the split.

    Raises:
        BadFile: the folder, its classes.json or the split is missing or empty.
    """

    def __init__(self, folder: Path, split: str, own_labels: LabelSet, limit: int | None = None) -> None:
        if not folder.is_dir():
            raise BadFile('"{0}" is not a folder; give a dataset folder with images/ and labels/.', folder)
        self.folder, self.files = folder, PairFiles(folder)
        self.split = split if (folder / "splits.json").is_file() else ALL
        classes_file = folder / "classes.json"
        self.label_set: LabelSet = load_label_set(classes_file) if classes_file.is_file() else own_labels
        stems = split_stems(folder, split)
        self.stems = stems if limit is None else [stems[index] for index in evenly(len(stems), limit)]

    def __len__(self) -> int:
        return len(self.stems)

    def facts(self) -> dict[str, Any]:
        """What is measured, as figures say it."""
        return {"split": self.split, "pictures": len(self)}

    def read(self, stem: str) -> tuple[Array, Array]:
        """Picture (H, W, 3) and label map (h, w), uint8, each at its own size. Raises BadFile, BadLabelMap."""
        pixels = read_image(self.files.image(stem)).pixels
        return pixels, read_data_map(self.files.label_map(stem), self.label_set).label_map

    def framed(self, stem: str, height: int, width: int) -> tuple[Array, Array]:
        """The largest centre part of that shape of a picture (height, width, 3) and of its label map, uint8."""
        pixels, label_map = self.read(stem)
        aspect_ratio = width / height
        picture_crop = centre_crop(pixels.shape[0], pixels.shape[1], aspect_ratio)
        label_map_crop = centre_crop(label_map.shape[0], label_map.shape[1], aspect_ratio)
        picture = resize_image(pixels[picture_crop], height, width)
        return picture, resize_label_map(label_map[label_map_crop], height, width)


def pairs_of(card: Card, data_folder: Path, split: str, limit: int | None = None) -> Pairs:
    """The pictures that weights of label maps are measured on. Raises WeightsError for a folder of other labels."""
    own_labels = card.labels()
    if own_labels is None:
        raise WeightsError('The card of "{0}" has no label set; get the weights again.', card.name)
    pairs = Pairs(data_folder, split, own_labels, limit)
    require_label_set(card, pairs.label_set)
    return pairs
