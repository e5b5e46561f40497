"""Every system that learns against a discriminator: its networks take turns, and a fresh discriminator learns alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.data.dataset import DataSet
from engine.errors import Cancelled, TrainingError
from engine.systems import all_systems, system
from engine.systems.base import load_part
from engine.training.adversarial import AdversarialTask
from engine.training.augment import Augmentation
from engine.training.reconstruction import ReconstructionTask
from engine.training.start import make_task
from tests.engine.training.tiny import ADVERSARIAL, TINY, changed, checkpoint, differences, start, write_data

every_system = pytest.mark.parametrize("recipe", ADVERSARIAL.values(), ids=list(ADVERSARIAL))
CPU = torch.device("cpu")
STEPS = 8
WAITING = STEPS // 4
"""Steps of such a run in which a fresh discriminator learns alone."""


@pytest.fixture(scope="module")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Of the systems that were asked for, the data and a finished run."""
    return {}


@pytest.fixture
def data(recipe: Any, first_runs: dict[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _first_run(recipe, first_runs, tmp_path_factory)[0]


@pytest.fixture
def trained(recipe: Any, first_runs: dict[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of three steps."""
    return _first_run(recipe, first_runs, tmp_path_factory)[1]


def _first_run(
    recipe: Any, first_runs: dict[str, tuple[Path, Path]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    if recipe.system not in first_runs:
        folder = tmp_path_factory.mktemp(recipe.system)
        data_folder = write_data(system(recipe.system), folder / "data", side=recipe.resolution, train=4, val=2)
        start(changed(recipe, steps=3), data_folder, folder / "run").run()
        first_runs[recipe.system] = data_folder, folder / "run"
    return first_runs[recipe.system]


def dataset_of(recipe: Any, data: Path) -> DataSet:
    dataset: DataSet = load_part(system(recipe.system).data).opens()(data, "train", recipe.resolution)
    return dataset


def test_every_system_with_a_discriminator_stands_on_the_adversarial_task(tmp_path: Path) -> None:
    for known_system in all_systems():
        recipe = TINY[known_system.id]
        folder = write_data(known_system, tmp_path / known_system.id, side=recipe.resolution, train=2)
        task = make_task(recipe, dataset_of(recipe, folder), CPU)
        assert ("discriminator" in task.modules) == isinstance(task, AdversarialTask)
        assert (known_system.id in ADVERSARIAL) == isinstance(task, AdversarialTask)


@every_system
def test_a_fresh_discriminator_learns_alone_under_a_trained_generator(
    recipe: Any, data: Path, trained: Path, tmp_path: Path
) -> None:
    """Else it spoils what the generator has learnt."""
    start_weights = trained / "best.safetensors"
    loop = start(changed(recipe, steps=STEPS), data, tmp_path / "run", start_weights=start_weights)
    before = {name: [p.detach().clone() for p in m.parameters()] for name, m in loop.task.modules.items()}
    averaged = {k: v.clone() for k, v in loop.task.averaged().named_parameters()}  # type: ignore[attr-defined]

    def moved(name: str) -> bool:
        return any(bool((p != q).any()) for p, q in zip(loop.task.modules[name].parameters(), before[name]))

    for step in range(WAITING):
        losses = loop.stepper.run(step)
        assert "discriminator" in losses and "adversarial" not in losses
    assert moved("discriminator") and not moved("generator")
    now = dict(loop.task.averaged().named_parameters())  # type: ignore[attr-defined]
    assert differences(averaged, now) == []
    assert "adversarial" in loop.stepper.run(WAITING) and moved("generator")


@every_system
def test_a_discriminator_that_comes_along_does_not_wait(
    recipe: Any, data: Path, trained: Path, tmp_path: Path
) -> None:
    loop = start(changed(recipe, steps=STEPS), data, tmp_path / "run", start_weights=trained)
    assert "adversarial" in loop.stepper.run(0)


@every_system
def test_a_fresh_generator_does_not_wait_for_its_discriminator(recipe: Any, data: Path, tmp_path: Path) -> None:
    loop = start(changed(recipe, steps=STEPS), data, tmp_path / "run")
    assert "adversarial" in loop.stepper.run(0)


@every_system
def test_how_long_the_discriminator_learns_alone_can_be_said(
    recipe: Any, data: Path, trained: Path, tmp_path: Path
) -> None:
    for steps_alone in (0, 3):
        told = changed(recipe, steps=STEPS, task={"discriminator_alone": steps_alone})
        folder = tmp_path / str(steps_alone)
        loop = start(told, data, folder, start_weights=trained / "best.safetensors")
        alone = ["adversarial" not in loop.stepper.run(step) for step in range(4)]
        assert alone == [step < steps_alone for step in range(4)]


@every_system
def test_a_generator_that_learns_alone_first_does_so_before_a_fresh_discriminator_does(
    recipe: Any, data: Path, trained: Path, tmp_path: Path
) -> None:
    """Both settings at once painted without gradients what the generator was to learn from."""
    recipe = changed(recipe, steps=STEPS, task={"generator_alone": 2})
    loop = start(recipe, data, tmp_path / "run", start_weights=trained / "best.safetensors")
    task: Any = loop.task

    def learnt() -> dict[str, dict[str, torch.Tensor]]:
        parts = {name: dict(module.named_parameters()) for name, module in task.modules.items()}
        parts["average"] = task.ema.state
        return {part: {name: p.detach().clone() for name, p in tensors.items()} for part, tensors in parts.items()}

    turns, before = [], learnt()
    for step in range(2 + WAITING + 1):
        loop.stepper.run(step)
        after = learnt()
        turns.append({part for part in after if differences(before[part], after[part])})
        before = after
    alone = {"generator", "average"}
    assert turns == [alone] * 2 + [{"discriminator"}] * WAITING + [alone | {"discriminator"}]


@every_system
def test_what_the_discriminator_sees_of_conditions_is_computed_once_a_step(
    recipe: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Label maps were moved for the real pictures and again for the painted ones."""
    calls = {"labels": 0, "picture": 0}

    def counted(name: str) -> Any:
        function = getattr(Augmentation, name)

        def counting(self: Augmentation, maps: torch.Tensor) -> torch.Tensor:
            calls[name] += 1
            result: torch.Tensor = function(self, maps)
            return result

        return counting

    for name in calls:
        monkeypatch.setattr(Augmentation, name, counted(name))
    dataset = dataset_of(recipe, data)
    task = make_task(recipe, dataset, CPU)
    assert [name for name, _ in task.losses(dataset.batch(np.arange(2)), 0)] == ["discriminator", "generator"]
    assert calls["picture"] == 2 and calls["labels"] <= 1
    assert calls["labels"] == 1 or not isinstance(task, ReconstructionTask)


def test_a_generator_without_losses_of_its_own_cannot_learn_alone(tmp_path: Path) -> None:
    recipe = changed(TINY["pix2pixhd"], task={"generator_alone": 2, "l1": 0.0, "pyramid": 0.0, "perceptual": 0.0})
    data = write_data(system(recipe.system), tmp_path / "data", side=recipe.resolution, train=2)
    with pytest.raises(TrainingError, match="generator_alone"):
        start(recipe, data, tmp_path / "run").run()


@every_system
def test_a_run_in_which_the_discriminator_learns_alone_resumes_to_the_same_weights(
    recipe: Any, data: Path, trained: Path, tmp_path: Path
) -> None:
    def stop(event: str, facts: dict[str, Any]) -> None:
        if event == "step" and facts["step"] == WAITING - 1:
            raise Cancelled()

    recipe, weights = changed(recipe, steps=STEPS), trained / "best.safetensors"
    start(recipe, data, tmp_path / "whole", start_weights=weights).run()
    with pytest.raises(Cancelled):
        start(recipe, data, tmp_path / "run", stop, start_weights=weights).run()
    torch.manual_seed(999)  # a new process would have other random numbers
    start(recipe, data, tmp_path / "run", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []


@every_system
def test_each_network_is_changed_by_its_own_loss_only(recipe: Any, data: Path) -> None:
    dataset = dataset_of(recipe, data)
    task = make_task(recipe, dataset, CPU)
    updates = task.losses(dataset.batch(np.arange(2)), 0)
    for _ in range(2):
        name, losses = next(updates)
        for module in task.modules.values():
            module.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward(retain_graph=True)
        with_gradient = {
            key
            for key, module in task.modules.items()
            if any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in module.parameters())
        }
        assert with_gradient == {name}
