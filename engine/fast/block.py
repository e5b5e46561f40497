"""One block of a generator, ready to run: convolutions laid out for the machine, modulations as rows of places."""

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
        cls,
        residual_block: Any,
        coding: Coding,
        level: int,
        doubled: bool,
        feature_size: tuple[int, int],
        dtype: torch.dtype,
    ) -> Block:
        """From a literal residual block (`SPADEResBlk`, say) whose features are usually of that size (height, width).

        Raises ValueError: a normalisation layer of it has no fast path.
        """
        shortcut = residual_block.learned_shortcut
        return cls(
            norm_0=Layer(residual_block.norm_0, coding),
            norm_1=Layer(residual_block.norm_1, coding),
            norm_s=Layer(residual_block.norm_s, coding) if shortcut else None,
            conv_0=Convolution(as_conv(residual_block.conv_0), *feature_size, dtype),
            conv_1=Convolution(as_conv(residual_block.conv_1), *feature_size, dtype),
            conv_s=Convolution(as_conv(residual_block.conv_s), *feature_size, dtype) if shortcut else None,
            level=level,
            doubled=doubled,
        )

    def release(self, residual_block: nn.Module) -> None:
        """Free the literal block's kernels, which this one no longer looks at."""
        for convolution in (self.conv_0, self.conv_1, self.conv_s):
            if convolution is not None:
                convolution.forget_plain()
        for module in residual_block.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.new_empty(0)

    @property
    def layers(self) -> list[Layer]:
        """In the order of the network's norms."""
        return [self.norm_0, self.norm_1] + ([self.norm_s] if self.norm_s is not None else [])

    def run(
        self,
        block_input: Tensor,
        place: Place,
        noise: Noise | None,
        workspace: Workspace,
        time_stamp: int,
        buffer_turn: int,
        on_tick: Tick,
    ) -> Tensor:
        """(h, w, C) -> (H, W, O), in a buffer of its own.

        Args:
            block_input: the features; doubled on the way in if the block says so.
            place: where the rows of this picture are.
            noise: see `engine.nn.blocks.Noise`; None for none.
            workspace: the buffers.
            time_stamp: the time, for rows that are kept.
            buffer_turn: 0 or 1, other than that of the block before, whose buffer is read.
            on_tick: called often, may raise to stop.
        """
        height, width = place.neighbourhoods.height, place.neighbourhoods.width

        def features(layer: Layer, layer_input: Tensor, slope: float, doubled: bool) -> Modulated:
            noise_map = None
            if noise is not None and layer.noise is not None:
                noise_map = upload(noise(layer.number, height, width)[0, 0], block_input.device)
            modulation_rows = (
                kept_rows(layer, place, time_stamp, workspace)
                if place.slots is not None
                else PassingRows(layer, place.neighbourhoods, workspace)
            )

            def ticking(first_pixel: int, end_pixel: int) -> tuple[Tensor, Tensor]:
                on_tick()
                return modulation_rows(first_pixel, end_pixel)

            return Modulated(layer_input, ticking, noise_map, layer.noise, slope, doubled)

        block_output = workspace.get(f"block {buffer_turn}", height, width, self.conv_1.channels, like=block_input)
        if self.conv_s is not None and self.norm_s is not None:
            self.conv_s.write(features(self.norm_s, block_input, 1.0, self.doubled), block_output, workspace)
        elif self.doubled:
            block_output.view(height // 2, 2, width // 2, 2, -1).copy_(block_input[:, None, :, None])
        else:
            block_output.copy_(block_input)
        middle_features = workspace.get("middle", height, width, self.conv_0.channels, like=block_input)
        self.conv_0.write(features(self.norm_0, block_input, SLOPE, self.doubled), middle_features, workspace)
        second_input = features(self.norm_1, middle_features, SLOPE, False)
        return self.conv_1.write(second_input, block_output, workspace, accumulate=True)

    def floor(self, height: int, width: int, workspace: Workspace, like: Tensor) -> float:
        """Seconds that the convolutions take by themselves, for features of (height, width) with ready input."""
        seconds = 0.0
        convolution_pairs = ((self.conv_s, self.norm_s), (self.conv_0, self.norm_0), (self.conv_1, self.norm_1))
        for convolution, norm_layer in convolution_pairs:
            if convolution is None or norm_layer is None:
                continue
            ready_features = workspace.get("floor", height, width, norm_layer.channels, like=like).fill_(1)
            conv_output = workspace.get("floor total", height, width, convolution.channels, like=like).zero_()
            _wait_for(like.device)
            start_time = time.perf_counter()
            convolution.plain(ready_features, conv_output)
            _wait_for(like.device)
            seconds += time.perf_counter() - start_time
        return seconds


def _wait_for(device: torch.device) -> None:
    """Wait until a graphics card has finished all work that was queued."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class FromLabels:
    """The first convolution, of the label map itself: nine table rows per neighbourhood."""

    def __init__(self, start_convolution: nn.Conv2d, coding: Coding) -> None:
        self.table, self.bias = coding.weights(start_convolution.weight), bias_of(start_convolution)
        self.coding = coding

    def __call__(self, neighbourhoods: Neighbourhoods) -> Tensor:
        """(H, W, C)."""
        tap_rows = on_device(self.coding.rows(neighbourhoods.codes[:, INNER]), self.table.device)
        start_rows = F.embedding_bag(tap_rows, self.table, mode="sum") + self.bias
        row_index = on_device(neighbourhoods.index, start_rows.device)
        return start_rows.index_select(0, row_index).view(neighbourhoods.height, neighbourhoods.width, -1)
