"""A run folder is one run's at a time, and a validation split may hold a single picture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import TrainingError
from engine.training.feature_distance import FeatureDistance
from engine.training.run.lock import only_process
from tests.engine.training.tiny import PARSER, changed, start
from tests.fixtures import write_dataset


def test_a_second_run_in_the_folder_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", side=16, train=2)
    refusals = []

    def begin_another(event: str, facts: dict[str, object]) -> None:
        if event == "step":
            with pytest.raises(TrainingError, match="another process") as caught:
                start(PARSER, data, tmp_path / "run", resume=True)
            refusals.append(caught.value)

    start(changed(PARSER, steps=1), data, tmp_path / "run", begin_another).run()
    assert len(refusals) == 1
    start(changed(PARSER, steps=2), data, tmp_path / "run", resume=True).run()


def test_what_a_killed_run_left_half_written_goes_when_it_is_resumed(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", side=16, train=2)
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    (tmp_path / "run" / "checkpoints" / ".tessera-0123456789ab.tmp").write_bytes(b"half a checkpoint")
    start(changed(PARSER, steps=1), data, tmp_path / "run", resume=True)
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["last.pt"]


def test_a_folder_is_free_again_afterwards_and_before_there_is_a_run(tmp_path: Path) -> None:
    with only_process(tmp_path):
        pass
    (tmp_path / "config.json").write_text("{}")
    for _ in range(2):
        with only_process(tmp_path), pytest.raises(TrainingError), only_process(tmp_path):
            pass


def test_the_distance_of_one_picture_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    distance = FeatureDistance(None)
    distance.real_rows, distance.fake_rows = [torch.ones(1, 4)], [torch.zeros(1, 4)]
    assert distance.numbers() == {}
    distance.real_rows, distance.fake_rows = [torch.randn(2, 4)], [torch.randn(2, 4)]
    assert set(distance.numbers()) == {"fid_mobilenet_v2"}
