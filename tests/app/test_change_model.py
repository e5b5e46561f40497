"""Other weights: the same document, its styles encoded anew, under a name that lasts."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from app.catalogue import Catalogue
from app.controllers.restyle import RestyleController
from app.controllers.styles import Target
from app.imaging.thumbnails import Place
from app.jobs.photos import CodeCache, Photo
from app.jobs.restyle import encode_again, with_codes
from engine.requests.label_map_data import encode_map
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, MeanStyle, MixStyle, encode_code
from engine.weights.store import WeightsEntry, find_weights
from tests.app.fakes import FACES, StyleCodes
from tests.fixtures import face_label_map, photo_of

HAIR, SKIN = 13, 1


@pytest.fixture
def style(tmp_path):
    """The hair of a picture, with a code that other weights made of it."""
    label_map = face_label_map(96)
    path = tmp_path / "anna.png"
    Image.fromarray(photo_of(label_map, seed=3)).save(path)
    code = encode_code(np.array([9, 9, 9, 9], np.float32))
    return ImageStyle(path=str(path), label=HAIR, label_map_png=encode_map(label_map), code=code)


def test_styles_are_encoded_anew_in_one_step(window, core, style, qtbot):
    document = core.document
    document.styling.set_styles({HAIR: style, SKIN: MixStyle(a=style, b=style.replace(label=SKIN), amount=0.5)})
    window.controllers.model.use("fake-other")
    qtbot.waitUntil(lambda: document.weights == "fake-other")
    new = document.style(HAIR)
    assert new.code is not None and new.code != style.code
    assert new.replace(code=style.code) == style
    assert document.style(SKIN).a == new
    assert document.style(SKIN).b.code not in (None, style.code, new.code)
    document.undo()
    assert document.weights == "fake-faces" and document.style(HAIR) == style


def test_a_style_whose_picture_is_gone_loses_its_code(window, core, style, qtbot):
    gone = style.replace(path="gone.png")
    core.document.styling.set_styles({HAIR: gone, SKIN: style})
    window.controllers.model.use("fake-other")
    qtbot.waitUntil(lambda: core.document.weights == "fake-other")
    assert core.document.style(HAIR) == gone.replace(code=None)
    assert core.document.style(SKIN).code


def test_locks_hidden_labels_precision_and_seed_stay(window, core, qtbot):
    document = core.document
    document.label_states.set_locked(HAIR, True)
    document.label_states.set_visible(SKIN, False)
    document.change("precision", "bfloat16")
    document.set_seed(5)
    origin = document.origin
    window.controllers.model.use("fake-other")
    assert document.weights == "fake-other"
    assert document.locked == {HAIR} and document.hidden == {SKIN}
    assert document.precision == "bfloat16" and document.seed == 5
    assert document.origin is origin
    before = document.label_map.copy()
    assert not document.pixels.apply_mask(before == HAIR, SKIN)  # the lock holds


def test_a_document_begun_meanwhile_keeps_its_weights(window, core, style, qtbot):
    core.document.styling.set_styles({HAIR: style})
    window.controllers.model.use("fake-other")
    core.document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="fake-faces")
    done = threading.Event()
    core.work_lane.submit(lambda work: None, on_done=lambda _: done.set())
    qtbot.waitUntil(done.is_set)
    assert core.document.weights == "fake-faces"


def test_a_folder_on_the_search_path_is_called_by_its_name(tiny_weights):
    folder = find_weights("tiny-sean")
    catalogue = Catalogue()
    assert catalogue.open_folder(folder.absolute(), [RenderRequest]) == "tiny-sean"


def test_a_folder_elsewhere_is_called_by_its_path(tiny_weights, tmp_path, monkeypatch):
    import shutil

    elsewhere = tmp_path / "elsewhere" / "mine"
    shutil.copytree(find_weights("tiny-sean"), elsewhere)
    catalogue = Catalogue()
    name = catalogue.open_folder(elsewhere, [RenderRequest])
    assert name == str(elsewhere.resolve())
    assert catalogue.card(name).system == "sean"


def test_a_region_too_small_for_the_new_weights_takes_the_mean(style):
    """Weights of a lower resolution may see nothing of an upper lip: painting must not end in an error."""

    class Codes:
        def encode(self, work, weights, photo):
            return StyleCodes(np.zeros((len(FACES), 4), np.float32), np.zeros(len(FACES), bool))

    made = encode_again(SimpleNamespace(check=lambda: None), "small", [style], FACES, Codes())
    assert made == {style: MeanStyle()}
    assert with_codes(MixStyle(a=style, b=MeanStyle(), amount=0.5), made) == MixStyle(
        a=MeanStyle(), b=MeanStyle(), amount=0.5
    )


def test_weights_published_again_under_their_name_encode_the_pictures_again(window, core, engine, style, qtbot):
    """A run in training is used again and again: codes of its older encoder mean nothing to the newer generator."""
    document = core.document
    document.styling.set_styles({HAIR: style})
    before, label_map = document.scene, document.label_map.copy()
    kept = document.kept.keep(before, photo_of(label_map))
    for entry in core.catalogue._entries:
        if entry.name == "fake-faces":
            newer = [WeightsEntry(entry.name, entry.folder, entry.card.replace(sha256="1" * 64))]
    core.catalogue._find = lambda: newer
    core.catalogue.reload()
    assert not document.scene.same_picture(before) and document.scene.picture_key() != kept.key
    encoded = engine.encodes
    RestyleController(window.context, window.controllers.render, window).renew()
    qtbot.waitUntil(lambda: document.style(HAIR) != style)
    assert engine.encodes == encoded + 1 and document.style(HAIR).replace(code=style.code) == style
    document.undo()
    assert document.style(HAIR) == style and document.weights == "fake-faces"


def test_a_picture_encoded_when_it_was_chosen_is_not_encoded_again_for_the_same_weights(
    window, core, engine, style, qtbot
):
    path = Path(style.path)
    Image.fromarray(face_label_map(96)).save(path.with_name("anna.labels.png"))  # nothing to ask
    window.controllers.styles.use_file(path, Target())
    qtbot.waitUntil(lambda: bool(core.document.styles))
    encoded = engine.encodes
    RestyleController(window.context, window.controllers.render, window).renew()
    qtbot.waitUntil(lambda: not core.foreground_busy)
    assert encoded == engine.encodes == 1


def test_codes_and_looks_are_not_taken_from_weights_that_had_the_name_before(core, engine, style, qtbot):
    version = {"w": "a"}
    cache, made = CodeCache(version.__getitem__), []
    label_map = face_label_map(64)
    photo = Photo(Path(style.path), photo_of(label_map), label_map, 1.0)
    for now in ("a", "a", "b"):
        version["w"] = now
        work = core.work_lane.submit(lambda work: cache.encode(work, "w", photo), on_done=made.append)
        qtbot.waitUntil(lambda work=work: work.settled)
    assert engine.encodes == 2 and made[0] is made[1]
    core.thumbnails.put_drawn([(Place("w", HAIR, "a"), 3)], photo.pixels, label_map)
    assert core.thumbnails.knows_drawn(Place("w", HAIR, "a"), 3)
    assert not core.thumbnails.knows_drawn(Place("w", HAIR, "b"), 3)
