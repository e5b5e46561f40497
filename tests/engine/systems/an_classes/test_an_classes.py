"""Pictures of a class: the system trains on class folders, is published, and makes pictures by request."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.pictures import ClassFolder
from engine.errors import BadRequest, WeightsError
from engine.evaluation.evaluate import evaluate
from engine.metrics.features import load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.kernel_distance import kernel_distance
from engine.nn.attention import AttentiveNorm, SelfAttention
from engine.pictures.images import read_image
from engine.requests.json_text import from_json, to_json
from engine.requests.make import MakeRequest
from engine.session import Session
from engine.systems.an_classes.maker import ClassMaker, noise_of
from engine.systems.an_classes.network import (
    DISCRIMINATOR_ATTENTION,
    GENERATOR_ATTENTION,
    Attention,
    ClassDiscriminator,
    ClassDiscriminatorConfig,
    ClassGenerator,
    ClassGeneratorConfig,
)
from engine.systems.an_classes.system import SYSTEM
from engine.training.publish import publish
from engine.training.start import prepare
from engine.weights.store import load_weights
from tests.commands import Runner, run, shelf  # noqa: F401
from tests.engine.feature_nets import tiny_net  # noqa: F401
from tests.engine.test_files import is_one_sentence
from tests.engine.training.tiny import TINY, changed

CLASSES = ("forest", "sea")
RECIPE = changed(TINY[SYSTEM.id], steps=2)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes, four small pictures each, two of them to validate on; no test changes it."""
    folder = tmp_path_factory.mktemp("scenes")
    chance = np.random.default_rng(0)
    splits: dict[str, list[str]] = {"train": [], "val": []}
    for class_name, colour in zip(CLASSES, ((20, 120, 30), (20, 60, 180)), strict=True):
        (folder / "images" / class_name).mkdir(parents=True)
        for number in range(4):
            pixels = np.clip(np.array(colour) + chance.integers(-20, 20, (20, 20, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / class_name / f"{number}.png")
            splits["val" if number == 3 else "train"].append(f"{class_name}/{number}")
    (folder / "splits.json").write_text(str(splits).replace("'", '"'))
    return folder


@pytest.fixture(scope="module")
def trained(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps."""
    run_folder = tmp_path_factory.mktemp("run") / "run"
    prepare(RECIPE, scenes, run_folder).run()
    return run_folder


@pytest.fixture
def weights(trained: Path, shelf: Path) -> str:  # noqa: F811
    """Published weights of two steps, by name."""
    publish(trained, "an-two", destination=shelf)
    return "an-two"


def test_weights_know_their_classes_and_make_pictures_of_them(weights: str) -> None:
    assert load_weights(weights).card.config["class_names"] == list(CLASSES)
    session = Session("cpu")
    result = session.run(MakeRequest(weights, {"sea": 1}, seed=5, count=3))
    second = session.run(MakeRequest(weights, {"sea": 1}, seed=6))
    forest = session.run(MakeRequest(weights, {"forest": 1}, seed=6))
    assert result.pictures.shape == (3, 16, 16, 3) and result.pictures.dtype == np.uint8
    np.testing.assert_array_equal(result.pictures[1], second.pictures[0])  # a picture is its seed's, in any company
    assert not np.array_equal(second.pictures, forest.pictures)


def test_the_layout_that_the_network_finds_stands_beside_each_picture(weights: str) -> None:
    session, request = Session("cpu"), MakeRequest(weights, {"sea": 1}, seed=5, count=3, entities=True)
    result = session.run(from_json(to_json(request)))
    assert result.entities is not None and result.entities.shape[:2] == (3, 4)
    np.testing.assert_allclose(result.entities.sum(1), 1, rtol=1e-5)
    assert result.sheet().shape == (36, 68, 3)  # pairs of 16 x 16, two in a row, gaps of 4
    plain = session.run(request.replace(entities=False))
    np.testing.assert_array_equal(plain.pictures, result.pictures)
    assert plain.entities is None and all(np.array_equal(*pair) for pair in zip(plain.overlaid(1), plain.pictures))
    assert not np.array_equal(result.overlaid(0.5)[0], result.pictures[0])
    alone = session.run(request.replace(seed=6, count=1))
    np.testing.assert_allclose(alone.entities[0], result.entities[1], atol=1e-5)


def test_a_mixture_lies_between_classes(weights: str) -> None:
    session = Session("cpu")
    pictures = [
        session.run(MakeRequest(weights, classes, seed=1)).pictures.astype(float)
        for classes in ({"sea": 1}, {"sea": 3, "forest": 1}, {"sea": 75, "forest": 25})
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    np.testing.assert_array_equal(pictures[1], pictures[2])


def test_a_class_that_is_not_known_is_told_with_those_that_are(weights: str) -> None:
    session = Session("cpu")
    with pytest.raises(BadRequest, match='know no class "moon"; they know forest, sea'):
        session.run(MakeRequest(weights, {"moon": 1}))


def test_weights_that_make_nothing_are_refused() -> None:
    with pytest.raises(WeightsError, match="does not make pictures of classes"):
        Session("cpu").run(MakeRequest("sean-faces", {"sea": 1}))


def test_the_command_line_makes_a_sheet(weights: str, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    request = tmp_path / "make.json"
    request.write_text(to_json(MakeRequest(weights, {"sea": 1}, count=4)))
    done = run("request", request, "--out", tmp_path / "sheet.png")
    assert done.code == 0, done.err
    assert read_image(tmp_path / "sheet.png").pixels.shape == (36, 36, 3)  # 2 x 2 pictures of 16, gaps of 4


def test_make_is_the_same_without_a_file(weights: str, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    """`tessera make`: the first weights that make pictures unless others are named; an unknown class names all."""
    words = ["make", "--class", "sea", "--class", "forest=0.5", "--seed", 3, "--n", 4, "--out", tmp_path / "sheet.png"]
    done = run(*words, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert (facts["pictures"], facts["first_seed"], facts["last_seed"]) == (4, 3, 6)
    result = Session("cpu").run(MakeRequest(weights, {"sea": 1, "forest": 0.5}, seed=3, count=4))
    np.testing.assert_array_equal(read_image(tmp_path / "sheet.png").pixels, result.sheet())
    done = run("make", "--class", "moon", "--weights", weights, "--out", tmp_path / "moon.png")
    assert done.code == 2 and 'no class "moon"; they know forest, sea' in done.err


def test_a_request_is_read_as_it_was_written() -> None:
    request = MakeRequest("w", {"sea": 2, "forest": 1}, seed=3, count=4, truncation=0.7, columns=2)
    assert from_json(to_json(request)) == request and hash(from_json(to_json(request))) == hash(request)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"classes": {}}, "classes"),
        ({"classes": {"sea": -1.0}}, "classes"),
        ({"classes": {"sea": float("nan")}}, "classes"),
        ({"count": 0}, "count"),
        ({"truncation": -1.0}, "truncation"),
        ({"truncation": 0.001}, "truncation"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(changes: dict[str, object], says: str) -> None:
    fields: dict[str, object] = {"weights": "w", "classes": {"sea": 1.0}}
    with pytest.raises(BadRequest, match=says) as refused:
        MakeRequest(**{**fields, **changes})  # type: ignore[arg-type]
    assert is_one_sentence(str(refused.value))


def test_noise_is_its_seeds_and_truncated_where_asked() -> None:
    assert torch.equal(noise_of(7, 100), noise_of(7, 100)) and not torch.equal(noise_of(7, 100), noise_of(8, 100))
    assert noise_of(7, 1000).abs().max() > 1
    assert noise_of(7, 1000, truncation=0.5).abs().max() <= 0.5


@pytest.mark.parametrize(
    ("attention", "kind"),
    [("attentive", AttentiveNorm), ("self", SelfAttention), ("none", torch.nn.Identity)],
)
def test_attention_stands_in_the_third_block_and_in_the_first_of_the_judge(
    attention: Attention, kind: type[torch.nn.Module]
) -> None:
    """And nowhere else: the three networks that are compared share everything else."""
    config = ClassGeneratorConfig(resolution=32, width=2, latent=4, attention=attention)
    generator = ClassGenerator(config)
    discriminator = ClassDiscriminator(ClassDiscriminatorConfig(resolution=32, width=2, attention=attention))
    for network, place in ((generator, GENERATOR_ATTENTION), (discriminator, DISCRIMINATOR_ATTENTION)):
        kinds = [type(block.attention) for block in network.blocks]
        assert kinds == [kind if index == place else torch.nn.Identity for index in range(5)]
    plain = ClassGenerator(replace(config, attention="none")).state_dict()
    assert plain.keys() <= generator.state_dict().keys()


@pytest.mark.parametrize("resolution", [8, 16, 32, 64, 128])
def test_pictures_have_the_resolution_that_was_asked_for(resolution: int) -> None:
    generator = ClassGenerator(ClassGeneratorConfig(resolution=resolution, width=1, latent=2)).eval()
    assert generator(torch.zeros(1, 2), torch.eye(6)[:1]).shape == (1, 3, resolution, resolution)


@pytest.mark.parametrize("resolution", [0, 4, 48, 256])
def test_other_resolutions_are_refused(resolution: int) -> None:
    with pytest.raises(ValueError, match="none of 8, 16, 32, 64 and 128"):
        ClassGeneratorConfig(resolution=resolution)


# ---------------------------------------------------------------- measured


def test_made_pictures_are_compared_with_the_photographs_of_their_class(
    weights: str, scenes: Path, tiny_net: Path  # noqa: F811
) -> None:
    """With those that requests of the same seeds make; all together, and by class."""
    measured = evaluate(weights, scenes, "train", device="cpu")
    json.dumps(measured, allow_nan=False)
    assert (measured["system"], measured["split"], measured["pictures"]) == ("an-classes", "train", 6)
    assert {name: numbers["pictures"] for name, numbers in measured["classes"].items()} == dict.fromkeys(CLASSES, 3)
    dataset, network = ClassFolder(scenes, "train", 16), load_feature_net()
    photographs, made = [], []
    for class_name, first in (("forest", 0), ("sea", 3)):
        photographs.append(pooled_features(network, dataset.batch(np.arange(first, first + 3)).pictures))
        pictures = Session("cpu").run(MakeRequest(weights, {class_name: 1}, seed=first, count=3)).pictures
        made.append(pooled_features(network, torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1))
        of_class = measured["classes"][class_name]
        assert of_class["FID-MobileNetV2"] == pytest.approx(frechet_distance(photographs[-1], made[-1]), rel=1e-3)
        assert of_class["KID-MobileNetV2"] == pytest.approx(kernel_distance(photographs[-1], made[-1]), rel=1e-3)
    for name, distance in (("FID-MobileNetV2", frechet_distance), ("KID-MobileNetV2", kernel_distance)):
        assert measured[name] == pytest.approx(distance(torch.cat(photographs), torch.cat(made)), rel=1e-3)
    assert set(measured["missing"]) == {"FID-EfficientNetLite0", "KID-EfficientNetLite0"}
    assert "pip install" in measured["missing"]["KID-EfficientNetLite0"]


@pytest.mark.parametrize(("right", "share"), [(True, 1.0), (False, 0.0)])
def test_pictures_of_a_class_that_was_learnt_are_nearest_to_it(
    right: bool,
    share: float,
    weights: str,
    scenes: Path,
    tiny_net: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photographs = ClassFolder(scenes, "train", 16).images

    def by_heart(maker: ClassMaker, seeds: list[int], shares: list[float], truncation: float) -> np.ndarray:
        first = 3 * (int(np.argmax(shares)) if right else int(np.argmin(shares)))
        return np.asarray(photographs[first : first + len(seeds)])

    monkeypatch.setattr(ClassMaker, "make", by_heart)
    measured = evaluate(weights, scenes, "train", device="cpu")
    assert measured["nearest_classes"] == share
    assert measured["classes"]["sea"]["nearest"] == ("sea" if right else "forest")


def test_what_cannot_be_measured_says_why(
    weights: str, scenes: Path, tmp_path: Path, tiny_net: Path  # noqa: F811
) -> None:
    few = evaluate(weights, scenes, "train", device="cpu", limit=1)
    assert few["KID-MobileNetV2"] is None and "two pictures" in few["missing"]["KID-MobileNetV2"]
    for file in tiny_net.iterdir():
        file.unlink()
    measured = evaluate(weights, scenes, device="cpu")
    assert measured["split"] == "val" and measured["nearest_classes"] is None
    assert "is missing; put" in measured["missing"]["FID-MobileNetV2"]
    with_moon = shutil.copytree(scenes, tmp_path / "with_moon")
    (with_moon / "images" / "moon").mkdir()
    Image.new("RGB", (16, 16)).save(with_moon / "images" / "moon" / "0.png")
    with pytest.raises(BadRequest, match='know no class "moon"; they know forest, sea'):
        evaluate(weights, with_moon, device="cpu")


def test_the_command_line_measures_and_shows_a_grid_of_each_class(
    weights: str, scenes: Path, tmp_path: Path, tiny_net: Path, run: Runner  # noqa: F811
) -> None:
    words = ["evaluate", "--weights", weights, "--data", scenes, "--split", "train", "--html", tmp_path / "page.html"]
    done = run(*words)
    assert done.code == 0, done.err
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines() if line.startswith("KID"))
    assert float(lines["KID-MobileNetV2"]) >= 0 and "classes: sea" in done.out
    assert "pictures 3, FID-MobileNetV2 " in done.out and ", nearest to " in done.out
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<img") == 4 and "photographs forest" in page and "Pictures of classes" in page
    assert "| KID-MobileNetV2 ↓ |" in run(*words, "--weights", weights).out
