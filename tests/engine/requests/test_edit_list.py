"""Edits as text: read back equal, refused in one sentence where they are none or for other labels."""

from __future__ import annotations

import pytest

from engine.errors import BadRequest
from engine.labels.label_sets import load_label_set
from engine.requests.edit import RegionEdit
from engine.requests.edit_list import EditList, edit_list_text, read_edit_list
from engine.requests.styles import ColourStyle, ImageStyle, MixStyle, SampleStyle

FACES = load_label_set("faces")
EDITS = (
    RegionEdit(label=13, style=ImageStyle(path="头发 anna.png", label=13), strength=0.4),
    RegionEdit(label=12, style=ColourStyle("#a01030"), on=False),
    RegionEdit(label=1, style=MixStyle(SampleStyle(7), SampleStyle(8), 0.5)),
)


def test_edits_come_back_equal_and_paths_stay_readable():
    text = edit_list_text(EditList.of(FACES, EDITS))
    assert read_edit_list(text).edits_for(FACES) == EDITS
    assert read_edit_list(text.encode("utf-8")).edits == EDITS
    assert "头发 anna.png" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[" * 100_000,
        '{"kind": "edits", "labels": [], "edits": [{"label": 300, "style": {"style": "mean"}}]}',
        '{"kind": "edits", "labels": [], "edits": [{"label": 3, "style": {"style": "colour", "colour": "red"}}]}',
        '{"kind": "edits", "labels": [], "edits": [], "schema": "tessera/9"}',
        b"\xff\xfe",
    ],
)
def test_what_holds_no_edits_is_one_sentence(text):
    with pytest.raises(BadRequest, match="holds no edits"):
        read_edit_list(text)


def test_edits_for_other_labels_are_refused_although_their_numbers_exist():
    with pytest.raises(BadRequest, match="skin, nose"):
        EditList.of(FACES, EDITS).edits_for(load_label_set("coco_stuff"))
