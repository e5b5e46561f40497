"""One SPADE in use: one look for a label map, or, with a latent (VSPADE), one style for the whole picture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.painting.codes import drawn
from engine.painting.edges import label_edges
from engine.painting.painter import Array, OnBlock, Scope
from engine.painting.sizes import Fitted
from engine.requests.render import Detail, RenderRequest
from engine.systems.label_painter import LabelPainter
from engine.systems.spade.fast import FastSPADE
from engine.weights.store import Weights


class SPADEPainter(LabelPainter):
    """Weights of system "spade".

    With a latent, a style is one vector for the picture: where labels have different ones, the picture takes their
    mean, weighted by area. The mean style is zero, the middle of the prior. Without a latent there are no styles.
    There is no noise: the request's seed changes nothing.
    """

    scope: Scope = "picture"
    renderer = FastSPADE

    @property
    def literal(self) -> bool:
        """Instance normalisation depends on the whole picture and has no fast path."""
        return bool(self.config.norm == "instance")

    def _mean_style(self, weights: Weights) -> Tensor:
        self.code_length = self.config.latent
        if self.literal:
            self.least_strides = 2  # a first feature map of one pixel has no statistics
        return torch.zeros(1, self.config.labels, self.code_length)

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """As for every painter; with a latent always the trained size, the only one there is."""
        return self._trained_size() if self.config.latent else super().painted_size(height, width, detail)

    def _encoded_size(self, height: int, width: int) -> tuple[int, int]:
        return self._trained_size()

    def _trained_size(self) -> tuple[int, int]:
        first_rows, first_columns = self.config.start
        return first_rows * self.config.stride, first_columns * self.config.stride

    def _encode(self, image: Tensor, one_hot_map: Tensor) -> tuple[Tensor, Tensor]:
        """The style vector of the picture, the same for every label."""
        latent_mean, _ = self.generator.encode(image, one_hot_map)  # (1, latent)
        return latent_mean.repeat(self.config.labels, 1), torch.ones(self.config.labels, dtype=torch.bool)

    def sample(self, label_id: int, seed: int) -> Array:
        """A style vector drawn from the prior, (latent,) float32; all labels draw the same one. Raises NotSupported."""
        self._require_styles()
        return drawn(0, seed, self.code_length)

    def _render(self, fitted: Fitted, style_codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        style_vector = self._style_vector(fitted.regions, style_codes) if self.config.latent else None
        if self.literal:
            return self.paint_literally(fitted.ids, None if style_vector is None else style_vector[None], on_block)
        edges = label_edges(fitted.ids) if self.config.edges else None
        picture: Tensor = self.fast().render(fitted.ids, style_vector, on_block, request.precision, edges=edges)
        return picture

    def _style_vector(self, label_map: Array, style_codes: Tensor) -> Tensor:
        """The picture's style vector (latent,): that of its labels, weighted by their area."""
        label_areas = np.bincount(label_map.ravel(), minlength=self.config.labels)
        shown_labels = np.flatnonzero(label_areas)
        vectors = style_codes[0, shown_labels]
        if (vectors == vectors[:1]).all():  # set alike, as the editor does: not a bit is lost
            return vectors[0].to(self.device)
        area_shares = torch.from_numpy(label_areas[shown_labels] / label_areas.sum()).float()
        return (area_shares[:, None] * vectors).sum(0).to(self.device)
