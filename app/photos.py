"""Photos as sources of styles: read, find the regions, encode. The functions run in the work lane."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from app.engine_texts import told
from app.jobs.work_lane import Work
from engine.errors import BadFile, EngineError
from engine.images import read_embedded_request, read_image, resize_image, sniff
from engine.labels import LabelSet, check_label_map, read_label_map, resize_label_map
from engine.request import ImageStyle, ParseRequest, RenderRequest, encode_code, encode_map, from_json

UNSURE = 0.6  # the parser's confidence below which the user should look at the regions
LONGEST = 1024  # pixels: enough to look at and to correct; the networks see less
SMALL = 0.75  # of the picture: below, what the regions show is looked at closer
KEPT = 24  # photos and codes kept in memory


def _tr(text: str) -> str:
    return QCoreApplication.translate("Photos", text)


@dataclass(frozen=True)
class Photo:
    """A photo with its regions: ``pixels`` (H, W, 3) uint8, ``label_map`` (H, W) uint8 of the same size.

    ``confidence`` is the parser's, 0 to 1; 1 where the regions are known. ``warnings`` say why the regions may
    be wrong, ``notes`` what was done to the file.
    """

    path: Path
    pixels: np.ndarray
    label_map: np.ndarray
    confidence: float
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known: bool = False  # the regions came with the picture: there is nothing to ask

    @property
    def unsure(self) -> bool:
        """True when the user should look at the regions before they are used."""
        return self.confidence < UNSURE or bool(self.warnings)

    def with_map(self, label_map: np.ndarray) -> Photo:
        """The photo with regions that the user has seen and corrected."""
        return replace(self, label_map=label_map, confidence=1.0, warnings=())


def file_key(path: Path) -> tuple[str, int, int]:
    """Changes when the file does."""
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size


def find_regions(work: Work, path: Path, *, label_set: LabelSet, parser: str | None) -> Photo:
    """Reads a photo and finds its regions.

    A picture made here carries its label map, which is then exact. Otherwise the parser finds the regions;
    without a parser the map is empty and a warning says that the user must paint it.

    Raises:
        EngineError: the file is no picture, or the parser cannot run; the sentence says which file and why.
    """
    work.progress(0.05, _tr("Reading {0}").format(path.name))
    kind = sniff(path)
    if kind == "label_map":
        raise BadFile(
            _tr(
                '"{0}" is a label map, not a picture: drop it beside the picture to open it, or choose a photo.'
            ).format(path.name)
        )
    image = read_image(path)
    pixels = reduced(image.pixels, LONGEST)
    notes = tuple(_tr("{0}: {1}.").format(path.name, told(note)) for note in image.notes)
    known = _embedded_map(path, label_set) if kind == "request_png" else _map_beside(path, label_set)
    if known is not None:
        exact = resize_label_map(known, *pixels.shape[:2])
        return Photo(path, pixels, exact, 1.0, (), notes, known=True)
    if parser is None:
        empty = np.zeros(pixels.shape[:2], np.uint8)
        warning = _tr("There is no parser for these labels: paint the regions of the photo by hand.")
        return Photo(path, pixels, empty, 0.0, (warning,), notes)
    work.progress(0.2, _tr("Finding the regions of {0}").format(path.name))
    with work.session() as session:
        result: Any = session.run(ParseRequest.from_pixels(parser, pixels), None, work.cancel_event)
    label_map = resize_label_map(np.asarray(result.label_map, np.uint8), *pixels.shape[:2])
    warnings = tuple(told(str(note)) for note in result.notes)
    if result.confidence < UNSURE and not warnings:
        warnings = (_tr("The parser is not sure of these regions: look at them and correct what is wrong."),)
    return Photo(path, pixels, label_map, float(result.confidence), warnings, notes)


def reduced(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture with its longer side reduced to ``side``; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return pixels
    return resize_image(pixels, max(1, round(height * factor)), max(1, round(width * factor)))


def focus(label_map: np.ndarray, *, room: float = 1.12) -> tuple[slice, slice]:
    """Rows and columns of the square that shows what the regions show: around everything that is not background,
    with some room, as large as fits; the centred square where the regions fill the picture or there are none."""
    height, width = label_map.shape
    side = min(height, width)
    rows, columns = np.nonzero(label_map.any(axis=1))[0], np.nonzero(label_map.any(axis=0))[0]
    centre_y, centre_x = height / 2, width / 2
    if rows.size:
        extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        centre_y, centre_x = (rows[0] + rows[-1] + 1) / 2, (columns[0] + columns[-1] + 1) / 2
        if extent * room < SMALL * side:
            side = max(32, round(extent * room))
    side = min(side, height, width)
    top = int(min(max(0, round(centre_y - side / 2)), height - side))
    left = int(min(max(0, round(centre_x - side / 2)), width - side))
    return slice(top, top + side), slice(left, left + side)


def _embedded_map(path: Path, label_set: LabelSet) -> np.ndarray | None:
    try:
        request = from_json(read_embedded_request(path) or "")
        if not isinstance(request, RenderRequest):
            return None
        label_map = request.label_map.array()
        check_label_map(label_map, label_set, path.name)
    except EngineError:
        return None  # made with other labels: the parser looks at it like at any picture
    return label_map


def _map_beside(path: Path, label_set: LabelSet) -> np.ndarray | None:
    """NAME.labels.png beside NAME.png or NAME.jpg is the picture's label map."""
    beside = path.with_name(path.stem + ".labels.png")
    if not beside.is_file():
        return None
    try:
        return read_label_map(beside, label_set).label_map
    except EngineError:
        return None  # of other labels


class CodeCache:
    """Style codes by file, label map and weights, so that a photo is encoded once. Used in the worker only."""

    def __init__(self) -> None:
        self._codes: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def encode(self, work: Work, weights: str, photo: Photo) -> Any:
        """StyleCodes of the photo's regions."""
        digest = hashlib.sha256(photo.label_map.tobytes()).digest()
        key = (*file_key(photo.path), photo.label_map.shape, digest, weights)
        if key in self._codes:
            self._codes.move_to_end(key)
            return self._codes[key]
        work.progress(0.5, _tr("Encoding the styles of {0}").format(photo.path.name))
        rows, columns = focus(photo.label_map)
        close = photo.label_map[rows, columns]
        whole = close.shape[0] == min(photo.label_map.shape)  # nothing is gained by leaving out the sides
        pixels, label_map = (photo.pixels, photo.label_map) if whole else (photo.pixels[rows, columns], close)
        with work.session() as session:
            codes = session.encode(weights, np.ascontiguousarray(pixels), np.ascontiguousarray(label_map))
        self._codes[key] = codes
        while len(self._codes) > KEPT:
            self._codes.popitem(last=False)
        return codes


def image_styles(photo: Photo, codes: Any) -> dict[int, ImageStyle]:
    """The style that each region of the photo can give, by label."""
    map_png = encode_map(photo.label_map)
    present = np.unique(photo.label_map)
    return {
        int(label): ImageStyle(
            path=str(photo.path),
            label=int(label),
            label_map_png=map_png,
            code=encode_code(np.asarray(codes.codes[label], np.float32)),
        )
        for label in present
        if bool(codes.present[label])
    }
