"""Networks with parameters far from zero, random label maps, and gradients by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from engine.nn.style_encoder import StyleEncoderConfig
from engine.systems.sean.network import SEANConfig

TINY_SEAN = SEANConfig(
    labels=6,
    resolution=16,
    channels=(6, 6, 5, 4),
    upsample_before=(False, True, True),
    styled_blocks=2,
    style_width=5,
    style_hidden=4,
    spade_hidden=3,
    encoder=StyleEncoderConfig(widths=(3, 4, 4, 5)),
)
"""The smallest SEAN that has everything: blocks with and without styles, with and without doubling."""


def scramble(module: nn.Module, seed: int, scale: float = 1.0) -> nn.Module:
    """Give every parameter and statistic a random value of the size that keeps activations near 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            fan_in = max(1, parameter[0].numel()) if parameter.ndim else 1
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale / fan_in**0.5)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn(buffer.shape, generator=generator))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return module


def label_maps(seed: int, batch: int, height: int, width: int, ids: Sequence[int]) -> Tensor:
    """(batch, height, width) int64 maps of blocks of the given ids, and of single pixels of them."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice(np.array(ids), (batch, -(-height // 3), -(-width // 3)))
    fine = rng.choice(np.array(ids), (batch, height, width))
    blocks = coarse.repeat(3, 1).repeat(3, 2)[:, :height, :width]
    return torch.from_numpy(np.where(rng.random((batch, height, width)) < 0.2, fine, blocks)).long()


def gradients(output: Tensor, module: nn.Module, *inputs: Tensor) -> dict[str, Tensor]:
    """Gradients of a fixed random projection of `output`, by parameter name and by number of input."""
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype)
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}
    named |= {f"input {n}": x for n, x in enumerate(inputs)}
    grads = torch.autograd.grad((output * weights).sum(), list(named.values()), allow_unused=True)
    return {n: torch.zeros(()) if g is None else g for n, g in zip(named, grads)}


def assert_same_gradients(a: dict[str, Tensor], b: dict[str, Tensor], tolerance: float = 1e-4) -> None:
    """Equal names, and equal values to the tolerance, relative to the largest of each tensor (at least 1)."""
    assert a.keys() == b.keys()
    for name in a:
        size = max(1.0, float(a[name].abs().max()))
        worst = float(((a[name] - b[name]) / size).abs().max())
        assert worst <= tolerance, f"{name}: gradients differ by {worst}"
