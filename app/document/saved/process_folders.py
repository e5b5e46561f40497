"""What each running editor keeps in the user's state folder: which file it has open, and its document as last changed.

A process holds a file in its folder until it ends: what nobody holds was left, and can be brought back. A folder is
named by its process: number, start and computer, so that no two have one. Where the system or the disk has no locks,
number and start tell whether the process lives. `psutil` is asked in workers: importing it takes a while.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from app.document.saved.document_file import Manifest, read_manifest
from app.shell.paths import user_dir
from engine.documents.document_file import SUFFIX
from engine.errors import EngineError
from engine.files import cannot, hold, make_folder, write_text
from engine.plain_data import read_json

AUTOSAVED = f"document{SUFFIX}"
OPEN_FILE = "open.json"
HELD_FILE = "held"
SAME_START_S = 5.0  # the system works the start out from its clock, which may be set meanwhile

_NAME = re.compile(r"(\d+)-(\d+)(?:-([0-9a-f]{8}))?")  # process, start, computer
_held_files: dict[Path, BinaryIO] = {}
"""By the folder of this process that each stands in."""


def state_folder() -> Path:
    """Where the folders of all processes are."""
    return user_dir("state") / "documents"


def own_folder(base: Path) -> Path:
    """The folder of this process, which need not be there yet."""
    return base / _own_name()


@cache
def _own_name() -> str:
    return f"{os.getpid()}-{round(_start_of(os.getpid()) or 0)}-{_computer()}"


def _computer() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def hold_folder(folder: Path) -> None:
    """Make a folder of this process, unless it is there, and hold it until `release_folder`. Raises BadFile."""
    held_path = folder / HELD_FILE
    if folder in _held_files and held_path.exists():
        return
    release_folder(folder)
    make_folder(folder)
    unheld_path = folder / f"{HELD_FILE}-{secrets.token_hex(6)}"
    try:
        file = open(unheld_path, "xb")
        if hold(file):
            _held_files[folder] = file
            os.replace(unheld_path, held_path)  # held from the moment that others see it
        else:
            file.close()
            unheld_path.unlink()
    except OSError as error:
        raise cannot("write", held_path, error) from error


def release_folder(folder: Path) -> None:
    """From now on, what is in a folder of this process is what it has left."""
    file = _held_files.pop(folder, None)
    if file is not None:
        file.close()


def _start_of(process: int) -> float | None:
    """When a process began, in seconds since 1970; None where there is none."""
    import psutil

    try:
        return float(psutil.Process(process).create_time())
    except psutil.Error:
        return None


def _is_alive(folder: Path) -> bool:
    """Whether the process that a folder belongs to runs, as far as can be told; else it counts as running."""
    if folder in _held_files:
        return True
    try:
        with open(folder / HELD_FILE, "r+b") as file:  # disks of other computers lock what may be written alone
            is_nobodys = hold(file)
    except OSError:  # an earlier Tessera held none
        is_nobodys = None
    return _seems_alive(folder) if is_nobodys is None else not is_nobodys


def _seems_alive(folder: Path) -> bool:
    match = _NAME.fullmatch(folder.name)
    assert match is not None
    if match[3] not in (None, _computer()):
        return True
    began = _start_of(int(match[1]))
    return began is not None and abs(began - int(match[2])) <= SAME_START_S


def _folders(base: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder for folder in base.iterdir() if _NAME.fullmatch(folder.name))
    return []


# ---------------------------------------------------------------- which files are open


def tell_open(folder: Path, path: Path | None) -> None:
    """Say which file a process's document is held by, None for none. Raises BadFile."""
    hold_folder(folder)
    write_text(folder / OPEN_FILE, json.dumps({"path": None if path is None else str(path.absolute())}))


def is_open_elsewhere(path: Path, base: Path | None = None) -> bool:
    """Whether another editor that runs has this file open."""
    for folder in _folders(state_folder() if base is None else base):
        if folder.name == _own_name():
            continue
        try:
            open_file = read_json(folder / OPEN_FILE)["path"]
            is_same = open_file is not None and os.path.samefile(open_file, path)
        except (EngineError, OSError, ValueError, KeyError, TypeError):
            continue
        if is_same and _is_alive(folder):
            return True
    return False


# ---------------------------------------------------------------- what was left


@dataclass(frozen=True)
class Leftover:
    """A document that a process left when it ended before its time. thumbnail: PNG, b"" where it is damaged."""

    folder: Path
    manifest: Manifest
    thumbnail: bytes = b""

    @property
    def path(self) -> Path:
        """The file that has it."""
        return self.folder / AUTOSAVED

    def remove(self) -> None:
        """Throw it away."""
        shutil.rmtree(self.folder, ignore_errors=True)


def leftovers(base: Path | None = None) -> list[Leftover]:
    """The documents that can be brought back, the newest first. Folders that hold none are removed."""
    left: list[Leftover] = []
    for folder in _folders(state_folder() if base is None else base):
        if _is_alive(folder):
            continue
        if not (folder / AUTOSAVED).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            left.append(Leftover(folder, *read_manifest(folder / AUTOSAVED)))
        except EngineError:
            left.append(Leftover(folder, Manifest(saved=_changed(folder / AUTOSAVED))))  # opening it says what is wrong
    return sorted(left, key=lambda leftover: leftover.manifest.saved, reverse=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
