"""A run folder is one process's: a second that wrote into it would mix two runs into one.

The lock is the system's, on config.json itself, so that nothing is left when a process dies. Where the system has none
of this kind (Windows, some network disks) runs are not told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import TrainingError
from engine.files import hold, open_regular
from engine.training.run.record import CONFIG


@contextmanager
def only_process(run_folder: Path) -> Iterator[None]:
    """Hold a run folder. Raises TrainingError where another run, in this process or another, holds it."""
    try:
        config_file = open_regular(run_folder / CONFIG)
    except OSError:
        yield  # there is no run yet that another could hold
        return
    with config_file:
        if hold(config_file) is False:
            raise TrainingError(
                '"{0}" is being trained by another process; wait for it, or choose another folder.', run_folder
            )
        yield
