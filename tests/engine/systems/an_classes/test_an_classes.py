"""Pictures of a class: the system trains on class folders, is published, and makes pictures by request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import BadRequest, WeightsError
from engine.nn.attention import AttentiveNorm, SelfAttention
from engine.pictures.images import read_image
from engine.requests.json_text import from_json, to_json
from engine.requests.make import MakeRequest
from engine.session import Session
from engine.systems.an_classes.maker import noise_of
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
from tests.engine.test_files import is_one_sentence
from tests.engine.training.tiny import TINY, changed

CLASSES = ("forest", "sea")
RECIPE = changed(TINY[SYSTEM.id], steps=2)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes, four small pictures each, two of them to validate on."""
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


@pytest.fixture
def weights(scenes: Path, tmp_path: Path, shelf: Path) -> str:  # noqa: F811
    """Published weights of two steps, by name."""
    prepare(RECIPE, scenes, tmp_path / "run").run()
    publish(tmp_path / "run", "an-two", destination=shelf)
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
