"""One SPADE in use: one look for a label map, or, with a latent (VSPADE), one style for the whole picture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.errors import Message, NotSupported
from engine.nn.blocks import channels_last
from engine.painting.codes import StyleSource, drawn
from engine.painting.edges import label_edges
from engine.painting.label_painter import (
    Array,
    Encode,
    OnBlock,
    Scope,
    StyleCodes,
    as_image,
    as_pixels,
    checked_map,
    hot_map,
    label_set_of,
    network_of,
    style_picture_map,
)
from engine.painting.sizes import Fitted, painted_size
from engine.pictures.images import resize_image
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import MeanStyle
from engine.systems.spade.fast import FastSPADE
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from engine.weights.store import Weights


class SPADEPainter:
    """Weights of system "spade", ready to paint, and to encode if they have an encoder.

    With a latent, a style is one vector for the picture: where labels have different ones, the picture takes their
    mean, weighted by area. The mean style is zero, the middle of the prior. Without a latent there are no styles.
    There is no noise: the request's seed changes nothing.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    scope: Scope = "picture"
    measures_styles = False

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        self.config, generator = network_of(weights, SPADEConfig, SPADEGenerator)
        self.label_set = label_set_of(self.card, self.config.labels)
        self.generator = channels_last(generator, device).eval()
        self.code_length = self.config.latent
        mean = torch.zeros(1, self.config.labels, self.code_length)
        self._styles = StyleSource(self.card.name, self.label_set, mean, self.sample, identity=self.card.identity)
        self._fast: FastSPADE | None = None

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """As `engine.painting.sizes.painted_size`; with a latent always the trained size, the only one there is."""
        if self.config.latent:
            return self._trained_size()
        return painted_size(height, width, self.config.stride, self.config.resolution, detail)

    def _trained_size(self) -> tuple[int, int]:
        rows, columns = self.config.start
        return rows * self.config.stride, columns * self.config.stride

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """The style vector of a picture, the same for every label: pixels (H, W, 3) uint8, label_map (h, w) ids.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
            NotSupported: the weights have no styles, or came without an encoder.
        """
        self._require_styles()
        if self.config.encoder is None:
            raise NotSupported('"{0}" has no image encoder, so pictures give it no styles; draw them.', self.card.name)
        height, width = self._trained_size()
        ids = style_picture_map(label_map, self.label_set, height, width)
        image = as_image(resize_image(pixels, height, width), self.device)
        with torch.inference_mode():
            mean, _ = self.generator.encode(image, hot_map(ids, self.config.labels, self.device))
        labels = self.config.labels
        return StyleCodes(np.repeat(mean.float().cpu().numpy(), labels, axis=0), np.ones(labels, bool))

    def sample(self, label: int, seed: int) -> Array:
        """A style vector drawn from the prior, (latent,) float32; all labels draw the same one. Raises NotSupported."""
        self._require_styles()
        return drawn(0, seed, self.code_length)

    def _require_styles(self) -> None:
        if not self.config.latent:
            raise NotSupported(
                '"{0}" has one look for a label map and no styles; choose weights that have some.',
                self.card.name,
            )

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as vectors (1, L, latent) on the CPU; (1, L, 0) without a latent."""
        if not self.config.latent:  # a document may keep styles that other weights had
            return torch.zeros(1, self.config.labels, 0)
        return self._styles.codes(request, encode)

    # ------------------------------------------------------------------ painting

    def paint(self, request: RenderRequest, codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it."""
        label_map = checked_map(request, self.label_set)
        size = self.painted_size(label_map.shape[0], label_map.shape[1], request.detail)
        fitted = Fitted.of(label_map, size, request.detail)
        z = self._vector(label_map, codes) if self.config.latent else None
        edges = label_edges(fitted.ids) if self.config.edges else None
        image = self._renderer().render(fitted.ids, z, on_block, request.precision, edges=edges)
        pixels, notes = fitted.picture(as_pixels(image), lambda: on_block(1, 1))
        if not self.config.latent and any(not isinstance(style, MeanStyle) for style in request.styles.values()):
            notes = (Message("These weights have one look for a label map; styles were not used."), *notes)
        return pixels, notes

    def _vector(self, label_map: Array, codes: Tensor) -> Tensor:
        """The picture's style vector (latent,): that of its labels, weighted by their area."""
        areas = np.bincount(label_map.ravel(), minlength=self.config.labels)
        there = np.flatnonzero(areas)
        vectors = codes[0, there]
        if (vectors == vectors[:1]).all():  # set alike, as the editor does: not a bit is lost
            return vectors[0].to(self.device)
        shares = torch.from_numpy(areas[there] / areas.sum()).float()
        return (shares[:, None] * vectors).sum(0).to(self.device)

    def _renderer(self) -> FastSPADE:
        """The exact fast renderer, for all precisions. It takes the decoder's kernels over: weights exist once."""
        if self._fast is None:
            self._fast = FastSPADE(self.generator, release=True)
        return self._fast
