"""Drawn styles of SEAN: measured once, the same everywhere, of one label at a time; a broken file is one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from engine.errors import BadFile, NotSupported, WeightsError
from engine.painting.codes import drawn
from engine.painting.style_spread import StyleSpread, measure_styles, save_spread, spread_of
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, MixStyle, SampleStyle
from engine.requests.variations import variations
from engine.session import Session
from engine.systems import abilities
from engine.weights.card import read_card
from engine.weights.folder import styles_file
from tests.engine.style_codes import codes_of
from tests.engine.systems.tiny import write_weights
from tests.engine.test_files import is_one_sentence

HAIR, SKIN, NECKLACE = 13, 1, 16


@pytest.fixture
def shelf(tmp_path: Path, tiny_weights: Path, tiny_dataset: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the tiny weights, with measured styles."""
    shelf = tmp_path / "shelf"
    shutil.copytree(tiny_weights, shelf)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(shelf))
    measure_styles(Session("cpu").painter("tiny-sean"), shelf / "tiny-sean", tiny_dataset)
    return shelf


@pytest.fixture
def request_(tiny_label_map: np.ndarray) -> RenderRequest:
    return RenderRequest("tiny-sean", LabelMapData.from_array(tiny_label_map), {SKIN: SampleStyle(3)}, seed=5)


def test_the_card_tells_that_styles_can_be_drawn(shelf: Path, tiny_weights: Path) -> None:
    card = read_card(shelf / "tiny-sean")
    assert abilities(card).samples and not abilities(read_card(tiny_weights / "tiny-sean")).samples
    assert styles_file(shelf / "tiny-sean", card).stat().st_size < 200_000


def test_a_seed_gives_the_same_style_in_every_session(shelf: Path, request_: RenderRequest) -> None:
    first = Session("cpu").painter("tiny-sean").sample(HAIR, 7)
    assert first.dtype == np.float32 and first.shape == (8,)
    assert np.array_equal(Session("cpu").painter("tiny-sean").sample(HAIR, 7), first)
    codes = codes_of(Session("cpu"), request_.replace(styles={HAIR: SampleStyle(7)}))
    assert np.array_equal(codes[HAIR], first)


def test_one_label_drawn_anew_leaves_all_other_codes_as_they_are(shelf: Path, request_: RenderRequest) -> None:
    session = Session("cpu")
    before = codes_of(session, request_)
    others = np.arange(len(before)) != HAIR
    seen = {before[HAIR].tobytes()}
    for one in variations(request_, HAIR, 6):
        after = codes_of(session, one)
        assert np.array_equal(after[others], before[others])
        seen.add(after[HAIR].tobytes())
    assert len(seen) == 7


def test_drawn_styles_mix_as_others_do(shelf: Path, request_: RenderRequest) -> None:
    session = Session("cpu")
    mean, one = (codes_of(session, request_.replace(styles={HAIR: style}))[HAIR] for style in (MEAN, SampleStyle(2)))
    half = codes_of(session, request_.replace(styles={HAIR: MixStyle(MEAN, SampleStyle(2), 0.5)}))[HAIR]
    assert np.allclose(half, (mean + one) / 2, atol=1e-6)


def test_a_label_that_was_never_seen_has_one_drawn_style(shelf: Path) -> None:
    painter = Session("cpu").painter("tiny-sean")
    assert np.array_equal(painter.sample(NECKLACE, 1), painter.sample(NECKLACE, 2))


def test_without_the_file_it_is_one_sentence(tiny_weights: Path, request_: RenderRequest) -> None:
    with pytest.raises(NotSupported) as caught:
        Session("cpu").run(request_)
    assert "take styles from pictures" in str(caught.value) and is_one_sentence(str(caught.value))
    plain = request_.replace(styles={})
    assert Session("cpu").run(plain).pixels.any()


@pytest.mark.parametrize("harm", ["gone", "cut", "swapped", "another shape", "nan"])
def test_a_broken_file_stops_drawing_only(shelf: Path, request_: RenderRequest, harm: str) -> None:
    folder = shelf / "tiny-sean"
    path = styles_file(folder, read_card(folder))
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    elif harm == "swapped":
        tensors = load_file(path)
        path.write_bytes(save({**tensors, "mean": tensors["mean"] + 1}))
    else:
        length, value = (8, np.nan) if harm == "nan" else (9, 0.5)
        parts = [np.full(shape, value, np.float32) for shape in ((19, length), (19, 16, length), (19, 6, length))]
        path = styles_file(folder, save_spread(folder, StyleSpread(*parts)))
    session = Session("cpu")
    assert session.run(request_.replace(styles={})).pixels.any()
    with pytest.raises(WeightsError) as caught:
        session.run(request_)
    assert str(path) in str(caught.value) and is_one_sentence(str(caught.value))


def test_the_spread_has_the_statistics_of_the_codes() -> None:
    """Two labels that vary together: so do their drawn styles; each has the mean and variance of its codes."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 8))
    codes = np.stack([common + 1, 2 * common - 1, rng.normal(size=(400, 8))], 1)
    present = rng.random((400, 3)) > 0.1
    spread = spread_of(codes, present, shared_count=16)
    draws = np.stack([[spread.sample(label, seed) for label in range(3)] for seed in range(3000)])
    assert np.allclose(draws.mean(0), codes.mean(0), atol=0.25)
    assert np.allclose(draws[:, :2].std(0), codes[:, :2].std(0), rtol=0.15)
    assert np.corrcoef(draws[:, 0, 0], draws[:, 1, 0])[0, 1] > 0.85
    assert abs(np.corrcoef(draws[:, 0, 0], draws[:, 2, 0])[0, 1]) < 0.2


def test_drawn_numbers_are_standard_normal_and_stay_what_they_are() -> None:
    numbers = np.concatenate([drawn(label, seed, 129) for label in range(10) for seed in range(20)])
    assert abs(numbers.mean()) < 0.02 and abs(numbers.std() - 1) < 0.02
    assert abs(np.mean(np.abs(numbers) < 1) - 0.6827) < 0.01
    assert not np.array_equal(drawn(1, 2, 8), drawn(2, 1, 8))
    assert drawn(0, 2**63 - 1, 3).shape == (3,)
    assert np.allclose(drawn(13, 7, 4), PINNED, atol=1e-6)


PINNED = [-0.02008738, -0.50955039, 0.44346136, 0.58779472]


def test_measured_styles_give_pix2pixhd_its_mean_and_its_draws(
    tmp_path: Path, tiny_weights: Path, tiny_dataset: Path, tiny_label_map: np.ndarray
) -> None:
    write_weights(tmp_path, "hd", like="tiny-hd")
    request = RenderRequest(str(tmp_path / "hd"), LabelMapData.from_array(tiny_label_map))
    plain = Session("cpu").run(request)
    assert plain.notes == ("These weights come without a mean style; give each region a style.",)
    measure_styles(Session("cpu").painter(str(tmp_path / "hd")), tmp_path / "hd", tiny_dataset)
    session = Session("cpu")
    codes = codes_of(session, request)
    assert session.run(request).notes == () and codes[HAIR].any() and not codes[NECKLACE].any()
    assert not np.array_equal(session.painter(str(tmp_path / "hd")).sample(HAIR, 1), codes[HAIR])
    assert abilities(read_card(tmp_path / "hd")).samples


def test_weights_that_need_no_measuring_and_folders_without_pictures_are_refused(
    tmp_path: Path, shelf: Path, tiny_dataset: Path
) -> None:
    painter = Session("cpu").painter("tiny-sean")
    card = json.loads((shelf / "tiny-sean" / "card.json").read_text("utf-8"))
    with pytest.raises(BadFile, match="no split"):
        measure_styles(painter, shelf / "tiny-sean", tiny_dataset, split="holiday")
    with pytest.raises(BadFile):
        measure_styles(painter, tmp_path / "nowhere", tiny_dataset)
    painter.measures_styles = False  # as weights that draw their own
    with pytest.raises(NotSupported, match="needs no measured styles"):
        measure_styles(painter, shelf / "tiny-sean", tiny_dataset)
    assert json.loads((shelf / "tiny-sean" / "card.json").read_text("utf-8")) == card
    assert torch.is_grad_enabled()
