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
        generator = torch.Generator().manual_seed(0)
        test_input = torch.randn(1, 8, 6, 6, generator=generator).contiguous(memory_format=torch.channels_last)
        weight = torch.randn(8, 8, 3, 3, generator=generator) / 8
        test_output = torch.ones(1, 8, 6, 6, dtype=dtype).contiguous(memory_format=torch.channels_last)
        packed_sum = _packed_add(test_output, test_input.to(dtype), _pack(weight.to(dtype), (1, 8, 6, 6)), None, 1)
        expected = F.conv2d(test_input, weight, padding=1) + 1
        agrees = torch.allclose(test_output.float(), expected, atol=1e-4 if dtype == test_input.dtype else 0.1)
        return agrees and packed_sum.data_ptr() == test_output.data_ptr()
    except (AttributeError, RuntimeError, TypeError):
        return False


def has_bfloat16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster than in float32 there."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    is_supported: Any = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return is_supported is not None and bool(is_supported()) and packing_works(torch.bfloat16)


def _pack(weight: Tensor, input_size: tuple[int, ...], groups: int = 1) -> Tensor:
    reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
    packed_kernel: Tensor = reorder(weight.contiguous().to_mkldnn(), [1, 1], [1, 1], [1, 1], groups, input_size)
    return packed_kernel


def _packed_add(
    accumulator: Tensor, conv_input: Tensor, weight: Tensor, bias: Tensor | None, zero_rows: int, groups: int = 1
) -> Tensor:
    """accumulator += the convolution of the input, in place; `zero_rows` rows of zeros above and below the input."""
    operation: Any = torch.ops.mkldnn._convolution_pointwise_.binary
    result: Tensor = operation(
        accumulator, conv_input, weight, bias, [zero_rows, 1], [1, 1], [1, 1], groups, "add", 1.0, None, [], None
    )
    return result


def bias_of(convolution: nn.Conv2d) -> Tensor:
    """(O,): the bias of a convolution that has one."""
    assert convolution.bias is not None
    return convolution.bias.detach()


def as_conv(module: nn.Module) -> nn.Conv2d:
    """`module`, which must be a convolution whose weight is plain (spectral norm folded)."""
    if not isinstance(module, nn.Conv2d) or torch.nn.utils.parametrize.is_parametrized(module):
        raise TypeError(f"expected a convolution with folded spectral norm, not {type(module).__name__}")
    return module


class Convolution:
    """A 3 x 3 or 1 x 1 convolution that keeps the size, of modulated (H, W, C) features.

    Args:
        convolution: the layer, spectral norm folded.
        height, width: the usual size of its features, which the kernel's layout is chosen for.
        dtype: what it will mostly compute in.
    """

    def __init__(self, convolution: nn.Conv2d, height: int, width: int, dtype: torch.dtype = torch.float32) -> None:
        self.bias = convolution.bias.detach() if convolution.bias is not None else None
        self.channels, self.groups = convolution.out_channels, convolution.groups
        self.point = convolution.kernel_size == (1, 1)
        self._plain: Tensor | None = convolution.weight.detach()
        self._size = (1, convolution.in_channels, height, width)
        self._kernels: dict[torch.dtype, tuple[Tensor, Tensor | None, bool]] = {}
        self._carried: Tensor | None = None
        on_cpu = convolution.weight.device.type == "cpu"
        by_winograd = (
            on_cpu
            and not self.point
            and self.groups == 1
            and winograd.pays(convolution.in_channels, convolution.out_channels, height, width)
        )
        if by_winograd and dtype == torch.float32:
            self._carried = winograd.kernels(convolution.weight.detach())
        else:
            self._kernel(dtype)

    def forget_plain(self) -> None:
        """Give up the generator's own kernel; others are made from those in use if they are ever needed."""
        self._plain = None

    def _kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor | None, bool]:
        """Kernel and bias of that type for a direct convolution, and whether they are packed."""
        if dtype not in self._kernels:
            plain_kernel = self._plain if self._plain is not None else self._recovered()
            bias = self.bias.to(dtype) if self.bias is not None else None
            is_packed = not self.point and plain_kernel.device.type == "cpu" and packing_works(dtype)
            if self.point and self.groups == 1:
                kernel = plain_kernel.flatten(1).t().to(dtype).contiguous()  # (C, O)
            elif is_packed:
                kernel = _pack(plain_kernel.to(dtype), self._size, self.groups)
            else:
                kernel = plain_kernel.to(dtype).contiguous(memory_format=torch.channels_last)
            self._kernels[dtype] = kernel, bias, is_packed
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

    def write(self, features: Modulated, conv_output: Tensor, workspace: Workspace, accumulate: bool = False) -> Tensor:
        """conv_output (H, W, O) = the convolution of `features`, or += it (`accumulate`), in place. Returns it."""
        height, width, channels = features.shape
        if self._carried is not None and conv_output.dtype == torch.float32 and winograd.fits(height, width):

            def rows(first_row: int, row_buffer: Tensor) -> None:
                features.write(first_row, row_buffer, workspace)

            winograd.convolve(rows, self._carried, self.bias, conv_output, channels, accumulate, workspace)
            return conv_output
        feature_bytes = height * width * channels * conv_output.element_size()
        kernel_bytes = 9 * channels * self.channels // self.groups * conv_output.element_size()
        band_count = -(-feature_bytes // BAND_BYTES)
        kernel_dominates = kernel_bytes * band_count > feature_bytes and not self.point
        if band_count <= 1 or conv_output.device.type != "cpu" or kernel_dominates:
            whole_features = workspace.get("band", height, width, channels, like=conv_output)
            features.write(0, whole_features, workspace)
            self._write(whole_features, conv_output, 1, accumulate)
            return conv_output
        band_height = max(2, -(-height // band_count) // 2 * 2)
        if self.point:
            for top in range(0, height, band_height):
                bottom = min(height, top + band_height)
                band = workspace.get("band", bottom - top, width, channels, like=conv_output)
                features.write(top, band, workspace)
                self._write(band, conv_output[top:bottom], 0, accumulate)
            return conv_output
        self._write_bands(features, conv_output, band_height, workspace, accumulate)
        return conv_output

    def _write_bands(
        self, features: Modulated, conv_output: Tensor, band_height: int, workspace: Workspace, accumulate: bool
    ) -> None:
        """3 x 3 in bands: `band_height` rows are modulated, and the rows whose neighbours are now complete convolved.

        The buffer's first two rows are the last two of the band before: one row of output lags behind.
        """
        height, width, channels = features.shape
        band_buffer = workspace.get("band", band_height + 3, width, channels, like=conv_output)
        band_buffer[1].zero_()  # above the picture
        for top in range(0, height, band_height):
            bottom = min(height, top + band_height)
            new_rows = bottom - top
            if top:
                band_buffer[:2] = band_buffer[band_height : band_height + 2]
            features.write(top, band_buffer[2 : 2 + new_rows], workspace)
            first_row, end_row = int(top == 0), new_rows + 2  # rows of the buffer that are convolved
            if bottom == height:
                band_buffer[end_row].zero_()  # below the picture
                end_row += 1
            finished_rows = max(0, top - 1)
            output_band = conv_output[finished_rows : finished_rows + end_row - first_row - 2]
            self._write(band_buffer[first_row:end_row], output_band, 0, accumulate)

    def _write(self, conv_input: Tensor, conv_output: Tensor, zero_rows: int, accumulate: bool) -> None:
        """conv_output (+)= the convolution of the input, which has `zero_rows` rows of zeros above and below it."""
        kernel, bias, is_packed = self._kernel(conv_output.dtype)
        if self.point and self.groups == 1:
            flat_output = conv_output.view(-1, self.channels)
            torch.addmm(flat_output, conv_input.flatten(0, 1), kernel, beta=float(accumulate), out=flat_output)
            if bias is not None:
                conv_output += bias
            return
        batched_input = conv_input.permute(2, 0, 1).unsqueeze(0)
        if is_packed:
            if not accumulate:
                conv_output.zero_()
            _packed_add(conv_output.permute(2, 0, 1).unsqueeze(0), batched_input, kernel, bias, zero_rows, self.groups)
            return
        padding = (0, 0) if self.point else (zero_rows, 1)
        convolved = F.conv2d(batched_input, kernel, bias, padding=padding, groups=self.groups)[0].permute(1, 2, 0)
        if accumulate:
            conv_output += convolved
        else:
            conv_output.copy_(convolved)

    def plain(self, conv_input: Tensor, conv_output: Tensor) -> None:
        """conv_output = the direct convolution of (H, W, C) features alone: what a benchmark calls the floor."""
        self._write(conv_input, conv_output, 1, accumulate=False)


class ToImage:
    """leaky_relu, a 3 x 3 convolution to few channels, tanh: one matrix product to 9 planes each, then nine sums.

    oneDNN's convolutions compute 16 channels where 3 are wanted.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        self.channels = convolution.out_channels
        self.weight = convolution.weight.detach().permute(2, 3, 0, 1).flatten(0, 2).contiguous()  # (9 * O, C)
        self.bias = bias_of(convolution).view(-1, 1, 1)

    def __call__(self, features: Tensor, slope: float, workspace: Workspace) -> Tensor:
        """(H, W, C) -> (O, H, W) float32."""
        height, width, channels = features.shape
        picture = self.bias.expand(self.channels, height, width).clone()
        band_height = max(8, BAND_BYTES // (width * channels * 4))
        for top in range(0, height, band_height):
            bottom = min(height, top + band_height)
            first_row, end_row = max(0, top - 1), min(height, bottom + 1)  # the rows that the band's rows look at
            band_features = workspace.get("band", (end_row - first_row) * width, channels, like=picture)
            band_features.copy_(features[first_row:end_row].view(-1, channels))
            flat_planes = workspace.get("planes", len(self.weight), (end_row - first_row) * width, like=picture)
            torch.mm(self.weight, F.leaky_relu_(band_features, slope).t(), out=flat_planes)
            tap_planes = flat_planes.view(3, 3, self.channels, end_row - first_row, width)
            for row_offset in (-1, 0, 1):
                top_row, bottom_row = max(first_row, top + row_offset), min(end_row, bottom + row_offset)
                for column_offset in (-1, 0, 1):
                    left_column, right_column = max(0, column_offset), min(width, width + column_offset)
                    tap_plane = tap_planes[row_offset + 1, column_offset + 1]
                    rows = slice(top_row - row_offset, bottom_row - row_offset)
                    columns = slice(left_column - column_offset, right_column - column_offset)
                    picture[:, rows, columns] += tap_plane[
                        :, top_row - first_row : bottom_row - first_row, left_column:right_column
                    ]
        return picture.tanh_()
