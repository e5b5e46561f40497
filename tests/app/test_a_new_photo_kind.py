"""A second kind of document that is a photo, registered by one line, is everywhere where such documents are: offered,
opened, shown, compared, saved, exported, found again and closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtWidgets import QApplication

import engine.systems
from app.catalogue import Catalogue
from app.controllers.styles import Target
from app.dialogs.choices import ChoiceDialog
from app.dialogs.export_photo import ExportPhotoDialog
from app.document import kinds
from app.document.kinds import RENDER, register
from app.document.opening import photo_uses
from app.imaging.mime import Incoming
from app.panels.styles.panel import StylesPanel
from app.panels.weights import WeightsPanel
from app.raster.view import Mode
from app.window import request_kinds
from app.window.main_window import MainWindow
from engine.errors import WeightsError
from engine.pictures.images import read_image
from engine.pictures.photos import read_photo
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json
from engine.requests.render import RenderRequest
from engine.systems.base import Abilities
from engine.weights.store import WeightsEntry, save_weights
from tests.app import fakes
from tests.app.made_up_photo_kind import LIGHT, LIGHT_PANEL, LightInputs, LightRequest
from tests.app.waiting import shown_dialogs
from tests.engine.drawn_profiles import wide_profile
from tests.fixtures import face_label_map, photo_of

SIDE = 80
HAIR = 13
OWN_WEIGHTS = "fake-own"


@pytest.fixture(autouse=True, params=["weights that paint", "weights of its own"])
def made_up(request, monkeypatch):
    """The document and the window know the kind. Weights that paint serve it too, or others do, which paint nothing."""
    path = f"{LightRequest.__module__}:{LightRequest.__qualname__}"
    systems = list(engine.systems.all_systems())
    if request.param == "weights that paint":
        systems = [
            replace(system, requests=(*system.requests, path)) if system.serves(RenderRequest) else system
            for system in systems
        ]
    else:
        painter = next(system for system in systems if system.serves(RenderRequest))
        nothing = Abilities(resolution=64)
        own = replace(painter, id="own", requests=(path,), abilities=lambda card: nothing, default_name="")
        systems.append(own)
        shelf = fakes.cards()
        card = shelf[0].card.replace(name=OWN_WEIGHTS, system="own")
        monkeypatch.setattr(fakes, "cards", lambda resolution: [*shelf, WeightsEntry(card.name, Path(card.name), card)])
    monkeypatch.setattr("engine.systems.SYSTEMS", tuple(systems))
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    register(LIGHT)  # the one line
    monkeypatch.setattr(request_kinds, "REQUEST_KINDS", (*request_kinds.REQUEST_KINDS, LIGHT_PANEL))


@pytest.fixture
def photo(tmp_path):
    """A photo of deep wide colours."""
    folder = tmp_path / "照片"
    folder.mkdir()
    path = folder / "portrait.png"
    Image.fromarray(photo_of(face_label_map(SIDE), seed=3)).save(path, icc_profile=wide_profile(), dpi=(300, 300))
    return path


def settled(window, qtbot):
    render = window.controllers.render
    qtbot.waitUntil(lambda: render.up_to_date and not window.core.render_lane.busy and not window.core.foreground_busy)


@pytest.fixture
def lit(window, core, photo, qtbot):
    """The window with the photo as a document of the kind, begun as a person begins it."""
    window.controllers.files.open_path(photo)
    qtbot.waitUntil(lambda: bool(shown_dialogs(ChoiceDialog)))
    asked, *_ = shown_dialogs(ChoiceDialog)
    assert list(asked.buttons)[:3] == ["edit 0", "light 0", "paint 0"]
    assert "Light this photo" in asked.buttons["light 0"].text()
    asked.buttons["light 0"].click()
    qtbot.waitUntil(lambda: core.document.kind is LIGHT and core.document.label_map.any())
    settled(window, qtbot)
    return window


def lighter(document, photo) -> np.ndarray:
    """The samples that the document's picture is to be written with."""
    samples = read_photo(photo).samples.astype(int)
    region = document.label_map > 0
    return np.where(region[..., None], np.clip(samples + document.scene.own_inputs.steps, 0, 255), samples)


def test_a_document_of_it_begins_with_a_file_and_is_shown_as_a_photo(lit, core, photo):
    document = core.document
    assert document.photo.sha256 and document.label_map.shape == (SIDE, SIDE)
    assert lit.windowTitle().startswith("portrait.png - lit")
    assert not lit.docks["lightDock"].isHidden() and lit.docks["editsDock"].isHidden()
    assert lit.canvas._drawing.has_original and core.document.picture is not None
    lit.canvas.set_mode(Mode.SIDE_BY_SIDE)
    assert lit.options.overlay_slider.isEnabled() and lit.canvas.overlay == core.settings.photo_overlay / 100


def test_what_only_other_documents_can_do_says_so(lit, core):
    told = []
    core.hub.reported.connect(told.append)
    assert lit.controllers.variety.variations() is None and not core.scope.edits_photo and len(told) == 1
    core.document.pixels.replace_label_map(face_label_map(64))
    assert core.document.label_map.shape == (SIDE, SIDE)


@pytest.mark.parametrize("ending", [".png", ".json"])
def test_it_is_saved_and_opens_again(lit, core, photo, qtbot, monkeypatch, ending):
    document, path = core.document, photo.with_name(f"saved{ending}")
    document.change("inputs", {LIGHT.name: LightInputs(steps=33)})
    settled(lit, qtbot)
    before = document.scene
    monkeypatch.setattr(lit.context.ask, "pick_save", lambda *_: (str(path), ""))
    lit.controllers.exports.save()
    qtbot.waitUntil(lambda: path.is_file() and not core.foreground_busy)
    assert not document.dirty
    if ending == ".png":
        assert np.array_equal(read_photo(path).samples, lighter(document, photo))
        assert from_json(read_embedded_request(path)).photo.path == photo.name
    document.new(label_set=document.label_set, label_map=face_label_map(64), weights="fake-faces")
    assert document.kind is RENDER and lit.docks["lightDock"].isHidden()
    document.mark_saved()
    lit.controllers.files.open_path(path)
    qtbot.waitUntil(lambda: document.path == path)
    settled(lit, qtbot)
    assert document.scene.same_file(before) and document.scene.label_map == before.label_map
    assert not lit.docks["lightDock"].isHidden() and lit.canvas._drawing.has_original


def test_it_is_exported_as_a_photo(lit, core, photo, qtbot, monkeypatch, tmp_path):
    out = tmp_path / "out.tiff"
    monkeypatch.setattr(lit.context.ask, "pick_save", lambda *_: (str(out), ""))
    lit.controllers.exports.export_picture()
    next(w for w in QApplication.topLevelWidgets() if isinstance(w, ExportPhotoDialog) and w.isVisible()).accept()
    qtbot.waitUntil(lambda: out.is_file() and not core.foreground_busy)
    written = read_photo(out)
    assert np.array_equal(written.samples, lighter(core.document, photo)) and written.icc_profile == wide_profile()
    assert np.array_equal(read_image(out).pixels, core.document.picture)


def test_its_photo_is_found_again(lit, core, photo, qtbot, monkeypatch):
    core.document.change("inputs", {LIGHT.name: LightInputs(steps=5)})
    moved = photo.rename(photo.with_name("moved.png"))
    monkeypatch.setattr(lit.context.ask, "pick_open", lambda *_: str(moved))
    lit.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: core.document.photo.name == "moved.png")
    other = photo.with_name("other.png")
    Image.fromarray(photo_of(face_label_map(72))).save(other)
    monkeypatch.setattr(lit.context.ask, "pick_open", lambda *_: str(other))
    monkeypatch.setattr(lit.controllers.photos, "ask", lambda *_: True)
    core.document.mark_saved()
    lit.controllers.photos.find_photo()
    qtbot.waitUntil(lambda: core.document.label_map.shape == (72, 72) and core.document.label_map.any())
    assert core.document.kind is LIGHT and core.document.scene.own_inputs.steps == 5
    settled(lit, qtbot)


def test_a_window_closes_over_it_and_another_one_shows_it(lit, core, qtbot):
    core.document.mark_saved()
    assert lit.close()
    later = MainWindow(core)
    qtbot.addWidget(later)
    assert not later.docks["lightDock"].isHidden() and later.windowTitle().startswith("portrait.png")


def test_it_is_offered_only_where_some_weights_serve_it(core, monkeypatch):
    assert [use.kind.name for use in photo_uses(core.document, core.catalogue)][:2] == ["edit", "light"]
    monkeypatch.undo()
    assert LIGHT not in {use.kind for use in photo_uses(core.document, core.catalogue)}


def test_only_weights_that_serve_it_are_offered(lit, core):
    serving = [weights_name for weights_name, _ in core.catalogue.serving(LightRequest)]
    assert core.document.weights in serving and (OWN_WEIGHTS not in serving or serving == [OWN_WEIGHTS])
    assert len(lit.menus["MODEL"].actions()) == len(serving)
    assert sum(action.isChecked() for action in lit.menus["MODEL"].actions()) == 1
    card = core.catalogue.card(core.document.weights)
    panel = WeightsPanel()
    panel.show_entries([WeightsEntry(card.name, Path(card.name), card)])
    assert panel.use_button.isEnabled()


def test_weights_that_serve_only_photos_leave_a_painting_as_it_is(window, core, made_up):
    told, before = [], core.document.scene
    core.hub.reported.connect(told.append)
    assert OWN_WEIGHTS not in [action.text() for action in window.menus["MODEL"].actions()]
    if OWN_WEIGHTS in dict(core.catalogue.serving(LightRequest)):
        window.controllers.model.use(OWN_WEIGHTS)
        assert OWN_WEIGHTS in told[0].sentence and "photos" in told[0].sentence
    assert core.document.scene == before


def test_its_weights_are_taken_from_a_folder(tmp_path, qapp):
    card = Catalogue(lambda: fakes.cards(64)).serving(LightRequest)[-1][1]
    folder = tmp_path / "dropped"
    save_weights(folder, card, {"w": torch.zeros(3)})
    catalogue = Catalogue(list)
    with pytest.raises(WeightsError):
        catalogue.open_folder(folder, [])
    weights_name = catalogue.open_folder(folder, [LightRequest])
    assert [served for served, _ in catalogue.serving(LightRequest)] == [weights_name]


def test_styles_which_change_nothing_in_it_are_not_offered(lit, core, photo, qtbot):
    told, before = [], core.document.scene
    core.hub.reported.connect(told.append)
    panel, controllers = lit.findChild(StylesPanel), lit.controllers
    for widget in (panel.button_dice_all, panel.button_all, panel.card.button_colour, panel.card.button_file):
        assert not widget.isEnabled() and "change nothing" in widget.toolTip()
    controllers.dice.roll()
    controllers.dice.roll_all()
    controllers.colours.choose()
    controllers.colours.take_pipette()
    controllers.styles.reset_label()
    controllers.styles.choose_file_for_all()
    controllers.files.take(Incoming(colour="#ff0000"))
    controllers.styles.use(Incoming(files=(photo,)), Target(HAIR))
    assert len(told) == 8 and all("change nothing" in problem.sentence for problem in told)
    assert core.document.scene == before


def test_a_picture_that_is_dropped_on_a_region_of_it_is_asked_about(lit, core, photo, qtbot):
    lit.controllers.files.open_path(photo, label_id=HAIR)
    qtbot.waitUntil(lambda: bool(shown_dialogs(ChoiceDialog)))
    asked, *_ = shown_dialogs(ChoiceDialog)
    assert "light 0" in asked.buttons and not {"all", "label"} & set(asked.buttons)
    asked.reject()


def test_the_keyboard_reaches_its_panel(lit, qtbot):
    lit.activateWindow()
    lit.docks["lightDock"].raise_()
    panel = lit.docks["lightDock"].widget()
    qtbot.waitUntil(lambda: panel.isVisible() and lit.isActiveWindow())
    lit.labels.list.setFocus()
    lit.next_panel()
    assert panel.hasFocus()
