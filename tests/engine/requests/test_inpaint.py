"""Holes of photos filled: everything outside stays the file's own, and what cannot be filled is said in a sentence."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import BadRequest, Cancelled, EngineError, WeightsError
from engine.pictures.images import write_image
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, read_photo
from engine.pictures.png import read_embedded_request
from engine.requests.inpaint import BY_TEXTURE, MOST_CANDIDATES, InpaintRequest
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.session import Session
from engine.systems import systems_serving
from engine.systems.base import load_part
from engine.weights.card import Card
from engine.weights.store import save_weights
from tests.commands import Runner, one_sentence, run  # noqa: F401
from tests.engine.drawn_profiles import wide_profile
from tests.engine.test_files import is_one_sentence


@pytest.fixture(scope="module")
def filling_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained weights that fill holes, 32 x 32."""
    shelf = tmp_path_factory.mktemp("fillers")
    (system,) = systems_serving(InpaintRequest)
    tiny = load_part(system.examples).tiny
    config = system.network.read_config({"resolution": tiny.resolution, **tiny.model})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = system.network.build(config).state_dict()
    card = Card(name="filler", system=system.id, config=asdict(config), data_licence="CC0")
    save_weights(shelf / "filler", card, state)
    return shelf


@pytest.fixture
def filler(filling_shelf: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TESSERA_WEIGHTS", str(filling_shelf))
    return "filler"


def samples_of(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def written(path: Path, samples: np.ndarray, profile: bytes | None = None) -> PhotoReference:
    write_photo(path, samples, Photo(samples, "PNG", icc_profile=profile))
    return PhotoReference.of(path)


def hole_in(height: int, width: int, top: int = 10, left: int = 12, rows: int = 14, columns: int = 17) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[top : top + rows, left : left + columns] = True
    return hole


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(40, 45), (110, 90)])
def test_pixels_outside_the_hole_are_the_files_own_bit_for_bit(
    filler: str, tmp_path: Path, size: tuple[int, int], dtype: Any, channels: int, suffix: str
) -> None:
    """In every mode and depth, painted at its own size and enlarged, in the file that is written too."""
    if channels == 2 and dtype == np.uint16:
        channels = 4
    samples = samples_of((*size, channels) if channels else size, dtype)
    hole = hole_in(*size, rows=size[0] // 3, columns=size[1] // 3)
    request = InpaintRequest(filler, written(tmp_path / "a.png", samples), LabelMapData.from_mask(hole), seed=3)
    result = Session("cpu").run(from_json(to_json(request)))
    (candidate,) = result.candidates
    assert candidate.dtype == dtype and candidate.shape == samples.shape
    np.testing.assert_array_equal(candidate[~hole], samples[~hole])
    changed = candidate != samples
    assert (changed.any(-1) if channels else changed)[hole].mean() > 0.5
    if channels in (2, 4):
        np.testing.assert_array_equal(candidate[..., -1], samples[..., -1])
    result.save(tmp_path / f"b{suffix}")
    np.testing.assert_array_equal(read_photo(tmp_path / f"b{suffix}").samples, candidate)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_hole_of_any_photo(filler: str, tmp_path: Path, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(16, 80)), data.draw(st.integers(16, 80))
    samples = samples_of((height, width, 3), np.uint8)
    hole = np.zeros((height, width), bool)
    for _ in range(data.draw(st.integers(1, 3))):
        top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
        hole[top : top + data.draw(st.integers(1, 50)), left : left + data.draw(st.integers(1, 50))] = True
    hole[-1, -1] = False
    if not hole.any():
        hole[0, 0] = True
    request = InpaintRequest(
        filler, written(tmp_path / "a.png", samples), LabelMapData.from_mask(hole), seed=data.draw(st.integers(0, 9))
    )
    (candidate,) = Session("cpu").run(request).candidates
    np.testing.assert_array_equal(candidate[~hole], samples[~hole])


def test_candidates_differ_each_is_its_seeds_and_all_are_written(filler: str, tmp_path: Path) -> None:
    samples = samples_of((60, 60, 3), np.uint8)
    request = InpaintRequest(
        filler, written(tmp_path / "a.png", samples), LabelMapData.from_mask(hole_in(60, 60)), seed=4, count=3
    )
    session = Session("cpu")
    result = session.run(request)
    assert len({candidate.tobytes() for candidate in result.candidates}) == 3
    alone = session.run(request.replace(seed=5, count=1))
    np.testing.assert_array_equal(alone.candidates[0], result.candidates[1])
    result.save(tmp_path / "out.png")
    for number, name in enumerate(("out.png", "out-2.png", "out-3.png")):
        np.testing.assert_array_equal(read_photo(tmp_path / name).samples, result.candidates[number])
        replayed = from_json(read_embedded_request(tmp_path / name) or "")
        assert isinstance(replayed, InpaintRequest) and (replayed.seed, replayed.count) == (4 + number, 1)


def test_a_photo_inside_the_request_and_its_colours_are_kept(filler: str, tmp_path: Path) -> None:
    samples = samples_of((40, 40, 3), np.uint8)
    written(tmp_path / "wide.png", samples, wide_profile())
    embedded = PhotoReference.of(tmp_path / "wide.png", embed=True)
    (tmp_path / "wide.png").unlink()
    request = InpaintRequest(filler, embedded, LabelMapData.from_mask(hole_in(40, 40)))
    result = Session("cpu").run(from_json(to_json(request)))
    assert result.photo.icc_profile == wide_profile()
    np.testing.assert_array_equal(result.candidates[0][0], samples[0])


def refused(request: Any, says: str) -> None:
    with pytest.raises(EngineError, match=says) as error:
        Session("cpu").run(request())
    assert is_one_sentence(str(error.value))


def test_what_cannot_be_filled_is_refused_in_one_sentence(filler: str, tmp_path: Path) -> None:
    photo = written(tmp_path / "a.png", samples_of((40, 50, 3), np.uint8))
    small = written(tmp_path / "small.png", samples_of((12, 50, 3), np.uint8))

    def mask(hole: np.ndarray) -> LabelMapData:
        return LabelMapData.from_mask(hole)

    refused(lambda: InpaintRequest(filler, photo, mask(np.zeros((40, 50), bool))), 'no hole; mark .* "a.png"')
    refused(lambda: InpaintRequest(filler, photo, mask(np.ones((40, 50), bool))), 'covers all of "a.png"')
    refused(lambda: InpaintRequest(filler, photo, mask(hole_in(50, 40))), 'mask has 40 x 50 .* "a.png" has 50 x 40')
    refused(lambda: InpaintRequest(filler, small, mask(hole_in(12, 50, 2, 2, 4, 4))), "50 x 12 .* 16 x 16 pixels or")
    with pytest.raises(BadRequest, match="count"):
        InpaintRequest(filler, photo, mask(hole_in(40, 50)), count=MOST_CANDIDATES + 1)
    with pytest.raises(BadRequest, match="seed"):
        InpaintRequest(filler, photo, mask(hole_in(40, 50)), seed=-1)
    with pytest.raises(BadRequest, match="yes or no"):
        LabelMapData.from_mask(np.zeros((3, 3), np.uint8))
    broken = json.loads(to_json(InpaintRequest(filler, photo, mask(hole_in(40, 50)))))
    broken["mask"]["png"] = "AAAA"
    with pytest.raises(BadRequest, match='"mask"'):
        from_json(json.dumps(broken))


def test_weights_of_another_kind_are_refused(tiny_weights: Path, tmp_path: Path) -> None:
    photo = written(tmp_path / "a.png", samples_of((40, 40, 3), np.uint8))
    with pytest.raises(WeightsError, match='"tiny-sean" does not fill holes of photos'):
        Session("cpu").run(InpaintRequest("tiny-sean", photo, LabelMapData.from_mask(hole_in(40, 40))))


# ---------------------------------------------------------------- from the photo's own texture


@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_texture_fills_every_mode_and_depth_and_nothing_else(tmp_path: Path, dtype: Any, channels: int) -> None:
    if channels == 2 and dtype == np.uint16:
        channels = 4
    samples = samples_of((40, 45, channels) if channels else (40, 45), dtype)
    hole = hole_in(40, 45)
    request = InpaintRequest(BY_TEXTURE, written(tmp_path / "a.png", samples), LabelMapData.from_mask(hole), seed=3)
    (candidate,) = Session("cpu").run(from_json(to_json(request))).candidates
    assert candidate.dtype == dtype and candidate.shape == samples.shape
    np.testing.assert_array_equal(candidate[~hole], samples[~hole])
    assert (candidate != samples)[hole].mean() > 0.3
    if channels in (2, 4):
        np.testing.assert_array_equal(candidate[..., -1], samples[..., -1])


@pytest.mark.parametrize("mode", ["P", "CMYK", "1", "L", "turned"])
def test_photos_of_other_modes_keep_what_they_were_read_as(tmp_path: Path, mode: str) -> None:
    """Palettes, CMYK and one bit become RGB when they are read; a turned photo is filled as it stands upright."""
    image = Image.fromarray(samples_of((36, 50, 3), np.uint8))
    if mode == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6  # a quarter turn
        image.save(tmp_path / "a.tiff", exif=exif)
    else:
        image.convert(mode).save(tmp_path / "a.tiff")
    read = read_photo(tmp_path / "a.tiff").samples
    assert (read.shape[0] == 50) == (mode == "turned")
    hole = hole_in(*read.shape[:2])
    photo = PhotoReference.of(tmp_path / "a.tiff")
    result = Session("cpu").run(InpaintRequest(BY_TEXTURE, photo, LabelMapData.from_mask(hole)))
    np.testing.assert_array_equal(result.candidates[0][~hole], read[~hole])
    result.save(tmp_path / "b.tiff")
    np.testing.assert_array_equal(read_photo(tmp_path / "b.tiff").samples, result.candidates[0])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_texture_fills_any_hole_of_any_photo(tmp_path: Path, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(8, 50)), data.draw(st.integers(8, 50))
    samples = samples_of((height, width, 3), np.uint8)
    hole = np.zeros((height, width), bool)
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    hole[top : top + data.draw(st.integers(1, 50)), left : left + data.draw(st.integers(1, 50))] = True
    if hole.all():
        hole[-1] = False
    photo = written(tmp_path / "a.png", samples)
    request = InpaintRequest(BY_TEXTURE, photo, LabelMapData.from_mask(hole), seed=data.draw(st.integers(0, 9)))
    (candidate,) = Session("cpu").run(request).candidates
    np.testing.assert_array_equal(candidate[~hole], samples[~hole])


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_filling(tmp_path: Path) -> None:
    photo = written(tmp_path / "a.png", samples_of((48, 48, 3), np.uint8))
    request = InpaintRequest(BY_TEXTURE, photo, LabelMapData.from_mask(hole_in(48, 48)), count=2)
    first, again = (Session("cpu").run(request).candidates for _ in range(2))
    assert len({candidate.tobytes() for candidate in first}) == 2
    for candidate, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(candidate, other)


def test_a_filling_from_texture_stops_within_a_round_when_it_is_cancelled(tmp_path: Path) -> None:
    photo = written(tmp_path / "a.png", samples_of((48, 48, 3), np.uint8))
    request = InpaintRequest(BY_TEXTURE, photo, LabelMapData.from_mask(hole_in(48, 48)))
    cancel, shares = threading.Event(), []

    def reported(share: float, text: str) -> None:
        shares.append(share)
        if 0.1 < share:
            cancel.set()

    session = Session("cpu")
    with pytest.raises(Cancelled):
        session.run(request, reported, cancel)
    assert shares[-1] < 0.9
    assert len(session.run(request).candidates) == 1


# ---------------------------------------------------------------- the command line


def test_the_command_line_fills_a_hole(filler: str, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    samples, hole = samples_of((40, 50, 3), np.uint8), hole_in(40, 50)
    written(tmp_path / "a.png", samples)
    write_image(tmp_path / "mask.png", np.repeat(hole[..., None] * np.uint8(255), 3, axis=2))
    words = ["inpaint", tmp_path / "a.png", "--mask", tmp_path / "mask.png", "--out", tmp_path / "b.png"]
    done = run(*words, "--seed", 7, "--n", 2, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert (facts["candidates"], facts["first_seed"], facts["last_seed"]) == (2, 7, 8)
    for name in ("b.png", "b-2.png"):
        filled = read_photo(tmp_path / name).samples
        np.testing.assert_array_equal(filled[~hole], samples[~hole])
        assert not np.array_equal(filled[hole], samples[hole])
    assert run("request", tmp_path / "b-2.png", "--out", tmp_path / "again.png").code == 0
    np.testing.assert_array_equal(read_photo(tmp_path / "again.png").samples, filled)
    done = run(*words[:-1], tmp_path / "a.png")
    assert done.code == 2 and "written over" in one_sentence(done.err)


def test_the_command_line_fills_from_texture_where_no_weights_are_installed(
    filler: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Runner,  # noqa: F811
) -> None:
    samples, hole = samples_of((40, 50, 3), np.uint8), hole_in(40, 50)
    written(tmp_path / "a.png", samples)
    write_image(tmp_path / "mask.png", np.repeat(hole[..., None] * np.uint8(255), 3, axis=2))
    words = ["inpaint", tmp_path / "a.png", "--mask", tmp_path / "mask.png", "--out", tmp_path / "b.png", "--json"]
    assert json.loads(run(*words).out)["filled_by"] == "filler"
    assert json.loads(run(*words, "--texture").out)["filled_by"] == "texture"
    with_texture = read_photo(tmp_path / "b.png").samples
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "none"))
    done = run(*words)
    assert done.code == 0 and json.loads(done.out)["filled_by"] == "texture"
    filled = read_photo(tmp_path / "b.png").samples
    np.testing.assert_array_equal(filled, with_texture)
    np.testing.assert_array_equal(filled[~hole], samples[~hole])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["inpaint", "a.png", "--mask", "a.png", "--weights", "x", "--out", "b.png"], "No weights are installed that"),
        (["inpaint", "a.png", "--mask", "a.png", "--texture", "--weights", "x", "--out", "b.png"], "without --weights"),
        (["make", "--class", "sea", "--out", "b.png"], "No weights are installed that make pictures"),
        (["make", "--weights", "an-classes", "--class", "sea", "--out", "b.png"], "train some (an-classes)"),
        (["make", "--class", "sea=much", "--out", "b.png"], "--class sea=0.5"),
        (["inpaint", "a.png", "--mask", "a.png", "--out", "b.txt"], "must end in"),
    ],
)
def test_a_mistake_gets_one_sentence(
    words: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Runner,  # noqa: F811
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "none"))
    written(tmp_path / "a.png", samples_of((40, 40, 3), np.uint8))
    done = run(*words)
    assert done.code == 2 and says in one_sentence(done.err)
