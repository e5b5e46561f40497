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
from tests.commands import Runner, one_sentence
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


@pytest.mark.parametrize("name", ["写" * 90, "two\nlines"])
def test_a_name_that_cannot_be_given_is_refused_before_the_work(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing that the work needs is there, and it is not missed."""
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path))
    for words in (
        ("render", "--weights", "none", "--labels", "none.png", "--out", tmp_path / f"{name}.png"),
        ("parse", "none.png", "--weights", "none", "--out", tmp_path / f"{name}.png"),
        ("edit", "none.png", "--weights", "none", "--style", "hair=mean", "--out", tmp_path / f"{name}.png"),
        ("train", "--data", "none", "--recipe", "parser-small", "--out", tmp_path / name),
        ("publish", "none", "--name", name),
        ("import", "none.pth", "--name", name),
        ("data", "none", "--json", tmp_path / f"{name}.json"),
    ):
        refused = run(*words)
        assert refused.code == 2 and "none" not in one_sentence(refused.err), words
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["dots. ", " ", "."])
def test_weights_are_not_called_what_some_systems_call_otherwise(run: Runner, name: str) -> None:
    for words in (("publish", "none", "--name", name), ("import", "none.pth", "--name", name)):
        refused = run(*words)
        assert refused.code == 2 and "cannot be the name of weights" in one_sentence(refused.err)


LONG = "写" * 90


@pytest.mark.parametrize(
    "words", [("data", LONG), ("train", "--data", ".", "--recipe", LONG), ("render", LONG, "--out", "a.png")]
)
def test_an_input_whose_name_is_longer_than_names_can_be_is_one_sentence(run: Runner, words: tuple[str, ...]) -> None:
    refused = run(*words)
    assert refused.code == 2 and one_sentence(refused.err)


def test_metrics_of_earlier_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('[{"weights": "a", "system": "b", "data": "c", "split": "d"}]')
    assert not check_json_file(tmp_path / "m.json", {"weights", "system"})
    (tmp_path / "m.json").write_text('{"weights": "a"}')
    with pytest.raises(BadRequest):
        check_json_file(tmp_path / "m.json", {"weights", "system"})
