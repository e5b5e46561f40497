"""Files as they should not be: a whole one, changed as breakage, other tools and attackers would. Seeded."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
HUGE = (b"1e999", b"-1", b"NaN", b"Infinity", b"0", b"9" * 5000, b"1e-400", b"18446744073709551616", b"4294967295")
VALUES = (b"null", b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b"true", b"[[1]]", b'"../../etc/passwd"')
DEEP = (b"[" * 100_000, b'{"a":' * 50_000, b"[[" * 3000 + b"]]" * 3000, b"a." * 20_000 + b"b = 1")

Mutation = Callable[[bytes, random.Random], bytes]


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 20))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def flip_head(data: bytes, chance: random.Random) -> bytes:
    """Where formats keep sizes and offsets."""
    head = min(len(data), 128)
    return flip_bits(data[:head], chance) + data[head:]


def extreme_bytes(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    place, length = chance.randrange(min(len(data), chance.choice((64, 4096)))), chance.choice((1, 2, 4, 8))
    return data[:place] + chance.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * length + data[place + length :]


def repeat_piece(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start : start + chance.randrange(1, 400)] * chance.randrange(2, 6) + data[start:]


def drop_piece(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(1, 200) :]


def huge_number(data: bytes, chance: random.Random) -> bytes:
    return _replaced(data, NUMBER, chance.choice(HUGE), chance)


def other_value(data: bytes, chance: random.Random) -> bytes:
    return _replaced(data, re.compile(rb'"[^"\n]{0,80}"|' + NUMBER.pattern), chance.choice(VALUES), chance)


def deep_value(data: bytes, chance: random.Random) -> bytes:
    return _replaced(data, NUMBER, chance.choice(DEEP), chance) if chance.random() < 0.7 else chance.choice(DEEP)


def other_text(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return chance.choice(
        (b"\xef\xbb\xbf" + data, text.encode("utf-16"), text.encode("utf-8") + b"\xed\xa0\x80", data + b"\0" * 100)
    )


def _replaced(data: bytes, pattern: re.Pattern[bytes], value: bytes, chance: random.Random) -> bytes:
    places = list(pattern.finditer(data[: 1 << 16]))
    if not places:
        return value
    place = chance.choice(places)
    return data[: place.start()] + value + data[place.end() :]


BINARY: tuple[Mutation, ...] = (cut, flip_bits, flip_head, flip_head, extreme_bytes, extreme_bytes, repeat_piece)
BINARY += (drop_piece,)
TEXT: tuple[Mutation, ...] = (*BINARY, huge_number, huge_number, other_value, other_value, deep_value, other_text)


# ---------------------------------------------------------------- what is no file with bytes of its own


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def named_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def endless_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def huge_and_sparse(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(3 << 30)


ODD_FILES = (missing, empty, folder, named_pipe, endless_device, link_to_itself, huge_and_sparse)
