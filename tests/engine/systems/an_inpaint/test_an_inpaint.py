"""The network that fills holes: it trains on any folder of pictures, is published, and differs by its seed alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from engine.data.batch import Batch
from engine.evaluation.table import rows
from engine.nn.attention import AttentiveNorm
from engine.session import Session
from engine.systems.an_inpaint.contextual import ContextualAttention
from engine.systems.an_inpaint.critics import CriticConfig, Critics, around_hole
from engine.systems.an_inpaint.filler import HoleFiller
from engine.systems.an_inpaint.holes import hole_numbers, holes
from engine.systems.an_inpaint.measure import CLASSICAL, compared, measure, sheet
from engine.systems.an_inpaint.network import InpaintConfig, InpaintNetwork
from engine.systems.an_inpaint.system import SYSTEM
from engine.systems.measuring import MeasureOptions
from engine.training.publish import publish
from engine.training.start import make_task
from engine.weights.store import load_weights
from tests.engine.training.tiny import changed, start, tiny_recipe
from tests.fixtures import write_dataset

RECIPE = tiny_recipe(SYSTEM)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "pictures", side=32, train=4, val=2)


class NoData:
    """A task asks the data for nothing but this."""

    def network_fields(self) -> dict[str, Any]:
        return {}


def task_of(**settings: Any) -> Any:
    recipe = changed(RECIPE, task={"perceptual": 0.0, "ema": 0.0} | settings.pop("task", {}), **settings)
    return make_task(recipe, NoData(), CPU)  # type: ignore[arg-type]


def pictures(count: int = 2) -> Batch:
    return Batch(pictures=torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1)


@pytest.mark.parametrize(
    ("attention", "kinds"),
    [("attentive", [AttentiveNorm]), ("contextual", [ContextualAttention]), ("none", [])],
)
def test_the_three_that_are_compared_differ_in_one_module_alone(attention: Any, kinds: list[type]) -> None:
    network = InpaintNetwork(InpaintConfig(32, 4, attention=attention))
    found = [type(m) for m in network.modules() if isinstance(m, AttentiveNorm | ContextualAttention)]
    assert found == kinds
    plain = InpaintNetwork(InpaintConfig(32, 4, attention="none")).state_dict()
    assert {name: tensor.shape for name, tensor in network.state_dict().items() if ".attentive." not in name} == {
        name: tensor.shape for name, tensor in plain.items()
    }


def test_the_standard_recipe_is_small_enough_to_ship() -> None:
    from engine.training.recipe import load_recipe

    recipe = load_recipe("an-inpaint-standard")
    with torch.device("meta"):
        network = SYSTEM.network.build(SYSTEM.network.read_config({"resolution": recipe.resolution} | recipe.model))
    assert 2 * sum(parameter.numel() for parameter in network.parameters()) < 25e6


def test_what_stands_in_the_hole_is_not_seen() -> None:
    network = InpaintNetwork(InpaintConfig(32, 4, dilations=(2,))).eval()
    image, hole = pictures().pictures, holes(hole_numbers([1, 2]), 32, (0.2, 0.3))
    with torch.no_grad():
        first, second = network(image, hole), network(torch.where(hole > 0, torch.ones(()), image), hole)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_it_learns_a_handful_of_pictures_by_heart() -> None:
    """Reconstruction alone, few smooth pictures: the hole comes to be filled far better than by grey."""
    torch.manual_seed(0)
    task = task_of(
        steps=60,
        model={"width": 8, "latent": 0},
        task={"generator_alone": 60, "lr_generator": 2e-3, "betas": [0.5, 0.9], "decay_from": 1.0},
    )
    colours = torch.tensor([[0.8, -0.6, 0.1], [-0.7, 0.5, 0.9]])
    batch = Batch(pictures=colours[:, :, None, None].expand(-1, -1, 32, 32).contiguous())
    first = last = 0.0
    for step in range(60):
        ((name, losses),) = task.losses(batch, step)
        assert name == "generator"
        task.optimizers[name].zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        task.optimizers[name].step()
        first, last = first or losses["inside"].item(), losses["inside"].item()
    assert last < first / 3


def test_the_generator_learns_alone_until_it_is_told_to_look_real() -> None:
    task = task_of(steps=6, task={"generator_alone": 3})
    assert [name for name, _ in task.losses(pictures(), 2)] == ["generator"]
    (_, _), (name, losses) = task.losses(pictures(), 3)
    assert name == "generator" and "adversarial" in losses and "variety" not in losses


def test_fillings_that_are_too_alike_cost() -> None:
    task = task_of(task={"variety": 0.5, "varied": 0.1})
    *_, (_, losses) = task.losses(pictures(), 0)
    assert 0 < losses["variety"].item() <= 0.5
    *_, (_, without) = task_of(model={"latent": 0}, task={"variety": 0.5}).losses(pictures(), 0)
    assert "variety" not in without


def test_the_published_critics_learn_more_often_than_the_generator() -> None:
    critics = {"critics": True, "gan": "wgan-gp", "over_scales": "sum", "discriminator_updates": 3}
    task = task_of(task=critics)
    assert isinstance(task.discriminator, Critics)
    updates = task.losses(pictures(), 0)
    first_name, first_losses = next(updates)
    assert first_losses.keys() == {"discriminator", "gradient_penalty"}
    first_losses["gradient_penalty"].backward()
    assert any(bool(p.grad.abs().sum() > 0) for p in task.discriminator.parameters() if p.grad is not None)
    assert [first_name, *(name for name, _ in updates)] == ["discriminator"] * 3 + ["generator"]


def test_the_local_critic_looks_at_the_hole() -> None:
    hole = torch.zeros(3, 1, 32, 32)
    hole[0, :, :4, :4] = hole[1, :, 10:20, 12:22] = hole[2, :, 30:, 30:] = 1
    seen = around_hole(hole, hole)
    assert seen.shape == (3, 1, 16, 16)
    assert torch.equal(seen.sum((1, 2, 3)), hole.sum((1, 2, 3)))
    scores = Critics(CriticConfig(32, 2))(hole, pictures(3).pictures)
    assert [[layer.shape for layer in scale] for scale in scores] == [[(3,)], [(3,)]]


def test_holes_follow_from_the_step_and_are_the_same_in_every_validation(data: Path, tmp_path: Path) -> None:
    """A resumed run gives the weights of an uninterrupted one: `Randomness` draws the holes."""
    from tests.engine.training.tiny import checkpoint, differences

    start(changed(RECIPE, steps=2), data, tmp_path / "whole").run()
    start(changed(RECIPE, steps=1), data, tmp_path / "cut").run()
    start(changed(RECIPE, steps=2), data, tmp_path / "cut", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "cut")) == []
    task = task_of()
    assert torch.equal(task.conditions.of(pictures()), task.conditions.of(pictures()))
    assert not torch.equal(
        task.conditions.of(pictures(), training=True), task.conditions.of(pictures(), training=True)
    )


@pytest.fixture(scope="module")
def filler(data: Path, tmp_path_factory: pytest.TempPathFactory) -> HoleFiller:
    """A published run of one step, in use."""
    folder = tmp_path_factory.mktemp("filler")
    start(msgspec.structs.replace(RECIPE, steps=1), data, folder / "run").run()
    publish(folder / "run", "filler", destination=folder)
    return HoleFiller(load_weights(folder / "filler"), CPU)


def test_a_published_run_fills_and_its_latent_varies_it(filler: HoleFiller) -> None:
    assert (filler.side, filler.least_side) == (32, 16)
    chance = np.random.default_rng(0)
    pixels, hole = chance.integers(0, 256, (27, 45, 3)).astype(np.uint8), np.zeros((27, 45), bool)
    hole[5:15, 20:40] = True
    first, again, other = (filler.paint(pixels, hole, seed) for seed in (1, 1, 2))
    assert first.shape == pixels.shape and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_it_is_measured_beside_the_classical_methods(filler: HoleFiller, data: Path) -> None:
    options = MeasureOptions("val", Session("cpu").services())
    figures = measure(filler, data, options, lambda fraction, text: None)
    assert (figures["pictures"], figures["split"], figures["resolution"]) == (2, "val", 32)
    kinds = [f"{shape} {share} %" for shape in ("free-form", "rectangle") for share in (10, 25, 50)]
    assert [name for name in figures if "%" in name] == kinds
    assert figures["psnr_hole"] == pytest.approx(np.mean([figures[kind]["psnr_hole"] for kind in kinds]))
    for name in CLASSICAL:
        telling = [figures[kind][f"{name}: l1_hole"] for kind in kinds]
        assert figures[name]["l1_hole"] == pytest.approx(np.mean(telling))
        assert 0 < figures[name]["ssim_hole"] < 1
    assert rows(figures)
    shown = sheet(filler, data, MeasureOptions("val", Session("cpu").services(), limit=1), lambda fraction, text: None)
    (row,) = shown
    assert row.title.endswith("free-form 10 %") and [cell.title for cell in row.data][-2:] == list(CLASSICAL)
    assert {cell.pixels.shape for cell in (*row.data, *row.results)} == {(32, 32, 3)}


def test_numbers_of_a_hole_are_of_the_hole_alone() -> None:
    chance = np.random.default_rng(0)
    picture = chance.integers(60, 200, (32, 32, 3)).astype(np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[8:20, 10:22] = True
    other = np.where(hole[..., None], picture, np.uint8(0))
    assert compared(picture, other, hole, None)["l1_hole"] == 0
    moved = np.where(hole[..., None], picture + np.uint8(51), picture)
    numbers = compared(picture, moved, hole, None)
    assert numbers["l1_hole"] == pytest.approx(0.2) and numbers["psnr_hole"] == pytest.approx(-20 * np.log10(0.2))
    assert numbers["ssim_hole"] < compared(picture, picture, hole, None)["ssim_hole"] == pytest.approx(1)
