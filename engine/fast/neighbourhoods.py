"""Label neighbourhoods: which pixels have equal surroundings, and therefore equal modulations.

SPADE's gamma and beta at a pixel depend on the 5 x 5 labels around it (a 3 x 3 convolution, ReLU, a second 3 x 3),
SEAN's style branch on the inner 3 x 3. A neighbourhood is written down as 25 small codes in row-major order: a
label id, `none` for a pixel whose id is no label (an ignore id: all channels of the one-hot map are zero there), or
`void` for a place outside the picture. The last two differ: the published networks pad the hidden activation with
zeros too, so it is zero in the void but not at an unlabelled pixel. Further codes are of pieces of labels, which differ
from their labels in their style alone.

Neighbourhoods are distinguished by a 64-bit hash with fixed random multipliers. Two different ones among a million
collide with a probability below one in a million; nothing else here is approximate.

All indices are numpy: coding a picture takes milliseconds, and indices that are made on the CPU never make a GPU wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.labels.pieces import MOST_PIECES, PieceSlots

Codes = NDArray[np.int16]
Keys = NDArray[np.uint64]
Index = NDArray[np.int64]
Number = TypeVar("Number", np.int16, np.uint64)

SIDE, TAPS = 5, 25
BATCH = 128
"""Neighbourhoods that go through a matrix product together; always as many, so that each has the same bytes."""
MAX_CODES = 4096

# Row of SUB[k] = the nine places, within a 5 x 5 neighbourhood, of the 3 x 3 one around inner place k.
SUB: Index = np.array(
    [[(y + dy) * SIDE + x + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)] for y in range(1, 4) for x in range(1, 4)]
)
INNER: Index = SUB[4]
"""The nine places of the inner 3 x 3 neighbourhood."""

_random = np.random.default_rng(20200613)
_VALUES: Keys = _random.integers(1, 2**63, MAX_CODES, dtype=np.uint64)
_ACROSS: Keys = _random.integers(0, 2**63, SIDE, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_NINE: Keys = _random.integers(0, 2**63, 9, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_DOWN: Keys = _random.integers(0, 2**63, SIDE, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_VALUES = np.concatenate([_VALUES, _random.integers(1, 2**63, 2**15 - MAX_CODES, dtype=np.uint64)])  # of pieces


def on_device(array: NDArray[Any] | Sequence[int], device: torch.device) -> Tensor:
    """An array, or a list of integers as int64, as a tensor on `device`; a graphics card is not waited for."""
    dtype = None if isinstance(array, np.ndarray) else torch.long  # an empty list would become floats
    return upload(torch.as_tensor(array, dtype=dtype), device)


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`. It goes to a graphics card from pinned memory: other copies would be waited for."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()  # PyTorch uses it again only when the copy is done
    return tensor.to(device, non_blocking=True)


@dataclass(frozen=True)
class Coding:
    """How a pixel becomes a code: 0 .. labels - 1 for labels, then `none`; with edges as many again; then `void`.

    Codes from `size` on are of pieces: the first piece of each label, then the second of each, and so on.

    labels: number of labels.
    edges: whether the network's label map has one more channel, which is 1 at the edges between instances.
    """

    labels: int
    edges: bool = False

    def __post_init__(self) -> None:
        if self.labels < 1 or self.size > MAX_CODES:
            raise ValueError(f"{self.labels} labels make {self.size} codes; at most {MAX_CODES} are supported")

    @property
    def none(self) -> int:
        """Code of a pixel without label."""
        return self.labels

    @property
    def void(self) -> int:
        """Code of a place outside the picture."""
        return (self.labels + 1) * (2 if self.edges else 1)

    @property
    def size(self) -> int:
        """Number of different codes without pieces."""
        return self.void + 1

    def is_styled(self, code: int) -> bool:
        """Whether pixels of a code have a style: those of a label or of a piece."""
        return code < self.labels or code >= self.size

    def encode(self, label_map: NDArray[np.integer[Any]], edges: NDArray[Any] | None = None) -> Codes:
        """(H, W) integer ids, and (H, W) whether there is an edge, -> (H, W) codes."""
        if label_map.ndim != 2 or label_map.dtype.kind not in "iu":
            raise ValueError(f"a label map is (H, W) integers, not {label_map.dtype} {label_map.shape}")
        if label_map.dtype == np.uint8:
            table = np.full(256, self.none, np.int16)
            table[: min(self.labels, 256)] = np.arange(min(self.labels, 256))
            codes = np.take(table, label_map)
        else:
            inside = (label_map >= 0) & (label_map < self.labels)
            codes = np.where(inside, label_map, self.none).astype(np.int16)
        if edges is not None:
            codes += (edges != 0) * np.int16(self.labels + 1)
        return codes

    def with_pieces(self, codes: Codes, pieces: PieceSlots | None) -> tuple[Codes, dict[int, int]]:
        """Codes (H, W) with those of pieces, which need a coding without edges; and for each code that has a style,
        the row in a table of the labels' styles and then the pieces'."""
        rows = {label: label for label in range(self.labels)}
        if pieces is None:
            return codes, rows
        piece_codes: list[int] = []
        for slot, label in enumerate(pieces.labels):
            piece_codes.append(self.size + pieces.labels[:slot].count(label) * self.labels + label)
            rows[piece_codes[-1]] = self.labels + slot
        if self.edges or self.size + MOST_PIECES * self.labels > len(_VALUES):
            raise ValueError("pieces have codes of their own where there are no edges, and at most 256 labels")
        table = np.array([0, *piece_codes], np.int16)
        return np.where(pieces.slots > 0, table[pieces.slots], codes), rows

    def weights(self, kernel: Tensor) -> Tensor:
        """(O, channels, 3, 3) kernel of a convolution of the label map -> (9 * codes, O): what a code adds by tap."""
        tap_table = kernel.new_zeros(9, self.size, kernel.shape[0])
        taps = kernel.detach().permute(2, 3, 1, 0).flatten(0, 1)  # (9, channels, O)
        tap_table[:, : self.labels] = taps[:, : self.labels]
        if self.edges:
            tap_table[:, self.labels + 1 : self.void] = tap_table[:, : self.labels + 1] + taps[:, self.labels :]
        return tap_table.flatten(0, 1)

    def rows(self, codes: Codes) -> Index:
        """(M, 9) codes -> (M, 9) their rows in the table of `weights`: a piece is what its label is."""
        labels = np.where(codes >= self.size, (codes - self.size) % self.labels, codes)
        return labels + np.arange(9) * self.size


def resize_nearest(codes: NDArray[Number], height: int, width: int) -> NDArray[Number]:
    """(H, W) -> (height, width), picking the pixels that the literal networks' resize picks."""
    if codes.shape == (height, width):
        return codes
    picked_indices = []
    for old_side, new_side in zip(codes.shape, (height, width), strict=True):
        line = torch.arange(old_side, dtype=torch.float32).view(1, 1, old_side)
        picked_indices.append(F.interpolate(line, size=new_side, mode="nearest").long().view(new_side).numpy())
    return np.ascontiguousarray(codes[picked_indices[0]][:, picked_indices[1]])


def _mix_bits(hash_words: Keys) -> Keys:
    """Scatter the bits of 64-bit words, in place (the finaliser of splitmix64)."""
    hash_words ^= hash_words >> np.uint64(30)
    hash_words *= np.uint64(0xBF58476D1CE4E5B9)
    hash_words ^= hash_words >> np.uint64(27)
    hash_words *= np.uint64(0x94D049BB133111EB)
    hash_words ^= hash_words >> np.uint64(31)
    return hash_words


def hash_map(padded: Codes) -> Keys:
    """(H + 4, W + 4) codes with a frame of void -> (H, W) keys of the 5 x 5 neighbourhoods."""
    height, width = padded.shape[0] - SIDE + 1, padded.shape[1] - SIDE + 1
    code_values = np.take(_VALUES, padded)
    row_hashes = code_values[:, :width] * _ACROSS[0]
    for column_offset in range(1, SIDE):
        row_hashes += code_values[:, column_offset : column_offset + width] * _ACROSS[column_offset]
    row_hashes = _mix_bits(row_hashes)
    keys = row_hashes[:height] * _DOWN[0]
    for row_offset in range(1, SIDE):
        keys += row_hashes[row_offset : row_offset + height] * _DOWN[row_offset]
    return _mix_bits(keys)


def distinct(keys: Keys) -> tuple[Index, Index]:
    """Positions of one representative of each distinct key, and for each key which of them it equals.

    Neighbours in a painted map are mostly equal, so runs are found first and only their heads are sorted.
    """
    flat_keys = keys.reshape(-1)
    run_starts = np.empty(flat_keys.shape, dtype=bool)
    run_starts[0] = True
    np.not_equal(flat_keys[1:], flat_keys[:-1], out=run_starts[1:])
    run_heads = np.flatnonzero(run_starts)
    _, first_positions, inverse = np.unique(flat_keys[run_heads], return_index=True, return_inverse=True)
    run_lengths = np.diff(run_heads, append=flat_keys.size)
    return run_heads[first_positions], np.repeat(inverse.reshape(-1), run_lengths)


@dataclass(frozen=True)
class Neighbourhoods:
    """The distinct 5 x 5 neighbourhoods of one label map at one size.

    height, width: of the map.
    keys: (N,) their hashes.
    codes: (N, 25) their codes.
    index: (H * W,) which of them each pixel has.
    """

    height: int
    width: int
    keys: Keys
    codes: Codes
    index: Index

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def bytes(self) -> int:
        """Memory at most, `centres` included."""
        return self.index.nbytes + self.keys.nbytes + self.codes.nbytes + len(self) * (8 + 2 * len(INNER))

    @cached_property
    def centres(self) -> tuple[Codes, Index]:
        """The distinct 3 x 3 neighbourhoods in their middle (M, 9), and which of them each has (N,)."""
        inner_codes = self.codes[:, INNER]
        keys = _mix_bits(np.take(_VALUES, inner_codes) @ _NINE)
        _, first_positions, index = np.unique(keys, return_index=True, return_inverse=True)
        return inner_codes[first_positions], index.reshape(-1)

    @classmethod
    def of(cls, codes: Codes, coding: Coding) -> Neighbourhoods:
        """Find those of (H, W) codes."""
        height, width = codes.shape
        padded = np.full((height + 4, width + 4), coding.void, np.int16)
        padded[2:-2, 2:-2] = codes
        keys = hash_map(padded)
        representatives, index = distinct(keys)
        y, x = representatives // width, representatives % width
        offsets = np.arange(TAPS)
        distinct_codes = padded[y[:, None] + offsets // SIDE, x[:, None] + offsets % SIDE]
        return cls(height, width, keys.reshape(-1)[representatives], distinct_codes, index)


@dataclass(frozen=True)
class Inner:
    """The distinct 3 x 3 neighbourhoods inside some 5 x 5 ones: where SPADE's hidden activation is evaluated.

    codes: (M, 9); the first row stands for every place outside the picture.
    index: (N, 9), for each 5 x 5 neighbourhood and inner place, which of them.
    """

    codes: Codes
    index: Index
    coding: Coding

    @cached_property
    def table_rows(self) -> Tensor:
        """(M, 9) rows of the codes in the table of `Coding.weights`; on the CPU."""
        return torch.from_numpy(self.coding.rows(self.codes))

    @cached_property
    def padded(self) -> int:
        """M, rounded up to whole batches of `BATCH`."""
        return -(-len(self.codes) // BATCH) * BATCH

    @cached_property
    def tap_rows(self) -> Tensor:
        """(N, 9): where, among (9, `padded`) rows, what each tap adds to a 5 x 5 neighbourhood is; on the CPU."""
        return torch.from_numpy(self.index + np.arange(9) * self.padded)

    @classmethod
    def of(cls, codes: Codes, coding: Coding) -> Inner:
        """Those inside (N, 25) codes."""
        code_values = np.take(_VALUES, codes).reshape(-1, SIDE, SIDE)
        row_hashes = (
            code_values[:, :, 0:3] * _ACROSS[0]
            + code_values[:, :, 1:4] * _ACROSS[1]
            + code_values[:, :, 2:5] * _ACROSS[2]
        )
        row_hashes = _mix_bits(row_hashes)
        keys = row_hashes[:, 0:3] * _DOWN[0] + row_hashes[:, 1:4] * _DOWN[1] + row_hashes[:, 2:5] * _DOWN[2]
        outside = codes[:, INNER] == coding.void
        keys.reshape(-1, 9)[outside] = 0
        representatives, index = distinct(keys)
        inner_codes = codes[(representatives // 9)[:, None], SUB[representatives % 9]]
        inner_codes = np.concatenate([np.full((1, 9), coding.void, np.int16), inner_codes])
        return cls(inner_codes, np.where(outside, 0, index.reshape(-1, 9) + 1), coding)
