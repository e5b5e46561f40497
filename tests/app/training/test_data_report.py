"""The data report's window."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core import Core
from app.dialogs.data_report import DataReportDialog
from app.dialogs.folder_parsing import Parsers
from app.jobs.session_gate import SessionGate
from app.jobs.work_lane import WorkLane
from app.shell.settings import Settings
from engine.data.kinds import LABELLED
from engine.labels.label_sets import load_label_set
from engine.weights.card import Card
from tests.app.window.test_window import nameless
from tests.engine.systems.made_up.data import TONES
from tests.fixtures import face_label_map


@pytest.fixture
def core(qtbot, tmp_path):
    made = Core(Settings(tmp_path / "settings.ini"))
    yield made
    made.shutdown()
    made.deleteLater()


@pytest.fixture
def report(qtbot, core):
    def show(folder, kind=None):
        dialog = DataReportDialog(core.work_lane, core.settings, folder, kind=kind)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.bar.isHidden())
        return dialog

    return show


def test_a_good_folder_is_ready_to_train(report, tiny_dataset, tmp_path):
    dialog = report(tiny_dataset)
    assert "9 pairs" in dialog.summary.text() and dialog.summary.text().endswith("; ready to train.")
    assert "64 x 64 (9)" in dialog.details.text()
    assert dialog.shares.rowCount() > 10 and dialog.shares.item(0, 1).text().endswith(" %")
    assert not dialog.make.isVisible()
    dialog.ask.files.pick_save = lambda *_: (str(tmp_path / "report.json"), "")
    dialog.save.click()
    assert json.loads((tmp_path / "report.json").read_text())["pairs"] == 9
    assert nameless(dialog) == []


def test_data_of_a_systems_own_kind_are_ready_to_train(report, tmp_path):
    (tmp_path / "tones.json").write_text('{"train": [0.1, 0.2], "val": [0.3]}')
    dialog = report(tmp_path, TONES)
    assert dialog.report.layout == "tones" and dialog.summary.text() == "3 tones; ready to train."
    assert not dialog.make.isVisible() and "Label maps" not in dialog.details.text()


def test_lists_of_a_systems_own_kind_are_made_and_its_findings_shown(qtbot, report, tmp_path):
    (tmp_path / "pitches.txt").write_text("0.1 0.2 21")
    dialog = report(tmp_path, TONES)
    assert dialog.summary.text() == "3 tones; not ready to train."
    said = dialog.findings.toPlainText()
    assert "make tones.json of it" in said and "Tones that nobody hears (1)" in said
    assert dialog.make.isVisible() and "tones.json" in dialog.make.toolTip() and not dialog.labels.isVisible()
    with qtbot.waitSignal(dialog.made):
        dialog.make.click()
    qtbot.waitUntil(lambda: dialog.summary.text() == "3 tones; ready to train.")


def test_a_folder_that_is_not_what_the_recipe_trains_on_is_reported_as_what_it_is(report, tiny_dataset):
    dialog = report(tiny_dataset, TONES)
    assert dialog.report.layout == "pairs" and "9 pairs" in dialog.summary.text()
    assert dialog.summary.text().endswith("; not ready to train.")
    assert "this system trains on tones.json" in dialog.findings.toPlainText()


def test_files_that_are_wrong_are_named(report, tiny_dataset):
    (tiny_dataset / "labels" / "train_000.png").write_bytes(b"no picture")
    (tiny_dataset / "images" / "train_001.jpg").unlink()
    dialog = report(tiny_dataset)
    assert "not ready to train" in dialog.summary.text()
    found = dialog.findings.toPlainText()
    assert "train_000.png" in found and "train_001.png" in found and "cannot be read" in found


def test_long_sentences_are_wrapped(report, tiny_dataset):
    for path in (tiny_dataset / "labels").iterdir():
        path.rename(path.with_name(path.stem * 20 + ".png"))
    dialog = report(tiny_dataset)
    assert dialog.findings.document().size().width() <= dialog.findings.viewport().width()
    assert not dialog.findings.horizontalScrollBar().isVisible()


def test_missing_lists_are_made_only_when_asked(qtbot, report, tiny_dataset):
    for name in ("classes.json", "splits.json"):
        (tiny_dataset / name).unlink()
    dialog = report(tiny_dataset)
    assert dialog.make.isVisible() and dialog.labels.isVisible()
    assert not (tiny_dataset / "classes.json").exists()
    dialog.labels.setCurrentIndex(dialog.labels.findData("faces"))
    with qtbot.waitSignal(dialog.made):
        dialog.make.click()
    assert json.loads((tiny_dataset / "classes.json").read_text())["name"] == "faces"
    assert set(json.loads((tiny_dataset / "splits.json").read_text())) >= {"train", "val"}
    qtbot.waitUntil(lambda: dialog.summary.text().endswith("; ready to train."))
    assert not dialog.make.isVisible()


def test_a_folder_that_goes_away_gets_a_sentence(report, tiny_dataset):
    shutil.rmtree(tiny_dataset)
    dialog = report(tiny_dataset)
    assert str(tiny_dataset) in dialog.details.text()


def test_closing_the_window_stops_the_reading(qtbot, core, tiny_dataset):
    dialog = DataReportDialog(core.work_lane, core.settings, tiny_dataset)
    dialog.show()
    dialog.reject()  # which deletes it
    qtbot.waitUntil(lambda: not core.work_lane.busy)
    assert dialog.report is None


class DrawnMaps:
    """A session whose parser is sure of all pictures but the second, and says when it has seen so many."""

    def __init__(self) -> None:
        self.parsed: list[str] = []
        self.hold_after, self.held, self.go_on = 99, threading.Event(), threading.Event()

    def run(self, request, on_progress, cancel):
        self.parsed.append(Path(request.path).stem)
        if len(self.parsed) > self.hold_after:
            self.held.set()
            assert self.go_on.wait(30)
        confidence = 0.1 if len(self.parsed) == 2 else 0.9
        return SimpleNamespace(label_map=face_label_map(64), confidence=confidence)

    def close(self) -> None:
        pass


@pytest.fixture
def photographs(tiny_dataset, tmp_path):
    """A folder with five pictures, and nothing said of them."""
    folder = tmp_path / "photographs"
    shutil.copytree(tiny_dataset / "images", folder / "images")
    for path in sorted((folder / "images").iterdir())[5:]:
        path.unlink()
    return folder


def test_pictures_without_label_maps_get_them_from_a_parser_and_a_stopped_one_goes_on(qtbot, core, photographs):
    session = DrawnMaps()
    session.hold_after = 2
    lane = WorkLane(SessionGate(lambda: session))
    faces = load_label_set("faces").to_dict()
    card = Card(name="parser-faces", system="parser", config={}, data_licence="", label_set=faces, sure_from=0.5)
    parsers = Parsers(lane, [("parser-faces", card)])
    dialog = DataReportDialog(core.work_lane, core.settings, photographs, kind=LABELLED, parsers=parsers)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.parse.isVisible())
    assert nameless(dialog) == []
    begin = dialog.parse.choices.actions()[0]
    assert begin.text() == "Faces, by parser-faces"

    begin.trigger()
    assert session.held.wait(30)
    dialog.parse.click()  # it says "Stop" meanwhile
    assert not dialog.parse.isEnabled()
    session.go_on.set()
    qtbot.waitUntil(lambda: not dialog.parse.active and len(dialog.report.map_sizes) > 0)
    assert len(list((photographs / "labels").iterdir())) == 2  # the second was left out

    session.hold_after = 99
    qtbot.waitUntil(dialog.parse.isVisible)
    dialog.parse.choices.actions()[0].trigger()
    qtbot.waitUntil(lambda: "Label maps written: 2; left out: 1" in dialog.details.text())
    assert len(session.parsed) == 5 and len(list((photographs / "labels").iterdir())) == 4
    assert lane.shutdown()
    lane.deleteLater()


def test_pictures_with_label_maps_need_no_parser(qtbot, core, tiny_dataset):
    lane = WorkLane(SessionGate(DrawnMaps))
    dialog = DataReportDialog(core.work_lane, core.settings, tiny_dataset, parsers=Parsers(lane, []))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.bar.isHidden())
    assert not dialog.parse.isVisible()
    assert lane.shutdown()
    lane.deleteLater()
