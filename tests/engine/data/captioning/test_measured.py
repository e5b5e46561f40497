"""What is measured in a picture and its label map: pieces, places, counts, colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from engine.data.captioning.attributes import (
    LEAST_PIECE,
    Attribute,
    measured,
    of_facts,
    pieces_of,
    regions_of,
    third_of,
)
from engine.data.captioning.colours import HAIR, PLAIN, oklab
from engine.data.captioning.nouns import NOUNS, SILENT, noun_of, plural_of, scene_of
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set

STREET, FACES = load_label_set("street"), load_label_set("faces")
masks = arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def drawn(label_set: LabelSet, *rectangles: tuple[str, int, int, int, int], side: int = 100) -> np.ndarray:
    """A label map of the first label, with rectangles (name, left, top, right, bottom) of others."""
    label_map = np.zeros((side, side), np.uint8)
    for name, left, top, right, bottom in rectangles:
        label_map[top:bottom, left:right] = label_set.find(name)
    return label_map


def texts(label_map: np.ndarray, label_set: LabelSet, pixels: np.ndarray | None = None) -> set[str]:
    return set(map(str, measured(regions_of(label_map, label_set, pixels), label_set)))


# ---------------------------------------------------------------- pieces and places


@given(masks)
def test_pieces_are_those_of_another_library(mask: np.ndarray) -> None:
    labelled, _ = ndimage.label(mask, np.ones((3, 3)))
    height, width = mask.shape
    expected: dict[tuple[float, ...], list[float]] = {}
    for number, (rows, columns) in enumerate(ndimage.find_objects(labelled), 1):
        share = float((labelled == number).sum()) / mask.size
        box = (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)
        if share >= LEAST_PIECE:
            expected.setdefault(box, []).append(share)
    pieces = pieces_of(mask)
    found: dict[tuple[float, ...], list[float]] = {}
    for piece in pieces:
        found.setdefault(piece.box, []).append(piece.share)
    assert found.keys() == expected.keys()
    for box, shares in expected.items():
        assert sorted(found[box]) == pytest.approx(sorted(shares))
    assert [piece.share for piece in pieces] == sorted((piece.share for piece in pieces), reverse=True)


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(8, 24), st.integers(8, 24)), elements=st.integers(0, 11)))
@example(np.pad(np.ones((1, 2), np.uint8), ((10, 0), (7, 3))))  # its centre lies on the border of a third
def test_a_mirrored_map_says_right_for_left_and_nothing_else_changes(label_map: np.ndarray) -> None:
    def swapped(attributes: set[str], first: str, second: str) -> set[str]:
        return {
            text.replace(first, "?").replace(second, first).replace("?", second) for text in attributes
        }

    upright = texts(label_map, STREET)
    assert texts(label_map[:, ::-1], STREET) == swapped(upright, "side=left", "side=right")
    assert texts(label_map[::-1], STREET) == swapped(upright, "level=top", "level=bottom")


def test_cars_are_counted_and_placed() -> None:
    label_map = drawn(STREET, ("car", 70, 60, 78, 66), ("car", 80, 60, 88, 66), ("car", 90, 60, 98, 66))
    label_map[0, 0] = STREET.find("tree")  # a slip of one pixel in ten thousand
    found = texts(label_map, STREET)
    assert {"car.present=yes", "car.count=3", "car.side=right", "car.level=middle"} <= found
    assert not any(text.startswith("tree") for text in found)


def test_what_lies_on_both_sides_or_reaches_across_has_no_side() -> None:
    both = texts(drawn(STREET, ("car", 5, 60, 15, 66), ("car", 80, 60, 90, 66)), STREET)
    assert "car.count=2" in both and not any("car.side" in text for text in both)
    assert third_of([(0.0, 0.4, 0.9, 0.6)], 0) is None and third_of([(0.0, 0.4, 0.2, 0.6)], 0) == 0
    assert third_of([], 0) is None


def test_more_than_twelve_are_many() -> None:
    cars = [("car", 8 * n, 40, 8 * n + 4, 44) for n in range(12)]
    assert "car.count=12" in texts(drawn(STREET, *cars), STREET)
    assert "car.count=many" in texts(drawn(STREET, *cars, ("car", 50, 80, 54, 84)), STREET)


def test_large_and_small_are_told_of_things_that_vary() -> None:
    assert "car.size=large" in texts(drawn(STREET, ("car", 10, 10, 70, 70)), STREET)
    assert "car.size=small" in texts(drawn(STREET, ("car", 10, 10, 15, 15)), STREET)
    assert not any("size" in text for text in texts(drawn(STREET, ("car", 10, 10, 40, 40)), STREET) if "car" in text)


def test_the_label_that_is_ignored_is_not_there() -> None:
    assert texts(np.full((20, 20), 11, np.uint8), STREET) == set()


# ---------------------------------------------------------------- faces


@pytest.mark.parametrize(("inside", "state"), [(0, "closed"), (1, None), (8, "open")])
def test_a_mouth_is_open_where_its_inside_shows(inside: int, state: str | None) -> None:
    lips = [("upper lip", 40, 60, 60, 65), ("lower lip", 40, 65 + inside, 60, 70 + inside)]
    label_map = drawn(FACES, *lips)
    label_map[65 : 65 + inside, 40 : 60 if inside != 1 else 50] = FACES.find("mouth")
    states = {text for text in texts(label_map, FACES) if text.startswith("mouth")}
    assert states == ({f"mouth.state={state}"} if state else set())


@pytest.mark.parametrize(("bottom", "length"), [(60, "short"), (72, None), (100, "long")])
def test_hair_is_long_that_reaches_below_the_lips(bottom: int, length: str | None) -> None:
    label_map = drawn(FACES, ("hair", 10, 10, 30, bottom), ("upper lip", 40, 60, 60, 64), ("lower lip", 40, 64, 60, 66))
    lengths = {text for text in texts(label_map, FACES) if "length" in text}
    assert lengths == ({f"hair.length={length}"} if length else set())


def test_the_background_of_a_face_has_a_colour_and_nothing_else() -> None:
    label_map = drawn(FACES, ("skin", 30, 30, 70, 70))
    assert texts(label_map, FACES, np.full((100, 100, 3), (40, 160, 60), np.uint8)) == {"background.colour=green"}


def test_a_table_tells_what_no_label_map_can() -> None:
    def told(**facts: object) -> set[str]:
        return set(map(str, of_facts(facts)))

    assert told(sex="woman", age=25, smile=True) == {
        "person.sex=woman", "person.age=young", "person.expression=smiling",
    }  # fmt: skip
    assert told(age=50, beard=True, curls=True) == {"person.age=middle-aged", "beard.present=yes", "hair.texture=curly"}
    assert told(age=80) == {"person.age=old"}
    assert told(sex="unknown", age=35, smile=False) == set() == told()


# ---------------------------------------------------------------- colours


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (0.6280, 0.2249, 0.1258)),
        ((0, 255, 0), (0.8664, -0.2339, 0.1795)),
        ((0, 0, 255), (0.4520, -0.0325, -0.3115)),
    ],
)
def test_oklab_is_as_published(colour: tuple[int, int, int], expected: tuple[float, float, float]) -> None:
    assert oklab(np.array(colour, np.uint8)) == pytest.approx(expected, abs=2e-4)


@given(st.integers(0, 254))
def test_greys_have_no_hue_and_grow_lighter(level: int) -> None:
    darker, lighter = oklab(np.array([[level] * 3, [level + 1] * 3], np.uint8))
    assert abs(darker[1:]).max() < 1e-3 and lighter[0] > darker[0]


@pytest.mark.parametrize(
    ("palette", "code", "name"),
    [
        (PLAIN, "102a80", "dark blue"), (PLAIN, "2850c8", "blue"), (PLAIN, "b0d0f0", "light blue"),
        (PLAIN, "d02020", "red"), (PLAIN, "f8f8f8", "white"), (PLAIN, "101010", "black"), (PLAIN, "e8d030", "yellow"),
        (PLAIN, "2c8c38", "green"), (PLAIN, "d0d0d0", "light grey"), (PLAIN, "6b4022", "brown"),
        (HAIR, "120f0d", "black"), (HAIR, "caa76c", "blond"), (HAIR, "402e22", "dark brown"), (HAIR, "8c3e1e", "red"),
    ],
)  # fmt: skip
def test_plain_colours_are_called_as_people_call_them(palette: object, code: str, name: str) -> None:
    pixels = np.tile(np.frombuffer(bytes.fromhex(code), np.uint8), (50, 1))
    assert palette.colours_of(pixels) == (name,)  # type: ignore[attr-defined]


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(0, 60), st.just(3))), st.randoms())
def test_colours_do_not_depend_on_the_order_of_pixels(pixels: np.ndarray, random: object) -> None:
    shuffled = pixels[np.random.default_rng(random.randint(0, 99)).permutation(len(pixels))]  # type: ignore[attr-defined]
    names = PLAIN.colours_of(pixels)
    assert set(PLAIN.colours_of(shuffled)) == set(names) and len(names) <= 2
    assert set(names) <= set(PLAIN.names())


def test_two_colours_are_both_named_and_a_motley_has_no_name() -> None:
    def rows(*codes: str) -> np.ndarray:
        return np.array([list(bytes.fromhex(code)) for code in codes], np.uint8).repeat(10, axis=0)

    assert PLAIN.colours_of(rows("101010", "101010", "f8f8f8", "f8f8f8", "e8d030")) == ("black", "white")
    assert PLAIN.colours_of(rows("101010", "f8f8f8", "d02020", "2c8c38", "2850c8")) == ()
    assert PLAIN.colours_of(np.zeros((0, 3), np.uint8)) == ()


# ---------------------------------------------------------------- words


@given(*[st.text("abcdefgh ", min_size=1)] * 3)
def test_an_attribute_is_read_as_it_was_written(subject: str, aspect: str, value: str) -> None:
    attribute = Attribute(subject, aspect, value)
    assert Attribute.read(str(attribute)) == attribute


@pytest.mark.parametrize("text", ["car", "car=3", "car.count", ""])
def test_what_is_no_attribute_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SUBJECT.ASPECT=VALUE"):
        Attribute.read(text)


@pytest.mark.parametrize(
    ("name", "scene"),
    [("faces", "face"), ("celebamask_hq", "face"), ("street", "street"), ("facades", "front"), ("ade20k", "scene")],
)
def test_label_sets_say_what_their_pictures_are_of(name: str, scene: str) -> None:
    assert scene_of(load_label_set(name)) == scene


@pytest.mark.parametrize("name", bundled_label_sets())
def test_every_label_that_ships_is_silent_or_has_words(name: str) -> None:
    for label in load_label_set(name).labels:
        noun = noun_of(label.name)
        assert (noun is None) == (label.name in SILENT)
        assert noun is None or all(singular and plural for singular, plural in noun.words)


def test_plurals() -> None:
    assert [plural_of(word) for word in ("car", "bus", "bench", "balcony", "person")] == [
        "cars", "buses", "benches", "balconies", "people",
    ]  # fmt: skip
    assert all(noun.number in ("counted", "one", "plural", "mass") for noun in NOUNS.values())
