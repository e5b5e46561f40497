"""Perceptual losses: on the encoder of a parser that ships, on VGG19 where a user put it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from engine.errors import WeightsError
from engine.metrics.perceptual import VGG_FILE, find_perceptual
from engine.nn.perceptual import VGG19, VGGLoss


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where networks are looked for; empty."""
    monkeypatch.setattr("engine.weights.feature_networks.search_path", lambda: [tmp_path / "nets"])
    (tmp_path / "nets").mkdir()
    return tmp_path / "nets"


def vgg_state() -> dict[str, torch.Tensor]:
    """Names and shapes of torchvision's VGG19; numbers of no use."""
    torch.manual_seed(0)
    state, fan_in, place = {}, 3, 0
    for channels in VGG19:
        if channels:
            state[f"features.{place}.weight"] = torch.randn(channels, fan_in, 3, 3) * (2 / (9 * fan_in)) ** 0.5
            state[f"features.{place}.bias"] = torch.randn(channels) * 0.1
            fan_in = channels
        place += 2 if channels else 1
    return state


def test_without_any_other_network_a_parser_that_ships_is_the_default(nets: Path, tiny_weights: Path) -> None:
    found = find_perceptual("auto", label_count=19)
    assert found is not None and found.name.startswith("tiny-parser")
    real = torch.rand(2, 3, 64, 64) * 2 - 1
    fake = (real + torch.randn_like(real) * 0.3).clamp(-1, 1).requires_grad_(True)
    found.loss.train()  # nothing of it may learn
    loss = found.loss(fake, real)
    loss.backward()
    assert loss > 0 and fake.grad is not None and bool(fake.grad.abs().sum() > 0)
    assert not any(parameter.requires_grad for parameter in found.loss.parameters())
    assert float(found.loss(real, real)) == 0
    worse = found.loss((real + torch.randn_like(real)).clamp(-1, 1), real)
    assert worse > loss


def test_what_ships_is_a_parser_whose_encoder_serves(nets: Path) -> None:
    found = find_perceptual("parser", label_count=19)
    assert found is not None and found.name == "parser-faces (the encoder of a parser)"
    assert bool(torch.isfinite(found.loss(torch.zeros(1, 3, 128, 128), torch.rand(1, 3, 128, 128))))


def test_vgg19_counts_where_a_user_put_it(nets: Path, tiny_weights: Path) -> None:
    state = vgg_state()
    save_file(state, nets / VGG_FILE)
    found = find_perceptual("auto")
    assert found is not None and found.name == "vgg19_imagenet" and isinstance(found.loss, VGGLoss)
    a, b = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)

    def first(x: torch.Tensor) -> torch.Tensor:
        return F.relu(F.conv2d(x, state["features.0.weight"], state["features.0.bias"], padding=1))

    torch.testing.assert_close(found.loss._features(a)[0], first(a))
    assert [tuple(f.shape[1:]) for f in found.loss._features(a)] == [
        (64, 32, 32),
        (128, 16, 16),
        (256, 8, 8),
        (512, 4, 4),
        (512, 2, 2),
    ]
    weights = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)
    pairs = zip(found.loss._features(a), found.loss._features(b), strict=True)
    wanted = sum(w * (x - y).abs().mean() for w, (x, y) in zip(weights, pairs, strict=True))
    torch.testing.assert_close(found.loss(a, b), wanted)


def test_a_file_that_is_no_vgg19_is_named(nets: Path) -> None:
    save_file({"features.0.weight": torch.zeros(2, 3, 3, 3), "features.0.bias": torch.zeros(2)}, nets / VGG_FILE)
    with pytest.raises(WeightsError, match=VGG_FILE):
        find_perceptual("vgg19")


@pytest.mark.parametrize("choice", ["vgg19", "mobilenet_v2", "parser"])
def test_a_network_that_was_asked_for_and_is_not_there_is_an_error(
    nets: Path, monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    monkeypatch.setattr("engine.metrics.perceptual.list_weights", list)
    with pytest.raises(WeightsError):
        find_perceptual(choice)  # type: ignore[arg-type]
    assert find_perceptual("auto") is None
