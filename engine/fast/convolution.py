"""Convolutions of the main path: kernels laid out once for the machine, no copies between steps.

On a CPU, oneDNN wants kernels in blocks that fit its registers and would rearrange them at every call; here that
is done once. The functions that take such kernels are the ones torch.compile uses; where they are missing or give
other numbers than `conv2d`, `conv2d` is used.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _packing_works() -> bool:
    """Whether this build of torch has oneDNN's prepacked convolutions and they compute what conv2d does."""
    try:
        x = torch.randn(1, 8, 6, 6).contiguous(memory_format=torch.channels_last)
        weight = torch.randn(8, 8, 3, 3)
        packed = _pack(weight, 1, (1, 8, 6, 6))
        total = torch.ones(1, 8, 6, 6).contiguous(memory_format=torch.channels_last)
        expected = F.conv2d(x, weight, padding=1)
        plain = _packed(x, packed, None, 1)
        summed = _packed_add(total, x, packed, None, 1)
        close = torch.allclose(plain, expected, atol=1e-4) and torch.allclose(total, expected + 1, atol=1e-4)
        return close and summed.data_ptr() == total.data_ptr()
    except (AttributeError, RuntimeError, TypeError):
        return False


def _pack(weight: Tensor, padding: int, size: tuple[int, ...]) -> Tensor:
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed: Tensor = reorder(weight.to_mkldnn(), [padding] * 2, [1, 1], [1, 1], 1, size)
    return packed


def _packed(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    op: Any = torch.ops.mkldnn._convolution_pointwise
    result: Tensor = op(x, weight, bias, [padding] * 2, [1, 1], [1, 1], 1, "none", [], "")
    return result


def _packed_add(total: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    op: Any = torch.ops.mkldnn._convolution_pointwise_.binary
    result: Tensor = op(total, x, weight, bias, [padding] * 2, [1, 1], [1, 1], 1, "add", 1.0, None, [], None)
    return result


def bias_of(conv: nn.Conv2d) -> Tensor:
    """The bias of a convolution that has one."""
    assert conv.bias is not None
    return conv.bias.detach()


def as_conv(module: nn.Module) -> nn.Conv2d:
    """`module`, which must be a convolution whose weight is plain (spectral norm folded)."""
    if not isinstance(module, nn.Conv2d) or torch.nn.utils.parametrize.is_parametrized(module):
        raise TypeError(f"expected a convolution with folded spectral norm, not {type(module).__name__}")
    return module


class Convolution:
    """A stride-1 convolution that keeps the size, of (H, W, C) features.

    Args:
        conv: the layer, spectral norm folded.
        packing: whether prepacked kernels may be used.
    """

    works: bool | None = None

    def __init__(self, conv: nn.Conv2d, packing: bool = True) -> None:
        self.bias = conv.bias.detach() if conv.bias is not None else None
        self.padding = conv.kernel_size[0] // 2
        self.weight = conv.weight.detach()
        self.packed = False
        if packing and self.weight.device.type == "cpu" and torch.backends.mkldnn.is_available():
            if Convolution.works is None:
                Convolution.works = _packing_works()
            self.packed = Convolution.works
        self._layouts: tuple[int, int] | None = None

    def _prepare(self, x: Tensor) -> None:
        if self._layouts is None:
            self._layouts = (x.shape[0], x.shape[1])
            if self.packed:
                self.weight = _pack(self.weight, self.padding, (1, x.shape[2], x.shape[0], x.shape[1]))
            else:
                self.weight = self.weight.contiguous(memory_format=torch.channels_last)

    def __call__(self, x: Tensor) -> Tensor:
        """(H, W, C) -> (H, W, O)."""
        self._prepare(x)
        nchw = x.permute(2, 0, 1).unsqueeze(0)
        if self.packed:
            y = _packed(nchw, self.weight, self.bias, self.padding)
        else:
            y = F.conv2d(nchw, self.weight, self.bias, padding=self.padding)
        return y[0].permute(1, 2, 0).contiguous()

    def add_to(self, total: Tensor, x: Tensor) -> Tensor:
        """total (H, W, O) += the convolution of x (H, W, C), in place where it can be."""
        self._prepare(x)
        if self.packed:
            y = _packed_add(
                total.permute(2, 0, 1).unsqueeze(0),
                x.permute(2, 0, 1).unsqueeze(0),
                self.weight,
                self.bias,
                self.padding,
            )
            return y[0].permute(1, 2, 0).contiguous()
        return total.add_(self(x))
