"""PNG by hand where Pillow is too slow or too strict: label maps in requests, and requests in pictures."""

from __future__ import annotations

import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import BadFile
from engine.files import as_sentence, open_regular, read_bytes
from engine.pictures.bands import array_of
from engine.pictures.rasters import MAX_PIXELS_READ, MAX_TEXT, Source, guarded

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2  # PNG's colour types
SEGMENT = 4 << 20
"""Bytes that are deflated on their own: not by how many threads, for the same picture gives the same bytes."""


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """(type, content) of a PNG's chunks up to the first damage; [] if it is not a PNG."""
    chunks: list[tuple[bytes, bytes]] = []
    position = 8 if data.startswith(_PNG_SIGNATURE) else len(data)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        chunk_type, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if len(content) < length:
            break
        chunks.append((chunk_type, content))
        position += 12 + length
    return chunks


def _inflate(data: bytes) -> bytes | None:
    """zlib-decompressed data; None if it is damaged or larger than `MAX_TEXT`."""
    decoder = zlib.decompressobj()
    try:
        inflated = decoder.decompress(data, MAX_TEXT)
    except zlib.error:
        return None
    return inflated if decoder.eof else None


REQUEST_KEY = "tessera"
"""Keyword of the PNG iTXt chunk that carries a request."""
STYLE_KEY = "tessera-style"
"""Keyword of the PNG iTXt chunk that carries a style that the user keeps."""


def carries_style(path: Path) -> bool:
    """Whether a file is a PNG that carries a style. A quick look at its beginning, where the chunk stands."""
    try:
        with open_regular(path) as handle:
            beginning = handle.read(256)
    except (OSError, ValueError):
        return False
    return beginning.startswith(_PNG_SIGNATURE) and b"iTXt" + STYLE_KEY.encode() + b"\0" in beginning


def read_embedded_request(source: Source) -> str | None:
    """The request JSON that `write_image` put into a PNG, or None. Raises BadFile if it cannot be read."""
    return read_embedded_text(source, REQUEST_KEY)


def read_embedded_text(source: Source, key: str) -> str | None:
    """The text of a PNG's iTXt chunk with the keyword `key`, or None. Raises BadFile if the file cannot be read."""
    data = source if isinstance(source, bytes) else read_bytes(source)
    for chunk_type, content in _png_chunks(data):
        keyword, _, flags_and_text = content.partition(b"\0")
        if chunk_type != b"iTXt" or keyword != key.encode() or len(flags_and_text) < 2:
            continue
        stored_text = flags_and_text[2:].split(b"\0", 2)[-1]  # after the language tag and the translated keyword
        plain_text = _inflate(stored_text) if flags_and_text[0] else stored_text
        try:
            return None if plain_text is None else plain_text.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return None


def decode_grey_png(data: bytes, *, name: str) -> np.ndarray:
    """Bytes of an 8-bit grey or palette PNG of at most `MAX_PIXELS_READ` pixels -> its values, (H, W) uint8.

    For label maps inside requests, which may be smaller than a file must be. Raises BadFile.
    """

    def decode() -> np.ndarray:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.mode not in ("L", "P") or image.width * image.height > MAX_PIXELS_READ:
                most_pixels = f"{MAX_PIXELS_READ:,}"
                raise BadFile("{0} is not a label map of at most {1} pixels.", as_sentence(name), most_pixels)
            return array_of(image)

    return guarded(decode, name)


def encode_grey_png(values: np.ndarray) -> bytes:
    """(H, W) uint8 as the bytes of an 8-bit grey PNG; equal arrays give equal bytes.

    Written here because it stands in the path of every live preview: differences to the row above and one
    deflate are three times as fast as Pillow's search for the best filter, and no larger for label maps.
    """
    height, width = values.shape
    level = 6 if values.size <= 1 << 18 else 1
    return _png(height, width, _GREY, zlib.compress(_upwards(values).data, level))


def encode_rgb_png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as the bytes of a PNG; equal arrays give equal bytes.

    Written here because a document of 12 megapixels is to be saved within a second: the rows are deflated in segments,
    as many at once as there are processors, which together are one stream (RFC 1950, 1951; as pigz does).
    """
    height, width, _ = pixels.shape
    filtered = _upwards(pixels.reshape(height, 3 * width)).reshape(-1).data
    segments = [filtered[start : start + SEGMENT] for start in range(0, len(filtered), SEGMENT)]
    with ThreadPoolExecutor(min(len(segments), os.cpu_count() or 1), thread_name_prefix="png") as pool:
        deflated = list(pool.map(_deflated, segments, [segment is segments[-1] for segment in segments]))
    stream = b"".join((b"\x78\x01", *deflated, struct.pack(">I", zlib.adler32(filtered))))
    return _png(height, width, _RGB, stream)


def _deflated(data: memoryview, is_last: bool) -> bytes:
    """A part of a deflate stream that refers to nothing before it and ends on a whole byte."""
    encoder = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    return encoder.compress(data) + encoder.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH)


def _upwards(rows: np.ndarray) -> np.ndarray:
    """(H, W) bytes as PNG's filter "up" has them, (H, W + 1) uint8: its number, and the differences to the row
    above."""
    height, width = rows.shape
    filtered_rows = np.empty((height, width + 1), dtype=np.uint8)
    filtered_rows[:, 0] = 2
    filtered_rows[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered_rows[1:, 1:])
    return filtered_rows


def _png(height: int, width: int, colour_type: int, stream: bytes) -> bytes:
    """A PNG of 8 bits for each sample. `stream`: the filtered rows as zlib packs them."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", stream), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + chunk_type + content + struct.pack(">I", zlib.crc32(chunk_type + content))
        for chunk_type, content in chunks
    )
