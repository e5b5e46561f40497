"""A session runs requests: same request, same bytes; styles do what they say; failures leave it able to go on."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.styles import StyleReader
from engine.cli.words import StyleFile
from engine.errors import (
    BadFile,
    BadLabelMap,
    BadRequest,
    Cancelled,
    Message,
    MissingStyle,
    OutOfMemory,
    WeightsError,
)
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.closeup import close_up, reduced
from engine.pictures.images import read_image
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import Parsed, ParseRequest
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, BlockStyle, ImageStyle, MixStyle, Style, encode_code
from engine.session import Session
from engine.systems.parser.photo_parser import PhotoParser
from engine.systems.sean.painter import SEANPainter
from engine.weights.store import load_weights, save_weights
from tests.fixtures import photo_of

HAIR, SKIN, GLASSES, HAT = 13, 1, 3, 14


@pytest.fixture
def session(tiny_weights: Path) -> Session:
    return Session("cpu")


@pytest.fixture
def photo(tmp_path: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray) -> tuple[str, str]:
    picture, labels = tmp_path / "照片 1.png", tmp_path / "labels.png"
    Image.fromarray(tiny_photo).save(picture)
    Image.fromarray(tiny_label_map).save(labels)
    return str(picture), str(labels)


def request_of(label_map: np.ndarray, styles: dict[int, Style] | None = None, seed: int = 0) -> RenderRequest:
    return RenderRequest("tiny-sean", LabelMapData.from_array(label_map), styles or {}, seed)


def test_the_same_request_gives_the_same_bytes(session, tiny_label_map, photo):
    request = request_of(tiny_label_map, {HAIR: ImageStyle(photo[0], HAIR, photo[1])}, seed=7)
    first = session.run(request).pixels
    assert first.shape == (64, 64, 3) and first.dtype == np.uint8
    session.run(request_of(tiny_label_map, seed=8))  # something else in between
    assert np.array_equal(session.run(request).pixels, first)
    assert np.array_equal(Session("cpu").run(request).pixels, first)


def test_seed_label_map_and_style_each_change_the_picture(session, tiny_label_map, photo):
    base = session.run(request_of(tiny_label_map)).pixels
    other = tiny_label_map.copy()
    other[20:30, 20:40] = HAIR
    assert not np.array_equal(session.run(request_of(tiny_label_map, seed=1)).pixels, base)
    assert not np.array_equal(session.run(request_of(other)).pixels, base)
    styles = {HAIR: ImageStyle(photo[0], HAIR, photo[1])}
    assert not np.array_equal(session.run(request_of(tiny_label_map, styles)).pixels, base)


def test_mixes_run_from_one_style_to_the_other(session, tiny_label_map, photo):
    image = ImageStyle(photo[0], HAIR, photo[1])

    def paint(style: Style) -> np.ndarray:
        return session.run(request_of(tiny_label_map, {HAIR: style})).pixels

    assert np.array_equal(paint(MixStyle(MEAN, image, 0.0)), paint(MEAN))
    assert np.array_equal(paint(MixStyle(MEAN, image, 1.0)), paint(image))
    half = paint(MixStyle(MEAN, image, 0.5))
    assert not np.array_equal(half, paint(MEAN)) and not np.array_equal(half, paint(image))


def test_crossover_of_one_style_is_that_style_and_of_two_is_neither(session, tiny_label_map, photo):
    image = ImageStyle(photo[0], HAIR, photo[1])

    def paint(style: Style) -> np.ndarray:
        return session.run(request_of(tiny_label_map, {HAIR: style})).pixels

    assert np.array_equal(paint(BlockStyle((image, image, image))), paint(image))
    crossed = paint(BlockStyle((image, image, MEAN)))
    assert not np.array_equal(crossed, paint(image)) and not np.array_equal(crossed, paint(MEAN))
    with pytest.raises(BadRequest, match="3 blocks; the request gives 2"):
        paint(BlockStyle((image, MEAN)))


def test_a_stored_code_needs_no_picture(session, tiny_label_map, tiny_photo, photo):
    found = session.encode("tiny-sean", tiny_photo, tiny_label_map)
    stored = ImageStyle("/gone/anna.jpg", HAIR, code=encode_code(found.codes[HAIR]))
    fresh = ImageStyle(photo[0], HAIR, photo[1])
    pixels = [session.run(request_of(tiny_label_map, {HAIR: style})).pixels for style in (stored, fresh)]
    assert np.array_equal(*pixels)


OTHERS = "0123456789abcdef"


@pytest.mark.parametrize(("length", "made_by"), [(5, None), (8, OTHERS)])
def test_codes_of_other_weights_are_made_anew_or_refused(session, tiny_label_map, photo, length, made_by):
    code = encode_code(np.zeros(length, np.float32))
    fresh = session.run(request_of(tiny_label_map, {HAIR: ImageStyle(photo[0], HAIR, photo[1])})).pixels
    there = ImageStyle(photo[0], HAIR, photo[1], code=code, made_by=made_by)
    assert np.array_equal(session.run(request_of(tiny_label_map, {HAIR: there})).pixels, fresh)
    gone = ImageStyle("anna.jpg", HAIR, code=code, made_by=made_by)
    with pytest.raises(MissingStyle, match="made by other weights.*put the picture back"):
        session.run(request_of(tiny_label_map, {HAIR: gone}))


def test_codes_name_the_weights_that_made_them(session, tiny_label_map, tiny_photo):
    found = session.encode("tiny-sean", tiny_photo, tiny_label_map)
    assert found.made_by == session.painter("tiny-sean").card.sha256[:16]
    own = ImageStyle("/gone.jpg", HAIR, code=encode_code(found.codes[HAIR]), made_by=found.made_by)
    old = own.replace(made_by=None)  # a request from before codes said whose they are
    assert np.array_equal(*(session.run(request_of(tiny_label_map, {HAIR: style})).pixels for style in (own, old)))


def test_weights_published_anew_encode_anew(session, tiny_label_map, tiny_photo, tiny_weights, tmp_path, monkeypatch):
    """The same session, the same name and the same picture, but other weights on the disk since they were dropped."""
    shelf = tmp_path / "shelf"
    shutil.copytree(tiny_weights, shelf)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(shelf))
    before = session.encode("tiny-sean", tiny_photo, tiny_label_map)
    loaded = load_weights("tiny-sean")
    changed = {key: tensor * 1.5 for key, tensor in loaded.state.items()}
    save_weights(shelf / "tiny-sean", loaded.card, changed)
    session._shelf.clear()  # as after other weights were used
    after = session.encode("tiny-sean", tiny_photo, tiny_label_map)
    assert after.made_by != before.made_by and not np.array_equal(after.codes, before.codes)


def test_a_region_that_the_picture_lacks_is_named(session, tiny_label_map, photo):
    with pytest.raises(MissingStyle, match='has no region "hat".*its regions are background, skin'):
        session.run(request_of(tiny_label_map, {HAIR: ImageStyle(photo[0], HAT, photo[1])}))


def test_a_picture_that_is_gone_stops_nothing_where_the_map_has_no_pixel_of_its_label(session, tiny_label_map, photo):
    gone = ImageStyle("/gone/hat.png", HAT)
    plain = session.run(request_of(tiny_label_map))
    of_other_weights = gone.replace(code=encode_code(np.ones(3)))
    for style in (gone, of_other_weights, MixStyle(gone, MEAN, 0.5), BlockStyle((MEAN, gone, MEAN))):
        result = session.run(request_of(tiny_label_map, {HAT: style}))
        assert np.array_equal(result.pixels, plain.pixels) and result.notes == plain.notes
    with pytest.raises(BadFile, match="does not exist"):
        session.run(request_of(tiny_label_map, {HAIR: gone}))


def test_absent_labels_are_marked_and_zero(session, tiny_photo, tiny_label_map):
    found = session.encode("tiny-sean", tiny_photo, tiny_label_map)
    assert found.present[HAIR] and not found.present[HAT]
    assert not found.codes[HAT].any() and found.codes[HAIR].any()


def test_a_picture_without_label_map_is_parsed(session, tiny_label_map, photo):
    parsed = session.run(ParseRequest("tiny-parser", path=photo[0]))
    label = int(np.bincount(parsed.label_map.ravel()).argmax())
    by_parser = session.run(request_of(tiny_label_map, {HAIR: ImageStyle(photo[0], label)})).pixels
    found = session.encode("tiny-sean", np.asarray(Image.open(photo[0])), parsed.label_map)
    style = ImageStyle("x", label, code=encode_code(found.codes[label]))
    assert np.array_equal(session.run(request_of(tiny_label_map, {HAIR: style})).pixels, by_parser)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 64), (100, 60), (128, 128), (1, 1), (1000, 8)])
def test_any_size_is_painted_at_the_label_maps_own_size(session, height, width):
    label_map = np.full((height, width), SKIN, np.uint8)
    result = session.run(request_of(label_map))
    assert result.pixels.shape == (height, width, 3)
    fits = height % 8 == 0 and width % 8 == 0 and max(height, width) <= 64
    assert bool(result.notes) != fits


def test_unknown_ids_are_named(session, tiny_label_map):
    label_map = tiny_label_map.copy()
    label_map[0, :2] = 19, 255
    with pytest.raises(BadLabelMap, match="19, 255"):
        session.run(request_of(label_map))


def test_weights_of_the_wrong_kind_are_refused(session, tiny_label_map, photo):
    with pytest.raises(WeightsError, match="does not paint"):
        session.run(RenderRequest("tiny-parser", LabelMapData.from_array(tiny_label_map)))
    with pytest.raises(WeightsError, match="does not find label maps"):
        session.run(ParseRequest("tiny-sean", path=photo[0]))


def test_cancel_stops_between_blocks_and_the_next_job_works(session, tiny_label_map):
    cancel, seen = threading.Event(), []

    def on_progress(fraction: float, text: str) -> None:
        seen.append(fraction)
        if text == "painting":
            cancel.set()

    with pytest.raises(Cancelled):
        session.run(request_of(tiny_label_map), on_progress, cancel)
    assert max(seen) < 0.5
    assert session.run(request_of(tiny_label_map)).pixels.any()


def test_progress_rises_to_one(session, tiny_label_map):
    seen: list[float] = []
    session.run(request_of(tiny_label_map), lambda fraction, _: seen.append(fraction))
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_running_out_of_memory_is_one_sentence_and_the_next_job_works(session, tiny_label_map, monkeypatch):
    before = session.run(request_of(tiny_label_map)).pixels
    with monkeypatch.context() as patch:
        patch.setattr(SEANPainter, "paint", lambda *_: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(OutOfMemory, match="not enough memory"):
            session.run(request_of(tiny_label_map))
    assert np.array_equal(session.run(request_of(tiny_label_map)).pixels, before)


def test_running_out_of_memory_while_the_sizes_are_asked_for_is_one_sentence(session, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("engine.systems.shelf.load_weights", lambda name: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(OutOfMemory, match="not enough memory"):
            session.sizes("tiny-sean", 64, 64)
    assert session.sizes("tiny-sean", 64, 64)[0] == (64, 64)


def test_a_picture_that_styles_many_labels_is_read_and_parsed_once(session, tiny_label_map, photo, monkeypatch):
    parsed = []

    def parse(self, pixels):
        parsed.append(pixels)
        return Parsed(tiny_label_map, 1.0)

    monkeypatch.setattr(PhotoParser, "parse", parse)
    styles = {label: ImageStyle(photo[0], label) for label in (HAIR, SKIN)}
    own = {label: ImageStyle(photo[0], label, photo[1]) for label in (HAIR, SKIN)}
    assert np.array_equal(
        session.run(request_of(tiny_label_map, styles)).pixels, session.run(request_of(tiny_label_map, own)).pixels
    )
    assert len(parsed) == 1


def test_bfloat16_is_near_float32(session, tiny_label_map):
    request = request_of(tiny_label_map)
    exact = session.run(request).pixels.astype(int)
    low = session.run(request.replace(precision="bfloat16")).pixels.astype(int)
    assert np.abs(exact - low).mean() < 4


def test_a_portrait_parser_says_when_there_is_no_face(session):
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    result = session.run(ParseRequest.from_pixels("tiny-parser", noise))
    assert result.label_map.shape == (64, 96)
    assert 0 < result.confidence < 0.75
    assert len(result.notes) == 1 and "label map" in result.notes[0]


# ---------------------------------------------------------------- one picture, one code


@pytest.mark.parametrize("given", [True, False], ids=["with its label map", "parsed"])
def test_a_small_face_in_a_large_photo_gives_the_same_code_everywhere(
    session: Session, tmp_path: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, given: bool
) -> None:
    """Editor (reads, reduces, encodes), command line and a request that names only the files."""
    pixels, label_map = np.full((900, 1600, 3), 120, np.uint8), np.zeros((900, 1600), np.uint8)
    pixels[300:428, 700:828] = tiny_photo.repeat(2, 0).repeat(2, 1)
    label_map[300:428, 700:828] = tiny_label_map.repeat(2, 0).repeat(2, 1)
    picture, map_file = tmp_path / "party.png", tmp_path / "party.map.png"
    Image.fromarray(pixels).save(picture)
    Image.fromarray(label_map).save(map_file)

    reader = StyleReader(session, "tiny-sean")
    of_command_line = reader.all_of(StyleFile(str(picture), str(map_file) if given else None))

    photo = reduced(read_image(picture).pixels)
    regions = label_map if given else session.run(ParseRequest.from_pixels("tiny-parser", photo)).label_map
    of_editor = session.encode("tiny-sean", photo, resize_label_map(regions, *photo.shape[:2]))
    assert of_command_line.keys() == set(np.flatnonzero(of_editor.present).tolist())
    for label, style in of_command_line.items():
        assert style.code == encode_code(of_editor.codes[label])

    label = max(of_command_line)
    with_code = request_of(tiny_label_map, {SKIN: of_command_line[label]})
    by_file = request_of(tiny_label_map, {SKIN: ImageStyle(str(picture), label, str(map_file) if given else None)})
    assert np.array_equal(Session("cpu").run(by_file).pixels, session.run(with_code).pixels)


def test_a_close_up_shows_the_small_region_only_where_there_is_a_background() -> None:
    pixels, label_map = np.zeros((400, 600, 3), np.uint8), np.zeros((400, 600), np.uint8)
    label_map[100:200, 100:200] = 1
    cut, regions = close_up(pixels, label_map, load_label_set("faces"))
    assert cut.shape[:2] == regions.shape == (112, 112) and (regions == 1).sum() == 100 * 100
    whole, regions = close_up(pixels, label_map, load_label_set("street"))
    assert whole.shape[:2] == regions.shape == (400, 600)


def test_what_was_done_to_a_picture_is_told(session: Session, tmp_path: Path, tiny_label_map: np.ndarray) -> None:
    path, map_file = tmp_path / "anim.gif", tmp_path / "map.png"
    frames = [Image.fromarray(photo_of(tiny_label_map, seed)) for seed in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    Image.fromarray(tiny_label_map).save(map_file)
    parsed = session.run(ParseRequest("tiny-parser", path=str(path)))
    assert parsed.notes[0].startswith('"anim.gif": ') and "frame" in parsed.notes[0]

    style = ImageStyle(str(path), HAIR, str(map_file))
    rendered = session.run(request_of(tiny_label_map, {HAIR: style, SKIN: style.replace(label=SKIN)}))
    assert rendered.notes == parsed.notes[:1]  # once for one file


def test_warnings_of_the_parser_come_with_the_picture(
    session: Session, tmp_path: Path, tiny_label_map: np.ndarray
) -> None:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)).save(path)
    parsed = session.run(ParseRequest("tiny-parser", path=str(path)))
    label = int(np.bincount(parsed.label_map.ravel()).argmax())
    rendered = session.run(request_of(tiny_label_map, {HAIR: ImageStyle(str(path), label)}))
    assert rendered.notes == tuple(f'"noise.png": {warning}' for warning in parsed.notes)


def test_the_confidence_of_a_map_counts_every_label_alike() -> None:
    import torch

    from engine.systems.parser.photo_parser import _sureness

    ids = torch.zeros(4, 4, dtype=torch.long)
    ids[0, 0] = 2
    best = torch.full((4, 4), 0.9)
    best[0, 0] = 0.3
    assert _sureness(best, ids) == pytest.approx({0: 0.9, 2: 0.3})


def test_running_out_of_memory_is_said_in_the_sentence_of_the_work():
    session = Session("cpu")
    with pytest.raises(OutOfMemory) as caught, session.guarded(Message("No room on {0} to measure.", session.device)):
        raise MemoryError("1 GB")
    assert str(caught.value) == "No room on cpu to measure." and "1 GB" in caught.value.details
