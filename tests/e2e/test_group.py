"""A picture of three people: each face restyled alone, a piece restyled, a fringe painted, exported; all else is as it
was. And pictures of faces that are no upright photographs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from app.document.kinds import EDIT
from app.document.opening import PhotoUse
from app.document.photo.frames import frames_in
from engine.labels.label_maps import read_label_map, write_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.face_frames import Face, FaceFrame, brought_back, moved
from engine.pictures.images import read_image
from engine.requests.faces.find_faces import FindFacesRequest, FoundFaces
from engine.requests.styles import ColourStyle
from engine.systems.shelf import Shelf
from tests.commands import Runner, run
from tests.e2e.conftest import SAMPLE
from tests.e2e.shown import exported_photo
from tools.draw_templates import PORTRAITS, draw_subject

__all__ = ["run"]

LABELS = load_label_set("faces")
SKIN, LEFT_EYE, HAIR, UPPER_LIP, LOWER_LIP = 1, 4, 13, 11, 12
RED, BLUE, PINK = ColourStyle("#b03020"), ColourStyle("#3050b0"), ColourStyle("#e02070")
PATIENCE = 120_000  # ms; the machine may be busy
HEIGHT, WIDTH = 420, 900
FACES = (
    ("long-dark", FaceFrame(160.0, 200.0, 280.0)),
    ("golden", FaceFrame(460.0, 220.0, 240.0, -20.0)),
    ("curls", FaceFrame(750.0, 210.0, 220.0, 25.0)),
)
UNIT = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
"""Eyes and mouth of a portrait, in sides."""


@pytest.fixture
def group_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three of the portraits that come along, side by side and turned; the finder sees where they are."""
    pixels = np.full((HEIGHT, WIDTH, 3), (120, 130, 140), np.uint8)
    for name, frame in FACES:
        portrait = read_image(SAMPLE.with_name(f"{name}.png")).pixels
        turned = brought_back(portrait, frame, HEIGHT, WIDTH)
        pixels = np.where(inside(frame)[..., None], turned, pixels)
    path = tmp_path / "group.png"
    Image.fromarray(pixels).save(path)
    faces = tuple(Face(moved(UNIT, frame.outwards(1)), 0.9) for _, frame in FACES)
    monkeypatch.setattr(FindFacesRequest, "run", lambda *_: FoundFaces(faces, WIDTH, HEIGHT))
    monkeypatch.setattr(Shelf, "face_finder", lambda shelf: "finder")
    return path


def inside(frame: FaceFrame, room: float = 0.0) -> np.ndarray:
    wider = FaceFrame(frame.x, frame.y, frame.side + room, frame.turn)
    return brought_back(np.ones((64, 64), np.float32), wider, HEIGHT, WIDTH) > 0.99 - (room > 0) * 0.98


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_three_faces_each_restyled_alone_and_all_in_one_export(editor, group_photo, tmp_path, qtbot, monkeypatch):
    window, document = editor.window, editor.core.document
    monkeypatch.setattr(editor.core.catalogue, "face_finder", lambda: "finder")

    def settle() -> None:
        render, core = window.controllers.render, editor.core
        qtbot.waitUntil(lambda: render.up_to_date and not core.foreground_busy, timeout=PATIENCE)

    def enter(number: int) -> None:
        wanted = frames_in(document.scene)[number]
        window.controllers.frames.choose(wanted)
        qtbot.waitUntil(lambda: document.scene.face == wanted, timeout=PATIENCE)
        settle()

    document.mark_saved()
    window.controllers.photos.begin(group_photo, PhotoUse(EDIT, document.label_set, "sean-faces"))
    qtbot.waitUntil(lambda: document.photo is not None and document.label_map.any(), timeout=PATIENCE)
    settle()
    original = read_image(group_photo).pixels
    assert len(frames_in(document.scene)) == 3 and np.array_equal(document.picture, original)

    document.styling.set_styles({HAIR: RED})
    settle()
    regions = [document.label_map == HAIR]
    alone = (document.picture != original).any(-1)
    assert alone[regions[0]].mean() > 0.5 and not alone[~inside(FACES[0][1], 4)].any()

    enter(1)  # a fringe, in this turned face
    document.change("photo_map", document.scene.label_map)
    brow_row = int(np.nonzero(np.isin(document.label_map, (6, 7)))[0].mean())
    skin = document.label_map == SKIN
    fringe = skin & (np.arange(HEIGHT)[:, None] < brow_row) & inside(FACES[1][1])
    document.pixels.apply_mask(fringe, HAIR)
    settle()
    assert fringe.sum() > 200 and (document.picture != original).any(-1)[fringe].mean() > 0.9

    enter(2)
    document.styling.set_styles({UPPER_LIP: PINK, LOWER_LIP: PINK})
    settle()
    regions.append(np.isin(document.label_map, (UPPER_LIP, LOWER_LIP)))

    exported = exported_photo(editor, qtbot, monkeypatch, tmp_path / "out.png")
    changed = (exported != original).any(-1)
    assert all(changed[region].mean() > 0.5 for region in (*regions, fringe))
    assert (exported[alone] == document.picture[alone]).all() and np.array_equal(exported, document.picture)
    assert not changed[~np.any([inside(frame, 4) for _, frame in FACES], axis=0)].any()


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_each_face_of_a_group_on_the_command_line(shelf, group_photo, tmp_path, run: Runner):
    original = read_image(group_photo).pixels
    words = ["edit", group_photo, "--weights", "sean-faces", "--colour", "hair=#b03020", "--out"]
    done = run(*words, tmp_path / "first.png")
    assert done.code == 0 and "3 faces" in done.err and "largest" in done.err
    for number in (2, 3):
        done = run(*words, tmp_path / f"{number}.png", "--face", number, "--json")
        assert done.code == 0 and json.loads(done.out)["changed"] > 0
    pictures = [read_image(tmp_path / f"{name}.png").pixels for name in ("first", 2, 3)]
    changes = [(picture != original).any(-1) for picture in pictures]
    for (_, frame), changed in zip(FACES, changes, strict=True):
        assert changed.sum() > 500 and not changed[~inside(frame, 4)].any()
    assert run(*words, tmp_path / "4.png", "--face", 4).code == 2


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_a_piece_of_one_person_is_restyled(shelf, group_photo, tmp_path, run: Runner):
    original = read_image(group_photo).pixels
    label_map = map_of_group()
    write_label_map(tmp_path / "labels.png", label_map, LABELS)
    for name, label, number in (("eyes", LEFT_EYE, 1), ("lips", LOWER_LIP, 2)):
        region = (label_map == label) & inside(FACES[number][1])
        row, column = np.argwhere(region)[region.sum() // 2]
        words = ["edit", group_photo, "--weights", "sean-faces", "--colour", f"{name}@{column},{row}=#20a040"]
        out = tmp_path / f"{name}.png"
        map_words = ["--labels", tmp_path / "labels.png"] if label == LEFT_EYE else ["--face", number + 1]
        done = run(*words, *map_words, "--out", out)  # a piece of three eyes, or the only one of the face
        assert done.code == 0, done.err
        changed = (read_image(out).pixels != original).any(-1)
        close = cv2.dilate(region.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
        assert changed[region].mean() > 0.5 and not changed[~close].any()


def map_of_group() -> np.ndarray:
    """(HEIGHT, WIDTH) labels of the three portraits as they lie in the picture."""
    label_map = np.zeros((HEIGHT, WIDTH), np.uint8)
    for name, frame in FACES:
        own_map = read_label_map(SAMPLE.with_name(f"{name}.labels.png"), LABELS).label_map
        for label in np.unique(own_map):
            label_map[brought_back((own_map == label).astype(np.float32), frame, HEIGHT, WIDTH) >= 0.5] = label
    return label_map


STONE = {"background": 60, "hair": 150, "left eye": 140, "right eye": 140, "upper lip": 150, "mouth": 120, "nose": 182}
"""Greys of a statue's parts; 165 elsewhere."""


def statue_of(drawn_map: np.ndarray) -> np.ndarray:
    """A face of stone, lit from one side."""
    greys = np.array([STONE.get(label.name, 165) for label in LABELS.labels], np.float32)
    rows, columns = np.mgrid[:256, :256]
    light = 1.15 - 0.5 * ((columns - 90) ** 2 + (rows - 90) ** 2) / 256**2
    stone = cv2.GaussianBlur(greys[drawn_map], (0, 0), 1.2) * light
    return np.clip(stone + np.random.default_rng(0).normal(0, 3, stone.shape), 0, 255).astype(np.uint8)


def drawing_of(drawn_map: np.ndarray) -> np.ndarray:
    """The same face in ink."""
    lines = (cv2.Laplacian(drawn_map, cv2.CV_8U) > 0).astype(np.uint8)
    return np.where(cv2.dilate(lines, np.ones((2, 2), np.uint8)) > 0, np.uint8(25), np.uint8(250))


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
@pytest.mark.parametrize("made_of", [statue_of, drawing_of])
def test_a_statue_and_a_drawing_are_restyled_and_the_doubt_is_said(shelf, tmp_path, run: Runner, made_of):
    drawn_map = draw_subject(PORTRAITS[0].subject)
    path, out = tmp_path / "face.png", tmp_path / "out.png"
    Image.fromarray(made_of(drawn_map)).convert("RGB").save(path)
    done = run("edit", path, "--weights", "sean-faces", "--colour", "hair=#b03020", "--out", out)
    assert done.code == 0 and re.search("parser is unsure about this picture|regions cannot be right", done.err)
    changed = (read_image(out).pixels != read_image(path).pixels).any(-1)
    assert changed[drawn_map == HAIR].mean() > 0.5 and changed[drawn_map == SKIN].mean() < 0.2


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_a_face_upside_down_is_doubted_and_right_in_a_turned_square(shelf, tmp_path, run: Runner):
    path, out = tmp_path / "face.png", tmp_path / "out.png"
    Image.fromarray(read_image(SAMPLE).pixels[::-1, ::-1]).save(path)
    words = ["edit", path, "--weights", "sean-faces", "--colour", "hair=#b03020", "--out", out]
    done = run(*words)
    assert done.code == 0 and "The regions cannot be right: the eyes are below the nose" in done.err, done.err
    done = run(*words, "--crop", "128,128,256,180")
    assert done.code == 0 and "cannot be right" not in done.err, done.err
    changed = (read_image(out).pixels != read_image(path).pixels).any(-1)
    label_map = read_label_map(SAMPLE.with_name("blonde.labels.png"), LABELS).label_map[::-1, ::-1]
    assert changed[label_map == HAIR].mean() > 0.8 and changed[label_map == SKIN].mean() < 0.2
