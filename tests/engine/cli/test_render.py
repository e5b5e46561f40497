"""`tessera render` and `tessera parse`, run for real with tiny weights."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from engine.cli.changes import new_request
from engine.cli.styles import image_style
from engine.cli.words import StyleFile
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import RenderRequest
from engine.requests.styles import ColourStyle, ImageStyle, MixStyle
from tests.commands import Runner, one_sentence
from tests.fixtures import face_label_map

# ---------------------------------------------------------------- render

TINY = ("render", "--weights", "tiny-sean", "--labels", "face.png")
ANNA, BEN = "anna.png@anna.labels.png", "ben.png@ben.labels.png"


def picture(run: Runner, *words: object, out: str = "out.png") -> np.ndarray:
    done = run(*words, "--out", out)
    assert done.code == 0, done.err
    return read_image(out).pixels


def test_render_paints_a_label_map_in_the_mean_style(run: Runner, desk: Path) -> None:
    done = run(*TINY, "--out", "out.png", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert (answer["width"], answer["height"], answer["seed"], answer["device"]) == (64, 64, 0, "cpu")
    assert read_image("out.png").pixels.shape == (64, 64, 3)


def test_the_png_of_an_edited_photo_is_no_painting_but_can_be_made_again(run: Runner, desk: Path) -> None:
    label_map = LabelMapData.from_array(face_label_map())
    edit = RegionEdit(label=13, style=ColourStyle("#a01030"))
    request = EditRequest("tiny-sean", PhotoReference.of("anna.png"), (edit,), label_map)
    Path("edit.json").write_text(to_json(request), "utf-8")
    done = run("request", "edit.json", "--out", "edited.png")
    assert done.code == 0, done.err
    done = run("render", "edited.png", "--out", "painted.png")
    assert done.code == 2 and one_sentence(done.err) and 'request "edited.png"' in done.err
    done = run("request", "edited.png", "--out", "again.png")
    assert done.code == 0 and Path("again.png").read_bytes() == Path("edited.png").read_bytes()


def test_the_same_words_give_the_same_bytes_and_another_seed_others(run: Runner, desk: Path) -> None:
    first = picture(run, *TINY, "--seed", 3)
    assert (picture(run, *TINY, "--seed", 3) == first).all()
    assert (picture(run, *TINY, "--seed", 4) != first).any()


def test_styles_come_from_pictures_label_by_label(run: Runner, desk: Path) -> None:
    """The request in the exported PNG says what each word chose."""
    picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}", "--style", f"皮肤={BEN}", out="both.png")
    styles = from_json(read_embedded_request("both.png") or "").styles
    assert all(isinstance(style, ImageStyle) and style.code for style in styles.values())
    paths = {label: Path(style.path).name for label, style in styles.items()}
    assert {paths.pop(13), paths.pop(1)} == {"ben.png"}
    assert set(paths.values()) == {"anna.png"}
    assert set(paths) | {13, 1} == set(np.unique(face_label_map()).tolist())


def test_each_word_changes_the_picture(run: Runner, desk: Path) -> None:
    mean = picture(run, *TINY)
    anna = picture(run, *TINY, "--styles", ANNA)
    hair = picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}")
    mixed = picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:0.4")
    different = [(a != b).any() for a, b in ((mean, anna), (anna, hair), (anna, mixed), (hair, mixed))]
    assert all(different)


def test_a_mix_ends_in_its_two_styles(run: Runner, desk: Path) -> None:
    anna = picture(run, *TINY, "--styles", ANNA)
    hair = picture(run, *TINY, "--styles", ANNA, "--style", f"hair={BEN}")
    assert (picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:0") == anna).all()
    assert (picture(run, *TINY, "--styles", ANNA, "--mix", f"hair={BEN}:1") == hair).all()
    mixed = from_json(read_embedded_request("out.png") or "").styles[13]
    assert isinstance(mixed, MixStyle) and mixed.amount == 1


def test_without_a_label_map_the_parser_finds_the_regions(run: Runner, desk: Path) -> None:
    picture(run, *TINY, "--styles", "anna.png")
    styles = from_json(read_embedded_request("out.png") or "").styles
    assert styles and all(style.path == "anna.png" for style in styles.values())


def test_a_png_restores_its_picture_without_the_files_it_came_from(run: Runner, desk: Path) -> None:
    first = picture(run, *TINY, "--styles", ANNA, "--seed", 5, out="first.png")
    for name in ("anna.png", "anna.labels.png", "face.png"):
        os.remove(name)
    assert (picture(run, "render", "first.png", out="again.png") == first).all()
    assert read_embedded_request("again.png") == read_embedded_request("first.png")
    assert (picture(run, "render", "first.png", "--seed", 6) != first).any()


def test_a_request_file_finds_pictures_beside_it(
    run: Runner, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = ImageStyle("anna.png", 13, label_map_path="anna.labels.png")
    mix = MixStyle(style, ImageStyle("ben.png", 13, label_map_path="ben.labels.png"), 0.5)
    job = RenderRequest("tiny-sean", LabelMapData.from_array(face_label_map()), {13: mix})
    Path("job.json").write_text(to_json(job), encoding="utf-8")
    here = picture(run, "render", "job.json")
    monkeypatch.chdir(tmp_path)
    assert (picture(run, "render", desk / "job.json") == here).all()


def test_weights_given_as_a_folder_are_called_by_a_name_that_lasts(
    run: Runner, desk: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["render", "--labels", "face.png", "--weights", tiny_weights / "tiny-sean"]
    by_folder = picture(run, *words)
    assert from_json(read_embedded_request("out.png") or "").weights == "tiny-sean"
    monkeypatch.delenv("TESSERA_WEIGHTS")
    assert (picture(run, *words) == by_folder).all()
    assert from_json(read_embedded_request("out.png") or "").weights == str(tiny_weights / "tiny-sean")


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tiff"])
def test_other_formats_are_written_by_suffix(run: Runner, desk: Path, suffix: str) -> None:
    assert picture(run, *TINY, out=f"图{suffix}").shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["render"], "--labels"),
        (["render", "--weights", "tiny-sean"], "--labels"),
        (["render", "face.png", "--weights", "tiny-sean"], "--weights"),
        (["render", "face.png"], "carries no request"),
        (["render", "text.txt"], "text.txt"),
        (["render", "gone.json"], "gone.json"),
        ([*TINY[:3], "--labels", "gone.png"], "gone.png"),
        ([*TINY[:3], "--labels", "text.png"], "text.png"),
        ([*TINY[:3], "--labels", "wrong.png"], "200"),
        (["render", "--weights", "tiny", "--labels", "face.png"], "tiny-sean"),
        (["render", "--weights", "tiny-parser", "--labels", "face.png"], "tiny-parser"),
        ([*TINY, "--style", "hiar=anna.png"], "hair"),
        ([*TINY, "--style", "hair"], "LABEL=FILE"),
        ([*TINY, "--style", "hair=gone.png"], "gone.png"),
        ([*TINY, "--style", "hair=text.png@anna.labels.png"], "text.png"),
        ([*TINY, "--style", f"necklace={ANNA}"], "necklace"),
        ([*TINY, "--mix", f"hair={ANNA}"], "--mix"),
        ([*TINY, "--mix", f"hair={ANNA}:7"], "-1 to 2"),
        ([*TINY, "--seed", "-1"], "seed"),
        ([*TINY, "--device", "toaster"], "toaster"),
        ([*TINY, "--device", "cuda:9"], "cuda:9"),
    ],
)
def test_a_mistake_in_rendering_gets_one_sentence_and_no_picture(
    run: Runner, desk: Path, words: list[str], says: str
) -> None:
    Path("text.png").write_text("not a picture", encoding="utf-8")
    Path("text.txt").write_text("not a request", encoding="utf-8")
    Image.fromarray(np.full((8, 8), 200, np.uint8)).save("wrong.png")
    done = run(*words, "--out", "out.png")
    assert done.code == 2, done
    assert says in one_sentence(done.err)
    assert not Path("out.png").exists()


# ---------------------------------------------------------------- parse


def test_parse_writes_a_label_map_and_says_what_it_shows(run: Runner, desk: Path) -> None:
    faces = load_label_set("faces")
    done = run("parse", "anna.png", "--weights", "tiny-parser", "--out", "l.png", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    found = read_label_map("l.png", faces)
    assert found.how == "indexed"
    assert found.label_map.shape == (64, 64)
    assert set(answer["labels"]) == {faces[int(i)].name for i in np.unique(found.label_map)}
    assert 0 <= answer["confidence"] <= 1
    raw = run("parse", "anna.png", "--weights", "tiny-parser", "--out", "raw.png", "--kind", "raw")
    assert raw.code == 0
    assert (np.asarray(Image.open("raw.png")) == found.label_map).all()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gone.png", "--weights", "tiny-parser"], "gone.png"),
        (["anna.png", "--weights", "tiny-sean"], "tiny-sean"),
        (["anna.png", "--weights", "nothing"], "nothing"),
        (["anna.png", "--weights", "tiny-parser", "--kind", "blue"], "--kind"),
    ],
)
def test_a_mistake_in_parsing_gets_one_sentence_and_no_file(
    run: Runner, desk: Path, words: list[str], says: str
) -> None:
    done = run("parse", *words, "--out", "l.png")
    assert done.code == 2
    assert says in one_sentence(done.err)
    assert not Path("l.png").exists()


def test_a_map_of_a_set_with_two_orders_is_asked_about(
    run: Runner, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ADE20K's own files count from 1: without --order they would be painted one label off."""
    ade20k = load_label_set("ade20k")
    monkeypatch.setattr("engine.cli.styles.label_set_of", lambda weights: ade20k)
    Image.fromarray(np.repeat(np.array([[1, 2, 13]], np.uint8), 16, 0).repeat(8, 1)).save("ade.png")
    done = run("render", "--weights", "tiny-sean", "--labels", "ade.png", "--out", "out.png")
    assert done.code == 2 and one_sentence(done.err) and '--order ("ADE20K" or "ids")' in done.err
    monkeypatch.setattr("engine.cli.changes.lasting_name", str)
    request = new_request("ade", Path("ade.png"), SimpleNamespace(label_set=ade20k), "ADE20K")
    assert np.unique(request.label_map.array()).tolist() == [0, 1, 12]


def test_a_map_that_may_count_from_one_is_painted_with_a_note(run: Runner, desk: Path) -> None:
    """A close-up of a face has no background; a map that counts from 1 would be one label off in silence."""
    Image.fromarray(np.repeat(np.array([[1, 2, 14]], np.uint8), 24, 0).repeat(8, 1)).save("one.png")
    for words in (
        ("render", "--weights", "tiny-sean", "--labels", "one.png"),
        ("edit", "anna.png", "--weights", "tiny-sean", "--labels", "one.png", "--colour", "skin=#c09060"),
    ):
        done = run(*words, "--out", "out.png")
        assert done.code == 0 and "its numbers begin with 1" in done.err, done.err
        done = run(*words, "--order", "from 1", "--out", "out.png")
        assert done.code == 0 and "begin with 1" not in done.err, done.err
        assert words[0] == "edit" or set(request_ids("out.png")) == {0, 1, 13}


def request_ids(picture_name: str) -> list[int]:
    request = from_json(read_embedded_request(Path(picture_name)) or "")
    assert isinstance(request, RenderRequest)
    ids: list[int] = np.unique(request.label_map.array()).tolist()
    return ids


def test_an_order_counts_for_the_maps_of_style_pictures_too(desk: Path) -> None:
    ade20k = load_label_set("ade20k")
    Image.fromarray(np.repeat(np.array([[1, 2, 13]], np.uint8), 16, 0).repeat(8, 1)).save("ade.png")
    style = image_style(StyleFile("anna.png", "ade.png"), 1, ade20k, "ADE20K")
    assert style.label_map_path is None and np.unique(style.label_map()).tolist() == [0, 1, 12]
    assert image_style(StyleFile("anna.png", "ade.png"), 1, ade20k, None).label_map_path == os.path.abspath("ade.png")


def test_a_picture_carries_no_folders_unless_it_is_asked_to(run: Runner, desk: Path) -> None:
    """The file's name alone where the style's code travels along, and the same picture again without the file."""
    words = (*TINY, "--style", f"hair={ANNA}")
    first = picture(run, *words)
    text = read_embedded_request(Path("out.png")) or ""
    assert str(desk) not in text and '"anna.png"' in text
    Path("anna.png").rename("moved.png")
    assert np.array_equal(picture(run, "render", "out.png", out="again.png"), first)
    Path("moved.png").rename("anna.png")
    picture(run, *words, "--keep-paths", out="kept.png")
    assert os.path.abspath("anna.png") in (read_embedded_request(Path("kept.png")) or "")


def test_an_edited_photo_says_no_folder_of_what_lies_beside_or_below_it(run: Runner, desk: Path) -> None:
    (desk / "in").mkdir()
    Path("anna.png").rename("in/anna.png")
    style = "hair=in/anna.png@anna.labels.png"
    words = ("edit", "in/anna.png", "--labels", "anna.labels.png", "--weights", "tiny-sean", "--style", style)
    assert run(*words, "--out", "edited.png").code == 0
    text = read_embedded_request(Path("edited.png")) or str(desk)
    assert str(desk) not in text and text.count('"in/anna.png"') == 2 and '"anna.labels.png"' in text
