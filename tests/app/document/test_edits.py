"""The list of edits of a photo: rows made of styles, strengths and switches, each change one step that undo names."""

from __future__ import annotations

import pytest

from app.document.by_region.label_styles import LabelStyles
from app.document.document import Document
from engine.errors import BadRequest
from engine.requests.edit import RegionEdit
from engine.requests.styles import MEAN, SampleStyle

SKIN, HAIR, CLOTHES = 1, 13, 18
RED, BLUE = SampleStyle(1), SampleStyle(2)


@pytest.fixture
def document(qapp) -> Document:
    document = Document()
    document.styling.set_styles({HAIR: RED, SKIN: BLUE})
    return document


@pytest.fixture
def told(document) -> list[frozenset[int]]:
    labels: list[frozenset[int]] = []
    document.edits_changed.connect(labels.append)
    return labels


def test_a_label_with_a_style_is_a_row_in_the_order_of_the_labels(document):
    assert document.styling.edits == (RegionEdit(label=SKIN, style=BLUE), RegionEdit(label=HAIR, style=RED))


def test_a_row_is_weakened_as_one_step_while_the_slider_is_dragged(document, told):
    for strength in (0.9, 0.5, 0.25):
        document.styling.set_strength(HAIR, strength, merge="slider")
    assert document.styling.edits[1].strength == 0.25 and told == [frozenset({HAIR})] * 3
    assert document.undo_text == "Strength of Hair"
    document.undo()
    assert document.styling.edits[1].strength == 1
    document.redo()
    document.styling.set_strength(HAIR, 1)
    assert document.scene.strengths == {}


def test_a_row_is_switched_off_and_on(document, told):
    document.styling.set_edit_on(HAIR, False)
    assert [row.on for row in document.styling.edits] == [True, False] and document.undo_text == "Switch Hair off"
    document.styling.set_edit_on(HAIR, False)
    assert told == [frozenset({HAIR})]
    document.styling.set_edit_on(HAIR, True)
    assert document.styling.edits[1].on and document.undo_text == "Switch Hair on"


def test_a_removed_row_leaves_nothing_and_comes_back_whole(document, told):
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_edit_on(HAIR, False)
    before = document.styling.edits
    told.clear()
    document.styling.remove_edit(HAIR)
    scene = document.scene
    assert [row.label for row in document.styling.edits] == [SKIN] and not scene.strengths and not scene.switched_off
    assert set(told) == {frozenset({HAIR})} and document.undo_text == "Remove the change of Hair"
    document.undo()
    assert document.styling.edits == before


def test_a_label_that_goes_back_to_the_mean_begins_anew_with_its_next_style(document):
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_styles({HAIR: MEAN})
    document.styling.set_styles({HAIR: BLUE})
    assert document.styling.edits[1] == RegionEdit(label=HAIR, style=BLUE)


def test_another_style_keeps_the_strength(document):
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_styles({HAIR: BLUE})
    assert document.styling.edits[1] == RegionEdit(label=HAIR, style=BLUE, strength=0.5)


def test_pasted_rows_join_those_of_other_labels_in_one_step(document):
    document.styling.set_strength(HAIR, 0.5)
    document.styling.set_edit_on(HAIR, False)
    before = document.styling.edits
    pasted = (
        RegionEdit(label=HAIR, style=BLUE),
        RegionEdit(label=CLOTHES, style=RED, strength=0.3, on=False),
        RegionEdit(label=200, style=RED),
    )
    assert document.styling.paste_edits(pasted) == (200,)
    assert document.styling.edits == (RegionEdit(label=SKIN, style=BLUE), *pasted[:2])
    document.undo()
    assert document.styling.edits == before


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_that_is_none_is_refused(document, strength):
    before = document.scene
    with pytest.raises(BadRequest, match="strength"):
        document.styling.set_strength(HAIR, strength)
    assert document.scene == before


@pytest.mark.parametrize("change", [LabelStyles.remove_edit, lambda styling, label: styling.set_strength(label, 0.5)])
def test_a_label_that_is_none_is_refused(document, change):
    with pytest.raises(BadRequest, match="200"):
        change(document.styling, 200)


def test_strengths_and_switches_decide_the_picture_whatever_order_they_were_set_in(document):
    plain = document.scene
    document.styling.set_strength(HAIR, 0.5)
    weaker = document.scene
    assert not weaker.same_picture(plain) and weaker.picture_key() != plain.picture_key()
    document.styling.set_strength(HAIR, 1)
    document.styling.set_strength(SKIN, 0.3)
    document.styling.set_strength(HAIR, 0.5)
    one_order = document.scene
    document.styling.set_strength(SKIN, 1)
    document.styling.set_strength(SKIN, 0.3)
    assert document.scene.picture_key() == one_order.picture_key()
