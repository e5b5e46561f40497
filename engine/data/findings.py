"""What a data report says: numbers of a dataset folder, and findings that each name their file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import Message


@dataclass(frozen=True)
class FindingKind:
    """id: its name in JSON. heading: what findings of it are. serious: they keep a folder from being trained on."""

    id: str
    heading: Message
    serious: bool = False


BROKEN = FindingKind("broken", Message("Files that cannot be read"), serious=True)
UNFIT = FindingKind("unfit", Message("No label maps of this label set"), serious=True)
NO_PICTURE = FindingKind("no picture", Message("What has no picture"), serious=True)
NO_LABEL_MAP = FindingKind("no label map", Message("Pictures without a label map"))
NO_CAPTION = FindingKind("no caption", Message("Pictures without a sentence"), serious=True)
SPLIT = FindingKind("split", Message("splits.json and the files disagree"), serious=True)
TURNED = FindingKind("turned", Message("Label maps of pictures that EXIF data turn"), serious=True)
OTHER_SHAPE = FindingKind("other shape", Message("Picture and label map have different shapes"))
DUPLICATE = FindingKind("duplicate", Message("The same content twice"))
NEAR_EMPTY = FindingKind("near-empty", Message("Nearly all one label"))
UNUSED_LABEL = FindingKind("unused label", Message("Labels that no map shows"))
NOTE = FindingKind("note", Message("Worth knowing"))
ORDER = (
    BROKEN,
    UNFIT,
    NO_PICTURE,
    NO_LABEL_MAP,
    NO_CAPTION,
    SPLIT,
    TURNED,
    OTHER_SHAPE,
    DUPLICATE,
    NEAR_EMPTY,
    UNUSED_LABEL,
    NOTE,
)
"""In which findings are named; those of a kind of data's own come last."""


@dataclass(frozen=True)
class Finding:
    """One thing to know: its kind, the file it is about (relative to the folder, may be ""), a few words."""

    kind: FindingKind
    file: str
    what: Message


@dataclass
class Report:
    """What was found.

    layout: the id of the kind of data (`engine.data.kinds`), or "empty".
    examples: what can be trained on: pairs of a picture and a label map, pictures, records of boxes.
    layouts, captions: records of boxes without pictures, sentences.
    picture_sizes, map_sizes, modes: how often each occurs ("256 x 256", "RGB").
    label_shares: share of all pixels by label name; label_pictures: number of maps that show it. Ids (or #colours)
    stand for names where there is no classes.json.
    splits: number of stems by split; empty without splits.json.
    nearest_colours: "#rrggbb" -> the label that comes nearest, of maps some of whose colours are no label's: what a
    table of them begins with (`engine.labels.colour_tables`).
    lacks: what plainly keeps the folder from being trained on (`engine.data.kinds.first_lack`), a sentence.
    """

    folder: Path
    layout: str = "empty"
    label_set: str = ""
    labels: int = 0
    examples: int = 0
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
    nearest_colours: dict[str, str | int] = field(default_factory=dict)
    lacks: Message | None = None
    seen: Seen = field(default_factory=lambda: Seen())

    @property
    def problems(self) -> list[Finding]:
        """Findings that keep the folder from being trained on as it is."""
        return [finding for finding in self.findings if finding.kind.serious]

    @property
    def usable(self) -> bool:
        """Whether the folder can be trained on as it is."""
        return self.examples > 0 and self.lacks is None and not self.problems

    def by_kind(self) -> dict[FindingKind, list[Finding]]:
        """Findings in the order of their kinds."""
        own_kinds = [finding.kind for finding in self.findings if finding.kind not in ORDER]
        findings_by_kind = {
            kind: [finding for finding in self.findings if finding.kind == kind]
            for kind in dict.fromkeys((*ORDER, *own_kinds))
        }
        return {kind: findings for kind, findings in findings_by_kind.items() if findings}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        report_fields = {
            "folder": str(self.folder),
            "layout": self.layout,
            "label_set": self.label_set,
            "labels": self.labels,
            "examples": self.examples,
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
            "nearest_colours": self.nearest_colours,
            "usable": self.usable,
        }
        findings_by_kind = {
            kind.id: [{"file": finding.file, "what": finding.what} for finding in findings]
            for kind, findings in self.by_kind().items()
        }
        return report_fields | {"findings": findings_by_kind}


@dataclass
class Seen:
    """What making classes.json and splits.json needs: ids, colours and palettes of the maps, stems of the pairs.

    foreign: pixels by 0xRRGGBB of the maps whose colours the folder's labels do not explain.
    """

    ids: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))
    colours: Counter[int] = field(default_factory=Counter)
    foreign: Counter[int] = field(default_factory=Counter)
    palettes: Counter[bytes] = field(default_factory=Counter)
    how: Counter[str] = field(default_factory=Counter)
    stems: list[str] = field(default_factory=list)
