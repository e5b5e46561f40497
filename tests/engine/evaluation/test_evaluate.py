"""Measuring weights: what the numbers are, and what is said when one cannot be measured."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import BadFile, BadRequest, Cancelled, WeightsError
from engine.evaluation.evaluate import evaluate
from engine.evaluation.table import rows
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import load_label_set
from engine.metrics import efficientnet, features
from engine.metrics.judges import FID, LPIPS, Judges
from engine.metrics.reconstruction import psnr
from engine.metrics.segmentation import Counts
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.nn.inception import Inception
from engine.pictures.images import read_image
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle
from engine.session import Session
from engine.systems.measure_painters import measure_diversity
from engine.systems.pairs import Pairs
from engine.systems.repainting import repaint
from engine.weights.card import read_card
from tests.engine.feature_nets import tiny_net  # noqa: F401
from tests.engine.systems import tiny

all_weights, tiny_shelf_of_all = tiny.all_weights, tiny.tiny_shelf_of_all


pytestmark = pytest.mark.usefixtures("tiny_net")


@pytest.fixture(autouse=True)
def _no_bundled_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that comes with the program must not be found before the tiny one."""
    monkeypatch.setattr("engine.weights.store.root", lambda: tmp_path / "nowhere")


NEVER = {"FID-EfficientNetLite0", "FID-InceptionV3", "FID-InceptionV3, drawn styles", "inception_score"}
"""Not measured here: neither EfficientNet-Lite0 nor Inception is installed, and no weights paint from text."""


def _measure(weights: str, data: Path, split: str = "val", **options: Any) -> dict[str, Any]:
    metrics = evaluate(weights, data, split, device="cpu", **options)
    json.dumps(metrics, allow_nan=False)  # plain data without infinities
    return metrics


# ---------------------------------------------------------------- SEAN


def test_sean_gets_every_number(tiny_weights: Path, tiny_dataset: Path) -> None:
    found = _measure("tiny-sean", tiny_dataset)
    assert (found["system"], found["split"], found["pictures"], found["resolution"]) == ("sean", "val", 3, 64)
    assert -1 <= found["ssim"] <= 1 and 0 < found["rmse"] < 1 and found["psnr"] > 0 and found[FID] > 0
    assert 0 < found[LPIPS] < 4
    assert found["networks"] == {
        "features": features.MOBILENET,
        "efficientnet": None,
        "inception": None,
        "parser": "tiny-parser",
    }
    unknown = {"FID-MobileNetV2, drawn styles", "diversity"}  # tiny-sean does not know how styles vary
    assert set(found["missing"]) == unknown | NEVER
    assert all(found[key] is None for key in NEVER)
    assert features.INCEPTION in found["missing"]["inception_score"] and "nets" in found["missing"]["inception_score"]
    for key in ("reconstructions", "real_pictures"):
        assert set(found[key]) == {"miou", "miou_without_rare", "accuracy", "iou"}
        assert len(found[key]["iou"]) == 19
    assert "necklace" in found["rare_labels"] and "hair" not in found["rare_labels"]
    assert sum(found["label_shares"].values()) == pytest.approx(1.0)


def test_the_reconstruction_is_the_picture_that_the_editor_paints(tiny_weights: Path, tiny_dataset: Path) -> None:
    picture, map_file = tiny_dataset / "images" / "val_000.jpg", tiny_dataset / "labels" / "val_000.png"
    label_map = read_label_map(map_file, load_label_set("faces")).label_map
    session = Session("cpu")
    shown = session.encode("tiny-sean", read_image(picture).pixels, label_map).present
    styles = {
        int(label): ImageStyle(path=str(picture), label=int(label), label_map_path=str(map_file))
        for label in np.flatnonzero(shown)
    }
    request = RenderRequest("tiny-sean", LabelMapData.from_array(label_map), styles)
    painted = session.run(request).pixels
    a, b = (torch.from_numpy(x / 255.0).permute(2, 0, 1)[None] for x in (read_image(picture).pixels, painted))
    found = _measure("tiny-sean", tiny_dataset, limit=1)  # the first of the split
    assert found["psnr"] == pytest.approx(float(psnr(a, b)), abs=1e-3)
    assert found[FID] is None and "two pictures" in found["missing"][FID]


def test_without_the_feature_network_its_number_is_missing_with_the_reason(
    tiny_weights: Path, tiny_dataset: Path, tiny_net: Path  # noqa: F811
) -> None:
    for file in tiny_net.iterdir():
        file.unlink()
    found = _measure("tiny-sean", tiny_dataset, limit=2)
    assert found[FID] is None and features.MOBILENET in found["missing"][FID]
    assert found["networks"]["features"] is None
    assert found["psnr"] > 0


def test_without_a_parser_its_numbers_are_missing_with_the_reason(
    tiny_weights: Path, tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "tiny-sean").symlink_to(tiny_weights / "tiny-sean", target_is_directory=True)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "shelf"))
    found = _measure("tiny-sean", tiny_dataset, limit=2)
    assert found["reconstructions"] is None and "parser" in found["missing"]["reconstructions"]
    assert found["label_shares"]["hair"] > 0.1
    assert any("No parser" in value for _, value in rows(found))


def test_inception_is_used_where_a_user_put_it(tiny_weights: Path, tiny_dataset: Path, tiny_net: Path) -> None:  # noqa: F811
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = Inception().state_dict()
    old = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save(old, tiny_net / features.INCEPTION)
    found = _measure("tiny-sean", tiny_dataset, limit=2)
    assert found["FID-InceptionV3"] >= 0 and found["inception_score"] >= 1 and found[FID] > 0
    assert found["networks"]["inception"] == features.INCEPTION
    torch.save({"fc.weight": torch.zeros(2)}, tiny_net / features.INCEPTION)
    with pytest.raises(WeightsError, match="Inception"):
        features.load_inception()
    (tiny_net / features.INCEPTION).write_bytes(b"no pickle")
    assert "get it again" in _measure("tiny-sean", tiny_dataset, limit=1)["missing"]["FID-InceptionV3"]


@pytest.fixture
def installed_efficientnet(tiny_net: Path) -> str:  # noqa: F811
    """An untrained EfficientNet-Lite0 beside the other networks; its name."""
    torch.manual_seed(0)
    torch.save(EfficientNetLite0(head=True).state_dict(), tiny_net / efficientnet.FILE)
    return efficientnet.EFFICIENTNET


def test_efficientnet_judges_what_it_did_not_train(
    tiny_weights: Path, tiny_dataset: Path, installed_efficientnet: str
) -> None:
    measured = _measure("tiny-sean", tiny_dataset, limit=2)
    assert measured["FID-EfficientNetLite0"] >= 0 and measured["networks"]["efficientnet"] == installed_efficientnet
    card = read_card(tiny_weights / "tiny-sean")
    judges = Judges.installed(torch.device("cpu"), (card.perceptual_network, installed_efficientnet))
    assert judges.efficientnet is None and "in training" in judges.missing["FID-EfficientNetLite0"]


# ---------------------------------------------------------------- other systems that paint


def test_weights_of_wide_pictures_are_measured_on_wide_pictures(
    tiny_weights: Path, tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.write_weights(tmp_path / "wide", "tiny-wide", like="tiny-smis", aspect_ratio=2.0)
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "wide"))
    seen: list[tuple[int, ...]] = []

    def watched(painter: Any, label_map: np.ndarray, *rest: Any) -> np.ndarray:
        seen.append(label_map.shape)
        return repaint(painter, label_map, *rest)

    monkeypatch.setattr("engine.systems.measure_painters.repaint", watched)
    assert _measure("tiny-wide", tiny_dataset, limit=1)["psnr"] > 0
    assert set(seen) == {(32, 64)}


@pytest.mark.parametrize("weights", ["tiny-smis", "tiny-smis-blind", "tiny-groupenc", "tiny-vspade"])
def test_weights_that_draw_styles_get_every_number(weights: str, all_weights: Path, tiny_dataset: Path) -> None:
    found = _measure(weights, tiny_dataset, limit=2)
    assert set(found["missing"]) == NEVER and found["psnr"] > 0 and found["FID-MobileNetV2, drawn styles"] > 0
    drawn = found["diversity"]
    assert drawn["pictures"] == 2 and drawn["samples"] == 4
    for key in ("mcsd", "mocd", "inside_difference", "outside_difference"):
        assert drawn[key] > 0 and drawn["by_label"]["hair"][key] > 0
    assert drawn["mcsd"] <= 4 and drawn["mocd"] <= 4


@pytest.mark.parametrize("weights", ["tiny-spade", "tiny-hd", "tiny-hd-plain"])
def test_weights_that_cannot_draw_styles_say_so(weights: str, all_weights: Path, tiny_dataset: Path) -> None:
    found = _measure(weights, tiny_dataset, limit=2)
    assert found["diversity"] is None and "cannot draw" in found["missing"]["diversity"]
    assert found["psnr"] > 0 and found[FID] > 0 and found["reconstructions"]["miou"] >= 0


def test_a_style_of_the_whole_picture_changes_it_wherever_it_is_drawn(all_weights: Path, tiny_dataset: Path) -> None:
    """Every region's numbers come from the same pictures: weighted by area, inside and outside add up alike."""
    painter = Session("cpu").painter("tiny-vspade")
    pairs = Pairs(tiny_dataset, "val", load_label_set("faces"), 1)
    _, label_map = pairs.framed(pairs.stems[0], 64, 64)
    drawn = measure_diversity(painter, pairs, None, lambda share: None)["by_label"]
    totals = []
    for name, numbers in drawn.items():
        share = float((label_map == load_label_set("faces").find(name)).mean())
        totals.append(share * numbers["inside_difference"] + (1 - share) * numbers["outside_difference"])
    assert len(totals) > 2 and totals == pytest.approx([totals[0]] * len(totals))


def test_diversity_may_be_left_out(all_weights: Path, tiny_dataset: Path) -> None:
    found = _measure("tiny-smis", tiny_dataset, limit=1, diversity=False)
    assert found["diversity"] is None and "not asked for" in found["missing"]["diversity"]


# ---------------------------------------------------------------- parser


def test_a_parser_is_measured_at_each_pictures_own_size(tiny_weights: Path, tiny_dataset: Path) -> None:
    found = _measure("tiny-parser", tiny_dataset)
    parser = Session("cpu").load("tiny-parser")
    counts = Counts(load_label_set("faces"))
    for n in range(3):
        pixels = read_image(tiny_dataset / "images" / f"val_{n:03d}.jpg").pixels
        truth = read_label_map(tiny_dataset / "labels" / f"val_{n:03d}.png", load_label_set("faces")).label_map
        counts.add(truth, parser.parse(pixels)[0])  # type: ignore[union-attr]
    assert {key: found[key] for key in ("miou", "accuracy", "iou")} == {
        key: counts.numbers([])[key] for key in ("miou", "accuracy", "iou")
    }
    assert found["seconds_per_picture"] > 0


def test_almost_absent_labels_are_left_out_of_the_second_mean_only() -> None:
    counts = Counts(load_label_set("faces"))
    truth = np.zeros((200, 200), np.uint8)
    truth[:100], truth[0, 0] = 13, 16  # a necklace of one pixel in 40,000
    found = np.where(truth == 16, 13, truth).astype(np.uint8)
    counts.add(truth, found)
    assert [counts.label_set[i].name for i in counts.rare()][-1] == "clothes"
    assert 16 in counts.rare() and 13 not in counts.rare()
    numbers = counts.numbers(counts.rare())
    assert numbers["miou"] == pytest.approx(2 / 3, abs=1e-3)
    assert numbers["miou_without_rare"] == pytest.approx(1.0, abs=1e-3)
    assert numbers["iou"]["necklace"] == 0.0 and numbers["iou"]["hat"] is None


def test_the_ignore_id_counts_neither_as_truth_nor_in_the_mean() -> None:
    street = load_label_set("street")
    assert street.ignore is not None
    counts = Counts(street)
    truth = np.array([[0, 0, street.ignore, street.ignore]], np.uint8)
    counts.add(truth, np.array([[0, 1, 1, street.ignore]], np.uint8))
    numbers = counts.numbers([])
    assert numbers["accuracy"] == 0.5
    assert street[street.ignore].name not in numbers["iou"]


# ---------------------------------------------------------------- folders


def test_one_split_named_test_or_no_list_of_splits_at_all(tiny_weights: Path, tiny_dataset: Path) -> None:
    stems = [path.stem for path in sorted((tiny_dataset / "labels").iterdir())]
    (tiny_dataset / "splits.json").write_text(json.dumps({"test": stems}))
    assert _measure("tiny-parser", tiny_dataset, "test")["pictures"] == 9
    (tiny_dataset / "splits.json").unlink()
    whole = _measure("tiny-parser", tiny_dataset, "test")
    assert (whole["pictures"], whole["split"]) == (9, "all")  # not a split that nobody made
    some = _measure("tiny-parser", tiny_dataset, "whatever", limit=4)
    assert (some["pictures"], some["split"]) == (4, "all")


def test_a_folder_without_classes_json_is_measured_by_the_weights_own_labels(
    tiny_weights: Path, tiny_dataset: Path
) -> None:
    with_classes = _measure("tiny-parser", tiny_dataset)
    (tiny_dataset / "classes.json").unlink()
    without = _measure("tiny-parser", tiny_dataset)
    assert {key: without[key] for key in ("split", "pictures", "miou", "iou")} == {
        key: with_classes[key] for key in ("split", "pictures", "miou", "iou")
    }


def test_pictures_of_other_sizes_and_shapes_are_measured_too(tiny_weights: Path, tiny_dataset: Path) -> None:
    for n, size in enumerate(((100, 90), (64, 128), (33, 40))):
        for folder, name in (("images", f"val_{n:03d}.jpg"), ("labels", f"val_{n:03d}.png")):
            path = tiny_dataset / folder / name
            Image.open(path).resize(size, Image.Resampling.NEAREST).save(path)
    assert _measure("tiny-parser", tiny_dataset)["pictures"] == 3
    assert _measure("tiny-sean", tiny_dataset)["pictures"] == 3


def test_mistakes_get_one_sentence(tiny_weights: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no split 'tset'; it has: train, val\."):
        _measure("tiny-sean", tiny_dataset, "tset")
    with pytest.raises(BadFile, match="is not a folder"):
        _measure("tiny-sean", tmp_path / "nowhere")
    with pytest.raises(WeightsError, match="did you mean"):
        _measure("tiny-saen", tiny_dataset)
    with pytest.raises(BadRequest, match="limit 0"):
        _measure("tiny-sean", tiny_dataset, limit=0)
    (tiny_dataset / "images" / "val_001.jpg").unlink()
    with pytest.raises(BadFile, match=r"no picture for the label map val_001\.png"):
        _measure("tiny-sean", tiny_dataset)
    (tiny_dataset / "classes.json").write_bytes(
        (Path(__file__).parents[3] / "resources/labelsets/street.json").read_bytes()
    )
    with pytest.raises(WeightsError, match=r"know the 19 labels of .faces."):
        _measure("tiny-sean", tiny_dataset)


def test_its_seconds_are_of_all_of_it_loading_included(
    tiny_weights: Path, tiny_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("engine.evaluation.evaluate.time.perf_counter", lambda: now[0])
    load = Session.load

    def slow_load(session: Session, weights: str) -> Any:
        now[0] += 100.0
        return load(session, weights)

    monkeypatch.setattr(Session, "load", slow_load)
    assert _measure("tiny-sean", tiny_dataset, diversity=False)["seconds"] >= 100


def test_it_reports_progress_and_stops_when_told(tiny_weights: Path, tiny_dataset: Path) -> None:
    seen: list[float] = []
    cancel = threading.Event()

    def report(fraction: float, text: str) -> None:
        seen.append(fraction)
        if fraction > 0.3:
            cancel.set()

    with pytest.raises(Cancelled):
        _measure("tiny-parser", tiny_dataset, on_progress=report, cancel=cancel)
    assert seen == sorted(seen) and 0.3 < seen[-1] < 0.7


def test_lines_for_people_name_every_label(tiny_weights: Path, tiny_dataset: Path) -> None:
    lines = dict(rows(_measure("tiny-sean", tiny_dataset, limit=2)))
    assert "parser on reconstructions: iou: hair" in lines and FID in lines
    assert lines["networks: parser"] == "tiny-parser"
