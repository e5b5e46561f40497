"""The user's library of styles: a folder in which each kept style is a file of its own.

Several windows may use the folder at once: a style never takes the name of a file that is there, a file is written
whole, and who deletes or renames one touches no other.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.files import cannot, make_folder, read_bytes, write_bytes
from engine.requests.style_file import MOST_BYTES, SUFFIX, KeptStyle, read_style, write_style


@dataclass(frozen=True)
class Entry:
    """A style of the library and the file that holds it."""

    path: Path
    kept: KeptStyle


@dataclass(frozen=True)
class Contents:
    """What is in the library, by name, and what is wrong with files that hold no style."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[EngineError, ...] = ()


def read_library(folder: Path) -> Contents:
    """All styles of the folder; files that do not read hide no others. Files whose name begins with a dot are passed
    over: they are being written."""
    entries, problems = [], []
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    except OSError:
        return Contents()  # nothing is kept yet
    for path in paths:
        try:
            entries.append(Entry(path, read_style(path)))
        except EngineError as error:
            if path.is_file():  # else another window has deleted it meanwhile
                problems.append(error)
    entries.sort(key=lambda entry: (entry.kept.name.casefold(), entry.path.name))
    return Contents(tuple(entries), tuple(problems))


def keep(folder: Path, kept: KeptStyle, look: np.ndarray) -> Entry:
    """Put a style into the library; the rest as in `write_style`. Raises BadFile."""
    path = _free_path(make_folder(folder), kept.name)
    write_style(path, kept, look)
    return Entry(path, kept)


def adopt(folder: Path, file: Path) -> Entry:
    """Copy a style's file from elsewhere into the library. Raises BadFile where it holds no style."""
    kept = read_style(file)
    path = _free_path(make_folder(folder), kept.name)
    write_bytes(path, read_bytes(file, limit=MOST_BYTES))
    return Entry(path, kept)


def delete(entry: Entry) -> None:
    """Take a style out of the library; one that is gone already is no error. Raises BadFile."""
    try:
        entry.path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot("remove", entry.path, error) from error


def _free_path(folder: Path, name: str) -> Path:
    """A file name that tells people which style it is, and that no other window takes."""
    readable = re.sub(r"[^\w ]+", "-", name).strip("- ")[:40]
    return folder / f"{readable or 'style'}.{secrets.token_hex(4)}{SUFFIX}"
