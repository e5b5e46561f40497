"""Kinds of data: each recognised, reported on, opened, and the same batches for the same seed and step."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.batch import Batch
from engine.data.captions import CaptionFolder, Layouts
from engine.data.dataset import DataSet
from engine.data.kinds import (
    CAPTIONED,
    CLASSES,
    KINDS,
    LABELLED,
    LAYOUT_FILE,
    PICTURES,
    DataKind,
    first_lack,
    inspect_folder,
    make_lists,
    recognised,
)
from engine.data.make import Making
from engine.data.pictures import ClassFolder, PictureFolder
from engine.errors import BadFile, BadRequest, TrainingError
from engine.labels.label_sets import load_label_set
from engine.systems import all_systems
from engine.systems.base import load_part
from tests.engine.drawn_pictures import write_classes, write_pictures
from tests.engine.training.tiny import PARSER, start
from tests.fixtures import write_dataset


def write_captions(folder: Path) -> Path:
    write_pictures(folder / "images", 5)
    texts = {f"{n:02d}": [f"picture {n}", f"another word for {n}"] for n in range(5)} | {"00": "only one"}
    (folder / "captions.json").write_text(json.dumps(texts), "utf-8")
    return folder


def write_layouts(folder: Path) -> Path:
    folder.mkdir()
    records = [
        {
            "image_id": n,
            "width": 200,
            "height": 100,
            "captions": [f"scene {n}", f"again {n}"],
            "boxes": [{"xyxy": [20, 10, 100, 50 + n], "label": n % 2}] * (n % 3),
            "split": "val" if n == 5 else "train",
        }
        for n in range(6)
    ]
    (folder / "captions_boxes.json").write_text(json.dumps({"classes": ["cat", "dog"], "records": records}), "utf-8")
    return folder


def write_plain(folder: Path) -> Path:
    write_pictures(folder / "images", 4)
    return folder


def write_labelled(folder: Path) -> Path:
    return write_dataset(folder, side=16, train=4, val=1)


WRITERS: list[tuple[DataKind, Any]] = [
    (LABELLED, write_labelled),
    (CLASSES, write_classes),
    (CAPTIONED, write_captions),
    (LAYOUT_FILE, write_layouts),
    (PICTURES, write_plain),
]
every_kind = pytest.mark.parametrize(("kind", "write"), WRITERS, ids=[kind.id for kind, _ in WRITERS])


def same(first: Batch, second: Batch) -> bool:
    def equal(a: Any, b: Any) -> bool:
        if isinstance(a, torch.Tensor):
            return torch.equal(a, b)
        return len(a) == len(b) and all(equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in zip(a, b))

    return first.fields.keys() == second.fields.keys() and all(equal(first[k], second[k]) for k in first.fields)


def test_every_kind_is_tested_here() -> None:
    assert {kind.id for kind, _ in WRITERS} == {kind.id for kind in KINDS}


# ---------------------------------------------------------------- the face


@every_kind
def test_a_folder_is_recognised_and_its_report_knows_the_kind(kind: DataKind, write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "数据 data")
    assert next(recognised(folder)) is kind
    report = inspect_folder(folder)
    assert report.layout == kind.id and report.problems == [] and report.to_dict()["usable"] is True
    json.dumps(report.to_dict())


@pytest.mark.parametrize("label_set", ["faces", "coco_stuff"])
@every_kind
def test_a_drawn_folder_is_ready_to_train_on(kind: DataKind, write: Any, label_set: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        kind.draws(tmp_path / name, 24, load_label_set(label_set))
    report = inspect_folder(tmp_path / "first")
    assert report.layout == kind.id and report.usable
    batches = []
    for name, split in (("first", "train"), ("first", "val"), ("second", "val")):
        data = kind.opens()(tmp_path / name, split, 24)
        batches.append(data.batch(np.arange(len(data))))
        assert set(batches[-1].fields) == set(kind.fields)
    assert len(batches[0]) > len(batches[1]) and same(batches[1], batches[2])


@every_kind
def test_what_a_plain_folder_lacks_is_made_once_and_only_where_there_are_lists(
    kind: DataKind, write: Any, tmp_path: Path
) -> None:
    folder = write(tmp_path / "data")
    for name in ("classes.json", "splits.json"):
        (folder / name).unlink(missing_ok=True)
    assert kind.missing_lists(folder) == list(kind.lists)
    report = inspect_folder(folder)
    assert report.usable == (kind is not LABELLED)  # whose labels have no names without classes.json
    if kind.make is None:
        with pytest.raises(BadFile, match="there are no lists to make"):
            make_lists(folder, kind, report, Making())
        return
    assert [path.name for path in make_lists(folder, kind, report, Making())] == list(kind.lists)
    assert make_lists(folder, kind, inspect_folder(folder), Making()) == [] == kind.missing_lists(folder)
    report = inspect_folder(folder)
    assert report.usable and report.layout == kind.id
    assert sum(report.splits.values()) == report.examples and report.splits["val"] >= 1
    assert len(kind.opens()(folder, "train", 8)) == report.splits["train"]
    if not kind.has_label_maps:
        with pytest.raises(BadRequest, match="have no label maps"):
            make_lists(folder, kind, report, Making("faces"))


@pytest.mark.parametrize(
    ("kind", "write", "says"),
    [
        (LABELLED, write_labelled, ["5 pairs (5 pictures, 5 label maps)", "19 labels of faces"]),
        (CLASSES, write_classes, ["9 pictures in 3 classes"]),
        (CAPTIONED, write_captions, ["5 pictures", "9 sentences"]),
        (LAYOUT_FILE, write_layouts, ["6 layouts", "12 sentences", "boxes of 2 classes"]),
        (PICTURES, write_plain, ["4 pictures"]),
    ],
    ids=[kind.id for kind, _ in WRITERS],
)
def test_a_report_begins_with_how_much_there_is(kind: DataKind, write: Any, says: list[str], tmp_path: Path) -> None:
    assert list(kind.summary(inspect_folder(write(tmp_path / "data")))) == says


def test_a_broken_picture_of_a_class_is_in_no_split(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "data") / "images"  # folders of classes with no images/ around them
    broken = sorted(folder.rglob("*.png"))[0]
    broken.write_bytes(b"no picture")
    report = inspect_folder(folder)
    make_lists(folder, CLASSES, report, Making())
    stems = json.loads((folder / "splits.json").read_text("utf-8"))
    assert len(stems["train"] + stems["val"]) == report.examples - 1


@every_kind
def test_a_batch_follows_from_seed_and_step_alone_and_has_the_kinds_fields(
    kind: DataKind, write: Any, tmp_path: Path
) -> None:
    folder = write(tmp_path / "data")
    data, again = (kind.opens()(folder, "train", 8) for _ in range(2))
    few = kind.opens()(folder, "train", 8, None, 8 * 8 * 3)  # of nearly all pictures, none is kept
    for step in (3, 0, 7):
        batch = data.training_batch(3, 5, step)
        assert batch.fields.keys() == set(kind.fields) and len(batch) == 3
        assert same(batch, again.training_batch(3, 5, step)) and same(batch, few.training_batch(3, 5, step))
        assert same(batch.rows(1, 2), data.training_batch(3, 5, step, np.array([1])))
    assert not same(data.training_batch(3, 5, 0), data.training_batch(3, 6, 0))
    assert same(data.batch(np.array([1, 0])).rows(1, 2), data.batch(np.array([0])))


@every_kind
def test_an_unknown_split_is_named(kind: DataKind, write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "data")
    dataset = kind.opens()
    assert dataset.has_split(folder, "train") and not dataset.has_split(folder, "elsewhere")
    if kind in (LABELLED, LAYOUT_FILE):
        with pytest.raises(BadFile, match="elsewhere"):
            dataset(folder, "elsewhere", 8)


@every_kind
def test_what_the_data_decided_is_checked_when_a_run_is_resumed(kind: DataKind, write: Any, tmp_path: Path) -> None:
    data = kind.opens()(write(tmp_path / "data"), "train", 8)
    data.check_resumed(data.facts(), tmp_path)
    data.check_resumed({}, tmp_path)
    if kind in (CLASSES, LAYOUT_FILE):
        with pytest.raises(TrainingError, match="trained with other classes"):
            data.check_resumed({"classes": ["dog", "cat"]}, tmp_path)


def test_a_folder_of_another_kind_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "scenes")
    with pytest.raises(BadFile, match="holds pictures in a folder per class; this system trains on pictures in images"):
        start(PARSER, folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_are_missing_beside_label_maps(tmp_path: Path) -> None:
    folder = write_labelled(tmp_path / "data")
    shutil.rmtree(folder / "images")
    assert "holds label maps but no pictures" in str(first_lack(folder, LABELLED))


def test_links_that_lead_in_a_circle_and_endless_folders_are_not_followed_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks() -> str:
        return str(first_lack(tmp_path, LABELLED))

    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "b"):
        (images / name).symlink_to(images, target_is_directory=True)
    assert "does not hold what this system trains on" in lacks()
    (images / "deep" / "deeper").mkdir(parents=True)
    (images / "deep" / "deeper" / "one.jpg").touch()
    assert "no label maps" in lacks()
    (tmp_path / "labels" / "deep" / "deeper").mkdir(parents=True)
    assert "no label maps" in lacks()
    monkeypatch.setattr("engine.data.lacks.MOST_ENTRIES", 1)
    assert "no classes.json" in lacks()  # too many to look at here: the data report does


def test_every_system_names_a_kind() -> None:
    for system in all_systems():
        kind = load_part(system.data)
        assert isinstance(kind, DataKind) and issubclass(kind.opens(), DataSet)


# ---------------------------------------------------------------- each kind's own


def test_classes_are_the_folders_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "scenes")
    data = ClassFolder(folder, "train", 8)
    assert data.names == ["forest", "sea", "street"]
    assert data.network_fields() == {"classes": 3, "class_names": data.names}
    batch = data.batch(np.arange(9))
    levels = ((batch.pictures[:, 0, 0, 0] + 1) * 127.5).round().long() // 30  # sea 0-2, forest 3-5, street 6-8
    assert batch.classes.tolist() == [[1, 0, 2][level] for level in levels.tolist()]
    listed = {"name": "scenes", "classes": [{"id": n, "name": name} for n, name in enumerate(("street", "sea"))]}
    (folder / "classes.json").write_text(json.dumps(listed), "utf-8")
    with pytest.raises(BadFile, match="forest/.* is in no folder of a class"):
        ClassFolder(folder, "train", 8)


def test_pictures_lie_in_images_or_in_the_folder_and_follow_splits(tmp_path: Path) -> None:
    write_pictures(tmp_path / "flat", 3)
    assert len(PictureFolder(tmp_path / "flat", "train", 8)) == 3
    (tmp_path / "flat" / "splits.json").write_text('{"train": ["01"], "val": ["gone"]}', "utf-8")
    assert PictureFolder(tmp_path / "flat", "train", 8).stems == ["01"]
    with pytest.raises(BadFile, match="has no picture 'gone'"):
        PictureFolder(tmp_path / "flat", "val", 8)
    with pytest.raises(BadFile, match="no split 'test'"):
        PictureFolder(tmp_path / "flat", "test", 8)


def test_each_sentence_about_a_picture_gets_its_turn(tmp_path: Path) -> None:
    data = CaptionFolder(write_captions(tmp_path / "data"), "train", 8)
    assert data.batch(np.arange(2)).captions == ["only one", "picture 1"]
    drawn = {caption for step in range(40) for caption in data.training_batch(5, 0, step).captions}
    assert drawn == {"only one"} | {f"picture {n}" for n in range(1, 5)} | {
        f"another word for {n}" for n in range(1, 5)
    }
    ramp = np.tile(np.arange(20, dtype=np.uint8) * 10, (12, 1))
    for path in (data.folder / "images").iterdir():
        Image.fromarray(ramp).save(path)
    data = CaptionFolder(data.folder, "train", 8)
    for step in range(6):  # not mirrored: sentences say left and right
        first, last = (data.training_batch(5, 0, step).pictures[..., column] for column in (0, -1))
        assert bool((first < last).all())


def test_pictures_without_a_sentence_are_named(tmp_path: Path) -> None:
    folder = write_captions(tmp_path / "data")
    write_pictures(folder / "images", 1, 7)
    with pytest.raises(BadFile, match="no sentence about '07'"):
        CaptionFolder(folder, "train", 8)
    report = inspect_folder(folder)
    assert [(found.kind.id, found.file) for found in report.problems] == [("no caption", "07")] and report.captions == 9
    (folder / "captions.json").write_text("[", "utf-8")
    assert inspect_folder(folder).problems[0].kind.id == "broken"
    with pytest.raises(BadFile, match=r"captions\.json"):
        CaptionFolder(folder, "train", 8)


def test_layouts_come_without_pictures(tmp_path: Path) -> None:
    folder = write_layouts(tmp_path / "coco")
    data, validation = Layouts(folder, "train", 8), Layouts(folder, "val", 8)
    assert (len(data), len(validation)) == (5, 1) and data.names == ["cat", "dog"]
    assert data.network_fields() == {
        "classes": 2,
        "class_names": ("cat", "dog"),
        "words": ("again", "scene", "0", "1", "2", "3", "4"),
        "domains": ("",),
        "domain_classes": ((0, 1),),
    }
    batch = data.batch(np.array([0, 1]))
    assert "pictures" not in batch and batch.captions == ["scene 0", "scene 1"]
    with pytest.raises(KeyError, match="no pictures; it has captions, boxes"):
        batch.pictures
    empty, one = batch.boxes
    assert empty.shape == (0, 5)
    torch.testing.assert_close(one, torch.tensor([[0.1, 0.1, 0.5, 0.51, 1.0]]))
    report = inspect_folder(folder)
    assert (report.layouts, report.captions, report.splits) == (6, 12, {"train": 5, "val": 1})
    assert report.label_pictures == {"cat": 3, "dog": 3}
    (folder / "captions_boxes.json").write_text('{"classes": []}', "utf-8")
    with pytest.raises(BadFile, match="does not hold captions and boxes"):
        Layouts(folder, "train", 8)


# ---------------------------------------------------------------- batches


def test_a_batch_is_cut_moved_and_refuses_what_does_not_fit() -> None:
    batch = Batch(pictures=torch.zeros(3, 3, 2, 2), captions=["a", "b", "c"], depth=torch.arange(3))
    assert len(batch) == 3 and batch.rows(1, 3).captions == ["b", "c"] and batch["depth"].tolist() == [0, 1, 2]
    moved = Batch(boxes=[torch.zeros(1, 5), torch.zeros(0, 5)], pictures=torch.zeros(2, 3, 2, 2)).to(
        torch.device("meta")
    )
    assert moved.pictures.device.type == "meta" and all(box.device.type == "meta" for box in moved.boxes)
    with pytest.raises(ValueError, match="of one length"):
        Batch(pictures=torch.zeros(3, 3, 2, 2), captions=["a"])
