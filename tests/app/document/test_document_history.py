"""Any row of changes can be undone to where it began, and redone to where it ended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.document.document import Document
from engine.labels.label_sets import load_label_set
from engine.requests.styles import ImageStyle, MixStyle
from tests.fixtures import face_label_map, random_label_map

label = st.integers(0, 11)  # in both label sets below
point = st.tuples(st.floats(-10, 70), st.floats(-10, 70))
style = st.sampled_from(
    [
        None,
        ImageStyle("a.jpg", 3),
        ImageStyle("b.jpg", 4),
        MixStyle(ImageStyle("a.jpg", 3), ImageStyle("b.jpg", 4), 0.5),
    ]
)


def paint(document, of, points, radius):
    document.pixels.begin_stroke(of)
    for at in points:
        document.pixels.stroke_to([at], radius)
    document.pixels.end_stroke()


def abandon(document, of, points, radius):
    document.pixels.begin_stroke(of)
    document.pixels.stroke_to(points, radius)
    document.pixels.cancel_stroke()


def fill(document, x, y, of, contiguous):
    document.pixels.fill(x % document.width, y % document.height, of, contiguous=contiguous)


def relabel(document, source, target):
    document.pixels.relabel(source, target)


def lock(document, of, locked):
    document.label_states.set_locked(of, locked)


def show(document, of, visible):
    document.label_states.set_visible(of, visible)


def show_only(document, of):
    document.label_states.show_only(of)


def slide(document, of, amounts):
    for amount in amounts:
        mixed = MixStyle(ImageStyle("a.jpg", 3), ImageStyle("b.jpg", 4), amount)
        document.styling.set_styles({of: mixed}, merge=("mix", of))
    document.end_merge()


def become(document, name, height, width, seed):
    labels = load_label_set(name)
    document.new(
        label_set=labels, label_map=random_label_map(height, width, len(labels), seed=seed), weights=name, seed=seed
    )


def choose(document, of, style):
    document.styling.set_styles({of: style})


def resize(document, height, width, seed):
    document.pixels.replace_label_map(random_label_map(height, width, 12, seed=seed))


side = st.sampled_from([16, 40, 64])
small = st.integers(0, 5)
change = st.one_of(
    st.tuples(st.just(paint), label, st.lists(point, min_size=1, max_size=3), st.floats(0.5, 20)),
    st.tuples(st.just(abandon), label, st.lists(point, min_size=1, max_size=3), st.floats(0.5, 20)),
    st.tuples(st.just(fill), st.integers(0, 63), st.integers(0, 63), label, st.booleans()),
    st.tuples(st.just(relabel), label, label),
    st.tuples(st.just(choose), label, style),
    st.tuples(st.just(slide), label, st.lists(st.floats(-1, 2), min_size=1, max_size=3)),
    st.tuples(st.just(Document.set_seed), small),
    st.tuples(st.just(lock), label, st.booleans()),
    st.tuples(st.just(show), label, st.booleans()),
    st.tuples(st.just(show_only), label),
    st.tuples(st.just(become), st.sampled_from(["faces", "facades"]), side, side, small),
    st.tuples(st.just(resize), side, side, small),
    st.tuples(st.just(Document.undo)),
    st.tuples(st.just(Document.redo)),
    st.tuples(st.just(Document.mark_saved)),
)


def state_of(document: Document) -> tuple:
    return (
        document.label_map.tobytes(),
        document.label_map.shape,
        document.label_set.name,
        tuple(sorted(document.styles)),
        str(sorted(document.styles.items())),
        document.seed,
        document.weights,
        document.locked,
        document.hidden,
        document.areas.tobytes(),
    )


@given(st.lists(change, max_size=12))
@settings(deadline=None, max_examples=150)
def test_every_row_of_changes_goes_back_and_forth(changes):
    document = Document(size=(64, 64))
    document.new(label_set=document.label_set, label_map=face_label_map(64) % 12, undoable=False)
    saved = state_of(document)
    for action, *arguments in changes:
        action(document, *arguments)
        assert np.array_equal(document.areas, np.bincount(document.label_map.ravel(), minlength=256))
        if action is Document.mark_saved:
            saved = state_of(document)
        if not document.dirty:
            assert state_of(document) == saved
    back = [state_of(document)]
    while document.undo_text:
        document.undo()
        back.append(state_of(document))
    for expected in back[-2::-1]:
        document.redo()
        assert state_of(document) == expected
    while document.redo_text:
        document.redo()


@pytest.mark.parametrize("name", ["faces", "facades"])
def test_the_labels_used_here_are_in_both_sets(name):
    assert len(load_label_set(name)) >= 12
