"""Frames of faces: there and back, wherever the face is, however large and however turned."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pictures.face_frames import FaceFrame, brought_back, frame_of, makes_frame, moved, upright

UPRIGHT_POINTS = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
"""Of a face in its own square, in sides."""
frames = st.builds(
    FaceFrame,
    x=st.floats(-500, 4500),
    y=st.floats(-500, 4500),
    side=st.floats(20, 4000),
    turn=st.floats(-179.9, 180),
)


@given(frames, st.integers(1, 512))
def test_what_is_brought_in_comes_back_to_its_place(frame: FaceFrame, size: int) -> None:
    places = np.array([[0.0, 0.0], [17.5, 3.0], [frame.x, frame.y]])
    inside = moved(places, frame.inwards(size))
    assert np.allclose(moved(inside, frame.outwards(size)), places, atol=1e-6 * max(1, frame.side))
    assert np.allclose(inside[2], size / 2, atol=1e-6)


@given(frames, st.integers(1, 512))
def test_corners_are_those_of_the_upright_square(frame: FaceFrame, size: int) -> None:
    square = np.array([[0, 0], [size, 0], [size, size], [0, size]])
    assert np.allclose(moved(frame.corners(), frame.inwards(size)), square, atol=1e-6 * size)


@given(frames)
def test_a_frame_follows_from_the_face_in_it(frame: FaceFrame) -> None:
    points = moved(UPRIGHT_POINTS, frame.outwards(1))
    again = frame_of(points)
    assert math.hypot(again.x - frame.x, again.y - frame.y) < 0.01 * frame.side
    assert again.side == pytest.approx(frame.side, rel=0.03)
    assert (again.turn - frame.turn + 180) % 360 - 180 == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("points", [np.zeros((3, 2)), np.full((3, 2), 7.0), np.full((3, 2), np.nan)])
def test_points_that_make_no_frame_are_told(points: np.ndarray) -> None:
    assert not makes_frame(points)
    with pytest.raises(ValueError):
        frame_of(points)


@pytest.mark.parametrize("turn", [0.0, 35.0, -90.0, 180.0])
@pytest.mark.parametrize("side", [40.0, 300.0])
def test_a_turned_picture_is_upright_in_its_frame_and_comes_back(turn: float, side: float) -> None:
    frame = FaceFrame(210.0, 180.0, side, turn)
    rows, columns = np.mgrid[0:64, 0:64]
    square = (np.stack([rows * 3, columns * 3, 0 * rows], axis=-1) + 30).astype(np.uint8)
    picture = brought_back(square, frame, 360, 420)
    again = upright(picture, frame, 64)
    middle = slice(8, 56)
    assert np.abs(again[middle, middle].astype(int) - square[middle, middle]).mean() < 8
    outside = moved(np.argwhere(np.ones((360, 420)))[:, ::-1] + 0.5, frame.inwards(1))
    beyond = (np.abs(outside - 0.5) > 0.5 + 2 / min(side, 64)).any(1).reshape(360, 420)
    assert not picture[beyond].any()


def test_beyond_the_picture_its_border_goes_on() -> None:
    picture = np.full((50, 40, 3), 90, np.uint8)
    for frame in (FaceFrame(0, 0, 30, 45), FaceFrame(-500, 900, 60), FaceFrame(20, 25, 900, 10), FaceFrame(20, 25, 1)):
        assert (upright(picture, frame, 32) == 90).all()
    assert upright(np.full((1, 1, 3), 7, np.uint8), FaceFrame(0.5, 0.5, 1), 16).shape == (16, 16, 3)


def test_a_frame_in_another_unit_is_the_same() -> None:
    frame = FaceFrame(100, 50, 20, 12)
    assert frame.scaled(0.01).scaled(100).corners() == pytest.approx(frame.corners())
