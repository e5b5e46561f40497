"""At which size label maps are painted, and what becomes of the picture at the map's own size."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Cancelled
from engine.fast import large
from engine.painting.sizes import MAX_FULL, Fitted, painted_size, preview_sizes
from engine.painting.upscale import upscale
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.session import Session
from tests.fixtures import face_label_map

SIDES = st.integers(1, 2100)
STRIDES = st.sampled_from([4, 16, 32, 64])


@given(height=SIDES, width=SIDES, stride=STRIDES, detail=st.sampled_from(["model", "full"]))
def test_painted_sizes_are_whole_strides_within_bounds(height: int, width: int, stride: int, detail: str) -> None:
    size = painted_size(height, width, stride, 256, detail)
    assert all(side % stride == 0 and side > 0 for side in size)
    if detail == "model":
        assert max(size) <= 256
    elif max(height, width) <= MAX_FULL:
        assert 0 <= size[0] - height < stride and 0 <= size[1] - width < stride
    else:
        assert max(size) == MAX_FULL


@given(height=SIDES, width=SIDES, stride=STRIDES)
def test_previews_are_sizes_that_are_painted_as_they_are(height: int, width: int, stride: int) -> None:
    sizes = preview_sizes(height, width, stride, 256)
    assert sizes == sorted(sizes, reverse=True)
    for size in sizes:
        assert painted_size(*size, stride, 256) == size
        assert size[0] <= height and size[1] <= width


@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_a_map_filled_up_to_whole_strides_gives_back_its_own_part_of_the_picture(height: int, width: int) -> None:
    label_map = np.random.default_rng(0).integers(0, 5, (height, width)).astype(np.uint8)
    fitted = Fitted.of(label_map, painted_size(height, width, 32, 64, "full"), "full")
    picture, notes = fitted.picture(np.repeat(fitted.ids[:, :, None], 3, axis=2))
    assert not notes and np.array_equal(picture[:, :, 0], label_map)


def colours(ids: np.ndarray) -> np.ndarray:
    """(h, w, 3): a flat colour for each label."""
    table = np.random.default_rng(3).integers(0, 256, (256, 3)).astype(np.uint8)
    return table[ids]


def disc(side: int) -> np.ndarray:
    """A round region that holds a square one."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    label_map = (np.hypot(y, x) < 0.4).astype(np.uint8)
    label_map[(abs(y) < 0.1) & (abs(x) < 0.2)] = 2
    return label_map


def test_flat_regions_stay_flat_up_to_the_pixel_at_their_borders() -> None:
    large_map, small = disc(400), disc(32)
    picture = upscale(colours(small), small, large_map)
    expected = colours(large_map)
    inner = cv2.dilate(large_map, np.ones((3, 3))) == cv2.erode(large_map, np.ones((3, 3)))
    assert np.array_equal(picture[inner], expected[inner])


def test_without_borders_it_is_smooth_enlargement() -> None:
    ramp = np.repeat(np.linspace(20, 220, 32).astype(np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)
    one = np.zeros((256, 256), np.uint8)
    picture = upscale(ramp, one[:32, :32], one).astype(int)
    assert (np.diff(picture[128, :, 0]) >= -1).all() and picture.min() >= 19 and picture.max() <= 221  # it overshoots


def test_a_region_too_thin_for_the_small_map_takes_the_pictures_colour() -> None:
    large_map = np.zeros((256, 256), np.uint8)
    large_map[:, 100] = 7
    small = np.zeros((32, 32), np.uint8)
    picture = upscale(colours(small), small, large_map)
    assert np.array_equal(picture, colours(np.zeros_like(large_map)))


def test_enlarging_may_be_stopped() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upscale(colours(disc(32)), disc(32), disc(256), stop)


@pytest.mark.parametrize("shape", [(128, 128), (90, 130)])
def test_details_are_two_pictures_of_one_size_and_each_is_the_same_again(tiny_weights, shape: tuple[int, int]) -> None:
    session = Session("cpu")
    label_map = np.ascontiguousarray(face_label_map(130)[: shape[0], : shape[1]])
    pictures = {}
    for detail in ("model", "full"):
        request = RenderRequest("tiny-sean", LabelMapData.from_array(label_map), seed=3, detail=detail)
        first = session.run(request)
        assert first.pixels.shape == (*shape, 3)
        assert np.array_equal(Session("cpu").run(request).pixels, first.pixels)
        assert bool(first.notes) == (detail == "model")
        pictures[detail] = first.pixels
    assert not np.array_equal(*pictures.values())


def test_full_detail_in_tiles_is_the_same_picture(tiny_weights, monkeypatch: pytest.MonkeyPatch) -> None:
    request = RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map(160)), detail="full")
    whole = Session("cpu").run(request).pixels.astype(int)
    monkeypatch.setattr(large, "TILED_FROM", 0)
    monkeypatch.setattr(large, "CORE", 64)
    monkeypatch.setattr(large, "WHOLE_FEATURES", 40 * 40)
    assert abs(Session("cpu").run(request).pixels - whole).max() <= 1  # sums may round another way


def test_the_session_knows_the_sizes_of_previews(tiny_weights) -> None:
    exact, previews = Session("cpu").sizes("tiny-sean", 512, 256, "full")
    assert exact == (512, 256)
    assert previews and all(height == 2 * width for height, width in previews[:1])
    assert Session("cpu").sizes("tiny-sean", 512, 256)[0] == previews[0]


def test_progress_is_told_by_the_hundredth_and_a_large_picture_stops_soon(
    tiny_weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "TILED_FROM", 0)
    monkeypatch.setattr(large, "CORE", 64)
    monkeypatch.setattr(large, "WHOLE_FEATURES", 40 * 40)
    request = RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map(256)), detail="full")
    session, told, cancel = Session("cpu"), [], threading.Event()
    session.run(request, lambda part, text: told.append((part, text)))
    assert len(told) <= 110 and [part for part, _ in told] == sorted(part for part, _ in told)

    def stop(part: float, _text: str) -> None:
        told.append((part, "after"))
        if part > 0.5:
            cancel.set()

    told.clear()
    with pytest.raises(Cancelled):
        session.run(request, stop, cancel)
    assert told[-1][0] < 0.6
