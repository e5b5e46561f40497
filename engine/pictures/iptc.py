"""IPTC captions of photos (IIM 4.2): what of them is kept when a photo is written, and where a JPEG holds them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

TIFF_TAG, PHOTOSHOP_RESOURCE = 0x83BB, 0x0404
"""Where a TIFF file holds them, and where among Photoshop's resources a JPEG does."""
ENVELOPE, APPLICATION = 1, 2
"""Records that are kept: which letters are used, and what is said of the picture."""
OF_THE_OLD_FILE = frozenset({200, 201, 202})
"""Data sets of the second record: a small copy of the picture as it was."""
PLACE = frozenset({26, 27, 90, 92, 95, 100, 101})
"""Data sets of the second record: places, cities, provinces and countries."""


def read_iptc(image: Image.Image) -> bytes | None:
    """An opened JPEG's or TIFF's IPTC data sets as they stand in the file, or None; asked before its EXIF data, for
    which Pillow takes the tags of a TIFF apart."""
    resources = image.info.get("photoshop")
    if isinstance(resources, dict) and isinstance(resources.get(PHOTOSHOP_RESOURCE), bytes):
        return resources[PHOTOSHOP_RESOURCE] or None
    tags = getattr(image, "tag_v2", None)
    stored = getattr(tags, "_tagdata", {}).get(TIFF_TAG)  # of numbers, as some programs call the bytes, `get` has one
    value = stored if stored is not None or tags is None else tags.get(TIFF_TAG)
    return value if isinstance(value, bytes) and value else None


def iptc_to_write(iptc: bytes | None, *, keep_place: bool) -> bytes | None:
    """Data sets for a new file, those of places only with `keep_place`; None where nothing is left of them."""
    if iptc is None:
        return None
    left_out = OF_THE_OLD_FILE if keep_place else OF_THE_OLD_FILE | PLACE
    kept = b"".join(
        data_set
        for record, number, data_set in _data_sets(iptc)
        if record == ENVELOPE or (record == APPLICATION and number not in left_out)
    )
    return kept or None


def as_jpeg_segment(iptc: bytes) -> bytes | None:
    """The APP13 segment of a JPEG that holds data sets, or None: there are more of them than a segment holds."""
    resource = b"8BIM" + struct.pack(">HHI", PHOTOSHOP_RESOURCE, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    return jpeg_segment(0xED, b"Photoshop 3.0\0" + resource)


def jpeg_segment(marker: int, content: bytes) -> bytes | None:
    """A segment of a JPEG, whose second byte is `marker`; None where it holds no more than 65,533 bytes of content."""
    return None if len(content) > 65_533 else struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _data_sets(iptc: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(record, number, all bytes) of the data sets up to the first damage."""
    position = 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", iptc, position + 1)
        end = position + 5 + length
        if length > 0x7FFF or end > len(iptc):  # a length of lengths is of pictures alone
            return
        yield record, number, iptc[position:end]
        position = end
