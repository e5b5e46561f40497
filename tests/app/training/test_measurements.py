"""Weights measured one after the other, without a window."""

from __future__ import annotations

import json
from pathlib import Path

from app.training.measurements import Measurements, Place, preferred_split, splits_of

DATA = Path("data")


def numbers(weights: str, split: str = "test", **values) -> dict:
    return {"weights": weights, "split": split, "pictures": 2, **values}


def test_weights_stand_side_by_side_with_all_their_lines():
    measured = Measurements()
    measured.add(numbers("one", psnr=20.0), DATA)
    measured.add(numbers("two", ssim=0.5), DATA)
    assert measured.titles() == ["one (test)", "two (test)"]
    table = dict(measured.table())
    assert list(table) == ["pictures", "psnr", "ssim"]
    assert table["psnr"][1] == "–" and table["ssim"][0] == "–"


def test_measuring_again_replaces_the_old_numbers():
    measured = Measurements()
    measured.add(numbers("one", psnr=20.0), DATA)
    measured.add(numbers("two", psnr=30.0), DATA)
    measured.add(numbers("one", psnr=25.0), DATA)
    assert [metrics["psnr"] for metrics in measured.metrics] == [25.0, 30.0]
    assert measured.last_place == Place("two", DATA, "test")


def test_one_measurement_is_saved_alone_and_several_as_a_list():
    measured = Measurements()
    measured.add(numbers("one"), DATA)
    assert json.loads(measured.as_json())["weights"] == "one"
    measured.add(numbers("my/two"), DATA)
    assert [metrics["weights"] for metrics in json.loads(measured.as_json())] == ["one", "my/two"]
    assert measured.file_name() == "one-my-two"


def test_the_test_split_is_measured_first_and_empty_ones_are_not_offered(tmp_path):
    (tmp_path / "splits.json").write_text(json.dumps({"train": ["a"], "val": ["b"], "test": []}), "utf-8")
    splits = splits_of(tmp_path)
    assert splits == ["train", "val"] and preferred_split(splits) == 1
    (tmp_path / "splits.json").write_text("no json", "utf-8")
    assert splits_of(tmp_path) == [] and splits_of(None) == [] and preferred_split([]) == 0
