"""What becomes of a face's frame as its handles are pulled."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.raster.frame_handles import (
    LEAST_SIDE,
    Grip,
    dragged,
    frame_amidst,
    grip_at,
    kept_in,
    knob_of,
    on_edge,
    scaled,
    turned,
)
from engine.pictures.face_frames import FaceFrame, check_face

FRAME = FaceFrame(100.0, 80.0, 60.0, 30.0)
SIZE = (200, 300)


def test_corners_edges_and_the_knob_are_taken_and_nothing_inside():
    assert grip_at(FRAME, *knob_of(FRAME), 4) is Grip.KNOB
    for corner in FRAME.corners():
        assert grip_at(FRAME, *corner, 4) is Grip.CORNER
    upper_left, upper_right = FRAME.corners()[:2]
    assert grip_at(FRAME, *((upper_left + upper_right) / 2), 4) is Grip.EDGE
    assert grip_at(FRAME, FRAME.x, FRAME.y, 4) is None and not on_edge(FRAME, FRAME.x + 80, FRAME.y, 4)


def test_the_knob_turns_a_corner_resizes_and_an_edge_moves():
    knob = knob_of(FRAME)
    around = math.radians(20)
    way = knob[0] - FRAME.x, knob[1] - FRAME.y
    now = (
        FRAME.x + way[0] * math.cos(around) - way[1] * math.sin(around),
        FRAME.y + way[0] * math.sin(around) + way[1] * math.cos(around),
    )
    assert dragged(FRAME, Grip.KNOB, knob, now, SIZE).turn == pytest.approx(50)
    corner = FRAME.corners()[2]
    outer = FRAME.x + 1.5 * (corner[0] - FRAME.x), FRAME.y + 1.5 * (corner[1] - FRAME.y)
    assert dragged(FRAME, Grip.CORNER, tuple(corner), outer, SIZE).side == pytest.approx(90)
    assert dragged(FRAME, Grip.EDGE, (0, 0), (7, -3), SIZE) == FaceFrame(107.0, 77.0, 60.0, 30.0)


def test_a_frame_that_is_nearly_upright_or_on_its_head_becomes_so():
    assert turned(FaceFrame(0, 0, 1, 5), -4).turn == 0
    assert turned(FaceFrame(0, 0, 1, 170), 9).turn == -180
    assert turned(FaceFrame(0, 0, 1, 170), 25).turn == pytest.approx(-165)


@given(
    st.floats(-500, 800), st.floats(-500, 800), st.floats(0.001, 5000), st.floats(-180, 180), st.floats(0.01, 100)
)
def test_whatever_is_pulled_a_request_can_hold_the_frame(x, y, side, turn, factor):
    frame = scaled(turned(kept_in(FaceFrame(x, y, side, turn), SIZE), 33.3), factor, SIZE)
    check_face(frame.scaled(1 / max(SIZE)))
    assert frame.side >= LEAST_SIDE and 0 <= frame.x <= SIZE[1] and 0 <= frame.y <= SIZE[0]


def test_a_new_frame_lies_amidst_what_is_seen():
    assert frame_amidst((10.0, 20.0, 110.0, 220.0)) == FaceFrame(60.0, 120.0, 50.0)
