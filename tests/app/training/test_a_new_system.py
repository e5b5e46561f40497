"""The made-up system of tests/engine/systems/made_up in the editor: in the studio and in the weights' window."""

from __future__ import annotations

import json

import pytest
import torch
from PySide6.QtWidgets import QAbstractButton

import engine.systems
from app.jobs.training_lane import Ended, State
from app.studio.evaluation import EvaluationDialog
from engine.program import program
from engine.systems.base import load_part
from engine.weights.card import Card, read_card
from engine.weights.store import join_networks, save_weights, user_weights_folder
from tests.app.training.studios import PATIENCE, sentences
from tests.engine.systems.made_up.system import SYSTEM

RECIPE = """
system = "tones"
resolution = 16
batch = 4
steps = 6
log_every = 1
sample_every = 2
validate_every = 2

[model.player]
width = 4
"""


@pytest.fixture(autouse=True)
def made_up_system(monkeypatch):
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, SYSTEM))


@pytest.fixture
def tones(tmp_path):
    folder = tmp_path / "tones"
    folder.mkdir()
    (folder / "tones.json").write_text(json.dumps({"train": [0.1 * n for n in range(1, 9)], "val": [0.25, 0.55]}))
    return folder


def publish_untrained(name: str, system: str = "tones") -> None:
    torch.manual_seed(0)
    networks = {key: network.build(load_part(network.config)()) for key, network in SYSTEM.networks.items()}
    states = {key: network.state_dict() for key, network in networks.items()}
    card = Card(name=name, system=system, networks={key: {} for key in networks}, data_licence="CC0")
    save_weights(user_weights_folder() / name, card, join_networks(states))


def test_its_weights_stand_in_the_weights_window_and_are_not_offered_to_paint(window):
    publish_untrained("bells")
    window.actions_by_id["weights"].trigger()
    panel = window.controllers.weights._dialog.panel
    rows = [[panel.table.item(row, i).text() for i in range(6)] for row in range(panel.table.rowCount())]
    assert "Tones" in next(row for row in rows if row[0] == "bells")
    panel.choose("bells")
    assert not panel.use_button.isEnabled()


def test_the_studio_measures_it(qtbot, window, core, tones):
    publish_untrained("bells")
    publish_untrained("mute", system="nobody's")
    core.catalogue.reload()
    dialog = EvaluationDialog(core, data_folder=tones, parent=window)
    assert dialog.weights.findData("mute") < 0
    dialog.weights.setCurrentIndex(dialog.weights.findData("bells"))
    dialog.go.click()
    qtbot.waitUntil(lambda: bool(dialog.measured), timeout=PATIENCE)
    names = [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]
    assert {"pitch error", "tones"} <= set(names)
    assert dialog.table.horizontalHeaderItem(1).text() == "bells (val)" and dialog.what.text() == "Measured."
    dialog.close()


def test_the_studio_offers_trains_and_publishes_it(qtbot, window, core, tones, tmp_path):
    controller = window.controllers.studio
    controller.open(tones)
    qtbot.waitUntil(lambda: controller.studio is not None, timeout=PATIENCE)
    studio = controller.studio
    form = studio.setup.recipe
    assert "Tones" in [form.system.itemText(n) for n in range(form.system.count())]
    (tmp_path / "tones.toml").write_text(RECIPE, "utf-8")
    form.load(tmp_path / "tones.toml")
    assert form.system.currentText() == "Tones"
    assert studio.setup.start.isEnabled(), studio.setup.why_not.text()
    said = sentences(core)
    with qtbot.waitSignal(core.training.ended, timeout=PATIENCE) as ended:
        studio.setup.start.click()
    assert ended.args == [Ended.DONE] and core.training.state is State.IDLE
    assert {series.name for series in studio.curves.shown()} >= {"wave", "pitch"}
    assert any(button.text().startswith("error of waves ") for button in studio.curves.findChildren(QAbstractButton))
    studio.bar.use.click()
    name = core.training.shown.folder.name
    qtbot.waitUntil(lambda: bool(said), timeout=PATIENCE)
    assert list(read_card(user_weights_folder() / name).networks) == ["player", "hearer"]
    assert core.document.weights == "tiny-sean"
    assert said[-1].startswith(f'The weights "{name}" are ready for {program()} request')
