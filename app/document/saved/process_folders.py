"""What each running editor keeps in the user's state folder: which file it has open, and its document as last changed.

A folder is named by its process: number and start, so that a number that is given again is no one else's. What a
process that is no more has left there can be brought back. `psutil` is asked in workers: importing it takes a while.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.document.saved.document_file import Manifest, read_manifest
from app.shell.paths import user_dir
from engine.documents.document_file import SUFFIX
from engine.errors import EngineError
from engine.files import make_folder, write_text
from engine.plain_data import read_json

AUTOSAVED = f"document{SUFFIX}"
OPEN_FILE = "open.json"
SAME_START_S = 5.0  # the system works the start out from its clock, which may be set meanwhile

_NAME = re.compile(r"(\d+)-(\d+)")


def state_folder() -> Path:
    """Where the folders of all processes are."""
    return user_dir("state") / "documents"


def own_folder(base: Path) -> Path:
    """The folder of this process, which need not be there yet."""
    return base / f"{os.getpid()}-{round(_start_of(os.getpid()) or 0)}"


def _start_of(process: int) -> float | None:
    """When a process began, in seconds since 1970; None where there is none."""
    import psutil

    try:
        return float(psutil.Process(process).create_time())
    except psutil.Error:
        return None


def _is_alive(folder: Path) -> bool:
    process, start = map(int, folder.name.split("-"))
    began = _start_of(process)
    return began is not None and abs(began - start) <= SAME_START_S


def _folders(base: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder for folder in base.iterdir() if _NAME.fullmatch(folder.name))
    return []


# ---------------------------------------------------------------- which files are open


def tell_open(folder: Path, path: Path | None) -> None:
    """Say which file a process's document is held by, None for none. Raises BadFile."""
    make_folder(folder)
    write_text(folder / OPEN_FILE, json.dumps({"path": None if path is None else str(path.absolute())}))


def is_open_elsewhere(path: Path, base: Path | None = None) -> bool:
    """Whether another editor that runs has this file open."""
    for folder in _folders(state_folder() if base is None else base):
        if folder.name.startswith(f"{os.getpid()}-"):
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
