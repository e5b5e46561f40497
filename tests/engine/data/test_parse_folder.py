"""Label maps made by a parser: which are written, which are left out, and what an interrupted run leaves."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.data import parse_folder as module
from engine.data.parse_folder import ParsedFolder, parse_folder
from engine.errors import BadFile, Cancelled
from engine.labels.doubts import doubt_about
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.pictures.images import write_image
from tests.commands import Runner
from tests.fixtures import face_label_map, photo_of

FACES = load_label_set("faces")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, none with a label map."""
    (tmp_path / "照片" / "images" / "more").mkdir(parents=True)
    for n, name in enumerate(("a", "b", "c", "more/d")):
        write_image(tmp_path / "照片" / "images" / f"{name}.png", photo_of(face_label_map(64), n))
    return tmp_path / "照片"


class Parser:
    """Finds a drawn face everywhere; says how sure it is by the file's name; remembers what it was asked."""

    def __init__(self, **sure: float) -> None:
        self.sure, self.asked = sure, list[str]()

    def __call__(self, path: Path) -> tuple[np.ndarray, float]:
        self.asked.append(path.stem)
        return face_label_map(64), self.sure.get(path.stem, 0.95)


def run_on(folder: Path, parser: Parser, **options: object) -> ParsedFolder:
    settings = {"weights": "mine", "sha256": "1", "sure": 0.8} | options
    return parse_folder(folder, parser, FACES, **settings)  # type: ignore[arg-type]


def recorded(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "parsed.json").read_text("utf-8"))["pictures"]


def test_pictures_get_label_maps_a_confidence_and_a_label_set(folder: Path) -> None:
    outcome = run_on(folder, Parser(b=0.81))
    assert outcome.written == ["a", "b", "c", "more/d"]
    assert outcome.confidence == {"a": 0.95, "b": 0.81, "c": 0.95, "more/d": 0.95}
    for stem in outcome.written:
        label_map = read_label_map(folder / "labels" / f"{stem}.png", FACES).label_map
        assert np.array_equal(label_map, face_label_map(64))
    assert load_label_set(folder / "classes.json").same_labels(FACES)
    assert recorded(folder)["b"] == {"confidence": 0.81, "doubt": ""}


def test_what_the_parser_is_unsure_of_is_left_out_and_said(folder: Path) -> None:
    outcome = run_on(folder, Parser(b=0.4))
    assert list(outcome.left_out) == ["b"] and "unsure (0.40)" in outcome.left_out["b"]
    assert not (folder / "labels" / "b.png").exists()


def test_a_second_run_parses_nothing_again(folder: Path) -> None:
    run_on(folder, Parser(b=0.4))
    parser = Parser(b=0.4)
    outcome = run_on(folder, parser)
    assert parser.asked == [] and outcome.kept == ["a", "c", "more/d"] and list(outcome.left_out) == ["b"]


def test_asking_for_less_parses_what_was_unsure_and_asking_for_more_takes_maps_back(folder: Path) -> None:
    run_on(folder, Parser(b=0.4, c=0.85))
    parser = Parser(b=0.4)
    assert run_on(folder, parser, sure=0.3).written == ["b"] and parser.asked == ["b"]
    parser = Parser(b=0.4, c=0.85)
    assert list(run_on(folder, parser, sure=0.9).left_out) == ["b", "c"] and parser.asked == ["b", "c"]
    assert not (folder / "labels" / "c.png").exists()


def test_label_maps_of_others_are_never_touched(folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "b.png").write_bytes(b"by hand")
    outcome = run_on(folder, Parser())
    assert outcome.labelled_before == ["b"] and (folder / "labels" / "b.png").read_bytes() == b"by hand"
    assert "b" not in recorded(folder)
    assert run_on(folder, Parser(), sha256="2").labelled_before == ["b"]


def test_another_parser_makes_its_maps_anew(folder: Path) -> None:
    run_on(folder, Parser())
    parser = Parser(a=0.2)
    outcome = run_on(folder, parser, sha256="2")
    assert outcome.written == ["b", "c", "more/d"] and list(outcome.left_out) == ["a"]
    assert not (folder / "labels" / "a.png").exists()


def test_a_map_that_was_deleted_is_made_again(folder: Path) -> None:
    run_on(folder, Parser())
    (folder / "labels" / "a.png").unlink()
    assert run_on(folder, Parser()).written == ["a"]


def test_a_cancelled_run_keeps_what_it_did(folder: Path) -> None:
    cancel, parser = threading.Event(), Parser()

    def parse(path: Path) -> tuple[np.ndarray, float]:
        if path.stem == "b":
            cancel.set()
        return parser(path)

    with pytest.raises(Cancelled):
        parse_folder(folder, parse, FACES, weights="mine", sha256="1", sure=0.8, cancel=cancel)
    assert sorted(path.name for path in (folder / "labels").iterdir()) == ["a.png", "b.png"]
    outcome = run_on(folder, parser)
    assert parser.asked == ["a", "b", "c", "d"] and outcome.kept == ["a", "b"]


def test_a_run_killed_between_record_and_maps_takes_no_map_for_somebody_elses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAVE_SECONDS", -1.0)
    write = module.write_label_map

    def killed(path: Path, label_map: np.ndarray, label_set: LabelSet) -> None:
        if path.stem == "b":
            raise KeyboardInterrupt
        write(path, label_map, label_set)

    monkeypatch.setattr(module, "write_label_map", killed)
    with pytest.raises(KeyboardInterrupt):
        run_on(folder, Parser())
    monkeypatch.setattr(module, "write_label_map", write)
    outcome = run_on(folder, Parser())
    assert outcome.kept == ["a"] and outcome.written == ["b", "c", "more/d"] and outcome.labelled_before == []


def test_a_broken_picture_is_listed_and_the_rest_goes_on(folder: Path) -> None:
    def parse(path: Path) -> tuple[np.ndarray, float]:
        if path.stem == "b":
            raise BadFile("b.png is damaged.")
        return face_label_map(64), 0.9

    outcome = parse_folder(folder, parse, FACES, weights="mine")
    assert outcome.left_out == {"b": "b.png is damaged."} and len(outcome.written) == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["an\ta", "bel\x01", os.fsdecode(b"b\xff")])
def test_a_name_that_cannot_be_written_leaves_out_that_picture_alone(folder: Path, name: str) -> None:
    (folder / "images" / "a.png").rename(folder / "images" / f"{name}.png")
    outcome = run_on(folder, Parser())
    assert outcome.written == ["b", "c", "more/d"] and recorded(folder).keys() == {"b", "c", "more/d"}
    (problem,) = outcome.left_out.values()
    assert "name" in problem and ascii(name)[1:-1] in problem


def test_other_labels_no_pictures_and_a_strange_record_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="no pictures"):
        run_on(tmp_path / "empty", Parser())
    (folder / "parsed.json").write_text("[]", "utf-8")
    with pytest.raises(BadFile, match="not what parsing writes"):
        run_on(folder, Parser())
    assert (folder / "parsed.json").read_text("utf-8") == "[]"
    (folder / "parsed.json").unlink()
    (folder / "classes.json").write_text(json.dumps(load_label_set("street").to_dict()), "utf-8")
    with pytest.raises(BadFile, match="other labels"):
        run_on(folder, Parser())
    assert not (folder / "labels").exists()


# ---------------------------------------------------------------- what cannot be right


def without(*names: str) -> np.ndarray:
    label_map = face_label_map(128)
    for label in FACES.labels:
        if label.name in names:
            label_map[label_map == label.id] = 1 if label.name != "skin" else 0
    return label_map


@pytest.mark.parametrize(
    ("label_map", "says"),
    [
        (face_label_map(128), ""),
        (np.zeros((64, 64), np.uint8), "nearly all of it is background"),
        (without("skin"), "no skin"),
        (without("nose"), "no nose"),
        (without("upper lip", "lower lip"), "no lips"),
        (without("left eye"), "an eye is missing on one side"),
        (face_label_map(128)[::-1].copy(), "above the nose"),
        (np.hstack([face_label_map(128), face_label_map(128)]), "more than one nose"),
    ],
)
def test_maps_of_faces_that_cannot_be_right(label_map: np.ndarray, says: str) -> None:
    doubt = doubt_about(label_map, FACES)
    assert (says in doubt) if says else doubt == ""


def without_one(name: str, cover: int) -> np.ndarray:
    """A map without one eye or brow: a label lies there in its place."""
    label_map = face_label_map(128)
    rows, columns = np.nonzero(label_map == FACES.find(name))
    around = slice(rows.min() - 4, rows.max() + 5), slice(columns.min() - 4, columns.max() + 5)
    label_map[label_map == FACES.find(name)] = FACES.find("skin")
    if cover:
        label_map[around] = cover
    return label_map


def torn_mouth() -> np.ndarray:
    label_map = face_label_map(128)
    rows, columns = np.nonzero(np.isin(label_map, [FACES.find("upper lip"), FACES.find("lower lip")]))
    label_map[rows + 14, columns + 2] = FACES.find("lower lip")
    return label_map


def half_a_face(side: slice) -> np.ndarray:
    label_map = face_label_map(128)
    kept = [0, *(FACES.find(name) for name in ("nose", "upper lip", "lower lip"))]
    label_map[:, side][~np.isin(label_map[:, side], kept)] = FACES.find("hair")
    return label_map


@pytest.mark.parametrize(
    ("label_map", "says"),
    [
        (torn_mouth(), "the mouth is in pieces"),
        *[(without_one(f"{side} eye", 0), "an eye is missing on one side") for side in ("left", "right")],
        *[(without_one(f"{side} eyebrow", 0), "an eyebrow is missing on one side") for side in ("left", "right")],
        *[(without_one(f"{side} {part}", 13), "") for side in ("left", "right") for part in ("eye", "eyebrow")],
        (half_a_face(slice(64, None)), "one half of the face was not recognised"),
        (half_a_face(slice(None, 64)), "one half of the face was not recognised"),
    ],
)
def test_sides_of_a_face_that_cannot_be_right(label_map: np.ndarray, says: str) -> None:
    assert doubt_about(label_map, FACES) == says


def test_glasses_may_cover_the_eyes() -> None:
    label_map = without("left eye", "right eye")
    label_map[55:62, 40:90] = 3
    assert doubt_about(label_map, FACES) == ""


def test_other_label_sets_need_more_than_one_label() -> None:
    street = load_label_set("street")
    assert doubt_about(np.zeros((64, 64), np.uint8), street).startswith("nearly all of it is sky")
    assert doubt_about(np.tile(np.array([0, 1], np.uint8), (64, 32)), street) == ""


# ---------------------------------------------------------------- the command


@pytest.mark.usefixtures("tiny_weights")
def test_the_command_labels_a_folder_and_reports_on_it(folder: Path, run: Runner) -> None:
    done = run("data", folder, "--parse", "tiny-parser", "--sure", "0")
    assert "4 label maps written" in done.err or "left out" in done.err
    assert (folder / "parsed.json").is_file() and (folder / "classes.json").is_file()


@pytest.mark.usefixtures("tiny_weights")
def test_the_command_refuses_weights_that_paint(folder: Path, run: Runner) -> None:
    done = run("data", folder, "--parse", "tiny-sean")
    assert done.code == 2 and "does not find label maps; choose weights of a system that does (parser)" in done.err
