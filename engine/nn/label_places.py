"""A batch's label map as places: pixels with equal labels around them, which label-conditioned layers treat alike.

What SPADE (two 3 x 3 convolutions of the one-hot map) and SEAN's style branch (one) give for a pixel depends on the
labels of its 5 x 5 surroundings and on its picture's styles, on nothing else. Label maps have few different ones: eight
portraits' 131,072 pixels have about 10,000 places and 2,000 different 3 x 3 windows. So training evaluates the first
convolution once per window, the second once per window and tap, sums the taps once per place, and hands each pixel its
place's row. The numbers and gradients are those of the convolutions: sums are taken in another order, nothing is left
out. `engine.fast` paints by the same idea, with rows that it keeps and without gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from engine.labels.pieces import PieceSlots
from engine.nn.blocks import neighbourhood_columns, resize_nearest

MOST_WINDOWS = 0.5
"""Different windows per pixel up to which places are worth it; beyond (noise, the smallest maps), pixels are."""
MOST_WINDOWS_LOW, LEAST_PIXELS_LOW = 1 / 32, 1 << 16
"""The same where features have 16 bits, and a batch's pixels from which places are looked for then: processors with
matrix units convolve ten times as fast in bfloat16, so that sums of rows pay only where windows are few."""
_LARGEST = 2**63 - 1


class Sums:
    """Sums of rows of a table, and their gradients: `sums(table)[i]` is the sum of the rows that entry i lists.

    Args:
        owner: (N,) int64 which sum each entry belongs to, ascending.
        row: (N,) int64 which row of the table it adds.
        count: number of sums.
        rows: number of the table's rows.
    """

    def __init__(self, owner: Tensor, row: Tensor, count: int, rows: int) -> None:
        self.forth = (row, _starts(owner, count))
        order = torch.argsort(row, stable=True)
        self.back = (owner[order], _starts(row, rows))

    def __call__(self, table: Tensor) -> Tensor:
        """(rows, C) -> (count, C)."""
        result: Tensor = _Summed.apply(table, self)
        return result


def _starts(numbers: Tensor, count: int) -> Tensor:
    """(count + 1,): where each number's entries begin once entries are sorted by number, and where the last ends."""
    return F.pad(torch.bincount(numbers, minlength=count).cumsum(0), (1, 0))


def _bags(table: Tensor, entries: tuple[Tensor, Tensor]) -> Tensor:
    """The sum of each bag's rows: bags lie one behind the other."""
    return F.embedding_bag(entries[0], table.contiguous(), entries[1], mode="sum", include_last_offset=True)


class _Summed(torch.autograd.Function):
    """Sums of rows; each row's gradient is the sum over the sums that it is in, so one more bag of rows."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, sums: Sums) -> Tensor:
        ctx.sums = sums
        return _bags(table, sums.forth)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return _bags(grad, ctx.sums.back), None


class Places:
    """The places of a batch's label map at one size.

    Args:
        codes: (B, H, W) int64, label id + 1, 0 for pixels without label.
        labels: number of labels L.
        place: (B * H * W,) the place of each pixel, places ordered by picture.
        window_ids: (P, 9) the windows around each place's pixels, -1 outside the picture.
        tapped: (P, 9) the codes there.
        windows: (Q, 9 L) float32 of 0 and 1: the different 3 x 3 windows in the picture, tap-major.

    Attributes:
        count: number of places P.
        window_taps: a (Q * 9, C) table of windows and taps -> (P, C).
        pairs: (K, 2) the pictures and labels that occur together.
        style_taps: a (K * 9, C) table of those and taps -> (P, C).
    """

    def __init__(
        self, codes: Tensor, labels: int, place: Tensor, window_ids: Tensor, tapped: Tensor, windows: Tensor
    ) -> None:
        batch, height, width = codes.shape
        count, device = len(window_ids), codes.device
        self.place, self.windows, self.count = place, windows, count
        inside = window_ids >= 0
        owner, tap = inside.nonzero().unbind(1)
        self.window_taps = Sums(owner, window_ids[inside] * 9 + tap, count, len(windows) * 9)
        picture = torch.empty(count, dtype=torch.long, device=device)
        picture[place] = torch.arange(batch, device=device).repeat_interleave(height * width)
        occurs = torch.zeros(batch, labels + 1, dtype=torch.bool, device=device)
        occurs[torch.arange(batch, device=device)[:, None], codes.flatten(1)] = True
        self.pairs = occurs[:, 1:].nonzero()
        number = torch.full((batch, labels + 1), -1, device=device)
        number[self.pairs[:, 0], self.pairs[:, 1] + 1] = torch.arange(len(self.pairs), device=device)
        pair = number[picture[:, None], tapped]  # (P, 9): of each tap's label in this picture, -1 without label
        owner, tap = (pair >= 0).nonzero().unbind(1)
        self.style_taps = Sums(owner, pair[pair >= 0] * 9 + tap, count, len(self.pairs) * 9)
        order = torch.argsort(place, stable=True)
        self.pixels = (order, _starts(place, count))

    @classmethod
    def of(cls, codes: Tensor, labels: int, most: float | None = None) -> Places | None:
        """The places of a label map: codes (B, H, W) int64 as the class has them.

        None where there are more than `most` different windows per pixel, or more labels and windows than int64 can
        number: then a convolution of the map costs less.
        """
        batch, height, width = codes.shape
        most = MOST_WINDOWS if most is None else most
        padded = F.pad(codes, (2, 2, 2, 2), value=labels + 1)
        occurs = torch.bincount(padded.flatten(), minlength=labels + 2) > 0
        present = int(occurs.sum())
        # A window becomes one number: its nine labels as digits in base `present`, which must fit into int64.
        if present**9 > _LARGEST:
            return None
        compact = (occurs.cumsum(0) - 1)[padded]
        keys = compact.new_zeros(batch, height + 2, width + 2)
        for y in range(3):
            for x in range(3):
                keys = keys * present + compact[:, y : y + height + 2, x : x + width + 2]
        different, window = torch.unique(keys, return_inverse=True)  # of pixels of the rim outside the picture too
        used = torch.zeros(len(different), dtype=torch.bool, device=codes.device)
        used[window[:, 1:-1, 1:-1]] = True
        number = torch.where(used, used.cumsum(0) - 1, -1)
        count = int(used.sum())
        if count > most * codes.numel() or len(different) ** 4 * batch > _LARGEST:
            return None
        # Four windows around a pixel hold all of its 5 x 5 surroundings.
        around = torch.arange(batch, device=codes.device).view(-1, 1, 1)
        for y, x in ((0, 0), (0, 2), (2, 0), (2, 2)):
            around = around * len(different) + window[:, y : y + height, x : x + width]
        surroundings, place = torch.unique(around, return_inverse=True)
        place = place.flatten()
        pixel = torch.empty(len(surroundings), dtype=torch.long, device=codes.device)
        pixel[place] = torch.arange(len(place), device=codes.device)  # any pixel of each place
        inner = torch.full_like(window, -1)
        inner[:, 1:-1, 1:-1] = number[window[:, 1:-1, 1:-1]]
        window_ids = _shifted(inner, height, width)[pixel]
        tapped = _shifted(F.pad(codes, (1, 1, 1, 1)), height, width)[pixel]
        centre_pixel = torch.empty(count, dtype=torch.long, device=codes.device)
        centre = number[window[:, 1:-1, 1:-1]].flatten()
        centre_pixel[centre] = torch.arange(len(centre), device=codes.device)
        shown = _shifted(F.pad(codes, (1, 1, 1, 1)), height, width)[centre_pixel]  # (Q, 9) codes
        windows = F.one_hot(shown, labels + 1)[..., 1:].flatten(1).float()
        return cls(codes, labels, place, window_ids, tapped, windows)

    def window_sums(self, hidden: Tensor, conv: nn.Conv2d) -> Tensor:
        """A zero-padded 3 x 3 convolution of what the windows gave: (Q, I) -> (P, C)."""
        table = F.linear(hidden, conv.weight.permute(2, 3, 0, 1).flatten(0, 2))  # (Q, 9 * C)
        return _biased(self.window_taps(table.view(-1, conv.out_channels)), conv)

    def style_sums(self, rows: Tensor, conv: nn.Conv2d) -> Tensor:
        """A zero-padded 3 x 3 convolution of the map that shows each label as its row: (B, L, I) -> (P, C)."""
        kernel = conv.weight.permute(0, 2, 3, 1).flatten(0, 2)  # (C * 9, I), a view of channels-last memory
        table = F.linear(rows[self.pairs[:, 0], self.pairs[:, 1]], kernel).view(-1, conv.out_channels, 9)
        return _biased(self.style_taps(table.transpose(1, 2).flatten(0, 1)), conv)

    def modulate(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """x (B, C, H, W) times and plus its places' rows, each (P, C)."""
        result: Tensor = _ModulatedPlaces.apply(x, scale.to(x.dtype), shift.to(x.dtype), self)
        return result


def _biased(rows: Tensor, conv: nn.Conv2d) -> Tensor:
    return rows if conv.bias is None else rows + conv.bias


def _shifted(grid: Tensor, height: int, width: int) -> Tensor:
    """(B, H + 2, W + 2) -> (B * H * W, 9): what lies around each pixel."""
    taps = [grid[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return torch.stack(taps, dim=-1).flatten(0, 2)


class _ModulatedPlaces(torch.autograd.Function):
    """x * scale + shift with one row of scale and shift per place; no map of either outlives the pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, places: Places) -> Tensor:
        ctx.places = places
        ctx.save_for_backward(x, scale)
        result = torch.addcmul(_spread(shift, places, x), x, _spread(scale, places, x))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, scale = ctx.saved_tensors
        places: Places = ctx.places
        towards_x = grad * _spread(scale, places, grad) if ctx.needs_input_grad[0] else None
        return towards_x, _bags(_pixels(grad * x), places.pixels), _bags(_pixels(grad), places.pixels), None


def _pixels(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (B * H * W, C), a view of channels-last memory."""
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def _spread(rows: Tensor, places: Places, like: Tensor) -> Tensor:
    """(P, C) -> (B, C, H, W), each pixel its place's row."""
    batch, _, height, width = like.shape
    return rows.index_select(0, places.place).view(batch, height, width, -1).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class HotPieces:
    """Parts of regions with style codes of their own: hot (B, P, H, W), 1 in each; labels: of the pieces."""

    hot: Tensor
    labels: tuple[int, ...]

    @classmethod
    def of(cls, pieces: PieceSlots | None, device: torch.device) -> HotPieces | None:
        """Of one picture's, B = 1."""
        if pieces is None:
            return None
        numbers = torch.arange(1, len(pieces.labels) + 1).view(1, -1, 1, 1)
        return cls((torch.from_numpy(pieces.slots) == numbers).float().to(device), pieces.labels)

    def beside(self, hot: Tensor) -> Tensor:
        """The label map (B, L, H, W) without the pieces, and then those: (B, L + P, H, W). Where style codes count."""
        return torch.cat([hot * (1 - self.hot.sum(1, keepdim=True)), self.hot], dim=1)


class LabelConditions:
    """A batch's label map at every size that a generator needs, each made once.

    Args:
        hot: (B, L, H, W) one-hot label map.
        contracted: whether normalisation layers take places, or neighbourhood columns where those are not worth it
            (training), or the plain map.
        pieces: parts of regions with style codes of their own; with them nothing is treated by places.
    """

    def __init__(self, hot: Tensor, contracted: bool = False, pieces: HotPieces | None = None) -> None:
        self.hot = hot
        self.contracted = contracted
        self.piece_labels = pieces.labels if pieces is not None else ()
        self._style_hot = hot if pieces is None else pieces.beside(hot)
        self._maps: dict[tuple[int, int], Tensor] = {}
        self._columns: dict[tuple[int, int, torch.dtype], Tensor] = {}
        self._places: dict[tuple[int, int, bool], Places | None] = {}

    def map(self, height: int, width: int) -> Tensor:
        """(B, L, height, width), nearest."""
        if (height, width) not in self._maps:
            self._maps[height, width] = resize_nearest(self.hot, height, width)
        return self._maps[height, width]

    def style_map(self, height: int, width: int) -> Tensor:
        """(B, L + P, height, width), nearest: where the style codes of labels and pieces count."""
        return resize_nearest(self._style_hot, height, width) if self.piece_labels else self.map(height, width)

    def columns(self, height: int, width: int, dtype: torch.dtype) -> Tensor:
        """(B, height, width, 9 (L + P)): of `style_map`, see `neighbourhood_columns`."""
        if (height, width, dtype) not in self._columns:
            self._columns[height, width, dtype] = neighbourhood_columns(self.style_map(height, width).to(dtype))
        return self._columns[height, width, dtype]

    def places(self, x: Tensor) -> Places | None:
        """Those of the label map at the size of features x (B, C, H, W), where layers are quicker with them."""
        if not self.contracted or self.piece_labels:
            return None
        height, width = x.shape[-2:]
        low = x.dtype.itemsize < 4
        if (height, width, low) not in self._places:
            little = low and len(x) * height * width < LEAST_PIXELS_LOW
            most = MOST_WINDOWS_LOW if low else MOST_WINDOWS
            self._places[height, width, low] = None if little else self._computed(height, width, most)
        return self._places[height, width, low]

    @torch.no_grad()
    def _computed(self, height: int, width: int, most: float) -> Places | None:
        hot = self.map(height, width)
        numbers = torch.arange(1, hot.shape[1] + 1, device=hot.device)
        with torch.autocast(hot.device.type, enabled=False):
            codes = (hot.permute(0, 2, 3, 1).float() @ numbers.float()).round().long()
        return Places.of(codes, hot.shape[1], most)


def window_rows(places: Places, conv: nn.Conv2d) -> Tensor:
    """A 3 x 3 convolution of the one-hot map, zero-padded: (Q, C), one row per window."""
    return F.linear(places.windows.to(conv.weight.dtype), conv.weight.permute(0, 2, 3, 1).flatten(1), conv.bias)
