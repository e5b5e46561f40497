"""Files that a browser or git leaves in place of the one that was meant: told by their first bytes, without torch."""

from __future__ import annotations

from engine.errors import Message
from engine.files import PathLike, open_regular


def impostor(path: PathLike) -> Message | None:
    """What a file is that is often saved where another one was meant, as a clause; None for any other file."""
    try:
        with open_regular(path) as file:
            beginning = file.read(512).lstrip().lower()
    except OSError:
        return None
    if beginning.startswith(b"version https://git-lfs"):
        return Message("a pointer of Git LFS, not the file itself")
    if beginning.startswith((b"<!doctype html", b"<html")):
        return Message("a web page, not the file that the page offers")
    if beginning.startswith((b"rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"bzh", b"\xfd7zxz")):
        return Message("an archive; unpack it first")
    return None
