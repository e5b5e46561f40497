"""Makes the classes.json and splits.json that a plain folder lacks; called only when a user asks for it.

Nothing that is there is changed. Label maps stay as they are: colour-coded maps are read by the colours that the new
classes.json lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.findings import BROKEN, UNFIT, Report
from engine.data.layout import class_folders, stem_in_folder
from engine.errors import BadFile, Message
from engine.files import write_text
from engine.labels.colour_tables import ColourTable, table_fields
from engine.labels.label_colours import colour_tables
from engine.labels.label_orders import check_order
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set
from engine.plain_data import read_json

CLASSES_FILE, SPLITS_FILE = "classes.json", "splits.json"
VALIDATION_SHARE = 0.1
RARE = 1e-6
"""Share of all pixels below which a colour is taken for a smoothed edge, not for a label."""
MOST_BETWEEN = 3
"""So many values that only stand between others say that maps were smoothed."""
MIXTURE_SHARE = 0.1
"""A mixture has at most this share of the pixels of either colour that it mixes."""


@dataclass(frozen=True)
class Making:
    """How lists are made.

    label_set: a bundled label set or a classes.json that the maps were made for; otherwise the labels are those that
        the maps show, named "label 0" and so on, for the user to rename.
    order: in what order the maps number the labels of `label_set` (`engine.labels.label_orders`).
    validation: share of the examples that training does not see, chosen by their names alone.
    """

    label_set: str | None = None
    order: str | None = None
    validation: float = VALIDATION_SHARE


def make_pair_lists(data_folder: Path, report: Report, making: Making) -> list[Path]:
    """classes.json and splits.json of pictures with label maps; see `engine.data.kinds.Make`."""
    if not report.seen.stems:
        raise BadFile('"{0}" has no pairs of pictures and label maps; put them into images/ and labels/.', data_folder)

    def classes() -> dict[str, Any]:
        if making.label_set is not None:
            label_set = load_label_set(making.label_set)
            if making.order is not None:
                check_order(making.order, label_set)
                label_set = replace(label_set, order=making.order)
            return label_set.to_dict()
        return _label_classes(data_folder, report)

    splits = partial(_splits, data_folder, report, making)
    return _write_missing(data_folder, {CLASSES_FILE: classes, SPLITS_FILE: splits})


def make_class_lists(data_folder: Path, report: Report, making: Making) -> list[Path]:
    """classes.json and splits.json of pictures in a folder per class; see `engine.data.kinds.Make`."""
    splits = partial(_splits, data_folder, report, making)
    return _write_missing(data_folder, {CLASSES_FILE: partial(_scene_classes, data_folder), SPLITS_FILE: splits})


def make_splits(data_folder: Path, report: Report, making: Making) -> list[Path]:
    """splits.json of pictures whatever else belongs to them; see `engine.data.kinds.Make`."""
    return _write_missing(data_folder, {SPLITS_FILE: partial(_splits, data_folder, report, making)})


def keep_colours(data_folder: Path, table: ColourTable) -> Path:
    """Write into the folder's classes.json which label each colour of its maps means, where it is not the label's own.

    An empty table takes back what was said before. Nothing else of the file is changed. Returns its path. Raises
    BadFile: there is no classes.json that can be read or written.
    """
    classes_path = data_folder / CLASSES_FILE
    label_set = load_label_set(classes_path)
    (_, own_table), *_ = colour_tables(label_set)
    said = {colour: label_id for colour, label_id in table.items() if own_table.get(colour) != label_id}
    set_fields = {name: value for name, value in read_json(classes_path).items() if name != "colours"}
    if said:
        set_fields = {"colours": table_fields(said, label_set), **set_fields}
    write_text(classes_path, json.dumps(set_fields, ensure_ascii=False, indent=1) + "\n")
    return classes_path


def why_no_classes(data_folder: Path, report: Report) -> Message | None:
    """What keeps classes.json from being made of the maps of a folder, as a sentence; None where it can be."""
    try:
        _label_classes(data_folder, report)
    except BadFile as error:
        return error.message
    return None


def _write_missing(data_folder: Path, contents: dict[str, Callable[[], dict[str, Any]]]) -> list[Path]:
    """Write the files that are not there; all contents are made before the first is written."""
    listed_files = {data_folder / file_name: content for file_name, content in contents.items()}
    new_files = {path: content() for path, content in listed_files.items() if not path.exists()}
    for file_path, content in new_files.items():
        write_text(file_path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return list(new_files)


def _splits(data_folder: Path, report: Report, making: Making) -> dict[str, list[str]]:
    if not (usable_stems := _usable_stems(report)):
        raise _nothing_usable(data_folder)
    return hashed_split(usable_stems, making.validation)


def _nothing_usable(data_folder: Path) -> BadFile:
    return BadFile('Nothing in "{0}" can be used; mend the files that the data report names.', data_folder)


def hashed_split(stems: list[str], validation_share: float) -> dict[str, list[str]]:
    """Train and val by a hash of each stem: the same pictures on every machine, whatever is added later.

    At least one pair is for training, and one for validation where there are two.
    """
    shuffled_stems = sorted(stems, key=lambda stem: hashlib.blake2b(stem.encode()).digest())
    validation_count = min(len(stems) - 1, max(1, round(len(stems) * validation_share))) if validation_share else 0
    return {"train": sorted(shuffled_stems[validation_count:]), "val": sorted(shuffled_stems[:validation_count])}


def _usable_stems(report: Report) -> list[str]:
    broken_files = {finding.file for finding in report.findings if finding.kind in (BROKEN, UNFIT)}
    if not broken_files:
        return report.seen.stems
    broken_stems = {stem_in_folder(file_name) for file_name in broken_files}
    return [stem for stem in report.seen.stems if stem not in broken_stems]


def _scene_classes(data_folder: Path) -> dict[str, Any]:
    class_names = sorted(class_folders(data_folder))
    classes = [{"id": class_id, "name": class_name} for class_id, class_name in enumerate(class_names)]
    return {"name": data_folder.name, "classes": classes}


def _label_classes(data_folder: Path, report: Report) -> dict[str, Any]:
    map_contents = report.seen
    if map_contents.how["colour"] and (map_contents.how["indexed"] or map_contents.how["raw"]):
        raise BadFile('"{0}" mixes colour-coded maps with maps of ids; make them alike first.', data_folder / "labels")
    if not map_contents.colours and not map_contents.ids.any():
        raise _nothing_usable(data_folder)
    if map_contents.colours:
        return _classes_by_colour(data_folder, report)
    return _classes_by_id(data_folder, report)


def _classes_by_colour(data_folder: Path, report: Report) -> dict[str, Any]:
    total_pixels = sum(report.seen.colours.values())
    colours = [colour for colour, count in report.seen.colours.most_common() if count / total_pixels > RARE]
    for set_name in bundled_label_sets():
        bundled_set = load_label_set(set_name)
        set_colours = {int.from_bytes(bytes(label.colour), "big") for label in bundled_set.labels}
        if len(colours) > 1 and set_colours.issuperset(colours) and len(set_colours) <= 2 * len(colours) + 8:
            return bundled_set.to_dict()
    if len(colours) > 256:
        raise BadFile(
            'The maps of "{0}" have {1} colours, more than 256 labels; save them without smoothing.',
            data_folder, len(colours),
        )
    if _have_soft_borders(report.seen.colours):
        raise _smoothed(data_folder, len(colours))
    class_rows = [(label_id, f"label {label_id}", f"#{colour:06x}") for label_id, colour in enumerate(colours)]
    return _label_set_fields(data_folder, class_rows)


def _classes_by_id(data_folder: Path, report: Report) -> dict[str, Any]:
    map_contents = report.seen
    used_ids = np.flatnonzero(map_contents.ids)
    palette = map_contents.palettes.most_common(1)[0][0] if map_contents.palettes else b""
    ordinary_ids = used_ids[used_ids < 255]
    if _are_smoothed(map_contents.ids):
        raise _smoothed(data_folder, len(used_ids))
    if used_ids.tolist() == [0, 255]:  # a mask: read as two labels, see `label_orders.ids_of`
        mask_rows = [(label_id, f"label {label_id}", _palette_colour(palette, 255 * label_id)) for label_id in (0, 1)]
        return _label_set_fields(data_folder, mask_rows)
    # 255 says "nothing is known here", by custom, and is read so where a label is ignored.
    has_void = 255 in used_ids and len(ordinary_ids) and int(ordinary_ids.max()) < 254
    label_count = int(ordinary_ids.max()) + 1 if has_void else int(used_ids.max()) + 1
    for set_name in bundled_label_sets():
        bundled_set = load_label_set(set_name)
        if palette and label_count <= len(bundled_set) and palette.startswith(bundled_set.palette().tobytes()):
            return bundled_set.to_dict()
    class_rows = [
        (label_id, f"label {label_id}", _palette_colour(palette, label_id)) for label_id in range(label_count)
    ]
    if has_void:
        class_rows.append((label_count, "unlabelled", _palette_colour(palette, 255)))
    return _label_set_fields(data_folder, class_rows, ignored_id=label_count if has_void else None)


def _smoothed(data_folder: Path, count: int) -> BadFile:
    return BadFile(
        'The maps of "{0}" have {1} values or colours, most of them only where two others meet, as smoothing leaves '
        "them; save them without smoothing, scaled by the nearest pixel.",
        data_folder, count,
    )


def _are_smoothed(pixel_counts: np.ndarray) -> bool:
    """Whether grey maps are masks of 0 and 255 with soft borders: `pixel_counts` (256,) by value."""
    between = np.flatnonzero(pixel_counts[1:255]) + 1
    ends_share = (pixel_counts[0] + pixel_counts[255]) / max(1, pixel_counts.sum())
    spread_out = len(between) >= MOST_BETWEEN and between.min() < 96 and between.max() > 160
    return bool(pixel_counts[0] and pixel_counts[255] and ends_share > 0.8 and spread_out)


def _have_soft_borders(pixels_by_colour: Mapping[int, int]) -> bool:
    """Whether most colours are few pixels' and lie on a straight line between two that are many pixels'."""
    by_count = sorted(pixels_by_colour.items(), key=lambda entry: -entry[1])
    colours = np.array([[colour >> 16, colour >> 8 & 255, colour & 255] for colour, _ in by_count], np.float64)
    counts = np.array([count for _, count in by_count])
    mixed_count = sum(
        _is_mixture(colours[row], colours[counts * MIXTURE_SHARE > counts[row]]) for row in range(len(counts))
    )
    return mixed_count >= MOST_BETWEEN and 2 * mixed_count >= len(counts)


def _is_mixture(colour: np.ndarray, large_colours: np.ndarray) -> bool:
    """Whether a colour (3,) lies between two of `large_colours` (N, 3), as exactly as rounding lets it."""
    starts, ends = large_colours[:, None], large_colours[None, :]
    spans = ends - starts
    lengths = (spans**2).sum(-1)
    fractions = ((colour - starts) * spans).sum(-1) / np.maximum(lengths, 1)
    distances = np.abs(starts + fractions[..., None] * spans - colour).max(-1)
    return bool(((lengths > 0) & (fractions > 0.05) & (fractions < 0.95) & (distances < 1.5)).any())


def _palette_colour(palette: bytes, label_id: int) -> str | None:
    """A grey palette, or none, says nothing about colours: the label set then chooses customary ones."""
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    if not len(colours) or bool((colours == colours[:, :1]).all()):
        return None
    return "#{:02x}{:02x}{:02x}".format(*colours[label_id].tolist())


def _label_set_fields(
    data_folder: Path, class_rows: Sequence[tuple[int, str, str | None]], ignored_id: int | None = None
) -> dict[str, Any]:
    classes = [
        {"id": class_id, "name": class_name} | ({"colour": colour} if colour else {})
        for class_id, class_name, colour in class_rows
    ]
    set_fields = {"name": data_folder.resolve().name, "ignore": ignored_id, "swap_on_flip": [], "classes": classes}
    return LabelSet.from_dict(set_fields, source=f'"{data_folder / "classes.json"}"').to_dict()
