"""Winograd's convolution F(4 x 4, 3 x 3): a quarter of the multiplications, for wide layers.

A 3 x 3 convolution of a 6 x 6 piece of input makes a 4 x 4 tile of output with 144 multiplications per pair of
channels. Winograd (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016) needs 36: piece
and kernel are carried over into a space in which the convolution is a plain product, number by number,

    tile = At ((G k Gt) * (Bt d B)) A,

and the sum over channels makes each of the 36 numbers one matrix product (tiles x C) (C x O). The small transforms
are additions, and pay where C and O are large. Rounding errors are about three times those of a direct float32
convolution (1e-6 of the result), far below what the fast path is held to.

Kernels take four times the memory of direct ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.fast.pixels import Workspace

TILE, PIECE = 4, 6
TILES = 128  # tiles at a time, about
WIDE = 256  # channels, in and out, from which it pays
KERNEL_BYTES = 40 << 20  # of one layer

_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)

Rows = Callable[[int, Tensor], None]
"""(top, out): write rows top .. of the input to `out` (rows, W, C)."""


def pays(channels_in: int, channels_out: int, height: int, width: int) -> bool:
    """Whether it is faster than a direct convolution and worth its memory, for the usual size of the features."""
    tile_count, kernel_bytes = (height // TILE) * (width // TILE), PIECE * PIECE * channels_in * channels_out * 4
    return min(channels_in, channels_out) >= WIDE and tile_count >= 64 and kernel_bytes <= KERNEL_BYTES


def fits(height: int, width: int) -> bool:
    """Whether a picture is made of whole tiles."""
    return height % TILE == 0 and width % TILE == 0


def kernels(weight: Tensor) -> Tensor:
    """(O, C, 3, 3) -> (36, C, O), computed in double precision."""
    kernel_transform = torch.tensor(_G, dtype=torch.float64, device=weight.device)
    transformed = torch.empty(PIECE * PIECE, weight.shape[1], weight.shape[0], device=weight.device)
    for chunk_index, weight_chunk in enumerate(weight.split(64)):  # double precision of a few kernels at a time
        transformed_chunk = torch.einsum("ai,bj,ocij->abco", kernel_transform, kernel_transform, weight_chunk.double())
        transformed[:, :, 64 * chunk_index : 64 * chunk_index + len(weight_chunk)] = transformed_chunk.flatten(0, 1)
    return transformed


def plain_kernels(transformed: Tensor) -> Tensor:
    """The (O, C, 3, 3) kernels that `kernels` was given, up to rounding."""
    inverse_transform = torch.linalg.pinv(torch.tensor(_G, dtype=torch.float64, device=transformed.device))  # (3, 6)
    square_kernels = transformed.view(PIECE, PIECE, *transformed.shape[1:])
    plain_chunks = [
        torch.einsum("ia,jb,abco->ocij", inverse_transform, inverse_transform, kernel_chunk.double())
        for kernel_chunk in square_kernels.split(64, dim=3)
    ]
    return torch.cat([plain_chunk.float() for plain_chunk in plain_chunks])


def convolve(
    write_rows: Rows,
    weight: Tensor,
    bias: Tensor | None,
    conv_output: Tensor,
    width_in: int,
    accumulate: bool,
    workspace: Workspace,
) -> None:
    """conv_output (H, W, O) = the convolution of the rows, or += it (`accumulate`).

    Args:
        write_rows: where the input (H, W, C = width_in) comes from.
        weight: of `kernels`.
        bias: (O,) or None.
    """
    height, width, channels_out = conv_output.shape
    tiles_across = width // TILE
    tiles_down = min(height // TILE, max(1, TILES // tiles_across))
    padded_input = workspace.get("padded", height + 2, width + 2, width_in, like=conv_output)
    padded_input[0], padded_input[-1], padded_input[:, 0], padded_input[:, -1] = 0, 0, 0, 0
    band_height = TILE * tiles_down
    for band_top in range(0, height, band_height):
        band_rows = workspace.get("band", min(band_height, height - band_top), width, width_in, like=conv_output)
        write_rows(band_top, band_rows)
        padded_input[1 + band_top : 1 + band_top + len(band_rows), 1:-1] = band_rows
    for band_top in range(0, height, band_height):
        tile_rows = min(band_height, height - band_top) // TILE
        input_rows = padded_input[band_top : band_top + TILE * tile_rows + 2]
        transformed = _transform_input(input_rows, tile_rows, tiles_across, workspace)
        products = workspace.get("products", PIECE * PIECE, tile_rows * tiles_across, channels_out, like=conv_output)
        torch.bmm(transformed, weight, out=products)
        output_tiles = _transform_output(products.view(PIECE, PIECE, tile_rows, tiles_across, channels_out), workspace)
        target = conv_output[band_top : band_top + TILE * tile_rows]
        if accumulate:
            target += output_tiles
        else:
            target.copy_(output_tiles)
        if bias is not None:
            target += bias


def _transform_input(input_rows: Tensor, tile_rows: int, tile_columns: int, workspace: Workspace) -> Tensor:
    """Bt d B of every piece: (4 * down + 2, 4 * across + 2, C) -> (36, down * across, C)."""
    width, channels = input_rows.shape[1:]
    half_transformed = workspace.get("spread rows", PIECE, tile_rows, width, channels, like=input_rows)
    scratch = workspace.get("spread scratch", 2, tile_rows * width * channels, like=input_rows)
    input_pieces = [input_rows[offset : offset + TILE * tile_rows - 3 : TILE] for offset in range(PIECE)]
    _carry_in(input_pieces, half_transformed, scratch.view(2, tile_rows, width, channels))
    transformed = workspace.get("spread", PIECE, PIECE, tile_rows, tile_columns, channels, like=input_rows)
    scratch = workspace.get("spread scratch", 2, PIECE * tile_rows * tile_columns * channels, like=input_rows)
    input_pieces = [half_transformed[:, :, offset : offset + TILE * tile_columns - 3 : TILE] for offset in range(PIECE)]
    _carry_in(input_pieces, transformed.transpose(0, 1), scratch.view(2, PIECE, tile_rows, tile_columns, channels))
    return transformed.view(PIECE * PIECE, tile_rows * tile_columns, channels)


def _transform_output(products: Tensor, workspace: Workspace) -> Tensor:
    """At m A of every tile: (6, 6, down, across, O) -> (4 * down, 4 * across, O)."""
    tile_rows, tile_columns, channels = products.shape[2:]
    half_transformed = workspace.get("gathered rows", TILE, PIECE, tile_rows, tile_columns, channels, like=products)
    scratch = workspace.get("gather scratch", 2, PIECE * tile_rows * tile_columns * channels, like=products)
    _carry_out(list(products), list(half_transformed), scratch.view(2, PIECE, tile_rows, tile_columns, channels))
    output_tiles = workspace.get("gathered", tile_rows, TILE, tile_columns, TILE, channels, like=products)
    scratch = workspace.get("gather scratch", 2, TILE * tile_rows * tile_columns * channels, like=products)
    columns = [output_tiles[:, :, :, tile_offset].transpose(0, 1) for tile_offset in range(TILE)]
    half_columns = [half_transformed[:, offset] for offset in range(PIECE)]
    _carry_out(half_columns, columns, scratch.view(2, TILE, tile_rows, tile_columns, channels))
    return output_tiles.view(TILE * tile_rows, TILE * tile_columns, channels)


def _carry_in(d: Sequence[Tensor], out: Tensor, scratch: Tensor) -> None:
    """out[0..5] = Bt d along one direction."""
    even, odd = scratch
    torch.sub(d[4], d[2], alpha=4, out=even)
    torch.sub(d[3], d[1], alpha=4, out=odd)
    torch.add(even, odd, out=out[1])
    torch.sub(even, odd, out=out[2])
    torch.sub(d[4], d[2], out=even)
    torch.sub(d[3], d[1], out=odd)
    torch.add(even, odd, alpha=2, out=out[3])
    torch.sub(even, odd, alpha=2, out=out[4])
    torch.add(even, d[0], alpha=4, out=out[0]).sub_(d[2], alpha=4)
    torch.sub(d[5], odd, alpha=4, out=out[5]).sub_(d[3])


def _carry_out(m: Sequence[Tensor], out: Sequence[Tensor], scratch: Tensor) -> None:
    """out[0..3] = At m along one direction."""
    inner, outer = scratch
    torch.add(m[1], m[2], out=inner)
    torch.add(m[3], m[4], out=outer)
    torch.add(m[0], inner, out=out[0]).add_(outer)
    torch.add(inner, outer, alpha=4, out=out[2])
    torch.sub(m[1], m[2], out=inner)
    torch.sub(m[3], m[4], out=outer)
    torch.add(inner, outer, alpha=2, out=out[1])
    torch.add(m[5], inner, out=out[3]).add_(outer, alpha=8)
