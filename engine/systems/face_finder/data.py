"""Its kind of data: portraits with label maps, and pictures of places without faces, which they are blended into."""

from __future__ import annotations

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import Array, DataSet, Draw
from engine.data.decoded import as_pictures
from engine.data.labelled import LabelledFolder
from engine.data.layout import evenly
from engine.data.pictures import PictureFolder
from engine.errors import BadFile
from engine.labels.face_points import face_points
from engine.pictures.face_frames import makes_frame
from engine.progress import Progress
from engine.systems.face_finder.blending import Blending, Portrait, Scene, compose, without_face
from engine.systems.face_finder.kind import PLACES

MOST_FACES, CROWD = 3, (6, 16)
"""Faces of a picture, and of one with a crowd: from, below."""


class BlendedFaces(DataSet):
    """One split; batches have `pictures` and `faces`, (N, 7) float32 each: x and y of the left eye, the right one and
    the mouth in pixels, and whether the face counts, 1 or 0.

    Example 2 i shows portrait i, with others beside it; 2 i + 1 is a place without any face. What is drawn for an
    example follows from its number alone, in training from the step as well.

    blending: how they are made; a task may set its own before the first batch.
    """

    def _open(self, on_progress: Progress, memory: int | None) -> None:
        self.blending = Blending()
        half = None if memory is None else memory // 2
        self.pairs = LabelledFolder(self.folder, self.split, self.side, on_progress, half)
        self.places = PictureFolder(self.folder / PLACES, self.split, self.side, on_progress, half)
        pairs = self.pairs
        points = ((index, face_points(pairs.label_maps[index], pairs.label_set)) for index in range(len(pairs)))
        self.points = {index: own for index, own in points if own is not None and makes_frame(own)}
        self.usable = list(self.points)
        if not self.usable:
            raise BadFile("No label map of {0} has eyes and a mouth; give portraits.", self.folder)
        self.kept = self.pairs.kept + self.places.kept
        self.use(self.blending)

    def use(self, blending: Blending) -> None:
        """Make pictures so from now on."""
        self.blending = blending
        portraits = len(self.usable)
        empty = np.array(evenly(portraits, max(1, round(blending.empty * portraits))), int)
        self.epoch_examples = np.concatenate([2 * np.arange(portraits), 2 * empty + 1])

    def __len__(self) -> int:
        return 2 * len(self.usable)

    @property
    def nbytes(self) -> int:
        """Memory that the decoded pictures take."""
        return self.pairs.nbytes + self.places.nbytes

    def examples(self, indices: Array, flips: Array | None) -> Batch:
        """Always the same ones; portraits are mirrored by what is drawn, so `flips` says nothing."""
        return self._batch([self.scene(int(index), np.random.default_rng((7, int(index)))) for index in indices])

    def drawn_examples(self, draw: Draw) -> Batch:
        """Others at each step."""
        seeds = draw.integers(2**31 - 1)
        indices = draw.indices[draw.rows]
        return self._batch(
            [self.scene(int(index), np.random.default_rng(int(seed))) for index, seed in zip(indices, seeds)]
        )

    def scene(self, index: int, chance: np.random.Generator) -> Scene:
        """Example `index`, all else of it drawn."""
        place = self._turned_over(self.places.images[int(chance.integers(len(self.places)))], chance)
        portraits: list[Portrait] = []
        if index % 2 == 0:
            crowded = chance.random() < self.blending.crowd
            count = int(chance.integers(*CROWD)) if crowded else 1 + int(chance.choice(MOST_FACES, p=(0.55, 0.3, 0.15)))
            beside = chance.integers(len(self.usable), size=count - 1)
            portraits = [self.portrait(number, chance) for number in (index // 2, *beside.tolist())]
        others = [self.drawn_other(chance) for _ in range(int(chance.poisson(self.blending.others)))]
        return compose(chance, self.blending, place, portraits, others)

    def portrait(self, number: int, chance: np.random.Generator) -> Portrait:
        """Usable portrait `number`, mirrored half of the time."""
        index = self.usable[number]
        pixels, label_map = self.pairs.images[index], self.pairs.label_maps[index]
        head = np.where(label_map > 0, np.uint8(255), np.uint8(0))
        points = self.points[index]
        if chance.random() < 0.5:
            pixels, head = np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(head[:, ::-1])
            points = (np.array([self.side, 0]) + points * (-1, 1))[[1, 0, 2]]
        return Portrait(pixels, head, points)

    def drawn_other(self, chance: np.random.Generator) -> Array:
        """(S, S, 3) uint8 without a face: of a place, or of what is beside a face."""
        if chance.random() < 0.5:
            return without_face(self.portrait(int(chance.integers(len(self.usable))), chance), chance)
        return self._turned_over(self.places.images[int(chance.integers(len(self.places)))], chance)

    def _turned_over(self, pixels: Array, chance: np.random.Generator) -> Array:
        return np.ascontiguousarray(pixels[:, ::-1]) if chance.random() < 0.5 else pixels

    def _batch(self, scenes: list[Scene]) -> Batch:
        pictures = as_pictures(np.stack([scene.pixels for scene in scenes]))
        return Batch(pictures=pictures, faces=[torch.from_numpy(scene.rows()) for scene in scenes])
