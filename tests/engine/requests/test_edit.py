"""Edits of photos: regions take styles and colours, everything else stays the file's own sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadRequest, MissingStyle
from engine.pictures.images import write_image
from engine.pictures.photos import read_photo
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.styles import MEAN, ImageStyle
from engine.session import Session
from tests.commands import Runner

HAIR, SKIN = 13, 1


@pytest.fixture
def photo_file(tmp_path: Path, tiny_photo: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    write_image(path, tiny_photo.repeat(3, 0).repeat(3, 1))
    return path


def edited(path: Path, label_map: np.ndarray, *edits: RegionEdit) -> tuple[np.ndarray, np.ndarray]:
    """Samples before and after."""
    request = EditRequest("tiny-sean", str(path), edits, LabelMapData.from_array(label_map))
    result = Session("cpu").run(from_json(to_json(request)))
    return result.photo.samples, result.samples


@pytest.mark.parametrize("edit", [RegionEdit(HAIR, colour="#e0c080"), RegionEdit(HAIR, style=MEAN)])
def test_a_region_changes_and_all_else_stays(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, edit: RegionEdit
) -> None:
    before, after = edited(photo_file, tiny_label_map, edit)
    changed = (before != after).any(-1)
    region = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    assert changed[region].mean() > 0.5
    assert (changed & ~region).mean() <= 0.02


def test_rows_that_are_off_or_weakened_to_nothing_leave_the_photo(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    off = RegionEdit(HAIR, colour="#ffffff", on=False), RegionEdit(SKIN, colour="#00ff00", strength=0)
    before, after = edited(photo_file, tiny_label_map, *off)
    np.testing.assert_array_equal(before, after)


def test_a_style_comes_from_another_photo(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    style_map = LabelMapData.from_array(tiny_label_map).png
    write_image(tmp_path / "blue.png", np.full((64, 64, 3), (40, 60, 200), np.uint8))
    style = ImageStyle(str(tmp_path / "blue.png"), HAIR, label_map_png=style_map)
    _, after = edited(photo_file, tiny_label_map, RegionEdit(HAIR, style=style))
    region = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    assert np.abs(after[region].mean(0) - (40, 60, 200)).max() < 60
    missing = style.replace(label=14)
    with pytest.raises(MissingStyle, match='"hat"'):
        edited(photo_file, tiny_label_map, RegionEdit(HAIR, style=missing))


def test_wrong_edits_are_refused_with_a_sentence(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    for wrong in ({}, {"colour": "red"}, {"colour": "#ff0000", "style": MEAN}, {"colour": "#ff0000", "strength": 2.0}):
        with pytest.raises(BadRequest):
            RegionEdit(HAIR, **wrong)
    with pytest.raises(BadRequest, match="twice"):
        EditRequest("tiny-sean", "a.jpg", (RegionEdit(1, style=MEAN), RegionEdit(1, colour="#000000")))
    with pytest.raises(BadRequest, match='no region "hat"'):
        edited(photo_file, tiny_label_map, RegionEdit(14, colour="#ff0000"))
    changed = EditRequest("tiny-sean", str(photo_file), (), None, sha256="0" * 64)
    with pytest.raises(BadRequest, match="has changed"):
        Session("cpu").run(changed)


def test_the_command_writes_the_edited_photo(
    tiny_weights: Path, photo_file: Path, tmp_path: Path, tiny_label_map: np.ndarray, run: Runner
) -> None:
    write_image(tmp_path / "labels.png", tiny_label_map)
    words = ["--labels", str(tmp_path / "labels.png"), "--colour", "lower_lip=#a01030", "--strength", "lower_lip=0.8"]
    done = run("edit", photo_file, "--weights", "tiny-sean", *words, "--out", tmp_path / "out.png")
    assert done.code == 0, done.err
    before, after = read_photo(photo_file).samples, read_photo(tmp_path / "out.png").samples
    assert 0 < (before != after).any(-1).mean() < 0.1
    twice = run("edit", photo_file, "--weights", "tiny-sean", *words[:4], "--style", "lower lip=mean", "--out", "o.png")
    assert twice.code == 2 and "twice" in twice.err
