"""Two editors on one file, a disk that takes no more, and a damaged part: processes in real windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.document.document import Document
from app.document.saved.document_file import read_document, snapshot_of, write_document
from engine.labels.label_sets import load_label_set
from tests.e2e.test_crash import ROOT, START
from tests.fixtures import face_label_map, photo_of

HELPERS = START + """
import pathlib
path, done = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
said = []

def until(condition):
    while not condition():
        QTest.qWait(20)

def opened(window):
    window.core.hub.reported.connect(lambda problem: said.append(problem.sentence))
    window.controllers.files.open_path(path)
    until(lambda: 17 in window.core.document.hidden)

def paint(window, label):
    canvas, before = window.canvas, window.core.document.undo_text
    window.core.document.set_current_label(label)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())

def save(window, action="save"):
    window.actions_by_id[action].trigger()
    until(lambda: not window.core.foreground_busy)

def leave(window):
    window.core.document.mark_saved()
    window.close()
"""

FIRST = HELPERS + """
def begin(window):
    opened(window)
    window.looking = QTimer(window)
    window.looking.timeout.connect(lambda: look(window))
    window.looking.start(50)
    print("holds", window.core.document.path == path, flush=True)

def look(window):
    if done.exists():
        window.looking.stop()
        paint(window, 3)
        save(window)
        print("saved", digest(window.core.document), window.core.document.dirty, flush=True)
        leave(window)

sys.exit(main.main([]))
"""

SECOND = HELPERS + """
import resource

def begin(window):
    document, ask = window.core.document, window.context.ask
    opened(window)
    until(lambda: any("copy of it" in sentence for sentence in said))
    print("copy", document.path is None, flush=True)
    before = path.read_bytes()
    paint(window, 4)
    ask.pick_save = lambda *of: (str(path), of[2].split(";;")[0])
    save(window)
    print("refused", "open in another window" in said[-1], path.read_bytes() == before, document.dirty, flush=True)
    own = path.with_name("own.tessera")
    ask.pick_save = lambda *of: (str(own), of[2].split(";;")[0])
    save(window)
    print("own", document.path == own, document.dirty, flush=True)
    full_disk(window, own)
    damaged(window, own)
    if len(sys.argv) > 3:
        QTest.qWait(500)
        QGuiApplication.primaryScreen().grabWindow(0).save(sys.argv[3])
    leave(window)

def full_disk(window, own):
    before = own.read_bytes()
    paint(window, 5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
    save(window)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told = any(sentence.startswith('Cannot write') and "own.tessera" in sentence for sentence in said)
    left_over = [each.name for each in own.parent.iterdir() if "tmp" in each.name]
    print("full", told, own.read_bytes() == before, window.core.document.dirty, left_over, flush=True)
    save(window)
    print("again", own.read_bytes() != before, window.core.document.dirty, flush=True)

def damaged(window, own):
    data = bytearray(own.read_bytes())
    place = data.index(b"results.json") + 12
    data[place:place + 30] = bytes(30)
    hurt = own.with_name("hurt.tessera")
    hurt.write_bytes(data)
    window.controllers.files.open_path(hurt)
    until(lambda: any("is damaged" in sentence for sentence in said))
    shown = window.error_bar.problem.sentence
    print("damaged", "the list of pictures cannot be read" in shown, window.core.document.path is None,
          hurt.read_bytes() == bytes(data), flush=True)

sys.exit(main.main([]))
"""


@pytest.mark.xvfb
@pytest.mark.timeout(650)
def test_two_windows_a_full_disk_and_a_damaged_part_lose_nothing(
    xvfb_display: str, tiny_weights: Path, tmp_path: Path
) -> None:
    path, done = tmp_path / "画 one.tessera", tmp_path / "done"
    document = Document(load_label_set("faces"), weights="tiny-sean")
    label_map = face_label_map(64)
    document.new(label_set=document.label_set, label_map=label_map, weights="tiny-sean", undoable=False)
    document.label_states.set_visible(17, False)
    document.kept.keep(document.scene, photo_of(label_map))
    write_document(path, snapshot_of(document, None), photo=None)
    environment = {**os.environ, "DISPLAY": xvfb_display, "QT_QPA_PLATFORM": "xcb"}
    environment.pop("WAYLAND_DISPLAY", None)

    def start(code: str, **how: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(path), str(done)]
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, **how)

    with start(FIRST) as first:
        try:
            assert first.stdout is not None and first.stdout.readline() == "holds True\n"
            with start(SECOND, stderr=subprocess.PIPE) as second:
                told, problems = second.communicate(timeout=300)
            assert second.returncode == 0, problems[-3000:]
            assert told.splitlines() == [
                "copy True",
                "refused True True True",
                "own True False",
                "full True True True []",
                "again True False",
                "damaged True True True",
            ]
            done.touch()
            saved = first.stdout.readline().split()
            assert saved[0] == "saved" and saved[2] == "False" and first.wait(timeout=300) == 0
        finally:
            first.kill()
    assert not np.array_equal(read_document(path).scene.scene({}).label_map.array(), label_map), "the first one's own"
    assert len(read_document(tmp_path / "own.tessera").results) >= 1
