"""One SEAN in use: its networks, its mean style, and styles turned into what the generator takes."""

from __future__ import annotations

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.errors import Message
from engine.nn.blocks import channels_last, seeded_noise
from engine.painting.codes import StyleSource, needs_mean
from engine.painting.label_painter import (
    Array,
    Encode,
    OnBlock,
    Scope,
    StyleCodes,
    as_image,
    as_pixels,
    checked_map,
    do_not_fit,
    hot_map,
    label_set_of,
    style_picture_map,
)
from engine.painting.sizes import Fitted, encoded_size, painted_size
from engine.painting.style_spread import DrawnStyles
from engine.pictures.images import resize_image
from engine.requests.render import Detail, RenderRequest
from engine.systems.sean.fast import FastSEAN
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.sean.system import MEAN_STYLE
from engine.weights.store import Weights


class SEANPainter:
    """Weights of system "sean", ready to encode and to paint.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    scope: Scope = "label"
    measures_styles = True

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        state = dict(weights.state)
        try:
            self.config = msgspec.convert(self.card.config, SEANConfig)
            generator = SEANGenerator(self.config)
            shape = (len(generator.encoders), self.config.labels, self.config.style_width)
            mean = state.pop(MEAN_STYLE).float().reshape(shape) if MEAN_STYLE in state else None
            generator.load_state_dict(state)
        except (msgspec.ValidationError, ValueError, RuntimeError) as error:
            raise do_not_fit(self.card, error) from error
        self.label_set = label_set_of(self.card, self.config.labels)
        self.code_length = shape[0] * shape[2]
        self.generator = channels_last(generator, device).eval()
        self._drawn = DrawnStyles(weights, self.config.labels, self.code_length)
        if mean is None and (measured := self._drawn.mean()) is not None:
            mean = torch.from_numpy(measured).view(-1, shape[0], shape[2]).transpose(0, 1)
        self.has_mean = mean is not None
        self.mean = torch.zeros(shape) if mean is None else mean
        self._styles = StyleSource(
            self.card.name, self.label_set, self.mean, self.sample, generator.styled_blocks, self.card.identity
        )
        self._renderer: FastSEAN | None = None

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """As `engine.painting.sizes.painted_size`, for this network."""
        return painted_size(height, width, self.config.stride, self.config.resolution, detail)

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture's regions.

        Args:
            pixels: (H, W, 3) uint8.
            label_map: (h, w) label ids of the same picture, any size.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
        """
        height, width = encoded_size(pixels.shape[0], pixels.shape[1], self.config.stride, self.config.resolution)
        hot = hot_map(style_picture_map(label_map, self.label_set, height, width), self.config.labels, self.device)
        with torch.inference_mode():
            codes, present = self.generator.encode(as_image(resize_image(pixels, height, width), self.device), hot)
        flat = codes[0].permute(1, 0, 2).flatten(1)  # (L, E * D)
        return StyleCodes(flat.float().cpu().numpy(), present[0].cpu().numpy())

    def sample(self, label: int, seed: int) -> Array:
        """A style drawn for a label (E * D,). Raises NotSupported: these weights do not know how styles vary."""
        return self._drawn.sample(label, seed)

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (K, L, D) on the CPU, K = encoders, or blocks where styles cross over."""
        return self._styles.codes(request, encode)

    # ------------------------------------------------------------------ painting

    def paint(self, request: RenderRequest, codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it.

        Same request, same bytes on the CPU: noise is drawn from the seed, layer by layer.
        """
        label_map = checked_map(request, self.label_set)
        size = self.painted_size(label_map.shape[0], label_map.shape[1], request.detail)
        fitted = Fitted.of(label_map, size, request.detail)
        noise = seeded_noise(request.seed, self.device)
        image = self._fast().render(fitted.ids, codes, noise, on_block, request.precision)
        pixels, notes = fitted.picture(as_pixels(image), lambda: on_block(1, 1))
        if not self.has_mean and any(needs_mean(request.style(int(label))) for label in np.unique(fitted.ids)):
            notes = (Message("These weights come without a mean style; give each region a style."), *notes)
        return pixels, notes

    def _fast(self) -> FastSEAN:
        """The exact fast renderer, for all precisions. It takes the decoder's kernels over: weights exist once."""
        if self._renderer is None:
            self._renderer = FastSEAN(self.generator, release=True)
        return self._renderer
