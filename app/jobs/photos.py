"""Photos as sources of styles: read, find the regions, encode. The functions run in the work lane."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.jobs.work_lane import Work
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.errors import EngineError
from engine.labels.label_maps import check_label_map, read_certain_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part
from engine.pictures.closeup import reduced
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.pictures.sniffing import sniff
from engine.requests.json_text import from_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.parse import ParseRequest
from engine.requests.styles import ImageStyle, encode_code

KEPT = 24  # photos and codes kept in memory


@dataclass(frozen=True)
class Photo:
    """A photo with its regions: ``pixels`` (H, W, 3) uint8, ``label_map`` (H, W) uint8 of the same size.

    ``confidence`` is the parser's, 0 to 1; 1 where the regions are known. ``warnings`` say why the regions may
    be wrong, ``notes`` what was done to the file. ``looked_at``: the part that the parser looked at; None for all.
    ``doubtful``: labels whose regions are probably others.
    """

    path: Path
    pixels: np.ndarray
    label_map: np.ndarray
    confidence: float
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known: bool = False  # the regions came with the picture: there is nothing to ask
    looked_at: Part | None = None
    doubtful: tuple[int, ...] = ()

    @property
    def unsure(self) -> bool:
        """True when the user should look at the regions before they are used."""
        return bool(self.warnings)

    def with_map(self, label_map: np.ndarray) -> Photo:
        """The photo with regions that the user has seen and corrected."""
        return replace(self, label_map=label_map, confidence=1.0, warnings=(), doubtful=())


def file_key(path: Path) -> tuple[str, int, int]:
    """Changes when the file does."""
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size


def find_regions(work: Work, path: Path, *, label_set: LabelSet, parser: str | None) -> Photo:
    """Reads a photo and finds its regions.

    Whatever the file looks like, it is taken for a picture: a photo of few colours is no label map here.
    A picture made here carries its label map, which is then exact. Otherwise the parser finds the regions;
    without a parser the map is empty and a warning says that the user must paint it.

    Raises:
        EngineError: the file is no picture, or the parser cannot run; the sentence says which file and why.
    """
    work.progress(0.05, tr("Reading {0}").format(path.name))
    image = read_image(path)
    notes = tuple(tr("{0}: {1}.").format(path.name, translate(note)) for note in image.notes)
    return replace(
        file_regions(work, path, reduced(image.pixels), label_set=label_set, parser=parser), notes=notes
    )


def file_regions(work: Work, path: Path, pixels: np.ndarray, *, label_set: LabelSet, parser: str | None) -> Photo:
    """The regions of a photo that was read: (H, W, 3) uint8 `pixels` of the file at `path`, as `find_regions`."""
    known_map = known_regions(path, label_set)
    if known_map is not None:
        return Photo(path, pixels, resize_label_map(known_map, *pixels.shape[:2]), 1.0, known=True)
    if parser is None:
        empty_map = np.zeros(pixels.shape[:2], np.uint8)
        warning = tr("There is no parser for these labels: paint the regions of the photo by hand.")
        return Photo(path, pixels, empty_map, 0.0, (warning,))
    work.progress(0.2, tr("Finding the regions of {0}").format(path.name))
    with work.session() as session:
        result: Any = session.run(ParseRequest.from_pixels(parser, pixels), None, work.cancel_event)
    label_map = resize_label_map(np.asarray(result.label_map, np.uint8), *pixels.shape[:2])
    warnings = tuple(translate(str(note)) for note in result.notes)
    confidence, looked_at, doubtful = float(result.confidence), result.looked_at, tuple(result.doubtful)
    return Photo(path, pixels, label_map, confidence, warnings, looked_at=looked_at, doubtful=doubtful)


def known_regions(path: Path, label_set: LabelSet) -> np.ndarray | None:
    """The label map that came with a picture, in its file or beside it; None where nobody knows its regions."""
    if not os.path.isfile(path):
        return None  # the photo is inside a request
    return _embedded_map(path, label_set) if sniff(path) == "request_png" else _map_beside(path, label_set)


def _embedded_map(path: Path, label_set: LabelSet) -> np.ndarray | None:
    try:
        request = from_json(read_embedded_request(path) or "")
        data = getattr(request, "label_map", None)  # kinds of request that have none are like any picture
        if not isinstance(data, LabelMapData):
            return None
        label_map = data.array()
        check_label_map(label_map, label_set, path.name)
    except EngineError:
        return None  # made with other labels: the parser looks at it like at any picture
    return label_map


def _map_beside(path: Path, label_set: LabelSet) -> np.ndarray | None:
    """NAME.labels.png beside NAME.png or NAME.jpg is the picture's label map."""
    beside = path.with_name(path.stem + ".labels.png")
    if not os.path.isfile(beside):  # its name may be longer than a name can be
        return None
    try:
        return read_certain_map(beside, label_set).label_map
    except EngineError:
        return None  # of other labels


def style_label_map(style: ImageStyle, label_set: LabelSet) -> np.ndarray | None:
    """The regions of a style's picture as far as the style says: (h, w) uint8, None when the parser decides."""
    if style.label_map_png:
        return style.label_map()
    if style.label_map_path:
        try:
            return read_certain_map(Path(style.label_map_path), label_set).label_map
        except EngineError:
            return None
    return None


class CodeCache:
    """Style codes by file, label map and weights, so that a photo is encoded once. Used in the worker only."""

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        """`fingerprint` tells weights of one name apart (`Catalogue.fingerprint`)."""
        self._fingerprint = fingerprint
        self._codes: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def encode(self, work: Work, weights: str, photo: Photo) -> Any:
        """StyleCodes of the photo's regions."""
        digest = hashlib.sha256(photo.label_map.tobytes()).digest()
        key = (*file_key(photo.path), photo.label_map.shape, digest, weights, self._fingerprint(weights))
        if key in self._codes:
            self._codes.move_to_end(key)
            return self._codes[key]
        work.progress(0.5, tr("Encoding the styles of {0}").format(photo.path.name))
        with work.session() as session:
            codes = session.encode(weights, photo.pixels, photo.label_map)
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
            made_by=codes.made_by or None,
        )
        for label in present
        if bool(codes.present[label])
    }
