"""What fast renderers share: the blocks of a generator, what is kept for them, and the way through the network."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.fast import large
from engine.fast.block import SLOPE, Block
from engine.fast.convolution import ToImage, has_bfloat16
from engine.fast.large_noise import RowNoise
from engine.fast.levels import Level, grant, hold_to
from engine.fast.modulation import Layer
from engine.fast.neighbourhoods import Codes, Coding, Neighbourhoods, resize_nearest
from engine.fast.pixels import Workspace
from engine.fast.places import Place
from engine.fast.small import LiteralWork
from engine.memory import return_freed_memory
from engine.nn.blocks import Noise

CACHE_MEGABYTES = 192
CACHE_VARIABLE = "TESSERA_CACHE_MB"
"""Environment variable: another limit, in megabytes, of what each renderer keeps between pictures."""
STYLE_SHARE, PLACES_SHARE = 0.25, 1 / 16


def default_cache_bytes() -> int:
    """The limit for renderers that are not given one; a value of the variable that is no number does not count."""
    said = os.environ.get(CACHE_VARIABLE, "")
    return (int(said) if said.isascii() and said.isdigit() else CACHE_MEGABYTES) << 20


LabelMap = NDArray[np.integer[Any]] | Tensor
Precision = Literal["float32", "bfloat16"]
OnBlock = Callable[[int, int], None]


class FastGenerator:
    """Renders a literal generator's pictures.

    Subclasses know what a picture starts from and its styles (`_begin`); their constructor is this one.

    Args:
        generator: the literal network, in eval mode, spectral norm folded. It has a `config` with labels, edges,
            `upsample_before` and `start`, residual `blocks` and a last convolution `to_image`.
        cache_bytes: limit of what is kept between pictures, least recently used out first; None: the usual one.
        precision: of the main path's convolutions, where a render does not say; "bfloat16" means float32 where the
            hardware has no use for it. Modulations are always computed in float32.
        release: free each kernel of the blocks once it has been laid out anew, so that weights exist once. The
            literal network can then still encode, but not paint, nor this one in float32 if made for bfloat16. Small
            networks keep theirs, for small pictures (`engine.fast.small`).

    Raises:
        ValueError: the network is in training mode, or of a kind that has no fast path.
    """

    config: Any
    _generator: Any

    @torch.no_grad()
    def __init__(
        self,
        generator: Any,
        *,
        cache_bytes: int | None = None,
        precision: Precision = "float32",
        release: bool = False,
    ) -> None:
        if generator.training:
            raise ValueError("the generator must be in eval mode")
        self.config = config = generator.config
        self._require_fast_path()
        self._generator, to_image = generator, generator.to_image
        parts, doubled, size = list(generator.blocks), config.upsample_before, config.start
        coding = Coding(config.labels, config.edges)
        cache_bytes = default_cache_bytes() if cache_bytes is None else cache_bytes
        self.cache_bytes, self.precision, self.coding = cache_bytes, precision, coding
        self.device = to_image.weight.device
        self._lock, self._work, self._now = threading.Lock(), Workspace(), 0
        self._to_image = ToImage(to_image)
        self._blocks: list[Block] = []
        levels = [sum(doubled[: n + 1]) for n in range(len(doubled))]
        self._literal_work, dtype = LiteralWork(parts, levels), self._dtype(precision)
        release = release and not self._literal_work.kept
        for part, twice, level in zip(parts, doubled, levels, strict=True):
            self._blocks.append(Block.of(part, coding, level, twice, (size[0] << level, size[1] << level), dtype))
            if release:
                self._blocks[-1].release(part)
        if release:
            return_freed_memory()
        self._levels = [
            Level([layer for block in self._blocks if block.level == k for layer in block.layers])
            for k in range(levels[-1] + 1)
        ]
        self._last: tuple[Codes, tuple[int, int], list[Neighbourhoods]] | None = None
        self._last_bytes, self._last_limit = 0, int(cache_bytes * PLACES_SHARE)
        branches = [layer.styles for layer in self._layers() if layer.styles is not None]
        style_bytes = int(cache_bytes * STYLE_SHARE) if branches else 0
        self._row_bytes = cache_bytes - self._last_limit - style_bytes
        for branch in branches:  # the same number of styles each
            branch.slots = max(0, style_bytes // sum(b.row_bytes for b in branches) - 1)
        self._begin()

    def _require_fast_path(self) -> None:
        """Raise ValueError if the system knows that there is none for this config."""

    def _begin(self) -> None:
        """Read what is the system's own from the literal network, once the blocks are laid out."""

    def _layers(self) -> list[Layer]:
        return [layer for block in self._blocks for layer in block.layers]

    # ------------------------------------------------------------ what is kept

    @property
    def cached_bytes(self) -> int:
        """Memory of everything kept between pictures, buffers excepted; never above `cache_bytes`.

        Rows and their bookkeeping, style rows, and the last label map with its places.
        """
        styles = sum(layer.styles.bytes for layer in self._layers() if layer.styles is not None)
        return styles + sum(level.bytes for level in self._levels) + self._last_bytes

    @property
    def buffer_bytes(self) -> int:
        """Memory of the buffers that renders share; they grow with the largest picture only."""
        return self._work.bytes

    def clear(self) -> None:
        """Free all kept rows and buffers. The next picture is the same, only later."""
        with self._lock:
            self._last, self._last_bytes = None, 0
            self._work.clear()
            for level in self._levels:
                level.clear()
                level.ceiling = 0
            for layer in self._layers():
                if layer.styles is not None:
                    layer.styles.clear()

    # ------------------------------------------------------------ rendering

    def _dtype(self, precision: Precision | None) -> torch.dtype:
        lower = (precision or self.precision) == "bfloat16" and has_bfloat16(self.device)
        return torch.bfloat16 if lower else torch.float32

    def _places(self, codes: Codes, height: int, width: int) -> list[Place]:
        """Where the rows are, for a picture of (H, W) and these codes, of each level that is computed whole."""
        whole = large.levels_whole(height, width, len(self._levels))
        if self._last is not None and self._last[1] == (height, width) and np.array_equal(self._last[0], codes):
            found = self._last[2]
        else:
            top = len(self._levels) - 1
            maps = [resize_nearest(codes, height >> (top - k), width >> (top - k)) for k in range(whole)]
            found = [Neighbourhoods.of(one, self.coding) for one in maps]
            held = codes.nbytes + sum(one.bytes for one in found)
            keep = held <= self._last_limit
            self._last, self._last_bytes = ((codes, (height, width), found), held) if keep else (None, 0)
        limit = self._row_bytes
        if whole < len(self._levels):
            limit //= 2
            hold_to(self._levels[whole:], self._row_bytes - limit)
        return self._granted(self._levels[:whole], found, limit)

    def _granted(self, levels: list[Level], found: list[Neighbourhoods], limit: int) -> list[Place]:
        grant(levels, [len(one) for one in found], limit)
        return [
            Place.of(level, one, self.coding, self._now, self.device) for level, one in zip(levels, found, strict=True)
        ]

    def _run(
        self,
        x: Tensor,
        codes: Codes,
        places: list[Place],
        noise: Noise | None,
        on_block: OnBlock | None,
        style: Callable[[int, Block, Place], None] = lambda n, block, place: None,
        after: Callable[[int, Tensor, large.Tile | None], None] = lambda n, x, part: None,
    ) -> Tensor:
        """All blocks and the last convolution: (h, w, C) -> (3, H, W). `style` is called before each block.

        `after` is called with each block's result, and with the tile that it was computed for if not for all.
        `codes` of the label map, `places` of the levels that are computed whole; the others follow in tiles.
        """
        whole = [n for n, block in enumerate(self._blocks) if block.level < len(places)]
        upper = range(len(whole), len(self._blocks))
        height, width = (side << (len(self._levels) - 1) for side in x.shape[:2])
        reach = large.margin([block.level for block in self._blocks], len(places), len(self._levels))
        parts = list(large.tiles(height, width, reach)) if upper else []
        done, steps = 0, len(whole) + len(parts) * len(upper)

        def tick() -> None:
            if on_block is not None:
                on_block(done, steps)

        def run(
            blocks: Sequence[int],
            x: Tensor,
            places: dict[int, Place],
            noise: Noise | None,
            part: large.Tile | None = None,
        ) -> Tensor:
            nonlocal done
            try:
                for n in blocks:
                    place = places[self._blocks[n].level]
                    tick()
                    style(n, self._blocks[n], place)
                    x = self._blocks[n].run(x, place, noise, self._work, self._now, n % 2, tick)
                    after(n, x, part)
                    done += 1
            finally:
                for level in self._levels:
                    level.forget_inner()
            return x

        x = run(whole, x, dict(enumerate(places)), noise)
        if not parts:
            return self._to_image(x, SLOPE, self._work)
        x = x.clone()  # its buffer is wanted
        codes = resize_nearest(codes, height, width)
        drawn = None if noise is None else RowNoise(noise, height, width)
        picture = torch.empty(self._to_image.channels, height, width, device=self.device)
        for part in parts:
            self._now += 1
            above = self._tile_places(codes, part, len(places))
            cut = None if drawn is None else drawn.of(part)
            y = run(upper, x[part.source(height // x.shape[0])].contiguous(), above, cut, part)
            picture[(..., *part.target)] = self._to_image(y, SLOPE, self._work)[(..., *part.inside)]
        return picture

    def _tile_places(self, codes: Codes, part: large.Tile, whole: int) -> dict[int, Place]:
        """Where a tile's rows are, for each level that is computed in tiles. `codes` of the whole picture."""
        cut = np.ascontiguousarray(codes[part.source(1)])
        top, (height, width) = len(self._levels) - 1, cut.shape
        numbers = range(whole, top + 1)
        maps = [resize_nearest(cut, height >> (top - k), width >> (top - k)) for k in numbers]
        found = [Neighbourhoods.of(one, self.coding) for one in maps]
        places = self._granted(self._levels[whole:], found, self._row_bytes - self._row_bytes // 2)
        return dict(zip(numbers, places, strict=True))

    @torch.inference_mode()
    def floor(self, height: int, width: int, precision: Precision = "float32") -> float:
        """Seconds that the main path's convolutions take by themselves for an H x W picture: what no cache can save."""
        top = len(self._levels) - 1
        like = torch.empty(0, dtype=self._dtype(precision), device=self.device)
        return sum(
            block.floor(height >> (top - block.level), width >> (top - block.level), self._work, like)
            for block in self._blocks
        )


def as_array(label_map: LabelMap) -> NDArray[np.integer[Any]]:
    """A label map as numpy."""
    return label_map.detach().cpu().numpy() if isinstance(label_map, Tensor) else np.asarray(label_map)


def check_size(height: int, width: int, stride: int) -> None:
    """Raise ValueError unless both are multiples of `stride`."""
    if height % stride or width % stride:
        raise ValueError(f"{height} x {width} is no multiple of {stride}")
