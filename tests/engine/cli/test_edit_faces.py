"""Faces of a group and squares of a photo, edited on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.pictures.face_frames import Face, brought_back, moved
from engine.pictures.images import read_image, write_image
from engine.requests.editing import face, reshape
from engine.requests.faces.find_faces import FindFacesRequest, FoundFaces
from engine.systems.shelf import Shelf
from tests.commands import Done, Runner, one_sentence
from tests.engine.requests.test_edit_face import FRAMES, HAIR, HEIGHT, WIDTH, Upright, region_of, two_faces

UNIT = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
"""Eyes and mouth of a portrait, in sides."""
LOWER_LIP = 12


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_photo, tiny_label_map, tiny_weights) -> Path:
    """A photo of two faces that the finder finds, with weights and a parser that know upright ones."""
    path = tmp_path / "group.png"
    write_image(path, two_faces(tiny_photo))
    faces = tuple(Face(moved(UNIT, frame.outwards(1)), 0.9) for frame in FRAMES)
    monkeypatch.setattr(FindFacesRequest, "run", lambda *_: FoundFaces(faces, WIDTH, HEIGHT))
    monkeypatch.setattr(Shelf, "face_finder", lambda shelf: "finder")
    monkeypatch.setattr(Shelf, "parser_for", lambda shelf, label_set: "upright")
    monkeypatch.setattr(Shelf, "parser", lambda shelf, name: Upright(tiny_label_map))
    monkeypatch.setattr("engine.pictures.sniffing.check_photo", lambda path: None)  # a drawing, with no map of its own
    for module in (face, reshape):  # small faces take a small part of the time
        monkeypatch.setattr(module, "SIDE", 96)
    return path


@pytest.fixture
def map_of_both(group: Path, tiny_label_map: np.ndarray) -> Path:
    """A label map file of the whole group."""
    label_map = np.zeros((HEIGHT, WIDTH), np.uint8)
    for frame in FRAMES:
        for label in np.unique(tiny_label_map):
            label_map[region_of(tiny_label_map, int(label), frame)] = label
    path = group.with_name("labels.png")
    write_image(path, label_map)
    return path


def edit(run: Runner, photo: Path, *words: object) -> Done:
    return run("edit", photo, "--weights", "tiny-sean", "--out", photo.with_name("out.png"), *words)


def changed(photo: Path) -> np.ndarray:
    return (read_image(photo).pixels != read_image(photo.with_name("out.png")).pixels).any(-1)


def square(number: int) -> np.ndarray:
    return brought_back(np.ones((64, 64), np.float32), FRAMES[number], HEIGHT, WIDTH) > 0


def test_the_background_of_one_face_of_several_is_restyled_once_the_rest_counts(run: Runner, group: Path) -> None:
    refused = edit(run, group, "--colour", "background=#2060c0")
    assert refused.code == 2 and "--count-rest" in refused.err
    done = edit(run, group, "--colour", "background=#2060c0", "--count-rest")
    assert done.code == 0, done.err
    assert changed(group)[:, :20].mean() > 0.9 and not changed(group)[square(1)].any()


@pytest.mark.parametrize("number", [0, 1])
def test_of_a_map_of_the_whole_group_one_face_is_restyled(
    run: Runner, group: Path, map_of_both: Path, number: int
) -> None:
    done = edit(run, group, "--colour", "hair=#e0c080", "--labels", map_of_both, "--face", number + 1)
    assert done.code == 0, done.err
    hair = read_image(map_of_both).pixels[..., 0] == HAIR
    assert changed(group)[hair & square(number)].mean() > 0.5 and not changed(group)[square(1 - number)].any()


def test_a_word_for_several_labels_is_the_one_at_its_point(run: Runner, group: Path, map_of_both: Path) -> None:
    lip = (read_image(map_of_both).pixels[..., 0] == LOWER_LIP) & square(0)
    row, column = np.argwhere(lip)[len(np.argwhere(lip)) // 2]
    name = f"lips@{column},{row}"
    done = edit(run, group, "--labels", map_of_both, "--colour", f"{name}=#e02070", "--strength", f"{name}=0.9")
    assert done.code == 0, done.err
    assert changed(group)[lip].mean() > 0.5 and not changed(group)[square(1)].any()
    refused = edit(run, group, "--labels", map_of_both, "--colour", "lips@1,1=#e02070")
    assert refused.code == 2 and 'at the point 1,1 there is "background"' in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--crop", "130,150,120,400"), "The turn of --crop is 400.0 degrees; give one from -180 to 180."),
        (("--crop", "130,150,120", "--face", 1), "--crop goes with one photo, and without --face."),
        (("--crop", "900,150,120"), "--crop has its centre outside, or is too large."),
        (("--crop", "130,150,5000"), "--crop has its centre outside, or is too large."),
    ],
)
def test_a_square_that_is_none_is_refused(run: Runner, group: Path, words: tuple[object, ...], said: str) -> None:
    refused = edit(run, group, "--colour", "hair=#e0c080", *words)
    assert refused.code == 2 and one_sentence(refused.err).endswith(f"{said}\n")
    assert not group.with_name("out.png").exists()


def test_a_square_of_photos_of_a_folder_is_refused(run: Runner, group: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    words = ("--weights", "tiny-sean", "--colour", "hair=#e0c080", "--crop", "130,150,120")
    refused = run("edit", folder, "--out", tmp_path / "edited", *words)
    assert refused.code == 2 and "--crop goes with one photo, and without --face." in one_sentence(refused.err)


def test_a_square_is_looked_at_closer_at_any_turn(run: Runner, group: Path) -> None:
    done = edit(run, group, "--colour", "hair=#e0c080", "--crop", "300,140,90,-20")
    assert done.code == 0, done.err
    assert changed(group)[square(1)].any() and not changed(group)[square(0)].any()
