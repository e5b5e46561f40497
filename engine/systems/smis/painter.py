"""One SMIS (GroupDNet, or a rival) in use: a latent per label, read from pictures, drawn, or the prior's mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.errors import NotSupported
from engine.nn.blocks import channels_last
from engine.painting.codes import StyleSource, drawn
from engine.painting.edges import conditions, label_edges
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
from engine.painting.sizes import MAX_FULL, MAX_LITERAL, Fitted, encoded_size, painted_size
from engine.pictures.images import resize_image
from engine.requests.render import Detail, RenderRequest
from engine.systems.smis.fast import FastSMIS
from engine.systems.smis.network import SMISConfig, SMISGenerator
from engine.weights.store import Weights


class SMISPainter:
    """Weights of system "smis", ready to encode and to paint.

    A label's code is its latent, (latent, h, w) laid flat, h x w the first feature map at the trained size. The mean
    style is zero, the middle of the prior; a picture gives the mean that the encoder finds; a drawn style is a draw
    from N(0, 1). There is no noise: the request's seed changes nothing.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    scope: Scope = "label"
    measures_styles = False

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        self.config, generator = network_of(weights, SMISConfig, SMISGenerator)
        self.label_set = label_set_of(self.card, self.config.labels)
        self.generator = channels_last(generator, device).eval()
        height, width = self.config.start
        self.code_length = self.config.latent * height * width
        mean = torch.zeros(1, self.config.labels, self.code_length)
        self._styles = StyleSource(self.card.name, self.label_set, mean, self.sample, identity=self.card.identity)
        self._fast: FastSMIS | None = None

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """As `engine.painting.sizes.painted_size`, for this network."""
        longest = MAX_LITERAL if self.config.separate else MAX_FULL
        return painted_size(height, width, self.config.stride, self.config.resolution, detail, longest)

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Latents of a picture's regions: pixels (H, W, 3) uint8, label_map (h, w) ids of the same picture.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
            NotSupported: the weights came without an encoder.
        """
        if self.config.encoder is None:
            raise NotSupported('"{0}" has no image encoder, so pictures give it no styles; draw them.', self.card.name)
        height, width = encoded_size(pixels.shape[0], pixels.shape[1], self.config.stride, self.config.resolution)
        ids = style_picture_map(label_map, self.label_set, height, width)
        image = as_image(resize_image(pixels, height, width), self.device)
        with torch.inference_mode():
            mean, _ = self.generator.encode(image, hot_map(ids, self.config.labels, self.device))
        codes = mean[0].reshape(self.config.labels, -1).float().cpu().numpy()
        present = np.bincount(ids.ravel(), minlength=256)[: len(codes)] > 0
        return StyleCodes(codes * present[:, None], present)

    def sample(self, label: int, seed: int) -> Array:
        """A latent drawn from the prior for a label: (code_length,) float32."""
        return drawn(label, seed, self.code_length)

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's latents (1, L, D) on the CPU."""
        return self._styles.codes(request, encode)

    # ------------------------------------------------------------------ painting

    def paint(self, request: RenderRequest, codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it."""
        label_map = checked_map(request, self.label_set)
        size = self.painted_size(label_map.shape[0], label_map.shape[1], request.detail)
        fitted = Fitted.of(label_map, size, request.detail)
        z = codes[0].reshape(-1, *self.config.start).to(self.device)  # (L * latent, h, w), label by label
        if self.config.separate:
            image = self._literally(fitted.ids, z, on_block)
        else:
            edges = label_edges(fitted.ids) if self.config.edges else None
            image = self._renderer().render(fitted.ids, z, on_block, request.precision, edges=edges)
        return fitted.picture(as_pixels(image), lambda: on_block(1, 1))

    def _literally(self, ids: Array, z: Tensor, on_block: OnBlock) -> Tensor:
        """One network per label (MulNet): there is no fast path."""
        hot = conditions(ids, self.config.labels, self.config.edges, self.device)
        with torch.inference_mode():
            picture: Tensor = self.generator(hot, z[None], on_block)[0]
        return picture

    def _renderer(self) -> FastSMIS:
        """The exact fast renderer, for all precisions. It takes the decoder's kernels over: weights exist once."""
        if self._fast is None:
            self._fast = FastSMIS(self.generator, release=True)
        return self._fast
