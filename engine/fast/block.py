"""One block of a generator, ready to run: its convolutions laid out anew, its modulations as rows of places."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.fast.convolution import Convolution, as_conv, bias_of
from engine.fast.modulation import Layer
from engine.fast.neighbourhoods import INNER, Coding, Neighbourhoods, on_device, upload
from engine.fast.pixels import Modulated, Workspace
from engine.fast.places import PassingRows, Place, kept_rows
from engine.nn.blocks import Noise

SLOPE = 0.2
Tick = Callable[[], None]


@dataclass
class Block:
    """One ResBlk, ready to run: its layers and convolutions, its level, and whether its input is doubled first."""

    norm_0: Layer
    norm_1: Layer
    norm_s: Layer | None
    conv_0: Convolution
    conv_1: Convolution
    conv_s: Convolution | None
    level: int
    doubled: bool

    @classmethod
    def of(
        cls, part: Any, coding: Coding, level: int, doubled: bool, size: tuple[int, int], dtype: torch.dtype
    ) -> Block:
        """From a literal residual block (`SPADEResBlk`, say) whose features are usually of `size` (height, width).

        Raises ValueError: a normalisation layer of it has no fast path.
        """
        shortcut = part.learned_shortcut
        return cls(
            norm_0=Layer(part.norm_0, coding),
            norm_1=Layer(part.norm_1, coding),
            norm_s=Layer(part.norm_s, coding) if shortcut else None,
            conv_0=Convolution(as_conv(part.conv_0), *size, dtype),
            conv_1=Convolution(as_conv(part.conv_1), *size, dtype),
            conv_s=Convolution(as_conv(part.conv_s), *size, dtype) if shortcut else None,
            level=level,
            doubled=doubled,
        )

    def release(self, part: nn.Module) -> None:
        """Free the literal block's kernels, which this one no longer looks at."""
        for conv in (self.conv_0, self.conv_1, self.conv_s):
            if conv is not None:
                conv.forget_plain()
        for module in part.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.new_empty(0)

    @property
    def layers(self) -> list[Layer]:
        """In the order of the network's norms."""
        return [self.norm_0, self.norm_1] + ([self.norm_s] if self.norm_s is not None else [])

    def run(
        self, x: Tensor, place: Place, noise: Noise | None, work: Workspace, now: int, turn: int, tick: Tick
    ) -> Tensor:
        """(h, w, C) -> (H, W, O), in a buffer of its own.

        Args:
            x: the features; doubled on the way in if the block says so.
            place: where the rows of this picture are.
            noise: see `engine.nn.blocks.Noise`; None for none.
            work: the buffers.
            now: the time, for rows that are kept.
            turn: 0 or 1, other than that of the block before, whose buffer is read.
            tick: called often, may raise to stop.
        """
        height, width = place.found.height, place.found.width

        def features(layer: Layer, source: Tensor, slope: float, doubled: bool) -> Modulated:
            drawn = None
            if noise is not None and layer.noise is not None:
                drawn = upload(noise(layer.number, height, width)[0, 0], x.device)
            kept = place.slots is not None
            rows = kept_rows(layer, place, now, work) if kept else PassingRows(layer, place.found, work)

            def ticking(first: int, last: int) -> tuple[Tensor, Tensor]:
                tick()
                return rows(first, last)

            return Modulated(source, ticking, drawn, layer.noise, slope, doubled)

        total = work.get(f"block {turn}", height, width, self.conv_1.channels, like=x)
        if self.conv_s is not None and self.norm_s is not None:
            self.conv_s.write(features(self.norm_s, x, 1.0, self.doubled), total, work)
        elif self.doubled:
            total.view(height // 2, 2, width // 2, 2, -1).copy_(x[:, None, :, None])
        else:
            total.copy_(x)
        dx = work.get("middle", height, width, self.conv_0.channels, like=x)
        self.conv_0.write(features(self.norm_0, x, SLOPE, self.doubled), dx, work)
        return self.conv_1.write(features(self.norm_1, dx, SLOPE, False), total, work, onto=True)

    def floor(self, height: int, width: int, work: Workspace, like: Tensor) -> float:
        """Seconds that the convolutions take by themselves, for features of (height, width) with ready input."""
        seconds = 0.0
        pairs = ((self.conv_s, self.norm_s), (self.conv_0, self.norm_0), (self.conv_1, self.norm_1))
        for conv, norm in pairs:
            if conv is None or norm is None:
                continue
            x = work.get("floor", height, width, norm.channels, like=like).fill_(1)
            total = work.get("floor total", height, width, conv.channels, like=like).zero_()
            _finish(like.device)
            started = time.perf_counter()
            conv.plain(x, total)
            _finish(like.device)
            seconds += time.perf_counter() - started
        return seconds


def _finish(device: torch.device) -> None:
    """Wait until a graphics card has done what it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class FromLabels:
    """The first convolution, of the label map itself: nine table rows per neighbourhood."""

    def __init__(self, conv: nn.Conv2d, coding: Coding) -> None:
        self.table, self.bias, self.coding = coding.weights(conv.weight), bias_of(conv), coding

    def __call__(self, found: Neighbourhoods) -> Tensor:
        """(H, W, C)."""
        taps = on_device(self.coding.rows(found.codes[:, INNER]), self.table.device)
        rows = F.embedding_bag(taps, self.table, mode="sum") + self.bias
        index = on_device(found.index, rows.device)
        return rows.index_select(0, index).view(found.height, found.width, -1)
