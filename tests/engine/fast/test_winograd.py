"""Winograd's convolution is the convolution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.fast import winograd
from engine.fast.pixels import Workspace


@pytest.mark.parametrize(("height", "width"), [(4, 4), (8, 12), (64, 32), (20, 100)])
@pytest.mark.parametrize("onto", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_it_is_a_convolution(height: int, width: int, onto: bool, bias: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(height, width, 7, generator=draw)
    weight = torch.randn(9, 7, 3, 3, generator=draw)
    b = torch.randn(9, generator=draw) if bias else None
    total = torch.randn(height, width, 9, generator=draw)
    expected = F.conv2d(x.permute(2, 0, 1)[None].double(), weight.double(), padding=1)[0].permute(1, 2, 0)
    expected = expected + (b if b is not None else 0) + (total if onto else 0)

    def rows(top: int, out: Tensor) -> None:
        out.copy_(x[top : top + len(out)])

    work = Workspace()
    work.get("padded", 9000, like=x).fill_(5)  # what other pictures left
    winograd.convolve(rows, winograd.kernels(weight), b, total, 7, onto, work)
    assert (total - expected).abs().max() < 1e-4


def test_kernels_can_be_taken_back() -> None:
    weight = torch.randn(70, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    assert (winograd.plain_kernels(winograd.kernels(weight)) - weight).abs().max() < 1e-6


def test_it_pays_for_wide_layers_of_some_size() -> None:
    assert winograd.pays(512, 256, 64, 64)
    assert not winograd.pays(1024, 1024, 16, 16)  # too few tiles to feed the matrix products
    assert not winograd.pays(128, 64, 256, 256)
    assert not winograd.pays(1024, 512, 32, 32)  # too much memory
    assert winograd.fits(32, 64) and not winograd.fits(30, 64)
