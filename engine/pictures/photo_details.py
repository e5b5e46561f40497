"""EXIF data of photos: what of it is kept when a photo is written."""

from __future__ import annotations

from typing import Any

from PIL import Image

ORIENTATION, GPS, DETAILS = 0x0112, 0x8825, 0x8769
MAKER_NOTE, INTEROPERABILITY = 0x927C, 0xA005
WIDTH, HEIGHT = 0xA002, 0xA003
SERIAL_NUMBERS = frozenset({0xA430, 0xA431, 0xA435, 0xC62F})
"""Owner's name, serial numbers of body and lens: they say who took a photo, as GPS says where."""
PACKETS = frozenset({0x02BC, 0x83BB, 0x8649})
"""XMP, IPTC and Photoshop's data among EXIF's tags: they hold a place too, and are read and written on their own."""
DESCRIBING = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, DETAILS, GPS})
"""Tags that say what a picture shows, who took it, when, where and with what; the others of a TIFF lay its data out."""


def read_exif(image: Image.Image) -> bytes | None:
    """An opened file's EXIF data, for a photo that has been turned upright; None where there are none, or broken ones.

    The maker's note is left out: it holds serial numbers, and offsets that are wrong once it is moved.
    """
    try:
        exif = image.getexif()
        is_tiff = image.format == "TIFF"
        kept = {tag: value for tag, value in exif.items() if tag in DESCRIBING or not (is_tiff or tag in PACKETS)}
        details = {tag: value for tag, value in exif.get_ifd(DETAILS).items() if tag != MAKER_NOTE}
        return _as_bytes(kept, details, dict(exif.get_ifd(GPS)))
    except Exception:  # broken EXIF data: the picture itself is fine
        return None


def exif_to_write(exif: bytes | None, size: tuple[int, int], *, keep_place: bool, tiff: bool = False) -> bytes | None:
    """EXIF data for a picture of `size` (width, height).

    keep_place: keep GPS data, serial numbers and the owner's name. tiff: for a TIFF file, whose own tags they join.
    """
    if exif is None:
        return None
    source = Image.Exif()
    source.load(exif)
    left_out = frozenset() if keep_place else SERIAL_NUMBERS
    kept = {tag: value for tag, value in source.items() if tag not in left_out and (not tiff or tag in DESCRIBING)}
    details = {tag: value for tag, value in source.get_ifd(DETAILS).items() if tag not in left_out}
    for tag, side in ((WIDTH, size[0]), (HEIGHT, size[1])):
        if tag in details:
            details[tag] = side
    return _as_bytes(kept, details, dict(source.get_ifd(GPS)) if keep_place else {})


def _as_bytes(kept: dict[int, Any], details: dict[int, Any], place: dict[int, Any]) -> bytes | None:
    """New EXIF data of these tags; an object that has read a file writes parts of that file again."""
    exif = Image.Exif()
    for tag, value in kept.items():
        if tag not in (ORIENTATION, DETAILS, GPS):
            exif[tag] = value
    details.pop(INTEROPERABILITY, None)  # an offset in the old file
    for tag, values in ((DETAILS, details), (GPS, place)):
        if values:
            exif[tag] = values
    return exif.tobytes() if len(exif) else None
