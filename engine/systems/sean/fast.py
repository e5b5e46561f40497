"""FastSEAN: the SEAN generator's picture, evaluated once per distinct label neighbourhood.

The numbers are those of `SEANGenerator.forward` up to float32 rounding (below 1e-4 in the picture, usually 1e-6).
What an edit leaves unchanged is kept within `cache_bytes`; a picture made with kept rows has the same bytes as
one made without them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.fast.block import Block, FromLabels
from engine.fast.generator import FastGenerator, LabelMap, OnBlock, Precision, as_array
from engine.fast.neighbourhoods import Codes
from engine.fast.places import Place
from engine.fast.small import hot_of
from engine.fast.styles import ChosenStyles, style_keys
from engine.labels.pieces import PieceSlots
from engine.nn.blocks import Noise
from engine.nn.label_places import HotPieces
from engine.nn.sizes import check_size
from engine.systems.sean.network import SEANConfig, SEANGenerator


class FastSEAN(FastGenerator):
    """Renders a SEAN generator's pictures."""

    config: SEANConfig
    _generator: SEANGenerator

    def _begin(self) -> None:
        self._start = FromLabels(self._generator.start, self.coding)

    @torch.inference_mode()
    def render(
        self,
        label_map: LabelMap,
        style_codes: Tensor,
        noise: Noise | None = None,
        on_block: OnBlock | None = None,
        precision: Precision | None = None,
        pieces: PieceSlots | None = None,
    ) -> Tensor:
        """Paint one picture.

        Args:
            label_map: (H, W) integer label ids, sides multiples of `config.stride`; ids that are no label are
                pixels without label.
            style_codes: (E, L + P, D) style codes, E = 1, the number of styled blocks (crossover) or of styled norms;
                behind those of the labels the codes of the pieces.
            noise: where the layers' noise comes from; None paints without.
            on_block: called with (blocks done, blocks) before each block and often within; may raise to stop.
            precision: of this picture; that of the renderer unless given.
            pieces: P parts of regions with style codes of their own.

        Returns:
            (3, H, W) float32 in (-1, 1).
        """
        label_ids = as_array(label_map)
        height, width = label_ids.shape
        check_size((height, width), self.config.stride)
        if style_codes.dim() != 3:
            raise ValueError(f"codes are (E, L + P, D), not {tuple(style_codes.shape)}")
        with self._lock:
            self._now += 1
            labels = [*range(self.config.labels), *(pieces.labels if pieces is not None else ())]
            keys = style_keys(style_codes, labels)
            style_codes = style_codes.to(self.device, torch.float32, non_blocking=True)
            label_codes = self.coding.encode(label_ids)
            if self._literal_work.is_little(height, width):
                return self._literally(label_codes, style_codes, noise, on_block, pieces)
            coded_map, style_rows = self.coding.with_pieces(label_codes, pieces)
            code_numbers = self._generator.codes_per_norm(torch.arange(len(style_codes)).unsqueeze(0))
            code_indices = [[int(number) for number in block] for block in code_numbers]
            places = self._places(coded_map, height, width)

            def forget() -> None:
                for layer in self._layers():
                    layer.forget_style()

            def style(block_index: int, block: Block, place: Place) -> None:
                forget()
                rows = {code: style_rows[code] for code in place.styled}
                for layer, code_index in zip(block.layers, code_indices[block_index], strict=True):
                    layer.style(ChosenStyles(keys[code_index], style_codes[code_index], rows), self._now)

            features = self._start(places[0].neighbourhoods).to(self._dtype(precision))
            try:
                return self._run(features, coded_map, places, noise if self.config.noise else None, on_block, style)
            finally:
                forget()

    def _literally(
        self,
        label_codes: Codes,
        style_codes: Tensor,
        noise: Noise | None,
        on_block: OnBlock | None,
        pieces: PieceSlots | None,
    ) -> Tensor:
        """The literal network's picture (contracted style branches were slower at these sizes, on two threads)."""
        one_hot_map = hot_of(label_codes, self.coding, self.device)
        hot_pieces = HotPieces.of(pieces, self.device)
        picture: Tensor = self._generator(
            one_hot_map, style_codes.unsqueeze(0), noise, on_block=on_block, pieces=hot_pieces
        )
        return picture[0]
