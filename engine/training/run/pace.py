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

    def step(self, images: int) -> None:
        """One step is done, with so many pictures."""
        self._steps += 1
        self._images += images

    def images_per_second(self) -> float:
        """Since the last call."""
        now = time.monotonic()
        rate = self._images / max(1e-9, now - self._window)
        self._images, self._window = 0, now
        return rate

    def left(self, steps: int) -> float:
        """Seconds that `steps` more steps will take as things went in this session, validations included."""
        return (time.monotonic() - self._session) / max(1, self._steps) * steps

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time in here is nobody's work."""
        began = time.monotonic()
        try:
            yield
        finally:
            waited = time.monotonic() - began
            self._zero += waited
            self._session += waited
            self._window += waited


def machine_use(folder: Path, device: torch.device) -> dict[str, int]:
    """Bytes of memory this process holds (and, on a GPU, the most it held there) and bytes free beside the run."""
    use = {"memory_bytes": resident_bytes()}
    if device.type == "cuda":
        use["device_memory_bytes"] = int(torch.cuda.max_memory_allocated(device))
    there = next((p for p in (folder, *folder.absolute().parents) if p.is_dir()), None)
    if there is not None:
        use["disk_free_bytes"] = shutil.disk_usage(there).free
    return use
