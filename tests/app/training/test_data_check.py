"""What keeps a data folder from being trained on keeps Start off, is named, and is mended from the window."""

from __future__ import annotations

import json
import os
import shutil
import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

import app.training.data_check as data_check_module
from app.dialogs.data_report import DataReportDialog
from app.dialogs.folder_colours import FolderColoursDialog
from app.training.data_check import DataCheck
from engine.data.kinds import LABELLED, inspect_folder
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import load_label_set

FACES = load_label_set("faces")


@pytest.fixture
def finding(qtbot, lane):
    """Looks at a folder, as when the studio comes to the front, and tells what is found."""
    data_check = DataCheck(lane)

    def look(folder):
        data_check.look(folder, LABELLED)
        qtbot.waitUntil(lambda: not lane.busy)
        return data_check.finding

    look.data_check = data_check
    return look


@pytest.fixture
def in_other_colours(tiny_dataset):
    """The folder with maps in colours that are a little brighter than the labels'."""
    colours = np.clip(FACES.palette().astype(int) + 7, 0, 255).astype(np.uint8)
    for path in (tiny_dataset / "labels").iterdir():
        Image.fromarray(colours[read_label_map(path, FACES).label_map]).save(path)
    return tiny_dataset


def test_what_blocks_is_named_until_it_is_gone(finding, tiny_dataset, tmp_path):
    assert finding(tiny_dataset) == ""
    maps = [tiny_dataset / "labels" / f"train_00{number}.png" for number in range(2)]
    whole = shutil.copy(maps[0], tmp_path / "whole.png")
    for path in maps:
        path.write_bytes(b"no picture")  # in place: the folder is as it was
    assert "labels/train_000.png" in finding(tiny_dataset) and "1 more" in finding(tiny_dataset)
    shutil.copy(whole, maps[0])
    assert "labels/train_001.png" in finding(tiny_dataset) and "more" not in finding(tiny_dataset)
    shutil.copy(whole, maps[1])
    assert finding(tiny_dataset) == ""


def test_a_report_that_comes_when_the_lane_is_shut_down_is_let_go(finding, lane, tiny_dataset):
    """Another lane made it, and both end with the editor."""
    finding(tiny_dataset)
    report = inspect_folder(tiny_dataset, LABELLED, quick=True)
    lane.shutdown()
    finding.data_check.take(tiny_dataset, report)


class Looks(list):
    """The folders that are looked at, in order; ``go_on`` ends the looks."""

    def __init__(self):
        super().__init__()
        self.go_on = threading.Event()
        self.go_on.set()

    def inspect(self, folder, *arguments, **keywords):
        self.append(folder)
        assert self.go_on.wait(30)
        return inspect_folder(folder, *arguments, **keywords)


@pytest.fixture
def looks(monkeypatch):
    made = Looks()
    monkeypatch.setattr(data_check_module, "inspect_folder", made.inspect)
    yield made
    made.go_on.set()


def test_a_folder_that_has_not_changed_is_not_looked_at_again(finding, looks, tiny_dataset, tmp_path):
    finding(tiny_dataset)
    finding(tiny_dataset)
    assert looks == [tiny_dataset]
    finding(tmp_path)
    assert looks == [tiny_dataset, tmp_path]


def test_the_window_reads_no_time_of_a_file(finding, tiny_dataset, monkeypatch):
    """A folder may lie on a disk that answers slowly."""
    (tiny_dataset / "labels" / "train_000.png").write_bytes(b"no picture")
    report = inspect_folder(tiny_dataset)
    threads = set()
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda *of: (threads.add(threading.current_thread()), scandir(*of))[1])
    time_of = data_check_module._time_of
    monkeypatch.setattr(
        data_check_module, "_time_of", lambda *of: (threads.add(threading.current_thread()), time_of(*of))[1]
    )
    assert finding(tiny_dataset)
    finding.data_check.take(tiny_dataset, report)
    assert finding(tiny_dataset)
    assert threads and threading.main_thread() not in threads


def test_a_run_does_not_make_the_folder_be_looked_at_again(finding, looks, lane, tiny_dataset, qtbot):
    finding(tiny_dataset)
    finding.data_check.pause()
    finding(tiny_dataset)
    assert looks == [tiny_dataset]
    looks.go_on.clear()
    os.utime(tiny_dataset / "labels")
    finding.data_check.look(tiny_dataset, LABELLED)
    qtbot.waitUntil(lambda: len(looks) == 2)
    finding.data_check.pause()  # in the midst of it
    looks.go_on.set()
    finding(tiny_dataset)
    assert len(looks) == 3


def test_what_a_closer_look_finds_counts_at_once(finding, qtbot, tiny_dataset):
    picture = tiny_dataset / "images" / "train_000.jpg"
    picture.write_bytes(picture.read_bytes()[:-300])  # its header is whole
    assert finding(tiny_dataset) == ""
    with qtbot.waitSignal(finding.data_check.changed):
        finding.data_check.take(tiny_dataset, inspect_folder(tiny_dataset))
    assert "images/train_000.jpg" in finding(tiny_dataset)
    finding.data_check.stop()
    assert finding.data_check.finding == ""


def test_start_waits_until_the_colours_of_the_maps_are_known_and_measuring_does_not(
    studio, window, core, in_other_colours, qtbot, looks
):
    setup = studio.setup
    looks.go_on.clear()
    os.utime(in_other_colours / "labels")
    setup.check()
    qtbot.waitUntil(lambda: bool(looks))
    measuring = core.training.measuring.submit(lambda work: None)
    qtbot.waitUntil(lambda: measuring.settled)
    assert core.training.checking.busy
    looks.go_on.set()
    qtbot.waitUntil(lambda: not core.training.checking.busy)
    assert not setup.start.isEnabled() and setup.why_not.isVisible() and "#" in setup.why_not.text()
    window.controllers.studio.report(in_other_colours)
    report = next(each for each in QApplication.topLevelWidgets() if isinstance(each, DataReportDialog))
    qtbot.waitUntil(report.colours.isVisible)
    report.colours.click()
    report.findChild(FolderColoursDialog).use.click()
    qtbot.waitUntil(setup.start.isEnabled)
    assert json.loads((in_other_colours / "classes.json").read_text("utf-8"))["colours"]
    qtbot.waitUntil(lambda: report.bar.isHidden() and "; ready" in report.summary.text())
    report.colours.click()
    report.findChildren(FolderColoursDialog)[-1].forget.click()
    qtbot.waitUntil(lambda: not setup.start.isEnabled())
    assert "colours" not in json.loads((in_other_colours / "classes.json").read_text("utf-8"))
