"""What a training takes of the machine: memory of this program, free memory, the run's files, free disk."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GB, MB = 1e9, 1e6


@dataclass(frozen=True)
class Use:
    """Bytes; 0 for files of a run that is not there."""

    memory: int
    memory_free: int
    run: int
    disk_free: int


def use_of(run_folder: Path | None) -> Use:
    """Looks at the machine; reads folders, so call it in a worker."""
    from engine.devices import free_memory
    from engine.memory import resident_bytes

    run_bytes, free_bytes = 0, 0
    if run_folder is not None:
        run_bytes = folder_bytes(run_folder)
        nearest_folder = run_folder
        while not nearest_folder.exists() and nearest_folder != nearest_folder.parent:
            nearest_folder = nearest_folder.parent
        with suppress(OSError):
            free_bytes = shutil.disk_usage(nearest_folder).free
    return Use(resident_bytes(), free_memory(), run_bytes, free_bytes)


def folder_bytes(folder: Path) -> int:
    """What all files in a folder take; of one that changes while it is read, what was found."""
    byte_count = 0
    with suppress(OSError):
        for file_path in folder.rglob("*"):
            with suppress(OSError):
                byte_count += file_path.stat().st_size if file_path.is_file() else 0
    return byte_count


def folder_text(folder: Path) -> str:
    """The same for people."""
    return size_text(folder_bytes(folder))


def size_text(byte_count: float) -> str:
    """Bytes for people: "1.2 GB", "34 MB"."""
    if byte_count >= GB:
        return f"{byte_count / GB:.1f} GB"
    return f"{byte_count / MB:.0f} MB" if byte_count >= MB else f"{byte_count / 1e3:.0f} kB"
