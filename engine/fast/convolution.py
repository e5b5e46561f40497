"""Convolutions of the main path: kernels laid out once for the machine, fed in bands, written in place.

On a CPU, oneDNN wants kernels in blocks that fit its registers and would rearrange them at every call; here that
is done once. The functions that take such kernels are the ones torch.compile uses; where they are missing or give
other numbers than `conv2d`, `conv2d` is used.

Large pictures go through in bands of rows: a band is modulated into a small buffer and convolved while it is still
in the cache, so that the modulated features of a whole picture never exist.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.fast import winograd
from engine.fast.pixels import Modulated, Workspace

BAND_BYTES = 3 << 19  # of modulated features at a time


@cache
def packing_works(dtype: torch.dtype) -> bool:
    """Whether this machine and this build of torch have oneDNN's prepacked convolutions, computing what conv2d does."""
    try:
        draw = torch.Generator().manual_seed(0)
        x = torch.randn(1, 8, 6, 6, generator=draw).contiguous(memory_format=torch.channels_last)
        weight = torch.randn(8, 8, 3, 3, generator=draw) / 8
        total = torch.ones(1, 8, 6, 6, dtype=dtype).contiguous(memory_format=torch.channels_last)
        summed = _packed_add(total, x.to(dtype), _pack(weight.to(dtype), (1, 8, 6, 6)), None, 1)
        close = torch.allclose(
            total.float(), F.conv2d(x, weight, padding=1) + 1, atol=1e-4 if dtype == x.dtype else 0.1
        )
        return close and summed.data_ptr() == total.data_ptr()
    except (AttributeError, RuntimeError, TypeError):
        return False


def has_bfloat16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster than in float32 there."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    capable: Any = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return capable is not None and bool(capable()) and packing_works(torch.bfloat16)


def _pack(weight: Tensor, size: tuple[int, ...], groups: int = 1) -> Tensor:
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed: Tensor = reorder(weight.contiguous().to_mkldnn(), [1, 1], [1, 1], [1, 1], groups, size)
    return packed


def _packed_add(total: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None, down: int, groups: int = 1) -> Tensor:
    """total += the convolution of x, in place; `down` rows of zeros above and below x."""
    op: Any = torch.ops.mkldnn._convolution_pointwise_.binary
    result: Tensor = op(total, x, weight, bias, [down, 1], [1, 1], [1, 1], groups, "add", 1.0, None, [], None)
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
    """A 3 x 3 or 1 x 1 convolution that keeps the size, of modulated (H, W, C) features.

    Args:
        conv: the layer, spectral norm folded.
        height, width: the usual size of its features, which the kernel's layout is chosen for.
        dtype: what it will mostly compute in.
    """

    def __init__(self, conv: nn.Conv2d, height: int, width: int, dtype: torch.dtype = torch.float32) -> None:
        self.bias = conv.bias.detach() if conv.bias is not None else None
        self.channels, self.groups = conv.out_channels, conv.groups
        self.point = conv.kernel_size == (1, 1)
        self._plain: Tensor | None = conv.weight.detach()
        self._size = (1, conv.in_channels, height, width)
        self._kernels: dict[torch.dtype, tuple[Tensor, Tensor | None, bool]] = {}
        self._carried: Tensor | None = None
        on_cpu = conv.weight.device.type == "cpu"
        wide = (
            on_cpu
            and not self.point
            and self.groups == 1
            and winograd.pays(conv.in_channels, conv.out_channels, height, width)
        )
        if wide and dtype == torch.float32:
            self._carried = winograd.kernels(conv.weight.detach())
        else:
            self._kernel(dtype)

    def forget_plain(self) -> None:
        """Give up the generator's own kernel; others are made from those in use if they are ever needed."""
        self._plain = None

    def _kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor | None, bool]:
        """Kernel and bias of that type for a direct convolution, and whether they are packed."""
        if dtype not in self._kernels:
            plain = self._plain if self._plain is not None else self._recovered()
            bias = self.bias.to(dtype) if self.bias is not None else None
            packed = not self.point and plain.device.type == "cpu" and packing_works(dtype)
            if self.point and self.groups == 1:
                kernel = plain.flatten(1).t().to(dtype).contiguous()  # (C, O)
            elif packed:
                kernel = _pack(plain.to(dtype), self._size, self.groups)
            else:
                kernel = plain.to(dtype).contiguous(memory_format=torch.channels_last)
            self._kernels[dtype] = kernel, bias, packed
        return self._kernels[dtype]

    def _recovered(self) -> Tensor:
        """The plain kernel (O, C, k, k), float32, from one in use."""
        if self._carried is not None:
            return winograd.plain_kernels(self._carried)
        if torch.float32 not in self._kernels:
            raise ValueError("a renderer made for bfloat16 that has released its generator cannot paint in float32")
        kernel = self._kernels[torch.float32][0]
        if self.point and self.groups == 1:
            return kernel.t()[:, :, None, None]
        if kernel.is_mkldnn:
            kernel = kernel.to_dense()
            return kernel.flatten(0, 1) if kernel.dim() == 5 else kernel  # oneDNN's have a dimension for groups
        return kernel

    def write(self, features: Modulated, total: Tensor, work: Workspace, onto: bool = False) -> Tensor:
        """total (H, W, O) = the convolution of `features`, or += it (`onto`), in place. Returns total."""
        height, width, channels = features.shape
        if self._carried is not None and total.dtype == torch.float32 and winograd.fits(height, width):

            def rows(top: int, out: Tensor) -> None:
                features.write(top, out, work)

            winograd.convolve(rows, self._carried, self.bias, total, channels, onto, work)
            return total
        size = height * width * channels * total.element_size()
        kernel = 9 * channels * self.channels // self.groups * total.element_size()
        bands = -(-size // BAND_BYTES)
        if bands <= 1 or total.device.type != "cpu" or (kernel * bands > size and not self.point):
            whole = work.get("band", height, width, channels, like=total)
            features.write(0, whole, work)
            self._write(whole, total, 1, onto)
            return total
        step = max(2, -(-height // bands) // 2 * 2)
        if self.point:
            for top in range(0, height, step):
                bottom = min(height, top + step)
                band = work.get("band", bottom - top, width, channels, like=total)
                features.write(top, band, work)
                self._write(band, total[top:bottom], 0, onto)
            return total
        self._bands(features, total, step, work, onto)
        return total

    def _bands(self, features: Modulated, total: Tensor, step: int, work: Workspace, onto: bool) -> None:
        """3 x 3 in bands: `step` rows are modulated, and the rows whose neighbours are now complete convolved.

        The buffer's first two rows are the last two of the band before: one row of output lags behind.
        """
        height, width, channels = features.shape
        buffer = work.get("band", step + 3, width, channels, like=total)
        buffer[1].zero_()  # above the picture
        for top in range(0, height, step):
            bottom = min(height, top + step)
            new = bottom - top
            if top:
                buffer[:2] = buffer[step : step + 2]
            features.write(top, buffer[2 : 2 + new], work)
            first, last = (1, new + 2) if top == 0 else (0, new + 2)  # rows of the buffer that are convolved
            if bottom == height:
                buffer[last].zero_()  # below the picture
                last += 1
            done = max(0, top - 1)
            self._write(buffer[first:last], total[done : done + last - first - 2], 0, onto)

    def _write(self, x: Tensor, total: Tensor, down: int, onto: bool) -> None:
        """total (+)= the convolution of x, which has `down` rows of zeros above and below it."""
        kernel, bias, packed = self._kernel(total.dtype)
        if self.point and self.groups == 1:
            flat = total.view(-1, self.channels)
            torch.addmm(flat, x.flatten(0, 1), kernel, beta=float(onto), out=flat)
            if bias is not None:
                total += bias
            return
        nchw = x.permute(2, 0, 1).unsqueeze(0)
        if packed:
            if not onto:
                total.zero_()
            _packed_add(total.permute(2, 0, 1).unsqueeze(0), nchw, kernel, bias, down, self.groups)
            return
        padding = (0, 0) if self.point else (down, 1)
        y = F.conv2d(nchw, kernel, bias, padding=padding, groups=self.groups)[0].permute(1, 2, 0)
        if onto:
            total += y
        else:
            total.copy_(y)

    def plain(self, x: Tensor, total: Tensor) -> None:
        """total = the direct convolution of x (H, W, C), nothing else: what a benchmark calls the floor."""
        self._write(x, total, 1, onto=False)


class ToImage:
    """leaky_relu, a 3 x 3 convolution to few channels, tanh: one matrix product to 9 planes each, then nine sums.

    oneDNN's convolutions compute 16 channels where 3 are wanted.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        self.channels = conv.out_channels
        self.weight = conv.weight.detach().permute(2, 3, 0, 1).flatten(0, 2).contiguous()  # (9 * O, C)
        self.bias = bias_of(conv).view(-1, 1, 1)

    def __call__(self, x: Tensor, slope: float, work: Workspace) -> Tensor:
        """(H, W, C) -> (O, H, W) float32."""
        height, width, channels = x.shape
        out = self.bias.expand(self.channels, height, width).clone()
        step = max(8, BAND_BYTES // (width * channels * 4))
        for top in range(0, height, step):
            bottom = min(height, top + step)
            first, last = max(0, top - 1), min(height, bottom + 1)  # the rows that the band's rows look at
            some = work.get("band", (last - first) * width, channels, like=out)
            some.copy_(x[first:last].view(-1, channels))
            planes = work.get("planes", len(self.weight), (last - first) * width, like=out)
            torch.mm(self.weight, F.leaky_relu_(some, slope).t(), out=planes)
            taps = planes.view(3, 3, self.channels, last - first, width)
            for down in (-1, 0, 1):
                from_y, to_y = max(first, top + down), min(last, bottom + down)
                for right in (-1, 0, 1):
                    from_x, to_x = max(0, right), min(width, width + right)
                    source = taps[down + 1, right + 1][:, from_y - first : to_y - first, from_x:to_x]
                    out[:, from_y - down : to_y - down, from_x - right : to_x - right] += source
        return out.tanh_()
