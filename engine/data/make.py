"""Makes the classes.json and splits.json that a plain folder lacks; called only when a user asks for it.

Nothing that is there is changed. Label maps stay as they are: colour-coded maps are read by the colours that the new
classes.json lists.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.findings import Report
from engine.data.layout import class_folders
from engine.errors import BadFile
from engine.files import write_text
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set

VALIDATION_SHARE = 0.1
RARE = 1e-6
"""Share of all pixels below which a colour is taken for a smoothed edge, not for a label."""


def make_files(
    folder: Path, report: Report, *, label_set: str | None = None, validation: float = VALIDATION_SHARE
) -> list[Path]:
    """Write what the folder lacks of classes.json and splits.json; returns the files that were written.

    Args:
        folder: the dataset folder.
        report: what `inspect_folder` found in it.
        label_set: a bundled label set or a classes.json that the maps were made for; otherwise the labels are those
            that the maps show, named "label 0" and so on, for the user to rename.
        validation: share of the pairs that training does not see, chosen by their names alone.

    Raises BadFile or BadRequest, before anything is written, saying what keeps the folder from being used.
    """
    files: dict[Path, dict[str, Any]] = {}
    classes, splits = folder / "classes.json", folder / "splits.json"
    if not report.seen.stems:
        raise BadFile('"{0}" has no pairs of pictures and label maps; put them into images/ and labels/.', folder)
    if not classes.exists():
        if label_set is not None:
            files[classes] = load_label_set(label_set).to_dict()
        elif report.layout == "classes":
            files[classes] = _scene_classes(folder)
        else:
            files[classes] = _label_classes(folder, report)
    if not splits.exists():
        if not (stems := _stems(folder, report)):
            raise BadFile('No pair of "{0}" can be used; mend the files that the data report names.', folder)
        files[splits] = split(stems, validation)
    for path, content in files.items():
        write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return list(files)


def split(stems: list[str], validation: float) -> dict[str, list[str]]:
    """Train and val by a hash of each stem: the same pictures on every machine, whatever is added later.

    At least one pair is for training, and one for validation where there are two.
    """
    drawn = sorted(stems, key=lambda stem: hashlib.blake2b(stem.encode()).digest())
    count = min(len(stems) - 1, max(1, round(len(stems) * validation))) if validation else 0
    return {"train": sorted(drawn[count:]), "val": sorted(drawn[:count])}


def _stems(folder: Path, report: Report) -> list[str]:
    broken = {finding.file for finding in report.findings if finding.kind in ("broken", "unfit")}
    if not broken:
        return report.seen.stems
    bad = {str(Path(*Path(name).parts[1:]).with_suffix("").as_posix()) for name in broken}
    return [stem for stem in report.seen.stems if stem not in bad]


def _scene_classes(folder: Path) -> dict[str, Any]:
    names = sorted(class_folders(folder))
    return {"name": folder.name, "classes": [{"id": n, "name": name} for n, name in enumerate(names)]}


def _label_classes(folder: Path, report: Report) -> dict[str, Any]:
    seen = report.seen
    if seen.how["colour"] and (seen.how["indexed"] or seen.how["raw"]):
        raise BadFile('"{0}" mixes colour-coded maps with maps of ids; make them alike first.', folder / "labels")
    if seen.colours:
        return _by_colours(folder, report)
    return _by_ids(folder, report)


def _by_colours(folder: Path, report: Report) -> dict[str, Any]:
    total = sum(report.seen.colours.values())
    colours = [c for c, count in report.seen.colours.most_common() if count / total > RARE]
    for name in bundled_label_sets():
        known = load_label_set(name)
        table = {int.from_bytes(bytes(label.colour), "big") for label in known.labels}
        if len(colours) > 1 and table.issuperset(colours) and len(table) <= 2 * len(colours) + 8:
            return known.to_dict()
    if len(colours) > 256:
        raise BadFile(
            'The maps of "{0}" have {1} colours, more than 256 labels; save them without smoothing.',
            folder, len(colours),
        )
    return _rows(folder, [(n, f"label {n}", f"#{colour:06x}") for n, colour in enumerate(colours)])


def _by_ids(folder: Path, report: Report) -> dict[str, Any]:
    seen = report.seen
    ids = np.flatnonzero(seen.ids)
    palette = seen.palettes.most_common(1)[0][0] if seen.palettes else b""
    low = ids[ids < 255]
    void = 255 in ids and len(low) and int(low.max()) < 254  # "nothing is known here", by custom
    if void and _palette_colour(palette, 255) is None:
        raise BadFile(
            'The grey maps of "{0}" use the ids 0 to {1} and 255; change 255 to {2}, and name that one as ignored in '
            "classes.json.",
            folder, int(low.max()), int(low.max()) + 1,
        )
    count = int(low.max()) + 1 if void else int(ids.max()) + 1
    for name in bundled_label_sets():
        known = load_label_set(name)
        if palette and count <= len(known) and palette.startswith(known.palette().tobytes()):
            return known.to_dict()
    rows = [(n, f"label {n}", _palette_colour(palette, n)) for n in range(count)]
    if void:  # read by its colour, which the palette gives to 255
        rows.append((count, "unlabelled", _palette_colour(palette, 255)))
    return _rows(folder, rows, ignore=count if void else None)


def _palette_colour(palette: bytes, n: int) -> str | None:
    """A grey palette, or none, says nothing about colours: the label set then chooses customary ones."""
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    if not len(colours) or bool((colours == colours[:, :1]).all()):
        return None
    return "#{:02x}{:02x}{:02x}".format(*colours[n].tolist())


def _rows(folder: Path, rows: list[tuple[int, str, str | None]], ignore: int | None = None) -> dict[str, Any]:
    classes = [{"id": n, "name": name} | ({"colour": colour} if colour else {}) for n, name, colour in rows]
    data = {"name": folder.resolve().name, "ignore": ignore, "swap_on_flip": [], "classes": classes}
    return LabelSet.from_dict(data, source=f'"{folder / "classes.json"}"').to_dict()
