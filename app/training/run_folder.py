"""What a run folder says about itself, and which run folders there are. The folder is the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.training.run.record import BEST, CONFIG, LAST, read_record


@dataclass(frozen=True)
class RunInfo:
    """What a run folder says about itself in config.json."""

    folder: Path
    system: str
    steps: int
    resolution: int
    batch: int
    data: Path
    recipe: dict[str, Any]
    label_set: dict[str, Any]
    resumable: bool  # it has a checkpoint
    has_best: bool  # it has been validated: it can become weights


def is_run(run_folder: Path) -> bool:
    """Whether a folder looks like one that training wrote."""
    return (run_folder / CONFIG).is_file() and not (run_folder / "card.json").is_file()


def taken(run_folder: Path) -> bool:
    """Whether a new run cannot go into a folder: it is a file, or something is in it."""
    try:
        return run_folder.exists() and (not run_folder.is_dir() or any(run_folder.iterdir()))
    except OSError:
        return False  # writing there will say why it cannot be done


def forget_unbegun(run_folder: Path, *, prepared: bool) -> bool:
    """Clear a run folder in which nothing was trained. Returns whether its name is free again.

    Nothing is deleted where more is in it than what preparing the run wrote; `prepared`: whether it came so far, so
    that config.json is its own and not another run's.
    """
    own_files = {CONFIG} if prepared else set()
    try:
        if {left_over.name for left_over in run_folder.iterdir()} - own_files:
            return False
        for file_name in own_files:
            (run_folder / file_name).unlink(missing_ok=True)
        run_folder.rmdir()
    except FileNotFoundError:
        return True  # it was not made yet
    except OSError:
        return False
    return True


def read_run(run_folder: Path) -> RunInfo:
    """What is known about a run folder.

    Raises:
        BadFile: it is no run folder, or its config.json does not read.
    """
    record = read_record(run_folder)
    return RunInfo(
        run_folder,
        record.recipe["system"],
        record.recipe["steps"],
        record.recipe["resolution"],
        record.recipe["batch"],
        Path(record.data),
        record.recipe,
        record.label_set or {},
        run_folder.joinpath(*LAST).is_file(),
        (run_folder / BEST).is_file(),
    )


def runs_in(parent_folder: Path) -> list[Path]:
    """The run folders inside a folder, the one that was written to last first."""
    try:
        dated_runs = [
            (subfolder.stat().st_mtime, subfolder)
            for subfolder in parent_folder.iterdir()
            if subfolder.is_dir() and is_run(subfolder)
        ]
    except OSError:
        return []
    return [subfolder for _, subfolder in sorted(dated_runs, reverse=True)]
