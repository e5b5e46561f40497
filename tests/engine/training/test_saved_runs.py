"""Recipes and runs from before the redesign of issue 10 train on to the same end, and are published.

`tests/saved_before/` holds what commit 820f29c wrote (README.md there): for each system a run that was stopped in the
middle, and what the same run ends in when nothing stops it.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.weights.store import load_weights
from tests.commands import Runner
from tests.engine import saved_files
from tests.engine.saved_files import ABOUT, SAVED, adds_up_alike

desk = saved_files.desk
every_system = pytest.mark.parametrize("system", sorted(ABOUT["runs"]))

MOST_APART = 0.05
"""Share of the way of the last three steps that a machine which adds up in another order may end apart."""
LAST_BITS_MAY_DIFFER = {
    "pix2pixhd": "its augmentation of probability 0 is left out now",
    "parser": "its widths are no multiples of 8: it trains in contiguous memory now, where oneDNN is sound",
}


def train_words(desk: Path, system: str, run_folder: Path) -> list[object]:
    recipe = desk / "recipes" / f"{system}.toml"
    return ["train", "--data", desk / "faces", "--recipe", recipe, "--out", run_folder, "--device", "cpu"]


@pytest.fixture
def stopped_run(desk: Path, system: str) -> Path:
    """A run folder that training was stopped in."""
    with tarfile.open(SAVED / "runs.tar.xz") as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member) if member.name.startswith(f"{system}/") else None
            if content is not None:
                target = desk / "runs" / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    return desk / "runs" / system


@every_system
def test_a_recipe_of_before_trains(run: Runner, desk: Path, system: str) -> None:
    done = run(*train_words(desk, system, desk / "new"), "--set", "steps=1")
    assert done.code == 0, done.err
    assert (desk / "new" / "best.safetensors").is_file()


@every_system
def test_a_run_that_began_before_goes_on_to_the_same_weights(
    run: Runner, desk: Path, stopped_run: Path, system: str
) -> None:
    done = run(*train_words(desk, system, stopped_run), "--resume", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["steps"] == 6
    reports = [json.loads(line) for line in (stopped_run / "stats.jsonl").read_text("utf-8").splitlines()]
    assert [report["step"] for report in reports if report["event"] == "step"] == [1, 2, 3, 4, 5, 6]

    end, expected = load_file(stopped_run / "best.safetensors"), ABOUT["runs"][system]
    first_numbers = expected["first_numbers"]
    assert set(first_numbers) == set(end)
    apart = [torch.tensor(first_numbers[name]) - end[name].float().flatten()[:2] for name in sorted(end)]
    assert float(torch.cat(apart).norm()) <= MOST_APART * expected["moved"]
    if adds_up_alike() and system not in LAST_BITS_MAY_DIFFER:
        digest = hashlib.sha256()
        for name in sorted(end):
            digest.update(name.encode() + end[name].float().contiguous().numpy().tobytes())
        assert digest.hexdigest() == expected["sha256"]


@every_system
def test_a_run_of_before_is_published(run: Runner, desk: Path, stopped_run: Path, system: str) -> None:
    done = run("publish", stopped_run, "--name", "mine", "--data", desk / "faces", "--into", desk / "weights")
    assert done.code == 0, done.err
    loaded = load_weights(desk / "weights" / "mine")
    assert loaded.state and all(torch.isfinite(tensor).all() for tensor in loaded.state.values())
