"""What a training takes of the machine: memory of this program, free memory, the run's files, free disk."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.devices import free_memory
from engine.memory import resident_bytes

GB, MB = 1e9, 1e6


@dataclass(frozen=True)
class Use:
    """Bytes; 0 for files of a run that is not there."""

    memory: int
    memory_free: int
    run: int
    disk_free: int


def use_of(run: Path | None) -> Use:
    """Looks at the machine; reads folders, so call it in a worker."""
    size, free = 0, 0
    if run is not None:
        size = folder_bytes(run)
        place = run
        while not place.exists() and place != place.parent:
            place = place.parent
        with suppress(OSError):
            free = shutil.disk_usage(place).free
    return Use(resident_bytes(), free_memory(), size, free)


def folder_bytes(folder: Path) -> int:
    """What all files in a folder take; of one that changes meanwhile, what was found."""
    size = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            with suppress(OSError):
                size += path.stat().st_size if path.is_file() else 0
    return size


def folder_text(folder: Path) -> str:
    """The same for people."""
    return size_text(folder_bytes(folder))


def size_text(count: float) -> str:
    """Bytes for people: "1.2 GB", "34 MB"."""
    if count >= GB:
        return f"{count / GB:.1f} GB"
    return f"{count / MB:.0f} MB" if count >= MB else f"{count / 1e3:.0f} kB"
