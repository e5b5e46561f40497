"""Small pictures in all the shapes that people's files have, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def smooth(height: int = 40, width: int = 48) -> np.ndarray:
    """(H, W, 3) uint8 with soft gradients, which survive lossy compression."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [x * 255 / (width - 1), y * 255 / (height - 1), 128 + 60 * np.sin(x / 9) * np.cos(y / 7)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    """The bytes of a file."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def raw_png(width: int, height: int, *, bits: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG of any bit depth from its unfiltered rows (each with its filter byte)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in grey levels; infinite if the shapes differ."""
    return float(np.abs(a.astype(int) - b).mean()) if a.shape == b.shape else float("inf")


def write_pictures(place: Path, count: int, first: int = 0) -> None:
    """Flat pictures of 12 x 20 pixels, each a shade brighter than the last."""
    place.mkdir(parents=True, exist_ok=True)
    for n in range(first, first + count):
        Image.fromarray(np.full((12, 20, 3), 10 * n, np.uint8)).save(place / f"{n:02d}.png")


def write_classes(folder: Path) -> Path:
    """A folder of three classes, three pictures each."""
    for number, name in enumerate(("sea", "forest", "street")):
        write_pictures(folder / "images" / name, 3, 3 * number)
    return folder
