"""Fixtures of the tests that drive the real window on the real engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from app.__main__ import Editor
from app.core import Core
from app.document.opening import painting_path, read_request_file
from app.shell.settings import Settings
from engine.labels.label_maps import read_label_map, write_label_map
from engine.labels.label_sets import load_label_set
from tests.fixtures import face_label_map, photo_of

ROOT = Path(__file__).parents[2]
SHIPPED = ("sean-faces", "parser-faces")
SAMPLE = ROOT / "resources" / "styles" / "blonde.png"


@pytest.fixture(params=["tiny", "shipped"])
def shelf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Once with untrained weights of 64 x 64, once with those that come with Tessera."""
    if request.param == "tiny":
        own = request.getfixturevalue("tmp_path") / "shelf"
        shutil.copytree(request.getfixturevalue("tiny_weights"), own)
        give_spread(own / "tiny-sean")
        monkeypatch.setenv("TESSERA_WEIGHTS", str(own))
        return "tiny"
    files = [ROOT / "weights" / name / file for name in SHIPPED for file in ("card.json", "model.safetensors")]
    missing = [str(path.relative_to(ROOT)) for path in (*files, SAMPLE) if not path.is_file()]
    if missing:
        pytest.fail(f"Tessera ships without {', '.join(missing)}: the editor has nothing to work with.", pytrace=False)
    return "shipped"


def give_spread(folder: Path) -> None:
    """What lets weights draw styles: for the untrained ones any directions will do."""
    from engine.painting.style_spread import StyleSpread, save_spread

    random = np.random.default_rng(0)
    labels, length = len(load_label_set("faces")), 8
    mean, spread, own = (random.normal(size=(labels, *k, length)).astype(np.float32) for k in ((), (2,), (1,)))
    save_spread(folder, StyleSpread(mean, spread, own))


@pytest.fixture
def editor(qtbot, qapp: QApplication, tmp_path: Path, shelf: str) -> Iterator[Editor]:
    """The editor as ``python -m app`` makes it, rendering its first document."""
    core = Core(Settings(tmp_path / "settings.ini"))
    made = Editor(core)
    if shelf == "tiny":
        core.document.new(
            label_set=load_label_set("faces"),
            label_map=face_label_map(64),
            weights="tiny-sean",
            undoable=False,
        )
        core.document.set_current_label(13)
        made.window.error_bar.dismiss()  # the sample's weights are not on this shelf
    else:  # the journeys are of paintings
        made.window.controllers.new.restore(read_request_file(painting_path()), undoable=False, keeps_file=False)
    qtbot.addWidget(made.window, before_close_func=lambda _: core.document.mark_saved())
    made.window.resize(1280, 860)
    made.show()
    qtbot.waitExposed(made.window)
    render = made.window.controllers.render
    qtbot.waitUntil(lambda: core.document.picture is not None and render.up_to_date, timeout=120_000)
    yield made
    render.stop()
    core.shutdown()
    core.deleteLater()


@dataclass(frozen=True)
class Portrait:
    """A picture file in an awkward folder. ``label_map``: a file for whoever has no parser to trust; None where the
    parser that ships must find the regions. ``truth`` (H, W) uint8: what the regions are."""

    path: Path
    label_map: Path | None
    truth: np.ndarray


@pytest.fixture
def photo(tmp_path: Path, shelf: str) -> Portrait:
    """For the untrained weights a drawing with its label map; for those that ship a portrait as from a camera: a
    JPEG without a word about its regions."""
    folder = tmp_path / "我的 照片 folder"
    folder.mkdir()
    path = folder / "portrait.jpg"
    if shelf == "shipped":
        with Image.open(SAMPLE) as image:
            image.convert("RGB").save(path, quality=95)
        truth = read_label_map(SAMPLE.with_name(f"{SAMPLE.stem}.labels.png"), load_label_set("faces")).label_map
        return Portrait(path, None, truth)
    truth = face_label_map(256)
    Image.fromarray(photo_of(truth, seed=5)).save(path, quality=95)
    write_label_map(folder / "map.png", truth, load_label_set("faces"))
    return Portrait(path, folder / "map.png", truth)
