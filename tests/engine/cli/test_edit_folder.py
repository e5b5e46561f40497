"""`tessera edit FOLDER`: every photo is edited into another folder, and what could not be is said."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.edit import FaceSearch, reshaping
from engine.cli.edit_folder import RECORD, FolderEdit
from engine.errors import BadLabelMap, Cancelled
from engine.labels.label_maps import MapKind, write_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import read_image, write_image
from engine.requests.edit import EditRequest, RegionEdit
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle
from engine.session import Session
from tests.commands import Done, Runner, one_sentence
from tests.fixtures import face_label_map, photo_of

HAIR = 13


@pytest.fixture
def photos(desk: Path) -> Path:
    """photos/: two portraits of different formats, one in a folder, a text; maps/: their label maps."""
    for name in ("anna.jpg", "more/ben.png"):
        for path in (Path("photos", name), Path("maps", name).with_suffix(".png")):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_image(Path("photos", name), photo_of(face_label_map(), len(name)))
        write_label_map(Path("maps", name).with_suffix(".png"), face_label_map(), load_label_set("faces"))
    Path("photos", "notes.txt").write_text("no picture", "utf-8")
    return Path("photos")


def edit(run: Runner, *words: object) -> Done:
    return run("edit", "photos", "--weights", "tiny-sean", "--labels", "maps", "--out", "done", *words)


def test_every_photo_of_a_folder_is_edited_into_another(run: Runner, photos: Path) -> None:
    done = edit(run, "--colour", "hair=#c09060", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert (answer["edited"], answer["finished_before"], answer["left_out"]) == (2, 0, {})
    for name in ("anna.jpg", "more/ben.png"):
        before, after = read_image(photos / name).pixels, read_image(Path("done", name)).pixels
        assert after.shape == before.shape and (after != before).any()
    record = json.loads(Path("done", RECORD).read_text("utf-8"))["photos"]
    assert record.keys() == {"anna.jpg", "more/ben.png"} and record["more/ben.png"]["changed"] > 0.1


def test_a_bad_photo_is_left_out_and_the_rest_goes_on(run: Runner, photos: Path) -> None:
    (photos / "a-broken.jpg").write_bytes((photos / "anna.jpg").read_bytes()[:300])
    write_image(photos / "bald.png", photo_of(face_label_map()))
    write_label_map("maps/bald.png", np.ones((64, 64), np.uint8), load_label_set("faces"))
    done = edit(run, "--colour", "hair=#c09060")
    assert done.code == 1
    first, *left_out = done.out.splitlines()
    assert "2 edited, 0 finished before, 2 left out" in first
    assert left_out[0].startswith("  a-broken.jpg: ") and "damaged" in left_out[0]
    assert left_out[1].startswith("  bald.png: The photo has no region") and '"hair"' in left_out[1]
    assert sorted(path.name for path in Path("done").iterdir()) == ["anna.jpg", RECORD, "more"]


@pytest.mark.parametrize("kind", ["indexed", "raw", "colour"])
def test_a_label_map_in_the_place_of_a_photo_is_named(run: Runner, photos: Path, kind: MapKind) -> None:
    write_label_map(photos / "mine.png", face_label_map(), load_label_set("faces"), kind=kind)
    words = ("--weights", "tiny-sean", "--colour", "hair=#c09060")
    done = edit(run, "--colour", "hair=#c09060")
    assert done.code == 1 and "  mine.png: " in done.out and "is a label map, not a photo" in done.out
    for command in (
        ("edit", "photos/mine.png", *words, "--out", "a.png"),
        ("parse", "photos/mine.png", "--weights", "tiny-parser", "--out", "a.png"),
        ("inpaint", "photos/mine.png", "--mask", "photos/mine.png", "--out", "a.png"),
    ):
        done = run(*command)
        assert done.code == 2 and "is a label map, not a photo" in one_sentence(done.err) and not Path("a.png").exists()
    done = run("edit", "photos/mine.png", *words, "--labels", "photos/mine.png", "--out", "a.png")
    assert done.code == 0, done.err  # who names its regions means it


def test_what_is_finished_is_skipped_unless_something_has_changed(run: Runner, photos: Path) -> None:
    words = ["--colour", "hair=#c09060"]
    edit(run, *words)
    first = Path("done/anna.jpg").stat().st_mtime_ns
    assert "0 edited, 2 finished before" in edit(run, *words).out
    assert Path("done/anna.jpg").stat().st_mtime_ns == first
    write_image(photos / "anna.jpg", photo_of(face_label_map(), 9))
    assert "1 edited, 1 finished before" in edit(run, *words).out
    Path("done/more/ben.png").unlink()
    assert "1 edited, 1 finished before" in edit(run, *words).out
    assert "2 edited, 0 finished before" in edit(run, *words, "--strength", "hair=0.5").out
    shutil.rmtree(photos / "more")
    assert "0 edited, 1 finished before" in edit(run, *words, "--strength", "hair=0.5").out
    assert json.loads(Path("done", RECORD).read_text("utf-8"))["photos"].keys() == {"anna.jpg"}


def test_another_style_picture_makes_all_again(run: Runner, photos: Path) -> None:
    words = ["--style", "hair=ben.png@ben.labels.png"]
    assert "2 edited" in edit(run, *words).out
    assert "0 edited" in edit(run, *words).out
    write_image("ben.png", photo_of(face_label_map(), 7))
    assert "2 edited" in edit(run, *words).out


def test_an_interrupted_run_keeps_what_is_finished_and_leaves_no_part_of_a_file(photos: Path) -> None:
    cancel = threading.Event()
    label_map = LabelMapData.from_array(face_label_map())
    edits = (RegionEdit(HAIR, ColourStyle("#c09060")),)

    def stop_in_the_second(fraction: float, name: str) -> None:
        if fraction > 0.51:
            cancel.set()

    job = FolderEdit(
        Session("cpu"), photos, Path("done"),
        lambda path: EditRequest("tiny-sean", PhotoReference.of(path), edits, label_map), keep_place=False,
    )
    with pytest.raises(Cancelled):
        job.run(stop_in_the_second, cancel)
    assert sorted(path.name for path in Path("done").rglob("*")) == ["anna.jpg", RECORD]
    record = job.run(lambda fraction, name: None, threading.Event())
    assert [photo.finished_before for photo in record.photos.values()] == [True, False]


def test_names_say_the_format_that_is_written(run: Runner, photos: Path) -> None:
    Image.fromarray(photo_of(face_label_map())).save(photos / "anna.bmp")
    Image.fromarray(photo_of(face_label_map())).save(photos / "really-a-png.jpg", "PNG")
    for name in ("anna", "really-a-png"):
        write_label_map(f"maps/{name}.png", face_label_map(), load_label_set("faces"))
    assert edit(run, "--colour", "hair=#c09060").code == 0
    assert {path.name for path in Path("done").glob("*.*")} >= {"anna.jpg", "anna.bmp.png", "really-a-png.jpg.png"}


def test_folders_that_cannot_be_are_refused_with_a_sentence(run: Runner, photos: Path) -> None:
    words = ("--weights", "tiny-sean", "--colour", "hair=#c09060", "--out")
    assert "written over" in one_sentence(run("edit", "photos", *words, "photos").err)
    assert "it is a file" in one_sentence(run("edit", "photos", *words, "anna.png").err)
    assert "does not exist" in one_sentence(run("edit", "photos", *words, "nowhere/done").err)
    Path("empty").mkdir()
    assert "has no photos" in one_sentence(run("edit", "empty", *words, "done").err)
    done = run("edit", "photos", *words, "done", "--labels", "face.png")
    assert done.code == 2 and "give a folder of maps" in one_sentence(done.err)
    Path("done").mkdir(exist_ok=True)
    Path("done", RECORD).write_text("[]", "utf-8")
    assert "is not what editing a folder writes" in one_sentence(edit(run, *words[2:4]).err)
    assert Path("done", RECORD).read_text("utf-8") == "[]"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["an\ta.jpg", "bel\x01.jpg", os.fsdecode(b"b\xff.jpg")])
def test_a_name_that_cannot_be_written_is_the_problem_of_that_photo_alone(
    run: Runner, photos: Path, name: str
) -> None:
    shutil.copy(photos / "anna.jpg", photos / name)
    shutil.copy(Path("maps/anna.png"), Path("maps", name).with_suffix(".png"))
    done = edit(run, "--colour", "hair=#c09060")
    assert done.code == 1, done.err
    assert "2 edited, 0 finished before, 1 left out" in done.out
    lines = json.loads(Path("done", RECORD).read_text("utf-8"))["photos"]
    (problem,) = [line["problem"] for line in lines.values() if line["problem"]]
    assert "name" in problem and ascii(name)[1:-1] in problem
    assert "0 edited, 2 finished before, 1 left out" in edit(run, "--colour", "hair=#c09060").out


def test_faces_are_searched_in_photos_that_are_not_finished(
    tiny_weights: Path, photos: Path
) -> None:
    searched: list[str] = []

    class Search(FaceSearch):
        def of_face(self, session: Session, request: EditRequest) -> EditRequest:
            searched.append(request.photo.name)
            return request

    def request_for(path: Path) -> EditRequest:
        label_map = LabelMapData.from_array(face_label_map())
        edits = (RegionEdit(HAIR, ColourStyle("#c09060")),)
        return EditRequest("tiny-sean", PhotoReference.of(path), edits, label_map)

    def run_with(number: int | None) -> list[str]:
        searched.clear()
        search = Search("tiny-parser", number)
        FolderEdit(Session("cpu"), photos, Path("done"), request_for, False, search).run(
            lambda *_: None, threading.Event()
        )
        return searched.copy()

    assert run_with(1) == ["anna.jpg", "ben.png"]
    assert run_with(1) == []
    assert run_with(2) == ["anna.jpg", "ben.png"]


def test_doubtful_numbers_of_the_wanted_shapes_are_refused_by_the_option_that_says_them(tmp_path: Path) -> None:
    write_label_map(tmp_path / "wanted.png", np.full((8, 8), 3, np.uint8), load_label_set("cityscapes"), kind="raw")
    with pytest.raises(BadLabelMap, match="--order"):
        reshaping(lambda path: pytest.fail("too late"), tmp_path / "wanted.png", load_label_set("cityscapes"), None)
