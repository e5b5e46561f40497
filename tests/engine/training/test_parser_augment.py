"""What a parser's training pictures go through, and the parser on an ImageNet network."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.data.batch import Batch
from engine.labels.label_sets import LabelSet
from engine.nn.efficientnet_lite import EfficientNetLite0, fold_batch_norms
from engine.systems.parser import task as parser_task
from engine.systems.parser.augment import UNKNOWN, ParserAugment, augment_pictures
from engine.systems.parser.lite import LiteParser, build_parser
from engine.systems.parser.network import ParserConfig
from engine.systems.parser.task import ParserTask, ParserTaskConfig

CPU = torch.device("cpu")
STILL = ParserAugment(rotate=0, zoom=1, move=0, colour=0, blur=0)
ALL = ParserAugment(gamma=0.5, light=0.5, grey=0.3, coarse=3, jpeg=1, noise=0.2, cut=1)
LITE = ParserConfig(labels=3, resolution=64, encoder="efficientnet_lite0", decoder=(8, 8, 8, 8))


def pictures(count: int = 4, side: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.rand(count, 3, side, side) * 1.6 - 0.8, torch.randint(0, 2, (count, side, side)) * 2


def task_of(model: ParserConfig, config: ParserTaskConfig) -> ParserTask:
    classes = [{"id": n, "name": str(n)} for n in range(3)]
    labels = LabelSet.from_dict({"name": "three", "classes": classes})
    data = SimpleNamespace(label_set=labels, label_counts=lambda: np.ones(3, np.int64))
    return ParserTask(model, config, 10, CPU, data)  # type: ignore[arg-type]


def as_the_first_parsers_had_it(image: torch.Tensor, label_map: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotation, zoom, shift, colours and sharpness with the numbers of before, drawn in that order."""
    count = len(image)
    angle = (torch.rand(count) * 2 - 1) * math.radians(15.0)
    zoom = 1.35 ** (torch.rand(count) * 2 - 1)
    move = (torch.rand(count, 2) * 2 - 1) * 0.12 * 2
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.stack([torch.stack([cos, -sin, move[:, 0]], 1), torch.stack([sin, cos, move[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, list(image.shape), align_corners=False)
    image = F.grid_sample(image, grid, padding_mode="reflection", align_corners=False)
    moved = F.grid_sample(
        label_map.unsqueeze(1).float(), grid, mode="nearest", padding_mode="reflection", align_corners=False
    )

    def around(spread: float, channels: int = 1) -> torch.Tensor:
        return (torch.rand(count, channels, 1, 1) * 2 - 1) * spread

    reach = 0.35
    image = (image + 1) * (1 + around(reach)) * (1 + around(reach / 3, 3)) - 1
    grey = image.mean(1, keepdim=True)
    image = grey + (image - grey) * (1 + around(1.5 * reach))
    mean = image.mean((1, 2, 3), keepdim=True)
    image = mean + (image - mean) * (1 + around(reach))
    soft = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), 3, 1)
    image = torch.lerp(image, soft, (torch.rand(count, 1, 1, 1) * 2 - 0.8).clamp(0, 1))
    return image.clamp(-1, 1), moved.squeeze(1).long()


def test_at_the_first_settings_every_bit_is_as_it_was() -> None:
    image, label_map = pictures()
    torch.manual_seed(7)
    expected = as_the_first_parsers_had_it(image, label_map)
    torch.manual_seed(7)
    changed = augment_pictures(image, label_map, ParserTaskConfig())
    assert torch.equal(changed[0], expected[0]) and torch.equal(changed[1], expected[1])


def test_label_maps_hold_only_labels_of_the_picture_and_what_was_cut_out() -> None:
    image, label_map = augment_pictures(*pictures(), ALL)
    assert image.shape == (4, 3, 64, 64) and float(image.abs().max()) <= 1
    assert set(label_map.unique().tolist()) == {0, 2, UNKNOWN} and label_map.dtype == torch.long


def test_nothing_asked_for_changes_nothing() -> None:
    image, label_map = pictures()
    changed, moved = augment_pictures(image, label_map, STILL)
    torch.testing.assert_close(changed, image, atol=1e-4, rtol=0)
    assert torch.equal(moved, label_map)


@pytest.mark.parametrize(
    "change", ["colour", "gamma", "light", "grey", "blur", "jpeg", "noise"], ids=lambda name: str(name)
)
def test_light_and_sharpness_change_the_picture_alone(change: str) -> None:
    image, label_map = pictures()
    changed, moved = augment_pictures(image, label_map, replace(STILL, **{change: 1.0}))
    assert float((changed - image).abs().mean()) > 0.005
    assert torch.equal(moved, label_map)


def test_grey_pictures_have_no_colour() -> None:
    image, label_map = pictures()
    changed, _ = augment_pictures(image, label_map, replace(STILL, grey=1.0))
    torch.testing.assert_close(changed[:, 0], changed[:, 2], atol=1e-4, rtol=0)


def test_picture_and_label_map_move_together() -> None:
    image, label_map = torch.full((2, 3, 64, 64), -1.0), torch.zeros(2, 64, 64, dtype=torch.long)
    image[:, :, 20:44, 10:30], label_map[:, 20:44, 10:30] = 1.0, 1
    moving = replace(STILL, rotate=30, zoom=1.5, move=0.2)
    torch.manual_seed(1)
    changed, moved = augment_pictures(image, label_map, moving)
    assert not torch.equal(moved, label_map)
    assert float(((changed[:, 0] > 0) == (moved == 1)).float().mean()) > 0.99


def test_holes_count_in_no_loss() -> None:
    task = task_of(ParserConfig(labels=3, widths=(4, 4)), ParserTaskConfig(**asdict(replace(STILL, cut=1.0))))
    image, label_map = pictures()
    _, cut = augment_pictures(image, label_map, replace(STILL, cut=1.0))
    assert torch.equal(task._known(cut) == -100, cut == UNKNOWN) and bool((cut == UNKNOWN).any())


# ---------------------------------------------------------------- on EfficientNet-Lite0


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> EfficientNetLite0:
    """Stands for the installed network."""
    torch.manual_seed(5)
    encoder = EfficientNetLite0().eval()
    monkeypatch.setattr(parser_task, "find_efficientnet", lambda: Path("here"))
    monkeypatch.setattr(parser_task, "load_efficientnet", lambda: encoder)
    return encoder


def test_the_encoder_starts_from_imagenet_and_learns_more_slowly(network: EfficientNetLite0) -> None:
    task = task_of(LITE, ParserTaskConfig(encoder_rate=0.25, warm_up=1))
    assert isinstance(task.parser, LiteParser) and not task.notes
    assert torch.equal(task.parser.encoder._conv_stem.weight, network._conv_stem.weight)
    image, label_map = pictures(2)
    list(task.losses(Batch(pictures=image, label_maps=label_map), 0))
    rest, encoder = task.optimizers["parser"].param_groups
    assert encoder["lr"] == pytest.approx(0.25 * rest["lr"])
    assert len(rest["params"]) + len(encoder["params"]) == len(list(task.parser.parameters()))


@pytest.mark.usefixtures("network")
def test_frozen_blocks_keep_their_weights_and_statistics() -> None:
    task = task_of(LITE, ParserTaskConfig(frozen=3))
    assert isinstance(task.parser, LiteParser)
    before = {key: value.clone() for key, value in task.parser.encoder.state_dict().items()}
    image, label_map = pictures(2)
    for _, losses in task.losses(Batch(pictures=image, label_maps=label_map), 0):
        torch.stack(list(losses.values())).sum().backward()
        task.optimizers["parser"].step()
    changed = {key for key, value in task.parser.encoder.state_dict().items() if not torch.equal(value, before[key])}
    assert changed and all(key.startswith("_blocks.") and int(key.split(".")[1]) >= 3 for key in changed)


def test_without_the_network_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_task, "find_efficientnet", lambda: None)
    task = task_of(LITE, ParserTaskConfig())
    assert len(task.notes) == 1 and "pip install" in task.notes[0]


def test_folded_batch_norms_give_the_same_logits() -> None:
    torch.manual_seed(6)
    parser = build_parser(LITE)
    for module in parser.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5), module.running_var.uniform_(0.5, 2)
    parser.eval()
    image = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        wanted = parser(image)
        fold_batch_norms(parser)
        torch.testing.assert_close(parser(image), wanted, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in parser.modules())
    with pytest.raises(ValueError, match="no multiple of 32"):
        parser(torch.zeros(1, 3, 40, 64))
