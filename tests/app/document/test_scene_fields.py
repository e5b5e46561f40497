"""Every field of the scene is in undo, in kept pictures, in saved files and in requests as its role says.

The tests iterate the fields, so a new one is tested as soon as it is there; `OTHER` must have a second value for it.
A made-up scene with one more field, and made-up kinds of request, show that one place is enough.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from app.document import kinds
from app.document.document import Document
from app.document.kinds import RENDER, Kind
from app.document.opening import look_at
from app.document.photo.frames import FrameState
from app.document.scene import Scene
from app.document.scene_fields import Role, default_of, roles, scene_field, set_difference
from app.jobs.session_gate import SessionGate
from app.jobs.work_lane import WorkLane
from app.jobs.writing import write_picture, write_request
from app.raster.frozen_maps import FrozenMap
from engine.errors import BadRequest
from engine.labels.label_sets import load_label_set
from engine.labels.looked_at import Part
from engine.labels.pieces import FIRST_PIECE
from engine.pictures.face_frames import FaceFrame
from engine.requests.base import Request
from engine.requests.edit import FrameEdits
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.json_text import from_json, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import LOCKS, PIECES, RenderResult
from engine.requests.styles import SampleStyle, Style
from tests.fixtures import face_label_map, photo_of

FACES = load_label_set("faces")
HAIR, SKIN = 13, 1


# ---------------------------------------------------------------- made up: a field, and two kinds of request


class MoodRequest(Request[RenderResult], frozen=True, tag="mood"):
    """A picture in a mood; no kind of request that is shipped stands below it."""

    unless_empty = (*LOCKS, *PIECES)

    label_map: LabelMapData
    styles: dict[int, Style] = {}
    seed: int = 0
    precision: str = "float32"
    detail: str = "model"
    style_locks: tuple[int, ...] = ()
    label_locks: tuple[int, ...] = ()
    strengths: dict[int, float] = {}
    switched_off: tuple[int, ...] = ()
    photo: PhotoReference | None = None
    looked_at: Part | None = None
    reshaped_map: LabelMapData | None = None
    face: FaceFrame | None = None
    filled_holes: tuple[FilledHole, ...] = ()
    pieces: dict[int, int] = {}
    piece_map: LabelMapData | None = None
    other_frames: tuple[FrameEdits, ...] = ()
    mood: str = "calm"


@dataclass(frozen=True, eq=False)
class MoodScene(Scene):
    """A scene with one more field, written in this one place."""

    mood: str = scene_field(Role(decides=True, key="mood", text="Change mood"), default="calm")


@dataclass(frozen=True, eq=False)
class GlossyScene(Scene):
    """A scene with one more field that says something of each label."""

    gloss: frozenset[int] = scene_field(
        Role(decides=True, of_photo=True, by_label=True, tells=set_difference), default=frozenset()
    )


@dataclass(frozen=True)
class LayoutResult:
    label_map: np.ndarray


class LayoutRequest(Request[LayoutResult], frozen=True, tag="layout"):
    """A sentence that becomes a label map."""

    sentence: str = ""


@dataclass(frozen=True)
class LayoutInputs:
    """What a layout is made of; its weights are not those that paint."""

    sentence: str = scene_field(Role(key="sentence"), default="")
    weights: str = scene_field(Role(key="weights"), default="layouts")


MOOD = Kind(MoodRequest, lambda document, result: document.set_picture(result.pixels))
LAYOUT = Kind(
    LayoutRequest,
    lambda document, result: document.pixels.replace_label_map(result.label_map, text="Lay out"),
    LayoutInputs,
)


@pytest.fixture(autouse=True)
def known_kinds(monkeypatch):
    for kind in (MOOD, LAYOUT):
        monkeypatch.setitem(kinds._KINDS, kind.name, kind)
    known = [kind.request for kind in (RENDER, MOOD, LAYOUT)]
    monkeypatch.setattr("engine.requests.json_text._kinds", lambda: iter(known))


# ---------------------------------------------------------------- a scene, and another value for each field

PIECE_MAP = FrozenMap.of(face_label_map(64) // HAIR)  # without it pieces lie nowhere
BASE = MoodScene(FACES, FrozenMap.of(face_label_map(64)), "sean-faces", kind=MOOD, piece_map=PIECE_MAP)
OTHER: dict[str, Any] = {
    "label_set": replace(FACES, name="others"),
    "label_map": FrozenMap.of(face_label_map(64)[::-1]),
    "weights": "smis-faces",
    "fingerprint": "another",
    "styles": {HAIR: SampleStyle(7)},
    "strengths": {HAIR: 0.5},
    "switched_off": frozenset({SKIN}),
    "seed": 5,
    "precision": "bfloat16",
    "detail": "full",
    "kind": RENDER,
    "inputs": {"layout": LayoutInputs("two dogs")},
    "locked": frozenset({SKIN}),
    "hidden": frozenset({SKIN}),
    "style_locked": frozenset({HAIR}),
    "photo": PhotoReference("anna.jpg", "0" * 64),
    "looked_at": (0.0, 0.0, 0.5, 1.0),
    "mood": "wild",
    "face": FaceFrame(0.4, 0.5, 0.2, 15.0),
    "filled_holes": (FilledHole.of(photo_of(face_label_map(64)), face_label_map(64) == HAIR),),
    "other_frames": (
        FrameState({"face": FaceFrame(0.7, 0.3, 0.2), "label_map": FrozenMap.of(face_label_map(64)[::-1])}),
        FrameState({"styles": {HAIR: SampleStyle(5)}, "strengths": {HAIR: 0.5}, "switched_off": frozenset({HAIR})}),
    ),
    "photo_map": FrozenMap.of(face_label_map(64)[:, ::-1]),
    "pieces": {FIRST_PIECE: HAIR},
    "piece_map": FrozenMap.of(PIECE_MAP.array()[::-1]),
}
ROLES = roles(MoodScene)
FIELDS = tuple(ROLES)
OTHER_GROUND = ("label_set", "label_map")  # changed by methods that name the step
CHOSEN = tuple(name for name in FIELDS if name != "fingerprint")  # which says what weights are, and is no choice

every_field = pytest.mark.parametrize("name", FIELDS)
every_choice = pytest.mark.parametrize("name", CHOSEN)


def changed(name: str) -> MoodScene:
    return BASE.with_checked(**{name: OTHER[name]})


@pytest.fixture
def document(qapp) -> Document:
    return Document(scene=BASE)


def choose(document: Document, name: str) -> None:
    """Gives the document the other value, as a user would."""
    if name == "label_set":
        document.change_model(document.weights, label_set=OTHER[name])
    elif name == "label_map":
        document.pixels.replace_label_map(OTHER[name].array())
    else:
        document.change(name, OTHER[name])


@contextmanager
def counted(signal):
    heard: list[tuple] = []
    signal.connect(lambda *what: heard.append(what))
    yield heard


# ---------------------------------------------------------------- equality


def test_there_is_another_value_for_every_field():
    assert set(OTHER) == set(FIELDS)


@every_field
def test_a_scene_with_another_value_is_another_scene(name):
    assert changed(name) != BASE and changed(name).differences(BASE) == {name}
    assert replace(changed(name), **{name: getattr(BASE, name)}) == BASE


@every_field
def test_it_makes_another_picture_where_the_field_decides_it(name):
    decides = ROLES[name].decides
    assert changed(name).same_picture(BASE) is not decides
    assert (changed(name).picture_key() == BASE.picture_key()) is not decides
    assert changed(name).same_picture(BASE, but=(name,))


@every_field
def test_it_makes_another_file_where_the_field_decides_the_picture_or_travels(name):
    assert changed(name).same_file(BASE) is not (ROLES[name].decides or bool(ROLES[name].key))


# ---------------------------------------------------------------- undo and signals


@every_choice
def test_a_change_is_one_step_with_a_text_and_comes_back(document, name):
    choose(document, name)
    after = document.scene
    assert after.differences(BASE) == {name}
    assert document.undo_text
    if name not in OTHER_GROUND:
        assert document.undo_text == ROLES[name].text
    document.undo()
    assert document.scene == BASE and not document.undo_text
    document.redo()
    assert document.scene == after


@every_choice
def test_a_change_is_told_by_its_signal_and_as_an_outdated_picture_where_it_decides_it(document, name):
    role = ROLES[name]
    with counted(document.picture_outdated) as outdated, counted(document.replaced) as replaced:
        if role.signal:
            with counted(getattr(document, role.signal)) as heard:
                choose(document, name)
            assert heard == [(role.tells(getattr(BASE, name), getattr(document.scene, name)),)]
        else:
            choose(document, name)
    assert bool(outdated or replaced) or not role.decides
    assert role.decides or not outdated


def test_changes_in_a_row_join_as_styles_do(document):
    for mood in ("wild", "sad"):
        document.change("mood", mood, merge="mood")
    document.undo()
    assert document.scene == BASE


# ---------------------------------------------------------------- kept pictures


@every_choice
def test_a_kept_picture_brings_back_what_its_role_says_and_leaves_the_rest(document, name):
    choose(document, name)
    kept, picture = document.scene, photo_of(face_label_map(64))
    number = document.kept.keep(kept, picture).number
    document.undo()
    document.change("seed", 99)
    assert document.kept.recall(number)
    comes_back = ROLES[name].decides or ROLES[name].recalled
    assert ROLES[name].same(getattr(document.scene, name), getattr(kept if comes_back else BASE, name))
    document.undo()
    assert document.scene == replace(BASE, seed=99)


@every_field
def test_what_is_kept_with_a_picture_holds_no_more_than_is_asked_of_it(name):
    role = ROLES[name]
    made_of = changed(name)
    kept = made_of.to_keep()
    if role.decides or role.recalled or role.key:
        assert getattr(kept, name) is getattr(made_of, name) and kept.differences(BASE) == {name}
    else:
        assert role.same(getattr(kept, name), default_of(MoodScene, name))


# ---------------------------------------------------------------- another photo


@every_field
def test_the_same_document_of_another_photo_takes_what_was_chosen_apart_from_the_photo(name):
    beside = changed(name).beside_photo()
    assert beside.get(name, "left behind") == ("left behind" if ROLES[name].of_photo else OTHER[name])


def test_a_new_field_stays_with_its_photo_where_it_says_so():
    assert "gloss" not in GlossyScene(FACES, BASE.label_map, gloss=frozenset({HAIR})).beside_photo()
    assert replace(BASE, mood="wild").beside_photo()["mood"] == "wild"


# ---------------------------------------------------------------- requests and files


def request_values(name: str) -> dict[str, Any]:
    """What JSON says that it does not say of the scene without the change."""
    import json

    before, after = (json.loads(to_json(scene.to_request())) for scene in (BASE, changed(name)))
    return {key: after.get(key) for key in {*before, *after} if before.get(key) != after.get(key)}


@every_field
def test_a_request_has_the_fields_that_travel_and_no_other(name):
    none_here = {"photo", "looked_at", "reshaped_map", "face"}
    only_mood = set(MoodRequest.__struct_fields__) - set(RENDER.request.__struct_fields__) - none_here
    keys = {"kind": {"kind", *only_mood}}.get(name, {ROLES[name].key} - {""})
    assert set(request_values(name)) == keys


@every_field
def test_a_request_gives_back_the_fields_that_travel(name):
    request = from_json(to_json(changed(name).to_request()))
    scene = MoodScene.checked(label_set=FACES, **MoodScene.values_of(request))
    expected = changed(name) if ROLES[name].key or name == "kind" else BASE
    assert scene == expected and scene.to_request() == request


class NoWork:
    """A job that nobody waits for."""

    def progress(self, part: float, text: str = "") -> None: ...


@pytest.mark.parametrize("ending", [".png", ".json"])
@every_choice
def test_a_saved_file_holds_it_and_opens_with_it(document, name, ending, tmp_path):
    choose(document, name)
    path, saved = tmp_path / f"saved{ending}", document.scene
    if ending == ".png":
        write_picture(path, photo_of(face_label_map(64)), saved.to_request())
    else:
        write_request(path, saved.to_request())
    opened = Document(scene=replace(BASE, mood="sad", seed=3))
    opened.new(label_set=FACES, **MoodScene.values_of(look_at(NoWork(), path).request))
    expected = saved if ROLES[name].key or name == "kind" else BASE
    assert opened.scene == expected and opened.scene.same_file(expected)


def test_a_request_that_is_no_document_is_not_opened(tmp_path):
    """A sentence alone has no label map: it is refused by the file's name, though its kind is known."""
    path = tmp_path / "sentence.json"
    write_request(path, LayoutRequest(weights="layouts", sentence="two dogs"))
    with pytest.raises(BadRequest, match="sentence.json"):
        look_at(NoWork(), path)


def test_a_kind_that_nobody_knows_is_refused(document):
    for change in (
        lambda: document.change("kind", "dream"),
        lambda: document.change("inputs", {"dream": LayoutInputs()}),
        lambda: document.change("inputs", {"layout": "two dogs"}),
    ):
        with pytest.raises(BadRequest, match="kind"):
            change()
    assert document.scene == BASE


# ---------------------------------------------------------------- other ground


def test_what_says_nothing_for_other_labels_goes(document):
    scene = MoodScene(FACES, BASE.label_map, locked=OTHER["locked"], photo=OTHER["photo"], mood="wild")
    street = load_label_set("street")
    assert scene.on_other_ground(label_set=street).differences(scene) == {"label_set", "locked"}
    small = FrozenMap.of(face_label_map(32))
    assert scene.on_other_ground(label_map=small).differences(scene) == {"label_map"}


# ---------------------------------------------------------------- several requests for one picture


class Session:
    """Lays sentences out, and paints."""

    def __init__(self) -> None:
        self.ran: list[Request] = []

    def unload(self) -> None: ...

    def run(self, request: Request, on_progress: object = None, cancel: object = None) -> object:
        self.ran.append(request)
        if isinstance(request, LayoutRequest):
            return LayoutResult(face_label_map(64)[::-1])
        return type("Painted", (), {"pixels": photo_of(request.label_map.array())})


def test_a_sentence_becomes_the_label_map_of_which_the_picture_is_painted(document, qtbot):
    session = Session()
    lane = WorkLane(SessionGate(lambda: session))

    def perform(kind: Kind) -> None:
        scene = document.scene

        def job(work: Any) -> object:
            with work.session() as lent:
                return lent.run(replace(scene, kind=kind).to_request(), work.progress, work.cancel_event)

        lane.submit(job, on_done=lambda result: document.take(kind, result), only_for=document)
        qtbot.waitUntil(lambda: not lane.busy)

    try:
        document.change("inputs", OTHER["inputs"], text="Sentence")
        perform(LAYOUT)
        assert np.array_equal(document.label_map, face_label_map(64)[::-1]) and document.undo_text == "Lay out"
        perform(document.scene.kind)
        assert np.array_equal(document.picture, photo_of(document.label_map))
        assert session.ran == [
            LayoutRequest(weights="layouts", sentence="two dogs"),
            MoodRequest(weights="sean-faces", label_map=session.ran[1].label_map, piece_map=PIECE_MAP.data),
        ]
        document.undo()
        assert document.scene.inputs == OTHER["inputs"] and document.scene.label_map == BASE.label_map
        document.undo()
        assert document.scene == BASE
    finally:
        assert lane.shutdown()


# ---------------------------------------------------------------- what a change shows in


@every_field
def test_a_change_by_label_shows_in_the_regions_of_its_labels_and_any_other_may_show_anywhere(name):
    restyled = BASE.restyled_labels(changed(name))
    if not ROLES[name].decides or name == "label_map":
        assert restyled == frozenset()
    elif ROLES[name].by_label:
        assert restyled == frozenset(OTHER[name])
    else:
        assert restyled is None


def test_a_new_field_by_label_is_previewed_in_its_own_regions():
    plain = GlossyScene(FACES, FrozenMap.of(face_label_map(64)))
    assert plain.restyled_labels(replace(plain, gloss=frozenset({HAIR, SKIN}))) == {HAIR, SKIN}
    assert plain.restyled_labels(replace(plain, gloss=frozenset({HAIR}), styles={SKIN: SampleStyle(1)})) == {HAIR, SKIN}
    assert plain.restyled_labels(replace(plain, gloss=frozenset({HAIR}), seed=4)) is None
