"""Requests, exported pictures and weights from before the redesign of issue 10 still open and give the same.

`tests/saved_before/` holds what commit 820f29c wrote (README.md there). Nothing in it may be made again: a change that
breaks a test here breaks the files of users.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.requests.json_text import from_json, to_json
from engine.requests.parse import ParseRequest
from engine.session import Session
from tests.commands import Runner
from tests.engine import saved_files
from tests.engine.saved_files import ABOUT, SAVED, adds_up_alike

desk = saved_files.desk
SYSTEMS = ("sean", "smis", "spade", "pix2pixhd", "parser")
PAINTED = sorted(name for name in ABOUT["pictures"] if not name.startswith("parse-"))
PARSED = sorted(name for name in ABOUT["pictures"] if name.startswith("parse-"))

LEVELS = 3
"""By how much of 255 a sample of a picture may differ on a machine that adds up in another order."""

every_system = pytest.mark.parametrize("system", SYSTEMS)


def assert_same_picture(painted: Path | np.ndarray, name: str) -> None:
    pixels = painted if isinstance(painted, np.ndarray) else np.asarray(Image.open(painted))
    expected = np.asarray(Image.open(SAVED / "requests" / ABOUT["pictures"][name]))
    assert pixels.shape == expected.shape
    apart = np.abs(pixels.astype(int) - expected.astype(int))
    assert apart.max() <= (0 if adds_up_alike() else LEVELS), f"{np.count_nonzero(apart)} samples of {name}"


# ---------------------------------------------------------------- requests, exported pictures, weights


@pytest.mark.parametrize("name", PAINTED)
def test_a_saved_request_paints_its_picture(run: Runner, desk: Path, name: str) -> None:
    done = run("render", name, "--out", "out.png", "--device", "cpu")
    assert done.code == 0, done.err
    assert_same_picture(desk / "requests" / "out.png", name)


@pytest.mark.parametrize("name", PARSED)
def test_a_saved_parse_request_finds_its_label_map(desk: Path, name: str) -> None:
    request = from_json(Path(name).read_text("utf-8"))
    assert isinstance(request, ParseRequest)
    label_map = Session("cpu").run(request).label_map
    expected = np.asarray(Image.open(SAVED / "requests" / ABOUT["pictures"][name]))
    assert (label_map != expected).mean() <= (0 if adds_up_alike() else 0.02)


@pytest.mark.parametrize("name", [name for name in ABOUT["pictures"] if name.endswith(".json")])
def test_a_saved_request_loses_nothing_when_it_is_saved_again(name: str) -> None:
    text = (SAVED / "requests" / name).read_text("utf-8")
    request = from_json(text)
    assert from_json(to_json(request)) == request
    for lock in ("style_locks", "label_locks"):
        assert list(getattr(request, lock, ())) == json.loads(text).get(lock, [])


@every_system
def test_saved_weights_are_whole(run: Runner, desk: Path, system: str) -> None:
    done = run("weights", "--check", "--json")
    listed = {entry["name"]: entry for entry in json.loads(done.out)}
    assert not listed[f"little-{system}"].get("problem"), done.out
