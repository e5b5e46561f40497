"""Series of pictures: painted in turn, side by side, as a GIF, as a folder of files; whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadFile, BadRequest, Cancelled
from engine.pictures.montage import grid, strip
from engine.pictures.png import read_embedded_request
from engine.requests.animation import Spool, paint_all, paint_each, write_gif, write_sequence
from engine.requests.json_text import from_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from tests.fixtures import face_label_map, photo_of

REQUESTS = [RenderRequest("w", LabelMapData.from_array(np.zeros((4, 6), np.uint8)), seed=n) for n in range(5)]
PICTURES = [photo_of(face_label_map(64), seed)[:48] for seed in range(5)]


def run(request, on_progress, cancel):
    on_progress(0.5, "painting")
    if cancel.is_set():
        raise Cancelled()
    return SimpleNamespace(
        pixels=np.full((4, 6, 3), request.seed, np.uint8), notes=("a note", f"seed {request.seed % 2}")
    )


def test_all_are_painted_in_order_and_notes_are_said_once():
    seen = []
    pictures, notes = paint_all(run, REQUESTS, lambda fraction, text: seen.append((round(fraction, 2), text)))
    assert [int(picture[0, 0, 0]) for picture in pictures] == [0, 1, 2, 3, 4]
    assert notes == ("a note", "seed 0", "seed 1")
    assert seen == [(x, "painting") for x in (0.1, 0.3, 0.5, 0.7, 0.9)]


def test_cancelling_stops_between_and_within_pictures():
    cancel, painted = threading.Event(), []

    def slow(request, on_progress, stop):
        painted.append(request)
        if len(painted) == 2:
            cancel.set()
        return run(request, on_progress, stop)

    with pytest.raises(Cancelled):
        paint_all(slow, REQUESTS, cancel=cancel)
    assert len(painted) == 2
    with pytest.raises(Cancelled):
        paint_all(slow, REQUESTS, cancel=cancel)
    assert len(painted) == 2


def test_strips_and_grids_hold_every_picture_where_it_belongs():
    sheet = strip(PICTURES)
    assert sheet.shape == (48, 5 * 68 - 4, 3)
    assert all(np.array_equal(sheet[:, n * 68 : n * 68 + 64], picture) for n, picture in enumerate(PICTURES))
    sheet = grid(PICTURES, columns=3, gap_width=2)
    assert sheet.shape == (98, 3 * 66 - 2, 3)
    assert np.array_equal(sheet[50:, 66:130], PICTURES[4])
    assert grid(PICTURES[:4]).shape[0] == 100  # two by two unless told
    with pytest.raises(BadRequest):
        strip([])


def test_a_gif_plays_there_and_back_near_the_pictures_colours(tmp_path: Path):
    path = tmp_path / "头发.gif"
    write_gif(path, PICTURES, seconds_per_frame=0.25)
    with Image.open(path) as gif:
        assert gif.n_frames == 8 and gif.info["loop"] == 0 and gif.info["duration"] == 250
        for n, expected in enumerate([*PICTURES, *PICTURES[3:0:-1]]):
            gif.seek(n)
            shown = np.asarray(gif.convert("RGB")).astype(int)
            assert np.abs(shown - expected).mean() < 12
    write_gif(path, PICTURES[:1])
    with Image.open(path) as gif:
        assert gif.n_frames == 1
    assert os.listdir(tmp_path) == [path.name]


def test_a_sequence_opens_as_documents(tmp_path: Path):
    paths = write_sequence(tmp_path / "frames", PICTURES, REQUESTS)
    assert [path.name for path in paths] == [f"frame-00{n}.png" for n in range(1, 6)]
    for path, picture, request in zip(paths, PICTURES, REQUESTS):
        assert np.array_equal(np.asarray(Image.open(path)), picture)
        assert from_json(read_embedded_request(path)) == request
    assert os.listdir(tmp_path) == ["frames"]


def test_nothing_is_overwritten_and_failures_leave_nothing(tmp_path: Path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine.txt").write_text("mine")
    with pytest.raises(BadFile, match="choose a new folder"):
        write_sequence(tmp_path / "old", PICTURES)
    with pytest.raises(ValueError):
        write_sequence(tmp_path / "new", [PICTURES[0], np.zeros((3, 3))])
    with pytest.raises(BadFile, match="there is no folder"):
        write_sequence(tmp_path / "no" / "where", PICTURES)
    with pytest.raises(BadFile, match="must end in .gif"):
        write_gif(tmp_path / "a.png", PICTURES)
    with pytest.raises(BadFile, match="there is no folder"):
        write_gif(tmp_path / "no" / "a.gif", PICTURES)
    with pytest.raises(BadRequest, match="0.02 to 60"):
        write_gif(tmp_path / "a.gif", PICTURES, seconds_per_frame=0.001)
    assert os.listdir(tmp_path) == ["old"]


def test_long_series_wait_on_the_disk_and_are_painted_one_by_one(tmp_path: Path):
    each = paint_each(run, REQUESTS)
    assert next(each).pixels[0, 0, 0] == 0
    with Spool() as spool:
        for picture in PICTURES:
            spool.append(picture)
        with pytest.raises(BadRequest, match="one size"):
            spool.append(PICTURES[0][:8])
        assert len(spool) == 5 and all(np.array_equal(a, b) for a, b in zip(spool, PICTURES))
        assert np.array_equal(spool[-1], PICTURES[-1]) and len(spool[1:3]) == 2
        write_gif(tmp_path / "spool.gif", spool)
    write_gif(tmp_path / "list.gif", PICTURES)
    assert (tmp_path / "spool.gif").read_bytes() == (tmp_path / "list.gif").read_bytes()
    seen: list[list[str]] = []

    def coming():
        for picture in PICTURES:
            seen.append([name for folder in tmp_path.glob(".tessera-*") for name in os.listdir(folder)])
            yield picture

    write_sequence(tmp_path / "frames", coming(), REQUESTS)
    assert [len(names) for names in seen] == [0, 1, 2, 3, 4]
