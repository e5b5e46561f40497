"""`tessera weights`: checking the files, removing, and what is missing."""

from __future__ import annotations

import json

import pytest
import torch

from engine.cli.edit import edits_of
from engine.cli.weights import weights_serving
from engine.errors import WeightsError
from engine.labels.label_sets import load_label_set
from engine.requests.render import RenderRequest
from engine.weights.card import Card
from engine.weights.store import list_weights, save_weights, user_weights_folder
from tests.commands import one_sentence


def install(name: str) -> None:
    save_weights(user_weights_folder() / name, Card(name=name, system="sean"), {"w": torch.zeros(3)})


def test_check_reads_every_file(run, tiny_weights):
    install("mine")
    assert run("weights", "--check").code == 0
    (model,) = (user_weights_folder() / "mine").glob("model-*")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    assert run("weights").code == 0  # the list reads cards and headers only
    done = run("weights", "--check", "--json")
    problems = {entry["name"]: entry["problem"] for entry in json.loads(done.out)}
    assert done.code == 1 and "SHA-256 differs" in problems["mine"] and problems["tiny-sean"] is None


def test_a_command_takes_weights_that_can_be_used_unless_told(tiny_weights):
    """Those of a discriminator alone are of a system that paints, and paint nothing."""
    card = Card(name="a-discriminator", system="sean", networks={"discriminator": {}})
    save_weights(user_weights_folder() / "a-discriminator", card, {"discriminator.w": torch.zeros(3)})
    names = [entry.name for entry in list_weights()]
    assert names.index("a-discriminator") < names.index("tiny-sean")
    assert weights_serving(RenderRequest, None) == "tiny-sean"


@pytest.mark.parametrize("words", [("--remove", "mine"), ("--measure-styles", "mine", "--data", "photos")])
def test_names_beside_an_option_with_its_own_are_refused(run, tiny_weights, words):
    install("mine")
    done = run("weights", "tiny-sean", *words)
    assert done.code == 2 and words[0] in one_sentence(done.err) and '"tiny-sean"' in done.err
    assert (user_weights_folder() / "mine").exists()


def test_what_is_missing_is_told_in_json_as_well(run, tiny_weights):
    (spade,) = json.loads(run("weights", "spade", "--json").out)
    assert spade["name"] == "spade" and spade["folder"] == str(user_weights_folder()) and spade["files"]
    assert spade["missing"] is True


def test_the_list_says_what_each_set_of_weights_can_be_asked_for(run, tiny_weights):
    """Those of a discriminator alone were listed as the system's own."""
    card = Card(name="a-discriminator", system="sean", networks={"discriminator": {}})
    save_weights(user_weights_folder() / "a-discriminator", card, {"discriminator.w": torch.zeros(3)})
    told = run("weights", "tiny-sean", "tiny-parser", "a-discriminator")
    listed = dict(block.strip().split(":", 1) for block in told.out.split("\n\n") if ":" in block)
    assert "does        paint label maps, restyle photos, a style for each region" in listed["tiny-sean"]
    assert "does        find label maps\n" in listed["tiny-parser"]
    assert "does" not in listed["a-discriminator"]


def test_remove_takes_one_s_own_and_nothing_else(run, tiny_weights):
    install("mine")
    done = run("weights", "--remove", "mine")
    assert done.code == 0 and not (user_weights_folder() / "mine").exists()
    assert run("weights", "--remove", "mine").code == 2


def test_the_list_says_what_is_missing_and_its_name_where_it_goes(run, tiny_weights):
    (line,) = [line for line in run("weights").out.splitlines() if line.startswith("not installed, none needed: ")]
    assert "spade" in line and "sean" not in line
    assert str(user_weights_folder()) in run("weights", "spade").out
    done = run("weights", "sparde")
    assert done.code == 2 and "spade" in done.err


def test_the_list_is_a_line_each_and_a_name_tells_the_whole_of_it(run, tiny_weights):
    """It was ten lines each, notes cut off, and scrolled away."""
    save_weights(
        user_weights_folder() / "mine",
        Card(name="mine", system="sean", notes="word " * 60 + "end"),
        {"w": torch.zeros(3)},
    )
    lines = run("weights").out.splitlines()
    assert len(lines) == len(list_weights()) + 2
    assert run("weights", "mine").out.split().count("word") == 60
    entries = json.loads(run("weights", "mine", "--json").out)
    assert [entry["name"] for entry in entries] == ["mine"]


def test_the_side_and_the_main_numbers_of_weights_with_several_networks_are_listed(run, tiny_weights):
    """The side was asked of the config of weights with one network, and missing."""
    networks = {"generator": {"resolution": 64}, "encoder": {}}
    card = Card(name="two", system="smis", networks=networks, metrics={"val": {"psnr": 16.5, "seconds": 3.0}})
    save_weights(user_weights_folder() / "two", card, {"generator.w": torch.zeros(3), "encoder.w": torch.zeros(3)})
    assert "two smis 64 px 0.0 MB PSNR 16.5" in " ".join(run("weights").out.split())
    done = run("weights", "two")
    assert "two: smis, 64 px, 0.0 MB" in done.out.splitlines()
    assert "on val PSNR 16.5" in " ".join(done.out.split()) and "seconds" not in done.out


def test_a_name_that_is_not_installed_is_answered_by_those_that_serve_the_command(tiny_weights):
    """A near name of another kind would not help."""
    with pytest.raises(WeightsError, match='no weights called "tiny-parse"; these .*: .*tiny-sean') as refused:
        weights_serving(RenderRequest, "tiny-parse")
    assert "did you mean" not in str(refused.value) and "tiny-parser" not in str(refused.value).split(";")[1]


@pytest.mark.parametrize(
    "words",
    [["publish", "RUN", "--name", "mine"], ["evaluate", "--weights", "tiny-sean", "--data", "RUN"], ["data", "RUN"]],
)
def test_a_folder_that_does_not_exist_is_said_to_be_none(run, tiny_weights, tmp_path, words):
    done = run(*(tmp_path / "nowhere" if word == "RUN" else word for word in words))
    assert done.code == 2 and "nowhere" in done.err
    assert "There is no folder" in done.err or "is not a folder" in done.err


def test_a_text_is_no_weights_file_rather_than_one_with_code(run, tmp_path):
    for text in ("catch me if you ca", "hello, weights!!\n"):
        (tmp_path / "text.png").write_text(text)
        done = run("import", tmp_path / "text.png", "--name", "mine")
        assert done.code == 2 and "is not a weights file" in done.err, text


def test_which_labels_a_word_is_taken_for_is_said(capsys):
    label_set = load_label_set("faces")
    assert [edit.label for edit in edits_of(label_set, [], ["hairs=#a01030"], [])[0]] == [label_set.find("hair")]
    assert capsys.readouterr().err == 'Note: "hairs" is taken as hair.\n'
    edits_of(label_set, [], ["hair=#a01030"], [])
    assert capsys.readouterr().err == ""
