"""The command line as a user meets it: help, sentences, exit codes, progress, and the list of weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.cli.common import ProgressLines, cancelling, check_target, guarded, progress
from engine.errors import BadFile, Cancelled, OutOfMemory
from engine.labels.label_sets import load_label_set
from engine.weights.card import Card
from engine.weights.store import save_weights
from tests.commands import Runner, one_sentence
from tools.finish_card import merged

# ---------------------------------------------------------------- mistakes and failures


def test_no_words_and_help_list_the_commands(run: Runner) -> None:
    for words in ([], ["--help"]):
        done = run(*words)
        assert done.code == 0
        for command in ("render", "parse", "import", "train", "verify", "evaluate", "weights"):
            assert command in done.out


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["paint"], "paint"),
        (["render"], "--out"),
        (["render", "--out", "a.png", "--seeed", "3"], "--seed"),
        (["render", "--out", "a.png", "--seed", "three"], "--seed"),
        (["parse", "photo.jpg", "--out", "l.png"], "--weights"),
        (["data", "folder", "surplus"], "surplus"),
    ],
)
def test_a_wrong_word_gets_one_sentence_that_names_it(run: Runner, words: list[str], names: str) -> None:
    done = run(*words)
    assert done.code == 2
    assert names in one_sentence(done.err)
    assert "--help" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadFile("The file is gone; look for it."), 2),
        (OutOfMemory("Too little memory; close something."), 3),
        (Cancelled(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_a_command_raises_decides_the_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as left:
        guarded(command)()
    assert left.value.code == code
    sentence = one_sentence(capsys.readouterr().err)
    assert str(error) in sentence or code == 130


def test_an_unexpected_failure_names_the_log_that_has_the_details(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "家 home"))

    def command() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(SystemExit) as left:
        guarded(command)()
    assert left.value.code == 3
    sentence = one_sentence(capsys.readouterr().err)
    log = tmp_path / "家 home" / "log" / "command-line.log"
    assert str(log) in sentence
    assert "ZeroDivisionError: a bug" in log.read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_hides_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "file"))

    def command() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(SystemExit):
        guarded(command)()
    assert "ZeroDivisionError: a bug" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["picture.gif", "picture", "folder.png", "missing/picture.png"])
def test_a_target_that_cannot_be_is_refused_before_the_work(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(BadFile):
        check_target(Path(name), (".png",))
    done = run("render", "request.json", "--out", name)
    assert done.code == 2
    assert name in one_sentence(done.err)


@pytest.mark.parametrize("locked", ["folder", "file"])
def test_a_target_that_may_not_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str
) -> None:
    target = tmp_path / "picture.png"
    target.touch()
    check_target(target, (".png",))
    closed = {"folder": tmp_path, "file": target}[locked]  # asked, not made so: tests may run as root
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != closed)
    with pytest.raises(BadFile, match=r"picture\.png.*read-only"):
        check_target(target, (".png",))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_the_first_ctrl_c_cancels_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with cancelling() as cancel:
        signal.raise_signal(signal.SIGINT)
        assert cancel.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_writes_nothing_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("working") as report:
        report(0.5, "half")
    assert capsys.readouterr() == ("", "")


def test_long_work_says_how_far_it_is_in_lines_where_no_bar_can_be_drawn() -> None:
    written: list[str] = []
    seconds = iter([0, 3, 12, 12, 15, 24, 24, 90, 90, 95])
    lines = ProgressLines("evaluating tiny", written.append, lambda: float(next(seconds)))
    lines.report(0.05, "loading")  # at 3 s: it may be quick work
    lines.report(0.11, "reconstructing")
    lines.report(0.25, "reconstructing")  # 3 s after the last line
    lines.report(0.31, "evaluating tiny")
    lines.report(0.32, "drawing styles")  # no tenth further, but a minute of silence
    lines.finish()
    assert written == [
        "evaluating tiny: reconstructing, 11%",
        "evaluating tiny, 31%",
        "evaluating tiny: drawing styles, 32%",
        "evaluating tiny: done in 95 s",
    ]


def test_progress_is_lines_through_a_pipe_unless_the_command_is_quiet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.common.LINE_SECONDS", 0.0)
    for silent in ({"quiet": True}, {"lines": False}):
        with progress("measuring", **silent) as report:
            report(0.5, "half")
    with progress("measuring") as report:
        report(0.5, "half")
    assert capsys.readouterr() == ("", "measuring: half, 50%\nmeasuring: done in 0 s\n")
    with pytest.raises(BadFile), progress("measuring") as report:
        report(0.5, "half")
        raise BadFile("It cannot be read.")
    assert "done" not in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="no pipes to head on Windows")
def test_a_reader_that_leaves_early_is_no_failure(shelf: Path) -> None:
    command = [sys.executable, "-m", "engine", "weights", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""
    assert child.returncode == 0


# ---------------------------------------------------------------- weights


def _save_tiny(shelf: Path, name: str) -> None:
    card = Card(
        name=name,
        system="sean",
        config={"resolution": 64},
        label_set=load_label_set("faces").to_dict(),
        data="drawings",
        weights_licence="CC0",
        steps=10,
        seconds=60.0,
        metrics={"ssim": 0.5},
    )
    save_weights(shelf / name, card, {"w": torch.zeros(3)})


def test_weights_are_listed_with_their_cards(run: Runner, shelf: Path) -> None:
    _save_tiny(shelf, "tiny")
    assert "tiny sean 64 px" in " ".join(run("weights").out.split())
    done = run("weights", "tiny")
    assert done.code == 0
    facts = ("tiny: sean, 64 px, 19 labels", "drawings", "CC0", "SSIM 0.5", "10 steps", str(shelf / "tiny"))
    assert [fact for fact in facts if fact not in done.out] == []


def test_the_list_is_for_reading_and_leaves_recipes_to_json(
    run: Runner, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.weights.store.root", lambda: shelf / "nothing comes along")
    card = Card(
        name="tiny",
        system="sean",
        label_set=load_label_set("faces").to_dict(),
        made_with='Tessera 0.1.0, recipe {"system": "sean"}',
        notes="word " * 100,
    )
    save_weights(shelf / "tiny", card, {"w": torch.zeros(3)})
    text = run("weights", "tiny", "smis").out
    does = "paint label maps, restyle photos, a style for each region, from pictures"
    for fact in (does, "skin, nose", "CVPR 2020", "not stated"):
        assert fact in text
    assert "{" not in text and "authors' own are CC BY-NC-SA 4.0" in text
    own_lines = text.split("\n\n")[0].splitlines()
    assert max(map(len, own_lines[:-1])) <= 120  # the last one is the folder
    assert json.loads(run("weights", "--json").out)[0]["card"]["made_with"] == card.made_with


def test_the_main_numbers_of_each_split_stand_on_a_line(run: Runner, shelf: Path) -> None:
    measured = {
        "ssim": 0.61,
        "rmse": 0.13,
        "psnr": 17.5,
        "FID-MobileNetV2": None,
        "pictures": 50,
        "reconstructions": {"miou": 0.5, "accuracy": 0.9, "iou": {"hair": 0.8}},
        "label_shares": {"hair": 0.3},
    }
    metrics = {"val": measured, "at_training": {"psnr": 16.0}, "train": {"label_shares": {"hair": 0.3}}}
    save_weights(shelf / "tiny", Card(name="tiny", system="sean", metrics=metrics), {"w": torch.zeros(3)})
    lines = [" ".join(line.split()) for line in run("weights", "tiny").out.splitlines()]
    assert "on val SSIM 0.61, RMSE 0.13, PSNR 17.5, mIoU 0.5, accuracy 0.9" in lines
    assert "at training PSNR 16" in lines
    assert not any(line.startswith("on train") for line in lines)


def test_measuring_a_split_keeps_what_the_card_says_of_others() -> None:
    known = {"train": {"label_shares": {"hair": 0.3}}, "val": {"note": 1, "psnr": 3.0}}
    found = merged(known, {"split": "val", "psnr": 4.0})
    assert found == {"train": known["train"], "val": {"note": 1, "split": "val", "psnr": 4.0}}


def test_weights_are_listed_as_json(run: Runner, shelf: Path) -> None:
    _save_tiny(shelf, "tiny")
    done = run("weights", "--json")
    (entry,) = [e for e in json.loads(done.out) if e["name"] == "tiny"]
    assert entry["card"]["metrics"] == {"ssim": 0.5}
    assert entry["problem"] is None
    assert entry["bytes"] > 0


def test_broken_weights_are_named_and_fail_the_check(run: Runner, shelf: Path) -> None:
    _save_tiny(shelf, "tiny")
    _save_tiny(shelf, "cut")
    (model,) = (shelf / "cut").glob("model-*.safetensors")
    model.write_bytes(model.read_bytes()[:-4])
    done = run("weights")
    assert done.code == 1
    listed = [" ".join(line.split()) for line in done.out.splitlines()]
    assert any(line.startswith("cut broken") and "incomplete" in line for line in listed)
    assert any(line.startswith("tiny sean") for line in listed)
