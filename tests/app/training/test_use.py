"""Weights of a run in the editor come with a label map of the run's data, whatever kind of data those are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import engine.systems
from app.training.use import publish_newest, publish_run
from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.kinds import LABELLED
from engine.errors import BadFile
from engine.weights.card import Card
from tests.app.fakes import FACES, cards
from tests.fixtures import face_label_map


class MapsInOneFile(DataSet):
    """Label maps, all in one array."""

    def _open(self, on_progress, memory) -> None:
        path = self.folder / f"{self.split}.npy"
        if not path.is_file():
            raise BadFile('"{0}" is gone.', path)
        self.maps = np.load(path)
        self.kept = len(self)

    @classmethod
    def has_split(cls, data_folder: Path, split_name: str) -> bool:
        return (data_folder / f"{split_name}.npy").is_file()

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def nbytes(self) -> int:
        return self.maps.nbytes

    def examples(self, indices, flips) -> Batch:
        return Batch(label_maps=torch.from_numpy(self.maps[indices]).long())


KIND = replace(
    LABELLED, id="maps", describes=lambda folder: (folder / "val.npy").is_file(), dataset=f"{__name__}:MapsInOneFile"
)


class Work:
    """A job that nobody watches."""

    def progress(self, fraction: float, text: str = "") -> None: ...


class Loop:
    """A run in training."""

    def __init__(self, validation: DataSet | None, train: DataSet) -> None:
        self.validation, self.train = validation, train


@pytest.fixture
def card(monkeypatch) -> Card:
    """Of weights that any run gives; their system trains on label maps in one file."""
    card = cards()[0].card
    assert card is not None
    systems = [
        replace(each, data=f"{__name__}:KIND") if each.id == card.system else each for each in engine.systems.SYSTEMS
    ]
    monkeypatch.setattr("engine.systems.SYSTEMS", tuple(systems))
    for publishing in ("publish", "publish_snapshot"):
        monkeypatch.setattr(f"engine.training.publish.{publishing}", lambda *_, **__: card)
    return card


@pytest.fixture
def data_folder(tmp_path) -> Path:
    np.save(tmp_path / "val.npy", np.stack([face_label_map(32), np.zeros((32, 32), np.uint8)]))
    np.save(tmp_path / "train.npy", np.ones((1, 32, 32), np.uint8))
    return tmp_path


def test_a_finished_run_and_one_in_training_begin_with_the_same_map_of_the_systems_own_data(card, data_folder):
    splits = (MapsInOneFile(data_folder, name, 32) for name in ("val", "train"))
    finished = publish_run(Work(), data_folder / "run", data_folder, "mine")
    training = publish_newest(Work(), Loop(*splits), "mine")
    for weights in (finished, training):
        assert weights.labels == FACES and weights.label_map.dtype == np.uint8
        assert np.array_equal(weights.label_map, face_label_map(32))


def test_without_a_validation_set_the_map_is_of_what_is_trained_on(card, data_folder):
    trained_on = MapsInOneFile(data_folder, "train", 32)
    assert np.all(publish_newest(Work(), Loop(None, trained_on), "mine").label_map == 1)


@pytest.mark.parametrize("damage", ["gone", "other labels"])
def test_data_that_are_gone_or_have_other_labels_give_none(card, data_folder, damage):
    if damage == "gone":
        (data_folder / "val.npy").unlink()
    else:
        np.save(data_folder / "val.npy", np.full((1, 32, 32), 77, np.uint8))
    weights = publish_run(Work(), data_folder / "run", data_folder, "mine")
    assert weights.label_map is None and weights.card == card
