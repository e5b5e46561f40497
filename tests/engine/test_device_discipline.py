"""Devices are not mixed: every network's forward and every task's losses run on a pretended device.

No test machine needs a GPU for it. Torch's FakeTensorMode computes shapes and devices, no numbers, and raises where an
operation takes tensors of two devices. The device that is pretended is "meta": on a CPU build "cuda" can neither be
moved to nor differentiated. All losses that a recipe can ask for run: each choice of each system's settings in its
turn (`CASES`), the perceptual losses and the projected discriminator through real networks of random weights.

What cannot run so, and where it runs instead:
- what takes numbers out of tensors: `NEEDS_NUMBERS` and systems' examples name it. Windows are cut and equal
  surroundings found on the CPU
  (tests/engine/training/test_augment.py, tests/engine/nn/test_label_places.py), so a device that is not the CPU is
  first met there by `run.py test -m gpu`; a SEAN takes the contracted way beside it, which does run here;
- moving: `Module.to` and `.to(device)` of real tensors, because nothing can be copied to "meta" and back. Modules are
  made on the device, which finds what is made elsewhere afterwards, but not a module that nobody moves;
- autocast, and with it 16-bit precision: it does not know "meta".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)

from engine.data.batch import Batch
from engine.metrics.perceptual import Choice, FeatureNetLoss, Perceptual
from engine.nn.blocks import seeded_noise
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.nn.feature_net import PERCEPTUAL_LAYERS, FeatureNet
from engine.nn.label_places import LabelConditions
from engine.nn.perceptual import VGG19, FeatureLoss, VGGLoss
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.systems.parser.lite import build_parser
from engine.systems.parser.network import ParserConfig
from engine.training import adversarial, augment, discriminators, reconstruction, start
from engine.training.augment import Augmentation
from engine.training.losses import GENERATOR_LOSSES
from engine.training.start import make_task
from tests.engine.systems.test_networks import ENTRIES, Entry, size_of, small_config
from tests.engine.training.tiny import tiny_recipe, write_data

DEVICE = torch.device("meta")
WANT_OF_NUMBERS = (DataDependentOutputException, DynamicOutputShapeException)
"""What FakeTensorMode raises for an operation whose result it cannot know without numbers."""

NEEDS_NUMBERS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    # what: (module or class, function, what stands in for it, why it needs numbers)
    "augmentation": (
        Augmentation,
        "_shifted_and_cut",
        lambda self, maps: maps * self.shown,
        "each picture is moved by whole pixels, which slices take as numbers",
    ),
    "equal surroundings": (
        LabelConditions,
        "_computed",
        lambda self, height, width, most: None,
        "how many different surroundings a label map has is known once they are counted (unique)",
    ),
    "pictures moved together": (
        reconstruction,
        "shift_together",
        lambda first, second, longest_shift: (augment._shifted(first, 1, 2), augment._shifted(second, 1, 2)),
        "how far they are moved is drawn as numbers",
    ),
}
"""Of what systems share; `Examples.needs_numbers` names their own. What stands in is taken only where the function
itself has been seen to fail for want of numbers."""
MORE = {"recolour": 0.5, "perceptual_shift": 2, "perceptual": 1.0, "variety": 0.5, "hold": 0.5, "mean_share": 0.5}
"""Settings of [task] that run too, where a task has them: what is left out at 0."""


def choices() -> Iterator[tuple[System, str, Any]]:
    """Settings of [task] that are one of several words, or yes or no, at each choice that is no default: of the first
    system that has it. Perceptual networks are tried by themselves (`PERCEPTUAL_LOSSES`)."""
    tried = {("perceptual_network", network) for network in get_args(Choice)}
    for known_system in all_systems():
        config_class = load_part(known_system.task_config)
        for name, annotation in get_type_hints(config_class).items():
            words = (True, False) if annotation is bool else get_args(annotation)
            if annotation is bool or get_origin(annotation) is Literal:
                for choice in words:
                    if choice != getattr(config_class, name, choice) and (name, choice) not in tried:
                        tried.add((name, choice))
                        yield known_system, name, choice


CASES: list[tuple[System, dict[str, Any]]] = [
    *((known_system, {}) for known_system in all_systems()),
    *((known_system, {name: choice}) for known_system, name, choice in choices()),
]


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, tensors have shapes and devices alone; modules stay where they are made, and autocast is off."""
    of_systems = [need for system in all_systems() for need in load_part(system.examples).needs_numbers]
    for owner, name, stand_in, _ in (*NEEDS_NUMBERS.values(), *of_systems):
        monkeypatch.setattr(owner, name, _needing_numbers(getattr(owner, name), stand_in))
    monkeypatch.setattr(adversarial, "find_feature_net", lambda: None)
    monkeypatch.setattr(reconstruction, "find_perceptual", lambda *args: Perceptual("random weights", feature_net()))
    monkeypatch.setattr(discriminators, "find_efficientnet", lambda: Path("here"))
    monkeypatch.setattr(discriminators, "load_efficientnet", lambda: EfficientNetLite0().eval())
    monkeypatch.setattr(start, "Randomness", lambda *args: contextlib.nullcontext())  # there are no numbers to draw
    monkeypatch.setattr(torch, "autocast", lambda *args, **more: contextlib.nullcontext())  # does not know "meta"
    monkeypatch.setattr(nn.Module, "to", lambda self, *args, **more: self)  # pretended parameters cannot be swapped
    for name in ("conv2d", "conv_transpose2d"):  # the mode looks at a convolution's input alone
        monkeypatch.setattr(nn.functional, name, _of_one_device(getattr(nn.functional, name)))
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def _of_one_device(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def checked(*args: Any, **more: Any) -> Tensor:
        devices = {value.device for value in (*args, *more.values()) if isinstance(value, Tensor)}
        assert len(devices) == 1, f"a convolution of tensors on two devices: {devices}"
        return operation(*args, **more)

    return checked


def _needing_numbers(function: Callable[..., Any], stand_in: Callable[..., Any]) -> Callable[..., Any]:
    """The stand-in, which is asked only once the function has failed for want of numbers."""

    def checked(*args: Any) -> Any:
        with pytest.raises(WANT_OF_NUMBERS):
            function(*args)
        return stand_in(*args)

    return checked


def feature_net() -> nn.Module:
    """MobileNetV2's kind of network with convolutions of random weights, every second one depthwise."""
    convolution = {"op": "conv", "stride": 2, "relu6": True}
    layers = [
        {**convolution, "key": key, "depthwise": number % 2 == 1, "inp": number, "out": number + 1}
        for number, key in enumerate(PERCEPTUAL_LAYERS)
    ]
    widths = {key: 1 if number % 2 else 3 for number, key in enumerate(PERCEPTUAL_LAYERS)}
    state = {f"{key}.weight": torch.randn(3, width, 3, 3) for key, width in widths.items()}
    return FeatureNetLoss(FeatureNet(layers, state | {f"{key}.bias": torch.randn(3) for key in PERCEPTUAL_LAYERS}))


def vgg() -> nn.Module:
    """VGG19 of random weights."""
    state, fan_in, place = {}, 3, 0
    for channels in VGG19:
        if channels:
            state[f"features.{place}.weight"] = torch.randn(channels, fan_in, 3, 3)
            state[f"features.{place}.bias"] = torch.randn(channels)
            fan_in = channels
        place += 2 if channels else 1
    return VGGLoss(state)


PERCEPTUAL_LOSSES = {
    "mobilenet_v2": feature_net,
    "efficientnet_lite0": lambda: FeatureLoss(EfficientNetLite0()),
    "parser": lambda: FeatureLoss(build_parser(ParserConfig(widths=(8, 8, 8)))),
    "vgg19": vgg,
}
"""By what a recipe calls them."""


def on_device(value: Any) -> Any:
    """An empty tensor of that shape and kind on the pretended device, noise that is drawn there; all else as it is."""
    if callable(value) and not isinstance(value, Tensor):
        return seeded_noise(5, DEVICE)
    return torch.empty(value.shape, dtype=value.dtype, device=DEVICE) if isinstance(value, Tensor) else value


def tensors_of(output: Any) -> Iterator[Tensor]:
    """All tensors of nested lists and tuples."""
    if isinstance(output, Tensor):
        yield output
        return
    for part in output:
        yield from tensors_of(part)


def test_devices_that_mix_are_noticed(pretended: None) -> None:
    with pytest.raises(Exception, match="[Dd]evice"):
        torch.zeros(3, device=DEVICE) + torch.arange(3)
    with pytest.raises(Exception, match="[Dd]evice"):
        nn.functional.conv2d(torch.zeros(1, 1, 4, 4, device=DEVICE), torch.zeros(1, 1, 3, 3))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_networks_forward_stays_on_its_device(entry: Entry, pretended: None) -> None:
    config = small_config(entry, "")
    with DEVICE:
        network = entry.network.build(config).eval()
    inputs = [on_device(value) for value in entry.example.inputs(config, size_of(config))]
    outputs = list(tensors_of(network(*inputs)))
    assert outputs and all(tensor.device == DEVICE for tensor in outputs)


@pytest.mark.parametrize("choice", PERCEPTUAL_LOSSES)
def test_a_perceptual_loss_stays_on_its_device(choice: str, pretended: None) -> None:
    with DEVICE:
        loss = PERCEPTUAL_LOSSES[choice]()
        real, fake = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64, requires_grad=True)
    value = loss(fake, real)
    value.backward()
    assert value.device == DEVICE and fake.grad is not None and fake.grad.device == DEVICE


def test_every_perceptual_loss_of_recipes_runs_here() -> None:
    assert {*PERCEPTUAL_LOSSES, "auto"} == set(get_args(Choice))


def test_every_adversarial_loss_and_discriminator_of_recipes_runs_here() -> None:
    tried = {name_and_choice for _, settings in CASES for name_and_choice in settings.items()}
    assert {("gan", name) for name in GENERATOR_LOSSES} <= tried | {("gan", "hinge")}  # the default everywhere else
    assert {("discriminator", "projected"), ("critics", True)} <= tried


@pytest.mark.parametrize(
    ("system", "settings"),
    CASES,
    ids=[" ".join([case.id, *(f"{name}={choice}" for name, choice in settings.items())]) for case, settings in CASES],
)
def test_a_tasks_losses_and_samples_stay_on_its_device(
    system: System, settings: dict[str, Any], tmp_path: Path, pretended: None
) -> None:
    recipe = tiny_recipe(system)
    known_settings = {field.name for field in fields(load_part(system.task_config))}
    recipe.task.update({name: setting for name, setting in MORE.items() if name in known_settings} | settings)
    folder = write_data(system, tmp_path / "data", side=recipe.resolution, train=4, val=2)
    data = load_part(system.data).opens()(folder, "train", recipe.resolution)
    with DEVICE:
        task: Any = make_task(recipe, data, DEVICE)
    examples = data.batch(np.arange(2))
    batch = Batch(**{name: on_device(field) for name, field in examples.fields.items()})
    named: set[str] = set()
    for name, losses in task.losses(batch, 0):
        assert {loss.device for loss in losses.values()} == {DEVICE}, name
        named |= losses.keys()
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
    assert ("perceptual" in named) == ("perceptual" in known_settings)
    task.after_step(0)
    averaged = task.averaged

    def built_on_device() -> Any:
        with DEVICE:
            return averaged()

    task.averaged = built_on_device
    assert task.samples(batch).device == DEVICE
