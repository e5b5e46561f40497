"""What fills a hole of a photo: samples that stay what was chosen, in requests and files, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import BadRequest
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo, read_photo
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.editing.filled_hole import FilledHole, with_filled
from engine.requests.inpaint import BY_TEXTURE, InpaintRequest
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle
from engine.session import Session
from tests.engine.test_files import is_one_sentence

HAIR = 13


def random_samples(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def hole_at(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[rows, columns] = True
    return hole


@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("place", [(slice(0, 3), slice(0, 2)), (slice(20, 40), slice(5, 9))])
def test_the_samples_of_the_hole_come_back_in_every_mode(dtype: Any, channels: int, place: Any) -> None:
    shape = (40, 50, channels) if channels else (40, 50)
    photo, filled = random_samples(shape, dtype, 0), random_samples(shape, dtype, 1)
    hole = hole_at(40, 50, *place)
    again = with_filled(photo, [FilledHole.of(filled, hole)])
    np.testing.assert_array_equal(again[~hole], photo[~hole])
    if channels in (2, 4):
        np.testing.assert_array_equal(again[..., :-1][hole], filled[..., :-1][hole])
        np.testing.assert_array_equal(again[..., -1], photo[..., -1])
    else:
        np.testing.assert_array_equal(again[hole], filled[hole])


def test_what_does_not_suit_the_photo_or_is_damaged_is_refused_in_a_sentence() -> None:
    hole = hole_at(40, 50, slice(20, 40), slice(5, 9))
    filled = FilledHole.of(random_samples((40, 50, 3), np.uint8, 0), hole)
    for other in (random_samples((30, 50, 3), np.uint8, 1), random_samples((40, 50, 3), np.uint16, 1)):
        with pytest.raises(BadRequest, match="does not suit it; fill the hole again") as error:
            with_filled(other, [filled])
        assert is_one_sentence(str(error.value))
    with pytest.raises(BadRequest, match="damaged; fill the hole again"):
        filled.replace(png=b"nothing").check_data()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_photo_is_edited_as_it_is_when_its_holes_are_filled(
    tiny_weights: Path, tiny_photo: np.ndarray, tiny_label_map: np.ndarray, tmp_path: Path, dtype: Any
) -> None:
    """Without edits only the hole is another; an edit changes what fills it as the rest; the file's own is kept."""
    samples = tiny_photo.astype(dtype) * (257 if dtype == np.uint16 else 1)
    write_photo(tmp_path / "a.png", samples, Photo(samples, "PNG"))
    hole = hole_at(*samples.shape[:2], slice(4, 20), slice(20, 40))
    fill = FilledHole.of(random_samples(samples.shape, dtype, 5), hole, weights="", seed=3)
    photo, label_map = PhotoReference.of(tmp_path / "a.png"), LabelMapData.from_array(tiny_label_map)
    request = EditRequest("tiny-sean", photo, (), label_map, filled_holes=(fill,))
    session = Session("cpu")
    result = session.run(from_json(to_json(request)))
    np.testing.assert_array_equal(result.samples, with_filled(samples, [fill]))
    np.testing.assert_array_equal(result.photo.samples, samples)
    assert result.facts()["changed"] == pytest.approx(hole.mean(), rel=0.05)
    result.save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "b.png").samples, result.samples)
    dyed = session.run(request.replace(edits=(RegionEdit(HAIR, ColourStyle("#e0c080")),))).samples
    untouched = (dyed == result.samples).all(-1)
    assert untouched[tiny_label_map != HAIR].mean() > 0.9 and not untouched[hole & (tiny_label_map == HAIR)].all()


def test_a_hole_is_filled_from_what_was_filled_before(tmp_path: Path) -> None:
    samples = np.full((40, 40, 3), 90, np.uint8)
    write_photo(tmp_path / "a.png", samples, Photo(samples, "PNG"))
    before = hole_at(40, 40, slice(0, 40), slice(0, 30))
    first = FilledHole.of(np.full_like(samples, 200), before)
    inside = hole_at(40, 40, slice(16, 22), slice(8, 14))
    photo = PhotoReference.of(tmp_path / "a.png")
    request = InpaintRequest(BY_TEXTURE, photo, LabelMapData.from_mask(inside), filled_holes=(first,))
    (candidate,) = Session("cpu").run(from_json(to_json(request))).candidates
    assert np.abs(candidate[inside].astype(int) - 200).max() < 10
    np.testing.assert_array_equal(candidate[~inside], with_filled(samples, [first])[~inside])
