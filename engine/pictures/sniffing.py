"""Telling what a file is by its content: whatever is dropped on the window finds its place."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import numpy as np
from PIL import Image

from engine.errors import BadFile, EngineError
from engine.files import open_regular
from engine.labels.label_sets import bundled_label_sets, load_label_set
from engine.pictures.png import read_embedded_request
from engine.pictures.rasters import is_heic, open_image
from engine.plain_data import read_json
from engine.program import program

FileKind = Literal["request_png", "image", "label_map", "weights", "request_json", "document", "unknown"]

MAX_PIXELS = 1 << 24
"""Larger files are pictures without a look inside: telling a dropped file must not take seconds."""
ZIP = b"PK\x03\x04"
MOST_ZIPPED = 50_000
"""Parts of a zip that is looked into: the largest checkpoints have some thousands."""
MAX_USED = 64
"""A grey or palette picture with more different values is taken for a picture."""


def sniff(path: str | os.PathLike[str]) -> FileKind:
    """What a file (or a weights folder) is, by content and never by its name.

    "label_map" is a guess: a lossless grey or palette picture with few small values, or one whose colours
    are all in one bundled label set. A damaged file may still be called an image: reading it says what is
    wrong. Never raises; what cannot be read is "unknown".
    """
    path = Path(path)
    try:
        if path.is_dir():
            return "weights" if (path / "card.json").is_file() else "unknown"
        with open_regular(path) as handle:
            first_bytes = handle.read(4096)
    except (OSError, ValueError):
        return "unknown"
    if _is_weights(path, first_bytes):
        return "weights"
    if first_bytes.startswith(ZIP):
        return "document" if _is_document(path, first_bytes) else "unknown"
    if first_bytes.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "request_json" if _is_request(path) else "unknown"
    return "image" if is_heic(first_bytes[:64]) else _sniff_picture(path)


def check_photo(path: str | os.PathLike[str]) -> None:
    """Raise BadFile for a label map where a photo is asked for; nothing is said of other files here."""
    if sniff(path) == "label_map":
        raise BadFile(
            '"{0}" is a label map, not a photo; give the photo ({1} edit takes the map as --labels beside it, {1} '
            "render paints it).",
            path, program(),
        )


def has_label_colours(path: str | os.PathLike[str]) -> bool:
    """Whether a picture's palette or colours are those of a bundled label set, so that "label_map" is no guess.

    Other label maps (bare ids, palettes of one's own) look the same as photos of few colours. Never raises.
    """
    try:
        with open_regular(path) as file, open_image(file) as image:
            if image.size[0] * image.size[1] > MAX_PIXELS or not _looks_like_label_map(image):
                return False
            if image.mode != "P":
                return image.mode in ("RGB", "RGBA")  # then the look was at the colours
            palette = _palette_colours(image, range(256))
            return any(palette[: len(table)] == list(table) for table in _tables())
    except Exception:
        return False


def sets_by_colours(path: str | os.PathLike[str]) -> list[str]:
    """Names of the bundled label sets whose colours a label map's palette, or its pixels, have. Never raises."""
    try:
        with open_regular(path) as file, open_image(file) as image:
            if image.size[0] * image.size[1] > MAX_PIXELS:
                return []
            if image.mode == "P":
                values = [value for value, count in enumerate(image.histogram()) if count]
                fits = [
                    all(v < len(t) and c == t[v] for v, c in zip(values, _palette_colours(image, values)))
                    for t in _tables()
                ]
            else:
                colour_counts = (
                    image.convert("RGB").getcolors(_most_labels()) if image.mode in ("RGB", "RGBA") else None
                )
                used_colours = {cast(tuple[int, ...], colour) for _, colour in colour_counts or ()}
                fits = [bool(used_colours) and used_colours <= set(table) for table in _tables()]
            return [name for name, fit in zip(bundled_label_sets(), fits, strict=True) if fit]
    except Exception:
        return []


def is_torch_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a PyTorch checkpoint, as authors publish them: something to import. Never raises."""
    try:
        with open_regular(path) as handle:
            first_bytes = handle.read(4096)
    except (OSError, ValueError):
        return False
    return _is_torch(Path(path), first_bytes)


def _is_weights(path: Path, first_bytes: bytes) -> bool:
    """A safetensors file, or a PyTorch checkpoint."""
    if len(first_bytes) > 9 and first_bytes[8:9] == b"{" and 2 <= int.from_bytes(first_bytes[:8], "little") < 100 << 20:
        return True
    return _is_torch(path, first_bytes)


def _is_torch(path: Path, first_bytes: bytes) -> bool:
    """A zip with data.pkl, or the older bare pickle."""
    if first_bytes.startswith(ZIP):
        return any(name.endswith("/data.pkl") for name in _names_in_zip(path))
    return first_bytes[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04") and b"\x6c\xfc\x9c\x46\xf9" in first_bytes[:32]


def _names_in_zip(path: Path) -> list[str]:
    """The names of a zip's parts; none of what is no zip, or has more parts than anything that is opened."""
    with suppress(OSError, ValueError, NotImplementedError, zipfile.BadZipFile), open_regular(path) as file:
        tail_bytes = min(file.seek(0, os.SEEK_END), 1 << 16)
        file.seek(-tail_bytes, os.SEEK_END)
        end = file.read(tail_bytes).rpartition(b"PK\5\6")[2]  # a list of millions would be read for minutes
        if len(end) >= 8 and int.from_bytes(end[6:8], "little") <= MOST_ZIPPED:
            with zipfile.ZipFile(file) as archive:
                return archive.namelist()
    return []


def _is_document(path: Path, first_bytes: bytes) -> bool:
    """Whether a zip holds a document (`engine.documents`); its manifest stands first where nobody packed it again."""
    return first_bytes[30:43] == b"manifest.json" or "manifest.json" in _names_in_zip(path)


def _is_request(path: Path) -> bool:
    try:
        json_data = read_json(path)
    except (EngineError, MemoryError):
        return False
    return isinstance(json_data, dict) and str(json_data.get("schema", "")).startswith("tessera/")


def _sniff_picture(path: Path) -> FileKind:
    try:
        with open_regular(path) as file, open_image(file) as image:
            if image.format == "PNG":
                with suppress(EngineError):
                    if read_embedded_request(path) is not None:
                        return "request_png"
            is_small = image.size[0] * image.size[1] <= MAX_PIXELS
            if is_small and image.format in ("PNG", "TIFF", "BMP"):
                with suppress(Exception):  # damaged: still a picture, reading it says what is wrong
                    return "label_map" if _looks_like_label_map(image) else "image"
            return "image"
    except Exception:  # not a picture, or one that decoders choke on
        return "unknown"


def _looks_like_label_map(image: Image.Image) -> bool:
    if image.mode == "P" or image.mode == "L":
        values = [value for value, count in enumerate(image.histogram()) if count]
        if len(values) <= MAX_USED and max(values) < _most_labels():
            # A drawing saved with a palette also counts from 0: a label map's regions are its own colours.
            return image.mode == "L" or _one_table_has(set(_palette_colours(image, values))) or len(values) <= 32
        return False
    if image.mode.startswith("I;16"):
        values16 = np.unique(np.asarray(image))
        return len(values16) <= MAX_USED and int(values16.max()) < _most_labels()
    if image.mode in ("RGB", "RGBA"):
        colours = image.convert("RGB").getcolors(_most_labels())
        return (
            colours is not None
            and len(colours) > 1
            and _one_table_has({cast(tuple[int, ...], colour) for _, colour in colours})
        )
    return False


def _palette_colours(image: Image.Image, values: Iterable[int]) -> list[tuple[int, ...]]:
    palette = image.getpalette("RGB") or []
    return [tuple(palette[3 * value : 3 * value + 3]) for value in values]


def _one_table_has(colours: set[tuple[int, ...]]) -> bool:
    return any(colours <= set(table) for table in _tables())


@lru_cache(maxsize=1)
def _tables() -> tuple[tuple[tuple[int, ...], ...], ...]:
    """The colours of each bundled label set, by id."""
    return tuple(tuple(label.colour for label in load_label_set(name).labels) for name in bundled_label_sets())


def _most_labels() -> int:
    """How many labels the largest bundled label set has: a map holds no larger id."""
    return max(map(len, _tables()))
