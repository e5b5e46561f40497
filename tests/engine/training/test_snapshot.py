"""The file of a run's best network: what is written is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.training.run.snapshot import Snapshot, read_numbers, read_snapshot, write_weights


@pytest.mark.parametrize("networks", [{}, {"player": {"width": 4}, "hearer": {}}])
def test_a_written_snapshot_is_read_whole(tmp_path: Path, networks: dict[str, dict[str, int]]) -> None:
    state = {"w": torch.arange(3.0)}
    written = Snapshot("tones", {"width": 4}, state, step=7, seconds=12.0, numbers={"score": 0.5}, networks=networks)
    write_weights(tmp_path / "best.safetensors", written)
    read = read_snapshot(tmp_path / "best.safetensors")
    assert replace(read, state={}) == replace(written, state={}) and torch.equal(read.state["w"], state["w"])
    assert read_numbers(tmp_path / "best.safetensors") == {"score": 0.5}
