"""Small parts that several papers share: one-hot label maps, noise, latents, modulation, neighbourhood
columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Noise = Callable[[int, int, int], Tensor]
"""(layer, height, width) -> (1 or B, 1, height, width) standard normal noise of that normalisation layer."""


M = TypeVar("M", bound=nn.Module)


def channels_last(module: M, device: torch.device | str) -> M:
    """`module` on `device` with channels-last weights: the layout that CPUs and GPUs convolve fastest."""
    module.to(device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def one_hot(label_map: Tensor, labels: int) -> Tensor:
    """(B, H, W) integer label ids -> (B, labels, H, W) float32 one-hot map.

    Ids outside 0 .. labels - 1 (an `ignore` id, say) give pixels that are zero in every channel.
    """
    ids = torch.arange(labels, device=label_map.device).view(1, labels, 1, 1)
    return (label_map.unsqueeze(1) == ids).float()


def resize_nearest(x: Tensor, height: int, width: int) -> Tensor:
    """(B, C, h, w) -> (B, C, height, width), picking pixel floor(i * h / height): the papers' label resize."""
    return x if x.shape[-2:] == (height, width) else F.interpolate(x, size=(height, width), mode="nearest")


def seeded_noise(seed: int, device: torch.device | str = "cpu") -> Noise:
    """Return a `Noise` that depends on nothing but `seed`, the layer and the size (drawn on the CPU)."""

    def draw(layer: int, height: int, width: int) -> Tensor:
        generator = torch.Generator().manual_seed((seed * 1_000_003 + layer * 7919 + 17) % 2**63)
        return torch.randn(1, 1, height, width, generator=generator).to(device)

    return draw


class _Modulate(torch.autograd.Function):
    """x * scale + shift; unlike torch.addcmul's, the backward pass makes no pass over the pixels for nothing."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        ctx.save_for_backward(x, scale)
        return torch.addcmul(shift, x, scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, scale = ctx.saved_tensors
        return grad * scale, grad * x, grad


class _AddNoise(torch.autograd.Function):
    """x + noise * strength; the gradient of strength is one matrix product instead of a pass over all channels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, noise: Tensor, strength: Tensor) -> Tensor:
        ctx.save_for_backward(noise)
        ctx.dtype = strength.dtype
        return torch.addcmul(x, noise, strength.view(1, -1, 1, 1).to(x.dtype))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor]:
        (noise,) = ctx.saved_tensors  # (B or 1, 1, H, W)
        pixels = grad.permute(0, 2, 3, 1).flatten(0, 2)  # (B*H*W, C), a view of channels-last memory
        flat = noise.expand(grad.shape[0], -1, -1, -1).flatten()  # (B*H*W,)
        return grad, None, (flat @ pixels).to(ctx.dtype)


def modulate(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """x * scale + shift, each (B, C, H, W), with the fewest passes over the pixels in both directions."""
    result: Tensor = _Modulate.apply(x, scale, shift)
    return result


def add_noise(x: Tensor, noise: Tensor, strength: Tensor) -> Tensor:
    """x (B, C, H, W) + noise (B or 1, 1, H, W) * strength (C,)."""
    result: Tensor = _AddNoise.apply(x, noise.to(x.dtype), strength)
    return result


def neighbourhood_columns(hot: Tensor) -> Tensor:
    """(B, L, H, W) one-hot map -> (B, H, W, 9 * L): the zero-padded 3 x 3 neighbourhood of each pixel.

    Tap-major (ky, kx, label), so that a 3 x 3 convolution of the map with a kernel (C, L, 3, 3) is one matrix
    product with `kernel.permute(2, 3, 1, 0).reshape(9 * L, C)`.
    """
    height, width = hot.shape[-2:]
    padded = F.pad(hot.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (B, H + 2, W + 2, L)
    taps = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return torch.cat(taps, dim=-1)


def sample_latent(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """mean + noise * standard deviation, all of one shape: the reparameterisation of a variational autoencoder (Kingma,
    Welling, "Auto-Encoding Variational Bayes", ICLR 2014, section 2.4), which SPADE's encoder and SMIS's share."""
    return mean + noise * torch.exp(0.5 * log_variance)
