"""Codes of weights that are no more under their name: made anew from their pictures, or left for the engine to name."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from app.document.opening import read_request_file
from app.document.scene import Scene
from app.raster.frozen_maps import FrozenMap
from engine.pictures.images import write_image
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, MixStyle, SampleStyle, encode_code
from engine.weights.store import WeightsEntry
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN, NECKLACE = 13, 1, 16
OLD, NEW = "a" * 64, "b" * 64


@pytest.fixture
def styles(tmp_path):
    """Hair from a picture that is there, skin mixed with one that is gone, their codes of older weights."""
    label_map = face_label_map(64)
    path = tmp_path / "anna.png"
    Image.fromarray(photo_of(label_map, seed=3)).save(path)
    code = encode_code(np.array([9, 9, 9, 9], np.float32))
    there = ImageStyle(str(path), HAIR, label_map_png=encode_map(label_map), code=code, made_by=OLD[:16])
    gone = there.replace(path="gone.png", label=SKIN)
    return {HAIR: there, SKIN: MixStyle(gone, SampleStyle(2), 0.5)}


@pytest.fixture
def republished(core):
    """The weights of the document have been published anew."""

    def find():
        entries = [entry for entry in before if entry.name != "fake-faces"]
        own = next(entry for entry in before if entry.name == "fake-faces")
        return [WeightsEntry(own.name, own.folder, own.card.replace(sha256=NEW)), *entries]

    before = core.catalogue.entries
    core.catalogue._find = find
    core.catalogue.reload()


def test_a_kept_picture_comes_back_with_codes_of_the_weights_that_are(window, core, styles, republished, qtbot):
    document = core.document
    label_map = document.label_map.copy()
    old = Scene(document.label_set, FrozenMap.of(label_map), "fake-faces", OLD, styles)
    kept = document.kept.keep(old, photo_of(label_map))
    window.controllers.results.recall(kept.number)
    qtbot.waitUntil(lambda: HAIR in document.styles)
    now = document.style(HAIR)
    assert now.code != styles[HAIR].code and now.replace(code=styles[HAIR].code, made_by=OLD[:16]) == styles[HAIR]
    assert document.style(SKIN) == styles[SKIN]  # the engine says what is missing
    assert "have changed since picture 1" in window.error_bar.problem.sentence
    assert document.undo_text == "Bring back picture 1"
    document.undo()
    assert document.styles == {}


def test_a_file_opens_with_codes_of_the_weights_that_are(window, core, styles, republished, tmp_path, qtbot):
    document = core.document
    request = RenderRequest("fake-faces", LabelMapData.from_array(document.label_map), styles)
    path = tmp_path / "old.png"
    write_image(path, photo_of(document.label_map), request_json=to_json(request))
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: HAIR in document.styles)
    assert document.style(HAIR).code != styles[HAIR].code and document.path == path
    assert not document.dirty


def test_codes_of_the_same_weights_are_not_made_again(window, core, engine, styles, tmp_path, qtbot):
    document = core.document
    own = {HAIR: styles[HAIR].replace(made_by=None), SKIN: SampleStyle(2)}  # nobody wrote down whose it is
    request = RenderRequest("fake-faces", LabelMapData.from_array(document.label_map), own)
    path = tmp_path / "mine.json"
    path.write_text(to_json(request), "utf-8")
    encoded = engine.encodes
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: document.styles == own)
    assert engine.encodes == encoded


def test_a_style_whose_region_the_new_weights_cannot_see_stays(window, core, styles, republished, tmp_path, qtbot):
    document = core.document
    lost = {HAIR: styles[HAIR], NECKLACE: styles[HAIR].replace(label=NECKLACE)}  # nobody in the picture wears one
    path = tmp_path / "old.json"
    path.write_text(to_json(RenderRequest("fake-faces", LabelMapData.from_array(document.label_map), lost)), "utf-8")
    window.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: HAIR in document.styles)
    assert document.style(HAIR).code != styles[HAIR].code and document.style(NECKLACE) == lost[NECKLACE]


def test_a_file_whose_codes_take_time_does_not_replace_a_document_begun_meanwhile(
    window, core, styles, republished, tmp_path, qtbot
):
    document = core.document
    path = tmp_path / "old.json"
    path.write_text(to_json(RenderRequest("fake-faces", LabelMapData.from_array(document.label_map), styles)), "utf-8")
    window.controllers.new.open(read_request_file(path))
    document.new(label_set=document.label_set, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces")
    origin, done = document.origin, []
    core.submit(lambda work: None, text="", on_done=done.append)  # first in, first out: the codes are through
    qtbot.waitUntil(lambda: bool(done))
    assert document.origin is origin and document.styles == {}
