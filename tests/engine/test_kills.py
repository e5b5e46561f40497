"""Killed at any moment, the old or the new stands, whole: weights, exports and runs, at every step of their writing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import WeightsError
from engine.files import atomic_folder, write_bytes, write_text
from engine.requests.animation import write_sequence
from engine.training.publish import publish
from engine.training.run.record import BEST
from engine.training.run.snapshot import read_snapshot
from engine.weights import store
from engine.weights.card import Card
from engine.weights.folder import is_taken, is_unfinished
from engine.weights.manage import problem_of, remove_weights
from engine.weights.store import list_weights, load_weights, save_weights
from tests.engine.drawn_pictures import smooth
from tests.engine.training.tiny import PARSER, changed, start
from tests.fixtures import write_dataset
from tests.moments import every_moment


@pytest.fixture(autouse=True)
def _no_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "root", lambda: tmp_path / "no bundle")


OLD, NEW = {"a": torch.zeros(4)}, {"a": torch.ones(4)}
OLD_STYLES, NEW_STYLES = {"mean": torch.zeros(2, 3)}, {"mean": torch.ones(2, 3)}
CARD = Card(name="w", system="sean")


def old_weights(folder: Path) -> None:
    save_weights(folder, CARD, OLD, styles=OLD_STYLES, samples=smooth())


def plain_weights(folder: Path) -> None:
    """Named as earlier versions did."""
    old_weights(folder)
    for path in list(folder.iterdir()):
        path.rename(folder / (path.stem.split("-")[0] + path.suffix))
    shutil.copy(folder / "samples.png", folder / "variations.png")


def standing(folder: Path) -> tuple[Any, ...] | None:
    """What stands in a weights folder: all of it has to be of one publishing. None where there is none."""
    if not is_taken(folder):
        entries = [entry for entry in list_weights() if entry.folder == folder]
        assert is_unfinished(folder) or not entries or not os.listdir(folder)
        return None
    assert problem_of(folder) == ""
    loaded = load_weights(folder)
    (entry,) = [entry for entry in list_weights() if entry.folder == folder]
    sheet = entry.samples.read_bytes() if entry.samples is not None else b""
    return loaded.card.notes, loaded.card.sha256, loaded.card.styles_sha256, float(loaded.state["a"].sum()), sheet


def publish_new(folder: Path) -> None:
    save_weights(folder, CARD.replace(notes="new"), NEW, styles=NEW_STYLES, samples=255 - smooth())


def publish_bare(folder: Path) -> None:
    save_weights(folder, CARD.replace(notes="new"), NEW)


def publish_same(folder: Path) -> None:
    save_weights(folder, CARD.replace(notes="new"), OLD, styles=NEW_STYLES)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (None, publish_new),
        (old_weights, publish_new),
        (plain_weights, publish_new),
        (plain_weights, publish_bare),
        (old_weights, publish_same),
        (plain_weights, publish_same),
    ],
)
def test_publishing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[Path], None] | None,
    change: Callable[[Path], None],
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    if before is not None:
        before(shelf / "w")
    with every_moment(shelf, tmp_path / "moments") as moments:
        change(shelf / "w")
    states = []
    for moment in moments:
        monkeypatch.setenv("TESSERA_WEIGHTS", str(moment))
        states.append(standing(moment / "w"))
    old, new = states[0], states[-1]
    assert old != new and len(moments) > 4
    turn = states.index(new)
    assert states == [old] * turn + [new] * (len(states) - turn)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(moments[turn - 1]))  # killed right before the card is replaced
    change(moments[turn - 1] / "w")
    assert standing(moments[turn - 1] / "w") == new
    assert sorted(os.listdir(moments[turn - 1] / "w")) == sorted(os.listdir(moments[-1] / "w"))


def test_removing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    old_weights(shelf / "w")
    monkeypatch.setenv("TESSERA_WEIGHTS", str(shelf))
    with every_moment(shelf, tmp_path / "moments") as moments:
        remove_weights("w")
    for moment in moments:
        monkeypatch.setenv("TESSERA_WEIGHTS", str(moment))
        if standing(moment / "w") is None:
            with pytest.raises(WeightsError):
                load_weights(moment / "w")


@pytest.mark.parametrize("existing", [b"old", None])
def test_a_file(tmp_path: Path, existing: bytes | None) -> None:
    target = tmp_path / "desk" / "picture.png"
    target.parent.mkdir()
    if existing is not None:
        target.write_bytes(existing)
    with every_moment(target.parent, tmp_path / "moments") as moments:
        write_bytes(target, b"new")
    contents = [(moment / target.name).read_bytes() if (moment / target.name).exists() else None for moment in moments]
    assert contents[0] == existing and contents[-1] == b"new" and set(contents) == {existing, b"new"}


def test_a_series_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    with every_moment(tmp_path / "desk", tmp_path / "moments") as moments:
        write_sequence(tmp_path / "desk" / "frames", [smooth()] * 3)
    counts = [len(os.listdir(moment / "frames")) if (moment / "frames").exists() else 0 for moment in moments]
    assert set(counts) == {0, 3}


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "desk" / "frames").mkdir(parents=True)
    with every_moment(tmp_path / "desk", tmp_path / "moments") as moments:
        with atomic_folder(tmp_path / "desk" / "frames") as folder:
            write_text(folder / "a.txt", "a")
            write_text(folder / "b.txt", "b")
    found = [sorted(os.listdir(moment / "frames")) if (moment / "frames").exists() else [] for moment in moments]
    assert found[-1] == ["a.txt", "b.txt"] and all(names in ([], ["a.txt", "b.txt"]) for names in found)


def what_decides(run: Path) -> tuple[bytes, ...]:
    """What a run goes on from: its record, its checkpoint and its best network."""
    return tuple(path.read_bytes() for name in ("config.json", "last.pt", BEST) for path in run.rglob(name))


def test_a_training(tmp_path: Path) -> None:
    """At every moment a run goes on from where it was, or is started again; what it exported opens."""
    data = write_dataset(tmp_path / "data", side=16, train=2, val=1)
    recipe = changed(PARSER, steps=2, checkpoint_every=1, sample_every=1, validate_every=1)
    (tmp_path / "runs").mkdir()
    with every_moment(tmp_path / "runs", tmp_path / "moments", appended=("stats.jsonl",)) as moments:
        start(recipe, data, tmp_path / "runs" / "a").run()
    steps = []
    distinct = {what_decides(moment / "a"): moment for moment in moments}
    for moment in distinct.values():
        run = moment / "a"
        if (run / BEST).exists():
            assert read_snapshot(run / BEST).step <= 2
        steps.append(start(recipe, data, run, resume=(run / "config.json").exists()).step)
    assert steps == sorted(steps) and set(steps) == {0, 1, 2}


def test_publishing_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_dataset(tmp_path / "data", side=16, train=2)
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    shelf = tmp_path / "shelf"
    save_weights(shelf / "w", CARD, OLD)
    with every_moment(shelf, tmp_path / "moments") as moments:
        publish(tmp_path / "run", "w", destination=shelf)
    systems = []
    for moment in moments:
        monkeypatch.setenv("TESSERA_WEIGHTS", str(moment))
        systems.append(load_weights("w").card.system)
    assert systems[0] == "sean" and systems[-1] == "parser" and systems == sorted(systems, reverse=True)
