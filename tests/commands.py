"""Running commands in tests: the command line in this process, its answer taken apart."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from engine.cli import main
from engine.labels.label_maps import write_label_map
from engine.labels.label_sets import load_label_set
from engine.pictures.images import write_image
from tests.fixtures import face_label_map, photo_of


class Done(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


class Runner:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Done:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = self._capsys.readouterr()
        return Done(int(left.value.code or 0), out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capsys)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder of this test's own, first on the search path."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("TESSERA_WEIGHTS", str(folder))
    return folder


def one_sentence(text: str) -> str:
    """The text if it is a single line and no traceback."""
    assert text.count("\n") == 1 and "Traceback" not in text, text
    return text


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights: Path) -> Path:
    """The folder that commands start in: face.png (label map), anna.png and ben.png with their label maps."""
    folder = tmp_path / "书桌 desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    faces = load_label_set("faces")
    write_label_map("face.png", face_label_map(), faces)
    for seed, name in enumerate(("anna", "ben")):
        label_map = np.roll(face_label_map(), 2 * seed, axis=1)
        write_image(f"{name}.png", photo_of(label_map, seed))
        write_label_map(f"{name}.labels.png", label_map, faces)
    return folder
