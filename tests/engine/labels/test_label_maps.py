"""Label sets, and label map files: read exactly, or refused with the wrong values named."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from engine.errors import BadFile, BadLabelMap, BadRequest, NotSupported
from engine.labels.label_maps import (
    MapKind,
    check_label_map,
    colourise,
    read_certain_map,
    read_data_map,
    read_label_map,
    resize_label_map,
    write_label_map,
)
from engine.labels.label_orders import FROM_ONE, ORDERS
from engine.labels.label_sets import Label, LabelSet, bundled_label_sets, load_label_set
from tests.engine.drawn_pictures import encoded, raw_png, smooth
from tests.engine.test_files import is_one_sentence

FACES = load_label_set("faces")
STREET = load_label_set("street")
ALL = ("ade20k", "celebamask_hq", "cityscapes", "coco_stuff", "facades", "faces", "street")
STRIPES = (np.arange(19 * 20) // 20).reshape(19, 20).astype(np.uint8)  # every label of the faces, one per row

# ---------------------------------------------------------------- label sets


def test_all_label_sets_ship():
    assert bundled_label_sets() == ALL


@pytest.mark.parametrize(("name", "count"), [*zip(ALL, (151, 19, 35, 183, 12, 19, 12), strict=True)])
def test_a_bundled_label_set_is_complete_in_both_languages(name: str, count: int):
    labels = load_label_set(name)
    assert (labels.name, len(labels)) == (name, count)
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in label.name_zh) for label in labels.labels)
    assert len({label.name for label in labels.labels}) == count
    assert len({label.name_zh for label in labels.labels}) == count
    assert LabelSet.from_dict(json.loads(json.dumps(labels.to_dict()))) == labels
    for label in labels.labels:
        assert labels.find(label.name) == labels.find(label.name_zh) == labels.find(str(label.id)) == label.id


def test_labels_are_found_whatever_the_spelling():
    assert FACES.find(" Left_Eye ") == FACES.find("LEFT-EYE") == 4
    assert FACES.find("头发") == 13


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hiar", 'did you mean "hair"'),
        ("lips", 'did you mean "upper lip" / "lower lip"'),
        ("19", "its ids are 0 to 18"),
        ("wheel", "its labels are background"),
        ("", "is not a label"),
    ],
)
def test_an_unknown_label_is_answered_with_the_nearest(text: str, words: str):
    with pytest.raises(BadRequest, match=words):
        FACES.find(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lips", ["upper lip", "lower lip"]),
        ("lip", ["upper lip", "lower lip"]),
        ("Eyes", ["left eye", "right eye"]),
        ("brows", ["left eyebrow", "right eyebrow"]),
        ("ears", ["left ear", "right ear"]),
        ("lower_lip", ["lower lip"]),
        ("clothes", ["clothes"]),
        ("13", ["hair"]),
    ],
)
def test_a_word_that_names_share_means_all_of_them(text: str, names: list[str]):
    assert [FACES[label_id].name for label_id in FACES.find_all(text)] == names


def test_labels_that_are_restyled_together_are_pairs_and_their_names_mean_the_same_on_the_command_line():
    named = {pair.name: [FACES[label_id].name for label_id in pair.labels] for pair in FACES.pairs}
    assert named["lips"] == ["upper lip", "lower lip"] and set(named) == {"lips", "eyes", "eyebrows", "ears"}
    for set_name in bundled_label_sets():
        label_set = load_label_set(set_name)
        for pair in label_set.pairs:
            assert label_set.find_all(pair.name) == label_set.find_all(pair.name_zh) == pair.labels
            assert all(label_set.pair_of(label_id) == pair for label_id in pair.labels)
    assert FACES.pair_of(13) is None and STREET.pairs == ()


@pytest.mark.parametrize("text", ["wheels", "s", ""])
def test_a_word_of_no_label_means_none(text: str):
    with pytest.raises(BadRequest, match="is not a label"):
        FACES.find_all(text)


def test_equal_names_are_the_same_labels_whatever_their_colours():
    published = load_label_set("celebamask_hq")
    assert FACES.same_labels(published) and FACES.palette().tolist() != published.palette().tolist()
    assert not FACES.same_labels(STREET)


def test_a_label_set_comes_from_a_file_or_a_data_set_folder(tmp_path: Path):
    folder = tmp_path / "我的 数据"
    folder.mkdir()
    rows = [{"id": 0, "name": "sky"}, {"id": 1, "name": "sea", "colour": "#0102ff"}]
    (folder / "classes.json").write_text(json.dumps({"classes": rows, "ignore": 0, "swap_on_flip": [[0, 1]]}))
    for source in (folder, str(folder), folder / "classes.json", str(folder / "classes.json")):
        labels = load_label_set(source)
        assert labels.name == "我的 数据"
        assert labels.palette().tolist() == [[0, 0, 0], [1, 2, 255]]
        assert (labels.ignore, labels.swap_on_flip, labels[1].name_zh) == (0, ((0, 1),), "sea")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"classes": []}',
        '{"classes": [3]}',
        '{"classes": [{"id": 1, "name": "a"}]}',
        '{"classes": [{"id": 0, "name": "a", "colour": "red"}]}',
        '{"classes": [{"id": 0, "name": "a"}], "ignore": 7}',
        '{"classes": [{"id": 0, "name": "a"}], "ignore": []}',
        '{"classes": [{"id": 0, "name": "a"}], "swap_on_flip": [[0, 1]]}',
    ],
)
def test_a_wrong_label_set_file_is_one_sentence(tmp_path: Path, text: str):
    path = tmp_path / "classes.json"
    path.write_text(text)
    with pytest.raises(BadFile) as caught:
        load_label_set(path)
    assert str(path) in str(caught.value) and is_one_sentence(str(caught.value))


def test_an_unknown_label_set_is_answered_with_those_that_ship():
    with pytest.raises(BadRequest, match="there are ade20k, .*street"):
        load_label_set("Gesichter")


# ---------------------------------------------------------------- checking and shaping


def test_wrong_values_are_named():
    label_map = np.array([[0, 19, 3], [255, 19, 18]])
    with pytest.raises(BadLabelMap) as caught:
        check_label_map(label_map, FACES, '"a b.png"')
    text = "\"a b.png\" contains the values 19, 255 which are not labels of 'faces' (0-18)"
    assert str(caught.value).startswith(text) and is_one_sentence(str(caught.value))
    with pytest.raises(BadLabelMap, match="the value -1, which"):
        check_label_map(label_map * 0 - 1, FACES, "the label map")
    with pytest.raises(BadLabelMap, match="and 173 more"):
        check_label_map(np.arange(200)[None], FACES, "x")


@pytest.mark.parametrize("wrong", [np.zeros((2, 2, 3), int), np.zeros((0, 4), int), np.zeros((2, 2))])
def test_what_is_no_label_map_is_refused(wrong: np.ndarray):
    with pytest.raises(BadLabelMap, match="one whole number per pixel"):
        check_label_map(wrong, FACES, "the label map")


def test_resizing_takes_the_nearest_label():
    label_map = np.array([[1, 2], [3, 4]], np.uint8)
    assert resize_label_map(label_map, 4, 6).tolist() == [[1] * 3 + [2] * 3] * 2 + [[3] * 3 + [4] * 3] * 2
    assert resize_label_map(resize_label_map(label_map, 6, 4), 2, 2).tolist() == label_map.tolist()
    assert resize_label_map(label_map, 1, 1).tolist() == [[4]]


# ---------------------------------------------------------------- files


SIDES = st.integers(8, 20)


@given(
    label_map=hnp.arrays(np.uint8, st.tuples(st.integers(8, 20), st.integers(8, 20)), elements=st.integers(0, 18)),
    kind=st.sampled_from(["indexed", "raw", "colour"]),
)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, label_map: np.ndarray, kind: str):
    path = tmp_path_factory.getbasetemp() / "标签 图.png"
    write_label_map(path, label_map, FACES, kind=kind)
    found = read_label_map(path, FACES)
    assert np.array_equal(found.label_map, label_map) and found.label_map.dtype == np.uint8
    assert found.how == kind
    # A map of a few colours may fit the published table as well, and one without 0 may count from 1: both are said.
    assert all("those of faces were used" in note or "begin with 1" in note for note in found.notes)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_values_of_any_depth_are_ids(bits: int):
    ids = np.arange(64).reshape(8, 8) % min(19, 1 << bits)
    if bits == 16:
        rows = ids.astype(">u2")
    else:
        per_byte = 8 // bits
        shifts = np.arange(per_byte)[::-1] * bits
        rows = (ids.reshape(8, -1, per_byte) << shifts).sum(axis=-1).astype(np.uint8)
    data = raw_png(8, 8, bits=bits, colour_type=0, rows=b"".join(b"\0" + row.tobytes() for row in rows))
    found = read_label_map(data, FACES)
    assert found.how == "raw"
    assert np.array_equal(found.label_map, ids)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "GIF"])
def test_other_lossless_files_are_read(kind: str):
    image = Image.fromarray(STRIPES)
    if kind == "GIF":
        image.putpalette(FACES.palette().tobytes())
    found = read_label_map(encoded(image, kind), FACES)
    assert np.array_equal(found.label_map, STRIPES)


def test_grey_ids_kept_as_rgb_are_ids():
    found = read_label_map(encoded(np.repeat(STRIPES[..., None], 3, axis=-1), "PNG"), FACES)
    assert found.how == "raw" and np.array_equal(found.label_map, STRIPES)


def test_colours_of_a_published_table_are_understood_and_said():
    published = load_label_set("celebamask_hq")
    for mode in ("RGB", "RGBA"):
        data = encoded(Image.fromarray(colourise(STRIPES, published)).convert(mode), "PNG")
        found = read_label_map(data, FACES)
        assert found.how == "colour" and np.array_equal(found.label_map, STRIPES)
        assert found.notes == ("read with the colours of celebamask_hq",)


def test_a_colour_is_never_taken_for_its_neighbour():
    coloured = colourise(STRIPES, FACES)
    coloured[0, :3] = (1, 0, 0)
    coloured[5, 0] = (204, 1, 0)
    with pytest.raises(BadLabelMap, match=r"the colours #010000 \(3 pixels\), #cc0100 \(1 pixel\) that"):
        read_label_map(encoded(coloured, "PNG"), FACES)


def test_a_palette_saved_by_a_paint_program_is_read_by_its_colours():
    image = Image.fromarray((200 + STRIPES % 2).astype(np.uint8))
    palette = np.zeros((256, 3), np.uint8)
    palette[200:202] = FACES.palette()[[13, 1]]
    image.putpalette(palette.tobytes())
    found = read_label_map(encoded(image, "PNG"), FACES)
    assert found.how == "colour" and "colours were read" in found.notes[0]
    assert np.array_equal(found.label_map, np.where(STRIPES % 2, 1, 13))


def test_labels_that_share_a_colour_read_as_the_lowest_and_are_not_written():
    cityscapes = load_label_set("cityscapes")
    label_map = np.full((8, 8), 18, np.uint8)
    coloured = encoded(colourise(label_map, cityscapes), "PNG")
    assert read_label_map(coloured, cityscapes).label_map.max() == 17  # pole for polegroup
    label_map[0] = 17
    with pytest.raises(NotSupported, match='"pole" and "polegroup" have the same colour'):
        write_label_map("never.png", label_map, cityscapes, kind="colour")


def test_a_known_order_of_another_tool_is_put_right():
    found = read_label_map(encoded(STRIPES, "PNG"), FACES, order="face-parsing.PyTorch")
    assert found.label_map[:, 0].tolist() == list(ORDERS["face-parsing.PyTorch"])
    assert found.label_map[17, 0] == FACES.find("hair")
    with pytest.raises(BadRequest, match="is for faces"):
        read_label_map(encoded(STRIPES, "PNG"), STREET, order="face-parsing.PyTorch")
    with pytest.raises(BadRequest, match="There is no label order"):
        read_label_map(encoded(STRIPES, "PNG"), FACES, order="Photoshop")
    with pytest.raises(BadLabelMap, match="the value 19, which is not a label of 'face-parsing.PyTorch'"):
        read_label_map(encoded(STRIPES + 1, "PNG"), FACES, order="face-parsing.PyTorch")


def test_the_first_frame_of_an_animation_is_used_and_told():
    image = Image.fromarray(STRIPES)
    data = encoded(image, "TIFF", save_all=True, append_images=[image])
    assert read_label_map(data, FACES).notes == ("first of 2 pages used",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (encoded(STRIPES, "JPEG"), "JPEG file, whose lossy compression blurs"),
        (encoded(np.repeat(STRIPES[..., None], 3, axis=-1), "WEBP"), "lossy compression"),
        (encoded(STRIPES + 19, "PNG"), r"which are not labels of 'faces' \(0-18\)"),
        (encoded((STRIPES.astype(np.uint16) + 256), "PNG"), "the values 256, 257"),
        (encoded(STRIPES / np.float32(2), "TIFF"), "fractions"),
        (encoded(smooth(100, 100), "PNG"), "no label map but a photo"),
        (encoded(Image.new("RGBA", (9, 9), (0, 0, 0, 128)), "PNG"), "transparent pixels"),
        (encoded(STRIPES[:1, :1], "PNG"), "1 x 1 pixels, too small"),
        (encoded(STRIPES, "PNG")[:60], "damaged or incomplete"),
        (b"not a picture", "not a picture"),
    ],
    ids="jpeg webp values wide fractions photo alpha 1x1 truncated text".split(),
)
def test_a_bad_label_map_gets_one_sentence_that_names_it(tmp_path: Path, data: bytes, words: str):
    path = tmp_path / "我的 标签.png"
    path.write_bytes(data)
    with pytest.raises(BadFile, match=words) as caught:
        read_label_map(path, FACES)
    assert str(path) in str(caught.value) and is_one_sentence(str(caught.value))


def test_nothing_is_written_for_wrong_values_suffixes_or_kinds(tmp_path: Path):
    with pytest.raises(BadLabelMap):
        write_label_map(tmp_path / "a.png", STRIPES + 19, FACES)
    with pytest.raises(BadFile, match="saved as PNG"):
        write_label_map(tmp_path / "a.jpg", STRIPES, FACES)
    with pytest.raises(BadRequest, match="indexed, raw or colour"):
        write_label_map(tmp_path / "a.png", STRIPES, FACES, kind="vector")
    assert os.listdir(tmp_path) == []


def test_indexed_files_keep_8_bits_and_the_colours(tmp_path: Path):
    write_label_map(tmp_path / "a.png", STRIPES % 12, STREET)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P" and (tmp_path / "a.png").read_bytes()[24] == 8
        assert image.getpalette()[:36] == STREET.palette().reshape(-1).tolist()


def test_a_label_set_of_one_label_works():
    one = LabelSet("one", (Label(0, "all", "全部", (9, 9, 9)),))
    assert one.find("all") == 0
    check_label_map(np.zeros((2, 2), np.uint8), one, "x")


# ---------------------------------------------------------------- numbers of public sets


def rows_of(*values: int) -> bytes:
    """A grey PNG of 8 rows of each value."""
    return encoded(np.repeat(np.array(values, np.uint8), 8)[:, None].repeat(16, axis=1), "PNG")


@pytest.mark.parametrize(
    ("set_name", "order", "values", "ids"),
    [
        ("ade20k", "ADE20K", (0, 1, 150), (150, 0, 149)),
        ("ade20k", "ids", (0, 1, 150), (0, 1, 150)),
        ("coco_stuff", None, (0, 181, 255), (0, 181, 182)),
        ("cityscapes", None, (0, 18, 255), (7, 33, 0)),
        ("cityscapes", "Cityscapes trainIds", (0, 10, 18), (7, 23, 33)),
        ("cityscapes", None, (7, 23, 33), (7, 23, 33)),
        ("street", None, (0, 10, 255), (0, 10, 11)),
    ],
)
def test_the_numbers_of_public_sets_are_read_right(
    set_name: str, order: str | None, values: tuple[int, ...], ids: tuple[int, ...]
):
    read = read_data_map(rows_of(*values), replace(load_label_set(set_name), order=order))
    assert tuple(read.label_map[::8, 0].tolist()) == ids


@pytest.mark.parametrize(("set_name", "values"), [("ade20k", (0, 1, 150)), ("cityscapes", (0, 10, 18))])
def test_numbers_of_two_orders_are_said_to_be_doubtful_or_refused(set_name: str, values: tuple[int, ...]):
    read = read_label_map(rows_of(*values), load_label_set(set_name))
    assert tuple(read.label_map[::8, 0].tolist()) == values and read.doubt is not None
    with pytest.raises(BadLabelMap, match="cannot be read for certain"):
        read_data_map(rows_of(*values), load_label_set(set_name))


@pytest.mark.parametrize("kind", ["indexed", "raw"])
@pytest.mark.parametrize(
    ("set_name", "order"),
    [("faces", "face-parsing.PyTorch"), ("ade20k", "ADE20K"), ("cityscapes", "Cityscapes trainIds"), ("street", None)],
)
def test_what_was_written_is_read_back_whatever_order_a_data_folder_has(
    tmp_path: Path, set_name: str, order: str | None, kind: MapKind
):
    label_set = replace(load_label_set(set_name), order=order)
    label_map = np.arange(8, dtype=np.uint8)[:, None].repeat(16, axis=1)
    write_label_map(tmp_path / "map.png", label_map, label_set, kind=kind)
    assert np.array_equal(read_label_map(tmp_path / "map.png", label_set).label_map, label_map)
    if kind != "raw":  # grey numbers say nothing about themselves: in a data folder its order holds
        assert np.array_equal(read_data_map(tmp_path / "map.png", label_set).label_map, label_map)


def test_the_refusal_of_doubtful_numbers_names_only_what_there_is_to_say_them_by() -> None:
    ade20k = load_label_set("ade20k")
    with pytest.raises(BadLabelMap) as refused:
        read_certain_map(rows_of(0, 1, 150), ade20k)
    assert refused.value.orders == ("ADE20K", "ids") and "--" not in str(refused.value)
    with pytest.raises(BadLabelMap, match=r'by --order \("ADE20K" or "ids"\)'):
        read_certain_map(rows_of(0, 1, 150), ade20k, option="--order")


def test_numbers_that_count_from_1_are_called_so() -> None:
    with pytest.raises(BadLabelMap, match=r"contains 12, one more than .*\(0-11\).* counts from 1, subtract 1"):
        read_label_map(rows_of(1, 5, 12), STREET)
    with pytest.raises(BadLabelMap, match="the values 12, 13 which are not labels"):
        read_label_map(rows_of(1, 12, 13), STREET)


def test_one_black_number_in_a_data_folder_of_training_numbers_is_the_road():
    image = Image.fromarray(np.zeros((8, 8), np.uint8))
    image.putpalette([0, 0, 0])
    data_set = replace(load_label_set("cityscapes"), order="Cityscapes trainIds")
    assert read_data_map(encoded(image, "PNG"), data_set).label_map.max() == 7


def test_a_minus_one_is_the_ignored_label():
    values = np.full((8, 16), -1, np.int32)
    values[:, 8:] = 3
    read = read_label_map(encoded(values, "TIFF"), STREET)
    assert read.label_map[0].tolist() == [11] * 8 + [3] * 8


def test_an_ignored_255_in_classes_json_is_a_label_of_its_own():
    fields = {"ignore": 255, "classes": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}]}
    labels = LabelSet.from_dict(fields)
    assert labels.ignore == 2 and labels[2].name == "unlabelled"
    assert read_label_map(rows_of(0, 1, 255), labels).label_map[::8, 0].tolist() == [0, 1, 2]


def test_a_palette_of_the_labels_own_colours_in_another_order_is_read_by_colour():
    image = Image.fromarray((STRIPES % 3).astype(np.uint8))
    palette = np.zeros((256, 3), np.uint8)
    palette[:3] = FACES.palette()[[13, 1, 0]]
    image.putpalette(palette.tobytes())
    found = read_label_map(encoded(image, "PNG"), FACES)
    assert found.how == "colour" and "colours were read" in found.notes[0]
    assert np.array_equal(found.label_map, np.array([13, 1, 0])[STRIPES % 3])


@pytest.mark.parametrize("ignore", ["1e999", "[]", '"x"', "300"])
def test_a_label_set_with_an_impossible_number_is_refused(tmp_path, ignore: str):
    (tmp_path / "classes.json").write_text(f'{{"ignore": {ignore}, "classes": [{{"id": 0, "name": "a"}}]}}')
    with pytest.raises(BadFile):
        load_label_set(tmp_path)


# ---------------------------------------------------------------- where nobody is asked what the numbers mean


@pytest.mark.parametrize(("set_name", "order"), [("ade20k", "ADE20K"), ("cityscapes", "Cityscapes trainIds")])
def test_a_map_that_could_be_of_two_orders_is_refused_until_one_is_said(tmp_path: Path, set_name: str, order: str):
    label_set, path = load_label_set(set_name), tmp_path / "a.png"
    values = np.repeat(np.array([[1, 2, 13]], np.uint8), 16, 0).repeat(8, 1)
    Image.fromarray(values).save(path)
    with pytest.raises(BadLabelMap, match=f'--order .*"{order}" or "ids"') as caught:
        read_certain_map(path, label_set, option="--order")
    assert is_one_sentence(str(caught.value))
    assert np.array_equal(read_certain_map(path, label_set, order="ids").label_map, values)
    assert not np.array_equal(read_certain_map(path, label_set, order=order).label_map, values)


def save_numbers(path: Path, values: list[list[int]]) -> None:
    """A grey file with 8 x 8 pixels of each number."""
    Image.fromarray(np.array(values, np.uint8).repeat(8, 0).repeat(8, 1)).save(path)


def ids_in(path: Path, label_set: LabelSet, order: str | None = None) -> list[list[int]]:
    ids: list[list[int]] = read_label_map(path, label_set, order=order).label_map[::8, ::8].tolist()
    return ids


@pytest.fixture
def from_one(tmp_path: Path) -> Path:
    """A map of faces without background; it may be a close-up, or count from 1."""
    save_numbers(tmp_path / "one.png", [[1, 2, 13], [14, 13, 2]])
    return tmp_path / "one.png"


def test_numbers_that_may_count_from_one_are_read_as_ids_with_a_note(from_one: Path) -> None:
    assert ids_in(from_one, FACES) == [[1, 2, 13], [14, 13, 2]]
    (note,) = read_certain_map(from_one, FACES).notes
    assert "begin with 1" in note and f'"{FROM_ONE}"' in note
    assert ids_in(from_one, FACES, FROM_ONE) == [[0, 1, 12], [13, 12, 1]]
    for order in (FROM_ONE, "ids"):
        assert read_label_map(from_one, FACES, order=order).notes == ()


@pytest.mark.parametrize("values", [[0, 1, 13], [2, 13, 14], [1, 1, 1]])
def test_numbers_that_do_not_begin_with_one_need_no_note(tmp_path: Path, values: list[int]) -> None:
    save_numbers(tmp_path / "map.png", [values])
    assert read_label_map(tmp_path / "map.png", FACES).notes == ()
    if 0 in values:
        with pytest.raises(BadLabelMap, match="contains 0, so its numbers do not count from 1"):
            read_label_map(tmp_path / "map.png", FACES, order=FROM_ONE)


def test_a_close_up_in_the_labels_own_palette_needs_no_note(tmp_path: Path) -> None:
    write_label_map(tmp_path / "map.png", np.array([[1, 2, 13]], np.uint8).repeat(8, 0).repeat(8, 1), FACES)
    assert read_label_map(tmp_path / "map.png", FACES).notes == ()


def test_the_highest_number_counted_from_one_and_what_is_nothing(tmp_path: Path) -> None:
    save_numbers(tmp_path / "all.png", [list(range(1, 20))])
    assert ids_in(tmp_path / "all.png", FACES, FROM_ONE) == [list(range(19))]
    save_numbers(tmp_path / "street.png", [[0, 1, 11]])
    assert ids_in(tmp_path / "street.png", STREET, FROM_ONE) == [[11, 0, 10]]
