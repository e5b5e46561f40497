"""`tessera train`, `publish` and `evaluate`, run for real on drawn faces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from engine.labels.label_sets import load_label_set
from tests.commands import Runner, one_sentence
from tests.engine.feature_nets import tiny_net  # noqa: F401

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


def test_train_goes_on_where_a_run_stopped(run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--out", tmp_path / "run"]
    assert run(*words, "--set", "steps=2").code == 0
    again = run(*words)
    assert again.code == 2  # a run is never trained over
    assert "not empty" in one_sentence(again.err)
    resumed = run(*words, "--resume", "--json")
    assert resumed.code == 0
    assert json.loads(resumed.out)["steps"] == 4


def test_the_first_words_come_before_the_first_step_and_data_are_checked_before_torch_is_loaded(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--out", tmp_path / "run"]
    with monkeypatch.context() as patch:
        patch.setattr("engine.training.loop.Loop.run", lambda loop: None)
        done = run(*words)
    assert "training on " in done.err and "steps 1 to 4" in done.err
    (tiny_dataset / "classes.json").unlink()
    monkeypatch.setattr("engine.training.start.prepare", lambda *args, **more: pytest.fail("too late"))
    refused = run(*words)
    assert refused.code == 2 and "--make" in one_sentence(refused.err)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_saves_and_a_resumed_run_ends_in_the_same_weights(
    run: Runner, tiny_dataset: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--device", "cpu"]
    assert run(*words, "--out", tmp_path / "whole").code == 0
    with monkeypatch.context() as patch:  # interrupt at the first validation, after step 2
        interrupt = partial(signal.raise_signal, signal.SIGINT)
        patch.setattr("engine.cli.train.announce", lambda line: interrupt() if line.startswith("step 2") else None)
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
        (["--set", "batch=0"], "batch"),
        (["--set", "log_every=0"], "log_every"),
        (["--set", "seed=-1"], "seed"),
        (["--set", "task.lr=-1"], "learning rate"),
        (["--set", "model.widths=[]"], "network"),
        (["--data", "nowhere"], "nowhere"),
        (["--device", "toaster"], "toaster"),
        (["--init-weights", "no-such-weights"], "no-such-weights"),
        (["--resume"], "There is no folder"),
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


def test_training_in_half_precision_prints_nothing_of_a_library(
    tiny_dataset: Path, recipe: Path, tmp_path: Path
) -> None:
    words = ["train", "--data", tiny_dataset, "--recipe", recipe, "--out", tmp_path / "run", "--device", "cpu"]
    words += ["--set", "precision=bf16-mixed", "--set", "steps=1", "--set", "validate_every=9"]
    done = subprocess.run([sys.executable, "-m", "engine", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "Precision" not in done.stderr and "AMP" not in done.stderr


@pytest.mark.loopback
def test_torchrun_starts_processes_that_share_one_run(tiny_dataset: Path, recipe: Path, tmp_path: Path) -> None:
    """Word for word as the help has it, on the CPU; what one of them reports goes to TensorBoard too."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "engine", "train"]
    words += ["--data", tiny_dataset, "--recipe", recipe, "--out", tmp_path / "run", "--devices", "2", "--tensorboard"]
    words += ["--device", "cpu", "--set", "steps=2"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and "Warning" not in done.stderr
    stats = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text("utf-8").splitlines()]
    told = [line["losses"]["cross_entropy"] for line in stats if line["event"] == "step"]
    assert len(told) == 2 and sum(line["event"] == "checkpoint" for line in stats) == 1
    assert json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))["processes"] == 2
    board = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    board.Reload()
    assert [event.value for event in board.Scalars("losses/cross_entropy")] == pytest.approx(told)
    assert {"validation/miou", "speed/images_per_second"} <= set(board.Tags()["scalars"])
    assert board.Tags()["images"] == ["samples"]


TINY_SEAN = """
system = "sean"
resolution = 32
batch = 2
steps = 1
log_every = 1
[model]
channels = [6, 6, 4]
upsample_before = [false, true]
styled_blocks = 1
style_width = 5
style_hidden = 4
spade_hidden = 4
encoder = {widths = [4, 4, 6, 6], norm = "none"}
[task]
discriminator_width = 4
"""


@pytest.mark.parametrize("parser", [True, False], ids=["with a parser", "with nothing"])
def test_without_the_feature_network_sean_trains_on_and_says_so_once(
    run: Runner, tiny_dataset: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parser: bool
) -> None:
    """The perceptual loss then takes the encoder of a parser, if there is one; the card says so."""
    monkeypatch.setattr("engine.weights.feature_networks.search_path", lambda: [tmp_path / "empty"])
    if not parser:
        monkeypatch.setattr("engine.metrics.perceptual.list_weights", list)
    (tmp_path / "sean.toml").write_text(TINY_SEAN, encoding="utf-8")
    folder = tmp_path / "run"
    done = run("train", "--data", tiny_dataset, "--recipe", tmp_path / "sean.toml", "--out", folder)
    assert done.code == 0, done.err
    assert done.err.count("mobilenet_v2_imagenet") == 1 and done.err.startswith("Note: ")
    step = next(
        json.loads(line) for line in (folder / "stats.jsonl").read_text("utf-8").splitlines() if "losses" in line
    )
    assert ("perceptual" in step["losses"]) == parser
    published = run("publish", folder, "--name", "mine", "--into", tmp_path / "shelf", "--json")
    assert published.code == 0, published.err
    card = json.loads((tmp_path / "shelf" / "mine" / "card.json").read_text("utf-8"))
    assert card["perceptual_network"] == ("tiny-parser (the encoder of a parser)" if parser else "")
    shares = card["metrics"]["train"]["label_shares"]
    assert sum(shares.values()) == pytest.approx(1) and shares["hair"] > 0.05 and shares["hat"] == 0
    assert set(card["metrics"]["at_training"]) == {"psnr", "score"}
    assert (tmp_path / "shelf" / "mine" / f"styles-{card['styles_sha256'][:16]}.safetensors").is_file()


# ---------------------------------------------------------------- publish


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.json", b"{", "config.json"),
        ("config.json", b"[]", "config.json"),
        ("config.json", b'{"data": 3}', "config.json"),
        ("best.safetensors", None, "does not say what was trained"),
        ("best.safetensors", b"\x10\x00broken", "best.safetensors"),
    ],
)
def test_a_damaged_run_is_refused_with_one_sentence(
    run: Runner, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    recipe = {"system": "sean", "steps": 4, "resolution": 32, "batch": 1, "task": {}}
    config = {"data": "nowhere", "label_set": {}, "recipe": recipe}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "best.safetensors").write_bytes(save({"a": torch.zeros(1)}))  # without metadata
    if content is not None:
        (folder / name).write_bytes(content)
    done = run("publish", folder, "--name", "mine", "--into", tmp_path)
    assert done.code == 2
    assert says in one_sentence(done.err)


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
    listed = run("weights", "mine")
    assert "mine: parser" in listed.out and "CC0" in listed.out
    assert run("parse", desk / "anna.png", "--weights", shelf / "mine", "--out", "l.png").code == 0


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
        (["--keep", "kept"], "--edits"),
    ],
)
def test_a_mistake_in_evaluating_gets_one_sentence(
    run: Runner, tiny_weights: Path, tiny_dataset: Path, words: list[str], says: str
) -> None:
    base = ["evaluate", "--weights", "tiny-sean", "--data", tiny_dataset, "--split", "val"]
    done = run(*base, *words)
    assert done.code == 2
    assert says in one_sentence(done.err)


@pytest.mark.usefixtures("tiny_net")
def test_edits_are_measured_without_weights_and_a_stopped_run_goes_on(
    run: Runner, tiny_dataset: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    words = ["evaluate", "--edits", "--data", tiny_dataset, "--split", "val", "--limit", "2", "--keep", kept]
    done = run(*words, "--json", tmp_path / "edits.json")
    assert done.code == 0, done.err
    assert "| hair | composition | 2 |" in done.out
    rows = json.loads((tmp_path / "edits.json").read_text("utf-8"))["no weights"]
    assert {row["code_distance"] for row in rows} == {None}
    assert run(*words).out == done.out


def test_weights_of_another_label_set_are_refused(run: Runner, tiny_weights: Path, tiny_dataset: Path) -> None:
    street = load_label_set("street").to_dict()
    (tiny_dataset / "classes.json").write_text(json.dumps(street), encoding="utf-8")
    done = run("evaluate", "--weights", "tiny-sean", "--data", tiny_dataset, "--split", "val")
    assert done.code == 2
    assert "street" in one_sentence(done.err)


def test_evaluate_puts_weights_side_by_side_and_kept_metrics_into_the_same_tables(
    run: Runner, tiny_weights: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    words = ["evaluate", "--weights", "tiny-sean", "--weights", "tiny-parser", "--data", tiny_dataset, "--split", "val"]
    done = run(*words, "--limit", "2", "--json", kept)
    assert done.code == 0, done.err
    assert "| tiny-sean (sean) | 2 |" in done.out and "| tiny-parser (parser) | 2 |" in done.out
    again = run("evaluate", "--table", kept)
    assert again.out == done.out
    kept.write_text("[1]")
    assert "holds no metrics" in run("evaluate", "--table", kept).err
    assert "nothing to measure" in run("evaluate").err


def test_evaluate_takes_the_weights_labels_where_a_folder_names_none(
    run: Runner, tiny_weights: Path, tiny_dataset: Path
) -> None:
    (tiny_dataset / "classes.json").unlink()
    done = run("evaluate", "--weights", "tiny-parser", "--data", tiny_dataset, "--split", "val")
    assert done.code == 0 and "iou: hair" in done.out
