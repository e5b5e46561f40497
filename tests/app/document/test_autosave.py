"""The document is kept by itself: nothing that is older than 30 s is lost, and nothing stays that nobody needs."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest

import engine.files
from app.document.document import Document
from app.document.saved import process_folders
from app.document.saved.autosave import PERIOD_S, Autosave
from app.document.saved.document_file import read_document
from app.document.saved.process_folders import (
    AUTOSAVED,
    is_open_elsewhere,
    leftovers,
    own_folder,
    release_folder,
    tell_open,
)
from engine.errors import EngineError
from engine.labels.label_sets import load_label_set
from engine.requests.styles import SampleStyle
from tests.fixtures import face_label_map, photo_of

HAIR = 13
DEAD = "1-5"  # process 1 did not start 5 seconds after 1970


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self):
        return self.now


class Lane:
    """Does at once what it is given, as `WorkLane` does it later."""

    def submit(self, function, *, on_done=None, on_failed=None):
        try:
            result = function(None)
        except EngineError as error:
            if on_failed:
                on_failed(error)
        else:
            if on_done:
                on_done(result)


@pytest.fixture
def document(qtbot):
    made = Document(load_label_set("faces"), weights="fake-faces")
    made.new(label_set=made.label_set, label_map=face_label_map(64), weights="fake-faces", undoable=False)
    return made


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def autosave(document, clock, tmp_path):
    made = Autosave(document, Lane(), base=tmp_path, clock=clock)
    made.start()
    yield made
    made.leave()


def kept_file(base):
    return own_folder(base) / AUTOSAVED


def pass_time(autosave, clock, seconds):
    """The timer looks every second."""
    for _ in range(int(seconds)):
        clock.now += 1
        autosave.look()


def test_nothing_is_kept_of_a_document_that_nobody_changed(autosave, clock, tmp_path):
    pass_time(autosave, clock, 100)
    assert leftovers(tmp_path) == [] and not kept_file(tmp_path).exists()


def test_a_change_is_kept_after_thirty_seconds_however_many_follow(autosave, document, clock, tmp_path):
    for seed in range(int(PERIOD_S) - 1):
        document.set_seed(seed + 1)
        pass_time(autosave, clock, 1)
    assert not kept_file(tmp_path).exists()
    pass_time(autosave, clock, 1)
    assert read_document(kept_file(tmp_path)).scene.request.seed == PERIOD_S - 1
    document.set_seed(77)
    pass_time(autosave, clock, PERIOD_S)
    assert read_document(kept_file(tmp_path)).scene.request.seed == 77


def test_a_new_picture_is_kept_at_once_with_what_made_it(autosave, document, clock, tmp_path):
    document.set_seed(3)
    document.kept.keep(document.scene, photo_of(face_label_map(64)))
    pass_time(autosave, clock, 1)
    saved = read_document(kept_file(tmp_path))
    assert len(saved.results) == 1 and saved.manifest.steps == 1 and saved.manifest.title == "Untitled"


def test_a_star_is_kept_though_it_is_no_step(autosave, document, clock, tmp_path):
    document.kept.keep(document.scene, photo_of(face_label_map(64)))
    document.kept.star(1, True)
    pass_time(autosave, clock, 1)
    assert read_document(kept_file(tmp_path)).results[0].starred


def test_a_stroke_that_does_not_end_is_kept_as_far_as_it_came(autosave, document, clock, tmp_path):
    document.pixels.begin_stroke(HAIR)
    document.pixels.stroke_to([(5, 5), (40, 30)], 6)
    pass_time(autosave, clock, PERIOD_S)
    assert read_document(kept_file(tmp_path)).scene.scene({}).label_map == document.scene.label_map
    document.pixels.end_stroke()


def test_what_was_kept_goes_once_it_is_saved_or_taken_back(autosave, document, clock, tmp_path):
    for end in (document.mark_saved, document.undo):
        document.set_seed(document.seed + 1)
        pass_time(autosave, clock, PERIOD_S)
        assert kept_file(tmp_path).exists()
        end()
        assert not kept_file(tmp_path).exists()


def test_what_the_user_let_go_goes_at_the_end_and_all_else_stays(autosave, document, clock, tmp_path):
    document.set_seed(5)
    pass_time(autosave, clock, PERIOD_S)
    autosave.leave()
    assert kept_file(tmp_path).exists(), "nobody was asked"
    autosave.let_go()
    autosave.leave()
    assert not own_folder(tmp_path).exists()


def test_a_full_disk_is_said_and_tried_again(autosave, document, clock, tmp_path, monkeypatch):
    said = []
    autosave.failed.connect(said.append)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    document.set_seed(5)
    with monkeypatch.context() as patched:
        patched.setattr("engine.files.os.fsync", full)
        pass_time(autosave, clock, PERIOD_S)
    assert len(said) == 1 and "the disk is full" in str(said[0])
    pass_time(autosave, clock, PERIOD_S)
    assert read_document(kept_file(tmp_path)).scene.request.seed == 5


# ---------------------------------------------------------------- what was left


def left_by_a_dead_process(base, document, clock, name=DEAD):
    document.set_seed(document.seed + 1)
    autosave = Autosave(document, Lane(), base=base, clock=clock)
    autosave.keep()
    autosave.leave()
    shutil.move(own_folder(base), base / name)


def test_what_a_dead_process_left_is_shown_and_what_a_living_one_has_is_not(document, clock, tmp_path):
    left_by_a_dead_process(tmp_path, document, clock)
    Autosave(document, Lane(), base=tmp_path, clock=clock).keep()
    (left,) = leftovers(tmp_path)
    assert left.folder.name == DEAD and left.manifest.steps == 1 and left.thumbnail.startswith(b"\x89PNG")
    left.remove()
    assert leftovers(tmp_path) == [] and kept_file(tmp_path).exists()


@pytest.mark.skipif(os.name == "nt", reason="locks are Unix's")
def test_what_a_process_holds_is_not_left_whatever_its_computer_and_its_clock(document, clock, tmp_path, monkeypatch):
    for name in (DEAD, "1-6-00000000"):  # of another computer: its processes are none here
        left_by_a_dead_process(tmp_path, document, clock, name)
        with open(tmp_path / name / process_folders.HELD_FILE, "ab") as file:
            assert engine.files.hold(file)
            assert leftovers(tmp_path) == []
        (left,) = leftovers(tmp_path)
        assert left.folder.name == name
        left.remove()
    Autosave(document, Lane(), base=tmp_path, clock=clock).keep()
    monkeypatch.setattr(process_folders, "_start_of", lambda process: 5.0)
    assert leftovers(tmp_path) == [] and kept_file(tmp_path).exists(), "the clock was set"


def test_where_there_are_no_locks_processes_of_other_computers_count_as_running(document, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.files, "fcntl", None)
    left_by_a_dead_process(tmp_path, document, clock)
    left_by_a_dead_process(tmp_path, document, clock, "1-6-00000000")
    assert [left.folder.name for left in leftovers(tmp_path)] == [DEAD]


def test_a_damaged_leftover_is_shown_too_and_folders_without_any_go(document, clock, tmp_path):
    left_by_a_dead_process(tmp_path, document, clock)
    (tmp_path / DEAD / AUTOSAVED).write_bytes(b"PK\3\4 nonsense")
    tell_open(tmp_path / "1-6", None)
    release_folder(tmp_path / "1-6")
    (left,) = leftovers(tmp_path)
    assert left.folder.name == DEAD and left.thumbnail == b"" and not (tmp_path / "1-6").exists()


def test_a_file_that_another_process_has_open_is_known(tmp_path):
    path = tmp_path / "画.tessera"
    path.write_bytes(b"")
    assert not is_open_elsewhere(path, tmp_path)
    tell_open(own_folder(tmp_path), path)
    assert not is_open_elsewhere(path, tmp_path), "this process has it"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        start = round(process_folders._start_of(other.pid))
        tell_open(tmp_path / f"{other.pid}-{start}", path)
        assert is_open_elsewhere(path, tmp_path)
        tell_open(tmp_path / f"{other.pid}-{start - 100}", path)  # of a process that had its number before
        release_folder(tmp_path / f"{other.pid}-{start - 100}")
        (tmp_path / f"{other.pid}-{start}" / "open.json").write_text(json.dumps([5]))
        assert not is_open_elsewhere(path, tmp_path)
        other.communicate(b"\n")


# ---------------------------------------------------------------- killed at random moments


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Kills in the middle of `engine.files`: at the n-th change of the disk after it was armed."""

    def __init__(self, monkeypatch):
        self.left = 0
        for name in ("replace", "fsync", "open"):
            monkeypatch.setattr(engine.files.os, name, self._killing(getattr(os, name)))

    def _killing(self, function):
        def killing(*arguments, **named):
            self.left -= 1
            if self.left == 0:
                raise Killed
            return function(*arguments, **named)

        return killing


class Session:
    """One start of the editor: what was left is brought back, then worked on until the kill."""

    def __init__(self, base, clock, chance):
        self.clock, self.chance, self.began = clock, chance, clock.now
        self.document = Document(load_label_set("faces"), weights="fake-faces")
        values = {"label_map": face_label_map(32), "weights": "fake-faces"}
        left = own_folder(base) / AUTOSAVED  # all sessions are this process
        self.brought_back = read_document(left) if left.exists() else None
        if self.brought_back is not None:
            values = self.brought_back.scene.values()
        self.document.new(label_set=self.document.label_set, **values, undoable=False)
        if self.brought_back is not None:
            self.document.timeline.mark_unsaved()
        self.autosave = Autosave(self.document, Lane(), base=base, clock=clock)
        self.autosave.start()
        self.seeds = {self.began: self.document.seed}  # what the document was, by time

    def work(self, killer, until, in_a_write):
        """Raises Killed at last."""
        while True:
            self.document.set_seed(int(self.clock.now))
            self.seeds[self.clock.now] = self.document.seed
            if self.chance.random() < 0.1:
                self.document.styling.set_styles({HAIR: SampleStyle(self.document.seed)})
            if self.chance.random() < 0.1:
                self.document.kept.keep(self.document.scene, np.full((32, 32, 3), self.document.seed % 256, np.uint8))
            for _ in range(self.chance.randint(1, 9)):
                self.clock.now += 1
                if self.clock.now >= until and not in_a_write:
                    raise Killed
                killer.left = self.chance.randint(1, 5) if self.clock.now >= until else 0
                self.autosave.look()
                killer.left = 0

    def lost(self, now, seed_kept):
        """Seconds of work that are not in what was kept."""
        undone = [moment for moment, seed in self.seeds.items() if seed > seed_kept]
        return now - min(undone) if undone else 0


def test_an_hour_of_work_killed_a_hundred_times_loses_thirty_seconds_at_most(qtbot, tmp_path, monkeypatch):
    """Seeded, and the clock is pretended. A kill comes in the middle of a write, or between two."""
    chance, clock, killer = random.Random(14), Clock(), Killer(monkeypatch)
    began, session, losses = clock.now, None, []
    while len(losses) < 100:
        before, session = session, Session(tmp_path, clock, chance)
        if before is not None:
            assert session.brought_back is None or session.brought_back.damage == ()
            losses.append(before.lost(clock.now, session.document.seed))
        with pytest.raises(Killed):
            session.work(killer, clock.now + chance.randint(1, 70), chance.random() < 0.7)
        session.autosave._timer.stop()
    assert clock.now - began >= 3600 and max(losses) > 20
    assert max(losses) <= PERIOD_S + 1, "it is looked every second"
