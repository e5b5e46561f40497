"""FastSPADE: the SPADE generator's picture, evaluated once per distinct label neighbourhood.

As exact as `engine.systems.sean.fast`; there are no styles per label, so modulations depend on the label map alone.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.fast.block import FromLabels
from engine.fast.generator import FastGenerator, LabelMap, OnBlock, Precision, as_array
from engine.fast.small import hot_of
from engine.nn.sizes import check_size
from engine.systems.spade.network import SPADEConfig, SPADEGenerator


class FastSPADE(FastGenerator):
    """Renders a SPADE generator's pictures."""

    config: SPADEConfig
    _generator: SPADEGenerator

    def _begin(self) -> None:
        start_layer = self._generator.start
        self._labels = FromLabels(start_layer, self.coding) if isinstance(start_layer, nn.Conv2d) else None

    @torch.inference_mode()
    def render(
        self,
        label_map: LabelMap,
        style_vector: Tensor | None = None,
        on_block: OnBlock | None = None,
        precision: Precision | None = None,
        *,
        edges: NDArray[np.bool_] | None = None,
        size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Paint one picture.

        Args:
            label_map: (h, w) integer label ids; ids that are no label are pixels without label.
            style_vector: (latent,) style vector, for networks with a latent.
            on_block: called with (blocks done, blocks) before each block and often within; may raise to stop.
            precision: of this picture; that of the renderer unless given.
            edges: (h, w) the edges between instances, for networks that take them.
            size: (H, W) of the picture, multiples of `config.stride`; the label map's unless given.

        Returns:
            (3, H, W) float32 in (-1, 1).

        Raises:
            ValueError: another size, edges or a style vector missing or not wanted.
        """
        label_ids = as_array(label_map)
        height, width = label_ids.shape if size is None else size
        check_size((height, width), self.config.stride)
        if (edges is not None) != self.config.edges:
            raise ValueError(f"this network takes {'edges' if self.config.edges else 'no edges'}")
        if (style_vector is not None) != bool(self.config.latent):
            raise ValueError(f"this network takes a style vector of length {self.config.latent}")
        first_size = height // self.config.stride, width // self.config.stride
        if style_vector is not None and first_size != self.config.start:
            raise ValueError(f"{height} x {width}: with a style vector this network paints its trained size only")
        with self._lock:
            self._now += 1
            coded_map = self.coding.encode(label_ids, edges)
            if self._literal_work.is_little(height, width):
                condition = hot_of(coded_map, self.coding, self.device)
                batched_vector = None if style_vector is None else style_vector.to(self.device).view(1, -1)
                picture: Tensor = self._generator(condition, batched_vector, on_block, (height, width))
                return picture[0]
            places = self._places(coded_map, height, width)
            if self._labels is not None:
                features = self._labels(places[0].neighbourhoods)
            else:
                assert style_vector is not None
                features = (
                    self._generator.start(style_vector.to(self.device).view(1, -1))
                    .view(-1, *first_size)
                    .permute(1, 2, 0)
                    .contiguous()
                )
            return self._run(features.to(self._dtype(precision)), coded_map, places, None, on_block)
