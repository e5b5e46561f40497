"""One SEAN in use: its networks, its mean style, and styles turned into what the generator takes."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.nn.blocks import seeded_noise
from engine.painting.label_painter import Array, OnBlock, do_not_fit
from engine.painting.sizes import Fitted
from engine.painting.style_spread import DrawnStyles
from engine.requests.render import RenderRequest
from engine.systems.label_painter import LabelPainter
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.system import MEAN_STYLE
from engine.weights.store import Weights


class SEANPainter(LabelPainter):
    """Weights of system "sean". Noise is drawn from the request's seed, layer by layer.

    The mean style is the weights' own, else that of the measured spread. A label's code is (E * D,), E encoders
    (1 but in the ablations), D `style_width`.
    """

    renderer = FastSEAN
    measures_styles = True

    def _mean_style(self, weights: Weights) -> Tensor:
        encoders, labels, width = len(self.generator.encoders), self.config.labels, self.config.style_width
        self.code_length, self.blocks = encoders * width, self.generator.styled_blocks
        self._drawn = DrawnStyles(weights, labels, self.code_length)
        own_tensor = weights.state.get(MEAN_STYLE)
        if own_tensor is not None:
            try:
                return own_tensor.float().reshape(encoders, labels, width)
            except RuntimeError as error:
                raise do_not_fit(self.card, error) from error
        measured = self._drawn.mean()
        self.has_mean = measured is not None
        if measured is None:
            return torch.zeros(encoders, labels, width)
        return torch.from_numpy(measured).view(-1, encoders, width).transpose(0, 1)

    def _encode(self, image: Tensor, hot: Tensor) -> tuple[Tensor, Tensor]:
        codes, present = self.generator.encode(image, hot)  # (1, E, L, D), (1, L)
        return codes[0].permute(1, 0, 2).flatten(1), present[0]

    def sample(self, label: int, seed: int) -> Array:
        """A style drawn for a label (E * D,). Raises NotSupported: these weights do not know how styles vary."""
        return self._drawn.sample(label, seed)

    def _render(self, fitted: Fitted, codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        noise = seeded_noise(request.seed, self.device)
        picture: Tensor = self.fast().render(fitted.ids, codes, noise, on_block, request.precision)
        return picture
