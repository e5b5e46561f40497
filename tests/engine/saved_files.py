"""What `tests/saved_before/` holds, for tests that open it, and whether sums here have the bits that they had there."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

SAVED = Path(__file__).parents[1] / "saved_before"
ABOUT: dict[str, Any] = json.loads((SAVED / "expected.json").read_text("utf-8"))


def machine() -> str:
    """What decides the last bits of a sum, as it was written down with the files."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text("utf-8").splitlines()
        found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        wanted = ("model name", "cpu family", "model", "stepping")
        processor = " ".join(found[key] for key in wanted if key in found) or processor
    return f"torch {torch.__version__}, {processor}, {torch.backends.cpu.get_cpu_capability()}"


def adds_up_alike() -> bool:
    """Whether sums here have the bits that they had where the files were made."""
    return machine() == ABOUT["machine"] and torch.get_num_threads() == 1


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands start in: a copy of what was saved, its weights on the search path."""
    folder = shutil.copytree(SAVED, tmp_path / "saved")
    monkeypatch.setenv("TESSERA_WEIGHTS", str(folder / "weights"))
    monkeypatch.chdir(folder / "requests")
    return folder
