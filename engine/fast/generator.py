"""What fast renderers share: the blocks of a generator, what is kept for them, and the way through the network."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    megabytes_text = os.environ.get(CACHE_VARIABLE, "")
    return (int(megabytes_text) if megabytes_text.isascii() and megabytes_text.isdigit() else CACHE_MEGABYTES) << 20


LabelMap = NDArray[np.integer[Any]] | Tensor
Precision = Literal["float32", "bfloat16"]
OnBlock = Callable[[int, int], None]


ChooseStyles = Callable[[int, Block, Place], None]
"""(block's number, block, its place), before the block runs."""
AfterBlock = Callable[[int, Tensor, large.Tile | None], None]
"""(block's number, its result, the tile that it is of or None), after the block has run."""


@dataclass
class _Watch:
    """Who is told of the blocks of one picture, and how many of its `block_runs` are done."""

    block_runs: int
    on_block: OnBlock | None
    choose_styles: ChooseStyles
    after_block: AfterBlock
    blocks_done: int = 0

    def tick(self) -> None:
        """Tell how far it is; often, also within a block."""
        if self.on_block is not None:
            self.on_block(self.blocks_done, self.block_runs)


class FastGenerator:
    """Renders a literal generator's pictures.

    Subclasses know what a picture starts from and its styles (`_begin`); their constructor is this one.

    Args:
        generator: the literal network, in eval mode, spectral norm folded. It has a `config` with labels, edges,
            `upsample_before` and `start`, residual `blocks` and a last convolution `to_image`.
        cache_bytes: limit of what is kept between pictures, least recently used out first; None: the usual one.
        precision: of the main path's convolutions, where a render does not say; "bfloat16" means float32 where the
            hardware has no use for it. Modulations are always computed in float32.
        release: free each kernel of the blocks once it has been laid out, so that weights exist once. The
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
        residual_blocks, doubled_before, start_size = list(generator.blocks), config.upsample_before, config.start
        coding = Coding(config.labels, config.edges)
        cache_bytes = default_cache_bytes() if cache_bytes is None else cache_bytes
        self.cache_bytes, self.precision, self.coding = cache_bytes, precision, coding
        self.device = to_image.weight.device
        self._lock, self._work, self._now = threading.Lock(), Workspace(), 0
        self._to_image = ToImage(to_image)
        self._blocks: list[Block] = []
        levels = [sum(doubled_before[: block_index + 1]) for block_index in range(len(doubled_before))]
        self._literal_work, dtype = LiteralWork(residual_blocks, levels), self._dtype(precision)
        release = release and not self._literal_work.kept
        for residual_block, is_doubled, level in zip(residual_blocks, doubled_before, levels, strict=True):
            feature_size = start_size[0] << level, start_size[1] << level
            self._blocks.append(Block.of(residual_block, coding, level, is_doubled, feature_size, dtype))
            if release:
                self._blocks[-1].release(residual_block)
        if release:
            return_freed_memory()
        self._levels = [
            Level([layer for block in self._blocks if block.level == level_number for layer in block.layers])
            for level_number in range(levels[-1] + 1)
        ]
        self._last: tuple[Codes, tuple[int, int], list[Neighbourhoods]] | None = None
        self._last_limit = int(cache_bytes * PLACES_SHARE)
        branches = [layer.styles for layer in self._layers() if layer.styles is not None]
        style_bytes = int(cache_bytes * STYLE_SHARE) if branches else 0
        self._row_bytes = cache_bytes - self._last_limit - style_bytes
        for branch in branches:  # the same number of styles each
            branch.slots = max(0, style_bytes // sum(style_branch.row_bytes for style_branch in branches) - 1)
        self._begin()

    def _require_fast_path(self) -> None:
        """Raise ValueError if the system knows that there is none for this config."""

    def _begin(self) -> None:
        """Read what is the system's own from the literal network, once the blocks are laid out."""

    def _layers(self) -> list[Layer]:
        return [layer for block in self._blocks for layer in block.layers]

    # ------------------------------------------------------------ what is kept

    def clear(self) -> None:
        """Free all kept rows and buffers. The next picture is the same, only later."""
        with self._lock:
            self._last = None
            self._work.clear()
            for level in self._levels:
                level.clear()
                level.ceiling = 0
            for layer in self._layers():
                if layer.styles is not None:
                    layer.styles.clear()

    # ------------------------------------------------------------ rendering

    def _dtype(self, precision: Precision | None) -> torch.dtype:
        half_precision = (precision or self.precision) == "bfloat16" and has_bfloat16(self.device)
        return torch.bfloat16 if half_precision else torch.float32

    def _places(self, codes: Codes, height: int, width: int) -> list[Place]:
        """Where the rows are, for a picture of (H, W) and these codes, of each level that is computed whole."""
        whole_count = large.levels_whole(height, width, len(self._levels))
        if self._last is not None and self._last[1] == (height, width) and np.array_equal(self._last[0], codes):
            neighbourhoods = self._last[2]
        else:
            last_level = len(self._levels) - 1
            shrinkings = [last_level - level for level in range(whole_count)]  # how often each level's size is halved
            level_codes = [resize_nearest(codes, height >> halvings, width >> halvings) for halvings in shrinkings]
            neighbourhoods = [Neighbourhoods.of(codes_there, self.coding) for codes_there in level_codes]
            held_bytes = codes.nbytes + sum(level_neighbourhoods.bytes for level_neighbourhoods in neighbourhoods)
            if held_bytes <= self._last_limit:
                self._last = codes, (height, width), neighbourhoods
            else:
                self._last = None
        row_limit = self._row_bytes
        if whole_count < len(self._levels):
            row_limit //= 2
            hold_to(self._levels[whole_count:], self._row_bytes - row_limit)
        return self._granted(self._levels[:whole_count], neighbourhoods, row_limit)

    def _granted(self, levels: list[Level], neighbourhoods: list[Neighbourhoods], byte_limit: int) -> list[Place]:
        grant(levels, [len(level_neighbourhoods) for level_neighbourhoods in neighbourhoods], byte_limit)
        return [
            Place.of(level, level_neighbourhoods, self.coding, self._now, self.device)
            for level, level_neighbourhoods in zip(levels, neighbourhoods, strict=True)
        ]

    def _run(
        self,
        features: Tensor,
        codes: Codes,
        places: list[Place],
        noise: Noise | None,
        on_block: OnBlock | None,
        choose_styles: ChooseStyles = lambda block_index, block, place: None,
        after_block: AfterBlock = lambda block_index, features, tile: None,
    ) -> Tensor:
        """All blocks and the last convolution: (h, w, C) -> (3, H, W). `choose_styles` is called before each block.

        `after_block` is called with each block's result, and with the tile that it was computed for if not for all.
        `codes` of the label map, `places` of the levels that are computed whole; the others follow in tiles.
        """
        whole_blocks = [block_index for block_index, block in enumerate(self._blocks) if block.level < len(places)]
        tiled_blocks = range(len(whole_blocks), len(self._blocks))
        height, width = (side << (len(self._levels) - 1) for side in features.shape[:2])
        tile_margin = large.margin([block.level for block in self._blocks], len(places), len(self._levels))
        picture_tiles = list(large.tiles(height, width, tile_margin)) if tiled_blocks else []
        block_runs = len(whole_blocks) + len(picture_tiles) * len(tiled_blocks)
        watch = _Watch(block_runs, on_block, choose_styles, after_block)
        features = self._run_blocks(whole_blocks, features, dict(enumerate(places)), noise, watch)
        if not picture_tiles:
            return self._to_image(features, SLOPE, self._work)
        features = features.clone()  # its buffer is the workspace's, which the tiles reuse
        codes = resize_nearest(codes, height, width)
        row_noise = None if noise is None else RowNoise(noise, height, width)
        picture = torch.empty(self._to_image.channels, height, width, device=self.device)
        for tile in picture_tiles:
            self._now += 1
            tile_places = self._tile_places(codes, tile, len(places))
            tile_noise = None if row_noise is None else row_noise.of(tile)
            tile_features = features[tile.source(height // features.shape[0])].contiguous()
            tile_features = self._run_blocks(tiled_blocks, tile_features, tile_places, tile_noise, watch, tile)
            picture[(..., *tile.target)] = self._to_image(tile_features, SLOPE, self._work)[(..., *tile.inside)]
        return picture

    def _run_blocks(
        self,
        block_indices: Sequence[int],
        features: Tensor,
        level_places: dict[int, Place],
        noise: Noise | None,
        watch: _Watch,
        tile: large.Tile | None = None,
    ) -> Tensor:
        """Some blocks, one after the other, of the whole picture or of a tile: (h, w, C) -> (h', w', C')."""
        try:
            for block_index in block_indices:
                block = self._blocks[block_index]
                level_place = level_places[block.level]
                watch.tick()
                watch.choose_styles(block_index, block, level_place)
                features = block.run(
                    features, level_place, noise, self._work, self._now, block_index % 2, watch.tick
                )
                watch.after_block(block_index, features, tile)
                watch.blocks_done += 1
        finally:
            for level in self._levels:
                level.forget_inner()
        return features

    def _tile_places(self, codes: Codes, tile: large.Tile, whole_count: int) -> dict[int, Place]:
        """Where a tile's rows are, for each level that is computed in tiles. `codes` of the whole picture."""
        tile_codes = np.ascontiguousarray(codes[tile.source(1)])
        last_level, (height, width) = len(self._levels) - 1, tile_codes.shape
        level_numbers = range(whole_count, last_level + 1)
        shrinkings = [last_level - level for level in level_numbers]
        level_codes = [resize_nearest(tile_codes, height >> halvings, width >> halvings) for halvings in shrinkings]
        neighbourhoods = [Neighbourhoods.of(codes_there, self.coding) for codes_there in level_codes]
        places = self._granted(self._levels[whole_count:], neighbourhoods, self._row_bytes - self._row_bytes // 2)
        return dict(zip(level_numbers, places, strict=True))

    @torch.inference_mode()
    def floor(self, height: int, width: int, precision: Precision = "float32") -> float:
        """Seconds that the main path's convolutions take by themselves for an H x W picture: what no cache can save."""
        last_level = len(self._levels) - 1
        like_tensor = torch.empty(0, dtype=self._dtype(precision), device=self.device)
        return sum(
            block.floor(
                height >> (last_level - block.level), width >> (last_level - block.level), self._work, like_tensor
            )
            for block in self._blocks
        )


def as_array(label_map: LabelMap) -> NDArray[np.integer[Any]]:
    """A label map (H, W), tensor or array, as numpy."""
    return label_map.detach().cpu().numpy() if isinstance(label_map, Tensor) else np.asarray(label_map)
