"""What a data report says: numbers of a dataset folder, and findings that each name their file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import Message

KINDS: dict[str, str] = {
    # kind -> what it means; the first ones keep a folder from being trained on
    "broken": "cannot be read",
    "unfit": "is no label map of this label set",
    "no picture": "label maps without a picture",
    "no label map": "pictures without a label map",
    "no caption": "pictures without a sentence",
    "split": "splits.json and the files disagree",
    "other shape": "picture and label map have different shapes",
    "duplicate": "the same content twice",
    "near-empty": "nearly all one label",
    "unused label": "labels that no map shows",
    "note": "worth knowing",
}
SERIOUS = ("broken", "unfit", "no picture", "no caption", "split")


@dataclass(frozen=True)
class Finding:
    """One thing to know: `kind` of KINDS, the file it is about (relative to the folder, may be ""), a few words."""

    kind: str
    file: str
    what: Message


@dataclass
class Report:
    """What was found.

    layout: the id of the kind of data (`engine.data.kinds`), or "empty".
    layouts, captions: records of boxes without pictures, sentences.
    picture_sizes, map_sizes, modes: how often each occurs ("256 x 256", "RGB").
    label_shares: share of all pixels by label name; label_pictures: number of maps that show it. Ids (or #colours)
    stand for names where there is no classes.json.
    splits: number of stems by split; empty without splits.json.
    """

    folder: Path
    layout: str = "empty"
    label_set: str = ""
    labels: int = 0
    pairs: int = 0
    pictures: int = 0
    label_maps: int = 0
    layouts: int = 0
    captions: int = 0
    picture_sizes: Counter[str] = field(default_factory=Counter)
    map_sizes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    label_shares: dict[str, float] = field(default_factory=dict)
    label_pictures: dict[str, int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seen: Seen = field(default_factory=lambda: Seen())

    @property
    def problems(self) -> list[Finding]:
        """Findings that keep the folder from being trained on as it is."""
        return [finding for finding in self.findings if finding.kind in SERIOUS]

    @property
    def examples(self) -> int:
        """What can be trained on: pairs of a picture and a label map, pictures, records of boxes, or the stems of a
        system's own kind of data."""
        if self.layout in ("pairs", "empty"):
            return self.pairs
        return self.layouts or self.pictures or len(self.seen.stems)

    def by_kind(self) -> dict[str, list[Finding]]:
        """Findings in the order of KINDS."""
        findings_by_kind = {kind: [finding for finding in self.findings if finding.kind == kind] for kind in KINDS}
        return {kind: findings for kind, findings in findings_by_kind.items() if findings}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        report_fields = {
            "folder": str(self.folder),
            "layout": self.layout,
            "label_set": self.label_set,
            "labels": self.labels,
            "pairs": self.pairs,
            "pictures": self.pictures,
            "label_maps": self.label_maps,
            "layouts": self.layouts,
            "captions": self.captions,
            "picture_sizes": dict(self.picture_sizes.most_common()),
            "map_sizes": dict(self.map_sizes.most_common()),
            "modes": dict(self.modes.most_common()),
            "label_shares": self.label_shares,
            "label_pictures": self.label_pictures,
            "splits": self.splits,
            "usable": not self.problems and self.examples > 0,
        }
        findings_by_kind = {
            kind: [{"file": finding.file, "what": finding.what} for finding in findings]
            for kind, findings in self.by_kind().items()
        }
        return report_fields | {"findings": findings_by_kind}


@dataclass
class Seen:
    """What making classes.json and splits.json needs: ids, colours and palettes of the maps, stems of the pairs."""

    ids: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    colours: Counter[int] = field(default_factory=Counter)
    palettes: Counter[bytes] = field(default_factory=Counter)
    how: Counter[str] = field(default_factory=Counter)
    stems: list[str] = field(default_factory=list)
