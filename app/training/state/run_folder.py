"""What a run folder says about itself, and which run folders there are. The folder is the engine's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import BadFile
from engine.files import cannot

CONFIG = "config.json"
CHECKPOINT, BEST = Path("checkpoints") / "last.pt", "best.safetensors"


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


def is_run(folder: Path) -> bool:
    """Whether a folder looks like one that training wrote."""
    return (folder / CONFIG).is_file() and not (folder / "card.json").is_file()


def taken(folder: Path) -> bool:
    """Whether a new run cannot go into a folder: it is a file, or something is in it."""
    try:
        return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError:
        return False  # whoever writes there says why it cannot be done


def forget_unbegun(folder: Path, *, prepared: bool) -> bool:
    """Clear a run folder in which nothing was trained. Returns whether its name is free again.

    Nothing is deleted where more is in it than what preparing the run wrote; `prepared`: whether it came so far, so
    that config.json is its own and not another run's.
    """
    own = {CONFIG} if prepared else set()
    try:
        if {path.name for path in folder.iterdir()} - own:
            return False
        for name in own:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return True  # it was not made yet
    except OSError:
        return False
    return True


def read_run(folder: Path) -> RunInfo:
    """What is known about a run folder.

    Raises:
        BadFile: it is no run folder, or its config.json does not read.
    """
    path = folder / CONFIG
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        recipe = found["recipe"]
        return RunInfo(
            folder,
            str(recipe["system"]),
            int(recipe["steps"]),
            int(recipe["resolution"]),
            int(recipe["batch"]),
            Path(found["data"]),
            dict(recipe),
            dict(found.get("label_set") or {}),
            (folder / CHECKPOINT).is_file(),
            (folder / BEST).is_file(),
        )
    except FileNotFoundError as error:
        raise BadFile('"{0}" is no run folder: it has no config.json; choose one that has.', folder) from error
    except OSError as error:
        raise cannot("read", path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(
            '"{0}" is damaged, it is not what training wrote; choose another run.',
            path,
            details=repr(error),
        ) from error


def runs_in(folder: Path) -> list[Path]:
    """The run folders inside a folder, the one that was written to last first."""
    try:
        found = [(path.stat().st_mtime, path) for path in folder.iterdir() if path.is_dir() and is_run(path)]
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)]
