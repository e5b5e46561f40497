"""The library's folder: complete files, whole writes, many windows, and what does not belong there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.library.samples import pictures_showing, sample_colours, sample_pictures
from app.library.store import adopt, delete, keep, read_library
from engine.errors import BadFile, BadRequest, EngineError
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import read_image
from engine.pictures.png import carries_style, read_embedded_request
from engine.requests.label_map_data import encode_map
from engine.requests.style_file import make_kept, read_style, rename_style
from engine.requests.styles import ColourStyle, ImageStyle, MixStyle, SampleStyle
from engine.weights.card import read_card
from tests.fixtures import face_label_map, photo_of

FACES = load_label_set("faces")
HAIR = 13
RED = ColourStyle("#a01030")
LOOK = np.full((32, 32, 3), 90, np.uint8)


def kept(name="Anna's hair", style=RED):
    return make_kept(name, FACES, HAIR, style)


@pytest.fixture
def picture_style(tmp_path):
    label_map = face_label_map(700)
    path = tmp_path / "安娜.png"
    Image.fromarray(photo_of(label_map)).save(path)
    return ImageStyle(path=str(path), label=HAIR, label_map_png=encode_map(label_map))


def test_a_library_that_is_not_there_yet_is_empty(tmp_path):
    contents = read_library(tmp_path / "styles")
    assert contents.entries == () and contents.problems == ()


def test_a_kept_picture_is_complete_without_the_first_file(tmp_path, picture_style):
    folder = tmp_path / "styles"
    entry = keep(folder, kept(style=picture_style), LOOK)
    os.remove(picture_style.path)
    (read,) = read_library(folder).entries
    assert read.kept.name == "Anna's hair" and read.kept.style.path == str(entry.path)
    pixels = read_image(read.kept.style.path).pixels
    label_map = read.kept.style.label_map()
    assert pixels.shape[:2] == label_map.shape == (512, 512)
    assert np.array_equal(label_map, resize_label_map(face_label_map(700), 512, 512))


@pytest.mark.parametrize("style", [RED, SampleStyle(7), MixStyle(SampleStyle(1), SampleStyle(2), 0.25)])
def test_other_styles_come_back_as_they_were(tmp_path, style):
    entry = keep(tmp_path, kept(style=style), LOOK)
    assert read_style(entry.path) == kept(style=style)
    assert np.array_equal(read_image(entry.path).pixels, LOOK)
    assert carries_style(entry.path) and read_embedded_request(entry.path) is None


def test_two_windows_that_keep_one_name_keep_both(tmp_path):
    paths = {keep(tmp_path, kept("Hair"), LOOK).path for _ in range(5)}
    assert len(paths) == len(read_library(tmp_path).entries) == 5
    assert all(path.name.startswith("Hair.") and path.name.endswith(".style.png") for path in paths)


def test_renaming_keeps_file_and_picture(tmp_path, picture_style):
    entry = keep(tmp_path / "styles", kept(style=picture_style), LOOK)
    before = read_image(entry.path).pixels
    rename_style(entry.path, " Bert ")
    (read,) = read_library(tmp_path / "styles").entries
    assert (read.path, read.kept.name) == (entry.path, "Bert")
    assert np.array_equal(read_image(entry.path).pixels, before)
    with pytest.raises(BadRequest, match="1 to 80 characters"):
        rename_style(entry.path, "   ")
    assert read_style(entry.path).name == "Bert"


def test_deleting_twice_is_no_error(tmp_path):
    entry, other = keep(tmp_path, kept("a"), LOOK), keep(tmp_path, kept("b"), LOOK)
    delete(entry)
    delete(entry)
    assert [left.path for left in read_library(tmp_path).entries] == [other.path]


def test_damaged_and_foreign_files_are_one_sentence_each_and_hide_nothing(tmp_path):
    whole = keep(tmp_path, kept(), LOOK)
    cut = keep(tmp_path, kept("cut"), LOOK)
    cut.path.write_bytes(cut.path.read_bytes()[:60])
    Image.fromarray(LOOK).save(tmp_path / "holiday.png")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".tessera-0.tmp").write_bytes(b"being written")
    contents = read_library(tmp_path)
    assert [entry.path for entry in contents.entries] == [whole.path]
    assert sorted(str(problem) for problem in contents.problems) == sorted(
        f'"{path}" holds no style; keep the style again.'
        for path in (cut.path, tmp_path / "holiday.png", tmp_path / "notes.txt")
    )


def test_a_style_s_file_from_elsewhere_is_copied_in_and_nothing_else_is(tmp_path):
    elsewhere = keep(tmp_path / "mail", kept("Anna"), LOOK)
    first, second = (adopt(tmp_path / "styles", elsewhere.path) for _ in range(2))
    assert first.path != second.path and read_style(first.path) == read_style(elsewhere.path)
    Image.fromarray(LOOK).save(tmp_path / "holiday.png")
    with pytest.raises(BadFile, match="holds no style"):
        adopt(tmp_path / "styles", tmp_path / "holiday.png")
    assert len(read_library(tmp_path / "styles").entries) == 2


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EngineError, match="the disk is full"):
        keep(tmp_path, kept(), LOOK)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_gone_is_one_sentence(tmp_path):
    with pytest.raises(BadFile, match="anna.png"):
        keep(tmp_path, kept(style=ImageStyle(path=str(tmp_path / "anna.png"), label=HAIR)), LOOK)


def test_a_style_fits_documents_of_its_labels_only():
    assert kept().fits(FACES) and not kept().fits(load_label_set("street"))


SHIPPED = Path(__file__).parents[3] / "weights"


def shipped_label_sets() -> list[LabelSet]:
    """The labels of all weights that come with Tessera, each set once."""
    label_sets: dict[str, LabelSet] = {}
    for folder in sorted(path.parent for path in SHIPPED.glob("*/card.json")):
        label_set = read_card(folder).labels()
        if label_set is not None:
            label_sets.setdefault(label_set.name, label_set)
    return list(label_sets.values())


def test_weights_ship_for_several_label_sets():
    assert {"faces", "street", "facades"} <= {label_set.name for label_set in shipped_label_sets()}


@pytest.mark.parametrize("label_set", shipped_label_sets(), ids=lambda label_set: label_set.name)
def test_every_label_set_that_ships_weights_has_sample_pictures_with_their_regions(label_set):
    pictures = sample_pictures(label_set)
    assert len(pictures) >= 4
    for path in pictures:
        label_map = read_label_map(path.with_name(f"{path.stem}.labels.png"), label_set).label_map
        assert label_map.shape == read_image(path).pixels.shape[:2]


@pytest.mark.parametrize("label_set", shipped_label_sets(), ids=lambda label_set: label_set.name)
def test_every_label_set_that_ships_weights_has_colours_with_names(label_set):
    tables = [sample_colours(label_set, label.id) for label in label_set.labels]
    assert sum(bool(table) for table in tables) >= 6
    for colour in (colour for table in tables for colour in table):
        assert ColourStyle(colour.colour).colour == colour.colour
        assert colour.name and colour.name_zh


def test_sample_pictures_are_offered_for_the_labels_that_they_show():
    hats = pictures_showing(FACES, FACES.find("hat"))
    assert len(pictures_showing(FACES, HAIR)) == len(sample_pictures(FACES)) > len(hats)


def test_label_sets_without_weights_have_no_samples():
    assert sample_pictures(load_label_set("coco_stuff")) == []
