"""No command writes over what it reads, or over a file that is not its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.cli.common import check_apart, check_json_file
from engine.cli.request import files_of
from engine.errors import BadRequest
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ImageStyle
from tests.commands import Runner
from tests.fixtures import write_dataset


def test_an_input_is_recognised_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to("a.png")
    os.link(tmp_path / "a.png", tmp_path / "hard.png")
    for name in ("a.png", "link.png", "hard.png"):
        with pytest.raises(BadRequest, match="would be written over"):
            check_apart(tmp_path / name, [None, tmp_path / "not there", tmp_path / "a.png"])
    check_apart(tmp_path / "new.png", [tmp_path / "a.png"])


def test_a_request_names_all_files_that_it_reads() -> None:
    style = ImageStyle("hair.jpg", 1, label_map_path="hair.png")
    request = EditRequest("weights", PhotoReference("photo.jpg"), edits=(RegionEdit(1, style),))
    assert sorted(files_of(request)) == ["hair.jpg", "hair.png", "photo.jpg"]


def test_a_report_replaces_a_report_and_nothing_else(run: Runner, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", side=16, train=2, val=1)
    classes = (data / "classes.json").read_bytes()
    refused = run("data", data, "--json", data / "classes.json")
    assert refused.code == 2 and "would be written over" in refused.err
    assert (data / "classes.json").read_bytes() == classes
    for _ in range(2):
        assert run("data", data, "--json", tmp_path / "report.json").code == 0
    assert json.loads((tmp_path / "report.json").read_text())["pairs"] == 3


def test_metrics_of_earlier_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('[{"weights": "a", "system": "b", "data": "c", "split": "d"}]')
    assert not check_json_file(tmp_path / "m.json", {"weights", "system"})
    (tmp_path / "m.json").write_text('{"weights": "a"}')
    with pytest.raises(BadRequest):
        check_json_file(tmp_path / "m.json", {"weights", "system"})
