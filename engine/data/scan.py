"""What one picture or label map of a dataset folder is, read in a worker thread; never raises for a bad file."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.data.turns import turned_away
from engine.errors import BadLabelMap, EngineError, Message
from engine.files import cannot, open_regular
from engine.labels.label_maps import MAX_COLOURS, few_colours, grey_values, is_grey, read_data_map
from engine.labels.label_sets import LabelSet
from engine.pictures.rasters import load_raster, read_header

Array = np.ndarray

MOST_COLOURS = 256
"""Colours of one colour-coded map that are remembered; more of them are no label map."""


@dataclass(frozen=True)
class FileFacts:
    """One file as it was found.

    size: (width, height) upright; (0, 0) for a broken file. mode: Pillow's ("RGB", "P", "L", ...).
    problem: a sentence, None for a sound file; `unfit` says that the file is sound but no label map of the set.
    counts: (256,) pixels by id, for a label map whose ids could be read. how: "indexed", "raw" or "colour".
    colours: pixels by 0xRRGGBB, for a colour-coded map where no label set is known. foreign: the same of an `unfit`
    map, some of whose colours are no label's. palette: the first 256 colours of a palette file, 768 bytes. turned: a
    sentence where the map was drawn for the picture before its EXIF turn.
    """

    path: Path
    size: tuple[int, int] = (0, 0)
    mode: str = ""
    digest: bytes = b""
    problem: Message | None = None
    unfit: bool = False
    how: str = ""
    counts: Array | None = None
    colours: dict[int, int] = field(default_factory=dict)
    foreign: dict[int, int] = field(default_factory=dict)
    palette: bytes = b""
    turned: Message | None = None


def scan_picture(picture_path: Path, *, decode: bool = True) -> FileFacts:
    """Size, mode and content hash of a picture. `decode`: read it whole, so that damage shows."""
    try:
        if decode:
            raster = load_raster(picture_path)
            picture_size, mode = raster.turned().size, raster.image.mode
        else:
            header = read_header(picture_path)
            picture_size, mode = header.size, header.mode
        return FileFacts(picture_path, picture_size, mode, _file_digest(picture_path))
    except EngineError as error:
        return FileFacts(picture_path, problem=error.message)


def scan_label_map(map_path: Path, label_set: LabelSet | None, image_path: Path | None = None) -> FileFacts:
    """Size, mode, content hash and label shares of a label map, and whether it lies on its picture."""
    facts = _scan_label_map(map_path, label_set)
    if image_path is None or facts.size == (0, 0):
        return facts
    with suppress(EngineError):  # a broken picture is named by itself
        return replace(facts, turned=turned_away(image_path, map_path))
    return facts


def _scan_label_map(map_path: Path, label_set: LabelSet | None) -> FileFacts:
    try:
        read_header(map_path)  # refuses what is no picture, or has gigabytes
        digest = _file_digest(map_path)
        if label_set is None:
            return _without_label_set(map_path, digest)
        reading = read_data_map(map_path, label_set)
        height, width = reading.label_map.shape
        pixel_counts = np.bincount(reading.label_map.ravel(), minlength=256)
        image_mode = {"indexed": "P", "raw": "L"}.get(reading.how, "RGB")
        return FileFacts(map_path, (width, height), image_mode, digest, how=reading.how, counts=pixel_counts)
    except BadLabelMap as error:
        return FileFacts(map_path, problem=error.message, unfit=True, foreign=few_colours(map_path))
    except EngineError as error:
        return FileFacts(map_path, problem=error.message)
    except OSError as error:
        return FileFacts(map_path, problem=cannot("read", map_path, error).message)


def _without_label_set(map_path: Path, digest: bytes) -> FileFacts:
    raster = load_raster(map_path)
    image = raster.turned()
    if raster.lossy:
        sentence = Message(
            '"{0}" is a {1} file, whose lossy compression blurs label ids; save it as PNG.',
            map_path, raster.format,
        )
        return FileFacts(map_path, image.size, image.mode, digest, sentence, unfit=True)
    if image.mode == "P" or is_grey(image):
        label_ids = np.asarray(image) if image.mode == "P" else grey_values(image, raster, f'"{map_path}"')
        lowest, highest = int(label_ids.min()), int(label_ids.max())
        if lowest < 0 or highest > 255:
            sentence = Message(
                '"{0}" has values from {1} to {2}; label ids are 0 to 255, one per label.', map_path, lowest, highest
            )
            return FileFacts(map_path, image.size, image.mode, digest, sentence, unfit=True)
        label_ids = label_ids.astype(np.uint8)
        palette = bytes(image.getpalette("RGB") or b"").ljust(768, b"\0") if image.mode == "P" else b""
        coding = "indexed" if palette else "raw"
        pixel_counts = np.bincount(label_ids.ravel(), minlength=256)
        return FileFacts(map_path, image.size, image.mode, digest, how=coding, counts=pixel_counts, palette=palette)
    colour_counts = image.convert("RGB").getcolors(MAX_COLOURS)
    if colour_counts is None or len(colour_counts) > MOST_COLOURS:
        colour_clause = Message("more") if colour_counts is None else Message("{0}, more", len(colour_counts))
        sentence = Message(
            '"{0}" has {1} than {2} colours, so it is not a label map; put label maps into labels/.',
            map_path, colour_clause, MOST_COLOURS,
        )
        return FileFacts(map_path, image.size, image.mode, digest, sentence, unfit=True)
    colours = {(red << 16) | (green << 8) | blue: count for count, (red, green, blue) in colour_counts}  # type: ignore[misc]
    return FileFacts(map_path, image.size, image.mode, digest, how="colour", colours=colours)


def _file_digest(file_path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open_regular(file_path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise cannot("read", file_path, error) from error
    return digest.digest()
