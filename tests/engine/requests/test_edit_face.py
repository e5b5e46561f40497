"""Edits of one face of a photo, however it is turned: networks see it upright, the photo is never turned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadRequest
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.labels.looked_at import UNSEEN, WHOLE
from engine.pictures.face_frames import Face, FaceFrame, brought_back, moved
from engine.pictures.images import resize_image, write_image
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.editing.face import frame_around_face
from engine.requests.editing.frame import SIDE
from engine.requests.faces.choice import chosen_frame, is_of_faces
from engine.requests.faces.find_faces import FoundFaces
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import Parsed
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import MEAN, ColourStyle, Style
from engine.session import Session
from engine.systems.shelf import Shelf

HAIR = 13
FACES = load_label_set("faces")
HEIGHT, WIDTH = 300, 420
FRAMES = (FaceFrame(130, 150, 120, 35), FaceFrame(300, 140, 90, -20))
"""Of the two faces of a photo, in pixels."""


class Upright:
    """A parser that finds one map in whatever it sees: right for what is upright alone."""

    def __init__(self, label_map: np.ndarray, label_set: LabelSet = FACES) -> None:
        self.label_set, self._label_map = label_set, label_map

    def parse(self, pixels: np.ndarray) -> Parsed:
        return Parsed(resize_label_map(self._label_map, *pixels.shape[:2]), 1.0)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        label_map = resize_label_map(self._label_map, *pixels.shape[:2])
        return (label_map == np.arange(len(self.label_set))[:, None, None]).astype(np.float32)


def two_faces(tiny_photo: np.ndarray) -> np.ndarray:
    photo = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for frame in FRAMES:
        inside = brought_back(np.ones((64, 64), np.float32), frame, HEIGHT, WIDTH)[..., None] > 0.99
        photo = np.where(inside, brought_back(tiny_photo, frame, HEIGHT, WIDTH), photo)
    return photo


def region_of(label_map: np.ndarray, label: int, frame: FaceFrame) -> np.ndarray:
    """Where the photo shows a region of an upright map."""
    region = (label_map == label).astype(np.float32)
    return brought_back(region, frame, HEIGHT, WIDTH) >= 0.5


@pytest.mark.parametrize("frame", FRAMES)
def test_a_turned_face_is_looked_at_upright_and_its_regions_come_back(
    tiny_photo: np.ndarray, tiny_label_map: np.ndarray, frame: FaceFrame
) -> None:
    face = frame.scaled(1 / WIDTH)
    found = frame_around_face(two_faces(tiny_photo), face, FACES, Upright(tiny_label_map))
    pixels, upright_map = found.painted()
    middle = slice(SIDE // 8, -SIDE // 8)
    expected = resize_image(tiny_photo, SIDE, SIDE)
    assert np.abs(pixels[middle, middle].astype(int) - expected[middle, middle]).mean() < 12
    assert (upright_map == resize_label_map(tiny_label_map, SIDE, SIDE)).all()
    whole_map = resize_label_map(found.whole_map, HEIGHT, WIDTH)
    region = region_of(tiny_label_map, HAIR, frame)
    assert ((whole_map == HAIR) != region).sum() < 0.06 * region.sum() + 12
    inside = brought_back(np.ones((64, 64), np.float32), frame, HEIGHT, WIDTH) > 0
    assert (whole_map[~inside] == UNSEEN).mean() > 0.99
    assert found.soft[found.label_map != UNSEEN].sum(-1) == pytest.approx(1, abs=1e-4)
    counted = frame_around_face(two_faces(tiny_photo), face, FACES, Upright(tiny_label_map), looked_at=WHOLE)
    assert not counted.has_unseen


def test_of_a_map_that_a_person_drew_the_upright_face_is_painted(
    tiny_photo: np.ndarray, tiny_label_map: np.ndarray
) -> None:
    photo, frame = two_faces(tiny_photo), FRAMES[0]
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for label in np.unique(tiny_label_map):
        drawn[region_of(tiny_label_map, int(label), frame)] = label
    face, given = frame.scaled(1 / WIDTH), LabelMapData.from_array(drawn)
    framed = frame_around_face(photo, face, FACES, Upright(tiny_label_map), requested_map=given)
    _, upright_map = framed.painted()
    assert (upright_map == resize_label_map(tiny_label_map, SIDE, SIDE)).mean() > 0.93


@pytest.fixture
def photo_file(tmp_path: Path, tiny_photo: np.ndarray) -> Path:
    write_image(tmp_path / "two.png", two_faces(tiny_photo))
    return tmp_path / "two.png"


@pytest.mark.parametrize("style", [ColourStyle("#e0c080"), MEAN])
@pytest.mark.parametrize("frame", FRAMES)
def test_each_face_is_restyled_alone(
    tiny_weights: Path,
    photo_file: Path,
    tiny_label_map: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    style: Style,
    frame: FaceFrame,
) -> None:
    monkeypatch.setattr(Shelf, "parser_for", lambda shelf, label_set: "upright")
    monkeypatch.setattr(Shelf, "parser", lambda shelf, name: Upright(tiny_label_map))
    reference = PhotoReference.of(photo_file)
    request = EditRequest("tiny-sean", reference, (RegionEdit(HAIR, style),), face=frame.scaled(1 / WIDTH))
    result = Session("cpu").run(from_json(to_json(request)))
    changed = (result.samples != result.photo.samples).any(-1)
    region = region_of(tiny_label_map, HAIR, frame)
    assert changed[region].mean() > 0.5
    wider = FaceFrame(frame.x, frame.y, frame.side + 4, frame.turn)
    inside = brought_back(np.ones((64, 64), np.float32), wider, HEIGHT, WIDTH)
    assert not changed[inside == 0].any()


def test_a_request_without_a_face_is_saved_as_before(photo_file: Path) -> None:
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, MEAN),))
    assert "face" not in json.loads(to_json(request))
    of_face = request.replace(face=FaceFrame(0.3, 0.4, 0.2, -12.5))
    assert from_json(to_json(of_face)) == of_face


@pytest.mark.parametrize("face", [FaceFrame(0.5, 0.5, 0), FaceFrame(0.5, 0.5, 1, 200), FaceFrame(float("nan"), 0, 1)])
def test_a_frame_that_is_none_is_refused(photo_file: Path, face: FaceFrame) -> None:
    with pytest.raises(BadRequest, match='"face"'):
        EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, MEAN),), face=face)


def found_faces(*frames: FaceFrame) -> FoundFaces:
    unit = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
    return FoundFaces(tuple(Face(moved(unit, frame.outwards(1)), 0.9) for frame in frames), WIDTH, HEIGHT)


def test_the_largest_face_is_edited_unless_it_is_upright_and_alone_or_another_is_asked_for(tmp_path: Path) -> None:
    two = found_faces(*FRAMES)
    assert chosen_frame(two) == two.frames[0] != two.frames[1] == chosen_frame(two, 2)
    assert chosen_frame(found_faces()) is None
    for side in (290, 100, 40):  # a frame would cut off clothes and hat
        assert chosen_frame(found_faces(FaceFrame(200, 150, side, 9))) is None
    assert chosen_frame(found_faces(FaceFrame(200, 150, 290, 40))) is not None
    assert chosen_frame(found_faces(FaceFrame(200, 150, 290)), 1) is not None
    with pytest.raises(BadRequest, match="no face 3"):
        chosen_frame(two, 3)
    two.save(tmp_path / "faces.json")
    assert len(json.loads((tmp_path / "faces.json").read_text())["faces"]) == 2 and two.lines()[0] == "2 faces"
    assert is_of_faces(FACES) and not is_of_faces(load_label_set("street"))
