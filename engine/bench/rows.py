"""What every benchmark says besides its rows: where it was measured, and the file that the rows are kept in."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch

from engine.files import write_text


class Measured(Protocol):
    """A dataclass of plain values: a row, or a comparison."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def write_json(path: Path, measured: Measured | Sequence[Measured]) -> None:
    """Write rows as a JSON list, or one comparison as an object. Raises BadFile."""
    json_data = [asdict(row) for row in measured] if isinstance(measured, Sequence) else asdict(measured)
    write_text(path, json.dumps(json_data, indent=1) + "\n")


def machine() -> str:
    """One line about where this was measured."""
    processor = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        model_names = [
            line.split(":", 1)[1].strip() for line in cpu_info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = model_names[0] if model_names else processor
    return f"{processor}, {torch.get_num_threads()} threads, torch {torch.__version__}, {platform.system()}"
