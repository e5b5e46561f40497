"""FastSEAN: the SEAN generator's picture, evaluated once per distinct label neighbourhood.

The numbers are those of `SEANGenerator.forward` up to float32 rounding (below 1e-4 in the picture, usually 1e-6).
What an edit leaves unchanged is kept within `cache_bytes`; a picture made with kept rows has the same bytes as
one made afresh.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.fast.convolution import Convolution, ToImage, as_conv, bias_of, has_bfloat16
from engine.fast.levels import Level, grant
from engine.fast.modulation import Layer, tap_index, tap_table
from engine.fast.neighbourhoods import INNER, Codes, Coding, Neighbourhoods, resize_nearest
from engine.fast.pixels import Modulated, Workspace
from engine.fast.places import PassingRows, Place, kept_rows
from engine.fast.styles import style_keys
from engine.models.sean import SEANGenerator
from engine.nn.blocks import Noise
from engine.nn.sean import SEANResBlk

MEGABYTE = 1 << 20
CACHE_BYTES = 256 * MEGABYTE
STYLE_SHARE = 0.25
SLOPE = 0.2

LabelMap = NDArray[np.integer[Any]] | Tensor
Precision = Literal["float32", "bfloat16"]
OnBlock = Callable[[int, int], None]


@dataclass
class Block:
    """One SEAN ResBlk, ready to run."""

    norm_0: Layer
    norm_1: Layer
    norm_s: Layer | None
    conv_0: Convolution
    conv_1: Convolution
    conv_s: Convolution | None
    level: int
    doubled: bool

    @property
    def layers(self) -> list[Layer]:
        """In the order of the network's norms."""
        return [self.norm_0, self.norm_1] + ([self.norm_s] if self.norm_s is not None else [])


class FastSEAN:
    """Renders a SEAN generator's pictures.

    Args:
        generator: in eval mode, spectral norm folded.
        cache_bytes: limit of what is kept between pictures: three quarters for modulation rows, one for style rows.
        precision: of the main path's convolutions, where a render does not say; "bfloat16" means float32 where the
            hardware has no use for it. Modulations are always computed in float32.
        release: free each kernel of the generator once it has been laid out anew, so that weights exist once. The
            generator can then still encode styles, but not paint.
    """

    def __init__(
        self,
        generator: SEANGenerator,
        *,
        cache_bytes: int = CACHE_BYTES,
        precision: Precision = "float32",
        release: bool = False,
    ) -> None:
        if generator.training:
            raise ValueError("the generator must be in eval mode")
        self.config = generator.config
        self.cache_bytes = cache_bytes
        self.precision = precision
        self.coding = Coding(self.config.labels)
        self._codes_per_norm = generator.codes_per_norm
        self._lock = threading.Lock()
        self._work = Workspace()
        self._now = 0
        with torch.no_grad():
            self._start = tap_table(generator.start.weight, self.coding)
            self._start_bias = bias_of(generator.start)
            self._to_image = ToImage(generator.to_image)
            self._blocks = self._build(generator, release)
        depth = self._blocks[-1].level + 1
        self._levels = [
            Level([layer for block in self._blocks if block.level == k for layer in block.layers]) for k in range(depth)
        ]
        self._divide_styles()
        self._last: tuple[Codes, list[Neighbourhoods]] | None = None

    def _build(self, generator: SEANGenerator, release: bool) -> list[Block]:
        blocks, level = [], 0
        for part, doubled in zip(generator.blocks, self.config.upsample_before, strict=True):
            assert isinstance(part, SEANResBlk)
            level += int(doubled)
            side = self.config.resolution // self.config.stride << level
            layers = [Layer(norm, self.coding) for norm in part.norms()]
            blocks.append(
                Block(
                    norm_0=layers[0],
                    norm_1=layers[1],
                    norm_s=layers[2] if part.learned_shortcut else None,
                    conv_0=Convolution(as_conv(part.conv_0), side, side),
                    conv_1=Convolution(as_conv(part.conv_1), side, side),
                    conv_s=Convolution(as_conv(part.conv_s), side, side) if part.learned_shortcut else None,
                    level=level,
                    doubled=doubled,
                )
            )
            if release:
                for module in part.modules():
                    if isinstance(module, torch.nn.Conv2d):
                        module.weight.data = module.weight.new_empty(0)
        return blocks

    def _divide_styles(self) -> None:
        """Grant the style branches their share: the same number of styles each."""
        branches = [layer.styles for block in self._blocks for layer in block.layers if layer.styles is not None]
        each = sum(branch.row_bytes for branch in branches)
        for branch in branches:
            branch.slots = max(0, int(self.cache_bytes * STYLE_SHARE) // each - 1)

    # ------------------------------------------------------------ what is kept

    @property
    def cached_bytes(self) -> int:
        """Memory of everything kept between pictures, buffers excepted; never above `cache_bytes`."""
        styles = sum(layer.styles.bytes for block in self._blocks for layer in block.layers if layer.styles is not None)
        return styles + sum(level.bytes for level in self._levels)

    @property
    def buffer_bytes(self) -> int:
        """Memory of the buffers that renders share; they grow with the largest picture only."""
        return self._work.bytes

    def clear(self) -> None:
        """Free all kept rows and buffers. The next picture is the same, only later."""
        with self._lock:
            self._last = None
            self._work.clear()
            for level in self._levels:
                level.clear()
                level.ceiling = 0
            for block in self._blocks:
                for layer in block.layers:
                    if layer.styles is not None:
                        layer.styles.clear()

    # ------------------------------------------------------------ rendering

    @torch.inference_mode()
    def render(
        self,
        label_map: LabelMap,
        codes: Tensor,
        noise: Noise | None = None,
        on_block: OnBlock | None = None,
        precision: Precision | None = None,
    ) -> Tensor:
        """Paint one picture.

        Args:
            label_map: (H, W) integer label ids, sides multiples of `config.stride`; ids that are no label are
                pixels without label.
            codes: (E, L, D) style codes, E = 1, the number of styled blocks (crossover) or of styled norms.
            noise: where the layers' noise comes from; None paints without.
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            precision: of this picture; that of the renderer unless given.

        Returns:
            (3, H, W) float32 in (-1, 1).
        """
        array = label_map.detach().cpu().numpy() if isinstance(label_map, Tensor) else np.asarray(label_map)
        height, width = array.shape
        stride = self.config.stride
        if height % stride or width % stride:
            raise ValueError(f"{height} x {width} is no multiple of {stride}")
        if codes.dim() != 3:
            raise ValueError(f"codes are (E, L, D), not {tuple(codes.shape)}")
        with self._lock:
            lower = (precision or self.precision) == "bfloat16" and has_bfloat16(self._start.device)
            dtype = torch.bfloat16 if lower else torch.float32
            return self._render(array, codes, noise if self.config.noise else None, on_block, dtype)

    def render_batch(
        self,
        label_maps: Sequence[LabelMap] | Tensor,
        codes: Tensor,
        noise: Noise | None = None,
        on_block: OnBlock | None = None,
    ) -> Tensor:
        """Paint several: label maps (B, H, W) and codes (B, E, L, D) -> (B, 3, H, W), each as `render` paints it."""
        pairs = zip(label_maps, codes, strict=True)
        return torch.stack([self.render(label_map, code, noise, on_block) for label_map, code in pairs])

    def _render(
        self,
        label_map: NDArray[np.integer[Any]],
        codes: Tensor,
        noise: Noise | None,
        on_block: OnBlock | None,
        dtype: torch.dtype,
    ) -> Tensor:
        self._now += 1
        codes = codes.to(self._start.device, torch.float32)
        keys = style_keys(codes)
        entries = [
            [int(entry) for entry in block] for block in self._codes_per_norm(torch.arange(len(codes)).unsqueeze(0))
        ]
        places = self._places(self.coding.encode(label_map))
        x = self._first(places[0]).to(dtype)
        for n, block in enumerate(self._blocks):
            if on_block is not None:
                on_block(n, len(self._blocks))
            for layer, entry in zip(block.layers, entries[n], strict=True):
                layer.style(keys[entry], codes[entry], places[block.level].labels, self._now)
            x = self._block(n, x, places[block.level], noise)
        return self._to_image(x, SLOPE, self._work)

    def _places(self, codes: Codes) -> list[Place]:
        """Where each level's rows are for this label map."""
        if self._last is not None and np.array_equal(self._last[0], codes):
            found = self._last[1]
        else:
            top = len(self._levels) - 1
            maps = [
                resize_nearest(codes, codes.shape[0] >> (top - k), codes.shape[1] >> (top - k)) for k in range(top + 1)
            ]
            found = [Neighbourhoods.of(one, self.coding) for one in maps]
            self._last = codes, found
        limit = self.cache_bytes - int(self.cache_bytes * STYLE_SHARE)
        grant(self._levels, [len(one) for one in found], limit)
        places = []
        for level, one in zip(self._levels, found, strict=True):
            places.append(Place.of(level, one, self.coding, self._now, self._start.device))
        return places

    def _first(self, place: Place) -> Tensor:
        """The first convolution: nine table rows per neighbourhood."""
        taps = tap_index(place.found.codes[:, INNER], self.coding, self._start.device)
        rows = F.embedding_bag(taps, self._start, mode="sum") + self._start_bias
        index = torch.from_numpy(place.found.index).to(rows.device)
        return rows.index_select(0, index).view(place.found.height, place.found.width, -1)

    def _block(self, n: int, x: Tensor, place: Place, noise: Noise | None) -> Tensor:
        """Block n: (h, w, C) -> (H, W, O), in a buffer of its own."""
        block, work = self._blocks[n], self._work
        height, width = place.found.height, place.found.width

        def features(layer: Layer, source: Tensor, slope: float, doubled: bool) -> Modulated:
            drawn = noise(layer.number, height, width)[0, 0].to(x.device) if noise is not None else None
            rows = (
                kept_rows(layer, place, self._now, work)
                if place.slots is not None
                else PassingRows(layer, place.found, work)
            )
            return Modulated(source, rows, drawn, layer.noise, slope, doubled)

        total = work.get(f"block {n % 2}", height, width, block.conv_1.channels, like=x)
        if block.conv_s is not None and block.norm_s is not None:
            block.conv_s.write(features(block.norm_s, x, 1.0, block.doubled), total, work)
        elif block.doubled:
            total.view(height // 2, 2, width // 2, 2, -1).copy_(x[:, None, :, None])
        else:
            total.copy_(x)
        dx = work.get("middle", height, width, block.conv_0.channels, like=x)
        block.conv_0.write(features(block.norm_0, x, SLOPE, block.doubled), dx, work)
        return block.conv_1.write(features(block.norm_1, dx, SLOPE, False), total, work, onto=True)
