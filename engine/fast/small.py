"""Small pictures of small networks: painted by the literal network, which is quicker there.

Finding neighbourhoods, looking rows up and calling many small operations costs a millisecond or so per normalisation
layer; where the literal network needs no more than that, there is nothing to save. The choice depends on the network
and the picture's size alone, never on what is kept, so that the same request has the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.fast.neighbourhoods import Codes, Coding, on_device
from engine.nn.blocks import one_hot

LITERAL_WORK = 0.2e9
"""Floating-point operations per normalisation layer, below which the literal network paints (measured: at 0.13 it was
1.1 times as fast as a first picture here, at 0.23 only 0.7 times)."""
LITERAL_BYTES = 64 << 20
"""Decoders with more weights than this are not kept twice, and never paint literally."""


class LiteralWork:
    """How much work a network's blocks are, literally, for a picture of any size."""

    def __init__(self, residual_blocks: Sequence[nn.Module], levels: Sequence[int]) -> None:
        self._numbers = [0] * (levels[-1] + 1)  # of kernels, by level
        self.layers = 0
        for residual_block, level in zip(residual_blocks, levels, strict=True):
            for module in residual_block.modules():
                if isinstance(module, nn.Conv2d):
                    self._numbers[level] += module.weight.numel()
                self.layers += isinstance(module, nn.BatchNorm2d)
        weight_count = sum(parameter.numel() for block in residual_blocks for parameter in block.parameters())
        self.kept = LITERAL_WORK > 0 and weight_count * 4 <= LITERAL_BYTES

    def is_little(self, height: int, width: int) -> bool:
        """Whether a picture of (H, W) is better painted literally."""
        last_level = len(self._numbers) - 1
        operations = sum(
            2 * kernel_numbers * (height >> (last_level - level_number)) * (width >> (last_level - level_number))
            for level_number, kernel_numbers in enumerate(self._numbers)
        )
        return self.kept and operations < LITERAL_WORK * self.layers


def hot_of(codes: Codes, coding: Coding, device: torch.device) -> Tensor:
    """(H, W) codes -> (1, labels [+ 1 for edges], H, W): what the literal network takes."""
    code_tensor = on_device(codes, device).long().unsqueeze(0)
    one_hot_map = one_hot(code_tensor % (coding.labels + 1), coding.labels)
    if coding.edges:
        one_hot_map = torch.cat([one_hot_map, (code_tensor > coding.labels).unsqueeze(1).float()], dim=1)
    return one_hot_map.contiguous(memory_format=torch.channels_last)
