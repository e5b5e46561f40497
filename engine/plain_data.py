"""JSON and TOML of any origin, read so that no text of whatever size, depth or content does harm.

Every such text that is read goes through here. What Python's own readers answer with a RecursionError, an endless
parse or a string that cannot be written again is one `BadText` that says why.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import numpy as np

from engine.errors import BadFile, Message
from engine.files import PathLike, read_bytes

MOST_DEPTH = 200
"""Lists and objects within each other; nothing of ours has a tenth of it, and Python's own limit is 1000."""
MOST_DIGITS = 40
"""Of a whole number: the largest seed has 20, and thousands take seconds to read or cannot be written again."""
MOST_JSON_BYTES, MOST_TOML_BYTES = 64 << 20, 1 << 20
MOST_DOTS = 32
"""Parts of a dotted key in TOML: the time to read one grows with their square."""

_JSON_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_TOML_STRINGS = re.compile(
    rb"'''.*?(?:'''|\Z)|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\\?\Z)|\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?|#[^\n]*", re.DOTALL
)
_DOTTED = re.compile(rb"(?:[\w-]*[ \t]*\.[ \t]*){%d}" % MOST_DOTS)
_DIGITS = re.compile(rb"[\d_]{%d}" % MOST_DIGITS)
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_DEPTH_STEPS = np.zeros(256, np.int8)
_DEPTH_STEPS[[ord("["), ord("{")]] = 1
_DEPTH_STEPS[[ord("]"), ord("}")]] = -1


class BadText(ValueError):
    """Text that is no JSON or TOML, or that has more of something than can be; `reason` is a clause."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text (UTF-8 as bytes, with or without a byte order mark). Raises BadText."""
    text_bytes = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    text_bytes = text_bytes.removeprefix(b"\xef\xbb\xbf")
    bare_bytes = _check_depth(text_bytes, _JSON_STRINGS)
    check_digits = _whole_number if _DIGITS.search(bare_bytes) else None  # a call for each number takes its time
    try:
        parsed = json.loads(text_bytes.decode("utf-8"), parse_int=check_digits)
        if _HALF_PAIR.search(text_bytes):
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadText(Message("it holds half a character")) from error
    except UnicodeDecodeError as error:
        raise BadText(Message("it is not text in UTF-8")) from error
    except json.JSONDecodeError as error:
        raise BadText(Message("it is no JSON in line {0}, column {1}", error.lineno, error.colno)) from error
    return parsed


def read_json(path: PathLike, *, limit: int = MOST_JSON_BYTES) -> Any:
    """The value of a JSON file of at most `limit` bytes. Raises BadFile: it cannot be read, or is no JSON."""
    try:
        return parse_json(read_bytes(path, limit=limit))
    except BadText as error:
        raise BadFile('"{0}" cannot be used: {1}.', path, error.reason, details=repr(error)) from error


def read_toml(path: PathLike) -> dict[str, Any]:
    """The tables of a TOML file. Raises BadFile: it cannot be read, or is no TOML."""
    text_bytes = read_bytes(path, limit=MOST_TOML_BYTES).removeprefix(b"\xef\xbb\xbf")
    try:
        bare_bytes = _check_depth(text_bytes, _TOML_STRINGS)
        if _DOTTED.search(bare_bytes):
            raise BadText(Message("a key has more than {0} parts", MOST_DOTS))
        if _DIGITS.search(bare_bytes):
            raise _too_many_digits()
        tables: dict[str, Any] = msgspec.toml.decode(text_bytes)
    except BadText as error:
        raise BadFile("{0} is not valid TOML: {1}.", path, error.reason) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadFile("{0} is not valid TOML: {1}.", path, error) from error
    return tables


def _check_depth(text_bytes: bytes, strings: re.Pattern[bytes]) -> bytes:
    """The text without its strings. Raises BadText where lists and objects lie too deep within each other."""
    bare_bytes = strings.sub(b"", text_bytes)
    if bare_bytes.count(b"[") + bare_bytes.count(b"{") > MOST_DEPTH:
        steps = _DEPTH_STEPS[np.frombuffer(bare_bytes, np.uint8)]
        if int(np.cumsum(steps[steps != 0], dtype=np.int32).max()) > MOST_DEPTH:
            raise BadText(Message("its lists lie more than {0} deep within each other", MOST_DEPTH))
    return bare_bytes


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _too_many_digits()
    return int(digits)


def _too_many_digits() -> BadText:
    return BadText(Message("a number has more than {0} digits", MOST_DIGITS))
