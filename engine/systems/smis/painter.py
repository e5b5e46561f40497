"""One SMIS (GroupDNet, or a rival) in use: a latent per label, read from pictures, drawn, or the prior's mean."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.painting.codes import drawn
from engine.painting.edges import label_edges
from engine.painting.painter import Array, OnBlock
from engine.painting.sizes import Fitted
from engine.requests.render import RenderRequest
from engine.systems.label_painter import LabelPainter
from engine.systems.smis.fast import FastSMIS
from engine.weights.store import Weights


class SMISPainter(LabelPainter):
    """Weights of system "smis".

    A label's code is its latent, (latent, h, w) laid flat, h x w the first feature map at the trained size. The mean
    style is zero, the middle of the prior; a picture gives the mean that the encoder finds; a drawn style is a draw
    from N(0, 1). There is no noise: the request's seed changes nothing.
    """

    renderer = FastSMIS

    @property
    def literal(self) -> bool:
        """One network per label (MulNet) has no fast path."""
        return bool(self.config.separate)

    def _mean_style(self, weights: Weights) -> Tensor:
        latent_height, latent_width = self.config.start
        self.code_length = self.config.latent * latent_height * latent_width
        return torch.zeros(1, self.config.labels, self.code_length)

    def _encode(self, image: Tensor, one_hot_map: Tensor) -> tuple[Tensor, Tensor]:
        latent_mean, _ = self.generator.encode(image, one_hot_map)  # (1, L * latent, h, w)
        present_labels = one_hot_map[0].sum((1, 2)) > 0
        return latent_mean[0].reshape(self.config.labels, -1).float() * present_labels[:, None], present_labels

    def sample(self, label_id: int, seed: int) -> Array:
        """A latent drawn from the prior for a label: (code_length,) float32."""
        return drawn(label_id, seed, self.code_length)

    def _render(self, fitted: Fitted, style_codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        latents = style_codes[0].reshape(-1, *self.config.start).to(self.device)  # (L * latent, h, w), label by label
        if self.literal:
            return self.paint_literally(fitted.ids, latents[None], on_block)
        edges = label_edges(fitted.ids) if self.config.edges else None
        picture: Tensor = self.fast().render(fitted.ids, latents, on_block, request.precision, edges=edges)
        return picture
