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
from engine.fast.generator import FastGenerator, LabelMap, OnBlock, Precision, as_array
from engine.fast.large import Tile
from engine.fast.neighbourhoods import Codes
from engine.fast.pixels import Workspace
from engine.fast.small import hot_of
from engine.nn.blocks import resize_nearest
from engine.nn.sizes import check_size
from engine.systems.smis.network import SMISConfig, SMISGenerator


class FusedToImage(ToImage):
    """The rivals' fusion module (leaky_relu and 3 x 3 convolutions) before the last convolution."""

    def __init__(self, fusion: Sequence[nn.Module], to_image: nn.Conv2d) -> None:
        super().__init__(to_image)
        self.fusion = list(fusion)

    def __call__(self, features: Tensor, slope: float, workspace: Workspace) -> Tensor:
        """(H, W, C) -> (O, H, W) float32."""
        channels_first = features.float().permute(2, 0, 1).unsqueeze(0)
        for fusion_layer in self.fusion:
            channels_first = fusion_layer(F.leaky_relu(channels_first, slope))
        return super().__call__(channels_first[0].permute(1, 2, 0).contiguous(), slope, workspace)


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
        latents: Tensor,
        on_block: OnBlock | None = None,
        precision: Precision | None = None,
        *,
        edges: NDArray[np.bool_] | None = None,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Paint one picture.

        Args:
            label_map: (h, w) integer label ids; ids that are no label are pixels without label.
            latents: (L * latent, any, any) latents, label by label; resized (nearest) to (H, W) / `config.stride`.
            on_block: called with (blocks done, blocks) before each block; may raise to stop.
            precision: of this picture; that of the renderer unless given.
            edges: (h, w) the edges between instances, for networks that take them.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.

        Returns:
            (3, H, W) float32 in (-1, 1).

        Raises:
            ValueError: another size, latents of another network, edges missing or not wanted.
        """
        label_ids = as_array(label_map)
        height, width = label_ids.shape if size is None else size
        stride = self.config.stride
        check_size((height, width), stride)
        if (edges is not None) != self.config.edges:
            raise ValueError(f"this network takes {'edges' if self.config.edges else 'no edges'}")
        if latents.dim() != 3 or latents.shape[0] != self.config.latent_shape[0]:
            raise ValueError(f"latents {tuple(latents.shape)} are not of this network, {self.config.latent_shape} are")
        with self._lock:
            self._now += 1
            coded_map = self.coding.encode(label_ids, edges)
            resized_latents = resize_nearest(
                latents.unsqueeze(0).to(self.device, torch.float32), height // stride, width // stride
            )
            if self._literal_work.is_little(height, width):
                condition = hot_of(coded_map, self.coding, self.device)
                picture: Tensor = self._generator(condition, resized_latents, on_block, (height, width))
                return picture[0]
            places = self._places(coded_map, height, width)
            features = self._generator.start(resized_latents)[0].permute(1, 2, 0).contiguous()
            after_block = self._gating(coded_map, height, width)
            return self._run(
                features.to(self._dtype(precision)), coded_map, places, None, on_block, after_block=after_block
            )

    def _gating(self, coded_map: Codes, height: int, width: int) -> Callable[[int, Tensor, Tile | None], None]:
        """What follows each block of an (H, W) picture: after one of them, features are kept to their regions."""
        if self._gate_after is None:
            return lambda block_index, features, tile: None
        pixels_per_feature = 1 << (len(self._levels) - 1 - self._blocks[self._gate_after].level)
        gate = Gate(coded_map, self.coding, height // pixels_per_feature, width // pixels_per_feature)

        def after(block_index: int, features: Tensor, tile: Tile | None) -> None:
            if block_index == self._gate_after:
                gate.apply(features, (slice(None), slice(None)) if tile is None else tile.source(pixels_per_feature))

        return after
