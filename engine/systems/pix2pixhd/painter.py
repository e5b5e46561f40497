"""One pix2pixHD in use: a short code per label, averaged over its region; or no styles, without a feature encoder."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.nn.label_places import HotPieces
from engine.painting.painter import Array, OnBlock
from engine.painting.sizes import Fitted
from engine.painting.style_spread import DrawnStyles
from engine.requests.render import RenderRequest
from engine.systems.label_painter import LabelPainter
from engine.weights.store import Weights


class Pix2PixHDPainter(LabelPainter):
    """Weights of system "pix2pixhd".

    Mean and drawn styles come from the measured spread (`engine.painting.style_spread`). There is no noise: the
    request's seed changes nothing; pictures are always painted in float32.
    """

    least_strides = 2

    def _mean_style(self, weights: Weights) -> Tensor:
        self.code_length = self.config.features
        self.measures_styles = self.takes_pieces = bool(self.code_length)
        self._drawn = DrawnStyles(weights, self.config.labels, self.code_length)
        measured_mean = self._drawn.mean() if self.code_length else None
        self.has_mean = measured_mean is not None or not self.code_length
        mean_style = (
            torch.zeros(self.config.labels, self.code_length)
            if measured_mean is None
            else torch.from_numpy(measured_mean)
        )
        return mean_style[None]

    def _encode(self, image: Tensor, one_hot_map: Tensor) -> tuple[Tensor, Tensor]:
        style_codes, present_labels = self.generator.encode(image, one_hot_map)  # (1, L, features), (1, L)
        return style_codes[0], present_labels[0]

    def sample(self, label_id: int, seed: int) -> Array:
        """A style drawn for a label, (features,) float32. Raises NotSupported: nothing is known of how styles vary."""
        self._require_styles()
        return self._drawn.sample(label_id, seed)

    def _render(self, fitted: Fitted, style_codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        codes = style_codes if self.code_length else None
        return self.paint_literally(fitted.ids, codes, on_block, pieces=HotPieces.of(fitted.pieces, self.device))
