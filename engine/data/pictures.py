"""Pictures without label maps: plain ones, or one folder of them per class (images/CLASS/NAME.*)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import Array, DataSet
from engine.data.decoded import Decoded, as_pictures, decode_first, memory_for_data
from engine.data.layout import picture_paths, read_splits
from engine.errors import BadFile, Message
from engine.labels.label_sets import load_label_set
from engine.pictures.images import centre_crop, read_image, resize_image
from engine.progress import Progress


class PictureFolder(DataSet):
    """One split of a folder of pictures (in images/, or in itself), their centre squares; batches have `pictures`."""

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        self.paths = picture_paths(self.folder)
        self.stems = self._stems_of_split()
        self.kept = min(len(self.stems), memory_for_data(memory) // (self.side * self.side * 3))
        frames = np.empty((self.kept, self.side, self.side, 3), np.uint8)

        def read(index: int) -> None:
            frames[index] = self._read_picture(index)

        reading = Message("reading {0}/{1}", self.folder.name, self.split)
        decode_first(self.kept, read, lambda fraction: on_progress(fraction, reading))
        all_kept = self.kept == len(self.stems)
        self.images: Array | Decoded = frames if all_kept else Decoded(frames, len(self.stems), self._read_picture)

    def _stems_of_split(self) -> list[str]:
        if not (self.folder / "splits.json").is_file():
            stems = list(self.paths)
        else:
            splits = read_splits(self.folder)
            if self.split not in splits:
                known_splits = ", ".join(sorted(splits))
                splits_path = self.folder / "splits.json"
                raise BadFile("{0} has no split {1}; it has: {2}.", splits_path, repr(self.split), known_splits)
            stems = splits[self.split]
        if not stems:
            raise BadFile("The split '{0}' of {1} is empty; add pictures.", self.split, self.folder)
        return stems

    def _read_picture(self, index: int) -> Array:
        """(side, side, 3) uint8."""
        stem = self.stems[index]
        if stem not in self.paths:
            raise BadFile("{0} has no picture '{1}', which splits.json names; add it there.", self.folder, stem)
        pixels = read_image(self.paths[stem]).pixels
        return resize_image(pixels[centre_crop(*pixels.shape[:2])], self.side, self.side)

    def __len__(self) -> int:
        return len(self.stems)

    @property
    def nbytes(self) -> int:
        """Memory that the decoded pictures take."""
        return self.kept * self.side * self.side * 3

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures`."""
        images = self.images[indices]
        if flips is not None:
            images[flips] = images[flips][:, :, ::-1]
        return Batch(pictures=as_pictures(images))


class ClassFolder(PictureFolder):
    """One split of a folder with a folder of pictures per class; batches have `pictures` and `classes`.

    The classes are those of classes.json, else the folders in the order of their names. Raises BadFile as
    `PictureFolder`, and for a picture whose folder is no class.
    """

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        super()._open(on_progress, memory)
        self.names = self._class_names()
        class_ids = {class_name: class_id for class_id, class_name in enumerate(self.names)}
        unknown_stems = [stem for stem in self.stems if stem.partition("/")[0] not in class_ids]
        if unknown_stems:
            raise BadFile(
                "{0} is in no folder of a class of {1}; move it, or add its folder to classes.json.",
                unknown_stems[0], self.folder,
            )
        self.classes = np.array([class_ids[stem.partition("/")[0]] for stem in self.stems])

    def _class_names(self) -> list[str]:
        classes_path = self.folder / "classes.json"
        if classes_path.is_file():
            return [label.name for label in load_label_set(classes_path).labels]
        return sorted({stem.partition("/")[0] for stem in self.paths})

    def network_fields(self) -> dict[str, Any]:
        """A network has as many classes as there are folders, and knows what they are called."""
        return {"classes": len(self.names), "class_names": self.names}

    def facts(self) -> dict[str, Any]:
        """The classes' names, in the order of their numbers."""
        return {"classes": self.names}

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """`pictures` and `classes`."""
        pictures = super().examples(indices, flips).pictures
        return Batch(pictures=pictures, classes=torch.from_numpy(self.classes[indices]).long())
