"""Label maps in somebody else's colours: which colour is which label is said once, and can be taken back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadFile, BadLabelMap, BadRequest
from engine.labels.colour_tables import colour_table, read_colour_table, table_fields
from engine.labels.label_colours import nearest_labels
from engine.labels.label_maps import read_data_map, read_label_map, used_colours, write_label_map
from engine.labels.label_sets import LabelSet, load_label_set

FACES = load_label_set("faces")
HAIR, SKIN = FACES.find("hair"), FACES.find("skin")
TEAL, ROSE = 0x1F8A8B, 0xE9A0B0
TABLE = {TEAL: HAIR, ROSE: SKIN}


def picture_of(colours: list[int]) -> np.ndarray:
    """(8, 8 N, 3) uint8: a square of 64 pixels of each colour."""
    row = np.array([[colour >> 16, colour >> 8 & 255, colour & 255] for colour in colours], np.uint8)
    return np.tile(row.repeat(8, axis=0), (8, 1, 1))


def columns(label_map: np.ndarray) -> list[int]:
    """The id of each square of `picture_of`."""
    assert (label_map == label_map[:1].repeat(8, axis=0)).all()
    return label_map[0, ::8].tolist()


def test_a_table_says_what_colours_mean_that_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    Image.fromarray(picture_of([TEAL, ROSE, 0])).save(path)  # black is the set's own background
    with pytest.raises(BadLabelMap, match="#1f8a8b"):
        read_label_map(path, FACES)
    reading = read_label_map(path, FACES, colours=TABLE)
    assert columns(reading.label_map) == [HAIR, SKIN, 0]
    assert reading.how == "colour" and any("table" in note for note in reading.notes)
    with pytest.raises(BadLabelMap, match="#e9a0b0") as refused:
        read_label_map(path, FACES, colours={TEAL: HAIR})
    assert "#1f8a8b" not in str(refused.value)


@pytest.mark.parametrize("mode", ["P", "L"])
def test_a_table_counts_more_than_palette_or_grey_numbers(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "map.png"
    greys = picture_of([0x323232, 0x646464])
    Image.fromarray(greys).convert(mode, palette=Image.Palette.ADAPTIVE).save(path)
    reading = read_label_map(path, FACES, colours={0x323232: HAIR, 0x646464: SKIN})
    assert columns(reading.label_map) == [HAIR, SKIN]


@pytest.mark.parametrize("kind", ["indexed", "raw"])
def test_a_table_does_not_count_where_numbers_prove_to_be_ids(tmp_path: Path, kind: str) -> None:
    """Tessera's own maps in a folder whose colour maps have a label's colour, or black, for something else."""
    path, black, brown = tmp_path / "map.png", int(FACES[0].hex[1:], 16), int(FACES[1].hex[1:], 16)
    table = {black: HAIR, brown: HAIR, 0: HAIR}
    label_set = LabelSet.from_dict(FACES.to_dict() | {"colours": table_fields(table, FACES)})
    for ids in ([0], [1], [0, 1, 2]):
        label_map = np.tile(np.repeat(np.array(ids, np.uint8), 8), (8, 1))
        write_label_map(path, label_map, FACES, kind=kind)  # type: ignore[arg-type]
        for reading in (read_data_map(path, label_set), read_label_map(path, FACES, colours=table)):
            assert columns(reading.label_map) == ids and reading.how == kind
    if kind == "indexed":  # but somebody may say so of this very file
        assert columns(read_label_map(path, FACES, colours=table, by_colours=True).label_map) == [HAIR, HAIR, 2]


def test_a_palette_of_used_numbers_alone_in_the_labels_colours_proves_ids_too(tmp_path: Path) -> None:
    path, image = tmp_path / "map.png", Image.fromarray(np.tile(np.arange(8, dtype=np.uint8) % 3, (8, 1)))
    image.putpalette(FACES.palette()[:3].tobytes())
    image.save(path)
    table = {int(FACES[1].hex[1:], 16): HAIR}
    assert read_label_map(path, FACES, colours=table).label_map.max() == 2


def test_a_table_may_say_otherwise_of_a_colour_that_is_a_labels_own(tmp_path: Path) -> None:
    path, hair = tmp_path / "map.png", int(FACES[HAIR].hex[1:], 16)
    Image.fromarray(picture_of([hair, TEAL])).save(path)
    assert columns(read_label_map(path, FACES, colours={hair: SKIN, TEAL: HAIR}).label_map) == [SKIN, HAIR]


def test_maps_without_a_colour_of_the_table_are_read_as_ever(tmp_path: Path) -> None:
    label_map = np.tile(np.arange(len(FACES), dtype=np.uint8), (8, 1))
    for kind in ("indexed", "raw", "colour"):
        path = tmp_path / f"{kind}.png"
        write_label_map(path, label_map, FACES, kind=kind)  # type: ignore[arg-type]
        reading = read_label_map(path, FACES, colours=TABLE)
        assert np.array_equal(reading.label_map, label_map) and reading.how == kind


def test_the_nearest_label_is_offered_for_each_colour() -> None:
    palette = FACES.palette().astype(int)
    for label in FACES.labels:
        red, green, blue = np.clip(palette[label.id] + (3, -3, 2), 0, 255).tolist()
        assert nearest_labels([red << 16 | green << 8 | blue], FACES).popitem()[1] == label.id


def test_the_colours_of_a_picture_are_counted_but_not_a_photos(tmp_path: Path) -> None:
    path, photo = tmp_path / "map.png", tmp_path / "photo.png"
    Image.fromarray(picture_of([TEAL, ROSE, ROSE])).save(path)
    assert used_colours(path) == {TEAL: 64, ROSE: 128}
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    Image.fromarray(noise).save(photo)
    assert used_colours(photo) == {}
    Image.fromarray(picture_of([TEAL, ROSE])).save(tmp_path / "map.jpg")
    assert used_colours(tmp_path / "map.jpg") == {}


def test_a_label_set_keeps_the_table_of_a_folder_and_weights_do_not(tmp_path: Path) -> None:
    fields = FACES.to_dict() | {"colours": {"#1f8a8b": "hair", "#E9A0B0": "皮肤", "#000001": 13}}
    label_set = LabelSet.from_dict(fields)
    assert dict(label_set.colours) == {TEAL: HAIR, ROSE: SKIN, 1: 13}
    assert LabelSet.from_dict(label_set.to_dict()) == label_set and label_set.same_labels(FACES)
    assert label_set.for_weights() == FACES
    Image.fromarray(picture_of([TEAL, ROSE])).save(tmp_path / "map.png")
    assert columns(read_data_map(tmp_path / "map.png", label_set).label_map) == [HAIR, SKIN]


def test_a_table_reads_back_what_it_writes(tmp_path: Path) -> None:
    twins = LabelSet.from_dict({"classes": [{"id": 0, "name": "a"}, {"id": 1, "name": "a"}, {"id": 2, "name": "1"}]})
    for label_set in (FACES, twins):
        table = {colour: label.id for colour, label in enumerate(label_set.labels)}
        path = tmp_path / "table.json"
        path.write_text(json.dumps(table_fields(table, label_set)), "utf-8")
        assert read_colour_table(path, label_set) == table


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["#ff0000"], "table of colours"),
        ({"red": 1}, "not a colour"),
        ({"#ff000": 1}, "not a colour"),
        ({"#ff0000": 99}, "99"),
        ({"#ff0000": "har"}, "hair"),
        ({"#ff0000": None}, "None"),
    ],
)
def test_a_wrong_table_is_refused_in_a_sentence(tmp_path: Path, fields: object, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        colour_table(fields, FACES)
    path = tmp_path / "table.json"
    path.write_text(json.dumps(fields), "utf-8")
    with pytest.raises(BadFile, match="table.json"):
        read_colour_table(path, FACES)
    with pytest.raises(BadFile, match="label set"):
        LabelSet.from_dict(FACES.to_dict() | {"colours": fields})
