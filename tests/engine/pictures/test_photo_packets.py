"""XMP and IPTC of photos go into every file whose format has a place for them, without place and serial numbers."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, IptcImagePlugin, PngImagePlugin

from engine.pictures.iptc import as_jpeg_segment, iptc_to_write, jpeg_segment
from engine.pictures.lossless import as_tiff
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, read_photo
from engine.pictures.xmp import XMP_NAME, xmp_to_write

PIXELS = np.random.default_rng(2).integers(0, 256, (20, 30, 3), np.uint8)
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:drone="http://www.dji.com/drone-dji/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 tiff:Orientation="6" exif:GPSLatitude="48,8.5N" aux:SerialNumber="SN-body" aux:Lens="50 mm" photoshop:City="Innsbruck"
 drone:AbsoluteAltitude="+612.3" xmp:Rating="4">
<exif:GPSLongitude>11,34.2E</exif:GPSLongitude><aux:LensSerialNumber>SN-lens</aux:LensSerialNumber>
<aux:OwnerName>Ada Owner</aux:OwnerName><xmp:Thumbnails><rdf:Alt><rdf:li>old look</rdf:li></rdf:Alt></xmp:Thumbnails>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Bergsee &amp; Wald \u6e56</rdf:li></rdf:Alt></dc:title>
<ext:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource"><ext:City>Telfs</ext:City></rdf:li></rdf:Bag>
</ext:LocationCreated></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
KEPT = ("Bergsee &amp; Wald \u6e56", "50 mm", 'xmp:Rating="4"', 'xml:lang="x-default"')
WHERE_AND_WHOSE = ("48,8.5N", "11,34.2E", "SN-body", "SN-lens", "Ada Owner", "Innsbruck", "Telfs", "+612.3")
OF_THE_OLD_FILE = ("Orientation", "old look")


def data_set(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


CAPTION = data_set(1, 90, b"\x1b%G") + data_set(2, 120, "Bergsee \u6e56".encode())
IPTC = CAPTION + data_set(2, 90, b"Innsbruck") + data_set(2, 101, b"Austria") + data_set(2, 202, b"old look")


def a_photo(format_name: str) -> bytes:
    """A file as another program wrote it, with a packet of each kind where the format has a place for it."""
    if format_name == "TIFF":
        return as_tiff(PIXELS, None, None, None, xmp=XMP, iptc=IPTC)
    options: dict[str, object] = {"xmp": XMP}
    if format_name == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt(XMP_NAME, XMP.decode())
        options = {"pnginfo": chunks}
    if format_name == "JPEG":
        segments = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP), as_jpeg_segment(IPTC)
        options = {"extra": b"".join(segment for segment in segments if segment)}
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, format_name, **options)
    return buffer.getvalue()


def packets(path: Path) -> tuple[str, dict[tuple[int, int], bytes]]:
    """A file's XMP and IPTC, as Pillow finds them."""
    with Image.open(path) as image:
        image.load()
        xmp = image.info.get("xmp") or b""
        found = IptcImagePlugin.getiptcinfo(image) or {}
        return xmp.decode(), {key: value for key, value in found.items() if isinstance(value, bytes)}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_captions_stay_and_place_and_serial_numbers_do_not(
    tmp_path: Path, source: str, suffix: str, deep: bool
) -> None:
    photo = read_photo(a_photo(source))
    samples = photo.samples.astype(np.uint16) * 257 if deep else photo.samples
    path = tmp_path / f"a{suffix}"
    write_photo(path, samples, photo)
    xmp, iptc = packets(path)
    assert all(word in xmp for word in KEPT)
    assert not [word for word in (*WHERE_AND_WHOSE, *OF_THE_OLD_FILE) if word in xmp]
    assert not [word for word in WHERE_AND_WHOSE if word.encode() in path.read_bytes()]
    if source in ("JPEG", "TIFF") and suffix in (".jpg", ".tiff"):
        assert iptc == {(1, 90): b"\x1b%G", (2, 120): "Bergsee \u6e56".encode()}
    else:
        assert not iptc


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_place_and_serial_numbers_stay_if_asked(tmp_path: Path, suffix: str) -> None:
    photo = read_photo(a_photo("JPEG"))
    path = tmp_path / f"a{suffix}"
    write_photo(path, photo.samples, photo, keep_place=True)
    xmp, iptc = packets(path)
    assert all(word in xmp for word in (*KEPT, *WHERE_AND_WHOSE)) and not any(w in xmp for w in OF_THE_OLD_FILE)
    assert not iptc or iptc[2, 90] == b"Innsbruck"
    write_photo(path, photo.samples, read_photo(path))  # and again from what was written
    assert not any(word in packets(path)[0] for word in WHERE_AND_WHOSE)


def test_a_picture_turned_by_its_xmp_is_turned_once(tmp_path: Path) -> None:
    photo = read_photo(a_photo("PNG"))
    assert photo.samples.shape == (30, 20, 3)  # Pillow takes the orientation from XMP where EXIF has none
    write_photo(tmp_path / "a.png", photo.samples, photo)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").samples, photo.samples)


def test_packets_among_exif_tags_do_not_slip_through(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x02BC], exif[0x83BB] = "Maker", XMP, IPTC
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", exif=exif)
    photo = read_photo(buffer.getvalue())
    for suffix in (".jpg", ".png", ".webp", ".tiff"):
        write_photo(tmp_path / f"a{suffix}", photo.samples, photo)
        assert b"Maker" in (tmp_path / f"a{suffix}").read_bytes()
        assert b"Innsbruck" not in (tmp_path / f"a{suffix}").read_bytes()


@pytest.mark.parametrize("order", ["<", ">"])
def test_captions_of_a_tiff_that_calls_them_numbers_are_read(order: str) -> None:
    padded = IPTC + b"\0" * (-len(IPTC) % 4)
    entries = [(256, 4, 1, 30), (257, 4, 1, 20), (258, 4, 1, 8), (259, 4, 1, 1), (262, 4, 1, 1), (277, 4, 1, 1)]
    end = 8 + 2 + 12 * (len(entries) + 3) + 4
    entries += [(273, 4, 1, end), (279, 4, 1, 600), (0x83BB, 4, len(padded) // 4, end + 600)]
    tags = b"".join(struct.pack(f"{order}HHII", *entry) for entry in sorted(entries))
    header = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    photo = read_photo(header + tags + bytes(4) + PIXELS[..., 0].tobytes() + padded)
    assert iptc_to_write(photo.iptc, keep_place=False) == CAPTION


def test_what_is_broken_or_too_large_is_left_out(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    for packet in (b"<x:xmpmeta", b"\xff\xfe<\0x\0/\0>\0", bomb, b"", b"<a>" * 5000 + b"</a>" * 5000):
        assert xmp_to_write(packet, keep_place=True) is None or packet.startswith(b"<a>")
    assert iptc_to_write(b"\x1c\x02\x78\xff\xff", keep_place=True) is None
    assert iptc_to_write(CAPTION + b"\x1c\x02", keep_place=True) == CAPTION
    large = XMP.replace(b"Bergsee", b"Bergsee " * 10_000)
    photo = replace(Photo(PIXELS, "JPEG"), xmp=large, iptc=data_set(2, 120, b"x" * 30_000) * 3)
    write_photo(tmp_path / "a.jpg", PIXELS, photo)
    assert packets(tmp_path / "a.jpg") == ("", {})
    for suffix in (".png", ".tiff", ".webp"):
        write_photo(tmp_path / f"a{suffix}", PIXELS, photo)
        assert len(re.findall("Bergsee", packets(tmp_path / f"a{suffix}")[0])) == 10_000
