"""Edits of photos: regions take styles and colours, everything else stays the file's own sample by sample."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.cli.edit import edits_of
from engine.compose.colour_space import to_lab
from engine.compose.samples import as_colours, in_colour
from engine.errors import BadRequest, MissingPhoto, MissingStyle
from engine.files import resource
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import read_image, resize_image, write_image
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, read_photo
from engine.pictures.png import read_embedded_request
from engine.pictures.profiles import from_srgb
from engine.pictures.sniffing import sniff
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.editing import job
from engine.requests.editing.frame import Frame, cut_off
from engine.requests.json_text import from_json, to_json
from engine.requests.kept import Kept
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.parse import Parsed
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import MEAN, ColourStyle, ImageStyle, MixStyle, Style
from engine.session import Session
from engine.systems.parser.photo_parser import PhotoParser
from tests.commands import Runner
from tests.engine.drawn_profiles import wide_profile
from tests.fixtures import photo_of

HAIR, SKIN, CLOTH = 13, 1, 18


@pytest.fixture
def photo_file(tmp_path: Path, tiny_photo: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    write_image(path, tiny_photo.repeat(3, 0).repeat(3, 1))
    return path


def edited(path: Path, label_map: np.ndarray, *edits: RegionEdit) -> tuple[np.ndarray, np.ndarray]:
    """Samples before and after."""
    request = EditRequest("tiny-sean", PhotoReference.of(path), edits, LabelMapData.from_array(label_map))
    result = Session("cpu").run(from_json(to_json(request)))
    return result.photo.samples, result.samples


@pytest.mark.parametrize("edit", [RegionEdit(HAIR, ColourStyle("#e0c080")), RegionEdit(HAIR, MEAN)])
def test_a_region_changes_and_all_else_stays(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, edit: RegionEdit
) -> None:
    before, after = edited(photo_file, tiny_label_map, edit)
    changed = (before != after).any(-1)
    region = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    assert changed[region].mean() > 0.5
    assert (changed & ~region).mean() <= 0.02


def test_a_style_without_a_photo_is_painted_once_more_aimed_at_its_code(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, aimed_at = edited(photo_file, tiny_label_map, RegionEdit(HAIR, MEAN))
    monkeypatch.setattr(job, "aimed", lambda wanted, reached: wanted)
    _, painted_once = edited(photo_file, tiny_label_map, RegionEdit(HAIR, MEAN))
    assert (aimed_at != painted_once).any()


def test_an_edit_does_not_change_what_another_ones_does_to_a_region_that_it_does_not_touch(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    """Hair's colours would decide what is a lip, were both one region."""
    red, dark = ColourStyle("#b01030"), ColourStyle("#203080")
    _, alone = edited(photo_file, tiny_label_map, RegionEdit(CLOTH, red))
    _, both = edited(photo_file, tiny_label_map, RegionEdit(CLOTH, red), RegionEdit(HAIR, dark))
    region = tiny_label_map.repeat(3, 0).repeat(3, 1) == CLOTH
    np.testing.assert_array_equal(alone[region], both[region])


def test_dyed_cloth_is_less_colourful_in_its_dark_folds(
    tiny_weights: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    """A colour shrinks with the light, in smooth surfaces too, whose photos have one chroma for all shades."""
    light = np.broadcast_to(np.linspace(20, 200, 64)[:, None], (64, 64))[..., None].repeat(3, 2).astype(np.uint8)
    cloth = np.full_like(tiny_label_map, CLOTH)
    cloth[:, :16] = HAIR
    write_image(tmp_path / "folds.png", light)
    _, dyed = edited(tmp_path / "folds.png", cloth, RegionEdit(CLOTH, ColourStyle("#3a6ea5")))
    chroma = np.linalg.norm(to_lab(as_colours(dyed))[:, 30:, 1:], axis=-1).mean(1)
    assert chroma[2:8].mean() < 0.7 * chroma[28:36].mean()


@pytest.mark.parametrize("label", [0, CLOTH])
def test_a_region_that_goes_on_beyond_the_subject_changes_there_too(
    tiny_weights: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, tmp_path: Path, label: int
) -> None:
    label_map, samples = np.zeros((200, 96), np.uint8), np.full((200, 96, 3), 120, np.uint8)
    label_map[:64, 16:80], samples[:64, 16:80] = tiny_label_map, tiny_photo
    label_map[64:200 if label else 64, 16:80] = CLOTH
    write_image(tmp_path / "tall.png", samples)
    before, after = edited(tmp_path / "tall.png", label_map, RegionEdit(label, ColourStyle("#2060c0")))
    changed, region = (before != after).any(-1), label_map == label
    assert changed[150:][region[150:]].mean() > 0.9
    assert (changed & ~region).mean() <= 0.02


def photo_with_a_body(tmp_path: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray) -> tuple[Path, np.ndarray]:
    """A tall photo whose parser looked at its upper half alone, and the label map that it found."""
    label_map, samples = np.zeros((200, 96), np.uint8), np.full((200, 96, 3), 120, np.uint8)
    label_map[:64, 16:80], samples[:64, 16:80] = tiny_label_map, tiny_photo
    write_image(tmp_path / "tall.png", samples)
    return tmp_path / "tall.png", label_map


PART = 0.0, 0.0, 0.5, 1.0


def test_what_a_parser_never_looked_at_is_not_restyled_as_background(
    tiny_weights: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    path, label_map = photo_with_a_body(tmp_path, tiny_photo, tiny_label_map)
    edits, photo = (RegionEdit(0, ColourStyle("#2060c0")),), PhotoReference.of(path)
    request = EditRequest("tiny-sean", photo, edits, LabelMapData.from_array(label_map), looked_at=PART)
    result = Session("cpu").run(from_json(to_json(request)))
    changed = (result.photo.samples != result.samples).any(-1)
    assert changed[:90][label_map[:90] == 0].mean() > 0.8
    assert not changed[110:].any()
    assert not result.notes  # who gives the map with its part knows
    result = Session("cpu").run(request.replace(looked_at=None))  # as the user asks
    assert (result.photo.samples != result.samples).any(-1)[110:].mean() > 0.9
    assert not result.notes


def test_a_background_that_would_end_in_a_box_is_refused_until_the_rest_counts(
    tiny_weights: Path,
    tiny_photo: np.ndarray,
    tiny_label_map: np.ndarray,
    tmp_path: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, label_map = photo_with_a_body(tmp_path, tiny_photo, tiny_label_map)
    monkeypatch.setattr(PhotoParser, "parse", lambda self, pixels: Parsed(label_map, 1.0, looked_at=PART))
    monkeypatch.setattr("engine.pictures.sniffing.check_photo", lambda path: None)  # a drawing, with no map of its own
    words = ("edit", path, "--weights", "tiny-sean", "--colour", "background=#2060c0")
    refused = run(*words, "--out", tmp_path / "out.png")
    assert refused.code == 2 and "--count-rest" in refused.err and not (tmp_path / "out.png").exists()
    done = run(*words, "--count-rest", "--out", tmp_path / "out.png")
    assert done.code == 0, done.err
    changed = (read_photo(path).samples != read_photo(tmp_path / "out.png").samples).any(-1)
    assert changed[110:].mean() > 0.9
    again = run("request", tmp_path / "out.png", "--out", tmp_path / "again.png")
    assert again.code == 0 and (tmp_path / "again.png").read_bytes() == (tmp_path / "out.png").read_bytes()
    hair = EditRequest("tiny-sean", PhotoReference.of(path), (RegionEdit(HAIR, ColourStyle("#2060c0")),))
    assert Session("cpu").run(hair).samples.any()  # what is not background needs no word


@pytest.mark.parametrize("style", [MEAN, MixStyle(MEAN, ColourStyle("#204080"), 0.5)])
def test_a_style_that_is_painted_knows_no_unseen_label(
    tiny_weights: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, tmp_path: Path, style: Style
) -> None:
    path, label_map = photo_with_a_body(tmp_path, tiny_photo, tiny_label_map)
    part = 0.0, 0.0, 0.2, 1.0  # the frame of the subject reaches beyond it
    edits, map_data = (RegionEdit(HAIR, style),), LabelMapData.from_array(label_map)
    request = EditRequest("tiny-sean", PhotoReference.of(path), edits, map_data, looked_at=part)
    result = Session("cpu").run(request)
    assert (result.photo.samples != result.samples).any()


def test_a_part_that_was_looked_at_is_one(tiny_label_map: np.ndarray) -> None:
    request = EditRequest("tiny-sean", PhotoReference("photo.png"), ())
    assert "looked_at" not in to_json(request)
    assert from_json(to_json(request.replace(looked_at=PART))).looked_at == PART
    with pytest.raises(BadRequest, match="looked_at"):
        request.replace(looked_at=(0.5, 0.0, 0.5, 1.0))


def test_rows_that_are_off_or_weakened_to_nothing_leave_the_photo(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    off = RegionEdit(HAIR, ColourStyle("#ffffff"), on=False), RegionEdit(SKIN, ColourStyle("#00ff00"), strength=0)
    before, after = edited(photo_file, tiny_label_map, *off)
    np.testing.assert_array_equal(before, after)


def test_a_style_comes_from_another_photo(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    style_map = LabelMapData.from_array(tiny_label_map).png
    write_image(tmp_path / "blue.png", np.full((64, 64, 3), (40, 60, 200), np.uint8))
    style = ImageStyle(str(tmp_path / "blue.png"), HAIR, label_map_png=style_map)
    _, after = edited(photo_file, tiny_label_map, RegionEdit(HAIR, style))
    region = tiny_label_map.repeat(3, 0).repeat(3, 1) == HAIR
    assert np.abs(after[region].mean(0) - (40, 60, 200)).max() < 60
    missing = style.replace(label=14)
    with pytest.raises(MissingStyle, match='"hat"'):
        edited(photo_file, tiny_label_map, RegionEdit(HAIR, missing))


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jpg", ".webp"])
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_samples_that_no_edit_touches_are_the_files_own_in_the_file_that_is_written(
    tiny_weights: Path, tiny_label_map: np.ndarray, tmp_path: Path, dtype: Any, channels: int, suffix: str
) -> None:
    """What is compressed without loss holds them bit for bit, the rest does before it is compressed."""
    if channels == 2 and dtype == np.uint16:
        channels = 4
    rng = np.random.default_rng(channels)
    shape = (150, 130, channels) if channels else (150, 130)
    samples = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    write_photo(tmp_path / "a.png", samples, Photo(samples, "PNG"))
    edits = (RegionEdit(HAIR, ColourStyle("#a06030")), RegionEdit(12, ColourStyle("#ff0000"), 0.5))
    label_map = LabelMapData.from_array(tiny_label_map)
    request = EditRequest("tiny-sean", PhotoReference.of(tmp_path / "a.png"), edits, label_map)
    result = Session("cpu").run(request)
    kept = in_colour(samples)
    changed = (result.samples != kept).any(-1)
    rows, columns = np.arange(150) * 64 // 150, np.arange(130) * 64 // 130
    region = np.isin(tiny_label_map, (HAIR, 12))[rows][:, columns]
    assert result.samples.dtype == dtype and changed[region].mean() > 0.4
    assert (changed & ~region).mean() <= 0.02 * 2  # each of the two borders
    if channels in (2, 4):
        np.testing.assert_array_equal(result.samples[..., -1], samples[..., -1])
    result.save(tmp_path / f"b{suffix}")
    written = in_colour(read_photo(tmp_path / f"b{suffix}").samples)
    if suffix in (".png", ".tiff"):
        assert written.dtype == dtype
        np.testing.assert_array_equal(written[~changed], kept[~changed])
        np.testing.assert_array_equal(written, result.samples)
    elif suffix == ".webp" and dtype == np.uint8:
        np.testing.assert_array_equal(written, result.samples)


@pytest.mark.parametrize("kind", ["colour", "picture"])
def test_a_photo_of_other_colours_than_srgb_takes_what_one_sees(
    tiny_weights: Path, tiny_label_map: np.ndarray, tmp_path: Path, kind: str
) -> None:
    wide = wide_profile()
    plain = photo_of(tiny_label_map).repeat(4, 0).repeat(4, 1)
    Image.fromarray(plain).save(tmp_path / "srgb.png")
    Image.fromarray(from_srgb(plain, wide)).save(tmp_path / "wide.png", icc_profile=wide)
    label_map = LabelMapData.from_array(tiny_label_map)
    Image.fromarray(np.full((64, 64, 3), (150, 60, 70), np.uint8)).save(tmp_path / "style.png")
    picture = ImageStyle(str(tmp_path / "style.png"), HAIR, label_map_png=label_map.png)
    edits = (RegionEdit(HAIR, ColourStyle("#963c46") if kind == "colour" else picture),)
    seen = []
    for name in ("srgb.png", "wide.png"):
        result = Session("cpu").run(EditRequest("tiny-sean", PhotoReference.of(tmp_path / name), edits, label_map))
        result.save(tmp_path / "out.png")
        seen.append(read_image(tmp_path / "out.png").pixels)
    hair = tiny_label_map.repeat(4, 0).repeat(4, 1) == HAIR
    own_numbers = read_photo(tmp_path / "out.png").samples
    assert np.abs(seen[0][hair].mean(0) - own_numbers[hair].mean(0)).max() > 8  # the profile matters
    assert np.abs(seen[0][hair].mean(0) - seen[1][hair].mean(0)).max() < 3


def test_edits_bring_colour_into_a_grey_photo(
    tiny_weights: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    grey = np.full((128, 128), 120, np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.jpg", quality=90)
    reference, label_map = PhotoReference.of(tmp_path / "grey.jpg"), LabelMapData.from_array(tiny_label_map)
    request = EditRequest("tiny-sean", reference, (RegionEdit(HAIR, ColourStyle("#a03030")),), label_map)
    result = Session("cpu").run(request)
    hair = tiny_label_map.repeat(2, 0).repeat(2, 1) == HAIR
    assert (result.samples[hair].astype(int) @ (1, -1, 0)).mean() > 50 and "grey samples became RGB" in result.notes[0]
    result.save(tmp_path / "out.jpg")
    assert read_photo(tmp_path / "out.jpg").samples.shape == (128, 128, 3)
    assert Session("cpu").run(request.replace(edits=())).samples.ndim == 2


def test_wrong_edits_are_refused_with_a_sentence(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    for wrong in ("red", "#ff00", "#ff00000", "ff0000"):
        with pytest.raises(BadRequest, match=f'"{wrong}" should read #rrggbb'):
            ColourStyle(wrong)
    with pytest.raises(BadRequest, match='"strength"'):
        RegionEdit(HAIR, MEAN, strength=2.0)
    with pytest.raises(BadRequest, match="twice"):
        EditRequest("tiny-sean", PhotoReference("a.jpg"), (RegionEdit(1, MEAN), RegionEdit(1, ColourStyle("#000000"))))
    with pytest.raises(BadRequest, match='"view"'):
        EditRequest("tiny-sean", PhotoReference("a.jpg"), (), view=-1)
    with pytest.raises(BadRequest, match='no region "hat"'):
        edited(photo_file, tiny_label_map, RegionEdit(14, ColourStyle("#ff0000")))


def test_edits_of_regions_that_the_photo_lacks_are_left_out_with_a_note(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    hair, hat = RegionEdit(HAIR, ColourStyle("#e0c080")), RegionEdit(14, ColourStyle("#ff0000"))
    request = EditRequest(
        "tiny-sean", PhotoReference.of(photo_file), (hat, hair), LabelMapData.from_array(tiny_label_map)
    )
    result = Session("cpu").run(request)
    assert result.notes == ('"photo.png": it has no region "hat" to restyle.',)
    np.testing.assert_array_equal(result.samples, Session("cpu").run(request.replace(edits=(hair,))).samples)


def test_equal_colours_are_equal_styles_and_travel_as_json() -> None:
    assert ColourStyle("#A01030") == ColourStyle("#a01030")
    edits = (RegionEdit(HAIR, MixStyle(MEAN, ColourStyle("#ff0000"), 0.5), 0.25, on=False),)
    request = EditRequest("w", PhotoReference("a.jpg", data=b"bytes of a photo"), edits, view=640)
    assert from_json(to_json(request)) == request
    data = json.loads(to_json(request))
    assert data["edits"][0]["style"]["b"] == {"style": "colour", "colour": "#ff0000"}


# ---------------------------------------------------------------- which photo


def test_a_photo_that_is_gone_or_has_changed_is_said_so_that_it_can_be_found_again(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (), LabelMapData.from_array(tiny_label_map))
    session = Session("cpu")
    session.run(request)
    moved = photo_file.rename(photo_file.with_name("moved.png"))
    with pytest.raises(MissingPhoto, match='"[^"]+photo.png" is not there any more; find it') as gone:
        session.run(request)
    assert not gone.value.changed and gone.value.path == str(photo_file)
    write_image(photo_file, np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(MissingPhoto, match="is not the photo that was edited") as changed:
        session.run(request)
    assert changed.value.changed and changed.value.path == str(photo_file)
    session.run(request.replace(photo=request.photo.replace(path=str(moved))))


def test_a_photo_is_looked_for_beside_its_request(photo_file: Path) -> None:
    request = EditRequest("w", PhotoReference(photo_file.name), (RegionEdit(HAIR, ImageStyle(photo_file.name, HAIR)),))
    located = request.located(photo_file.parent)
    assert located.photo.path == str(photo_file) and isinstance(located.edits[0].style, ImageStyle)
    assert located.edits[0].style.path == str(photo_file)


def test_an_embedded_photo_needs_no_file(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    edits = (RegionEdit(HAIR, ColourStyle("#e0c080")),)
    label_map = LabelMapData.from_array(tiny_label_map)
    by_path = EditRequest("tiny-sean", PhotoReference.of(photo_file), edits, label_map)
    embedded = by_path.replace(photo=PhotoReference.of(photo_file, embed=True))
    before = Session("cpu").run(by_path).samples
    photo_file.unlink()
    json_text = to_json(embedded)
    np.testing.assert_array_equal(Session("cpu").run(from_json(json_text)).samples, before)
    other = base64.b64encode(b"another file").decode()
    with pytest.raises(BadRequest, match="inside the request is damaged"):
        from_json(json.dumps(json.loads(json_text) | {"photo": {**json.loads(json_text)["photo"], "data": other}}))
    with pytest.raises(BadRequest, match='"sha256"'):
        PhotoReference("a.jpg", sha256="12")


# ---------------------------------------------------------------- sizes, and what is kept


def test_a_view_has_the_size_that_was_asked_for(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    request = EditRequest(
        "tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, ColourStyle("#e0c080")),),
        LabelMapData.from_array(tiny_label_map),
    )
    session = Session("cpu")
    full, view = session.run(request), session.run(request.replace(view=96))
    assert full.samples.shape == (192, 192, 3) and view.samples.shape == (96, 96, 3)
    assert session.run(request.replace(view=500)).samples.shape == (192, 192, 3)
    reduced = resize_image(full.samples, 96, 96).astype(int)
    assert np.abs(reduced - view.samples).mean() < 3


def test_what_is_kept_changes_no_byte(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    write_image(tmp_path / "style.png", photo_of(tiny_label_map, 5))
    label_map = LabelMapData.from_array(tiny_label_map)
    picture = ImageStyle(str(tmp_path / "style.png"), HAIR, label_map_png=label_map.png)
    first = EditRequest(
        "tiny-sean",
        PhotoReference.of(photo_file),
        (
            RegionEdit(HAIR, picture),
            RegionEdit(SKIN, ColourStyle("#c08060"), 0.5),
            RegionEdit(12, MixStyle(MEAN, picture, 0.5)),
        ),
        label_map,
    )
    other_map = np.where(tiny_label_map == 12, 1, tiny_label_map).astype(np.uint8)
    requests = [
        first,
        first.replace(edits=(first.edits[0].replace(strength=0.4), *first.edits[1:])),
        first.replace(edits=(first.edits[0].replace(style=MEAN), first.edits[1])),
        first.replace(edits=first.edits[1:]),
        first.replace(edits=first.edits[:2], label_map=LabelMapData.from_array(other_map)),
        first.replace(view=100),
        first,
    ]
    keeping, forgetting = Session("cpu"), Session("cpu")
    forgetting._kept = Kept(0)
    for request in requests:
        np.testing.assert_array_equal(keeping.run(request).samples, forgetting.run(request).samples)


def test_a_style_picture_that_changed_is_read_again(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, tmp_path: Path
) -> None:
    session, label_map = Session("cpu"), LabelMapData.from_array(tiny_label_map)
    style = ImageStyle(str(tmp_path / "style.png"), HAIR, label_map_png=label_map.png)
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (RegionEdit(HAIR, style),), label_map)
    results = []
    for colour in ((200, 40, 40), (40, 40, 200)):
        write_image(tmp_path / "style.png", np.full((64, 64, 3), colour, np.uint8))
        results.append(session.run(request).samples)
    assert (results[0] != results[1]).any()


def test_a_corrected_label_map_asks_the_parser_nothing_again(
    tiny_weights: Path, tmp_path: Path, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "street.png", photo_of(tiny_label_map.repeat(2, 0).repeat(2, 1)))
    session = Session("cpu")
    asked: list[str] = []

    def counted(name: str) -> Any:
        answer = getattr(parser, name)
        return lambda pixels: (asked.append(name), answer(pixels))[1]

    parser = session.load("tiny-parser")
    for name in ("parse", "probabilities"):
        monkeypatch.setattr(parser, name, counted(name))
    first = EditRequest("tiny-sean", PhotoReference.of(tmp_path / "street.png"), (), None)
    session.run(first)
    session.run(first.replace(view=50))
    assert asked == ["parse", "probabilities"]
    corrected = tiny_label_map.copy()
    for row in (3, 4, 5):
        corrected[row, 30:34] = HAIR
        session.run(first.replace(label_map=LabelMapData.from_array(corrected)))
    assert len(asked) <= 3  # once more at most, for a frame of another size


def test_unloading_forgets_the_photos_too(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(*given: Any, **named: Any) -> Photo:
        read.append("photo")
        return read_photo(*given, **named)

    monkeypatch.setattr("engine.requests.photo_reference.read_photo", counted)
    request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (), LabelMapData.from_array(tiny_label_map))
    session = Session("cpu")
    for unload in (False, False, True, False):
        if unload:
            session.unload()
        session.run(request)
    assert len(read) == 2


def test_kept_values_are_bounded_and_the_oldest_go_first() -> None:
    made: list[str] = []

    def value(name: str, size: int) -> np.ndarray:
        return kept.get(name, lambda: (made.append(name), np.zeros(size, np.uint8))[1])

    kept = Kept(10_000)
    for name in ("a", "b", "a", "c", "a", "b"):
        value(name, 4000)
    assert made == ["a", "b", "c", "b"]  # b went when c came, for a had been asked for since
    value("huge", 20_000)
    value("huge", 20_000)
    assert made[4:] == ["huge", "huge"]
    kept.clear()
    value("a", 4000)
    assert made[-1] == "a"


# ---------------------------------------------------------------- a PNG carries what made it


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_written_png_carries_its_request_with_the_photo_by_name(
    tiny_weights: Path, tiny_label_map: np.ndarray, tmp_path: Path, dtype: Any, run: Runner
) -> None:
    samples = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (120, 130, 3), dtype)
    write_photo(tmp_path / "a.png", samples, Photo(samples, "PNG"))
    photo, label_map = PhotoReference.of(tmp_path / "a.png"), LabelMapData.from_array(tiny_label_map)
    request = EditRequest("tiny-sean", photo, (RegionEdit(HAIR, ColourStyle("#a06030")),), label_map)
    result = Session("cpu").run(request)
    (tmp_path / "elsewhere").mkdir()
    result.save(tmp_path / "beside.png")
    result.save(tmp_path / "elsewhere" / "out.png")
    by_name = request.replace(photo=photo.replace(path="a.png"))
    assert from_json(read_embedded_request(tmp_path / "beside.png") or "") == by_name
    assert from_json(read_embedded_request(tmp_path / "elsewhere" / "out.png") or "") == request
    assert sniff(tmp_path / "beside.png") == "request_png"
    done = run("request", tmp_path / "beside.png", "--out", tmp_path / "again.png")
    assert done.code == 0, done.err
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "beside.png").read_bytes()


def test_a_name_is_looked_for_beside_its_request_alone(
    photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(photo_file.parent)
    edits = RegionEdit(HAIR, ImageStyle(photo_file.name, HAIR)), RegionEdit(SKIN, ImageStyle(r"C:\a.png", SKIN))
    located = EditRequest("w", PhotoReference(photo_file.name), edits).located(tmp_path / "elsewhere")
    assert located.photo.path == str(tmp_path / "elsewhere" / "photo.png")
    paths = [edit.style.path for edit in located.edits if isinstance(edit.style, ImageStyle)]
    assert paths == [str(tmp_path / "elsewhere" / "photo.png"), r"C:\a.png"]


def test_a_photo_inside_the_request_goes_into_the_png_only_with_its_place(
    tiny_weights: Path, tiny_label_map: np.ndarray, photo_file: Path, tmp_path: Path
) -> None:
    photo, label_map = PhotoReference.of(photo_file, embed=True), LabelMapData.from_array(tiny_label_map)
    request = EditRequest("tiny-sean", photo.replace(path="a.png"), (), label_map)
    result = Session("cpu").run(request)
    result.save(tmp_path / "without.png")
    result.save(tmp_path / "with.png", keep_place=True)
    without = request.replace(photo=request.photo.replace(data=None))
    assert from_json(read_embedded_request(tmp_path / "without.png") or "") == without
    assert from_json(read_embedded_request(tmp_path / "with.png") or "") == request


# ---------------------------------------------------------------- the command


def test_the_command_writes_the_edited_photo(
    tiny_weights: Path, photo_file: Path, tmp_path: Path, tiny_label_map: np.ndarray, run: Runner
) -> None:
    write_image(tmp_path / "labels.png", tiny_label_map)
    words = ["--labels", str(tmp_path / "labels.png"), "--colour", "lower_lip=#a01030", "--strength", "lower_lip=0.8"]
    done = run("edit", photo_file, "--weights", "tiny-sean", *words, "--out", tmp_path / "out.png")
    assert done.code == 0, done.err
    before, after = read_photo(photo_file).samples, read_photo(tmp_path / "out.png").samples
    assert 0 < (before != after).any(-1).mean() < 0.1
    over = run("edit", photo_file, "--weights", "tiny-sean", *words, "--out", photo_file)
    assert over.code == 2 and "would be written over" in over.err
    twice = run("edit", photo_file, "--weights", "tiny-sean", *words[:4], "--style", "lower lip=mean", "--out", "o.png")
    assert twice.code == 2 and "twice" in twice.err


def test_a_word_that_labels_share_edits_all_of_them() -> None:
    edits, _ = edits_of(load_label_set("faces"), [], ["lips=#a01030"], ["lips=0.5"])
    assert [(edit.label, edit.style, edit.strength) for edit in edits] == [
        (label, ColourStyle("#a01030"), 0.5) for label in (11, 12)
    ]
    with pytest.raises(BadRequest, match="should name a restyled label"):
        edits_of(load_label_set("faces"), [], ["upper_lip=#a01030"], ["lips=0.5"])


def test_render_names_the_command_that_performs_an_edit(run: Runner) -> None:
    refused = run("render", resource("sample", "edited.png"), "--out", "out.png")
    assert refused.code == 2 and 'request "' in refused.err and "--out FILE" in refused.err


# ---------------------------------------------------------------- doubts


class _Finder:
    """A parser that finds what it is told to find, and is sure of it."""

    def __init__(self, label_map: np.ndarray, label_set: LabelSet) -> None:
        self.label_set, self._label_map = label_set, label_map

    def parse(self, pixels: np.ndarray) -> Parsed:
        return Parsed(resize_label_map(self._label_map, *pixels.shape[:2]), 1.0)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        shape = (len(self.label_set), *pixels.shape[:2])
        return np.full(shape, 1 / len(self.label_set), np.float32)


def test_small_faces_and_maps_that_cannot_be_right_are_told(tiny_label_map: np.ndarray) -> None:
    faces, samples = load_label_set("faces"), np.full((300, 200, 3), 128, np.uint8)
    upside_down = np.where(tiny_label_map == 12, 2, np.where(tiny_label_map == 2, 12, tiny_label_map)).astype(np.uint8)
    upside_down[tiny_label_map == 11] = 1
    far = np.zeros((640, 640), np.uint8)
    far[300:364, 300:364] = tiny_label_map

    def warnings(label_map: np.ndarray, given: LabelMapData | None = None) -> tuple[str, ...]:
        return Frame.of(samples, given, faces, _Finder(label_map, faces)).warnings

    assert warnings(tiny_label_map) == ()
    framed = np.zeros((300, 200), np.uint8)
    framed[20:148, 40:168] = tiny_label_map.repeat(2, 0).repeat(2, 1)
    assert cut_off(framed) == (CLOTH,) and cut_off(tiny_label_map) == cut_off(np.zeros_like(framed)) == ()
    (warning,) = warnings(upside_down)
    assert warning == "its regions cannot be right, the lips are above the nose; correct its label map."
    assert warnings(np.ones((64, 64), np.uint8))[0].startswith("its regions cannot be right, nearly all of it is skin")
    assert [text[:17] for text in warnings(far)] == ["its face is small"]
    assert warnings(far, LabelMapData.from_array(upside_down)) == ()  # a person's own map is their word


def test_a_reshaped_region_is_painted_and_all_else_stays(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    wanted = tiny_label_map.copy()
    rows, columns = np.nonzero(tiny_label_map == SKIN)
    place = slice(rows.min(), rows.min() + 12), slice(columns.min(), columns.max())
    wanted[place] = np.where(tiny_label_map[place] == SKIN, HAIR, tiny_label_map[place])
    request = EditRequest(
        "tiny-sean",
        PhotoReference.of(photo_file),
        (),
        LabelMapData.from_array(tiny_label_map),
        reshaped_map=LabelMapData.from_array(wanted),
    )
    session = Session("cpu")
    result = session.run(from_json(to_json(request)))
    differs = (result.samples != result.photo.samples).any(-1)
    assert differs.any()
    far = resize_label_map((tiny_label_map == CLOTH).astype(np.uint8), *differs.shape) > 0
    assert not differs[far].any()
    same = session.run(request.replace(reshaped_map=request.label_map))
    assert np.array_equal(same.samples, same.photo.samples)
    with_edit = session.run(request.replace(edits=(RegionEdit(HAIR, ColourStyle("#2040c0")),)))
    new_hair = resize_label_map(((wanted == HAIR) & (tiny_label_map != HAIR)).astype(np.uint8), *differs.shape) > 0
    bluer = with_edit.samples[new_hair].astype(int) - result.samples[new_hair]
    assert (bluer[:, 2] - bluer[:, 0]).mean() > 10  # edits are of the regions in their new shapes


def test_reshaping_needs_a_map_of_what_the_photo_shows(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray
) -> None:
    wanted = LabelMapData.from_array(tiny_label_map)
    smaller = LabelMapData.from_array(tiny_label_map[:-1])
    for label_map in (None, smaller):
        request = EditRequest("tiny-sean", PhotoReference.of(photo_file), (), label_map, reshaped_map=wanted)
        with pytest.raises(BadRequest, match="give both, of one size"):
            Session("cpu").run(request)


def test_a_style_file_that_is_written_anew_paints_the_new_shape_anew(
    tiny_weights: Path, photo_file: Path, tiny_label_map: np.ndarray, tiny_photo: np.ndarray, tmp_path: Path
) -> None:
    """What is kept of a reshaped photo knew its style files by name alone."""
    hat = 14
    wanted = np.where(tiny_label_map == HAIR, hat, tiny_label_map).astype(np.uint8)
    style_file = tmp_path / "hat.png"
    style = ImageStyle(path=str(style_file), label=HAIR, label_map_png=encode_map(tiny_label_map))
    request = EditRequest(
        "tiny-sean",
        PhotoReference.of(photo_file),
        (RegionEdit(hat, style),),
        LabelMapData.from_array(tiny_label_map),
        reshaped_map=LabelMapData.from_array(wanted),
    )
    session = Session("cpu")
    write_image(style_file, tiny_photo)
    session.run(request)
    write_image(style_file, 255 - tiny_photo)
    assert np.array_equal(session.run(request).samples, Session("cpu").run(request).samples)
