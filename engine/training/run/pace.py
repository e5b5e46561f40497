"""How fast a run goes, how long it still takes, what it takes of the machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from engine.memory import resident_bytes


class Pace:
    """The clock of a run; waiting does not count.

    seconds: what earlier sessions of the run took.
    """

    def __init__(self, seconds: float) -> None:
        self._zero = time.monotonic() - seconds
        self._session = self._window = time.monotonic()
        self._steps = self._images = 0

    @property
    def seconds(self) -> float:
        """Seconds of work, earlier sessions included."""
        return time.monotonic() - self._zero

    def count_step(self, picture_count: int) -> None:
        """One step is done, with so many pictures."""
        self._steps += 1
        self._images += picture_count

    def images_per_second(self) -> float:
        """Since the last call."""
        now = time.monotonic()
        pictures_per_second = self._images / max(1e-9, now - self._window)
        self._images, self._window = 0, now
        return pictures_per_second

    def seconds_left(self, remaining_steps: int) -> float:
        """Seconds that `remaining_steps` more steps will take as things went in this session, validations included."""
        return (time.monotonic() - self._session) / max(1, self._steps) * remaining_steps

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time spent inside is not counted as work."""
        waiting_since = time.monotonic()
        try:
            yield
        finally:
            waited_seconds = time.monotonic() - waiting_since
            self._zero += waited_seconds
            self._session += waited_seconds
            self._window += waited_seconds


def machine_use(run_folder: Path, device: torch.device) -> dict[str, int]:
    """Bytes of memory this process holds (and, on a GPU, the most it held there) and bytes free beside the run."""
    used_bytes = {"memory_bytes": resident_bytes()}
    if device.type == "cuda":
        used_bytes["device_memory_bytes"] = int(torch.cuda.max_memory_allocated(device))
    existing_folder = next((parent for parent in (run_folder, *run_folder.absolute().parents) if parent.is_dir()), None)
    if existing_folder is not None:
        used_bytes["disk_free_bytes"] = shutil.disk_usage(existing_folder).free
    return used_bytes
