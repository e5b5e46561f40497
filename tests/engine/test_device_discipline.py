"""Devices are not mixed: every network's forward and every task's losses run on a pretended device.

No test machine needs a GPU for it. Torch's FakeTensorMode computes shapes and devices, no numbers, and raises where an
operation takes tensors of two devices. The device that is pretended is "meta": on a CPU build "cuda" can neither be
moved to nor differentiated. What takes numbers out of tensors cannot run so; `NEEDS_NUMBERS` names it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.data.batch import Batch
from engine.nn.blocks import seeded_noise
from engine.nn.label_places import LabelConditions
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.training import adversarial, start
from engine.training.augment import Augmentation
from engine.training.start import make_task
from tests.engine.systems.test_networks import ENTRIES, Entry, inputs_for, side_of, small_config
from tests.engine.training.tiny import tiny_recipe
from tests.fixtures import write_dataset

DEVICE = torch.device("meta")

NEEDS_NUMBERS: dict[str, tuple[type, str, Callable[..., Any], str]] = {
    # what: (class, method, what stands in for it, why it needs numbers)
    "augmentation": (
        Augmentation,
        "_shifted_and_cut",
        lambda self, maps: maps * self.shown,
        "each picture is moved by whole pixels, which torch.roll takes as numbers",
    ),
    "equal surroundings": (
        LabelConditions,
        "_found",
        lambda self, height, width, most: None,
        "how many different surroundings a label map has is known once they are counted (unique)",
    ),
}
LEFT_OUT = {"parser": {"jaccard": 0.0}}
"""Settings of [task]: the mean over the labels that are shown picks them by a mask (nonzero)."""


WRITERS: dict[str, Callable[..., Path]] = {}
"""Folders of data for kinds other than labelled pictures, by the kind's path."""


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, tensors have shapes and devices alone; modules stay where they are made, and autocast is off."""
    for kind, method, stand_in, _ in NEEDS_NUMBERS.values():
        monkeypatch.setattr(kind, method, stand_in)
    monkeypatch.setattr(adversarial, "find_feature_net", lambda: None)
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


def on_device(value: Any) -> Any:
    """An empty tensor of that shape and kind on the pretended device; all else as it is."""
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
    inputs = [on_device(value) for value in inputs_for(entry, config, *side_of(config))]
    words = entry.network.inputs
    inputs = [seeded_noise(5, DEVICE) if word == "noise" else value for word, value in zip(words, inputs, strict=True)]
    outputs = list(tensors_of(network(*inputs)))
    assert outputs and all(tensor.device == DEVICE for tensor in outputs)


@pytest.mark.parametrize("system", all_systems(), ids=lambda system: system.id)
def test_a_tasks_losses_and_samples_stay_on_its_device(system: System, tmp_path: Path, pretended: None) -> None:
    recipe = tiny_recipe(system)
    recipe.task.update(LEFT_OUT.get(system.id, {}))
    write = WRITERS.get(system.data, write_dataset)
    folder = write(tmp_path / "data", side=recipe.resolution, train=4, val=2)
    data = load_part(system.data).opens()(folder, "train", recipe.resolution)
    with DEVICE:
        task: Any = make_task(recipe, data, DEVICE)
    examples = data.batch(np.arange(2))
    batch = Batch(**{name: on_device(field) for name, field in examples.fields.items()})
    for name, losses in task.losses(batch, 0):
        assert {loss.device for loss in losses.values()} == {DEVICE}, name
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
    task.after_step(0)
    averaged = task.averaged

    def built_on_device() -> Any:
        with DEVICE:
            return averaged()

    task.averaged = built_on_device
    assert task.samples(batch).device == DEVICE
