"""A picture of three people: each face restyled alone, a fringe painted, exported; all else is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from app.dialogs.export_photo import ExportPhotoDialog
from app.document.kinds import EDIT
from app.document.opening import PhotoUse
from app.document.photo.frames import frames_in
from engine.pictures.face_frames import Face, FaceFrame, brought_back, moved
from engine.pictures.images import read_image
from engine.requests.faces.find_faces import FindFacesRequest, FoundFaces
from engine.requests.styles import ColourStyle
from engine.systems.shelf import Shelf
from tests.commands import Runner, run
from tests.e2e.conftest import SAMPLE

__all__ = ["run"]

SKIN, HAIR, UPPER_LIP, LOWER_LIP = 1, 13, 11, 12
RED, BLUE, PINK = ColourStyle("#b03020"), ColourStyle("#3050b0"), ColourStyle("#e02070")
PATIENCE = 120_000  # ms; the machine may be busy
HEIGHT, WIDTH = 420, 900
FACES = (
    ("long-dark", FaceFrame(160.0, 200.0, 280.0)),
    ("golden", FaceFrame(460.0, 220.0, 240.0, -20.0)),
    ("curls", FaceFrame(750.0, 210.0, 220.0, 25.0)),
)
UNIT = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
"""Eyes and mouth of a portrait, in sides."""


@pytest.fixture
def group_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three of the portraits that come along, side by side and turned; the finder sees where they are."""
    pixels = np.full((HEIGHT, WIDTH, 3), (120, 130, 140), np.uint8)
    for name, frame in FACES:
        portrait = read_image(SAMPLE.with_name(f"{name}.png")).pixels
        turned = brought_back(portrait, frame, HEIGHT, WIDTH)
        pixels = np.where(inside(frame)[..., None], turned, pixels)
    path = tmp_path / "group.png"
    Image.fromarray(pixels).save(path)
    faces = tuple(Face(moved(UNIT, frame.outwards(1)), 0.9) for _, frame in FACES)
    monkeypatch.setattr(FindFacesRequest, "run", lambda *_: FoundFaces(faces, WIDTH, HEIGHT))
    monkeypatch.setattr(Shelf, "face_finder", lambda shelf: "finder")
    return path


def inside(frame: FaceFrame, room: float = 0.0) -> np.ndarray:
    wider = FaceFrame(frame.x, frame.y, frame.side + room, frame.turn)
    return brought_back(np.ones((64, 64), np.float32), wider, HEIGHT, WIDTH) > 0.99 - (room > 0) * 0.98


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_three_faces_each_restyled_alone_and_all_in_one_export(editor, group_photo, tmp_path, qtbot, monkeypatch):
    window, document = editor.window, editor.core.document
    monkeypatch.setattr(editor.core.catalogue, "face_finder", lambda: "finder")

    def settle() -> None:
        render, core = window.controllers.render, editor.core
        qtbot.waitUntil(lambda: render.up_to_date and not core.foreground_busy, timeout=PATIENCE)

    def enter(number: int) -> None:
        wanted = frames_in(document.scene)[number]
        window.controllers.frames.choose(wanted)
        qtbot.waitUntil(lambda: document.scene.face == wanted, timeout=PATIENCE)
        settle()

    document.mark_saved()
    window.controllers.photos.begin(group_photo, PhotoUse(EDIT, document.label_set, "sean-faces"))
    qtbot.waitUntil(lambda: document.photo is not None and document.label_map.any(), timeout=PATIENCE)
    settle()
    original = read_image(group_photo).pixels
    assert len(frames_in(document.scene)) == 3 and np.array_equal(document.picture, original)

    document.styling.set_styles({HAIR: RED})
    settle()
    regions = [document.label_map == HAIR]
    alone = (document.picture != original).any(-1)
    assert alone[regions[0]].mean() > 0.5 and not alone[~inside(FACES[0][1], 4)].any()

    enter(1)  # a fringe, in this turned face
    document.change("photo_map", document.scene.label_map)
    brow_row = int(np.nonzero(np.isin(document.label_map, (6, 7)))[0].mean())
    skin = document.label_map == SKIN
    fringe = skin & (np.arange(HEIGHT)[:, None] < brow_row) & inside(FACES[1][1])
    document.pixels.apply_mask(fringe, HAIR)
    settle()
    assert fringe.sum() > 200 and (document.picture != original).any(-1)[fringe].mean() > 0.9

    enter(2)
    document.styling.set_styles({UPPER_LIP: PINK, LOWER_LIP: PINK})
    settle()
    regions.append(np.isin(document.label_map, (UPPER_LIP, LOWER_LIP)))

    target = tmp_path / "out.png"
    monkeypatch.setattr(window.context.ask, "pick_save", lambda *_: (str(target), "PNG (*.png)"))
    window.controllers.exports.export_picture()
    asked = next(w for w in QApplication.topLevelWidgets() if isinstance(w, ExportPhotoDialog) and w.isVisible())
    asked.accept()
    qtbot.waitUntil(lambda: target.is_file() and not editor.core.foreground_busy, timeout=PATIENCE)
    exported = read_image(target).pixels
    changed = (exported != original).any(-1)
    assert all(changed[region].mean() > 0.5 for region in (*regions, fringe))
    assert (exported[alone] == document.picture[alone]).all() and np.array_equal(exported, document.picture)
    assert not changed[~np.any([inside(frame, 4) for _, frame in FACES], axis=0)].any()


@pytest.mark.parametrize("shelf", ["shipped"], indirect=True)
def test_each_face_of_a_group_on_the_command_line(shelf, group_photo, tmp_path, run: Runner):
    original = read_image(group_photo).pixels
    words = ["edit", group_photo, "--weights", "sean-faces", "--colour", "hair=#b03020", "--out"]
    done = run(*words, tmp_path / "first.png")
    assert done.code == 0 and "3 faces" in done.err and "largest" in done.err
    for number in (2, 3):
        done = run(*words, tmp_path / f"{number}.png", "--face", number, "--json")
        assert done.code == 0 and json.loads(done.out)["changed"] > 0
    pictures = [read_image(tmp_path / f"{name}.png").pixels for name in ("first", 2, 3)]
    changes = [(picture != original).any(-1) for picture in pictures]
    for (_, frame), changed in zip(FACES, changes, strict=True):
        assert changed.sum() > 500 and not changed[~inside(frame, 4)].any()
    assert run(*words, tmp_path / "4.png", "--face", 4).code == 2
