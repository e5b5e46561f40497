"""An ICC profile of wide colours, written by code: no profile file stands in the repository."""

from __future__ import annotations

import struct

# Adobe RGB's primaries (x, y), adapted to D50 by Bradford, as columns of XYZ
_RED, _GREEN, _BLUE = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
_WHITE = (0.9642, 1.0, 0.8249)


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def wide_profile(gamma: float = 2.19921875) -> bytes:
    """Colours like Adobe RGB (1998): ICC 2.1, three primaries and one curve."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"wide colours\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(79)
    description += bytes(-len(description) % 4)
    tags = [
        (b"desc", description), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", _xyz(_WHITE)),
        (b"rXYZ", _xyz(_RED)), (b"gXYZ", _xyz(_GREEN)), (b"bXYZ", _xyz(_BLUE)),
        (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve),
    ]
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content
    size = offset + len(body)
    spaces = b"mntrRGB XYZ "
    header = struct.pack(">I4sI", size, bytes(4), 0x02100000) + spaces + bytes(12) + b"acsp"
    header += bytes(68 - len(header)) + b"".join(map(_fixed, _WHITE))
    return header + bytes(128 - len(header)) + table + body


