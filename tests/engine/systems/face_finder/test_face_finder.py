"""The face finder: what it learns from, that it learns it, and that any picture may be given to it."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.batch import Batch
from engine.labels.label_sets import load_label_set
from engine.pictures.face_frames import Face, FaceFrame, frame_of, moved
from engine.systems.face_finder.blending import Blending, Portrait, compose
from engine.systems.face_finder.data import BlendedFaces
from engine.systems.face_finder.finder import LONGEST, FaceFinder, apart, reduced_in_turn, spotted_in
from engine.systems.face_finder.finder import SMALL as SMALL_ENOUGH
from engine.systems.face_finder.kind import BLENDED_FACES
from engine.systems.face_finder.network import CELL, FinderConfig, FinderNetwork, Sightings
from engine.systems.face_finder.scoring import Tally
from engine.systems.face_finder.task import FinderTask, FinderTaskConfig, target_of
from engine.weights.card import Card
from engine.weights.store import Weights

CPU = torch.device("cpu")
POINTS = np.array([[24.0, 30.0], [40.0, 30.0], [32.0, 48.0]])
SMALL = FinderConfig(64, (8, 8, 8, 8, 8), 8)


def portrait(colour: int = 200) -> Portrait:
    """A plain one with black eyes and a red mouth."""
    pixels = np.full((64, 64, 3), colour, np.uint8)
    for x, y in POINTS[:2].astype(int):
        pixels[y - 3 : y + 3, x - 3 : x + 3] = 0
    pixels[46:50, 26:38] = (200, 0, 0)
    return Portrait(pixels, np.full((64, 64), 255, np.uint8), POINTS)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> BlendedFaces:
    folder = tmp_path_factory.mktemp("data") / "faces"
    folder.mkdir()
    BLENDED_FACES.draws(folder, 64, load_label_set("faces"))
    return BlendedFaces(folder, "train", 64)


@pytest.mark.parametrize("closer", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_points_of_a_blended_face_lie_on_it(seed: int, closer: float) -> None:
    blending = Blending(least=60, most=110, turn=40, whole=0.5, harm=0, closer=closer)
    place = np.full((128, 128, 3), 90, np.uint8)
    scene = compose(np.random.default_rng(seed), blending, place, [portrait()], [])
    for points, counts in zip(scene.points, scene.counted):
        frame = frame_of(points)
        if counts:
            assert abs(frame.turn) < 60
            for x, y in points[:2]:
                square = scene.pixels[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
                assert square.mean() < 60  # the eyes are black


def test_a_face_that_is_cut_off_covered_or_tiny_does_not_count() -> None:
    blending = Blending(least=30, most=200, others=0, whole=0, harm=0)
    place = np.full((96, 96, 3), 90, np.uint8)
    seen = [
        compose(np.random.default_rng(seed), blending, place, [portrait()], [np.zeros((64, 64, 3), np.uint8)])
        for seed in range(60)
    ]
    points = np.concatenate([scene.points for scene in seen])
    counted = np.concatenate([scene.counted for scene in seen])
    inside = ((points > 0) & (points < 96)).all((1, 2))
    assert not counted[~inside].any()
    assert counted.any() and not counted[inside].all()


def test_examples_are_the_same_every_time_and_training_shows_others(data: BlendedFaces) -> None:
    indices = np.arange(4)
    assert torch.equal(data.batch(indices).pictures, data.batch(indices).pictures)
    first, again, other = (data.training_batch(4, 0, step).pictures for step in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    rows = data.training_batch(4, 0, 1, np.array([1, 3]))
    assert torch.equal(rows.pictures, first[[1, 3]])  # processes that share a batch see parts of one


def test_odd_examples_show_no_face(data: BlendedFaces) -> None:
    faces = data.batch(np.arange(8))["faces"]
    assert all(len(each) == 0 for each in faces[1::2]) and all(len(each) for each in faces[::2])


def test_the_target_says_where_the_face_is() -> None:
    row = torch.tensor([*POINTS.flatten().tolist(), 1.0])[None]
    ignored = torch.tensor([*POINTS.flatten().tolist(), 0.0])[None]
    target = target_of([row, ignored, torch.zeros(0, 7)], 8, 8)
    assert [int((target.warmth[number] == 1).sum()) for number in range(3)] == [1, 0, 0]
    assert target.known[0].all() and target.known[2].all() and not target.known[1].all()
    heat = torch.where(target.warmth[:1] == 1, 5.0, -5.0)
    centres = torch.stack(torch.meshgrid(torch.arange(8) + 0.5, torch.arange(8) + 0.5, indexing="xy")).repeat(3, 1, 1)
    told = (target.points[:1] - centres) / target.side[:1]
    (faces,) = spotted_in(Sightings(heat, target.side[:1].log(), told))
    assert len(faces) == 1 and faces[0].points == pytest.approx(POINTS, abs=1e-3)


def test_a_handful_is_learnt_by_heart() -> None:
    torch.manual_seed(0)
    pixels = portrait().pixels
    moved_face = np.roll(pixels, (8, -8), (0, 1))
    pictures = torch.from_numpy(np.stack([pixels, moved_face, np.full_like(pixels, 200)])).permute(0, 3, 1, 2)
    rows = [[*points.flatten(), 1.0] for points in (POINTS, POINTS + (-8, 8))]
    faces = [*(torch.tensor([row], dtype=torch.float32) for row in rows), torch.zeros(0, 7)]
    batch = Batch(pictures=pictures / 127.5 - 1, faces=faces)

    class NoData:
        def use(self, blending: Blending) -> None: ...

    config, steps = FinderTaskConfig(lr=0.03, warm_up=1, ema=0.5), 60
    task = FinderTask(FinderConfig(64, (8, 8, 16, 16, 16), 16), config, steps, CPU, NoData())  # type: ignore[arg-type]
    for step in range(steps):
        for name, losses in task.losses(batch, step):
            task.optimizers[name].zero_grad()
            sum(losses.values(), torch.zeros(())).backward()
            task.optimizers[name].step()
        task.after_step(step)
    tally = Tally()
    with torch.no_grad():
        for found, true_faces in zip(spotted_in(task.averaged()(batch.pictures), 0.3), faces):
            tally.add(found, true_faces.numpy())
    assert tally.faces == 2 and tally.found == 1 and tally.false_alarms == 0
    assert task.samples(batch).shape == (3, 128, 3 * 64)


class OneFace(torch.nn.Module):
    """Sees a face at the darkest spot of a picture, as wide as its card's `side` says."""

    def __init__(self, side: float) -> None:
        super().__init__()
        self.side = side

    def forward(self, image: torch.Tensor) -> Sightings:
        dark = torch.nn.functional.max_pool2d(-image.mean(1, keepdim=True), CELL)
        batch, _, height, width = dark.shape
        points = torch.tensor([-0.12, 0, 0.12, 0, 0, 0.27]).view(1, 6, 1, 1).expand(batch, 6, height, width)
        log_side = torch.full_like(dark, self.side / CELL).log()
        return Sightings(torch.where(dark > 0.5, 5.0, -5.0), log_side, points)


def finder_that_sees(network: torch.nn.Module) -> FaceFinder:
    card = Card(name="tiny", system="face-finder", config=asdict(SMALL), data_licence="CC0")
    finder = FaceFinder(Weights(card, FinderNetwork(SMALL).state_dict(), Path()), CPU)
    finder.network = network
    return finder


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (33, 65), (64, 64), (1500, 900)])
def test_any_size_of_picture_may_be_given(size: tuple[int, int]) -> None:
    finder = finder_that_sees(FinderNetwork(SMALL).eval())
    pixels = np.full((*size, 3), 128, np.uint8)
    pixels.setflags(write=False)  # as photos that are kept
    assert finder.find(pixels) == []


@pytest.mark.parametrize(("side", "count"), [(30, 41), (20, 0)])  # nothing can be painted in the smaller ones
def test_a_crowd_is_found_face_by_face_and_a_face_at_the_border_too(
    side: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.full((480, 640, 3), 255, np.uint8)
    middles = [(x, y) for x in range(44, 640, 80) for y in range(44, 480, 96)]
    for x, y in [*middles, (4, 4)]:
        pixels[max(0, y - 3) : y + 3, max(0, x - 3) : x + 3] = 0
    finder = finder_that_sees(OneFace(side))
    monkeypatch.setitem(FaceFinder.find.__globals__, "reduced_in_turn", lambda pixels: [pixels])
    finder._look_closer = lambda sizes, likely: likely  # type: ignore[method-assign]
    faces = finder.find(pixels)
    assert len(faces) == count
    for x, y in middles if faces else ():
        assert min(np.hypot(face.frame.x - x, face.frame.y - y) for face in faces) < 2 * CELL


def test_doubles_of_one_face_are_one_and_neighbours_are_two() -> None:
    def face(x: float, sureness: float) -> Face:
        unit = np.array([[0.377, 0.475], [0.622, 0.475], [0.5, 0.75]])
        return Face(moved(unit, FaceFrame(x, 50, 40).outwards(1)), sureness)

    kept = apart([face(50, 0.6), face(53, 0.9), face(80, 0.7)])
    assert [each.sureness for each in kept] == [0.9, 0.7]


def test_upside_down_is_told_by_the_turn() -> None:
    turned = moved(POINTS, FaceFrame(32, 36, 64, 180).outwards(1) @ np.diag([1 / 64, 1 / 64, 1]))
    assert abs(frame_of(turned).turn) == pytest.approx(180, abs=1)


def test_a_tally_counts_what_was_found_and_what_was_not() -> None:
    tally = Tally()
    row = np.array([[*POINTS.flatten(), 1]], np.float32)
    tally.add([Face(POINTS + 1, 0.9)], row)
    tally.add([Face(POINTS + 6, 0.9)], row)  # eyes off by more than 5 % of the side
    tally.add([Face(POINTS + 300, 0.9)], row)
    tally.add([], np.zeros((0, 7), np.float32))
    tally.add([Face(POINTS, 0.9)], np.zeros((0, 7), np.float32))
    numbers = tally.numbers()
    assert numbers["found"] == pytest.approx(1 / 3) and numbers["false_alarms"] == 0.5
    assert numbers["strays"] == pytest.approx(1 / 3)


def test_a_folder_is_known_by_its_places(tmp_path: Path) -> None:
    assert not BLENDED_FACES.describes(tmp_path)
    BLENDED_FACES.draws(tmp_path / "data", 64, load_label_set("faces"))
    assert BLENDED_FACES.describes(tmp_path / "data")


@pytest.mark.parametrize("shape", [(3000, 4000, 3), (700, 300, 3), (40, 96, 3), (1, 5000, 3)])
def test_a_picture_is_looked_at_smaller_and_smaller_until_its_faces_are_small(shape: tuple[int, int, int]) -> None:
    sizes = reduced_in_turn(np.zeros(shape, np.uint8))
    longer = [max(size.shape[:2]) for size in sizes]
    assert sizes[0].shape == shape and longer[-1] <= SMALL_ENOUGH
    looked_at = [side for side in longer if side <= LONGEST]
    assert looked_at[0] == min(LONGEST, max(shape))
    assert all(later == pytest.approx(earlier / 2, abs=1) for earlier, later in pairwise(looked_at))
