"""What can go wrong in a run: no data, a full disk, files that vanish. One sentence, and the last checkpoint stays."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import BadFile, EngineError, OutOfMemory, TrainingError
from engine.labels.label_sets import load_label_set
from tests.engine.training.tiny import PARSER, SEAN, changed, checkpoint, differences, start
from tests.fixtures import write_dataset


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "faces", side=32, train=4, val=1)


def sentence(error: BaseException) -> str:
    text = str(error)
    assert text.endswith(".") and "\n" not in text
    return text


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, when: Any) -> None:
    """From the moment that `when()` is true nothing more fits on the disk."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if when():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr("engine.files.os.fsync", fsync)


@pytest.mark.parametrize("moment", ["samples", "validation", "checkpoint"])
def test_a_full_disk_stops_the_run_and_leaves_its_last_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    start(PARSER, data, tmp_path / "whole").run()
    phase = {"samples": "sampling", "validation": "validating", "checkpoint": "saving"}[moment]
    state = {"full": False}

    def watch(event: str, facts: dict[str, Any]) -> None:
        state["full"] |= facts["step"] == 6 and facts.get("phase") == phase

    with monkeypatch.context() as patch:
        fill_the_disk(patch, lambda: state["full"])
        loop = start(PARSER, data, tmp_path / "run", watch)
        monkeypatch.setattr(loop, "best", 0.0 if moment == "validation" else 9.0)
        with pytest.raises(TrainingError) as caught:
            loop.run()
    text = sentence(caught.value)
    assert "the disk is full" in text and "training stopped at step 6" in text and "checkpoint of step 3" in text
    assert not list((tmp_path / "run").rglob("*.tmp")) and checkpoint(tmp_path / "run")["step"] == 3
    resumed = start(PARSER, data, tmp_path / "run", resume=True)
    resumed.run()
    a, b = (checkpoint(tmp_path / name)["modules"] for name in ("whole", "run"))
    assert differences(a, b) == []


def test_a_report_that_cannot_be_written_is_a_full_disk_too(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = start(PARSER, data, tmp_path / "run")
    real = open

    def no_stats(path: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if str(path).endswith("stats.jsonl") and loop.step == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, mode, *args, **more)

    monkeypatch.setattr("builtins.open", no_stats)
    with pytest.raises(TrainingError, match=r"stats\.jsonl.*the disk is full") as caught:
        loop.run()
    sentence(caught.value)


def test_data_removed_meanwhile_stop_the_run_with_a_checkpoint_to_resume(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(PARSER, data, tmp_path / "whole").run()
    monkeypatch.setenv("TESSERA_DATA_MEMORY", "0")
    content = {path: path.read_bytes() for path in (data / "images").iterdir() if "train" in path.name}

    def remove(event: str, facts: dict[str, Any]) -> None:
        if event == "step" and facts["step"] == 1:
            for path in content:
                path.unlink()

    with pytest.raises(TrainingError) as caught:
        start(PARSER, data, tmp_path / "run", remove).run()
    assert "has no picture for" in sentence(caught.value) and "resume it from its checkpoint" in str(caught.value)
    for path, bytes_ in content.items():
        path.write_bytes(bytes_)
    start(PARSER, data, tmp_path / "run", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []


def test_an_empty_folder_starts_no_run(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadFile, match=r"classes\.json"):
        start(PARSER, empty, tmp_path / "run")
    (empty / "classes.json").write_text(json.dumps(load_label_set("faces").to_dict()), "utf-8")
    with pytest.raises(BadFile, match="does not hold what this system trains on: pictures in images/"):
        start(PARSER, empty, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_picture_is_enough_to_train(tmp_path: Path) -> None:
    one = write_dataset(tmp_path / "one", side=32, train=1, val=0)
    loop = start(changed(SEAN, steps=2), one, tmp_path / "run")
    loop.run()
    assert loop.step == 2 and checkpoint(tmp_path / "run")["step"] == 2


def test_label_maps_of_another_size_than_their_pictures_are_brought_to_one(data: Path, tmp_path: Path) -> None:
    for path in (data / "labels").iterdir():
        with Image.open(path) as image:
            image.resize((100, 100), Image.Resampling.NEAREST).save(path)
    loop = start(changed(PARSER, steps=1), data, tmp_path / "run")
    assert loop.train.label_maps.shape == (4, 32, 32)
    loop.run()


def test_a_recipe_for_another_label_set_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="for 7 labels, but .*faces has 19"):
        start(changed(PARSER, model={"labels": 7}), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_resumed_with_labels_that_changed_places(data: Path, tmp_path: Path) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    labels = json.loads((data / "classes.json").read_text("utf-8"))
    labels["classes"][1]["name"], labels["classes"][2]["name"] = "nose", "skin"
    (data / "classes.json").write_text(json.dumps(labels), "utf-8")
    with pytest.raises(TrainingError, match="trained on the labels of"):
        start(PARSER, data, tmp_path / "run", resume=True)


def test_what_keeps_a_run_from_starting_is_an_error_of_the_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        start(PARSER, tmp_path / "nowhere", tmp_path / "run")


# ---------------------------------------------------------------- too little memory


def no_memory(*_: Any, **__: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize("where", ["losses", "validate"])
def test_running_out_of_memory_is_told_and_leaves_a_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    loop = start(PARSER, data, tmp_path / "run")
    original = getattr(loop.task, where)
    monkeypatch.setattr(loop.task, where, lambda *args: (no_memory if loop.step >= 5 else original)(*args))
    with pytest.raises(OutOfMemory, match="not enough memory on cpu.*batch 2 at 32 x 32.*resume it") as caught:
        loop.run()
    assert "2.00 GiB" in caught.value.details and "of step " + ("3." if where == "losses" else "6.") in sentence(
        caught.value
    )


@pytest.mark.parametrize("what", ["network", "checkpoint"])
def test_too_little_memory_for_a_network_or_its_checkpoint_is_no_damaged_file(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    target = "torch.nn.Module.to" if what == "network" else "torch.nn.Module.load_state_dict"
    monkeypatch.setattr(target, no_memory)
    with pytest.raises(OutOfMemory, match="not enough memory on cpu"):
        start(PARSER, data, tmp_path / "run", resume=True)


def test_a_checkpoint_is_read_into_main_memory(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(changed(PARSER, steps=1), data, tmp_path / "run").run()
    places: list[Any] = []
    real = torch.load
    monkeypatch.setattr(
        torch, "load", lambda path, map_location=None, **more: places.append(map_location) or real(path, **more)
    )
    start(PARSER, data, tmp_path / "run", resume=True)
    assert places == ["cpu"]
