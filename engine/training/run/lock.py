"""A run folder is one process's: a second that wrote into it would mix two runs into one.

The lock is the system's, on config.json itself, so that nothing is left when a process dies. Where the system has none
of this kind (Windows, some network disks) runs are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import TrainingError
from engine.files import open_regular
from engine.training.run.record import CONFIG

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_process(run_folder: Path) -> Iterator[None]:
    """Hold a run folder. Raises TrainingError where another run, in this process or another, holds it."""
    try:
        config_file = open_regular(run_folder / CONFIG)
    except OSError:
        yield  # there is no run yet that another could hold
        return
    with config_file:
        if _is_held(config_file):
            raise TrainingError(
                '"{0}" is being trained by another process; wait for it, or choose another folder.', run_folder
            )
        yield


def _is_held(file: BinaryIO) -> bool:
    """Whether somebody else holds a file; it is held from now on otherwise."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a disk without locks
        return False
    return False
