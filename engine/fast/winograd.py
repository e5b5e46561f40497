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


def pays(fan_in: int, fan_out: int, height: int, width: int) -> bool:
    """Whether it is faster than a direct convolution and worth its memory, for the usual size of the features."""
    tiles, size = (height // TILE) * (width // TILE), PIECE * PIECE * fan_in * fan_out * 4
    return min(fan_in, fan_out) >= WIDE and tiles >= 64 and size <= KERNEL_BYTES


def fits(height: int, width: int) -> bool:
    """Whether a picture is made of whole tiles."""
    return height % TILE == 0 and width % TILE == 0


def kernels(weight: Tensor) -> Tensor:
    """(O, C, 3, 3) -> (36, C, O), computed in double precision."""
    g = torch.tensor(_G, dtype=torch.float64, device=weight.device)
    result = torch.empty(PIECE * PIECE, weight.shape[1], weight.shape[0], device=weight.device)
    for n, some in enumerate(weight.split(64)):  # double precision of a few kernels at a time
        carried = torch.einsum("ai,bj,ocij->abco", g, g, some.double())
        result[:, :, 64 * n : 64 * n + len(some)] = carried.flatten(0, 1)
    return result


def plain_kernels(carried: Tensor) -> Tensor:
    """The (O, C, 3, 3) kernels that `kernels` was given, up to rounding."""
    back = torch.linalg.pinv(torch.tensor(_G, dtype=torch.float64, device=carried.device))  # (3, 6)
    square = carried.view(PIECE, PIECE, *carried.shape[1:])
    parts = [torch.einsum("ia,jb,abco->ocij", back, back, some.double()) for some in square.split(64, dim=3)]
    return torch.cat([part.float() for part in parts])


def convolve(
    rows: Rows, weight: Tensor, bias: Tensor | None, total: Tensor, width_in: int, onto: bool, work: Workspace
) -> None:
    """total (H, W, O) = the convolution of the rows, or += it (`onto`).

    Args:
        rows: where the input (H, W, C = width_in) comes from.
        weight: of `kernels`.
        bias: (O,) or None.
    """
    height, width, fan_out = total.shape
    across = width // TILE
    down = min(height // TILE, max(1, TILES // across))
    padded = work.get("padded", height + 2, width + 2, width_in, like=total)
    padded[0], padded[-1], padded[:, 0], padded[:, -1] = 0, 0, 0, 0
    step = TILE * down
    for top in range(0, height, step):
        band = work.get("band", min(step, height - top), width, width_in, like=total)
        rows(top, band)
        padded[1 + top : 1 + top + len(band), 1:-1] = band
    for top in range(0, height, step):
        count = min(step, height - top) // TILE
        spread = _spread(padded[top : top + TILE * count + 2], count, across, work)
        products = work.get("products", PIECE * PIECE, count * across, fan_out, like=total)
        torch.bmm(spread, weight, out=products)
        tiles = _gather(products.view(PIECE, PIECE, count, across, fan_out), work)
        target = total[top : top + TILE * count]
        if onto:
            target += tiles
        else:
            target.copy_(tiles)
        if bias is not None:
            target += bias


def _spread(rows: Tensor, down: int, across: int, work: Workspace) -> Tensor:
    """Bt d B of every piece: (4 * down + 2, 4 * across + 2, C) -> (36, down * across, C)."""
    width, channels = rows.shape[1:]
    first = work.get("spread rows", PIECE, down, width, channels, like=rows)
    scratch = work.get("spread scratch", 2, down * width * channels, like=rows)
    pieces = [rows[n : n + TILE * down - 3 : TILE] for n in range(PIECE)]
    _carry_in(pieces, first, scratch.view(2, down, width, channels))
    both = work.get("spread", PIECE, PIECE, down, across, channels, like=rows)
    scratch = work.get("spread scratch", 2, PIECE * down * across * channels, like=rows)
    pieces = [first[:, :, n : n + TILE * across - 3 : TILE] for n in range(PIECE)]
    _carry_in(pieces, both.transpose(0, 1), scratch.view(2, PIECE, down, across, channels))
    return both.view(PIECE * PIECE, down * across, channels)


def _gather(products: Tensor, work: Workspace) -> Tensor:
    """At m A of every tile: (6, 6, down, across, O) -> (4 * down, 4 * across, O)."""
    down, across, channels = products.shape[2:]
    first = work.get("gathered rows", TILE, PIECE, down, across, channels, like=products)
    scratch = work.get("gather scratch", 2, PIECE * down * across * channels, like=products)
    _carry_out(list(products), list(first), scratch.view(2, PIECE, down, across, channels))
    tiles = work.get("gathered", down, TILE, across, TILE, channels, like=products)
    scratch = work.get("gather scratch", 2, TILE * down * across * channels, like=products)
    columns = [tiles[:, :, :, n].transpose(0, 1) for n in range(TILE)]
    _carry_out([first[:, n] for n in range(PIECE)], columns, scratch.view(2, TILE, down, across, channels))
    return tiles.view(TILE * down, TILE * across, channels)


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
    near, far = scratch
    torch.add(m[1], m[2], out=near)
    torch.add(m[3], m[4], out=far)
    torch.add(m[0], near, out=out[0]).add_(far)
    torch.add(near, far, alpha=4, out=out[2])
    torch.sub(m[1], m[2], out=near)
    torch.sub(m[3], m[4], out=far)
    torch.add(near, far, alpha=2, out=out[1])
    torch.add(m[5], near, out=out[3]).add_(far, alpha=8)
