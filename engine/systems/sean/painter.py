"""One SEAN in use: its networks, its mean style, and styles turned into what the generator takes."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.nn.blocks import seeded_noise
from engine.painting.painter import Array, OnBlock
from engine.painting.sizes import Fitted
from engine.painting.style_spread import DrawnStyles
from engine.requests.render import RenderRequest
from engine.systems.label_painter import LabelPainter
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.system import MEAN_STYLE
from engine.weights.card import do_not_fit
from engine.weights.store import Weights


class SEANPainter(LabelPainter):
    """Weights of system "sean". Noise is drawn from the request's seed, layer by layer.

    The mean style is the weights' own, else that of the measured spread. A label's code is (E * D,), E encoders
    (1 but in the ablations), D `style_width`.
    """

    renderer = FastSEAN
    takes_pieces = True
    measures_styles = True

    def _mean_style(self, weights: Weights) -> Tensor:
        encoder_count = len(self.generator.encoders)
        label_count, style_width = self.config.labels, self.config.style_width
        self.code_length, self.blocks = encoder_count * style_width, self.generator.styled_blocks
        self._drawn = DrawnStyles(weights, label_count, self.code_length)
        own_tensor = weights.state.get(MEAN_STYLE)
        if own_tensor is not None:
            try:
                return own_tensor.float().reshape(encoder_count, label_count, style_width)
            except RuntimeError as error:
                raise do_not_fit(self.card, error) from error
        measured_mean = self._drawn.mean()
        self.has_mean = measured_mean is not None
        if measured_mean is None:
            return torch.zeros(encoder_count, label_count, style_width)
        return torch.from_numpy(measured_mean).view(-1, encoder_count, style_width).transpose(0, 1)  # (E, L, D)

    def _encode(self, image: Tensor, one_hot_map: Tensor) -> tuple[Tensor, Tensor]:
        style_codes, present_labels = self.generator.encode(image, one_hot_map)  # (1, E, L, D), (1, L)
        return style_codes[0].permute(1, 0, 2).flatten(1), present_labels[0]

    def sample(self, label_id: int, seed: int) -> Array:
        """A style drawn for a label (E * D,). Raises NotSupported: these weights do not know how styles vary."""
        return self._drawn.sample(label_id, seed)

    def _render(self, fitted: Fitted, style_codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        noise = seeded_noise(request.seed, self.device)
        picture: Tensor = self.fast().render(
            fitted.ids, style_codes, noise, on_block, request.precision, pieces=fitted.pieces
        )
        return picture
