"""Restyled photographs of a split: each measured once, and a run that was stopped goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadFile, BadRequest, Cancelled, NotSupported
from engine.evaluation import edits
from engine.evaluation.edit_cases import Job, PhotoCases, Portrait, farthest
from engine.evaluation.edits import evaluate_edits
from engine.labels.label_sets import LabelSet, load_label_set
from engine.metrics.edits import COMPOSITION, METHODS, TRANSFER, Numbers
from engine.painting.painter import StyleCodes
from tests.engine.compose.drawn import HAIR, drawn_photo
from tests.engine.feature_nets import tiny_net  # noqa: F401
from tests.engine.systems import tiny

all_weights, tiny_shelf_of_all = tiny.all_weights, tiny.tiny_shelf_of_all

pytestmark = pytest.mark.usefixtures("tiny_net")


@pytest.fixture(autouse=True)
def _no_bundled_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.weights.store.root", lambda: tmp_path / "nowhere")


@pytest.fixture(autouse=True)
def _two_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    edits_of_faces = (("hair", ("hair",)), ("lips", ("upper lip", "lower lip")), ("sky", ("sky",)))
    monkeypatch.setattr("engine.evaluation.edit_cases.EDITS", edits_of_faces)


def _measure(data: Path, weights: str | None = "tiny-sean", **options) -> list[Numbers]:
    return evaluate_edits(weights, data, "val", device="cpu", **options)


class Stopped(threading.Event):
    """Set once it was asked so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def is_set(self) -> bool:
        self.times -= 1
        return self.times < 0


def test_a_distant_style_is_the_farthest_that_shows_the_region():
    def portrait(code: float, present: bool = True) -> Portrait:
        photo, label_map = drawn_photo(16, 16)
        codes = np.full((3, 4), code, np.float32)
        return Portrait(photo, label_map, StyleCodes(codes, np.array([True, present, True])))

    photos = [portrait(0.0), portrait(1.0), portrait(3.0), portrait(9.0, present=False)]
    assert farthest(photos, photos[1], (HAIR,)) is photos[2]


def test_every_edit_is_measured_by_every_method(tiny_weights: Path, tiny_dataset: Path) -> None:
    rows = _measure(tiny_dataset)
    by_edit = {name: [row for row in rows if row.edit == name] for name in dict.fromkeys(row.edit for row in rows)}
    assert list(by_edit) == ["hair", "hair, distant style", "lips"]
    assert [row.method for row in by_edit["hair"]] == list(METHODS)
    assert all(row.pictures == 3 and row.fid is not None for row in by_edit["hair"])


def test_a_stopped_run_goes_on_and_ends_in_the_same_numbers(
    tiny_weights: Path, tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _measure(tiny_dataset)
    with pytest.raises(Cancelled):
        _measure(tiny_dataset, keep=tmp_path / "kept", cancel=Stopped(15))
    finished = len(list((tmp_path / "kept").glob("*.npz")))
    assert 0 < finished < 3
    measured: list[int] = []
    photo_cases = edits.PhotoCases

    def counted(*arguments, **options) -> object:
        measured.append(arguments[3])
        return photo_cases(*arguments, **options)

    monkeypatch.setattr(edits, "PhotoCases", counted)
    assert _measure(tiny_dataset, keep=tmp_path / "kept") == whole
    assert measured == list(range(finished, 3))


def test_a_folder_keeps_what_was_measured_of_one_subject(
    tiny_weights: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    _measure(tiny_dataset, limit=2, keep=tmp_path)
    with pytest.raises(BadRequest, match="other weights, photos or edits; choose a new folder"):
        _measure(tiny_dataset, keep=tmp_path)
    (tmp_path / "00001.npz").write_bytes(b"half a file")
    with pytest.raises(BadFile, match=r"00001.npz\" is damaged; delete it"):
        _measure(tiny_dataset, limit=2, keep=tmp_path)


def test_without_weights_distances_and_colours_are_measured(tiny_dataset: Path) -> None:
    rows = _measure(tiny_dataset, weights=None)
    hair = {row.method: row for row in rows if row.edit == "hair"}
    assert set(hair) == set(METHODS[1:]) and hair[COMPOSITION].code_distance is None
    assert hair[COMPOSITION].mean_off < hair[TRANSFER].mean_off + 4
    assert not any("drawn" in row.edit or "mixed" in row.edit for row in rows)


def test_skin_cloth_and_walls_are_moved_by_mean_and_spread_hair_and_lips_are_not() -> None:
    faces, street = load_label_set("faces"), load_label_set("street")
    assert _moved_by_spread(faces) >= {"skin", "nose", "neck", "clothes"}
    assert not _moved_by_spread(faces) & {"hair", "upper lip"}
    assert _moved_by_spread(street) >= {"building", "road"} and "sky" not in _moved_by_spread(street)


def _moved_by_spread(label_set: LabelSet) -> set[str]:
    label_count = len(label_set)
    photo = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    label_map = (np.arange(64 * 64) % label_count).astype(np.uint8).reshape(64, 64)
    styles = StyleCodes(np.zeros((label_count, 3), np.float32), np.ones(label_count, bool))
    cases = PhotoCases(None, label_set, [Portrait(photo, label_map, styles)] * 2, 0)
    case = cases.case(Job("all", tuple(range(label_count))))
    assert case is not None
    return {label_set[label].name for label in case.by_spread}


def test_without_weights_small_regions_have_no_style() -> None:
    photo, label_map = np.full((20, 20, 3), 9, np.uint8), np.zeros((20, 20), np.uint8)
    label_map[0, :3] = 1
    photo[0, :3] = 200
    codes = edits.mean_colours(photo, label_map, 3)
    assert codes.codes[:2].tolist() == [[9, 9, 9], [200, 200, 200]] and codes.present.tolist() == [True, False, False]


def test_weights_whose_style_is_the_pictures_are_refused(all_weights: Path, tiny_dataset: Path) -> None:
    with pytest.raises(NotSupported, match="are not those of regions"):
        _measure(tiny_dataset, weights="tiny-spade")


def test_one_photo_has_no_style_of_another(tiny_weights: Path, tiny_dataset: Path) -> None:
    with pytest.raises(BadRequest, match="give 2 or more"):
        _measure(tiny_dataset, limit=1)
