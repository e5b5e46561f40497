"""Spectral normalisation: torch's numbers and gradients, and weights that are plain once they are folded."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from engine.nn.spectral import fold_spectral, spectral
from tests.engine.nn.networks import assert_same_gradients, gradients, scramble

patiently = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**31)


def test_gradients_of_gradients_are_refused() -> None:
    """The way back is written for one pass: a second one would silently leave terms out."""
    conv: Any = spectral(nn.Conv2d(2, 3, 1))
    (grad,) = torch.autograd.grad(
        conv(torch.ones(1, 2, 2, 2)).square().sum(), [conv.parametrizations.weight.original], create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


@given(seeds, st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 3]), st.booleans(), st.booleans())
@patiently
def test_values_gradients_and_buffers_are_torchs(
    seed: int, fan_in: int, fan_out: int, size: int, last: bool, training: bool
) -> None:
    """Over several steps of the power iteration, in both layouts of the weights."""
    found, layout = [], torch.channels_last if last else torch.contiguous_format
    for normalise in (parametrizations.spectral_norm, spectral):
        torch.manual_seed(seed)
        conv: Any = normalise(nn.Conv2d(fan_in, fan_out, size))
        conv.to(memory_format=layout)
        scramble(conv, seed).train(training)
        x = torch.randn(2, fan_in, 5, 4, requires_grad=True)
        grads: dict[str, torch.Tensor] = {}
        for step in range(3):
            y = conv(x)
            grads |= {f"{step} {name}": value for name, value in gradients(y, conv, x).items()}
        found.append((y, grads, {**conv.state_dict()}))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-4, atol=1e-5)
    assert_same_gradients(found[0][1], found[1][1])
    assert list(found[0][2]) == list(found[1][2])
    for name, value in found[0][2].items():
        torch.testing.assert_close(value, found[1][2][name], rtol=1e-4, atol=1e-5)


def test_two_passes_before_one_backward_keep_their_own_singular_vectors() -> None:
    """As a discriminator that judges real and painted pictures one after the other."""
    found = []
    for normalise in (parametrizations.spectral_norm, spectral):
        torch.manual_seed(0)
        conv: Any = normalise(nn.Conv2d(3, 5, 3))
        x = torch.randn(1, 3, 6, 6)
        found.append(gradients(conv(x) - 2 * conv(x + 1), conv))
    assert_same_gradients(found[0], found[1])


@given(seeds, st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3]))
@patiently
def test_folding_leaves_plain_weights_whose_largest_singular_value_is_one(
    seed: int, fan_in: int, fan_out: int, size: int
) -> None:
    torch.manual_seed(seed)
    module = nn.Sequential(spectral(nn.Conv2d(fan_in, fan_out, size, padding=size // 2)), nn.Conv2d(fan_out, 2, 1))
    scramble(module, seed, scale=3.0)
    weight = module[0].parametrizations.weight.original.detach().clone()  # type: ignore[union-attr, index]
    plain = module[1].weight.detach().clone()
    fold_spectral(module, iterations=500)
    assert set(module.state_dict()) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    folded = module[0].weight.detach().flatten(1)
    assert float(torch.linalg.matrix_norm(folded, 2)) == pytest.approx(1, abs=1e-3)
    wanted = weight.flatten(1) / torch.linalg.matrix_norm(weight.flatten(1), 2)
    torch.testing.assert_close(folded, wanted, rtol=1e-3, atol=1e-3)
    assert torch.equal(module[1].weight, plain)


def test_a_trained_layer_computes_the_same_when_folded() -> None:
    torch.manual_seed(0)
    conv = spectral(nn.Conv2d(4, 6, 3))
    x = torch.randn(1, 4, 8, 8)
    for _ in range(200):  # in training, each pass is a step of the power iteration
        conv(x)
    conv.eval()
    before = conv(x).detach()
    fold_spectral(conv)
    torch.testing.assert_close(conv(x).detach(), before, rtol=1e-4, atol=1e-5)


def test_a_network_for_use_has_no_spectral_norm() -> None:
    conv = nn.Conv2d(3, 3, 1)
    assert spectral(conv, enabled=False) is conv and list(conv.state_dict()) == ["weight", "bias"]
