"""The feature network runs its list of layers with TensorFlow's SAME padding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.nn.feature_net import PERCEPTUAL_LAYERS, FeatureNet, perceptual_loss


def conv(
    key: str, inp: int, out: int, *, stride: int = 1, depthwise: bool = False, relu6: bool = False
) -> dict[str, Any]:
    return {"op": "conv", "key": key, "inp": inp, "out": out, "stride": stride, "depthwise": depthwise, "relu6": relu6}


def same_convolution(x: Tensor, weight: Tensor, bias: Tensor, stride: int, depthwise: bool) -> Tensor:
    """TensorFlow's rule, pixel by pixel: ceil(side / stride) outputs, the odd pixel of padding behind."""
    size, (height, width) = weight.shape[-1], x.shape[-2:]
    out_h, out_w = -(-height // stride), -(-width // stride)
    top = max((out_h - 1) * stride + size - height, 0) // 2
    left = max((out_w - 1) * stride + size - width, 0) // 2
    y = torch.zeros(x.shape[0], weight.shape[0], out_h, out_w)
    for row in range(out_h):
        for column in range(out_w):
            total = bias.repeat(x.shape[0], 1)
            for dy in range(size):
                for dx in range(size):
                    r, c = row * stride + dy - top, column * stride + dx - left
                    if 0 <= r < height and 0 <= c < width:
                        tap = weight[:, :, dy, dx]
                        total = total + (x[:, :, r, c] * tap[:, 0] if depthwise else x[:, :, r, c] @ tap.T)
            y[:, :, row, column] = total
    return y


@given(
    st.integers(0, 99),
    st.integers(1, 7),
    st.integers(1, 7),
    st.sampled_from([1, 3, 5]),
    st.sampled_from([1, 2]),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_convolutions_pad_as_tensorflow_does(
    seed: int, height: int, width: int, size: int, stride: int, depthwise: bool
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(3, 1 if depthwise else 3, size, size, generator=generator)
    bias, x = torch.randn(3, generator=generator), torch.randn(2, 3, height, width, generator=generator)
    layer = conv("c", 0, 1, stride=stride, depthwise=depthwise)
    (found,) = FeatureNet([layer], {"c.weight": weight, "c.bias": bias})(x, ("c",))
    torch.testing.assert_close(found, same_convolution(x, weight, bias, stride, depthwise), rtol=1e-4, atol=1e-4)


def _net() -> FeatureNet:
    torch.manual_seed(0)
    state = {f"{k}.weight": torch.randn(4, n, 1, 1) for k, n in (("a", 3), ("b", 4), ("d", 4))}
    state |= {f"{k}.bias": torch.randn(4) for k in ("a", "b", "d")}
    layers = [
        conv("a", 0, 1, relu6=True),
        conv("b", 1, 2),
        {"op": "add", "a": 1, "b": 2, "out": 3},
        {"op": "global_average_pool", "inp": 3, "out": 4},
        conv("d", 99, 5),  # of an activation that never was: must not be reached
    ]
    return FeatureNet(layers, state)


def test_layers_add_and_pool_and_stop_after_the_last_one_wanted() -> None:
    net, x = _net(), torch.randn(2, 3, 5, 6)
    pool, b, a = net(x, ("pool", "b", "a"))
    torch.testing.assert_close(a, F.conv2d(x, net.a_weight, net.a_bias).clamp(0, 6))
    torch.testing.assert_close(b, F.conv2d(a, net.b_weight, net.b_bias))
    torch.testing.assert_close(pool, (a + b).mean((2, 3)))
    assert pool.shape == (2, 4)


def test_nothing_in_it_is_trained() -> None:
    assert list(_net().parameters()) == []


@pytest.fixture
def perceptual() -> FeatureNet:
    """One convolution for each layer that the loss looks at."""
    torch.manual_seed(1)
    names = PERCEPTUAL_LAYERS
    layers = [conv(name, n, n + 1, relu6=True, stride=2 if n < 2 else 1) for n, name in enumerate(names)]
    state = {f"{name}.weight": torch.randn(5, 3 if n == 0 else 5, 3, 3) / 4 for n, name in enumerate(names)}
    return FeatureNet(layers, state | {f"{name}.bias": torch.zeros(5) for name in names})


def test_the_perceptual_loss_is_zero_for_equal_pictures_and_grows(perceptual: FeatureNet) -> None:
    real, noise = torch.rand(2, 3, 16, 16) * 2 - 1, torch.randn(2, 3, 16, 16)
    losses = [float(perceptual_loss(perceptual, real + amount * noise, real)) for amount in (0.0, 0.05, 0.2)]
    assert losses[0] == 0 < losses[1] < losses[2]


def test_the_perceptual_loss_pulls_the_painted_picture_only(perceptual: FeatureNet) -> None:
    fake, real = (torch.rand(1, 3, 16, 16, requires_grad=True) for _ in range(2))
    perceptual_loss(perceptual, fake, real).backward()
    assert real.grad is None and fake.grad is not None and bool(fake.grad.abs().sum() > 0)


def test_the_perceptual_loss_is_a_mean_over_layers_in_units_of_the_real_features(perceptual: FeatureNet) -> None:
    fake, real = (torch.rand(1, 3, 16, 16) for _ in range(2))
    pairs = zip(perceptual(fake, PERCEPTUAL_LAYERS), perceptual(real, PERCEPTUAL_LAYERS))
    wanted = sum(float((f - r).abs().mean() / r.std()) for f, r in pairs) / 6
    assert float(perceptual_loss(perceptual, fake, real)) == pytest.approx(wanted, rel=1e-5)
