"""The tasks: what is optimised, averaged, taken over and left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine.data.labelled import LabelledFolder
from engine.labels.label_sets import LabelSet
from engine.systems.parser.network import ParserConfig
from engine.systems.parser.task import ParserTask, ParserTaskConfig
from engine.training.augment import Augmentation, recolour, shift_together
from engine.training.ema import EMA
from engine.training.losses import (
    feature_matching,
    gradient_penalty,
    hinge_discriminator,
    hinge_generator,
    pyramid_l1,
    wasserstein_discriminator,
)
from engine.training.reconstruction import ReconstructionTask
from engine.training.start import make_task
from tests.engine.training.tiny import PARSER, SEAN, changed, start
from tests.fixtures import write_dataset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=4, val=2)


def sean_task(data: Path, **task: Any) -> ReconstructionTask:
    task_of = make_task(changed(SEAN, task=task), LabelledFolder(data, "train", 32), CPU)
    assert isinstance(task_of, ReconstructionTask)
    return task_of


# ---------------------------------------------------------------- averages


def test_the_average_starts_as_a_copy_and_warms_up() -> None:
    """decay = min(decay, (1 + n) / (10 + n)) at update n."""
    module = nn.Linear(2, 1)
    ema, decays = EMA(module, 0.4), [2 / 11, 3 / 12, 4 / 13, 5 / 14, 0.4, 0.4]
    value = module.weight.detach().clone()
    assert torch.equal(ema.state["weight"], value)
    for decay in decays:
        with torch.no_grad():
            module.weight.add_(1.0)
        ema.update(module)
        value = decay * value + (1 - decay) * module.weight.detach()
        torch.testing.assert_close(ema.state["weight"], value)
    assert ema.updates == len(decays)


def test_batch_norm_statistics_are_averaged_and_counters_copied() -> None:
    module = nn.BatchNorm2d(3)
    ema = EMA(module, 0.99)
    before = ema.state["running_mean"].clone()
    module(torch.randn(4, 3, 2, 2) + 5)
    ema.update(module)
    assert module.running_mean is not None
    decay = 2 / 11
    torch.testing.assert_close(ema.state["running_mean"], decay * before + (1 - decay) * module.running_mean)
    assert int(ema.state["num_batches_tracked"]) == 1


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_the_average_does_not_follow_the_module_by_itself(decay: float) -> None:
    module = nn.Linear(2, 1)
    ema = EMA(module, decay)
    with torch.no_grad():
        module.weight.zero_()
    assert float(ema.state["weight"].abs().max()) > 0
    ema.update(module)
    assert (float(ema.state["weight"].abs().max()) == 0) == (decay == 0)


# ---------------------------------------------------------------- losses


def _features(seed: int) -> list[list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return [[torch.randn(2, c, s, s, generator=generator) for c, s in ((3, 5), (2, 4), (1, 3))] for _ in range(2)]


def test_hinge_losses_are_those_of_the_paper() -> None:
    real, fake = _features(0), _features(1)
    terms = [
        -torch.minimum(r[-1] - 1, torch.zeros(())).mean() - torch.minimum(-f[-1] - 1, torch.zeros(())).mean()
        for r, f in zip(real, fake)
    ]
    assert float(hinge_discriminator(real, fake)) == pytest.approx(float(sum(terms)) / 2)
    assert float(hinge_generator(fake)) == pytest.approx(-sum(float(f[-1].mean()) for f in fake) / 2)


def test_wasserstein_losses_are_those_of_the_paper() -> None:
    real, fake = _features(0), _features(1)
    terms = [float(f[-1].mean() - r[-1].mean()) for r, f in zip(real, fake)]
    assert float(wasserstein_discriminator(real, fake)) == pytest.approx(sum(terms))


def test_a_gradient_of_length_one_costs_nothing_and_counts_where_pictures_differ() -> None:
    real = torch.rand(3, 1, 4, 4)
    fake = real.clone()
    fake[:, :, :2] += 1  # 8 of 16 pixels

    def scores(slope: float) -> Callable[[list[torch.Tensor]], list[list[torch.Tensor]]]:
        return lambda views: [[(slope * views[0]).sum((1, 2, 3))]]

    assert float(gradient_penalty(scores(8**-0.5), [real], [fake])) == pytest.approx(0, abs=1e-6)
    assert float(gradient_penalty(scores(3 * 8**-0.5), [real], [fake])) == pytest.approx(4, rel=1e-5)


def test_a_generator_learns_alone_by_its_other_losses(data: Path) -> None:
    task = sean_task(data, generator_alone=2, perceptual=0.0)
    batch = LabelledFolder(data, "train", 32).batch(np.arange(2))
    ((name, losses),) = task.losses(batch, 1)
    assert name == "generator" and "l1" in losses and "adversarial" not in losses
    assert [name for name, _ in task.losses(batch, 2)] == ["discriminator", "generator"]


def test_feature_matching_leaves_the_logits_and_the_real_features_alone() -> None:
    real, fake = _features(0), _features(1)
    for feature in [*real[0], *fake[0]]:
        feature.requires_grad_(True)
    loss = feature_matching(real, fake)
    terms = [(f - r).abs().mean().item() for k in range(2) for f, r in zip(fake[k][:-1], real[k][:-1])]
    assert loss.item() == pytest.approx(sum(terms) / 2)
    loss.backward()
    assert all(feature.grad is None for feature in [*real[0], fake[0][-1]])
    assert all(feature.grad is not None for feature in fake[0][:-1])


def test_pyramid_l1_compares_pictures_at_half_quarter_and_eighth() -> None:
    real, fake = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16)
    wanted = 0.0
    for factor in (2, 4, 8):
        small = [x.view(2, 3, 16 // factor, factor, 16 // factor, factor).mean((3, 5)) for x in (fake, real)]
        wanted += float((small[0] - small[1]).abs().mean())
    assert float(pyramid_l1(real, fake)) == pytest.approx(wanted, rel=1e-5)


# ---------------------------------------------------------------- augmentation


def test_without_probability_nothing_changes() -> None:
    hot, image = torch.rand(2, 4, 16, 16), torch.rand(2, 3, 16, 16)
    augmentation = Augmentation(2, 16, 0.0, CPU)
    assert torch.equal(augmentation.labels(hot), hot)
    torch.testing.assert_close(augmentation.picture(image), image)


def test_label_map_and_picture_move_together_and_real_and_painted_alike() -> None:
    torch.manual_seed(0)
    ids = torch.randint(0, 4, (6, 16, 16))
    hot = torch.nn.functional.one_hot(ids, 4).permute(0, 3, 1, 2).float()
    augmentation = Augmentation(6, 16, 1.0, CPU)
    augmentation.brightness = torch.zeros(6, 1, 1, 1)
    augmentation.saturation = augmentation.contrast = torch.ones(6, 1, 1, 1)
    hot_after, image_after = augmentation.labels(hot), augmentation.picture(hot[:, :3])
    torch.testing.assert_close(image_after, hot_after[:, :3])
    assert not torch.equal(hot_after, hot)
    assert torch.equal(augmentation.labels(hot), hot_after)


def test_gradients_pass_through_the_augmentation() -> None:
    torch.manual_seed(1)
    image = torch.rand(3, 3, 16, 16, requires_grad=True)
    Augmentation(3, 16, 1.0, CPU).picture(image).sum().backward()
    assert image.grad is not None and bool(image.grad.abs().sum() > 0)


# ---------------------------------------------------------------- SEAN


def test_pictures_are_shifted_alike_down_and_right_without_a_seam() -> None:
    torch.manual_seed(0)
    rows, columns = torch.arange(8.0).view(8, 1), torch.arange(6.0).view(1, 6)
    image = (10 * rows + columns).expand(2, 3, 8, 6)
    found = set()
    for _ in range(40):
        a, b = shift_together(image, image + 100, 3)
        assert torch.equal(a + 100, b)
        down, right = 7 - int(a[0, 0, -1, -1]) // 10, 5 - int(a[0, 0, -1, -1]) % 10
        assert torch.equal(a[0, 0], 10 * (rows - down).clamp(min=0) + (columns - right).clamp(min=0))
        found.add((down, right))
    assert {n for n, _ in found} == {n for _, n in found} == set(range(4)) and len(found) > 4


def test_recolouring_turns_hues_and_leaves_grey_and_brightness() -> None:
    torch.manual_seed(1)
    image = torch.rand(5, 3, 8, 8) * 0.4 - 0.2
    image[:, :, 0] = image[:, :1, 0]  # a grey row
    changed_image = recolour(image, 1.0)
    torch.testing.assert_close(changed_image[:, :, 0], image[:, :, 0])
    torch.testing.assert_close(changed_image.mean(1), image.mean(1))
    assert float((changed_image - image)[:, :, 1:].abs().mean()) > 0.02
    assert torch.equal(recolour(image, 0.0), image)


def test_learning_rates_are_constant_and_then_fall_in_a_line(data: Path) -> None:
    task = sean_task(data, decay_from=0.5, decay_to=0.2, lr_generator=1e-3, lr_discriminator=4e-3)
    factors = {0: 1.0, 3: 1.0, 4: 1 - 0.8 / 3, 6: 0.2}  # of 6 steps
    for step, factor in factors.items():
        task.set_rates(step)
        rates = [task.optimizers[name].param_groups[0]["lr"] for name in ("generator", "discriminator")]
        assert rates == pytest.approx([1e-3 * factor, 4e-3 * factor])


@pytest.mark.parametrize("decay_from", [1.0, 0.0])
def test_rates_without_a_constant_or_a_falling_part(data: Path, decay_from: float) -> None:
    task = sean_task(data, decay_from=decay_from, lr_generator=1e-3)
    task.set_rates(3)
    assert task.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(1e-3 if decay_from == 1 else 5e-4)


def test_a_run_started_from_weights_takes_over_what_fits(data: Path, tmp_path: Path) -> None:
    """Coarse to fine: a network with one more block begins with the blocks of the smaller one."""
    small = start(changed(SEAN, steps=3), data, tmp_path / "small")
    small.run()
    model = {"channels": [6, 6, 6, 4, 4], "upsample_before": [False, True, True, True]}
    recipe = changed(SEAN, steps=1, model=model)
    loop = start(recipe, data, tmp_path / "large", start_weights=tmp_path / "small" / "best.safetensors")
    config = tmp_path / "large" / "config.json"
    assert "blocks.3." in config.read_text("utf-8")
    generator, before = loop.task.modules["generator"].state_dict(), small.task.export().state
    assert torch.equal(generator["blocks.1.conv_0.parametrizations.weight.original"], before["blocks.1.conv_0.weight"])
    assert torch.equal(generator["blocks.0.norm_1.norm.running_mean"], before["blocks.0.norm_1.norm.running_mean"])

    stem = "blocks.1.conv_0.parametrizations.weight"  # its singular vectors fit the weights from the first step on
    matrix = generator[f"{stem}.original"].flatten(1)
    sigma = generator[f"{stem}.0._u"] @ matrix @ generator[f"{stem}.0._v"]
    assert float(sigma) == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-3)
    loop.run()


def test_weights_of_no_fitting_tensor_change_nothing(data: Path, tmp_path: Path) -> None:
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    plain = start(changed(PARSER, steps=1), data, tmp_path / "a")
    from_other = start(changed(PARSER, steps=1), data, tmp_path / "b", start_weights=tmp_path / "other.safetensors")
    for a, b in zip(plain.task.modules["parser"].parameters(), from_other.task.modules["parser"].parameters()):
        assert torch.equal(a, b)


# ---------------------------------------------------------------- parser


def _parser_task(ignore: int | None = None) -> ParserTask:
    torch.manual_seed(0)
    model = ParserConfig(labels=4, resolution=32, widths=(8, 8, 8))
    classes = [{"id": n, "name": str(n)} for n in range(4)]
    labels = LabelSet.from_dict({"name": "four", "ignore": ignore, "classes": classes})
    data = SimpleNamespace(label_set=labels, label_counts=lambda: np.array([7000, 2000, 1000, 0]))
    return ParserTask(model, ParserTaskConfig(), 10, CPU, data)  # type: ignore[arg-type]


def test_pixels_that_nobody_knows_do_not_count() -> None:
    from engine.data.batch import Batch

    image, label_map = torch.rand(2, 3, 32, 32) * 2 - 1, torch.randint(0, 3, (2, 32, 32))
    losses = []
    for unknown in (255, 3):
        task = _parser_task(ignore=3)
        marked = label_map.clone()
        marked[:, 10:20] = unknown
        torch.manual_seed(1)
        (update,) = task.losses(Batch(pictures=image, label_maps=marked), 0)
        losses.append({key: value.item() for key, value in update[1].items()})
    assert losses[0] == losses[1] and all(math.isfinite(value) for value in losses[0].values())


def test_rare_labels_weigh_more_and_rates_warm_up_and_fall() -> None:
    task = _parser_task()
    weights = task.class_weights.tolist()
    assert weights == sorted(weights) and float(task.class_weights.mean()) == pytest.approx(1)
    from engine.data.batch import Batch

    rates = []
    for step in (0, 5, 9):
        batch = Batch(pictures=torch.zeros(2, 3, 32, 32), label_maps=torch.zeros(2, 32, 32, dtype=torch.long))
        list(task.losses(batch, step))
        rates.append(task.optimizers["parser"].param_groups[0]["lr"])
    assert rates[0] == pytest.approx(2e-3 / 100) and rates[1] == pytest.approx(2e-3 * 0.06 * 0.5)
