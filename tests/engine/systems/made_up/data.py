"""Its kind of data: tones.json with the pitches of tones; no picture anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.findings import Report, Seen
from engine.data.kinds import DataKind
from engine.data.report import Look
from engine.errors import BadFile, Message
from engine.labels.label_sets import LabelSet

FILE = "tones.json"
LENGTH = 16


class Tones(DataSet):
    """One split; batches have `pitches` (B, 1) and `waves` (B, 16)."""

    def __init__(self, folder, split, side, on_progress=None, memory=None) -> None:
        super().__init__(folder, split, side)
        try:
            pitches = json.loads((self.folder / FILE).read_text("utf-8"))[split]
        except (OSError, ValueError, KeyError) as error:
            raise BadFile('"{0}" has no tones for "{1}".', self.folder / FILE, split) from error
        self.pitches = torch.tensor(pitches, dtype=torch.float32)[:, None]
        self.kept = len(self.pitches)

    @classmethod
    def has_split(cls, folder: Path, split: str) -> bool:
        try:
            return split in json.loads((folder / FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return False

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def nbytes(self) -> int:
        return self.pitches.nbytes

    def measures(self):
        return {"lowest_pitch": float(self.pitches.min())}

    def examples(self, indices, flips) -> Batch:
        pitches = self.pitches[np.asarray(indices)]
        return Batch(pitches=pitches, waves=torch.sin(pitches * torch.arange(LENGTH)))


def inspect_tones(folder: Path, look: Look) -> Report:
    pitches = json.loads((folder / FILE).read_text("utf-8"))
    stems = [f"{split}_{number}" for split, tones in pitches.items() for number in range(len(tones))]
    splits = {split: len(tones) for split, tones in pitches.items()}
    return Report(folder, layout=TONES.id, splits=splits, seen=Seen(stems=stems))


def draw_tones(folder: Path, side: int, label_set: LabelSet) -> None:
    """Tones have neither pictures nor labels."""
    folder.mkdir()
    (folder / FILE).write_text(json.dumps({"train": [0.1 * n for n in range(1, 9)], "val": [0.25, 0.55]}), "utf-8")


TONES = DataKind(
    id="tones",
    holds=Message("tones.json, with the pitches of tones"),
    fields=("pitches", "waves"),
    describes=lambda folder: (folder / FILE).is_file(),
    opens=lambda: Tones,
    inspect=inspect_tones,
    draws=draw_tones,
)
