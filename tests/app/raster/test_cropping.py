"""The arithmetic of crops: inside the photo, of the document's form, of whole strides, whatever is done to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.raster.boxes import Box
from app.raster.cropping import LEAST, Cropping, Handle
from engine.painting.sizes import MAX_FULL, encoded_size

HANDLES = [Handle(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
sides = st.integers(1, 1100)
places = st.floats(-2000, 3000)


@st.composite
def proposals(draw):
    """A crop anywhere in a photo, with the size that documents of its form have."""
    height, width = draw(sides), draw(sides)
    y0, x0 = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    crop = Box(x0, y0, draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height)))
    stride, resolution = draw(st.sampled_from([16, 32, 64])), draw(st.sampled_from([64, 256, 512]))
    size = encoded_size(crop.height, crop.width, stride, resolution)
    return Cropping.proposed((height, width), crop, size, stride)


changes = st.one_of(
    st.builds(lambda handle, x, y: lambda c: c.dragged(handle, x, y), st.sampled_from(HANDLES), places, places),
    st.builds(lambda factor: lambda c: c.scaled(factor), st.floats(0.01, 100)),
    st.builds(lambda steps: lambda c: c.widened(steps), st.sampled_from([-1, 1])),
    st.builds(lambda steps: lambda c: c.heightened(steps), st.sampled_from([-1, 1])),
    st.builds(lambda side, keeps: lambda c: c.with_width(side, keeps_form=keeps), st.integers(1, 5000), st.booleans()),
    st.builds(lambda side, keeps: lambda c: c.with_height(side, keeps_form=keeps), st.integers(1, 5000), st.booleans()),
)
moves = st.builds(lambda x, y: lambda c: c.moved(x, y), st.integers(-3000, 3000), st.integers(-3000, 3000))


def inside(cropping: Cropping) -> bool:
    (height, width), crop = cropping.photo, cropping.crop
    return 0 <= crop.x0 < crop.x1 <= width and 0 <= crop.y0 < crop.y1 <= height


def of_one_form(cropping: Cropping) -> bool:
    """Whether the crop's shorter side is what its longer one makes it, rounded to a pixel; never less than one."""
    (height, width), crop = cropping.size, cropping.crop
    if height <= width:
        return abs(crop.height - crop.width * height / width) <= 0.5 or crop.height == 1
    return abs(crop.width - crop.height * width / height) <= 0.5 or crop.width == 1


@given(proposals(), st.lists(st.one_of(changes, moves), max_size=6))
def test_a_crop_stays_inside_and_sizes_are_whole_strides(cropping, steps):
    for change in steps:
        cropping = change(cropping)
        assert inside(cropping)
        assert all(side % cropping.stride == 0 and 0 < side <= MAX_FULL for side in cropping.size)


@given(proposals(), st.lists(st.one_of(changes, moves), max_size=4), changes)
def test_nothing_is_stretched_that_was_changed(cropping, before, last):
    for change in before:
        cropping = change(cropping)
    changed = last(cropping)
    assert changed.size == cropping.size and changed.crop == cropping.crop or of_one_form(changed)


@given(proposals())
def test_a_crop_is_not_smaller_than_can_be_handled_where_the_photo_is_large_enough(cropping):
    smallest, largest = cropping.scaled(0).crop, cropping.scaled(1e9).crop
    least = min(smallest.height, smallest.width)
    assert abs(least - min(LEAST, largest.height, largest.width)) <= 1  # whole pixels
    assert largest.height >= cropping.photo[0] - 1 or largest.width >= cropping.photo[1] - 1


@given(proposals(), st.integers(-3000, 3000), st.integers(-3000, 3000))
def test_a_moved_crop_has_its_size_and_goes_as_far_as_the_photo(cropping, columns, rows):
    moved = cropping.moved(columns, rows)
    assert (moved.crop.width, moved.crop.height) == (cropping.crop.width, cropping.crop.height)
    assert moved.size == cropping.size
    wanted = cropping.crop.x0 + columns
    assert moved.crop.x0 == min(max(0, wanted), cropping.photo[1] - cropping.crop.width)


@given(proposals(), st.sampled_from(HANDLES), places, places)
def test_what_is_opposite_the_handle_stays(cropping, handle, x, y):
    before, after = cropping.crop, cropping.dragged(handle, x, y).crop
    if handle.across:
        assert (before.x0 == after.x0) if handle.across > 0 else (before.x1 == after.x1)
    if handle.down:
        assert (before.y0 == after.y0) if handle.down > 0 else (before.y1 == after.y1)


@given(proposals(), st.sampled_from([h for h in HANDLES if h.across and h.down]), places, places)
def test_a_corner_keeps_the_size(cropping, handle, x, y):
    assert cropping.dragged(handle, x, y).size == cropping.size


@given(proposals(), st.sampled_from([h for h in HANDLES if not (h.across and h.down)]), places, places)
def test_an_edge_keeps_the_longer_side(cropping, handle, x, y):
    assert max(cropping.dragged(handle, x, y).size) == max(cropping.size)


@given(proposals(), st.lists(st.integers(1, 2048), max_size=5), st.booleans())
def test_trying_sizes_does_not_wear_the_crop_away(cropping, tried, keeps_form):
    changed = cropping.with_width(cropping.size[1] + cropping.stride, keeps_form=keeps_form)
    again = changed
    for side in tried:
        again = again.with_height(side, keeps_form=keeps_form)
    assert again.chosen == cropping.crop
    again = again.with_width(changed.size[1], keeps_form=True)
    if again.size == changed.size:
        assert again.crop == changed.crop


def square(side: int = 600) -> Cropping:
    """The middle of a photo of 800 x 600 in 256 x 256."""
    return Cropping.proposed((600, 800), Box(100, 0, 700, 600), (256, 256), 32)


@pytest.mark.parametrize(
    ("width", "size"), [(512, (512, 512)), (500, (512, 512)), (1, (32, 32)), (9999, (2048, 2048)), (272, (256, 256))]
)
def test_a_typed_size_is_rounded_to_strides_and_the_other_side_follows(width, size):
    assert square().with_width(width, keeps_form=True).size == size
    assert square().with_height(width, keeps_form=True).size == size
    assert square().with_width(width, keeps_form=True).crop == square().crop


def test_another_form_shows_all_of_the_crop_where_the_photo_reaches():
    small = Cropping.proposed((600, 800), Box(300, 200, 400, 300), (256, 256), 32)
    assert small.with_width(512, keeps_form=False).crop == Box(250, 200, 450, 300)
    assert small.with_height(512, keeps_form=False).crop == Box(300, 150, 400, 350)
    assert square().with_height(512, keeps_form=False).crop == Box(250, 0, 550, 600)  # as much as there is
    assert square().with_height(512, keeps_form=False).with_height(256, keeps_form=False).crop == square().crop


def test_the_longer_side_has_the_limit():
    wide = Cropping.proposed((300, 600), Box(0, 0, 600, 300), (128, 256), 32)
    assert wide.with_height(2048, keeps_form=True).size == (1024, 2048)
    odd_stride = Cropping.proposed((9, 9), Box(0, 0, 9, 9), (96, 96), 96)
    assert odd_stride.with_width(2048, keeps_form=True).size == (2016, 2016)


def test_an_edge_changes_the_form_by_strides():
    narrower = square().dragged(Handle(1, 0), 440, 0)  # 340 of 600 columns: 145 of 256
    assert narrower.size == (256, 160) and narrower.crop == Box(100, 0, 475, 600)
    lower = square().dragged(Handle(0, -1), 0, 290)
    assert lower.size == (128, 256) and lower.crop == Box(100, 300, 700, 600)
    assert lower.dragged(Handle(0, -1), 0, 0).size == (256, 256)


def test_a_corner_takes_more_or_less_of_the_photo():
    assert square().dragged(Handle(1, 1), 400, 300).crop == Box(100, 0, 400, 300)
    assert square().dragged(Handle(-1, -1), 690, 590).crop == Box(700 - LEAST, 600 - LEAST, 700, 600)
    assert square().dragged(Handle(1, 1), 5000, 5000).crop == square().crop


def test_keys_change_the_form_a_stride_at_a_time_and_back():
    narrower = square().widened(-1).widened(-1)
    assert narrower.size == (256, 192) and (narrower.crop.width, narrower.crop.height) == (450, 600)
    assert abs(narrower.crop.x0 - 175) <= 1  # around the middle, to a pixel
    assert narrower.widened(1).widened(1).size == (256, 256)
    assert square().heightened(-1).size == (224, 256)
    assert square().heightened(1).size == (256, 224)


@pytest.mark.parametrize("size", [(32, 256), (256, 32)])
def test_the_narrowest_forms_go_no_further(size):
    slim = Cropping.proposed((600, 800), Box(0, 0, 100, 100), size, 32)
    change = slim.widened if size[1] > size[0] else slim.heightened
    assert change(1) == slim


def test_a_photo_of_one_pixel_is_itself():
    tiny = Cropping.proposed((1, 1), Box(0, 0, 1, 1), (256, 256), 32)
    assert tiny.enlarges and tiny.share == 1
    for change in (tiny.scaled(3), tiny.dragged(Handle(1, 1), 5, 5), tiny.moved(3, 3), tiny.heightened(1)):
        assert change.crop == Box(0, 0, 1, 1)
