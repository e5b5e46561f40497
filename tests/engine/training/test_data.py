"""Dataset folders: which examples make a batch, mirrored how, and what is wrong with a folder."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.ahead import BatchesAhead
from engine.data.kinds import LABELLED, measured_split
from engine.data.labelled import LabelledFolder
from engine.data.layout import split_stems
from engine.errors import BadFile, EngineError
from tests.fixtures import write_dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=7, val=2)


@pytest.fixture(scope="module")
def data(folder: Path) -> LabelledFolder:
    return LabelledFolder(folder, "train", 32)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that a test may spoil."""
    return write_dataset(tmp_path / "脸 faces", side=16, train=3, val=1)


def numbered(data: LabelledFolder) -> LabelledFolder:
    """The same examples, each picture holding nothing but its own number."""
    data.images = np.empty_like(data.images)
    data.images[:] = np.arange(len(data), dtype=np.uint8)[:, None, None, None]
    return data


# ---------------------------------------------------------------- batches


def test_a_batch_holds_pictures_and_label_maps_as_networks_want_them(data: LabelledFolder) -> None:
    batch = data.batch(np.array([2, 0]))
    assert batch.pictures.shape == (2, 3, 32, 32) and batch.pictures.dtype == torch.float32
    assert batch.label_maps.shape == (2, 32, 32) and batch.label_maps.dtype == torch.long
    wanted = torch.from_numpy(data.images[2]).permute(2, 0, 1).float() / 127.5 - 1
    torch.testing.assert_close(batch.pictures[0], wanted)
    assert -1 <= float(batch.pictures.min()) and float(batch.pictures.max()) <= 1


def test_a_training_batch_follows_from_seed_and_step_alone(folder: Path, data: LabelledFolder) -> None:
    other = LabelledFolder(folder, "train", 32)
    for step in (9, 0, 3, 9):
        np.random.seed(step)
        torch.rand(step)
        first, again = data.training_batch(3, 5, step), other.training_batch(3, 5, step)
        assert torch.equal(first.pictures, again.pictures) and torch.equal(first.label_maps, again.label_maps)
    assert not torch.equal(data.training_batch(3, 5, 0).pictures, data.training_batch(3, 6, 0).pictures)
    assert not torch.equal(data.training_batch(3, 5, 0).pictures, data.training_batch(3, 5, 1).pictures)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 16])
def test_every_example_comes_once_per_epoch(folder: Path, size: int) -> None:
    """Whether batches divide the epoch or not, and when a batch is larger than the data set."""
    data = numbered(LabelledFolder(folder, "train", 32))
    steps = -(-7 * 6 // size)
    shown = torch.cat([data.training_batch(size, 0, step).pictures[:, 0, 0, 0] for step in range(steps)])
    order = ((shown + 1) * 127.5).round().long().tolist()
    epochs = [order[n : n + 7] for n in range(0, 7 * 6, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 3  # shuffled anew


def test_about_half_of_the_pictures_are_mirrored(folder: Path) -> None:
    data = LabelledFolder(folder, "train", 32)
    data.images[:] = np.arange(32, dtype=np.uint8)[None, None, :, None]
    first = torch.cat([data.training_batch(7, 0, step).pictures[:, 0, 0, 0] for step in range(60)])
    share = Counter((first > -1).tolist())[True] / len(first)
    assert 0.4 < share < 0.6


def test_a_mirrored_face_has_its_left_eye_on_the_left_again(data: LabelledFolder) -> None:
    plain = data.batch(np.array([0, 1]))
    mixed = data.examples(np.array([0, 1]), np.array([True, False]))
    assert torch.equal(mixed.pictures[0], plain.pictures[0].flip(-1))
    assert torch.equal(mixed.pictures[1], plain.pictures[1]) and torch.equal(mixed.label_maps[1], plain.label_maps[1])
    swap = {4: 5, 5: 4, 6: 7, 7: 6, 8: 9, 9: 8}
    wanted = plain.label_maps[0].flip(-1).clone()
    for a, b in swap.items():
        wanted[plain.label_maps[0].flip(-1) == a] = b
    assert torch.equal(mixed.label_maps[0], wanted)
    columns = [(mixed.label_maps[0] == eye).nonzero()[:, 1].float().mean() for eye in (4, 5)]
    assert columns[0] < columns[1] and set(swap) <= set(plain.label_maps[0].unique().tolist())


def test_reading_does_not_change_what_is_kept(data: LabelledFolder) -> None:
    images, maps = data.images.copy(), data.label_maps.copy()
    batch = data.examples(np.array([0]), np.array([True]))
    batch.pictures.zero_()
    batch.label_maps.zero_()
    assert np.array_equal(data.images, images) and np.array_equal(data.label_maps, maps)


# ---------------------------------------------------------------- reading


def test_pictures_of_any_size_are_cropped_to_their_centre_and_resized(own: Path) -> None:
    Image.new("RGB", (60, 40), (10, 20, 30)).save(own / "images" / "train_000.jpg", quality=95)
    Image.new("L", (30, 20), 1).save(own / "labels" / "train_000.png")
    data = LabelledFolder(own, "train", 16)
    assert data.images.shape == (3, 16, 16, 3) and set(data.label_maps[0].flatten()) == {1}
    assert abs(int(data.images[0, 8, 8, 2]) - 30) <= 2


def test_splits_choose_and_without_them_all_pairs_belong(own: Path) -> None:
    assert [len(LabelledFolder(own, split, 16)) for split in ("train", "val")] == [3, 1]
    (own / "splits.json").unlink()
    assert len(LabelledFolder(own, "test", 16)) == 4


def test_progress_is_told(own: Path) -> None:
    told: list[tuple[float, str]] = []
    LabelledFolder(own, "train", 16, lambda fraction, text: told.append((fraction, text)))
    assert told and told[0][0] == 0.0 and "faces/train" in told[0][1]


@pytest.mark.parametrize(
    ("name", "content", "split", "says"),
    [
        ("splits.json", "{", "train", "splits.json"),
        ("splits.json", "[1]", "train", "splits.json"),
        ("splits.json", json.dumps({"train": []}), "train", "empty"),
        ("splits.json", json.dumps({"train": ["nobody"]}), "train", "nobody"),
        (None, "", "test", "no split 'test'; it has: train, val"),
        ("classes.json", None, "train", "classes.json"),
        ("images/train_001.jpg", None, "train", "train_001"),
        ("images/train_001.jpg", "text", "train", "train_001.jpg"),
        ("labels/train_001.png", None, "train", "train_001.png"),
    ],
)
def test_a_folder_with_something_wrong_is_named_in_a_sentence(
    own: Path, name: str | None, content: str | None, split: str, says: str
) -> None:
    if name is not None:
        (own / name).unlink()
        if content is not None:
            (own / name).write_text(content, "utf-8")
    with pytest.raises(BadFile) as caught:
        LabelledFolder(own, split, 16)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_label_map_with_an_unknown_id_is_named(own: Path) -> None:
    Image.fromarray(np.full((16, 16), 77, np.uint8)).save(own / "labels" / "train_002.png")
    with pytest.raises(EngineError, match=r"train_002\.png.*77"):
        LabelledFolder(own, "train", 16)


def test_the_order_of_a_folders_files_does_not_travel_with_its_labels(own: Path) -> None:
    """Maps that weights find are Tessera's own: their numbers are ids, whatever the training files had."""
    classes_file = own / "classes.json"
    classes = json.loads(classes_file.read_text("utf-8"))
    classes_file.write_text(json.dumps(classes | {"order": "ids"}), "utf-8")
    data = LabelledFolder(own, "train", 16)
    assert data.label_set.order == "ids" and "order" not in data.facts()["label_set"]


def test_weights_are_measured_on_test_or_else_on_val(tmp_path: Path) -> None:
    assert measured_split(tmp_path, LABELLED) == "test"
    (tmp_path / "splits.json").write_text('{"train": ["a"], "val": ["b"]}', encoding="utf-8")
    assert measured_split(tmp_path, LABELLED) == "val"
    (tmp_path / "splits.json").write_text('{"test": ["a"], "val": ["b"]}', encoding="utf-8")
    assert measured_split(tmp_path, LABELLED) == "test"


def test_training_squares_come_from_anywhere_in_wide_pictures(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "wide", side=16, train=2, val=1)
    ramp = np.repeat(np.arange(32, dtype=np.uint8)[None] * 8, 16, axis=0)
    for stem in split_stems(folder, "train"):
        for old in (folder / "images").glob(f"{stem}.*"):
            old.unlink()
        Image.fromarray(np.stack([ramp] * 3, -1)).save(folder / "images" / f"{stem}.png")
        Image.fromarray((ramp >= 128).astype(np.uint8)).save(folder / "labels" / f"{stem}.png")
    data = LabelledFolder(folder, "train", 16)
    assert data.images.shape == (2, 16, 16, 3) and data.images[0, 0, 0, 0] == 64
    seen = set()
    for step in range(40):
        batch = data.training_batch(2, 0, step)
        values = ((batch.pictures[:, 0, 0] + 1) * 127.5).round().long()
        assert torch.equal((values >= 128).long(), batch.label_maps[:, 0]), "picture and label map are cut alike"
        seen |= {int(v.min()) for v in values}
    assert {0, 128} <= seen, "the squares reach both ends"


# ---------------------------------------------------------------- folders larger than memory


@pytest.mark.parametrize("pictures", [0, 3])
def test_a_folder_larger_than_memory_gives_the_same_batches(folder: Path, data: LabelledFolder, pictures: int) -> None:
    large = LabelledFolder(folder, "train", 32, memory=pictures * 32 * 32 * 4)
    assert large.kept == pictures and large.nbytes == pictures * 32 * 32 * 4 and len(large) == 7
    for step in (0, 4, 1):
        wanted, found = data.training_batch(3, 5, step), large.training_batch(3, 5, step)
        assert torch.equal(wanted.pictures, found.pictures) and torch.equal(wanted.label_maps, found.label_maps)
    assert np.array_equal(large.images[2:5], data.images[2:5]) and np.array_equal(large.images[-1], data.images[-1])
    assert len(list(large.label_maps)) == 7 and large.label_shares() == data.label_shares()


def test_squares_of_wide_pictures_are_the_same_from_the_disk(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "wide", side=16, train=4, val=0)
    for path in [*(folder / "images").iterdir(), *(folder / "labels").iterdir()]:
        with Image.open(path) as image:
            image.resize((40, 16), Image.Resampling.NEAREST).save(path)
    whole, large = (LabelledFolder(folder, "train", 16, memory=memory) for memory in (None, 0))
    for step in range(3):
        assert torch.equal(whole.training_batch(3, 5, step).pictures, large.training_batch(3, 5, step).pictures)


def test_a_part_of_a_batch_is_what_the_whole_has_there(data: LabelledFolder) -> None:
    rows = np.array([1, 3])
    assert torch.equal(data.training_batch(4, 0, 2, rows).pictures, data.training_batch(4, 0, 2).pictures[rows])


@pytest.mark.parametrize("memory", [None, 0])
def test_batches_made_ahead_are_those_of_their_steps(folder: Path, data: LabelledFolder, memory: int | None) -> None:
    source = LabelledFolder(folder, "train", 32, memory=memory)
    with BatchesAhead(source, 2, 3, np.arange(2), torch.device("cpu"), 9) as ahead:
        for step in (0, 1, 2, 5, 4, 8):  # also out of turn
            assert torch.equal(ahead.get(step).pictures, data.training_batch(2, 3, step).pictures)


def test_a_picture_removed_meanwhile_is_named_when_its_turn_comes(own: Path) -> None:
    data = LabelledFolder(own, "train", 16, memory=0)
    (own / "images" / "train_001.jpg").unlink()
    with BatchesAhead(data, 3, 0, np.arange(3), torch.device("cpu"), 9) as ahead:
        with pytest.raises(BadFile, match="train_001"):
            ahead.get(0)


def test_labels_are_counted_without_copies_of_the_maps(folder: Path) -> None:
    data = LabelledFolder(folder, "train", 32)
    data.label_maps = np.ones((400, 64, 64), np.uint8)
    data.stems = data.stems[:1] * 400
    tracemalloc.start()
    try:
        assert data.label_counts()[1] == data.label_maps.size
        assert tracemalloc.get_traced_memory()[1] < data.label_maps.size / 4
    finally:
        tracemalloc.stop()


def test_pictures_of_rare_labels_come_more_often(own: Path) -> None:
    hat = np.asarray(Image.open(own / "labels" / "train_001.png")).copy()
    hat[:4, :4] = 14
    Image.fromarray(hat).save(own / "labels" / "train_001.png")
    data = numbered(LabelledFolder(own, "train", 16))
    before = data.training_batch(6, 0, 0).pictures
    data.repeat({"hat": 1})
    assert torch.equal(data.training_batch(6, 0, 0).pictures, before)
    data.repeat({"hat": 4, "necklace": 9})
    shown = torch.cat([data.training_batch(6, 0, step).pictures[:, 0, 0, 0] for step in range(3)])
    numbers = Counter(((shown + 1) * 127.5).round().int().tolist())
    assert numbers == {0: 3, 1: 12, 2: 3}  # three rounds of six
    with pytest.raises(BadFile, match="crown"):
        data.repeat({"crown": 2})
