"""The command line as a user meets it: sentences, exit codes, JSON, and each command run for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from engine.checkpoints.store import Card, save_weights
from engine.cli import main
from engine.cli.common import cancelling, check_target, guarded, progress
from engine.errors import BadFile, Cancelled, OutOfMemory
from engine.images import read_embedded_request, read_image, write_image
from engine.labels import load_label_set, read_label_map, write_label_map
from engine.request import ImageStyle, LabelMapData, MixStyle, RenderRequest, from_json, to_json
from tests.fixtures import face_label_map, photo_of


class Done(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


class Runner:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Done:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = self._capsys.readouterr()
        return Done(int(left.value.code or 0), out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capsys)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder of this test's own, first on the search path."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("TESSERA_WEIGHTS", str(folder))
    return folder


def one_sentence(text: str) -> str:
    """The text if it is a single line and no traceback."""
    assert text.count("\n") == 1 and "Traceback" not in text, text
    return text


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
        (["weights", "surplus"], "surplus"),
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


@pytest.mark.skipif(os.name == "nt", reason="no pipes to head on Windows")
def test_a_reader_that_leaves_early_is_no_failure(shelf: Path) -> None:
    command = [sys.executable, "-m", "engine.cli", "weights", "--json"]
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
    done = run("weights")
    assert done.code == 0
    facts = ("tiny: sean, 64 px, 19 labels", "drawings", "CC0", "ssim 0.5", "10 steps", str(shelf / "tiny"))
    assert [fact for fact in facts if fact not in done.out] == []


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
    model = shelf / "cut" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-4])
    done = run("weights")
    assert done.code == 1
    assert "cut: broken" in done.out and "incomplete" in done.out
    assert "tiny: sean" in done.out


# ---------------------------------------------------------------- train

TINY_PARSER = """
system = "parser"
resolution = 64
batch = 2
steps = 4
log_every = 1
sample_every = 4
validate_every = 2
checkpoint_every = 2
[model]
widths = [8, 8, 8]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY_PARSER, encoding="utf-8")
    return path


def test_train_writes_a_run_folder_anyone_can_read(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a run"
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--out", folder]
    done = run(*words, "--set", "steps=3", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert (answer["run"], answer["steps"]) == (str(folder), 3)
    assert json.loads((folder / "config.json").read_text("utf-8"))["recipe"]["steps"] == 3
    events = [json.loads(line)["event"] for line in (folder / "stats.jsonl").read_text("utf-8").splitlines()]
    assert events.count("step") == 3
    assert {p.name for p in folder.iterdir()} >= {"samples", "checkpoints", "best.safetensors"}


def test_train_goes_on_where_a_run_stopped(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--out", tmp_path / "run"]
    assert run(*words, "--set", "steps=2").code == 0
    again = run(*words)
    assert again.code == 2  # a run is never trained over
    assert "not empty" in one_sentence(again.err)
    resumed = run(*words, "--resume", "--json")
    assert resumed.code == 0
    assert json.loads(resumed.out)["steps"] == 4


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_saves_and_a_resumed_run_ends_in_the_same_weights(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--device", "cpu"]
    assert run(*words, "--out", tmp_path / "whole").code == 0
    with monkeypatch.context() as patch:  # interrupt at the first validation, after step 2
        patch.setattr("engine.cli.train.announce", lambda line: signal.raise_signal(signal.SIGINT))
        stopped = run(*words, "--out", tmp_path / "cut")
    assert stopped.code == 130
    assert stopped.err.endswith("Interrupted.\n")
    assert run(*words, "--out", tmp_path / "cut", "--resume").code == 0
    whole, cut = (
        torch.load(tmp_path / name / "checkpoints" / "last.pt", weights_only=True)["modules"]
        for name in ("whole", "cut")
    )
    for network, state in whole.items():
        assert all(torch.equal(tensor, cut[network][key]) for key, tensor in state.items())


def test_train_starts_from_the_tensors_of_another_run(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--set", "steps=2"]
    assert run(*words, "--out", tmp_path / "first").code == 0
    best = tmp_path / "first" / "best.safetensors"
    assert run(*words, "--out", tmp_path / "second", "--init-weights", best).code == 0
    config = json.loads((tmp_path / "second" / "config.json").read_text("utf-8"))
    assert config["start_weights"] == str(best)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--recipe", "no-such-recipe"], "no-such-recipe"),
        (["--set", "stepz=5"], "stepz"),
        (["--set", "steps"], "key=value"),
        (["--data", "nowhere"], "nowhere"),
        (["--device", "toaster"], "toaster"),
        (["--init-weights", "no-such-weights"], "no-such-weights"),
        (["--resume"], "checkpoint"),
    ],
)
def test_a_mistake_in_training_gets_one_sentence_and_starts_no_run(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path, words: list[str], says: str
) -> None:
    folder = tmp_path / "run"
    done = run("train", "--data", tiny_dataset, "--recipe", recipe, "--out", folder, *words)
    assert done.code == 2
    assert says in one_sentence(done.err)
    assert not (folder / "stats.jsonl").exists()


# ---------------------------------------------------------------- render


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> Path:
    """The folder that commands start in: face.png (label map), anna.png and ben.png with their label maps."""
    folder = tmp_path / "书桌 desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    faces = load_label_set("faces")
    write_label_map("face.png", face_label_map(), faces)
    for seed, name in enumerate(("anna", "ben")):
        label_map = np.roll(face_label_map(), 2 * seed, axis=1)
        write_image(f"{name}.png", photo_of(label_map, seed))
        write_label_map(f"{name}.labels.png", label_map, faces)
    return folder


TINY = ("render", "--weights", "tiny-sean", "--labels", "face.png")
ANNA, BEN = "anna.png@anna.labels.png", "ben.png@ben.labels.png"


def picture(run: Runner, *words: object, out: str = "out.png") -> np.ndarray:
    done = run(*words, "--out", out)
    assert done.code == 0, done.err
    return read_image(out).pixels


def test_render_paints_a_label_map_in_the_mean_style(run: Runner, desk: Path) -> None:
    done = run(*TINY, "--out", "out.png", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert (answer["width"], answer["height"], answer["seed"], answer["device"]) == (64, 64, 0, "cpu")
    assert read_image("out.png").pixels.shape == (64, 64, 3)


def test_the_same_words_give_the_same_bytes_and_another_seed_others(run: Runner, desk: Path) -> None:
    first = picture(run, *TINY, "--seed", 3)
    assert (picture(run, *TINY, "--seed", 3) == first).all()
    assert (picture(run, *TINY, "--seed", 4) != first).any()


def test_styles_come_from_pictures_label_by_label(run: Runner, desk: Path) -> None:
    """The request in the exported PNG says what each word chose."""
    picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}", "--style", f"皮肤={BEN}", out="both.png")
    styles = from_json(read_embedded_request("both.png") or "").styles
    assert all(isinstance(style, ImageStyle) and style.code for style in styles.values())
    paths = {label: Path(style.path).name for label, style in styles.items()}
    assert {paths.pop(13), paths.pop(1)} == {"ben.png"}
    assert set(paths.values()) == {"anna.png"}
    assert set(paths) | {13, 1} == set(np.unique(face_label_map()).tolist())


def test_each_word_changes_the_picture(run: Runner, desk: Path) -> None:
    mean = picture(run, *TINY)
    anna = picture(run, *TINY, "--styles", ANNA)
    hair = picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}")
    mixed = picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:0.4")
    different = [(a != b).any() for a, b in ((mean, anna), (anna, hair), (anna, mixed), (hair, mixed))]
    assert all(different)


def test_a_mix_ends_in_its_two_styles(run: Runner, desk: Path) -> None:
    anna = picture(run, *TINY, "--styles", ANNA)
    hair = picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}")
    assert (picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:0") == anna).all()
    assert (picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:1") == hair).all()
    mixed = from_json(read_embedded_request("out.png") or "").styles[13]
    assert isinstance(mixed, MixStyle) and mixed.amount == 1


def test_without_a_label_map_the_parser_finds_the_regions(run: Runner, desk: Path) -> None:
    picture(run, *TINY, "--styles", "anna.png")
    styles = from_json(read_embedded_request("out.png") or "").styles
    assert styles and all(style.path == str(desk / "anna.png") for style in styles.values())


def test_a_png_restores_its_picture_without_the_files_it_came_from(run: Runner, desk: Path) -> None:
    first = picture(run, *TINY, "--styles", ANNA, "--seed", 5, out="first.png")
    for name in ("anna.png", "anna.labels.png", "face.png"):
        os.remove(name)
    assert (picture(run, "render", "first.png", out="again.png") == first).all()
    assert read_embedded_request("again.png") == read_embedded_request("first.png")
    assert (picture(run, "render", "first.png", "--seed", 6) != first).any()


def test_a_request_file_finds_pictures_beside_it(
    run: Runner, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = ImageStyle("anna.png", 13, label_map_path="anna.labels.png")
    mix = MixStyle(style, ImageStyle("ben.png", 13, label_map_path="ben.labels.png"), 0.5)
    job = RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map()), {13: mix})
    Path("job.json").write_text(to_json(job), encoding="utf-8")
    here = picture(run, "render", "job.json")
    monkeypatch.chdir(tmp_path)
    assert (picture(run, "render", desk / "job.json") == here).all()


def test_weights_given_as_a_folder_are_called_by_a_name_that_lasts(
    run: Runner, desk: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["render", "--labels", "face.png", "--weights", tiny_weights / "tiny-sean"]
    by_folder = picture(run, *words)
    assert from_json(read_embedded_request("out.png") or "").weights == "tiny-sean"
    monkeypatch.delenv("TESSERA_WEIGHTS")
    assert (picture(run, *words) == by_folder).all()
    assert from_json(read_embedded_request("out.png") or "").weights == str(tiny_weights / "tiny-sean")


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tiff"])
def test_other_formats_are_written_by_suffix(run: Runner, desk: Path, suffix: str) -> None:
    assert picture(run, *TINY, out=f"图{suffix}").shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["render"], "--labels"),
        (["render", "--weights", "tiny-sean"], "--labels"),
        (["render", "face.png", "--weights", "tiny-sean"], "--weights"),
        (["render", "face.png"], "carries no request"),
        (["render", "text.txt"], "text.txt"),
        (["render", "gone.json"], "gone.json"),
        ([*TINY[:3], "--labels", "gone.png"], "gone.png"),
        ([*TINY[:3], "--labels", "text.png"], "text.png"),
        ([*TINY[:3], "--labels", "wrong.png"], "200"),
        (["render", "--weights", "tiny", "--labels", "face.png"], "tiny-sean"),
        (["render", "--weights", "tiny-parser", "--labels", "face.png"], "tiny-parser"),
        ([*TINY, "--style", "hiar=anna.png"], "hair"),
        ([*TINY, "--style", "hair"], "LABEL=FILE"),
        ([*TINY, "--style", "hair=gone.png"], "gone.png"),
        ([*TINY, "--style", "hair=text.png@anna.labels.png"], "text.png"),
        ([*TINY, "--style", f"necklace={ANNA}"], "necklace"),
        ([*TINY, "--mix", f"hair={ANNA}"], "--mix"),
        ([*TINY, "--mix", f"hair={ANNA}:7"], "-1 to 2"),
        ([*TINY, "--seed", "-1"], "seed"),
        ([*TINY, "--device", "toaster"], "toaster"),
        ([*TINY, "--device", "cuda:9"], "cuda:9"),
    ],
)
def test_a_mistake_in_rendering_gets_one_sentence_and_no_picture(
    run: Runner, desk: Path, words: list[str], says: str
) -> None:
    Path("text.png").write_text("not a picture", encoding="utf-8")
    Path("text.txt").write_text("not a request", encoding="utf-8")
    Image.fromarray(np.full((8, 8), 200, np.uint8)).save("wrong.png")
    done = run(*words, "--out", "out.png")
    assert done.code == 2, done
    assert says in one_sentence(done.err)
    assert not Path("out.png").exists()


# ---------------------------------------------------------------- parse


def test_parse_writes_a_label_map_and_says_what_it_shows(run: Runner, desk: Path) -> None:
    faces = load_label_set("faces")
    done = run("parse", "anna.png", "--weights", "tiny-parser", "--out", "l.png", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    found = read_label_map("l.png", faces)
    assert found.how == "indexed"
    assert found.label_map.shape == (64, 64)
    assert set(answer["labels"]) == {faces[int(i)].name for i in np.unique(found.label_map)}
    assert 0 <= answer["confidence"] <= 1
    raw = run("parse", "anna.png", "--weights", "tiny-parser", "--out", "raw.png", "--kind", "raw")
    assert raw.code == 0
    assert (np.asarray(Image.open("raw.png")) == found.label_map).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gone.png", "--weights", "tiny-parser"], "gone.png"),
        (["anna.png", "--weights", "tiny-sean"], "tiny-sean"),
        (["anna.png", "--weights", "nothing"], "nothing"),
        (["anna.png", "--weights", "tiny-parser", "--kind", "blue"], "--kind"),
    ],
)
def test_a_mistake_in_parsing_gets_one_sentence_and_no_file(
    run: Runner, desk: Path, words: list[str], says: str
) -> None:
    done = run("parse", *words, "--out", "l.png")
    assert done.code == 2
    assert says in one_sentence(done.err)
    assert not Path("l.png").exists()


# ---------------------------------------------------------------- evaluate


def test_evaluate_measures_what_paints(run: Runner, tiny_weights: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    words = ["evaluate", "--weights", "tiny-sean", "--data", tiny_dataset, "--split", "val"]
    done = run(*words, "--json", tmp_path / "metrics.json")
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert metrics["pictures"] == 3
    assert 0 < metrics["psnr"] < 30
    assert f"{metrics['psnr']:.4f}" in done.out
    assert 0 <= metrics["reconstructions"]["miou"] <= 1
    to_stdout = run(*words, "--json", "-")
    assert json.loads(to_stdout.out)["psnr"] == metrics["psnr"]


def test_evaluate_takes_a_folder_without_splits_under_any_name(
    run: Runner, tiny_weights: Path, tiny_dataset: Path
) -> None:
    (tiny_dataset / "splits.json").unlink()
    done = run("evaluate", "--weights", "tiny-parser", "--data", tiny_dataset, "--split", "test", "--json", "-")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)
    assert metrics["pictures"] == 9
    assert 0 <= metrics["miou"] <= metrics["accuracy"] * 19


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--weights", "gone"], "gone"),
        (["--data", "nowhere"], "nowhere"),
        (["--split", "holiday"], "holiday"),
        (["--json", "metrics.txt"], "metrics.txt"),
        (["--device", "toaster"], "toaster"),
    ],
)
def test_a_mistake_in_evaluating_gets_one_sentence(
    run: Runner, tiny_weights: Path, tiny_dataset: Path, words: list[str], says: str
) -> None:
    base = ["evaluate", "--weights", "tiny-sean", "--data", tiny_dataset, "--split", "val"]
    done = run(*base, *words)
    assert done.code == 2
    assert says in one_sentence(done.err)


def test_weights_of_another_label_set_are_refused(run: Runner, tiny_weights: Path, tiny_dataset: Path) -> None:
    street = load_label_set("street").to_dict()
    (tiny_dataset / "classes.json").write_text(json.dumps(street), encoding="utf-8")
    done = run("evaluate", "--weights", "tiny-sean", "--data", tiny_dataset, "--split", "val")
    assert done.code == 2
    assert "street" in one_sentence(done.err)


# ---------------------------------------------------------------- publish


def test_a_run_becomes_weights_that_parse(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path, desk: Path, shelf: Path
) -> None:
    folder = tmp_path / "run"
    assert run("train", "--data", tiny_dataset, "--recipe", recipe, "--out", folder).code == 0
    words = ["publish", folder, "--name", "mine", "--into", shelf, "--licence", "CC0"]
    done = run(*words)
    assert done.code == 0, done.err
    again = run(*words)
    assert again.code == 2 and "--replace" in one_sentence(again.err)
    assert run(*words, "--replace").code == 0
    listed = run("weights")
    assert "mine: parser" in listed.out and "CC0" in listed.out
    assert run("parse", desk / "anna.png", "--weights", shelf / "mine", "--out", "l.png").code == 0
