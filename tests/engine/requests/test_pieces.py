"""A style per piece: in requests, in pictures and photos, and on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.compose.mattes import soft_labels, soft_parts
from engine.errors import BadFile, BadRequest
from engine.labels.pieces import (
    FIRST_PIECE,
    MOST_PIECES,
    connected_part,
    free_piece,
    number_of,
    region_map,
    with_piece,
)
from engine.painting.sizes import Fitted
from engine.pictures.images import write_image
from engine.pictures.photos import read_photo
from engine.pictures.png import read_embedded_request
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.json_text import from_json, to_fields, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, ColourStyle, ImageStyle, SampleStyle, encode_code
from engine.session import Session
from engine.systems import abilities
from tests.commands import Runner, one_sentence
from tests.engine.systems.tiny import WEIGHTS, all_weights, tiny_shelf_of_all  # noqa: F401 (fixtures)
from tests.fixtures import face_label_map

SKIN, LEFT_EYE, HAIR, CLOTH = 1, 4, 13, 18
PIECE = FIRST_PIECE
ANNA = "anna.png@anna.labels.png"


@pytest.fixture
def halved(tiny_label_map: np.ndarray) -> np.ndarray:
    """(64, 64) piece map: the right half of the hair, and of all else that lies there."""
    piece_map = np.zeros_like(tiny_label_map)
    piece_map[:, 32:] = number_of(PIECE)
    return piece_map


def render(label_map: np.ndarray, weights: str = "tiny-sean", **values) -> RenderRequest:
    if (piece_map := values.get("piece_map")) is not None:
        values["piece_map"] = LabelMapData.from_array(piece_map)
    return RenderRequest(weights, LabelMapData.from_array(label_map), **values)


def painted(request: RenderRequest) -> np.ndarray:
    return Session("cpu").run(request).pixels.astype(int)


# ---------------------------------------------------------------- the maps


def test_a_piece_is_what_has_its_label_where_the_map_has_its_number() -> None:
    label_map = np.array([[3, 3, 0, 3, 3]], np.uint8)
    first = connected_part(label_map, 4, 0)
    assert first.tolist() == [[False, False, False, True, True]]
    piece_map, pieces, piece = with_piece(None, {}, first, 3)
    assert piece == PIECE and pieces == {PIECE: 3}
    assert region_map(label_map, piece_map, pieces).tolist() == [[3, 3, 0, PIECE, PIECE]]
    painted_over = np.array([[3, 3, 0, 7, 3]], np.uint8)  # takes a pixel; painting 3 there again gives it back
    assert region_map(painted_over, piece_map, pieces).tolist() == [[3, 3, 0, 7, PIECE]]
    joined = np.array([[3, 3, 3, 3, 3]], np.uint8)  # a stroke beside it is no part of it
    assert region_map(joined, piece_map, pieces).tolist() == [[3, 3, 3, PIECE, PIECE]]


def test_parts_touch_over_corners() -> None:
    assert connected_part(np.array([[3, 0], [0, 3]], np.uint8), 0, 0).tolist() == [[True, False], [False, True]]


def test_there_is_an_end_of_pieces() -> None:
    full = {FIRST_PIECE + number: 3 for number in range(MOST_PIECES)}
    del full[FIRST_PIECE + 5]
    assert free_piece(full) == FIRST_PIECE + 5
    with pytest.raises(BadRequest, match="120 pieces"):
        free_piece({**full, FIRST_PIECE + 5: 3})


# ---------------------------------------------------------------- requests


def test_requests_carry_pieces_and_those_without_read_as_before(
    tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    plain = render(tiny_label_map)
    assert not {"pieces", "piece_map"} & to_fields(plain).keys()
    request = render(
        tiny_label_map, pieces={PIECE: HAIR}, piece_map=halved, styles={PIECE: SampleStyle(3)}, style_locks=(PIECE,)
    )
    again = from_json(to_json(request))
    assert again == request and hash(again) == hash(request) and again != plain
    assert request.without_pieces() == plain
    assert PIECE in request.shown_regions() and HAIR in request.shown_regions()


def test_wrong_pieces_are_refused_with_a_sentence(tiny_label_map: np.ndarray, halved: np.ndarray) -> None:
    with pytest.raises(BadRequest, match=f'"styles" of the request is for the piece {PIECE}, which'):
        render(tiny_label_map, styles={PIECE: MEAN})
    with pytest.raises(BadRequest, match='needs the key "piece_map"'):
        render(tiny_label_map, pieces={PIECE: HAIR})
    with pytest.raises(BadRequest, match="from 256 to 375"):
        render(tiny_label_map, pieces={3: HAIR}, piece_map=halved)
    with pytest.raises(BadRequest, match='"edits" of the request is for the piece'):
        EditRequest("tiny-sean", PhotoReference("photo.png"), (RegionEdit(PIECE, MEAN),))


# ---------------------------------------------------------------- pictures


def test_a_piece_is_painted_in_its_own_style_and_what_is_far_from_it_stays(
    tiny_weights: Path, tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    own = render(tiny_label_map, pieces={PIECE: HAIR}, piece_map=halved, styles={PIECE: ColourStyle("#e0c080")})
    label_style = render(tiny_label_map, pieces={PIECE: HAIR}, piece_map=halved)
    differs = np.abs(painted(own) - painted(label_style)).max(-1)
    piece = (tiny_label_map == HAIR) & (halved > 0)
    assert differs[piece].mean() > 5 * differs[:, :20].mean()
    np.testing.assert_array_equal(painted(label_style), painted(render(tiny_label_map)))  # the same style: not a bit


def test_an_enlarged_picture_has_pieces_as_sharp_as_labels() -> None:
    label_map, piece_map = np.full((64, 64), HAIR, np.uint8), np.zeros((64, 64), np.uint8)
    piece_map[:, 30:] = number_of(PIECE)
    fitted = Fitted.of(label_map, (16, 16), "model", piece_map, {PIECE: HAIR})
    assert fitted.pieces is not None
    pixels = np.where(fitted.pieces.slots[..., None] == 1, 220, 30).astype(np.uint8).repeat(3, 2)
    enlarged, _ = fitted.picture(pixels)
    assert (enlarged[:, :28] < 40).all() and (enlarged[:, 32:] > 210).all()


def test_a_map_that_is_filled_up_keeps_its_pieces(halved: np.ndarray) -> None:
    label_map = np.full((62, 64), HAIR, np.uint8)
    fitted = Fitted.of(label_map, (64, 64), "full", halved[:62], {PIECE: HAIR})
    assert fitted.pieces is not None and fitted.pieces.slots.shape == fitted.ids.shape == (64, 64)
    assert (fitted.pieces.slots == (halved > 0)).all()


@pytest.mark.parametrize("weights", ["tiny-smis", "tiny-mulnet", "tiny-vspade", "tiny-spade"])
def test_weights_with_one_style_for_a_label_paint_without_pieces_and_say_so(
    all_weights: Path,  # noqa: F811
    tiny_label_map: np.ndarray,
    halved: np.ndarray,
    weights: str,
) -> None:
    request = render(tiny_label_map, weights, pieces={PIECE: HAIR}, piece_map=halved, styles={PIECE: SampleStyle(3)})
    result = Session("cpu").run(request)
    np.testing.assert_array_equal(result.pixels, Session("cpu").run(request.without_pieces()).pixels)
    assert any("not used" in note for note in result.notes)


def test_every_painter_does_with_pieces_what_its_card_says(
    all_weights: Path,  # noqa: F811
    tiny_label_map: np.ndarray,
    halved: np.ndarray,
) -> None:
    session = Session("cpu")
    for name in ("tiny-sean", *WEIGHTS):
        painter = session.painter(name)
        assert abilities(painter.card).pieces == getattr(painter, "takes_pieces", False), name
    codes = {HAIR: np.zeros(3, np.float32), PIECE: np.full(3, 3, np.float32)}
    styles = {region: ImageStyle("", HAIR, code=encode_code(code)) for region, code in codes.items()}
    request = render(tiny_label_map, "tiny-hd", pieces={PIECE: HAIR}, piece_map=halved, styles=styles)
    differs = np.abs(painted(request) - painted(request.without_pieces())).max(-1)
    assert differs[(tiny_label_map == HAIR) & (halved > 0)].mean() > 2 * differs[:, :16].mean()


def test_a_piece_in_a_mean_style_that_is_not_known_is_said(
    all_weights: Path,  # noqa: F811
    tiny_label_map: np.ndarray,
    halved: np.ndarray,
) -> None:
    session, code = Session("cpu"), encode_code(np.ones(3, np.float32))
    styles = {int(label): ImageStyle("", int(label), code=code) for label in np.unique(tiny_label_map)}
    in_mean = render(tiny_label_map, "tiny-hd", pieces={PIECE: HAIR}, piece_map=halved, styles=styles)
    assert session.run(in_mean).notes == ("These weights come without a mean style; give each region a style.",)
    assert session.run(in_mean.replace(styles={**styles, PIECE: styles[HAIR]})).notes == ()


def test_a_piece_map_of_another_size_is_refused(
    tiny_weights: Path, tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    with pytest.raises(BadFile, match="The piece map has 32 x 64 pixels"):
        painted(render(tiny_label_map, pieces={PIECE: HAIR}, piece_map=halved[:, 32:]))


def test_a_style_picture_that_is_gone_stops_only_pictures_that_show_its_piece(
    tiny_weights: Path, tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    styles = {PIECE: ImageStyle("gone.png", HAIR)}
    unseen = np.where(tiny_label_map == HAIR, np.uint8(SKIN), tiny_label_map)
    painted(render(unseen, pieces={PIECE: HAIR}, piece_map=halved, styles=styles))
    with pytest.raises(BadFile, match="gone.png"):
        painted(render(tiny_label_map, pieces={PIECE: HAIR}, piece_map=halved, styles=styles))


# ---------------------------------------------------------------- photos


@pytest.fixture
def photo_file(tmp_path: Path, tiny_photo: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    write_image(path, tiny_photo.repeat(3, 0).repeat(3, 1))
    return path


def edit_of(path: Path, label_map: np.ndarray, piece_map: np.ndarray, *edits: RegionEdit, label: int = HAIR):
    maps = {"label_map": LabelMapData.from_array(label_map), "piece_map": LabelMapData.from_array(piece_map)}
    return EditRequest("tiny-sean", PhotoReference.of(path), edits, pieces={PIECE: label}, **maps)


def changed(request: EditRequest) -> np.ndarray:
    result = Session("cpu").run(from_json(to_json(request)))
    return (result.photo.samples != result.samples).any(-1)


@pytest.mark.parametrize("style", [ColourStyle("#e0c080"), MEAN])
def test_a_piece_of_a_photo_is_restyled_alone(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, halved: np.ndarray, style
) -> None:
    mask = changed(edit_of(photo_file, tiny_label_map, halved, RegionEdit(PIECE, style)))
    hair = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    right = np.arange(192)[None] >= 96
    assert mask[hair & right].mean() > 0.5
    assert (mask & ~hair).mean() <= 0.02
    assert not mask[:, : 96 - 24].any(), "beyond a soft border the rest of the label is the file's own"


def test_a_labels_edit_leaves_its_pieces_out_unless_they_have_one_too(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    label_edit, colour = RegionEdit(HAIR, ColourStyle("#203080")), ColourStyle("#e0c080")
    mask = changed(edit_of(photo_file, tiny_label_map, halved, label_edit))
    assert mask[:, :72].any() and not mask[:, 96 + 24 :].any()
    switched_off = changed(edit_of(photo_file, tiny_label_map, halved, label_edit, RegionEdit(PIECE, colour, on=False)))
    np.testing.assert_array_equal(switched_off, mask)
    both = changed(edit_of(photo_file, tiny_label_map, halved, label_edit, RegionEdit(PIECE, colour)))
    hair = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    assert both[hair].mean() > 0.9, "no line of the photo is left between the two"


def test_a_piece_that_the_photo_does_not_show_is_said(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, halved: np.ndarray
) -> None:
    nowhere = edit_of(photo_file, tiny_label_map, halved * 0, RegionEdit(PIECE, ColourStyle("#203080")))
    with pytest.raises(BadRequest, match='no region "hair, piece 1"'):
        changed(nowhere)
    with_label = nowhere.replace(edits=(*nowhere.edits, RegionEdit(HAIR, ColourStyle("#203080"))))
    assert 'it has no region "hair, piece 1"' in " ".join(Session("cpu").run(with_label).notes)


def test_parted_soft_labels_are_those_of_the_parted_map(tiny_label_map: np.ndarray, halved: np.ndarray) -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(19), tiny_label_map.shape).transpose(2, 0, 1)
    regions = np.where((tiny_label_map == HAIR) & (halved > 0), np.uint8(19), tiny_label_map)
    parted = soft_parts(soft_labels(tiny_label_map, 19, shares), regions, (HAIR,))
    expected = soft_labels(regions, 20, np.concatenate([shares, shares[HAIR : HAIR + 1]]))
    np.testing.assert_allclose(parted, expected, atol=1e-5)


# ---------------------------------------------------------------- the command line


def test_a_point_on_the_command_line_names_a_piece(run: Runner, desk: Path) -> None:
    words = ("render", "--weights", "tiny-sean", "--labels", "face.png", "--out", "out.png")
    row, column = np.argwhere(face_label_map() == LEFT_EYE)[0]
    done = run(*words, "--style", f"left_eye@{column},{row}={ANNA}", "--mix", f"left eye@{column},{row}=mean:0.5")
    assert done.code == 0, done.err
    request = from_json(read_embedded_request("out.png") or "")
    assert isinstance(request, RenderRequest) and request.pieces == {PIECE: LEFT_EYE}
    assert request.styles.keys() == {PIECE}
    again = run("render", "out.png", "--style", f"left_eye@{column},{row}=mean", "--out", "again.png")
    assert again.code == 0 and from_json(read_embedded_request("again.png") or "").pieces == {PIECE: LEFT_EYE}
    for word, said in (
        ("left eye@900,2=mean", "lies outside"),
        ("left eye@0,0=mean", 'there is "background", not "left eye"'),
    ):
        refused = run(*words, "--style", word)
        assert refused.code == 2 and said in refused.err and one_sentence(refused.err)


def test_weights_without_styles_of_pieces_refuse_points(
    run: Runner,
    all_weights: Path,  # noqa: F811
    tmp_path: Path,
    tiny_label_map: np.ndarray,
) -> None:
    write_image(tmp_path / "face.png", tiny_label_map)
    words = ("render", "--weights", "tiny-smis", "--labels", tmp_path / "face.png", "--out", tmp_path / "out.png")
    refused = run(*words, "--style", "hair@32,4=mean")
    assert refused.code == 2 and "one style for a label" in refused.err


def test_a_piece_of_a_photo_is_edited_on_the_command_line(
    tiny_weights: Path, photo_file: Path, tmp_path: Path, tiny_label_map: np.ndarray, run: Runner
) -> None:
    label_map = np.where(tiny_label_map == HAIR, np.uint8(SKIN), tiny_label_map)
    label_map[2:20, 2:14] = label_map[2:20, 50:62] = HAIR  # two pieces of hair
    write_image(tmp_path / "labels.png", label_map)
    words = ("edit", photo_file, "--weights", "tiny-sean", "--labels", tmp_path / "labels.png")
    out = ("--out", tmp_path / "out.png")
    done = run(*words, "--colour", "hair@24,24=#e0c080", "--strength", "hair@24,24=0.9", *out)
    assert done.code == 0, done.err
    mask = (read_photo(photo_file).samples != read_photo(tmp_path / "out.png").samples).any(-1)
    assert mask[:60, :48].mean() > 0.5 and not mask[:, 96:].any()
    for named, said in (
        (("hair@24,24", "hair@25,30"), "another edit is of this piece"),
        (("hair@24,190",), 'not "hair"'),
        (("hair@192,0",), "lies outside the picture of 192 x 192"),
    ):
        refused = run(*words, *(part for name in named for part in ("--colour", f"{name}=#e0c080")), *out)
        assert refused.code == 2 and said in refused.err, refused.err
    folder = run("edit", tmp_path, "--weights", "tiny-sean", "--colour", "hair@2,2=#e0c080", "--out", tmp_path / "f")
    assert folder.code == 2 and "leave out the point for a folder" in folder.err
