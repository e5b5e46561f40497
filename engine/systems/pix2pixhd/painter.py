"""One pix2pixHD in use: a short code per label, averaged over its region; or no styles, without a feature encoder."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.errors import Message, NotSupported
from engine.nn.blocks import channels_last
from engine.painting.codes import StyleSource, needs_mean
from engine.painting.edges import conditions
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
from engine.painting.sizes import MAX_LITERAL, Fitted, encoded_size, painted_size
from engine.painting.style_spread import DrawnStyles
from engine.pictures.images import resize_image
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import MeanStyle
from engine.systems.pix2pixhd.network import GlobalGenerator, Pix2PixHDConfig
from engine.weights.store import Weights


class Pix2PixHDPainter:
    """Weights of system "pix2pixhd", ready to paint, and to encode if they have features.

    Mean and drawn styles come from the measured spread (`engine.painting.style_spread`). There is no noise: the
    request's seed changes nothing; pictures are always painted in float32.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    scope: Scope = "label"

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        self.config, generator = network_of(weights, Pix2PixHDConfig, GlobalGenerator)
        self.label_set = label_set_of(self.card, self.config.labels)
        self.generator = channels_last(generator, device).eval()
        self.code_length = self.config.features
        self.measures_styles = bool(self.config.features)
        self._drawn = DrawnStyles(weights, self.config.labels, self.code_length)
        measured = self._drawn.mean() if self.code_length else None
        self.has_mean = measured is not None or not self.code_length
        mean = torch.zeros(self.config.labels, self.code_length) if measured is None else torch.from_numpy(measured)
        self._styles = StyleSource(self.card.name, self.label_set, mean[None], self.sample, identity=self.card.identity)

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """As `engine.painting.sizes.painted_size`, and at least two strides: borders are reflected."""
        rows, columns = painted_size(height, width, self.config.stride, self.config.resolution, detail, MAX_LITERAL)
        return max(rows, 2 * self.config.stride), max(columns, 2 * self.config.stride)

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Codes of a picture's regions: pixels (H, W, 3) uint8, label_map (h, w) ids of the same picture.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
            NotSupported: the weights have no styles.
        """
        self._require_styles()
        rows, columns = encoded_size(pixels.shape[0], pixels.shape[1], self.config.stride, self.config.resolution)
        height, width = max(rows, 2 * self.config.stride), max(columns, 2 * self.config.stride)
        hot = hot_map(style_picture_map(label_map, self.label_set, height, width), self.config.labels, self.device)
        with torch.inference_mode():
            codes, present = self.generator.encode(as_image(resize_image(pixels, height, width), self.device), hot)
        return StyleCodes(codes[0].float().cpu().numpy(), present[0].cpu().numpy())

    def sample(self, label: int, seed: int) -> Array:
        """A style drawn for a label, (features,) float32. Raises NotSupported: nothing is known of how styles vary."""
        self._require_styles()
        return self._drawn.sample(label, seed)

    def _require_styles(self) -> None:
        if not self.config.features:
            raise NotSupported(
                '"{0}" has one look for a label map and no styles; choose weights that have some.',
                self.card.name,
            )

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (1, L, features) on the CPU; (1, L, 0) without features."""
        if not self.config.features:  # a document may keep styles that other weights had
            return torch.zeros(1, self.config.labels, 0)
        return self._styles.codes(request, encode)

    # ------------------------------------------------------------------ painting

    def paint(self, request: RenderRequest, codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it."""
        label_map = checked_map(request, self.label_set)
        size = self.painted_size(label_map.shape[0], label_map.shape[1], request.detail)
        fitted = Fitted.of(label_map, size, request.detail)
        hot = conditions(fitted.ids, self.config.labels, self.config.edges, self.device)
        with torch.inference_mode():
            image = self.generator(hot, codes.to(self.device) if self.config.features else None, on_block)
        pixels, notes = fitted.picture(as_pixels(image[0]), lambda: on_block(1, 1))
        if not self.config.features and any(not isinstance(style, MeanStyle) for style in request.styles.values()):
            notes = (Message("These weights have one look for a label map; styles were not used."), *notes)
        if not self.has_mean and any(needs_mean(request.style(int(label))) for label in np.unique(fitted.ids)):
            notes = (Message("These weights come without a mean style; give each region a style."), *notes)
        return pixels, notes
