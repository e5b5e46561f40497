"""What one picture or label map of a dataset folder is, read in a worker thread; never raises for a bad file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import BadLabelMap, EngineError, Message
from engine.files import cannot
from engine.labels.label_maps import MAX_COLOURS, grey_values, is_grey, read_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.rasters import load_raster

Array = np.ndarray

MOST_COLOURS = 256
"""Colours of one colour-coded map that are remembered; more of them are no label map."""


@dataclass(frozen=True)
class FileFacts:
    """One file as it was found.

    size: (width, height) upright; (0, 0) for a broken file. mode: Pillow's ("RGB", "P", "L", ...).
    problem: a sentence, None for a sound file; `unfit` says that the file is sound but no label map of the set.
    counts: (256,) pixels by id, for a label map whose ids could be read. how: "indexed", "raw" or "colour".
    colours: pixels by 0xRRGGBB, for a colour-coded map where no label set is known. palette: the first 256 colours of
    a palette file, 768 bytes.
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
    palette: bytes = b""


def scan_picture(path: Path, *, decode: bool = True) -> FileFacts:
    """Size, mode and content hash of a picture. `decode`: read it whole, so that damage shows."""
    try:
        digest = _digest(path)
        if decode:
            raster = load_raster(path)
            size = raster.turned().size
            return FileFacts(path, size, raster.image.mode, digest)
        with Image.open(path) as header:
            return FileFacts(path, header.size, header.mode, digest)
    except EngineError as error:
        return FileFacts(path, problem=error.message)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return FileFacts(path, problem=Message('"{0}" is not a picture that can be read ({1}).', path, error))


def scan_label_map(path: Path, label_set: LabelSet | None) -> FileFacts:
    """Size, mode, content hash and label shares of a label map."""
    try:
        digest = _digest(path)
        if label_set is None:
            return _without_label_set(path, digest)
        found = read_label_map(path, label_set)
        height, width = found.label_map.shape
        counts = np.bincount(found.label_map.ravel(), minlength=256)
        mode = {"indexed": "P", "raw": "L"}.get(found.how, "RGB")
        return FileFacts(path, (width, height), mode, digest, how=found.how, counts=counts)
    except BadLabelMap as error:
        return FileFacts(path, problem=error.message, unfit=True)
    except EngineError as error:
        return FileFacts(path, problem=error.message)
    except OSError as error:
        return FileFacts(path, problem=cannot("read", path, error).message)


def _without_label_set(path: Path, digest: bytes) -> FileFacts:
    raster = load_raster(path)
    image = raster.turned()
    if raster.lossy:
        sentence = Message(
            '"{0}" is a {1} file, whose lossy compression blurs label ids; save it as PNG.',
            path, raster.format,
        )
        return FileFacts(path, image.size, image.mode, digest, sentence, unfit=True)
    if image.mode == "P" or is_grey(image):
        values = np.asarray(image) if image.mode == "P" else grey_values(image, raster, f'"{path}"')
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > 255:
            sentence = Message(
                '"{0}" has values from {1} to {2}; label ids are 0 to 255, one per label.', path, low, high
            )
            return FileFacts(path, image.size, image.mode, digest, sentence, unfit=True)
        values = values.astype(np.uint8)
        palette = bytes(image.getpalette("RGB") or b"").ljust(768, b"\0") if image.mode == "P" else b""
        how = "indexed" if palette else "raw"
        counts = np.bincount(values.ravel(), minlength=256)
        return FileFacts(path, image.size, image.mode, digest, how=how, counts=counts, palette=palette)
    listed = image.convert("RGB").getcolors(MAX_COLOURS)
    if listed is None or len(listed) > MOST_COLOURS:
        many = Message("more") if listed is None else Message("{0}, more", len(listed))
        sentence = Message(
            '"{0}" has {1} than {2} colours, so it is no label map; put label maps into labels/.',
            path, many, MOST_COLOURS,
        )
        return FileFacts(path, image.size, image.mode, digest, sentence, unfit=True)
    colours = {(r << 16) | (g << 8) | b: count for count, (r, g, b) in listed}  # type: ignore[misc]
    return FileFacts(path, image.size, image.mode, digest, how="colour", colours=colours)


def _digest(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise cannot("read", path, error) from error
    return digest.digest()
