"""Sentences become layouts: mixtures and sampling against literal NumPy, training, requests, measurements."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.batch import Batch
from engine.data.caption_files import Box, LayoutFile, Record
from engine.data.captions import Layouts
from engine.data.vocabulary import vocabulary_of, words_of
from engine.errors import BadFile, BadRequest, NotSupported, WeightsError
from engine.evaluation.evaluate import evaluate
from engine.pictures.images import read_image
from engine.requests.json_text import from_json, schema_of, to_json
from engine.requests.layout import LayoutRequest
from engine.session import Session
from engine.systems.text_layout.draw import DrawnBox, drawn_boxes, drawn_label, drawn_point
from engine.systems.text_layout.label_scores import KeywordMatcher, LabelScores
from engine.systems.text_layout.measure import Obeyed, _Blind
from engine.systems.text_layout.network import (
    LEAST_DEVIATION,
    MOST_CORRELATION,
    UNKNOWN,
    BoxGenerator,
    BoxGeneratorConfig,
    log_likelihood,
)
from engine.systems.text_layout.sentences import LEAST_SIDE, Vocabulary, corners_of, padded
from engine.systems.text_layout.system import SYSTEM
from engine.systems.text_layout.task import LayoutTask, LayoutTaskConfig, negative_log_likelihoods
from engine.training.publish import publish
from engine.training.recipe import load_recipe
from engine.training.start import make_task, prepare
from tests.commands import Runner, one_sentence, run, shelf  # noqa: F401
from tests.engine.test_files import is_one_sentence
from tests.engine.training.tiny import TINY, changed

CPU = torch.device("cpu")
SMALL = {"word_width": 16, "text_width": 32, "width": 32, "components": 3, "dropout": 0.0}
PLACES = {"left": 0.1, "middle": 0.4, "right": 0.7}


def pairs(*extra: Record) -> LayoutFile:
    """Six sentences, each of one layout: a car or a tree on one of three sides, and cars below their number."""
    records = []
    for label, name in enumerate(("car", "tree")):
        for place, left in PLACES.items():
            box = Box((100 * left, 40 + 20 * label, 100 * left + 20, 70), label)
            sentence = f"a street with a {name} on the {place}"
            stated = [[f"{name}.present=yes", f"{name}.side={place}", f"{name}.count=1"]]
            records += [Record(100, 100, [sentence], [box], split, stated) for split in ("train", "val")]
    return LayoutFile(["car", "tree"], [*records, *extra])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "captions_boxes.json").write_bytes(msgspec.json.encode(pairs()))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def by_heart(tmp_path_factory: pytest.TempPathFactory) -> LayoutTask:
    """A task that has learnt the pairs by heart."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "captions_boxes.json").write_bytes(msgspec.json.encode(pairs()))
    return learnt(folder, attention=False)


def learnt(folder: Path, *, attention: bool, steps: int = 150) -> LayoutTask:
    recipe = changed(TINY[SYSTEM.id], steps=steps, model={**SMALL, "attention": attention},
                     task={"rate": 0.01, "word_dropout": 0.0})  # fmt: skip
    data = Layouts(folder, "train", 0)
    task = make_task(recipe, data, CPU)
    assert isinstance(task, LayoutTask)
    for step in range(steps):
        for name, losses in task.losses(data.training_batch(6, 0, step), step):
            task.optimizers[name].zero_grad()
            torch.stack(list(losses.values())).sum().backward()
            task.optimizers[name].step()
        task.after_step(step)
    return task


# ---------------------------------------------------------------- mixtures, literally

raw_mixtures = st.lists(st.lists(st.floats(-3, 3), min_size=6, max_size=6), min_size=1, max_size=4)


def literal_parts(raw: list[list[float]]) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Weight, mean and covariance of each Gaussian, written out."""
    total = sum(math.exp(row[0]) for row in raw)
    parts = []
    for weight, x, y, deviation_x, deviation_y, correlation in raw:
        sx, sy = (math.log1p(math.exp(value)) + LEAST_DEVIATION for value in (deviation_x, deviation_y))
        r = math.tanh(correlation) * MOST_CORRELATION
        covariance = np.array([[sx * sx, r * sx * sy], [r * sx * sy, sy * sy]])
        parts.append((math.exp(weight) / total, np.array([x, y]), covariance))
    return parts


@settings(deadline=None)
@given(raw_mixtures, st.floats(-3, 3), st.floats(-3, 3))
def test_the_density_of_a_mixture_is_that_of_its_definition(raw: list[list[float]], x: float, y: float) -> None:
    density = 0.0
    for weight, mean, covariance in literal_parts(raw):
        off = np.array([x, y]) - mean
        square = off @ np.linalg.inv(covariance) @ off
        density += weight * math.exp(-square / 2) / (2 * math.pi * math.sqrt(np.linalg.det(covariance)))
    result = float(log_likelihood(torch.tensor(raw, dtype=torch.float64), torch.tensor([x, y])))
    if density > 1e-30:
        assert result == pytest.approx(math.log(density), rel=1e-3, abs=1e-3)


@settings(deadline=None)
@given(raw_mixtures, st.floats(0, 0.999), st.floats(-2, 2), st.floats(-2, 2), st.floats(0.1, 1))
def test_a_point_is_drawn_as_its_definition_says(
    raw: list[list[float]], chance: float, first: float, second: float, temperature: float
) -> None:
    """The Gaussian on whose share the chance falls; its Cholesky factor times normal numbers."""
    parts = literal_parts(raw)
    shares = np.array([weight ** (1 / temperature) for weight, _, _ in parts])
    edges = np.cumsum(shares / shares.sum())
    if np.abs(edges - chance).min() < 1e-5:
        return
    _, mean, covariance = parts[int((edges <= chance).sum())]
    expected = mean + math.sqrt(temperature) * np.linalg.cholesky(covariance) @ np.array([first, second])
    point = drawn_point(torch.tensor(raw), chance, torch.tensor([first, second]), temperature)
    np.testing.assert_allclose(point.numpy(), expected, atol=2e-4, rtol=1e-4)


def test_at_temperature_0_it_is_the_mean_of_the_heaviest() -> None:
    raw = torch.tensor([[0.0, 1, 2, 0, 0, 0], [1.0, 3, 4, 0, 0, 0]])
    assert drawn_point(raw, 0.0, torch.ones(2), 0.0).tolist() == [3, 4]


def test_labels_come_as_often_as_their_softmax_says_and_only_those_that_may() -> None:
    logits, allowed = torch.tensor([2.0, 1.0, 0.0, 5.0]), torch.tensor([True, True, True, False])
    chances = np.random.default_rng(0).random(4000)
    labels = [drawn_label(logits, float(chance), 1.0, allowed) for chance in chances]
    expected = np.exp([2.0, 1.0, 0.0]) / np.exp([2.0, 1.0, 0.0]).sum()
    np.testing.assert_allclose(np.bincount(labels, minlength=4)[:3] / 4000, expected, atol=0.03)
    assert 3 not in labels and drawn_label(logits, 1.0, 1.0, allowed) == 2
    assert drawn_label(logits, 0.99, 0.0, allowed) == 0


def test_losses_are_means_over_the_steps_of_each_picture() -> None:
    config = BoxGeneratorConfig(classes=2, words=("a", "b"), **SMALL)
    boxes = [torch.tensor([[0.5, 0, 0.7, 1, 1], [0.1, 0, 0.2, 0.5, 0]]), torch.zeros(0, 5)]
    layout = padded(["a", "b a"], boxes, Vocabulary(config), config, 4, CPU)
    assert layout.labels.tolist() == [[0, 1, 2], [2, 2, 2]] and layout.counts.tolist() == [2, 0]  # from left to right
    assert layout.boxes[0, 0].tolist() == pytest.approx([0.15, 0.25, math.log(0.1), math.log(0.5)])
    torch.manual_seed(0)
    with torch.no_grad():
        predicted = BoxGenerator(config)(layout.words, torch.zeros(2, dtype=torch.int64), layout.labels, layout.boxes)
    label, position, size = negative_log_likelihoods(predicted, layout)
    log_shares = predicted.labels.log_softmax(dim=2)
    expected = -(log_shares[0, 0, 0] + log_shares[0, 1, 1] + log_shares[0, 2, 2]) / 3
    assert float(label[0]) == pytest.approx(float(expected), rel=1e-5)
    assert float(label[1]) == pytest.approx(float(-log_shares[1, 0, 2]), rel=1e-5)
    densities = [float(log_likelihood(predicted.sizes[0, n], layout.boxes[0, n, 2:])) for n in range(2)]
    assert float(size[0]) == pytest.approx(-np.mean(densities), rel=1e-4)
    assert float(position[1]) == float(size[1]) == 0


def test_the_largest_boxes_count_where_there_are_too_many() -> None:
    config = BoxGeneratorConfig(classes=3, **SMALL)
    boxes = [torch.tensor([[0.0, 0, 0.1, 0.1, 0], [0.2, 0, 0.9, 0.9, 1], [0.1, 0, 0.6, 0.5, 2]])]
    assert padded(["x"], boxes, Vocabulary(config), config, 2, CPU).labels.tolist() == [[2, 1, 3]]


@given(st.tuples(*[st.floats(-2, 3)] * 2), st.tuples(*[st.floats(-20, 5)] * 2))
def test_a_drawn_box_lies_in_the_picture(centre: tuple[float, float], log_size: tuple[float, float]) -> None:
    left, top, right, bottom = corners_of(centre, log_size)
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert right - left >= LEAST_SIDE * 0.99 and bottom - top >= LEAST_SIDE * 0.99


# ---------------------------------------------------------------- network


@pytest.mark.parametrize("attention", [False, True])
def test_what_follows_a_sentence_changes_nothing(attention: bool) -> None:
    torch.manual_seed(0)
    config = BoxGeneratorConfig(classes=3, words=("a", "b", "c"), attention=attention, **SMALL)
    generator = BoxGenerator(config).eval()
    labels, boxes = torch.tensor([[0, 1, 3]] * 2), torch.rand(2, 3, 4)
    domains = torch.zeros(2, dtype=torch.int64)
    alone = generator(torch.tensor([[2, 3]]), domains[:1], labels[:1], boxes[:1])
    padded_out = generator(torch.tensor([[2, 3, 0, 0, 0], [4, 3, 2, 1, 2]]), domains, labels, boxes)
    for one, many in zip(alone, padded_out, strict=True):
        torch.testing.assert_close(one[0], many[0], atol=1e-5, rtol=1e-4)


def test_a_step_does_not_see_what_comes_later() -> None:
    torch.manual_seed(0)
    generator = BoxGenerator(BoxGeneratorConfig(classes=3, words=("a",), **SMALL)).eval()
    words, domains = torch.tensor([[2]]), torch.zeros(1, dtype=torch.int64)
    labels, boxes = torch.tensor([[0, 1, 2, 3]]), torch.rand(1, 4, 4)
    before = generator(words, domains, labels, boxes)
    labels[0, 2], boxes[0, 2:] = 0, 0.5
    after = generator(words, domains, labels, boxes)
    assert torch.equal(before.labels[0, :3], after.labels[0, :3])
    assert torch.equal(before.sizes[0, :2], after.sizes[0, :2])
    assert not torch.equal(before.labels[0, 3], after.labels[0, 3])


def test_drawing_step_by_step_sees_what_training_sees() -> None:
    """States of an LSTM that is asked one step at a time are those of the whole sequence."""
    torch.manual_seed(0)
    generator = BoxGenerator(BoxGeneratorConfig(classes=3, words=("a",), **SMALL)).eval()
    text, _ = generator.encode(torch.tensor([[2]]), torch.zeros(1, dtype=torch.int64))
    labels, boxes = torch.tensor([[3, 1, 0]]), torch.rand(1, 3, 4)
    whole, _ = generator.decode(text, labels, boxes)
    memory, steps = None, []
    for n in range(3):
        state, memory = generator.decode(text, labels[:, n : n + 1], boxes[:, n : n + 1], memory)
        steps.append(state)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)


def test_an_odd_text_width_is_refused() -> None:
    with pytest.raises(NotSupported, match="text_width is 5"):
        SYSTEM.network.read_config({"text_width": 5})


# ---------------------------------------------------------------- words


def test_words_are_taken_apart_and_the_frequent_ones_come_first() -> None:
    assert words_of("A man's Hut, 3 cars!") == ["a", "man", "s", "hut", "3", "cars"] and words_of("🙂 …") == []
    assert vocabulary_of(["a cat", "a dog", "a cat"]) == ("a", "cat")
    vocabulary = Vocabulary(BoxGeneratorConfig(words=("a", "cat")))
    assert vocabulary.numbers_of("A cat sat") == [2, 3, UNKNOWN] and vocabulary.numbers_of("…") == [UNKNOWN]
    assert vocabulary.unknown_in("sat sat cat") == ["sat"]


def test_keywords_are_names_plurals_and_synonyms() -> None:
    matcher = KeywordMatcher(["person", "bus", "hot dog", "eyeglasses"])
    assert matcher.labels_in("Two women eat hot dogs beside buses.", range(4)) == {0, 1, 2}
    assert matcher.labels_in("A man in spectacles", range(4)) == {0, 3} and matcher.labels_in("A bus", [0]) == set()
    scores = LabelScores()
    scores.add({0, 1}, {1, 2})
    scores.add(set(), {3})
    assert scores.f1() == pytest.approx(2 / 5)


# ---------------------------------------------------------------- training


def test_it_learns_a_handful_of_pairs_by_heart(by_heart: LayoutTask) -> None:
    for label, name in enumerate(("car", "tree")):
        for place, left in PLACES.items():
            words = by_heart.vocabulary.numbers_of(f"a street with a {name} on the {place}")
            boxes, _ = drawn_boxes(by_heart.generator.eval(), words, 0, 0, 0.0, 8)
            assert [box.label for box in boxes] == [label], (name, place)
            assert boxes[0].corners == pytest.approx((left, 0.4 + 0.2 * label, left + 0.2, 0.7), abs=0.06)


def test_it_does_so_with_attention_too(folder: Path) -> None:
    numbers = learnt(folder, attention=True).validate(Layouts(folder, "val", 0))
    assert numbers["label_f1"] == 1 and numbers["label_nats"] < 0.1 and numbers["box_nats"] < -1


def test_validation_says_how_likely_the_boxes_are_and_which_labels_come(by_heart: LayoutTask, folder: Path) -> None:
    numbers = by_heart.validate(Layouts(folder, "val", 0))
    assert numbers["label_f1"] == 1 and numbers["label_nats"] < 0.1
    assert numbers["score"] == pytest.approx(-4 * numbers["label_nats"] - numbers["box_nats"])


def test_a_domain_has_its_own_labels_and_is_guessed_from_the_sentence(tmp_path: Path) -> None:
    records = []
    for domain, label, word in (("street", 0, "car"), ("face", 1, "hair")):
        record = Record(100, 100, [f"one sees {word}", f"{word} again"], [Box((10, 10, 50, 60), label)], "train")
        records += [msgspec.structs.replace(record, domain=domain)] * 2
    layouts = LayoutFile(["car", "hair"], records, {"street": [0], "face": [1]})
    (tmp_path / "captions_boxes.json").write_bytes(msgspec.json.encode(layouts))
    task = learnt(tmp_path, attention=False, steps=60)
    for domain, (sentence, other) in enumerate((("one sees car", 1), ("hair again", 0))):
        words = task.vocabulary.numbers_of(sentence)
        boxes, guessed = drawn_boxes(task.generator.eval(), words, None, 0, 0.0, 4)
        assert guessed == domain and {box.label for box in boxes} == {domain}
        boxes, _ = drawn_boxes(task.generator, words, other, 3, 1.0, 4)
        assert {box.label for box in boxes} <= {other}
    layouts.records[0].domain = "moon"
    (tmp_path / "captions_boxes.json").write_bytes(msgspec.json.encode(layouts))
    with pytest.raises(BadFile, match='domain "moon"') as refused:
        Layouts(tmp_path, "train", 0)
    assert is_one_sentence(str(refused.value))


def test_the_rate_falls_to_nothing(folder: Path) -> None:
    task = LayoutTask(BoxGeneratorConfig(classes=2, **SMALL), LayoutTaskConfig(rate=1.0), 10, CPU, None)  # type: ignore[arg-type]
    rates = []
    for step in range(10):
        task.after_step(step)
        rates.append(task.optimizers["generator"].param_groups[0]["lr"])
    assert rates[:5] == [1.0] * 5 and rates[5:] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])


def test_the_papers_weights_of_losses_are_the_recipes() -> None:
    config = LayoutTaskConfig(**load_recipe("text-layout-paper").task)
    assert (config.label_weight, config.box_weight) == (4, 1)
    assert load_recipe("text-layout-paper").model["components"] == 20


def test_a_picture_without_boxes_can_be_learnt(by_heart: LayoutTask) -> None:
    batch = Batch(captions=["a street"], boxes=[torch.zeros(0, 5)], domains=torch.zeros(1, dtype=torch.int64))
    ((_, losses),) = by_heart.losses(batch, 0)
    assert all(bool(loss.isfinite()) for loss in losses.values())


# ---------------------------------------------------------------- weights in use


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of sixty steps."""
    home = tmp_path_factory.mktemp("trained")
    (home / "captions_boxes.json").write_bytes(msgspec.json.encode(pairs()))
    recipe = changed(TINY[SYSTEM.id], steps=60, model=SMALL, task={"rate": 0.02}, validate_every=60, sample_every=60)
    prepare(recipe, home, home / "run").run()
    return home / "run"


@pytest.fixture
def weights(trained: Path, shelf: Path) -> str:  # noqa: F811
    """Published weights, by name."""
    publish(trained, "layouts", destination=shelf)
    return "layouts"


def test_a_sentence_becomes_a_layout_that_its_seed_decides(weights: str, tmp_path: Path) -> None:
    session = Session("cpu")
    request = LayoutRequest(weights, "a car on the left of the street", seed=3, temperature=1.0)
    result, again = session.run(request), session.run(request)
    assert result.plan == again.plan and result.plan.domain == "" and "of" in result.unknown
    others = [session.run(request.replace(seed=seed)).plan for seed in range(4, 10)]
    assert any(plan != result.plan for plan in others)
    for box in result.plan.boxes:
        assert box.label in ("car", "tree") and 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1
    result.save(tmp_path / "layout.json")
    written = json.loads((tmp_path / "layout.json").read_text("utf-8"))
    assert written["sentence"] == request.sentence and len(written["boxes"]) == len(result.plan.boxes)
    result.save(tmp_path / "layout.png")
    assert read_image(tmp_path / "layout.png").pixels.shape[1] == 384


def test_unknown_words_are_noted_with_near_ones_and_nothing_known_is_refused(weights: str) -> None:
    session = Session("cpu")
    result = session.run(LayoutRequest(weights, "a stret with a zeppelin"))
    assert result.unknown == {"stret": ["street"], "zeppelin": []}
    assert any('"stret"; near ones are street' in note for note in result.notes)
    for sentence in ("zeppelin", "汽车在左边", "привет"):
        with pytest.raises(BadRequest, match="know no word of") as refused:
            session.run(LayoutRequest(weights, sentence))
        assert is_one_sentence(str(refused.value))
    with pytest.raises(BadRequest, match='know no domain "moon"') as refused:
        session.run(LayoutRequest(weights, "a car", domain="moon"))
    assert is_one_sentence(str(refused.value))
    with pytest.raises(WeightsError, match="does not lay out sentences"):
        session.run(LayoutRequest("sean-faces", "a car"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sentence": ""}, "has no word"),
        ({"sentence": "🙂🙂 …"}, "has no word"),
        ({"sentence": "word " * 500}, "has 500 words; give at most 100"),
        ({"temperature": 2.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_laid_out_is_refused_in_one_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest, match=says) as refused:
        LayoutRequest(**{"weights": "w", "sentence": "a car", **changes})
    assert is_one_sentence(str(refused.value))


def test_a_request_is_read_as_it_was_written() -> None:
    request = LayoutRequest("w", "a car on the left", domain="street", seed=3, temperature=0.5)
    assert from_json(to_json(request)) == request and hash(request) == hash(from_json(to_json(request)))
    assert {"sentence", "domain", "seed", "temperature"} <= schema_of(LayoutRequest)["properties"].keys()


def test_the_command_line_lays_out_and_measures(
    weights: str, folder: Path, tmp_path: Path, run: Runner  # noqa: F811
) -> None:
    words = ["text", "a street with a car on the left", "--to", "layout", "--weights", weights, "--out"]
    done = run(*words, tmp_path / "out.json", "--seed", 2, "--json")
    assert done.code == 0, done.err
    plan = Session("cpu").run(LayoutRequest(weights, words[1], seed=2)).plan
    assert json.loads(done.out)["boxes"] == json.loads((tmp_path / "out.json").read_text())["boxes"]
    assert len(json.loads(done.out)["boxes"]) == len(plan.boxes)
    done = run("text", "", "--out", tmp_path / "out.json")
    assert done.code == 2 and "has no word" in one_sentence(done.err)
    done = run("text", "a car", "--out", tmp_path / "out.txt")
    assert done.code == 2 and "must end in" in one_sentence(done.err)
    done = run("text", "a car", "--to", "picture", "--out", tmp_path / "out.json")
    assert done.code == 2 and 'cannot become "picture" yet' in one_sentence(done.err)
    page = tmp_path / "page.html"
    done = run("evaluate", "--weights", weights, "--data", folder, "--json", "-", "--html", page)
    assert done.code == 0, done.err
    assert json.loads(done.out)["layouts"] == 6 and "true boxes" in page.read_text("utf-8")


def test_it_is_measured_beside_rivals_that_are_blind(weights: str, folder: Path) -> None:
    measured = evaluate(weights, folder, device="cpu")
    json.dumps(measured, allow_nan=False)
    assert measured["split"] == "val" and measured["keyword_f1"] == 1 and 0 <= measured["label_f1"] <= 1
    assert {"count", "present", "side"} == measured["obeyed"].keys() == measured["obeyed_unasked"].keys()
    assert measured["blind"]["label_nats"] > 0.5 and measured["shuffled"]["label_nats"] > 0
    layouts = pairs()
    layouts.classes[1] = "moon"
    (folder / "captions_boxes.json").write_bytes(msgspec.json.encode(layouts))
    with pytest.raises(BadRequest, match='know no class "moon"; they know car, tree'):
        evaluate(weights, folder, device="cpu")


def test_the_blind_rival_is_frequencies_and_gaussians() -> None:
    chance = np.random.default_rng(0)
    boxes = chance.normal(0, 1, (2000, 4))
    rows = [(0, np.array([0, 1]), boxes[n : n + 1]) for n in range(2000)]  # one box of label 0, then "stop", label 1
    label_nats, box_nats = _Blind(rows, 1).nats((0, np.array([0, 1]), np.zeros((1, 4))))
    assert label_nats == pytest.approx(math.log(2), abs=1e-3)
    assert box_nats == pytest.approx(2 * math.log(2 * math.pi), abs=0.1)


def test_attributes_are_obeyed_by_the_rule_that_measured_them() -> None:
    obeyed = Obeyed()
    boxes = [DrawnBox(0, (0.0, 0.4, 0.2, 0.6)), DrawnBox(0, (0.1, 0.4, 0.3, 0.6))]
    states = ["car.present=yes", "car.count=2", "car.side=left", "car.colour=red"]
    states += ["tree.present=yes", "moon.present=yes"]
    obeyed.add(states, boxes, ["car", "tree"])
    obeyed.add(["car.side=right", "tree.count=1"], boxes, ["car", "tree"])
    assert obeyed.shares() == {"count": 0.5, "present": 0.5, "side": 0.5}
