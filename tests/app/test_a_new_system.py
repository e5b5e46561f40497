"""A system that is one more entry of `engine.systems.SYSTEMS` is in the editor: weights, recipes, menus, a document."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import engine.systems
from app.catalogue import Catalogue
from app.panels.weights import SYSTEM, WeightsPanel
from app.studio.recipe_form import RecipeForm
from app.texts.system_names import system_text
from app.training.recipe_choice import RecipeChoice
from engine.requests.render import RenderRequest
from engine.requests.styles import SampleStyle
from engine.systems.base import Abilities
from engine.weights.card import Card
from engine.weights.manage import missing
from engine.weights.store import WeightsEntry
from tests.app.fakes import FACES, make_core
from tests.fixtures import face_label_map

TITLE = "Made up"


@pytest.fixture
def made_up(monkeypatch) -> Card:
    """The card of weights of a system that paints, draws styles and begins a document with drawn ones."""
    abilities = Abilities(samples=True, begins_drawn=True, blocks=3)
    painter = next(system for system in engine.systems.all_systems() if system.serves(RenderRequest))
    system = replace(painter, id="made-up", title=TITLE, abilities=lambda card: abilities, default_name="")
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, system))
    return Card(name="mine", system="made-up", label_set=FACES.to_dict(), weights_licence="none")


def entry(card: Card) -> WeightsEntry:
    return WeightsEntry(card.name, Path("weights") / card.name, card)


def test_its_weights_can_be_used_and_their_lack_is_told(made_up, qtbot):
    panel = WeightsPanel()
    qtbot.addWidget(panel)
    panel.show_entries([entry(made_up)])
    assert panel.table.item(0, SYSTEM).text() == TITLE and panel.use_button.isEnabled()
    panel.show_entries([], missing(set()))
    rows = [panel.table.item(row, SYSTEM).text() for row in range(panel.table.rowCount())]
    assert TITLE in rows


def test_it_can_be_trained_from_the_studio_with_a_recipe_of_one_s_own(made_up, qtbot):
    form = RecipeForm(RecipeChoice(), lambda: None)
    qtbot.addWidget(form)
    row = form.system.findData("made-up")
    assert form.system.itemText(row) == TITLE
    form.system.setCurrentIndex(row)
    form.system.activated.emit(row)
    assert form.problem.isVisibleTo(form) and TITLE in form.problem.text()
    assert form.choice.count() == 0


def test_the_catalogue_paints_with_it(made_up):
    catalogue = Catalogue(lambda: [entry(made_up)])
    assert [name for name, _ in catalogue.serving(RenderRequest)] == ["mine"] == [catalogue.default_painter()]
    assert catalogue.abilities("mine").blocks == 3
    assert system_text("made-up") == TITLE


def test_a_document_for_it_begins_with_drawn_styles(made_up, qtbot, tmp_path, monkeypatch):
    from app.window.main_window import MainWindow
    from tests.app import fakes

    shelf = [*fakes.cards(), entry(made_up)]
    monkeypatch.setattr(fakes, "cards", lambda resolution=64: shelf)
    core = make_core(tmp_path, fakes.Engine())
    window = MainWindow(core)
    qtbot.addWidget(window)
    window.controllers.new._from_map(face_label_map(64), weights="mine")
    assert core.document.weights == "mine"
    assert {type(style) for style in core.document.styles.values()} == {SampleStyle}
    core.shutdown()
    core.deleteLater()


def test_a_system_of_a_newer_version_is_called_by_its_id():
    assert system_text("from-the-future") == "from-the-future"
