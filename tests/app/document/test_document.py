"""The document: every change checked, announced and undoable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document.document import Document
from app.document.scene import Scene
from app.shell.i18n import install_language
from engine.errors import BadLabelMap, BadRequest
from engine.labels.label_sets import load_label_set
from engine.requests.json_text import from_json, to_json
from engine.requests.photo_reference import PhotoReference
from engine.requests.styles import BlockStyle, ImageStyle, MeanStyle, MixStyle
from tests.fixtures import face_label_map, photo_of, random_label_map

HAIR, SKIN, NOSE = 13, 1, 2
ANNA = ImageStyle(path="anna.jpg", label=13)
BERT = ImageStyle(path="bert.jpg", label=13)


@pytest.fixture
def document(qapp) -> Document:
    made = Document()
    made.new(label_set=made.label_set, label_map=face_label_map(64), weights="sean-faces", undoable=False)
    return made


def state_of(document: Document) -> tuple:
    return (
        document.label_map.tobytes(),
        document.label_map.shape,
        document.label_set.name,
        document.styles,
        document.seed,
        document.weights,
        document.precision,
        document.locked,
        document.hidden,
    )


def stroke(document: Document, label: int, *points, radius=5) -> None:
    document.pixels.begin_stroke(label)
    for point in points:
        document.pixels.stroke_to([point], radius)
    document.pixels.end_stroke()


# ---------------------------------------------------------------- strokes


def test_a_stroke_from_press_to_release_is_one_step(document, qtbot):
    before = document.label_map.copy()
    stroke(document, HAIR, (10, 10), (30, 10), (30, 50))
    assert (document.label_map[10, 10:30] == HAIR).all()
    assert document.undo_text == "Paint Hair"
    document.undo()
    assert np.array_equal(document.label_map, before)
    assert document.undo_text == ""
    document.redo()
    assert (document.label_map[10:50, 30] == HAIR).all()


def test_a_click_paints_a_dot(document):
    document.new(label_set=document.label_set, label_map=np.zeros((20, 20), np.uint8))
    stroke(document, HAIR, (10, 10), radius=0.5)
    assert (document.label_map == HAIR).sum() == 1


def test_a_stroke_announces_only_the_rectangle_that_it_changed(document, qtbot):
    document.pixels.begin_stroke(HAIR)
    with qtbot.waitSignal(document.label_map_changed) as caught:
        document.pixels.stroke_to([(20, 30)], 4)
    rect = caught.args[0]
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == (16, 26, 8, 8)
    with qtbot.assertNotEmitted(document.label_map_changed):
        document.pixels.stroke_to([(20, 30)], 4)  # already painted


def test_pen_pressure_gives_each_point_its_own_radius(document):
    document.new(label_set=document.label_set, label_map=np.zeros((64, 64), np.uint8))
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(16, 32), (48, 32)], [2, 12])
    document.pixels.end_stroke()
    thick = (document.label_map == HAIR).sum(axis=0)
    assert thick[48] == 24
    assert 2 < thick[32] < 24


def test_a_cancelled_stroke_leaves_no_trace(document):
    before, areas = document.label_map.copy(), document.areas.copy()
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(10, 10), (50, 50)], 9)
    document.pixels.cancel_stroke()
    assert np.array_equal(document.label_map, before)
    assert np.array_equal(document.areas, areas)
    assert document.undo_text == ""
    assert not document.dirty


def test_undo_in_the_middle_of_a_stroke_takes_the_stroke_back(document):
    stroke(document, NOSE, (40, 40))
    before = document.label_map.copy()
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(10, 10)], 9)
    document.undo()
    document.pixels.stroke_to([(30, 30)], 9)  # the button is still down
    document.pixels.end_stroke()
    assert np.array_equal(document.label_map, before)
    assert document.undo_text == "Paint Nose"


def test_a_stroke_that_changes_nothing_is_no_step(document):
    stroke(document, HAIR, (-100, -100))
    assert document.undo_text == ""


def test_any_other_change_ends_the_open_stroke_first(document):
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(5, 5)], 3)
    document.set_seed(5)
    assert not document.stroking
    document.undo()
    assert document.undo_text == "Paint Hair"


def test_locked_labels_keep_their_pixels(document):
    document.label_states.set_locked(SKIN, True)
    skin = document.label_map == SKIN
    stroke(document, HAIR, (32, 0), (32, 63), radius=20)
    assert np.array_equal(document.label_map == SKIN, skin)
    assert document.label_map[0, 32] == HAIR
    assert document.pixels.fill(0, 63, NOSE)
    assert not document.pixels.relabel(SKIN, NOSE)
    assert np.array_equal(document.label_map == SKIN, skin)


def test_unlocking_by_undo_lets_the_brush_through_again(document):
    document.label_states.set_locked(SKIN, True)
    document.undo()
    stroke(document, HAIR, (32, 40), radius=3)
    assert document.label_map[40, 32] == HAIR


@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from([0, HAIR, SKIN, NOSE]),
            st.lists(st.tuples(st.floats(-10, 74), st.floats(-10, 74), st.floats(0.5, 20)), min_size=1, max_size=4),
        ),
        max_size=5,
    ),
    locked=st.frozensets(st.sampled_from([0, HAIR, SKIN]), max_size=2),
)
@settings(deadline=None)
def test_areas_follow_every_stroke_and_every_step_back(moves, locked):
    document = Document(size=(64, 64))
    document.pixels.replace_label_map(face_label_map(64))
    for label in locked:
        document.label_states.set_locked(label, True)
    states = [document.label_map.copy()]
    for label, points in moves:
        document.pixels.begin_stroke(label)
        for x, y, r in points:
            document.pixels.stroke_to([(x, y)], r)
        document.pixels.end_stroke()
        assert np.array_equal(document.areas, np.bincount(document.label_map.ravel(), minlength=256))
        if not np.array_equal(document.label_map, states[-1]):
            states.append(document.label_map.copy())
    for expected in states[-2::-1]:
        document.undo()
        assert np.array_equal(document.label_map, expected)
        assert np.array_equal(document.areas, np.bincount(document.label_map.ravel(), minlength=256))
    for expected in states[1:]:
        document.redo()
        assert np.array_equal(document.label_map, expected)


# ---------------------------------------------------------------- fills and maps


def test_a_fill_by_label_is_one_step_with_its_area(document, qtbot):
    before = document.label_map.copy()
    with qtbot.waitSignal(document.label_map_changed):
        assert document.pixels.fill(32, 40, HAIR)
    assert document.undo_text == "Fill with Hair"
    assert document.regions.share(HAIR) == pytest.approx((document.label_map == HAIR).mean())
    document.undo()
    assert np.array_equal(document.label_map, before)


def test_a_fill_that_changes_nothing_is_no_step(document):
    assert not document.pixels.fill(0, 0, 0)
    assert document.undo_text == ""


def test_a_fill_by_colour_follows_the_picture_not_the_labels(document):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 200
    document.set_picture(picture)
    assert document.pixels.fill(0, 0, HAIR, by_picture=True, tolerance=10)
    assert (document.label_map[:, :32] == HAIR).all()
    assert not (document.label_map[:, 32:] == HAIR).all()


def test_a_fill_by_colour_without_a_picture_says_what_to_do(document):
    with pytest.raises(BadRequest, match="wait for the picture"):
        document.pixels.fill(0, 0, HAIR, by_picture=True)


def test_a_fill_outside_the_map_is_refused(document):
    with pytest.raises(BadRequest, match="outside the label map of 64 x 64"):
        document.pixels.fill(64, 0, HAIR)


def test_a_region_can_be_given_another_label(document):
    hair = document.label_map == HAIR
    assert document.pixels.relabel(HAIR, SKIN)
    assert (document.label_map[hair] == SKIN).all()
    document.undo()
    assert np.array_equal(document.label_map == HAIR, hair)


def test_a_mask_of_another_size_is_refused(document):
    with pytest.raises(BadRequest, match="10 x 20 pixels, but the label map 64 x 64"):
        document.pixels.apply_mask(np.ones((20, 10), bool), HAIR)


def test_replacing_the_label_map_is_one_step(document):
    before, new = document.label_map.copy(), random_label_map(64, 64, 19)
    document.pixels.replace_label_map(new)
    assert np.array_equal(document.label_map, new)
    document.undo()
    assert np.array_equal(document.label_map, before)


def test_replacing_by_another_size_takes_styles_along_and_comes_back(document, qtbot):
    document.styling.set_styles({HAIR: ANNA})
    document.set_picture(photo_of(document.label_map))
    before = state_of(document)
    with qtbot.waitSignal(document.replaced):
        document.pixels.replace_label_map(random_label_map(32, 48, 19))
    assert (document.height, document.width) == (32, 48)
    assert document.styles == {HAIR: ANNA}
    assert document.picture is None
    document.styling.set_styles({HAIR: None})
    document.undo()
    document.undo()
    assert state_of(document) == before
    assert document.picture is not None
    document.redo()
    assert document.label_map.shape == (32, 48)
    assert document.styles == {HAIR: ANNA}


def test_a_label_map_with_unknown_ids_is_refused_and_changes_nothing(document):
    before = state_of(document)
    with pytest.raises(BadLabelMap, match="77"):
        document.pixels.replace_label_map(np.full((64, 64), 77, np.uint8))
    assert state_of(document) == before
    assert document.undo_text == ""


def test_the_label_map_cannot_be_written_from_outside(document):
    with pytest.raises(ValueError, match="read-only"):
        document.label_map[0, 0] = 1


def test_the_document_keeps_no_array_of_the_caller(document):
    new = random_label_map(64, 64, 19)
    document.pixels.replace_label_map(new)
    new[:] = 0
    assert document.label_map.any()


# ---------------------------------------------------------------- styles, seed and the rest


def test_a_style_is_chosen_announced_and_undone(document, qtbot):
    with qtbot.waitSignal(document.styles_changed) as caught:
        document.styling.set_styles({HAIR: ANNA})
    assert caught.args == [frozenset({HAIR})]
    assert document.style(HAIR) == ANNA
    document.undo()
    assert document.style(HAIR) == MeanStyle()
    assert document.styles == {}
    document.redo()
    assert document.styles == {HAIR: ANNA}


def test_the_mean_style_is_the_same_as_none(document):
    document.styling.set_styles({HAIR: ANNA})
    document.styling.set_styles({HAIR: MeanStyle()})
    assert document.styles == {}
    document.styling.set_styles({HAIR: None})
    document.undo()
    assert document.styles == {HAIR: ANNA}


def test_all_regions_of_one_picture_are_one_step(document):
    document.styling.set_styles({SKIN: BERT})
    document.styling.set_styles({HAIR: ANNA, SKIN: ANNA}, "Styles from anna.jpg")
    assert document.undo_text == "Styles from anna.jpg"
    document.undo()
    assert document.styles == {SKIN: BERT}


def test_a_dragged_slider_is_one_step_and_its_next_drag_another(document):
    for drag in ((0.1, 0.2, 0.3), (0.5, 0.9)):
        for amount in drag:
            document.styling.set_styles({HAIR: MixStyle(ANNA, BERT, amount)}, merge=("mix", HAIR))
        document.end_merge()
    document.undo()
    assert document.style(HAIR) == MixStyle(ANNA, BERT, 0.3)
    document.undo()
    assert document.styles == {}


def test_the_same_style_again_is_no_step(document, qtbot):
    document.styling.set_styles({HAIR: ANNA})
    document.mark_saved()
    with qtbot.assertNotEmitted(document.styles_changed):
        document.styling.set_styles({HAIR: ImageStyle(path="anna.jpg", label=13)})
    assert not document.dirty


def test_every_kind_of_style_goes_through_the_document_into_the_request(document):
    styles = {
        HAIR: ANNA,
        SKIN: MixStyle(ANNA, MeanStyle(), 1.5),
        NOSE: BlockStyle((ANNA, BERT, MeanStyle(), ANNA, BERT, ANNA)),
    }
    document.styling.set_styles(styles)
    assert document.scene.to_request().styles == styles


def test_the_styles_given_out_are_a_copy(document):
    document.styles[HAIR] = ANNA
    assert document.styles == {}


@pytest.mark.parametrize("label", [19, -1, 255, 1.5, True, "hair"])
def test_a_label_that_the_set_does_not_have_is_refused_everywhere(document, label):
    before = state_of(document)
    for change in (
        lambda: document.pixels.begin_stroke(label),
        lambda: document.pixels.fill(0, 0, label),
        lambda: document.pixels.apply_mask(np.ones((64, 64), bool), label),
        lambda: document.pixels.relabel(0, label),
        lambda: document.styling.set_styles({label: ANNA}),
        lambda: document.styling.set_styles({HAIR: ANNA, label: ANNA}),
        lambda: document.label_states.set_locked(label, True),
        lambda: document.label_states.set_visible(label, False),
        lambda: document.label_states.show_only(label),
        lambda: document.set_current_label(label),
        lambda: document.regions.share(label),
        lambda: document.style(label),
    ):
        with pytest.raises(BadRequest, match="not in the label set"):
            change()
    assert state_of(document) == before
    assert document.undo_text == ""


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "7", True, None])
def test_a_seed_that_is_no_seed_is_refused(document, seed):
    with pytest.raises(BadRequest, match="whole number from 0"):
        document.set_seed(seed)
    assert document.seed == 0


def test_wrong_styles_points_pictures_and_precisions_are_refused(document):
    with pytest.raises(BadRequest, match="kind"):
        document.styling.set_styles({HAIR: "anna.jpg"})
    with pytest.raises(BadRequest, match="8 bits"):
        document.set_picture(np.zeros((4, 4), np.uint8))
    with pytest.raises(BadRequest, match="float32 or bfloat16"):
        document.change("precision", "float16")
    document.pixels.begin_stroke(HAIR)
    for points, radius in (([(float("nan"), 0)], 5), ([(1, 1)], float("inf")), ([(1, 1), (2, 2)], [3])):
        with pytest.raises(BadRequest, match="finite points"):
            document.pixels.stroke_to(points, radius)
    document.pixels.end_stroke()
    assert document.undo_text == ""


def test_seed_weights_precision_locks_and_visibility_are_undoable_and_announced(document, qtbot):
    before = state_of(document)
    steps = (
        (document.seed_changed, lambda: document.set_seed(42), "Change seed"),
        (document.weights_changed, lambda: document.change("weights", "other"), "Change weights"),
        (document.picture_outdated, lambda: document.change("precision", "bfloat16"), "Change precision"),
        (document.labels_changed, lambda: document.label_states.set_locked(HAIR, True), "Lock Hair"),
        (document.labels_changed, lambda: document.label_states.set_visible(SKIN, False), "Hide Skin"),
        (document.labels_changed, lambda: document.label_states.show_only(NOSE), "Show only Nose"),
    )
    for signal, change, text in steps:
        with qtbot.waitSignal(signal):
            change()
        assert document.undo_text == text
    after = state_of(document)
    for signal, _, _ in reversed(steps):
        with qtbot.waitSignal(signal):
            document.undo()
    assert state_of(document) == before
    for _ in steps:
        document.redo()
    assert state_of(document) == after


def test_show_only_twice_shows_all(document):
    document.label_states.show_only(HAIR)
    assert len(document.hidden) == 18
    document.label_states.show_only(HAIR)
    assert document.hidden == frozenset()


def test_the_current_label_is_shared_but_no_step(document, qtbot):
    with qtbot.waitSignal(document.current_label_changed) as caught:
        document.set_current_label(HAIR)
    assert caught.args == [HAIR]
    assert document.undo_text == ""
    assert not document.dirty


def test_names_in_the_history_are_in_the_language_of_the_application(document):
    install_language("zh_CN")
    try:
        stroke(document, HAIR, (3, 3))
        assert document.label_set[HAIR].name_zh in document.undo_text
    finally:
        install_language("en")


# ---------------------------------------------------------------- the whole document


def test_a_new_document_can_be_undone(document, qtbot):
    document.styling.set_styles({HAIR: ANNA})
    document.label_states.set_locked(HAIR, True)
    before = state_of(document)
    street = load_label_set("street")
    with qtbot.waitSignal(document.replaced):
        document.new(
            label_set=street,
            label_map=random_label_map(16, 32, len(street)),
            weights="sean-street",
            photo=PhotoReference("street.jpg"),
            seed=9,
        )
    assert document.label_set is street
    assert (document.height, document.width, document.seed, document.weights) == (16, 32, 9, "sean-street")
    assert document.styles == {} and document.locked == frozenset()
    assert document.photo is not None
    document.undo()
    assert state_of(document) == before
    hair = document.label_map == HAIR
    stroke(document, SKIN, (32, 0), radius=8)
    assert document.undo_text == "Paint Skin"
    assert np.array_equal(document.label_map == HAIR, hair)  # the lock came back too
    document.undo()
    assert state_of(document) == before
    document.redo()
    assert document.label_map[0, 32] == SKIN


def test_a_new_document_that_was_undone_comes_back_by_redo(document):
    street = load_label_set("street")
    document.new(label_set=street, label_map=random_label_map(16, 32, len(street)), seed=9)
    after = state_of(document)
    document.undo()
    document.redo()
    assert state_of(document) == after


def test_a_new_document_may_start_a_history_of_its_own(document):
    document.set_seed(3)
    document.new(label_set=document.label_set, label_map=face_label_map(32), undoable=False)
    assert document.undo_text == ""
    assert not document.dirty


def test_a_new_document_that_is_wrong_changes_nothing(document):
    before = state_of(document)
    good = {"label_set": document.label_set, "label_map": face_label_map(16)}
    for wrong, error in (
        ({"label_map": np.full((8, 8), 200, np.uint8)}, BadLabelMap),
        ({"label_map": np.zeros((0, 4), np.uint8)}, BadLabelMap),
        ({"styles": {99: ANNA}}, BadRequest),
        ({"styles": {HAIR: "x"}}, BadRequest),
        ({"seed": -3}, BadRequest),
        ({"photo": np.zeros((4, 4), np.uint8)}, BadRequest),
    ):
        with pytest.raises(error):
            document.new(**{**good, **wrong})
    assert state_of(document) == before
    assert document.undo_text == ""


def test_a_current_label_that_the_new_set_lacks_becomes_the_background(document):
    document.set_current_label(18)
    facades = load_label_set("facades")
    assert len(facades) <= 18
    document.new(label_set=facades, label_map=np.zeros((8, 8), np.uint8))
    assert document.current_label == 0


def test_a_request_restores_everything_that_made_the_picture_in_one_step(document):
    document.styling.set_styles({HAIR: ANNA, SKIN: MixStyle(BERT, MeanStyle(), 0.25)})
    document.set_seed(77)
    document.change("precision", "bfloat16")
    stroke(document, NOSE, (5, 5), (50, 9))
    made = state_of(document)
    text = to_json(document.scene.to_request())
    document.new(label_set=document.label_set, label_map=np.zeros((8, 8), np.uint8))
    before = state_of(document)
    document.new(label_set=document.label_set, **Scene.values_of(from_json(text)))
    assert state_of(document) == made
    document.undo()
    assert state_of(document) == before


def test_a_scene_does_not_follow_the_document(document):
    scene = document.scene
    expected = document.scene.to_request()
    stroke(document, HAIR, (3, 3), radius=30)
    document.styling.set_styles({HAIR: ANNA})
    assert scene.to_request() == expected
    assert document.scene.to_request() != expected


def test_the_picture_is_a_result_and_no_step(document, qtbot):
    with qtbot.waitSignal(document.picture_changed):
        document.set_picture(photo_of(document.label_map))
    assert document.undo_text == "" and not document.dirty
    with pytest.raises(ValueError, match="read-only"):
        document.picture[0, 0] = 0


# ---------------------------------------------------------------- saved or not


def test_the_document_knows_whether_it_is_as_saved(document, qtbot):
    with qtbot.waitSignal(document.dirty_changed) as caught:
        document.set_seed(1)
    assert caught.args == [True]
    document.mark_saved()
    assert not document.dirty
    document.set_seed(2)
    document.undo()
    assert not document.dirty
    document.undo()
    assert document.dirty
    document.redo()
    assert not document.dirty


def test_a_hundred_strokes_on_a_large_map_can_be_undone_within_the_memory(qapp):
    document = Document(size=(2048, 2048))
    document.pixels.replace_label_map(face_label_map(2048))
    document.mark_saved()
    start = document.label_map.copy()
    rng = np.random.default_rng(0)
    for n in range(110):
        document.pixels.begin_stroke(n % 19)
        document.pixels.stroke_to([tuple(rng.uniform(0, 2048, 2)) for _ in range(3)], 256)
        document.pixels.end_stroke()
    assert document._history.nbytes < 256 * 1024 * 1024
    for _ in range(110):
        document.undo()
    assert np.array_equal(document.label_map, start)
