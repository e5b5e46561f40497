"""Fixtures of the tests that drive the real window on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from app.__main__ import Editor
from app.core import Core
from app.settings import Settings
from engine.label_sets import load_label_set
from engine.labels import write_label_map
from tests.fixtures import face_label_map, photo_of

SHIPPED = Path(__file__).parents[2] / "weights"


@pytest.fixture(params=["tiny", "shipped"])
def shelf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once with untrained weights of 64 x 64, once with those that come with Tessera."""
    if request.param == "tiny":
        request.getfixturevalue("tiny_weights")
    elif not (SHIPPED / "sean-faces" / "card.json").is_file():
        pytest.skip("weights/sean-faces is not in this checkout")
    return request.param


@pytest.fixture
def editor(qtbot, qapp: QApplication, tmp_path: Path, shelf: str) -> Iterator[Editor]:
    """The editor as ``python -m app`` makes it, rendering its first document."""
    core = Core(Settings(tmp_path / "settings.ini"))
    if shelf == "tiny":
        core.document.new(
            label_set=load_label_set("faces"),
            label_map=face_label_map(64),
            weights="tiny-sean",
            undoable=False,
        )
        core.document.set_current_label(13)
    made = Editor(core, ["begun above"] if shelf == "tiny" else [])  # type: ignore[list-item]
    made._files.clear()
    qtbot.addWidget(made.window, before_close_func=lambda _: core.document.mark_saved())
    made.window.resize(1280, 860)
    made.show()
    qtbot.waitExposed(made.window)
    render = made.window.controllers["render"]
    qtbot.waitUntil(lambda: core.document.picture is not None and render.up_to_date, timeout=120_000)
    yield made
    render.stop()
    core.shutdown()
    core.deleteLater()


@pytest.fixture
def photo(tmp_path: Path) -> tuple[Path, Path]:
    """A drawn portrait, and its label map for whoever does not trust the parser, in an awkward folder."""
    folder = tmp_path / "我的 照片 folder"
    folder.mkdir()
    label_map = face_label_map(256)
    Image.fromarray(photo_of(label_map, seed=5)).save(folder / "portrait.jpg", quality=95)
    write_label_map(folder / "map.png", np.asarray(label_map), load_label_set("faces"))
    return folder / "portrait.jpg", folder / "map.png"
