"""Folders as people bring them: what the report calls fine trains, what does not train is named, by one listing."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.findings import TURNED, UNFIT
from engine.data.kinds import LABELLED, inspect_folder, make_lists
from engine.data.labelled import LabelledFolder
from engine.data.make import Making
from engine.errors import BadFile, BadLabelMap
from engine.labels.label_sets import load_label_set
from tests.commands import Runner
from tests.fixtures import photo_of

SIDE = 32


def blobs(seed: int, labels: int = 3, height: int = SIDE) -> np.ndarray:
    """(height, SIDE) uint8: a disc of each label but 0."""
    rows, columns = np.mgrid[0:height, 0:SIDE]
    label_map, draw = np.zeros((height, SIDE), np.uint8), np.random.default_rng(seed)
    for label_id in range(1, labels):
        row, column = draw.integers(8, height - 8), draw.integers(8, SIDE - 8)
        label_map[(rows - row) ** 2 + (columns - column) ** 2 < 36] = label_id
    return label_map


def folder_of(tmp_path: Path, names: list[str], *, image_suffix: str = ".jpg", map_suffix: str = ".png") -> Path:
    for seed, name in enumerate(names):
        label_map = blobs(seed)
        save(tmp_path / "images" / f"{name}{image_suffix}", photo_of(label_map, seed))
        save(tmp_path / "labels" / f"{name}{map_suffix}", label_map)
    classes = [{"id": label_id, "name": name} for label_id, name in enumerate("abc")]
    (tmp_path / "classes.json").write_text(json.dumps({"classes": classes}))
    return tmp_path


def save(path: Path, pixels: np.ndarray, **how: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **how)


@pytest.mark.parametrize(
    ("image_suffix", "map_suffix"),
    [(".JPG", ".png"), (".Jpeg", ".PNG"), (".TIF", ".Tiff"), (".jpeg", ".bmp")],
)
def test_every_suffix_counts_in_every_case(tmp_path: Path, image_suffix: str, map_suffix: str) -> None:
    folder = folder_of(tmp_path, ["a", "b"], image_suffix=image_suffix, map_suffix=map_suffix)
    report = inspect_folder(folder)
    assert report.usable and report.pairs == 2
    split = LabelledFolder(folder, "train", SIDE)
    assert np.array_equal(split.label_maps[1], blobs(1))


def test_folders_in_the_folders_are_listed_without_splits_too(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["one/a", "one/b", "two/a"])
    assert inspect_folder(folder).usable
    assert LabelledFolder(folder, "train", SIDE).stems == ["one/a", "one/b", "two/a"]


def test_what_other_programs_left_is_passed_over(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    for name in ("._a.png", ".ipynb_checkpoints/a-checkpoint.png", "@eaDir/a.png", "__MACOSX/a.png"):
        (folder / "labels" / name).parent.mkdir(exist_ok=True)
        (folder / "labels" / name).write_bytes(b"\0\5\x16\7")
    report = inspect_folder(folder)
    assert report.usable and report.label_maps == 2 and not report.findings
    assert LabelledFolder(folder, "train", SIDE).stems == ["a", "b"]


def test_accents_are_the_same_in_both_of_unicodes_forms(tmp_path: Path) -> None:
    composed = "caf\u00e9"
    folder = folder_of(tmp_path, [composed])
    (folder / f"images/{composed}.jpg").rename(folder / f"images/{unicodedata.normalize('NFD', composed)}.jpg")
    (folder / "splits.json").write_text(json.dumps({"train": [unicodedata.normalize("NFD", composed)]}))
    report = inspect_folder(folder)
    assert report.usable and not report.problems
    assert len(LabelledFolder(folder, "train", SIDE)) == 1


def test_lists_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a"])
    (folder / "splits.json").write_text('{"train": ["a"]}', "utf-8-sig")
    (folder / "classes.json").write_text((folder / "classes.json").read_text(), "utf-8-sig")
    assert inspect_folder(folder).usable and LabelledFolder(folder, "train", SIDE).stems == ["a"]


# ---------------------------------------------------------------- EXIF turns


def turned_folder(tmp_path: Path, height: int, *, stored: bool, orientation: int = 6) -> Path:
    """Pictures that EXIF data turn by a quarter, with maps of the pictures as stored or as shown."""
    exif = Image.Exif()
    exif[0x112] = orientation
    for seed in range(2):
        label_map = blobs(seed, height=height)
        shown = photo_of(label_map, seed)
        back = {6: 1, 3: 2}[orientation]
        save(tmp_path / f"images/a{seed}.jpg", np.ascontiguousarray(np.rot90(shown, back)), exif=exif, quality=95)
        save(tmp_path / f"labels/a{seed}.png", np.ascontiguousarray(np.rot90(label_map, back if stored else 0)))
    classes = [{"id": label_id, "name": name} for label_id, name in enumerate("abc")]
    (tmp_path / "classes.json").write_text(json.dumps({"classes": classes}))
    return tmp_path


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("height", "orientation"), [(24, 6), (SIDE, 6), (24, 3)])
def test_a_map_of_the_unturned_picture_is_refused_with_the_reason(
    tmp_path: Path, height: int, orientation: int, quick: bool
) -> None:
    folder = turned_folder(tmp_path, height, stored=True, orientation=orientation)
    report = inspect_folder(folder, quick=quick)
    assert [finding.kind for finding in report.findings] == [TURNED, TURNED] and not report.usable
    assert "EXIF" in report.findings[0].what
    with pytest.raises(BadFile, match="EXIF"):
        LabelledFolder(folder, "train", SIDE)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("height", "orientation"), [(24, 6), (SIDE, 6), (24, 3)])
def test_a_map_of_the_picture_as_it_is_shown_is_fine(
    tmp_path: Path, height: int, orientation: int, quick: bool
) -> None:
    folder = turned_folder(tmp_path, height, stored=False, orientation=orientation)
    report = inspect_folder(folder, quick=quick)
    assert report.usable and not report.findings
    assert report.picture_sizes == report.map_sizes
    assert len(LabelledFolder(folder, "train", SIDE)) == 2


# ---------------------------------------------------------------- numbers and colours of others


def made(folder: Path, making: Making | None = None) -> LabelledFolder:
    make_lists(folder, LABELLED, inspect_folder(folder), making or Making(validation=0))
    assert inspect_folder(folder).usable
    return LabelledFolder(folder, "train", SIDE)


@pytest.mark.parametrize("palette", [False, True])
def test_a_mask_of_0_and_255_has_two_labels(tmp_path: Path, palette: bool) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    (folder / "classes.json").unlink()
    for seed, name in enumerate("ab"):
        image = Image.fromarray(blobs(seed, 2) * 255)
        if palette:
            image.putpalette([channel for value in range(256) for channel in (value, 255 - value, value)])
        image.save(folder / f"labels/{name}.png")
    split = made(folder)
    assert len(split.label_set) == 2 and split.label_set.ignore is None
    assert np.array_equal(split.label_maps[1], blobs(1, 2))


def test_255_beside_other_labels_is_the_ignored_one(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    (folder / "classes.json").unlink()
    expected = blobs(0)
    expected[:4] = 3
    save(folder / "labels/a.png", np.where(expected == 3, 255, expected).astype(np.uint8))
    split = made(folder)
    assert [label.name for label in split.label_set.labels] == ["label 0", "label 1", "label 2", "unlabelled"]
    assert split.label_set.ignore == 3 and np.array_equal(split.label_maps[0], expected)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_smoothed_maps_make_no_labels(tmp_path: Path, mode: str) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    (folder / "classes.json").unlink()
    white = [255, 255, 255]
    colours = np.array([[0, 0, 0], [200, 30, 30], [30, 200, 60]] if mode == "RGB" else [[0, 0, 0], white, white])
    for seed, name in enumerate("ab"):
        large = Image.fromarray(colours[blobs(seed).repeat(9, 0).repeat(9, 1)].astype(np.uint8)).rotate(10)
        large.resize((144, 144), Image.Resampling.BOX).convert(mode).save(folder / f"labels/{name}.png")
    report = inspect_folder(folder)
    with pytest.raises(BadFile, match="smoothing"):
        make_lists(folder, LABELLED, report, Making())
    assert not (folder / "classes.json").exists()
    assert not report.usable and "smoothing" in report.problems[0].what
    assert not any("can be made" in finding.what for finding in report.findings)


@pytest.mark.parametrize("named", [True, False])
def test_numbers_that_may_count_from_1_are_worth_knowing(tmp_path: Path, named: bool) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    if not named:
        (folder / "classes.json").unlink()
    doubts = [finding.what for finding in inspect_folder(folder).findings if "count from 1" in finding.what]
    assert doubts == []
    for path in (folder / "labels").iterdir():
        values = np.asarray(Image.open(path))
        Image.fromarray(np.clip(values, 1, 2)).save(path)
    doubts = [finding.what for finding in inspect_folder(folder).findings if "count from 1" in finding.what]
    assert len(doubts) == 1


def test_pictures_alone_are_said_to_have_no_label_maps(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    for path in (folder / "labels").iterdir():
        path.unlink()
    report = inspect_folder(folder)
    assert report.layout == "pictures" and report.usable
    assert any("without label maps" in finding.what for finding in report.findings)


def test_maps_of_which_none_is_one_make_no_labels(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    (folder / "classes.json").unlink()
    for name in "ab":
        save(folder / f"labels/{name}.png", np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
    with pytest.raises(BadFile, match="Nothing in .* can be used"):
        make_lists(folder, LABELLED, inspect_folder(folder), Making())


def test_numbers_that_could_be_of_two_orders_are_asked_about(run: Runner, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ["a", "b"])
    (folder / "classes.json").unlink()
    assert run("data", folder, "--make", "--label-set", "ade20k").code == 1
    report = inspect_folder(folder)
    assert not report.usable and "count its labels from 1" in report.findings[0].what
    with pytest.raises(BadLabelMap, match="count its labels from 1"):
        LabelledFolder(folder, "train", SIDE)
    (folder / "classes.json").unlink()
    assert run("data", folder, "--make", "--label-set", "ade20k", "--order", "no such").code == 2
    assert run("data", folder, "--make", "--label-set", "ade20k", "--order", "ADE20K").code == 0
    split = LabelledFolder(folder, "train", SIDE)
    assert load_label_set(folder).order == "ADE20K"
    stem_number = "ab".index(split.stems[0])
    assert np.array_equal(split.label_maps[0], np.where(blobs(stem_number) == 0, 150, blobs(stem_number) - 1))


# --- colours of other tools ---------------------------------------------------------------------------

OTHER_COLOURS = np.array([(20, 20, 20), (210, 60, 50), (70, 160, 220)], np.uint8)


@pytest.fixture
def in_other_colours(tmp_path: Path) -> Path:
    """Two pairs for the labels a, b and c, whose maps are in colours that are none of these labels'."""
    folder = folder_of(tmp_path, ["one", "two"])
    for seed, name in enumerate(("one", "two")):
        save(folder / "labels" / f"{name}.png", OTHER_COLOURS[blobs(seed)])
    return folder


def test_colours_of_no_label_are_named_with_the_nearest(in_other_colours: Path) -> None:
    report = inspect_folder(in_other_colours)
    assert not report.usable and {finding.kind for finding in report.problems} == {UNFIT}
    assert set(report.nearest_colours) == {"#141414", "#d23c32", "#46a0dc"}
    assert report.nearest_colours["#141414"] == "a"  # black
    assert report.to_dict()["nearest_colours"] == report.nearest_colours


def test_what_colours_mean_is_kept_in_the_folder_trains_and_is_taken_back(
    in_other_colours: Path, tmp_path: Path, run: Runner
) -> None:
    folder, table = in_other_colours, tmp_path / "table.json"
    before = json.loads((folder / "classes.json").read_text())
    table.write_text(json.dumps({"#141414": "a", "#d23c32": "b", "#46a0dc": 2}))
    assert run("data", str(folder), "--table", str(table)).code == 0
    assert json.loads((folder / "classes.json").read_text())["colours"]["#46a0dc"] == "c"
    split = LabelledFolder(folder, "train", SIDE)
    assert np.array_equal(split.label_maps[1], blobs(1))
    assert "colours" not in split.facts()["label_set"]
    table.write_text("{}")
    assert run("data", str(folder), "--table", str(table)).code == 1
    assert json.loads((folder / "classes.json").read_text()) == before


def test_a_table_of_labels_that_the_folder_has_not_is_refused_before_the_folder_is_read(
    in_other_colours: Path, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.data.kinds.inspect_folder", lambda *_, **__: pytest.fail("the folder was read"))
    before = (in_other_colours / "classes.json").read_bytes()
    (tmp_path / "table.json").write_text('{"#141414": "sky"}')
    result = run("data", str(in_other_colours), "--table", str(tmp_path / "table.json"))
    assert result.code not in (0, 1) and "sky" in result.err
    assert (in_other_colours / "classes.json").read_bytes() == before


def test_a_smoothed_map_is_refused_without_a_table_to_fill_in(in_other_colours: Path) -> None:
    ramp = np.linspace(0, 255, SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE)
    save(in_other_colours / "labels" / "one.png", np.stack([ramp, 255 - ramp, ramp], -1))
    report = inspect_folder(in_other_colours)
    assert set(report.nearest_colours) == {"#141414", "#d23c32", "#46a0dc"}  # of the other map
