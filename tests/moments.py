"""What a kill at any moment leaves of a folder: a copy of it before every single change that this process makes to it.

A process that is killed leaves the files as its last change left them, so the copies are exactly what kills leave,
with nothing but one run. Python reports the changes (`sys.addaudithook`), whichever function makes them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from engine.files import TEMPORARY_FILES

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.link", "os.symlink"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_watchers: list[_Watcher] = []
_is_hooked = False


class _Watcher:
    def __init__(self, folder: Path, copies: Path, appended: tuple[str, ...]) -> None:
        self.folder, self.copies, self.appended = folder, copies, appended
        self.moments: list[Path] = []
        self.written_in_place: list[str] = []
        self._copying = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._copying or not (event in _CHANGES or event == "open"):
            return
        if event == "open" and not (arguments[2] or 0) & _WRITES:
            return
        named = [path for path in arguments[:2] if isinstance(path, (str, bytes, Path))]
        paths = [Path(os.path.abspath(os.fsdecode(path))) for path in named]
        inside = [path for path in paths if self.folder in path.parents or path == self.folder]
        if not inside:
            return
        if event == "open" and not self._may_be_written(inside[0]):
            self.written_in_place.append(str(inside[0]))
        self._copying = True
        try:
            self.keep()
        finally:
            self._copying = False

    def _may_be_written(self, path: Path) -> bool:
        names = path.relative_to(self.folder).parts
        return any(fnmatch(name, TEMPORARY_FILES) for name in names) or path.name in self.appended

    def keep(self) -> None:
        copy = self.copies / f"{len(self.moments):03}"
        shutil.copytree(self.folder, copy, symlinks=True)
        self.moments.append(copy)


@contextmanager
def every_moment(folder: Path, copies: Path, appended: tuple[str, ...] = ()) -> Iterator[list[Path]]:
    """Copies of `folder` before each change inside the block, and one after the last; they are filled in as it goes.

    Fails where a file is written in place: it would be half there for a moment. `appended`: names of those that may.
    """
    global _is_hooked
    watcher = _Watcher(folder.resolve(), copies, appended)
    copies.mkdir(parents=True, exist_ok=True)
    if not _is_hooked:
        sys.addaudithook(lambda event, arguments: [watch(event, arguments) for watch in _watchers] and None)
        _is_hooked = True
    _watchers.append(watcher)
    try:
        yield watcher.moments
    finally:
        _watchers.remove(watcher)
    watcher.keep()
    assert not watcher.written_in_place, f"written in place: {watcher.written_in_place}"
