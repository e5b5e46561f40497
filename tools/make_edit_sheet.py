"""Make sheets of edited photographs: `python -m tools.make_edit_sheet [--data FOLDER --private FOLDER] [--only N ...]`.

Each row shows a photo, the edited photo, both at twice the size where the restyled region's border is longest, and the
style. Edits of the two sample photos make `docs/images/edit-sheet.jpg`, which is committed. With `--data` (the folder
of the data sets `faces`, `street`, `outdoor` and `facades`) the others are made too, one PNG a row; nothing from a data
set is ever committed, so these go to a folder outside the repository or into `runs/`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.compose.samples import as_seen
from engine.files import resource, root
from engine.labels.label_maps import read_label_map, write_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import read_image, resize_image, write_image
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle, ImageStyle, Style
from engine.session import Session
from tools.make_card_sheet import check_private

Array = np.ndarray
SAMPLES = {"astronaut": "astronaut.png", "hopper": "grace_hopper.jpg"}
WEIGHTS = {"faces": "sean-faces", "street": "sean-street", "outdoor": "sean-street", "facades": "sean-facades"}
IN_STREETS = {"vegetation": "tree", "other": "unlabelled", "door": "building", "window": "building"}
"""What labels of `outdoor`, for which no weights ship, are called in `street`."""
SIDE = 512
"""Longer side, in pixels, of each picture of a row; small photos are enlarged to it, large ones stay as they are."""
CLOSE = 128
"""Side of the part of such a picture that is shown at twice its size."""
GAP = 8
SHEET_WIDTH, SHEET_QUALITY = 1280, 85
"""Of the sheet that is committed."""


@dataclass(frozen=True)
class SheetEdit:
    """One row. photo, style: a sample photo, SET/STEM of a data set, a sample style's name, or #rrggbb for a style.

    enlarged: by how much the photo is enlarged before it is edited.
    """

    labels: tuple[str, ...]
    photo: str
    style: str
    enlarged: int = 1

    @property
    def is_public(self) -> bool:
        """Whether no picture of a data set is in it."""
        return self.photo in SAMPLES and "/" not in self.style

    @property
    def title(self) -> str:
        """What the row is called."""
        size = "" if self.enlarged == 1 else f", enlarged {self.enlarged} times"
        return f"{self.photo}{size}: {', '.join(self.labels)} as {self.style}"


LIPS, SKIN = ("upper lip", "lower lip"), ("skin", "nose", "neck")
EDITS = (
    SheetEdit(("hair",), "astronaut", "black"),
    SheetEdit(("hair",), "astronaut", "#a3542a"),
    SheetEdit(LIPS, "astronaut", "#a01030", 4),
    SheetEdit(("clothes",), "astronaut", "#24507a"),
    SheetEdit(LIPS, "hopper", "#a01030", 4),
    SheetEdit(("hair",), "hopper", "#dccba8"),
    SheetEdit(("hair",), "faces/0289", "faces/0169"),
    SheetEdit(("hair",), "faces/0229", "#dccba8"),
    SheetEdit(("hair",), "faces/0209", "faces/0599"),
    SheetEdit(("hair",), "faces/0909", "blonde"),
    SheetEdit(("hair",), "faces/0469", "faces/0909"),
    SheetEdit(("hair",), "faces/0169", "#6a3f28"),
    SheetEdit(("hair",), "faces/0849", "faces/0889"),
    SheetEdit(("hair",), "faces/0779", "faces/0809", 4),
    SheetEdit(LIPS, "faces/0829", "faces/0289", 4),
    SheetEdit(SKIN, "faces/0279", "faces/0949"),
    SheetEdit(("background",), "faces/0229", "faces/0709"),
    SheetEdit(("background",), "faces/0809", "#3a6ea5"),
    SheetEdit(("sky",), "outdoor/0057", "outdoor/0372"),
    SheetEdit(("sky",), "street/0016E5_07959", "#e0a070"),
    SheetEdit(("road",), "outdoor/0123", "outdoor/0113"),
    SheetEdit(("building",), "outdoor/0114", "outdoor/0402"),
    SheetEdit(("wall",), "facades/val_003", "facades/val_001"),
    SheetEdit(("building",), "street/0016E5_08079", "#8a4f3c"),
)


class SheetMaker:
    """Performs the edits of a sheet. data: the folder of the data sets, or None; scratch: for files made on the way."""

    def __init__(self, session: Session, data: Path | None, scratch: Path) -> None:
        self._session, self._data, self._scratch = session, data, scratch

    def row(self, edit: SheetEdit) -> Array:
        """The edit's row, (h, w, 3) uint8."""
        weights = WEIGHTS[edit.photo.split("/")[0]] if "/" in edit.photo else WEIGHTS["faces"]
        label_set = self._session.painter(weights).label_set
        photo = self._photo(edit)
        map_path = self._label_map(edit.photo, label_set) if edit.photo.startswith("outdoor/") else None
        label_map = None if map_path is None else LabelMapData.from_array(read_label_map(map_path, label_set).label_map)
        edits = tuple(RegionEdit(label=n, style=self._style(edit.style, n, label_set)) for n in _ids(edit, label_set))
        looked_at = (0.0, 0.0, 1.0, 1.0) if "background" in edit.labels else None
        request = EditRequest(
            weights=weights, photo=PhotoReference.of(photo), edits=edits, label_map=label_map, looked_at=looked_at
        )
        result = self._session.run(request)
        return joined(as_seen(result.photo.samples), as_seen(result.samples), self._swatch(edit.style))

    def _photo(self, edit: SheetEdit) -> Path:
        path = self._picture(edit.photo)
        if edit.enlarged == 1:
            return path
        pixels = read_image(path).pixels
        larger = self._scratch / f"{path.stem}-{edit.enlarged}.png"
        write_image(larger, _enlarged(pixels, edit.enlarged))
        return larger

    def _picture(self, name: str) -> Path:
        if name in SAMPLES:
            return resource("sample") / SAMPLES[name]
        if "/" not in name:
            return resource("styles") / f"{name}.png"
        if self._data is None:
            raise SystemExit(f"{name} is a data set's; give --data")
        folder, stem = name.split("/")
        return next((self._data / folder / "images").glob(f"{stem}.*"))

    def _label_map(self, name: str, label_set: LabelSet) -> Path | None:
        """The file of a style's or photo's label map in `label_set`; None where a parser is to find it."""
        if "/" not in name:
            return None if name in SAMPLES else resource("styles") / f"{name}.labels.png"
        assert self._data is not None
        folder, stem = name.split("/")
        own = load_label_set(self._data / folder / "classes.json")
        label_map = read_label_map(self._data / folder / "labels" / f"{stem}.png", own).label_map
        if folder == "outdoor":
            names = [IN_STREETS.get(label.name, label.name) for label in own.labels]
            label_map = np.array([label_set.find(label) for label in names], np.uint8)[label_map]
        path = self._scratch / f"{folder}-{stem}.png"
        write_label_map(path, label_map, label_set)
        return path

    def _style(self, style: str, label: int, label_set: LabelSet) -> Style:
        if style.startswith("#"):
            return ColourStyle(colour=style)
        map_path = self._label_map(style, label_set)
        return ImageStyle(
            path=str(self._picture(style)), label=label, label_map_path=None if map_path is None else str(map_path)
        )

    def _swatch(self, style: str) -> Array:
        """What a row shows of a style, (h, w, 3) uint8."""
        if style.startswith("#"):
            colour = [int(style[n : n + 2], 16) for n in (1, 3, 5)]
            return np.full((CLOSE, CLOSE, 3), colour, np.uint8)
        return read_image(self._picture(style)).pixels


def joined(photo: Array, edited: Array, style: Array) -> Array:
    """One row: photo, edited photo, both close up, style; all (h, w, 3) uint8."""
    factor = max(1, round(SIDE / max(photo.shape[:2])))
    changed = (photo != edited).any(-1).astype(np.uint8)
    photo, edited = _enlarged(photo, factor), _enlarged(edited, factor)
    rows, columns = _busiest(_border(cv2.resize(changed, photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)))
    close = (_enlarged(picture[rows, columns], 2) for picture in (photo, edited))
    small = resize_image(style, 2 * CLOSE * style.shape[0] // style.shape[1], 2 * CLOSE)
    whole = (_reduced(picture) for picture in (photo, edited))
    return _beside([*whole, *close, small])


def _border(changed: Array) -> Array:
    """Where the outline of what changed, (h, w) 0 or 1, runs."""
    opened = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(opened, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))


def _busiest(border: Array) -> tuple[slice, slice]:
    """Rows and columns of the square of `CLOSE` pixels that holds the most of `border` (h, w)."""
    sums = cv2.integral(border)
    height, width = border.shape
    tall, wide = min(CLOSE, height), min(CLOSE, width)
    held = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    top, left = np.unravel_index(int(held.argmax()), held.shape)
    return slice(int(top), int(top) + tall), slice(int(left), int(left) + wide)


def _enlarged(pixels: Array, factor: int) -> Array:
    height, width = pixels.shape[:2]
    larger = cv2.resize(pixels, (width * factor, height * factor), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(larger)


def _reduced(pixels: Array) -> Array:
    factor = min(1.0, SIDE / max(pixels.shape[:2]))
    return resize_image(pixels, round(pixels.shape[0] * factor), round(pixels.shape[1] * factor))


def _beside(pictures: Sequence[Array]) -> Array:
    height = max(len(picture) for picture in pictures)
    width = sum(picture.shape[1] + GAP for picture in pictures) - GAP
    row = np.full((height, width, 3), 255, np.uint8)
    left = 0
    for picture in pictures:
        row[: len(picture), left : left + picture.shape[1]] = picture
        left += picture.shape[1] + GAP
    return row


def _below(rows: Sequence[Array]) -> Array:
    return np.ascontiguousarray(_beside([row.transpose(1, 0, 2) for row in rows]).transpose(1, 0, 2))


def _ids(edit: SheetEdit, label_set: LabelSet) -> list[int]:
    return [label_set.find(name) for name in edit.labels]


def main() -> None:
    """Write the public sheet, and the private rows where a data folder is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--private", type=Path, default=root() / "runs" / "edits", help="folder for all rows, one each")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of the rows, from 1; the public sheet stays")
    parser.add_argument("--out", type=Path, default=root() / "docs" / "images" / "edit-sheet.jpg")
    options = parser.parse_args()
    numbers = options.only or range(1, len(EDITS) + 1)
    shown = [number for number in numbers if options.data is not None or EDITS[number - 1].is_public]
    if options.data is not None:
        check_private(options.private / "01.png")
        options.private.mkdir(parents=True, exist_ok=True)
    public = []
    with tempfile.TemporaryDirectory() as scratch:
        maker = SheetMaker(Session("cpu"), options.data, Path(scratch))
        for number in shown:
            edit = EDITS[number - 1]
            row = maker.row(edit)
            sys.stdout.write(f"{number:2} {edit.title}\n")
            if options.data is not None:
                write_image(options.private / f"{number:02}.png", row)
            if edit.is_public:
                public.append(row)
    if not options.only:
        sheet = _below(public)
        height = round(sheet.shape[0] * SHEET_WIDTH / sheet.shape[1])
        write_image(options.out, resize_image(sheet, height, SHEET_WIDTH), quality=SHEET_QUALITY)


if __name__ == "__main__":
    main()
