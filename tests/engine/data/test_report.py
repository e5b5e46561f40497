"""The data report: what is wrong with a folder, by name; and the files that are made when asked for."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.findings import Report
from engine.data.kinds import inspect_folder, kind_of, make_lists
from engine.data.labelled import LabelledFolder
from engine.data.make import Making, hashed_split
from engine.errors import BadFile, Cancelled
from engine.labels.label_sets import load_label_set
from tests.commands import Runner
from tests.fixtures import write_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "脸 faces", side=16, train=4, val=2)


def found(report: Report, kind: str) -> dict[str, str]:
    return {finding.file: finding.what for finding in report.findings if finding.kind.id == kind}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def save_map(folder: Path, stem: str, values: np.ndarray, palette: bytes | None = None) -> None:
    image = Image.fromarray(values.astype(np.uint8))
    if palette is not None:
        image.putpalette(palette)
    image.save(folder / "labels" / f"{stem}.png")


# ---------------------------------------------------------------- what is found


def test_a_sound_folder_has_nothing_wrong_and_is_not_touched(folder: Path) -> None:
    before = contents(folder)
    report = inspect_folder(folder)
    assert contents(folder) == before
    assert (report.pairs, report.pictures, report.label_maps, report.labels) == (6, 6, 6, 19)
    assert report.problems == [] and report.splits == {"train": 4, "val": 2}
    assert report.picture_sizes == {"16 x 16": 6} and report.modes == {"RGB": 6, "L (labels)": 6}
    assert sum(report.label_shares.values()) == pytest.approx(1) and report.label_pictures["hair"] == 6
    assert "no map shows hat" in [finding.what for finding in report.findings if finding.kind.id == "unused label"]
    assert report.to_dict()["usable"] is True
    json.dumps(report.to_dict())


def test_everything_wrong_is_named(folder: Path) -> None:
    images, labels = folder / "images", folder / "labels"
    (labels / "train_000.png").unlink()
    (images / "train_001.jpg").unlink()
    (images / "train_002.jpg").write_bytes((images / "train_002.jpg").read_bytes()[:200])
    save_map(folder, "train_003", np.full((16, 16), 77))
    save_map(folder, "val_000", np.ones((16, 16)))
    save_map(folder, "val_001", np.tile([0, 1], (16, 16)))  # twice as wide as its picture
    shutil.copy(images / "val_000.jpg", images / "copy.jpg")
    Image.new("RGB", (8, 8)).save(labels / "copy.jpg")
    report = inspect_folder(folder)
    assert found(report, "no label map").keys() == {"images/train_000.jpg"}
    assert found(report, "no picture").keys() == {"labels/train_001.png"}
    assert found(report, "broken").keys() == {"images/train_002.jpg"}
    unfit = found(report, "unfit")
    assert unfit.keys() == {"labels/train_003.png", "labels/copy.jpg"} and "77" in unfit["labels/train_003.png"]
    assert found(report, "near-empty") == {"labels/val_000.png": "is 100.0% skin"}
    assert "32 x 16" in found(report, "other shape")["labels/val_001.png"]
    duplicates = found(report, "duplicate")
    assert duplicates == {"images/val_000.jpg": "is the same file as images/copy.jpg"}
    assert found(report, "split").keys() == {"train_000", "train_001"}  # in splits.json, but no pairs
    assert len(report.problems) == 6


@pytest.mark.parametrize(
    ("splits", "says"),
    [
        ({"train": ["train_000"], "val": ["train_000"]}, "in train and in val"),
        ({"train": ["train_000", "train_000"]}, "twice in train"),
        ({"train": ["nobody"]}, "no such pair"),
        (["train_000"], "not a list of stems"),
    ],
)
def test_splits_that_do_not_hold_are_told(folder: Path, splits: object, says: str) -> None:
    (folder / "splits.json").write_text(json.dumps(splits), "utf-8")
    assert says in " ".join(found(inspect_folder(folder), "split").values())


def test_an_empty_folder_and_none_at_all(tmp_path: Path) -> None:
    report = inspect_folder(tmp_path)
    assert report.pairs == 0 and report.to_dict()["usable"] is False and "images/ and" in report.findings[0].what
    with pytest.raises(BadFile, match="is not a folder"):
        inspect_folder(tmp_path / "nowhere")


def test_thousands_of_files_are_read_in_order_with_progress_and_can_be_stopped(tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (16, 16), (9, 9, 9)).save(tmp_path / "images" / "00000.png")
    save_map(tmp_path, "00000", np.tile([0, 1], (16, 8)))
    picture, label_map = (next((tmp_path / name).iterdir()).read_bytes() for name in ("images", "labels"))
    for n in range(1, 1500):
        (tmp_path / "images" / f"{n:05d}.png").write_bytes(picture)
        (tmp_path / "labels" / f"{n:05d}.png").write_bytes(label_map)
    told: list[float] = []
    report = inspect_folder(tmp_path, on_progress=lambda fraction, text: told.append(fraction))
    assert report.pairs == 1500 and not report.problems and len(found(report, "duplicate")) == 1499
    assert told == sorted(told) and len(told) == 30
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        inspect_folder(tmp_path, on_progress=lambda fraction, text: cancel.set(), cancel=cancel)


# ---------------------------------------------------------------- what is made


def make_files(folder: Path, report: Report, label_set: str | None = None) -> list[Path]:
    return make_lists(folder, kind_of(folder), report, Making(label_set))


def bare(folder: Path) -> Path:
    for name in ("classes.json", "splits.json"):
        (folder / name).unlink()
    return folder


def test_missing_files_are_made_only_when_asked_and_never_replaced(folder: Path) -> None:
    bare(folder)
    before = contents(folder)
    report = inspect_folder(folder)
    assert contents(folder) == before and "can be made" in found(report, "note")["classes.json"]
    written = make_files(folder, report, label_set="faces")
    assert [path.name for path in written] == ["classes.json", "splits.json"]
    assert len(LabelledFolder(folder, "train", 16)) == 5 and len(LabelledFolder(folder, "val", 16)) == 1
    assert make_files(folder, inspect_folder(folder)) == []


def test_labels_follow_from_ids_where_nobody_names_them(folder: Path) -> None:
    make_files(bare(folder), inspect_folder(folder))
    assert len(load_label_set(folder)) == 19  # the highest id is 18
    assert len(LabelledFolder(folder, "train", 16)) == 5


def test_colour_coded_maps_give_their_colours(folder: Path) -> None:
    bare(folder)
    colours = np.array([[1, 2, 3], [250, 0, 0], [0, 240, 10]], np.uint8)
    for n, path in enumerate(sorted((folder / "labels").iterdir())):
        ids = np.minimum(np.arange(16) * (n + 1) // 16, 2)
        Image.fromarray(colours[np.tile(ids, (16, 1))]).save(path)
    make_files(folder, inspect_folder(folder))
    label_set = load_label_set(folder)
    assert {label.colour for label in label_set.labels} == {tuple(row) for row in colours.tolist()}
    assert label_set[0].colour == (1, 2, 3)  # the most frequent first
    data = LabelledFolder(folder, "train", 16)
    assert set(np.unique(data.label_maps)) == {0, 1, 2}


def test_known_colours_give_a_label_set_with_names(folder: Path) -> None:
    bare(folder)
    palette = load_label_set("facades").palette()
    for path in (folder / "labels").iterdir():
        Image.fromarray(palette[np.tile(np.arange(12).repeat(2)[:16], (16, 1))]).save(path)
    make_files(folder, inspect_folder(folder))
    assert load_label_set(folder).same_labels(load_label_set("facades"))


def test_the_customary_255_becomes_an_ignored_label(folder: Path) -> None:
    bare(folder)
    palette = bytearray(range(256)) * 3
    palette[255 * 3 : 256 * 3] = bytes((224, 224, 192))
    for path in (folder / "labels").iterdir():
        save_map(folder, path.stem, np.tile([0, 1, 2, 255], (16, 4)), bytes(palette))
    make_files(folder, inspect_folder(folder))
    label_set = load_label_set(folder)
    assert len(label_set) == 4 and label_set.ignore == 3
    data = LabelledFolder(folder, "train", 16)
    assert data.label_maps[0, 0, :4].tolist() == [0, 1, 2, 3]


def test_a_grey_255_becomes_an_ignored_label_too(folder: Path) -> None:
    bare(folder)
    for path in (folder / "labels").iterdir():
        save_map(folder, path.stem, np.tile([0, 1, 2, 255], (16, 4)))
    make_files(folder, inspect_folder(folder))
    assert load_label_set(folder).ignore == 3
    assert LabelledFolder(folder, "train", 16).label_maps[0, 0, :4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("inner", ["images", ""])
def test_folders_of_single_pictures_are_classes(tmp_path: Path, inner: str) -> None:
    for name in ("sea", "forest"):
        (tmp_path / inner / name).mkdir(parents=True)
        for n in range(3):
            Image.new("RGB", (8, 8), (n, 0, len(name))).save(tmp_path / inner / name / f"{n}.png")
    report = inspect_folder(tmp_path)
    assert report.layout == "classes" and report.label_pictures == {"sea": 3, "forest": 3} and not report.problems
    make_files(tmp_path, report)
    assert [label.name for label in load_label_set(tmp_path).labels] == ["forest", "sea"]
    splits = json.loads((tmp_path / "splits.json").read_text("utf-8"))
    assert len(splits["train"]) == 5 and len(splits["val"]) == 1 and "/" in splits["train"][0]
    assert inspect_folder(tmp_path).splits == {"train": 5, "val": 1}


def test_a_split_depends_on_names_alone_and_leaves_something_to_train_on() -> None:
    stems = [f"{n:04d}" for n in range(200)]
    first, again = hashed_split(stems, 0.1), hashed_split(stems[::-1], 0.1)
    assert first == again and len(first["val"]) == 20 and not set(first["val"]) & set(first["train"])
    assert hashed_split(["a"], 0.1) == {"train": ["a"], "val": []}
    assert len(hashed_split(["a", "b"], 0.1)["val"]) == 1


# ---------------------------------------------------------------- the command


def test_the_command_tells_and_makes(run: Runner, folder: Path) -> None:
    bare(folder)
    before = contents(folder)
    done = run("data", folder, "--json", folder.parent / "report.json")
    assert done.code == 1, done.err  # as training would refuse it
    assert contents(folder) == before and "6 pairs" in done.out and "classes.json is missing" in done.out
    assert "missing: classes.json, splits.json; --make writes" in done.out
    assert json.loads((folder.parent / "report.json").read_text("utf-8"))["pairs"] == 6
    made = run("data", folder, "--make", "--label-set", "faces", "--json", "-")
    assert made.code == 0, made.err
    told = json.loads(made.out)
    assert told["label_set"] == "faces" and len(told["written"]) == 2


def test_the_command_ends_with_1_where_a_folder_cannot_be_trained_on(run: Runner, folder: Path) -> None:
    (folder / "labels" / "train_000.png").write_bytes(b"text")
    done = run("data", folder)
    assert done.code == 1 and "labels/train_000.png" in done.out and "\n  " in done.out


def test_grey_maps_of_sixteen_bits_hold_ids_too(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "deep", side=16, train=3, val=0)
    (folder / "classes.json").unlink()
    for path in (folder / "labels").iterdir():
        Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16) % 3).save(path)
    report = inspect_folder(folder)
    assert set(report.label_shares) <= {"0", "1", "2"} and not report.problems
    make_files(folder, report)
    assert len(LabelledFolder(folder, "train", 16)) == 3
    Image.fromarray(np.full((16, 16), 4000, np.uint16)).save(folder / "labels" / "train_000.png")
    (folder / "classes.json").unlink()
    assert "has values from 4000 to 4000" in found(inspect_folder(folder), "unfit")["labels/train_000.png"]


def test_pictures_that_are_in_two_splits_are_told(folder: Path) -> None:
    shutil.copy(folder / "images" / "train_000.jpg", folder / "images" / "val_000.jpg")
    shutil.copy(folder / "images" / "train_001.jpg", folder / "images" / "train_002.jpg")
    twice = found(inspect_folder(folder), "duplicate")
    assert twice["images/val_000.jpg"] == "is the same file as images/train_000.jpg, one in val and one in train"
    assert twice["images/train_002.jpg"] == "is the same file as images/train_001.jpg"


def test_one_pair_and_pictures_in_the_wrong_place_are_told(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "one", side=16, train=1, val=0)
    assert any("nothing is left to validate on" in one.what for one in inspect_folder(folder).findings)
    (tmp_path / "flat").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "flat" / "a.png")
    notes = [one.what for one in inspect_folder(tmp_path / "flat").findings]
    assert any(what.endswith("not looked at: 1") for what in notes) and any("no pair" in what for what in notes)


def test_nothing_is_made_of_pairs_that_cannot_be_read(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "broken", side=16, train=2, val=0)
    for name in ("classes.json", "splits.json"):
        (folder / name).unlink()
    for path in (folder / "images").iterdir():
        path.write_bytes(path.read_bytes()[:99])
    before = contents(folder)
    with pytest.raises(BadFile, match="Nothing in"):
        make_files(folder, inspect_folder(folder))
    assert contents(folder) == before
