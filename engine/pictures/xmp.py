"""XMP packets of photos (ISO 16684-1): what of them is kept when a photo is written."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers.expat import ExpatError

from PIL import Image

XMP_NAME = "XML:com.adobe.xmp"
"""Keyword of the PNG iTXt chunk that carries a packet."""
MAX_PACKET = 16 << 20
"""A larger packet is left out: parsed, it takes some twenty times its size."""
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
OF_THE_OLD_FILE = re.compile(
    r"Orientation|Image(Width|Length)|Pixel[XY]Dimension|BitsPerSample|Compression|PhotometricInterpretation"
    r"|SamplesPerPixel|PlanarConfiguration|YCbCr\w+|Thumbnails|HasExtendedXMP|MakerNote"
)
"""Names of properties that lay out the file that was read, or hold what cannot be searched for a place."""
PLACE = re.compile(
    r".*(gps|latitude|longitude|altitude|location|serial|ownername).*"
    r"|city|state|provincestate|country\w*|worldregion|lat|long|alt",
    re.IGNORECASE,
)
"""Names of properties that say where a photo was taken, or with whose camera, in whatever namespace: exif:GPSLatitude,
aux:LensSerialNumber, photoshop:City, Iptc4xmpExt:LocationShown, drone-dji:AbsoluteAltitude, geo:lat."""


def read_xmp(image: Image.Image) -> bytes | None:
    """An opened file's XMP packet, or None. Raises nothing: what it holds is looked at when it is written."""
    packet = image.info.get("xmp") or image.info.get(XMP_NAME)
    if isinstance(packet, str):
        packet = packet.encode()
    return packet if isinstance(packet, bytes) and packet else None


def xmp_to_write(xmp: bytes | None, *, keep_place: bool) -> bytes | None:
    """The packet for a picture that stands upright, without what lays out the old file; None where it is broken.

    keep_place: keep the place, serial numbers and the owner's name, wherever in the packet they stand.
    """
    if xmp is None or len(xmp) > MAX_PACKET or b"<!DOCTYPE" in xmp:  # a packet has none: entities could grow
        return None
    from xml.dom import minidom  # a window does not wait for it

    try:
        root: Any = minidom.parseString(xmp.decode("utf-8").strip("\0 \t\r\n\ufeff")).documentElement
        _strip(root, keep_place)
        body: bytes = root.toxml("utf-8")
    except (ExpatError, ValueError, RecursionError):
        return None
    return b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n' + body + b'\n<?xpacket end="w"?>'


def _strip(element: Any, keep_place: bool) -> None:
    """Take properties out of an element, be they attributes or elements, and out of the structures in it."""
    for attribute in [element.attributes.item(index) for index in range(element.attributes.length)]:
        if _is_left_out(attribute, keep_place):
            element.removeAttributeNode(attribute)
    for child in list(element.childNodes):
        if child.nodeType != child.ELEMENT_NODE:
            continue
        if _is_left_out(child, keep_place):
            element.removeChild(child).unlink()
        else:
            _strip(child, keep_place)


def _is_left_out(node: Any, keep_place: bool) -> bool:
    name, prefix = node.localName or node.nodeName, node.prefix
    if prefix in ("xmlns", "xml") or node.namespaceURI == RDF:
        return False  # the frame of the packet: rdf:Alt is a list of languages
    return bool(OF_THE_OLD_FILE.fullmatch(name) or (not keep_place and PLACE.fullmatch(name)))
