"""Every system that paints, in training: resumed to the bit, ready for use, its own losses where they belong."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

from engine.data.labelled import LabelledFolder
from engine.errors import Cancelled, TrainingError
from engine.nn.blocks import one_hot
from engine.systems import system as system_of
from engine.systems.smis.task import SMISReconstruction, draw_labels
from engine.training.losses import kl_divergence, squares_discriminator, squares_generator
from engine.training.reconstruction import ReconstructionTask
from engine.training.start import make_task, prepare
from tests.engine.training.tiny import PAINTING, SMIS, SPADE, changed, checkpoint, differences, start
from tests.fixtures import write_dataset

CPU = torch.device("cpu")
every_system = pytest.mark.parametrize("system", list(PAINTING))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=4, val=2)


def task_of(data: Path, system: str, **changes: Any) -> ReconstructionTask:
    task = make_task(changed(PAINTING[system], **changes), LabelledFolder(data, "train", 32), CPU)
    assert isinstance(task, ReconstructionTask)
    return task


def updates_of(task: ReconstructionTask, data: Path, step: int = 0) -> dict[str, dict[str, Tensor]]:
    """Optimiser name -> losses of one step, nothing stepped."""
    return dict(task.losses(LabelledFolder(data, "train", 32).batch(np.arange(2)), step))


@every_system
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(data: Path, tmp_path: Path, system: str) -> None:
    def stop(event: str, facts: dict[str, Any]) -> None:
        if event == "step" and facts["step"] == 2:
            raise Cancelled()

    recipe = changed(PAINTING[system], steps=3)
    start(recipe, data, tmp_path / "whole").run()
    with pytest.raises(Cancelled):
        start(recipe, data, tmp_path / "run", stop).run()
    torch.manual_seed(999)  # a new process would have other random numbers
    start(recipe, data, tmp_path / "run", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []


@every_system
def test_a_run_exports_a_network_for_use_that_paints_what_was_validated(
    data: Path, tmp_path: Path, system: str
) -> None:
    loop = start(changed(PAINTING[system], steps=3), data, tmp_path / "run")
    loop.run()
    task = loop.task
    assert isinstance(task, ReconstructionTask)
    config = task.export().config
    own = system_of(system).network
    network: Any = own.build(own.read_config(msgspec.to_builtins(config)))
    network.load_state_dict(load_file(tmp_path / "run" / "best.safetensors"))
    batch = LabelledFolder(data, "val", 32).batch(np.arange(2))
    hot = one_hot(batch.label_maps, 19)
    with torch.no_grad():
        a = task.reconstruction.reconstruct(network.eval(), batch.pictures, hot)
        b = task.reconstruction.reconstruct(task.averaged(), batch.pictures, hot)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@every_system
def test_the_image_encoder_learns_from_the_generators_losses(data: Path, system: str) -> None:
    task = task_of(data, system)
    torch.stack(list(updates_of(task, data)["generator"].values())).sum().backward()
    encoder = [p for name, p in task.generator.named_parameters() if "encoder" in name and name.endswith("weight")]
    assert encoder and all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in encoder)


@every_system
def test_a_run_started_from_weights_takes_them_over_into_its_average_too(data: Path, system: str) -> None:
    task, other = task_of(data, system), task_of(data, system)
    with torch.no_grad():
        for parameter in other.generator.parameters():
            parameter.mul_(0.5)
    state = other.averaged().state_dict()
    left = task.start_from(state)
    assert all("_u" in name or "_v" in name for name in left)  # singular vectors are found anew
    last_weight = [name for name in state if name.endswith("weight")][-1]
    assert torch.equal(task.ema.state[last_weight], state[last_weight])


# ---------------------------------------------------------------- latents


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=6))
def test_the_kl_divergence_is_the_sum_of_each_numbers_own(numbers: list[tuple[float, float]]) -> None:
    mean, log_variance = (torch.tensor([row], dtype=torch.float64) for row in zip(*numbers))
    wanted = sum(0.5 * (m * m + math.exp(v) - 1 - v) for m, v in numbers)
    assert float(kl_divergence(mean, log_variance)) == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    doubled = kl_divergence(torch.cat([mean, mean]), torch.cat([log_variance, log_variance]))
    assert float(doubled) == pytest.approx(wanted, rel=1e-4, abs=1e-5)  # a mean over pictures


@pytest.mark.parametrize("system", ["smis", "spade"])
def test_the_weight_of_the_kl_divergence_warms_up(data: Path, system: str) -> None:
    task = task_of(data, system, task={"kl": 0.5, "kl_warm_up": 4})
    reported = []
    for step in (0, 1, 3, 9):
        torch.manual_seed(0)
        reported.append(float(updates_of(task, data, step)["generator"]["kl"].detach()))
    batch = LabelledFolder(data, "train", 32).batch(np.arange(2))
    with torch.no_grad():
        full = 0.5 * float(kl_divergence(*task.generator.encode(batch.pictures, one_hot(batch.label_maps, 19))))
    assert reported == pytest.approx([full / 4, full / 2, full, full], rel=2e-2)


@pytest.mark.parametrize("system", ["smis", "spade"])
def test_a_share_of_the_pictures_is_painted_from_the_mean_of_its_latents(
    data: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(data, system, task={"mean_share": 1.0})
    batch = LabelledFolder(data, "train", 32).batch(np.arange(2))
    hot = one_hot(batch.label_maps, 19)
    seen: list[Tensor] = []
    original = task.generator.forward
    monkeypatch.setattr(task.generator, "forward", lambda hot, z: seen.append(z) or original(hot, z))
    task.generator.eval()  # or singular vectors would move between the two encodings
    with torch.no_grad():
        for share in (1.0, 0.0):
            task.reconstruction.config = replace(task.config, mean_share=share)
            task.paint(batch.pictures, hot, 0)
        mean, _ = task.generator.encode(batch.pictures, hot)
    assert torch.equal(seen[0], mean) and not torch.allclose(seen[1], mean)


def test_a_network_whose_latents_say_nothing_has_no_variety(data: Path) -> None:
    task = task_of(data, "smis")
    validation = LabelledFolder(data, "val", 32)
    assert task.validate(validation)["variety"] > 0
    task.ema.state["start.weight"].zero_()
    assert task.validate(validation)["variety"] == 0


@pytest.mark.parametrize("used", [True, False])
def test_holding_costs_what_one_regions_latent_changes_elsewhere(data: Path, used: bool) -> None:
    task = task_of(data, "smis", task={"hold": 10.0})
    with torch.no_grad():
        task.generator.start.weight.mul_(30 if used else 0)
    losses = updates_of(task, data)["generator"]
    assert (float(losses["hold"].detach()) > 1e-4) == used


def test_regions_to_hold_are_drawn_among_the_large_ones_that_are_there() -> None:
    label_map = torch.zeros(1, 20, 20, dtype=torch.int64)
    label_map[0, :10] = 3
    label_map[0, 0, 0] = 5  # a 400th of the picture
    hot = one_hot(label_map, 19)
    drawn = {int(draw_labels(hot)[0]) for _ in range(60)}
    assert drawn == {0, 3}


def test_the_sheets_last_row_draws_the_second_largest_region_only(data: Path) -> None:
    task = task_of(data, "smis")
    assert isinstance(task.reconstruction, SMISReconstruction)
    batch = LabelledFolder(data, "val", 32).batch(np.arange(2))
    hot = one_hot(batch.label_maps, 19)
    seen: list[Tensor] = []

    class Spy:
        def encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
            return torch.zeros(2, 38, 4, 4), torch.zeros(2, 38, 4, 4)

        def __call__(self, hot: Tensor, z: Tensor) -> Tensor:
            seen.append(z)
            return torch.zeros(2, 3, 32, 32)

    task.reconstruction.rows(Spy(), batch.pictures, hot)
    own, drawn, one = (z.view(2, 19, -1) for z in seen)
    for n in range(2):
        second = int(hot[n].sum((1, 2)).argsort(descending=True)[1])
        changed_labels = (one[n] != own[n]).any(1).nonzero().flatten().tolist()
        assert changed_labels == [second] and torch.equal(one[n, second], drawn[n, second])


def test_without_a_latent_spade_paints_from_the_label_map_alone(data: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(changed(SPADE, steps=3), model={"width": 2, "hidden": 4, "latent": 0})
    loop = start(recipe, data, tmp_path / "run")
    loop.run()
    assert "kl" not in updates_of(loop.task, data)["generator"]  # type: ignore[arg-type]
    assert "variety" not in loop.task.validate(LabelledFolder(data, "val", 32))


@pytest.mark.parametrize(
    ("model", "task"),
    [
        ({"schedule": "ungrouped"}, {}),  # GroupEnc
        ({"locality": 1.0, "fusion": 1}, {}),  # GroupNet
        ({"separate": True, "fusion": 1, "width": 1}, {}),  # MulNet
        ({}, {"gan": "lsgan", "discriminator_spectral": False}),
    ],
    ids=["groupenc", "groupnet", "mulnet", "least squares"],
)
def test_rivals_train_too(data: Path, model: dict[str, Any], task: dict[str, Any]) -> None:
    of = make_task(changed(SMIS, model=model, task=task), LabelledFolder(data, "train", 32), CPU)
    assert isinstance(of, ReconstructionTask)
    for name, losses in of.losses(LabelledFolder(data, "train", 32).batch(np.arange(2)), 0):
        of.optimizers[name].zero_grad(set_to_none=True)
        total = torch.stack(list(losses.values())).sum()
        assert bool(torch.isfinite(total))
        total.backward()
        of.optimizers[name].step()


def test_least_squares_are_those_of_the_paper() -> None:
    real, fake = ([[torch.zeros(1, 2, 2, 2), torch.full((1, 1, 2, 2), x)]] for x in (0.5, 0.25))
    assert float(squares_discriminator(real, fake)) == pytest.approx((0.5**2 + 0.25**2) / 2)
    assert float(squares_generator(fake)) == pytest.approx(0.75**2)
    twice = real * 2, fake * 2  # pix2pixHD's code adds up the scales
    assert float(squares_discriminator(*twice)) == pytest.approx(0.5**2 + 0.25**2)
    assert float(squares_generator(twice[1])) == pytest.approx(2 * 0.75**2)


def test_pix2pixhd_is_trained_as_published(data: Path) -> None:
    """num_D 2, n_layers 3 and one more layer of stride 1; least squares are summed over the scales."""
    recipe = msgspec.structs.replace(PAINTING["pix2pixhd"], task={"perceptual": 0.0, "discriminator_width": 4})
    task = make_task(recipe, LabelledFolder(data, "train", 32), CPU)
    assert isinstance(task, ReconstructionTask) and task.config.over_scales == "sum" and task.config.gan == "lsgan"
    for scale in task.discriminator.scales:
        layers = [scale.first, *scale.hidden, scale.last]
        assert [layer.stride[0] for layer in layers] == [2, 2, 2, 1, 1]
        assert [layer.out_channels for layer in layers] == [4, 8, 16, 32, 1]


def test_a_run_begun_with_other_defaults_goes_on_with_them(data: Path, tmp_path: Path) -> None:
    """Runs of earlier versions wrote no [task] settings; pix2pixHD's discriminator was another one then."""
    then = {"over_scales": "mean", "discriminator_layers": 3, "discriminator_last_stride": 2}
    settings = {"perceptual": 0.0, "discriminator_width": 4}
    recipe = msgspec.structs.replace(PAINTING["pix2pixhd"], steps=4, task=settings)
    start(msgspec.structs.replace(recipe, task=settings | then), data, tmp_path / "whole").run()
    short = msgspec.structs.replace(recipe, steps=2, task=settings | then | {"decay_from": 1.0})
    start(short, data, tmp_path / "run").run()
    config = tmp_path / "run" / "config.json"
    facts = json.loads(config.read_text("utf-8"))
    assert facts.pop("task")["over_scales"] == "mean"
    config.write_text(json.dumps(facts), "utf-8")
    resumed = start(recipe, data, tmp_path / "run", resume=True)
    assert isinstance(resumed.task, ReconstructionTask) and resumed.task.config.over_scales == "mean"
    resumed.run()
    a, b = (checkpoint(tmp_path / name)["modules"] for name in ("whole", "run"))
    assert differences(a, b) == []


def test_what_a_run_was_told_once_counts_when_it_is_resumed(data: Path, tmp_path: Path) -> None:
    start(changed(PAINTING["sean"], steps=3, task={"l1": 7.5}), data, tmp_path / "run").run()
    recipe = msgspec.structs.replace(
        PAINTING["sean"], task={k: v for k, v in PAINTING["sean"].task.items() if k != "l1"}
    )
    resumed = start(recipe, data, tmp_path / "run", resume=True)
    assert isinstance(resumed.task, ReconstructionTask) and resumed.task.config.l1 == 7.5


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("system", "model", "says"),
    [
        ("smis", {"groups": [19, 5, 4]}, "would work"),
        ("smis", {"schedule": "deepfashion"}, "7 blocks, and multiples 4 entries"),
        ("smis", {"encoder": {"widht": 3}}, r"\[model\.encoder\]: unknown key 'widht'.*'width'"),
        ("spade", {"edges": True}, "leave out edges"),
        ("pix2pixhd", {"edges": True}, "leave out edges"),
        ("smis", {"edges": True}, "leave out edges"),
    ],
)
def test_settings_that_cannot_be_trained_are_named(
    data: Path, tmp_path: Path, system: str, model: dict[str, Any], says: str
) -> None:
    with pytest.raises(TrainingError, match=says):
        prepare(changed(PAINTING[system], model=model), data, tmp_path / "run")


# ---------------------------------------------------------------- which weights are kept


class _Colours(torch.nn.Module):
    """In place of a feature network."""


def install_features(patch: pytest.MonkeyPatch, installed: bool = True) -> None:
    patch.setattr("engine.training.adversarial.find_feature_net", lambda: Path("here") if installed else None)
    patch.setattr("engine.training.adversarial.load_feature_net", _Colours)
    patch.setattr("engine.training.feature_distance.pooled_features", lambda net, image: image.mean((2, 3)))


def test_without_a_perceptual_loss_the_frechet_distance_still_decides(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_features(monkeypatch)
    numbers = task_of(data, "sean", task={"perceptual": 0.0}).validate(LabelledFolder(data, "val", 32))
    assert numbers["score"] == pytest.approx(numbers["psnr"] - numbers["fid_mobilenet_v2"] / 20)


def test_scores_made_in_another_way_do_not_compare(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose best was scored without the Frechet distance goes on, and keeps what it finds from then on."""
    with monkeypatch.context() as patch:
        install_features(patch, installed=False)
        start(changed(PAINTING["sean"], steps=3), data, tmp_path / "run").run()
    install_features(monkeypatch)
    resumed = start(PAINTING["sean"], data, tmp_path / "run", resume=True)
    resumed.best = 99.0
    resumed.run()
    assert resumed.best < 99
