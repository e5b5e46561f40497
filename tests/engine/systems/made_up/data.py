"""Its kind of data: tones.json with the pitches of tones, made of a plain list if need be; no picture anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.findings import BROKEN, Finding, FindingKind, Report
from engine.data.kinds import DataKind
from engine.data.make import Making
from engine.data.report import Look
from engine.errors import BadFile, Message
from engine.files import write_text
from engine.labels.label_sets import LabelSet

FILE, PLAIN_LIST = "tones.json", "pitches.txt"
TOO_HIGH = FindingKind("too high", Message("Tones that nobody hears"))
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
    report = Report(folder, layout=TONES.id)
    try:
        if (folder / FILE).is_file():
            pitches = json.loads((folder / FILE).read_text("utf-8"))
            report.splits = {split: len(tones) for split, tones in pitches.items()}
        else:
            pitches = {"": list(map(float, (folder / PLAIN_LIST).read_text("utf-8").split()))}
    except (OSError, ValueError):
        report.findings.append(Finding(BROKEN, FILE, Message("holds no pitches")))
        return report
    report.examples = sum(map(len, pitches.values()))
    for pitch in (pitch for tones in pitches.values() for pitch in tones if pitch > 20):
        report.findings.append(Finding(TOO_HIGH, FILE, Message("has a tone of {0}", pitch)))
    return report


def make_tones(folder: Path, report: Report, making: Making) -> list[Path]:
    pitches = list(map(float, (folder / PLAIN_LIST).read_text("utf-8").split()))
    kept = max(1, round(making.validation * len(pitches)))
    write_text(folder / FILE, json.dumps({"train": pitches[kept:], "val": pitches[:kept]}))
    return [folder / FILE]


def lacks_tones(folder: Path) -> Message | None:
    if (folder / FILE).is_file() or not (folder / PLAIN_LIST).is_file():
        return None
    return Message('"{0}" has a plain list of pitches; make tones.json of it.', folder)


def draw_tones(folder: Path, side: int, label_set: LabelSet) -> None:
    """Tones have neither pictures nor labels."""
    folder.mkdir()
    (folder / FILE).write_text(json.dumps({"train": [0.1 * n for n in range(1, 9)], "val": [0.25, 0.55]}), "utf-8")


TONES = DataKind(
    id="tones",
    holds=Message("tones.json, with the pitches of tones"),
    fields=("pitches", "waves"),
    describes=lambda folder: (folder / FILE).is_file() or (folder / PLAIN_LIST).is_file(),
    dataset="tests.engine.systems.made_up.data:Tones",
    draws=draw_tones,
    report=inspect_tones,
    summary=lambda report: (Message("{0} tones", report.examples),),
    lacks=lacks_tones,
    lists=(FILE,),
    make=make_tones,
)
