"""Several frames of one photo in one request: each has its own regions and edits, and none reaches into another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.compose.sharing import Claim
from engine.errors import BadRequest
from engine.labels.label_maps import resize_label_map
from engine.labels.looked_at import UNSEEN
from engine.pictures.face_frames import FaceFrame, brought_back
from engine.pictures.images import write_image
from engine.requests.edit import EditRequest, EditResult, FrameEdits, RegionEdit
from engine.requests.editing import face, job, reshape
from engine.requests.editing.face import frame_around_face
from engine.requests.editing.frame import Frame
from engine.requests.editing.frames import claim_of, frames_of
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import Parsed
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, ColourStyle, Style
from engine.session import Session
from engine.systems.label_painter import LabelPainter
from engine.systems.shelf import Shelf
from tests.engine.requests.test_edit_face import FACES, FRAMES, HAIR, HEIGHT, WIDTH, Upright, region_of, two_faces

BLOND, RED = ColourStyle("#e0c080"), ColourStyle("#c03020")
SKIN, GLASSES = FACES.find("skin"), FACES.find("eyeglasses")
LEFT, RIGHT = (frame.scaled(1 / WIDTH) for frame in FRAMES)


@pytest.fixture
def photo_file(tmp_path: Path, tiny_photo: np.ndarray) -> Path:
    write_image(tmp_path / "two.png", two_faces(tiny_photo))
    return tmp_path / "two.png"


@pytest.fixture(autouse=True)
def parser_of_upright_faces(monkeypatch: pytest.MonkeyPatch, tiny_weights: Path, tiny_label_map: np.ndarray) -> None:
    monkeypatch.setattr(Shelf, "parser_for", lambda shelf, label_set: "upright")
    monkeypatch.setattr(Shelf, "parser", lambda shelf, name: Upright(tiny_label_map))
    for module in (face, reshape):  # small faces take a small part of the time
        monkeypatch.setattr(module, "SIDE", 96)


def hair(style: Style, frame: FaceFrame | None) -> FrameEdits:
    return FrameEdits(frame, (RegionEdit(HAIR, style),))


def edited(photo_file: Path, *frames: FrameEdits, session: Session | None = None) -> EditResult:
    first, *others = frames
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), ()).of_frame(first)
    return (session or Session("cpu")).run(from_json(to_json(request.replace(other_frames=tuple(others)))))


def difference(result: EditResult) -> np.ndarray:
    return (result.samples != result.photo.samples).any(-1)


def test_each_face_alone_and_both_together_in_one_picture(photo_file: Path) -> None:
    session = Session("cpu")  # finds the regions of each frame once
    left, right = (edited(photo_file, edit, session=session) for edit in (hair(BLOND, LEFT), hair(RED, RIGHT)))
    both = edited(photo_file, hair(BLOND, LEFT), hair(RED, RIGHT), session=session)
    other_way = edited(photo_file, hair(RED, RIGHT), hair(BLOND, LEFT), session=session)
    assert (other_way.samples == both.samples).all()
    assert not (difference(left) & difference(right)).any()
    assert (both.samples[difference(left)] == left.samples[difference(left)]).all()
    assert (both.samples[difference(right)] == right.samples[difference(right)]).all()
    assert not difference(both)[~difference(left) & ~difference(right)].any()


@pytest.mark.parametrize("order", [1, -1])
def test_regions_found_in_a_face_are_not_taken_for_those_of_the_whole_photo(
    photo_file: Path, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    sizes = []
    parse = Upright.parse

    def parse_and_note(parser: Upright, pixels: np.ndarray) -> Parsed:
        sizes.append(pixels.shape[:2])
        return parse(parser, pixels)

    monkeypatch.setattr(Upright, "parse", parse_and_note)
    alone = edited(photo_file, hair(RED, None))
    first, second = [hair(BLOND, LEFT), hair(RED, None)][::order]
    sizes.clear()
    both = edited(photo_file, first, second)
    assert sorted(sizes) == [(96, 96), (HEIGHT, WIDTH)]
    beyond = np.ones((HEIGHT, WIDTH), bool)
    beyond[LEFT.scaled(WIDTH).box(HEIGHT, WIDTH)] = False
    assert difference(alone)[beyond].any() and (both.samples[beyond] == alone.samples[beyond]).all()


def test_edits_of_the_whole_photo_leave_to_a_face_what_it_changes(
    photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    drawn = np.full((HEIGHT, WIDTH), HAIR, np.uint8)  # what is hair in the whole photo is hair in the face too
    whole = FrameEdits(None, (RegionEdit(HAIR, BLOND),), LabelMapData.from_array(drawn))
    red_hair, both = edited(photo_file, hair(RED, LEFT)), edited(photo_file, whole, hair(RED, LEFT))
    region = region_of(tiny_label_map, HAIR, FRAMES[0])
    alike = (np.abs(both.samples.astype(int) - red_hair.samples) < 3).all(-1)
    assert alike[region].mean() > 0.5
    assert difference(both)[:20].all()


def test_a_face_that_is_not_edited_keeps_its_hair(photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    all_hair = np.full((64, 64), HAIR, np.uint8)
    monkeypatch.setattr(Shelf, "parser", lambda shelf, name: Upright(all_hair))
    large = FaceFrame(FRAMES[0].x, FRAMES[0].y, 300, FRAMES[0].turn).scaled(1 / WIDTH)  # reaches into the second face
    alone = edited(photo_file, hair(BLOND, large))
    beside = edited(photo_file, hair(BLOND, large), FrameEdits(RIGHT))
    own = claim_of(large, [RIGHT]).of(slice(0, HEIGHT), slice(0, WIDTH), HEIGHT, WIDTH)
    assert difference(alone)[own == 0].any() and not difference(beside)[own == 0].any()
    assert difference(beside)[own == 1].any()


def test_a_face_that_lacks_a_region_is_said_and_the_others_are_restyled(photo_file: Path) -> None:
    hat = FrameEdits(LEFT, (RegionEdit(FACES.find("hat"), RED),))
    result = edited(photo_file, hat, hair(BLOND, RIGHT))
    assert result.notes == ('"two.png": one of its frames has no region "hat" to restyle.',)
    assert (result.samples == edited(photo_file, hair(BLOND, RIGHT), FrameEdits(LEFT)).samples).all()
    with pytest.raises(BadRequest, match='no region "hat"'):
        edited(photo_file, hat, hat.replace(face=RIGHT))
    with pytest.raises(BadRequest, match='no region "hat"'):
        edited(photo_file, hat, FrameEdits(RIGHT))


def test_of_a_map_of_the_whole_photo_each_face_has_its_own_part(photo_file: Path) -> None:
    drawn = LabelMapData.from_array(np.full((HEIGHT, WIDTH), HAIR, np.uint8))
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, BLOND),), drawn, face=LEFT)
    ((_, claim),) = frames_of(request.replace(other_frames=(FrameEdits(RIGHT, label_map=drawn),)))
    assert claim is not None and len(claim.others) == 1


def test_a_face_of_a_map_of_many_is_looked_at_as_closely_as_without_it(
    photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = []
    share_out = job.shared_out

    def share_and_note(frame: Frame, claim: Claim | None) -> Frame:
        frames.append(frame)
        return share_out(frame, claim)

    monkeypatch.setattr(job, "shared_out", share_and_note)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for frame in FRAMES:
        drawn[frame.box(HEIGHT, WIDTH)] = HAIR
    both = LabelMapData.from_array(drawn)
    edited(photo_file, hair(BLOND, RIGHT).replace(label_map=both), FrameEdits(LEFT, label_map=both))
    (framed,) = frames
    rows, columns = RIGHT.scaled(WIDTH).box(HEIGHT, WIDTH)
    assert framed.box == pytest.approx(
        (rows.start / HEIGHT, columns.start / WIDTH, rows.stop / HEIGHT, columns.stop / WIDTH), abs=0.02
    )


def test_a_map_that_a_person_drew_reaches_into_a_face_that_is_not_edited(photo_file: Path) -> None:
    drawn = LabelMapData.from_array(np.full((HEIGHT, WIDTH), HAIR, np.uint8))
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, BLOND),), drawn, face=LEFT)
    ((_, claim),) = frames_of(request.replace(other_frames=(FrameEdits(RIGHT),)))
    assert claim is not None and not claim.others
    claims = dict(frames_of(request.replace(other_frames=(hair(RED, RIGHT),))))
    assert all(claim is not None and len(claim.others) == 1 for claim in claims.values())


def test_a_request_with_frames_is_kept_and_one_without_is_saved_as_before(photo_file: Path, tmp_path: Path) -> None:
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, MEAN),), face=LEFT)
    assert "other_frames" not in json.loads(to_json(request))
    several = request.replace(other_frames=(hair(RED, RIGHT), hair(BLOND, None)))
    assert from_json(to_json(several)) == several
    assert several.as_in_file(tmp_path / "a.json").located(tmp_path) == several.located(tmp_path)
    with pytest.raises(BadRequest, match="one frame twice"):
        request.replace(other_frames=(hair(RED, LEFT),))
    with pytest.raises(BadRequest, match="one label twice"):
        FrameEdits(RIGHT, (RegionEdit(HAIR, MEAN), RegionEdit(HAIR, RED)))


@pytest.mark.parametrize("turn", [35, 180])
def test_regions_of_a_turned_face_get_other_shapes_painted_upright(
    photo_file: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch, turn: float
) -> None:
    frame = FaceFrame(210, 150, 120, turn)
    photo = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    inside = brought_back(np.ones((64, 64), np.float32), frame, HEIGHT, WIDTH)[..., None] > 0.99
    write_image(photo_file, np.where(inside, brought_back(tiny_photo, frame, HEIGHT, WIDTH), photo))
    base, wanted = (np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(2))
    for label in np.unique(tiny_label_map):
        base[region_of(tiny_label_map, int(label), frame)] = label
    longer = tiny_label_map.copy()
    longer[24:30, 20:44][longer[24:30, 20:44] == SKIN] = HAIR  # a fringe
    wanted[...] = base
    wanted[region_of(longer, HAIR, frame) & (base == SKIN)] = HAIR
    painted: list[RenderRequest] = []
    paint = LabelPainter.paint

    def paint_and_note(painter: LabelPainter, request: RenderRequest, *rest: object) -> object:
        painted.append(request)
        return paint(painter, request, *rest)

    monkeypatch.setattr(LabelPainter, "paint", paint_and_note)
    edit = FrameEdits(
        frame.scaled(1 / WIDTH), (), LabelMapData.from_array(base), None, LabelMapData.from_array(wanted)
    )
    result = edited(photo_file, edit)
    changed = difference(result)
    fringe = base != wanted
    assert changed[fringe].mean() > 0.9
    assert not changed[brought_back(np.ones((64, 64), np.float32), frame, HEIGHT, WIDTH) == 0].any()
    upright_map = resize_label_map(painted[0].label_map.array(), 64, 64)
    assert (upright_map == longer).mean() > 0.9  # whatever the turn, the network sees it upright


def test_both_pictures_of_a_frame_are_painted_from_one_seed(
    photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    paint = LabelPainter.paint

    def paint_and_note(painter: LabelPainter, request: RenderRequest, *rest: object) -> object:
        seeds.append(request.seed)
        return paint(painter, request, *rest)

    monkeypatch.setattr(LabelPainter, "paint", paint_and_note)
    edited(photo_file, hair(MEAN, LEFT))
    assert len(seeds) >= 2 and len(set(seeds)) == 1


def test_label_ids_are_never_turned_and_the_photo_is_never_changed_by_turning(
    photo_file: Path, tiny_photo: np.ndarray
) -> None:
    halves = np.full((64, 64), 3, np.uint8)
    halves[:, 32:] = 17  # turned ids would mix to those between
    photo = two_faces(tiny_photo)
    frame = frame_around_face(photo, LEFT, FACES, Upright(halves))
    assert set(np.unique(frame.label_map)) == {3, 17, UNSEEN} == set(np.unique(frame.whole_map))
    assert set(np.unique(frame.painted()[1])) == {3, 17}
    result = edited(photo_file, FrameEdits(LEFT, (RegionEdit(HAIR, BLOND, strength=0),)))
    assert (result.samples == result.photo.samples).all()


@pytest.mark.parametrize("frame", [FaceFrame(5.0, 150.0, 120.0, 20.0), FaceFrame(WIDTH - 3.0, HEIGHT - 3.0, 200.0)])
def test_a_face_that_the_border_cuts_is_restyled_as_far_as_it_is_seen(photo_file: Path, frame: FaceFrame) -> None:
    result = edited(photo_file, FrameEdits(frame.scaled(1 / WIDTH), (RegionEdit(SKIN, BLOND),)))
    changed = difference(result)
    assert changed.any()
    assert not changed[brought_back(np.ones((64, 64), np.float32), frame, HEIGHT, WIDTH) == 0].any()


def test_of_forty_small_faces_one_is_restyled(photo_file: Path) -> None:
    places = [(30.0 + 40 * column, 30.0 + 60 * row) for row in range(4) for column in range(10)]
    crowd = [FaceFrame(x, y, 36.0).scaled(1 / WIDTH) for x, y in places]
    result = edited(photo_file, hair(BLOND, crowd[17]), *(FrameEdits(face) for face in crowd if face != crowd[17]))
    rows, columns = np.nonzero(difference(result))
    face = crowd[17].scaled(WIDTH)
    assert len(rows) and abs(columns - face.x).max() < face.side and abs(rows - face.y).max() < face.side
