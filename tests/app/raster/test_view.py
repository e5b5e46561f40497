"""The view transform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.raster import view
from app.raster.view import Enlarged, Mode, View

number = st.floats(-5000, 5000, allow_nan=False)
scales = st.floats(0.05, 30)
views = st.builds(View, scale=scales, x=number, y=number)
sides = st.integers(1, 4096)
rooms = st.floats(50, 4000)


@given(views, number, number)
def test_going_to_the_image_and_back_ends_at_the_same_point(at, x, y):
    image = view.to_image(view=at, x=x, y=y)
    assert view.to_widget(view=at, x=image[0], y=image[1]) == pytest.approx((x, y), abs=1e-6)


@given(views, scales, number, number, st.sampled_from([1.0, 1.5, 2.0]))
def test_zooming_keeps_the_image_point_under_the_cursor(at, scale, x, y, ratio):
    before = view.to_image(view=at, x=x, y=y)
    after = view.zoom_at(view=at, scale=scale, x=x, y=y, device_ratio=ratio)
    assert after.scale == pytest.approx(scale)
    assert view.to_image(view=after, x=x, y=y) == pytest.approx(before, rel=1e-6, abs=1e-4)


@given(st.floats(1e-6, 1e6), st.sampled_from([1.0, 1.5, 2.0]))
def test_zoom_stays_within_its_limits_in_pixels_of_the_screen(scale, ratio):
    zoom = view.clamp_scale(scale=scale, device_ratio=ratio) * ratio
    assert view.MIN_ZOOM - 1e-12 <= zoom <= view.MAX_ZOOM + 1e-9


@given(sides, sides, rooms, rooms)
def test_a_fitted_image_is_whole_and_centred(image_width, image_height, width, height):
    at = view.fit(image_width=image_width, image_height=image_height, width=width, height=height)
    left, top = view.to_widget(view=at, x=0, y=0)
    right, bottom = view.to_widget(view=at, x=image_width, y=image_height)
    assert left + right == pytest.approx(width, abs=1e-6)
    assert top + bottom == pytest.approx(height, abs=1e-6)
    if at.scale > view.MIN_ZOOM + 1e-12:
        assert left >= -1e-6 and top >= -1e-6


@given(sides, sides, rooms, rooms)
def test_a_fitted_image_fills_the_room_one_way(image_width, image_height, width, height):
    at = view.fit(image_width=image_width, image_height=image_height, width=width, height=height, margin=0)
    if view.MIN_ZOOM < at.scale < view.MAX_ZOOM:
        used = max(image_width * at.scale / width, image_height * at.scale / height)
        assert used == pytest.approx(1)


@given(views, sides, sides, rooms, rooms)
def test_the_image_cannot_be_lost_out_of_sight(at, image_width, image_height, width, height):
    kept = view.keep_in_sight(view=at, image_width=image_width, image_height=image_height, width=width, height=height)
    rest_x = min(32.0, image_width * at.scale, width) - 1e-6
    rest_y = min(32.0, image_height * at.scale, height) - 1e-6
    assert kept.x <= width - rest_x and kept.x + image_width * at.scale >= rest_x
    assert kept.y <= height - rest_y and kept.y + image_height * at.scale >= rest_y
    again = view.keep_in_sight(
        view=kept, image_width=image_width, image_height=image_height, width=width, height=height
    )
    assert again == pytest.approx(kept) or (again.x, again.y) == pytest.approx((kept.x, kept.y))


def test_a_view_in_sight_is_left_alone():
    at = View(scale=2.0, x=10, y=-30)
    assert view.keep_in_sight(view=at, image_width=100, image_height=100, width=400, height=300) == at


@given(rooms, rooms, st.floats(-0.5, 1.5), st.sampled_from(list(Mode)))
def test_panes_cover_the_widget_once(width, height, wipe, mode):
    parts = view.panes(mode=mode, width=width, height=height, wipe=wipe)
    assert sum(part.width for part in parts) == pytest.approx(width)
    assert all(part.height == height for part in parts)
    assert parts[0].x == 0
    if len(parts) == 2:
        assert parts[1].x == parts[0].width


def test_side_by_side_shows_the_same_pixel_in_both_panes():
    parts = view.panes(mode=Mode.SIDE_BY_SIDE, width=800, height=600)
    at = View(scale=3.0, x=20, y=30)
    left = view.to_image(view=at, x=100 - parts[0].shift, y=50)
    right = view.to_image(view=at, x=parts[1].x + 100 - parts[1].shift, y=50)
    assert left == right


def test_a_wipe_shows_one_image_in_two_parts():
    parts = view.panes(mode=Mode.WIPE, width=800, height=600, wipe=0.25)
    assert [part.width for part in parts] == [200, 600]
    assert [part.shift for part in parts] == [0, 0]
    assert [(part.labels, part.picture) for part in parts] == [(True, False), (False, True)]


def test_a_point_belongs_to_the_pane_it_lies_in_and_outside_to_the_nearest():
    parts = view.panes(mode=Mode.SIDE_BY_SIDE, width=800, height=600)
    assert view.pane_at(parts=parts, x=399, y=10) is parts[0]
    assert view.pane_at(parts=parts, x=400, y=10) is parts[1]
    assert view.pane_at(parts=parts, x=-50, y=10) is parts[0]
    assert view.pane_at(parts=parts, x=900, y=-10) is parts[1]


@given(views, st.integers(0, 500), st.integers(0, 500), st.integers(1, 300), st.integers(1, 300))
def test_a_dirty_rectangle_covers_its_pixels_and_their_neighbours(at, x0, y0, width, height):
    x, y, w, h = view.dirty_rect(view=at, x0=x0, y0=y0, x1=x0 + width, y1=y0 + height)
    left, top = view.to_widget(view=at, x=x0 - 1, y=y0 - 1)
    right, bottom = view.to_widget(view=at, x=x0 + width + 1, y=y0 + height + 1)
    assert x <= left and y <= top
    assert x + w >= right and y + h >= bottom


@pytest.mark.parametrize(("zoom", "square"), [(1.0, False), (1.99, False), (2.0, True), (8.0, True)])
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_labels_are_square_from_200_per_cent_of_the_screens_pixels(zoom, square, ratio):
    assert view.square_pixels(view=View(scale=zoom / ratio), device_ratio=ratio) is square


@pytest.mark.parametrize(
    ("enlarged", "zoom", "smooth"),
    [
        (Enlarged.SMOOTH, 4.0, True),
        (Enlarged.SMOOTH, 4.1, False),
        (Enlarged.PIXELS, 1.0, True),
        (Enlarged.PIXELS, 1.5, False),
    ],
)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_pictures_are_smooth_up_to_400_per_cent_or_as_pixels_by_choice(enlarged, zoom, smooth, ratio):
    assert view.smooth_pictures(view=View(scale=zoom / ratio), enlarged=enlarged, device_ratio=ratio) is smooth
