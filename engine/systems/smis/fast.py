"""FastSMIS: GroupDNet's picture, evaluated once per distinct label neighbourhood.

As exact as `engine.systems.sean.fast`. The latents enter at the first convolution only, so a new latent costs the
main path and nothing else; modulations depend on the label map alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.fast.convolution import ToImage
from engine.fast.gate import Gate
from engine.fast.generator import FastGenerator, LabelMap, OnBlock, Precision, as_array, check_size
from engine.fast.large import Tile
from engine.fast.neighbourhoods import Codes
from engine.fast.pixels import Workspace
from engine.fast.small import hot_of
from engine.nn.blocks import resize_nearest
from engine.systems.smis.network import SMISConfig, SMISGenerator


class FusedToImage(ToImage):
    """The rivals' fusion module (leaky_relu and 3 x 3 convolutions) before the last convolution."""

    def __init__(self, fusion: Sequence[nn.Module], to_image: nn.Conv2d) -> None:
        super().__init__(to_image)
        self.fusion = list(fusion)

    def __call__(self, x: Tensor, slope: float, work: Workspace) -> Tensor:
        """(H, W, C) -> (O, H, W) float32."""
        nchw = x.float().permute(2, 0, 1).unsqueeze(0)
        for conv in self.fusion:
            nchw = conv(F.leaky_relu(nchw, slope))
        return super().__call__(nchw[0].permute(1, 2, 0).contiguous(), slope, work)


class FastSMIS(FastGenerator):
    """Renders a GroupDNet's pictures, whatever its schedule; not MulNet's (`config.separate`)."""

    config: SMISConfig
    _generator: SMISGenerator

    def _require_fast_path(self) -> None:
        if self.config.separate:
            raise ValueError("there is no fast path for one network per label")

    def _begin(self) -> None:
        self._gate_after = self._generator.gate_after
        if self._generator.fusion:
            self._to_image = FusedToImage(list(self._generator.fusion), self._generator.to_image)

    @torch.inference_mode()
    def render(
        self,
        label_map: LabelMap,
        z: Tensor,
        on_block: OnBlock | None = None,
        precision: Precision | None = None,
        *,
        edges: NDArray[np.bool_] | None = None,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Paint one picture.

        Args:
            label_map: (h, w) integer label ids; ids that are no label are pixels without label.
            z: (L * latent, any, any) latents, label by label; resized (nearest) to (H, W) / `config.stride`.
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            precision: of this picture; that of the renderer unless given.
            edges: (h, w) the edges between instances, for networks that take them.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.

        Returns:
            (3, H, W) float32 in (-1, 1).

        Raises:
            ValueError: another size, latents of another network, edges missing or not wanted.
        """
        array = as_array(label_map)
        height, width = array.shape if size is None else size
        stride = self.config.stride
        check_size(height, width, stride)
        if (edges is not None) != self.config.edges:
            raise ValueError(f"this network takes {'edges' if self.config.edges else 'no edges'}")
        if z.dim() != 3 or z.shape[0] != self.config.latent_shape[0]:
            raise ValueError(f"latents {tuple(z.shape)} are not of this network, {self.config.latent_shape} are")
        with self._lock:
            self._now += 1
            codes = self.coding.encode(array, edges)
            latent = resize_nearest(z.unsqueeze(0).to(self.device, torch.float32), height // stride, width // stride)
            if self._literal_work.is_little(height, width):
                hot = hot_of(codes, self.coding, self.device)
                picture: Tensor = self._generator(hot, latent, on_block, (height, width))
                return picture[0]
            places = self._places(codes, height, width)
            x = self._generator.start(latent)[0].permute(1, 2, 0).contiguous()
            gated = self._gating(codes, height, width)
            return self._run(x.to(self._dtype(precision)), codes, places, None, on_block, after_block=gated)

    def _gating(self, codes: Codes, height: int, width: int) -> Callable[[int, Tensor, Tile | None], None]:
        """What follows each block of an (H, W) picture: after one of them, features are kept to their regions."""
        if self._gate_after is None:
            return lambda n, x, part: None
        grain = 1 << (len(self._levels) - 1 - self._blocks[self._gate_after].level)
        gate = Gate(codes, self.coding, height // grain, width // grain)

        def after(n: int, x: Tensor, part: Tile | None) -> None:
            if n == self._gate_after:
                gate.apply(x, (slice(None), slice(None)) if part is None else part.source(grain))

        return after
