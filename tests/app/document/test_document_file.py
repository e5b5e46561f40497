"""A document's file holds all of it, and what is damaged takes nothing else along."""

from __future__ import annotations

import json
import random
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from app.document.document import Document
from app.document.kinds import EDIT, EditInputs
from app.document.photo.frames import FrameState
from app.document.results import Results
from app.document.saved import document_file
from app.document.saved.document_file import Snapshot, read_document, read_manifest, snapshot_of, write_document
from app.document.scene import Scene
from app.document.scene_fields import roles
from app.raster.frozen_maps import FrozenMap
from engine.documents import document_file as files
from engine.documents.document_file import read_document_request
from engine.errors import BadFile, EngineError
from engine.labels.label_sets import load_label_set
from engine.labels.pieces import FIRST_PIECE
from engine.pictures.face_frames import FaceFrame
from engine.pictures.sniffing import sniff
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import ColourStyle, ImageStyle, MixStyle, SampleStyle, encode_code
from tests.fixtures import face_label_map, photo_of

FACES = load_label_set("faces")
HAIR, SKIN = 13, 1
CODE = encode_code(np.arange(512, dtype=np.float32))
ANNA = ImageStyle("/photos/anna.jpg", HAIR, code=CODE, label_map_png=FrozenMap.of(face_label_map(64)).data.png)
OTHER = {
    "label_set": replace(FACES, name="others"),
    "label_map": FrozenMap.of(face_label_map(64)[::-1]),
    "weights": "smis-faces",
    "fingerprint": "another",
    "styles": {HAIR: ANNA, SKIN: MixStyle(SampleStyle(3), ColourStyle("#a01030"), 0.25)},
    "strengths": {HAIR: 0.5},
    "switched_off": frozenset({SKIN}),
    "seed": 2**62,
    "precision": "bfloat16",
    "detail": "full",
    "kind": EDIT,
    "inputs": {"edit": EditInputs(800)},
    "locked": frozenset({SKIN}),
    "hidden": frozenset({HAIR, SKIN}),
    "style_locked": frozenset({HAIR}),
    "photo": PhotoReference("/photos/me.jpg", "ab" * 32),
    "looked_at": (0.1, 0.2, 0.9, 0.8),
    "photo_map": FrozenMap.of(face_label_map(64)[:, ::-1]),
    "pieces": {FIRST_PIECE: HAIR},
    "piece_map": FrozenMap.of(face_label_map(64) // HAIR),
    "face": FaceFrame(0.4, 0.5, 0.2, 15.0),
    "other_frames": (FrameState({"face": FaceFrame(0.7, 0.3, 0.2), "styles": {HAIR: SampleStyle(5)}}),),
    "filled_holes": (FilledHole.of(photo_of(face_label_map(64)), face_label_map(64) == 13),),
}  # fmt: skip


def base(**values):
    return Scene.checked(label_set=FACES, label_map=face_label_map(64), weights="sean-faces", **values)


def written(path, scene, *, photo=None, **values):
    write_document(path, Snapshot(scene, None, (), "one", **values), photo=photo or scene.photo)
    return read_document(path)


@pytest.mark.parametrize("name", roles(Scene))
def test_every_field_comes_back(name, tmp_path):
    """A new field is tested, and fails, as soon as it is there: `OTHER` must have a second value for it."""
    edited = replace(base(kind=EDIT, photo=OTHER["photo"]), **{} if name == "photo" else {name: OTHER[name]})
    painted = replace(base(), **{name: OTHER[name]}) if name not in ("kind", "photo") else base()
    for number, scene in enumerate((edited, painted)):
        read = written(tmp_path / f"{number}.tessera", scene)
        assert read.damage == () and read.scene.scene({}) == scene


@pytest.fixture
def results():
    kept = Results()
    for number, style in enumerate((SampleStyle(1), ANNA, SampleStyle(2))):
        kept.keep(base(styles={HAIR: style}, seed=number), photo_of(face_label_map(64)) // (number + 1))
    kept.set_starred(2, True)
    return kept.entries


@pytest.fixture
def path(tmp_path, results):
    made = tmp_path / "one.tessera"
    scene = base(styles={HAIR: ANNA})
    snapshot = Snapshot(scene, results[2].pixels, results, "one", "/home/one.tessera", 12)
    write_document(made, snapshot, photo=None, clock=lambda: 5.0)
    return made


def test_kept_pictures_come_back_with_what_made_them_and_their_stars(path, results):
    read = read_document(path)
    for kept, again in zip(results, read.results, strict=True):
        assert np.array_equal(kept.pixels, again.pixels) and again.scene == kept.scene
        assert (kept.number, kept.starred, kept.made, kept.key) == (again.number, again.starred, again.made, again.key)
    assert np.array_equal(read.picture, results[2].pixels)


def test_a_file_says_what_it_is_and_shows_it_small(path):
    manifest, thumbnail = read_manifest(path)
    assert (manifest.title, manifest.path, manifest.steps, manifest.saved) == ("one", "/home/one.tessera", 12, 5.0)
    assert thumbnail.startswith(b"\x89PNG") and sniff(path) == "document"


def test_the_command_line_reads_the_request_that_makes_the_picture(path):
    assert read_document_request(path) == base(styles={HAIR: ANNA}).to_request()


def test_label_maps_and_codes_stand_in_it_once_as_files_of_their_kind(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert names[0] == "manifest.json"
    parts = [name for name in names if name.startswith("parts/")]
    assert sorted(name.rpartition(".")[2] for name in parts) == ["bin", "png"]  # the same map is the style's


def test_a_photo_inside_comes_back_from_the_file_alone(tmp_path):
    data = bytes(range(256)) * 40
    photo = PhotoReference("me.jpg", data=data)
    scene = base(kind=EDIT, photo=photo)
    assert written(tmp_path / "one.tessera", scene).scene.scene({}).photo == photo
    assert read_document_request(tmp_path / "one.tessera").photo.data == data


def test_a_picture_that_is_there_already_is_not_encoded_again(path, results, monkeypatch):
    monkeypatch.setattr(document_file, "encode_picture", lambda *_, **__: pytest.fail("encoded again"))
    write_document(path, Snapshot(base(seed=9), None, results[1:], "one"), photo=None)
    assert [kept.number for kept in read_document(path).results] == [2, 3]
    elsewhere = path.with_name("two.tessera")
    write_document(elsewhere, Snapshot(base(), None, results[1:], "one"), photo=None, sources=(path,))
    assert len(read_document(elsewhere).results) == 2


# ---------------------------------------------------------------- versions


def test_a_file_of_a_newer_version_is_refused_by_that_name(path, monkeypatch):
    monkeypatch.setattr(files, "SCHEMA", 0)
    with pytest.raises(BadFile, match="was saved by a newer Tessera"):
        read_document(path)


def test_a_file_of_an_older_version_is_brought_to_this_one_step_by_step(path, monkeypatch):
    def renamed(texts):
        return {**texts, "manifest.json": {**texts["manifest.json"], "title": "brought along"}}

    monkeypatch.setattr(files, "SCHEMA", 3)
    monkeypatch.setattr(files, "MIGRATIONS", {1: renamed, 2: dict})
    read = read_document(path)
    assert read.manifest.title == "brought along" and len(read.results) == 3


def test_every_version_before_this_one_has_its_migration():
    assert set(files.MIGRATIONS) == set(range(1, files.SCHEMA))


# ---------------------------------------------------------------- damage


def rewritten(path, change):
    """The same zip with parts as `change` gives them: name, content -> content, or None for none."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if (changed := change(name, content)) is not None:
                archive.writestr(name, changed)


DAMAGED = {
    "manifest.json": ("what it says of itself", 3),
    "results.json": ("the list of pictures", 0),
    "scene.json": ("its label map and styles (those of picture 3 are shown)", 3),
}


@pytest.mark.parametrize("part", DAMAGED)
@pytest.mark.parametrize("content", [None, b"", b"{", b"5", b"[[[", b"\xff"])
def test_what_can_be_read_opens_and_what_cannot_is_named(part, content, path, results):
    rewritten(path, lambda name, old: content if name == part else old)
    read = read_document(path)
    said, kept = DAMAGED[part]
    assert said in [str(clause) for clause in read.damage]
    assert len(read.results) == kept
    expected = results[2].scene.seed if part == "scene.json" else 0
    assert read.scene.scene({}).seed == expected


def test_a_damaged_picture_is_left_out_alone(path, results):
    with zipfile.ZipFile(path) as archive:
        picture = json.loads(archive.read("results.json"))[1]["picture"]
    rewritten(path, lambda name, old: old[:99] if name == picture else old)
    read = read_document(path)
    assert [kept.number for kept in read.results] == [1, 3]
    assert [str(clause) for clause in read.damage] == ["picture 2"]


def test_a_field_of_a_later_version_is_no_silent_loss(path):
    def with_more(name, old):
        if name != "scene.json":
            return old
        data = json.loads(old)
        return json.dumps({**data, "beside": {**data["beside"], "gloss": 3}}).encode()

    rewritten(path, with_more)
    assert "its label map and styles" in str(read_document(path).damage[0])


def test_nothing_that_can_be_opened_is_one_sentence(path):
    rewritten(path, lambda name, old: None if name in ("scene.json", "results.json") else old)
    with pytest.raises(BadFile, match="nothing is left of it that can be opened"):
        read_document(path)


def test_any_change_of_the_texts_ends_in_a_document_or_in_one_sentence(path):
    """Seeded: values of the JSON parts replaced by others of every kind, and parts by each other."""
    chance = random.Random(14)
    with zipfile.ZipFile(path) as archive:
        original = {name: archive.read(name) for name in archive.namelist()}
    odd = (None, True, -1, 2**70, 1e308, "", "x" * 300, [], {}, [[]], {"$part": "scene.json"}, {"$part": 3}, "../x")
    for _ in range(40):
        contents = dict(original)
        name = chance.choice(["manifest.json", "scene.json", "results.json"])
        data = json.loads(contents[name])
        holder = data
        for _ in range(chance.randint(0, 5)):
            inner = [v for v in (holder.values() if isinstance(holder, dict) else holder) if isinstance(v, dict | list)]
            if not inner or not any(inner):
                break
            holder = chance.choice([v for v in inner if v])
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key] = chance.choice(odd)
        contents[name] = json.dumps(data).encode()
        rewritten(path, lambda part, old, contents=contents: contents[part])
        try:
            read_document(path).scene.scene({})
        except EngineError as error:
            assert "\n" not in str(error)


# ---------------------------------------------------------------- history


@pytest.fixture
def worked(qtbot):
    """A document with a step of every kind, two of them undone, and the states that its history leads through."""
    document = Document(FACES, weights="sean-faces")
    document.new(label_set=FACES, label_map=face_label_map(64), weights="sean-faces", undoable=False)
    noise = np.random.default_rng(0).random((64, 64)) < 0.5
    states = [document.scene]
    for step in (
        lambda: document.pixels.relabel(HAIR, SKIN),
        lambda: document.pixels.apply_mask(noise, HAIR),
        lambda: document.styling.set_styles({HAIR: ANNA, SKIN: SampleStyle(4)}),
        lambda: document.become(replace(document.scene, seed=99, label_map=OTHER["label_map"]), None, "Bring back"),
        lambda: document.label_states.set_visible(HAIR, False),
        lambda: document.set_seed(8),
        lambda: document.change("weights", "smis-faces"),
    ):
        step()
        states.append(document.scene)
    document.kept.keep(document.scene, photo_of(face_label_map(64)))
    document.kept.delete([1])
    for _ in range(3):
        document.undo()
    return document, states


def opened_again(path, saved):
    document = Document(FACES, weights="sean-faces")
    scene = saved.scene.scene({})
    values = {name: getattr(scene, name) for name in roles(Scene)}
    document.new(**values, path=path, undoable=False)
    document.timeline.take_over(saved.history)
    document.mark_saved()
    return document


def test_every_step_can_be_undone_and_made_again_after_a_save(worked, tmp_path):
    document, states = worked
    path = tmp_path / "one.tessera"
    write_document(path, snapshot_of(document, None), photo=None)
    saved = read_document(path)
    assert saved.damage == () and saved.manifest.steps == 5
    again = opened_again(path, saved)
    assert again.timeline.texts == [text for text in document.timeline.texts if not text.startswith("Delete")]
    assert not again.dirty and again.scene == states[5]
    for position in (0, 7, 3, 5, 1, 6):
        again.timeline.go_to(position)
        assert again.timeline.position == position and again.scene == states[position]
    again.timeline.go_to(5)
    assert not again.dirty


@pytest.mark.parametrize("name", [name for name, role in roles(Scene).items() if role.text and name != "kind"])
def test_a_change_of_every_field_can_be_undone_after_a_save(qtbot, name, tmp_path):
    document = Document(scene=base(kind=EDIT, photo=PhotoReference("/photos/first.jpg", "cd" * 32)))
    before = document.scene
    document.change(name, OTHER[name])
    after = document.scene
    assert after.differences(before) == {name}
    saved = written(tmp_path / "one.tessera", after, history=document.timeline.stored)
    assert saved.damage == ()
    again = opened_again(tmp_path / "one.tessera", saved)
    for position, scene in ((0, before), (1, after)):
        again.timeline.go_to(position)
        assert again.scene == scene


def test_steps_before_another_document_are_not_those_of_this_one(worked, tmp_path):
    document, _ = worked
    document.new(label_set=FACES, label_map=face_label_map(64), weights="sean-faces")
    document.set_seed(3)
    write_document(tmp_path / "one.tessera", snapshot_of(document, None), photo=None)
    saved = read_document(tmp_path / "one.tessera")
    done, undone = saved.history
    assert [step.text for step in done] == ["Change seed"] and undone == ()
    assert saved.manifest.steps == 1  # recovery says how many


@pytest.mark.parametrize(
    "odd", [{"box": [0, 0, 9999, 2]}, {"box": [-1, 0, 63, 64]}, {"pixels": {"shape": [64, 64], "runs": []}}]
)
def test_a_step_that_does_not_fit_ends_the_history_there_and_is_said(worked, tmp_path, odd):
    document, states = worked
    path = tmp_path / "one.tessera"
    write_document(path, snapshot_of(document, None), photo=None)

    def changed(name, old):
        if name != "history.json":
            return old
        data = json.loads(old)
        data["done"][1] |= odd
        return json.dumps(data).encode()

    rewritten(path, changed)
    saved = read_document(path)
    assert [str(clause) for clause in saved.damage] == ["the history"] and len(saved.history[0]) == 3
    again = opened_again(path, saved)
    again.timeline.go_to(0)
    assert again.scene == states[2]
