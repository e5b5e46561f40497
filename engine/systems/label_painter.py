"""What painters of label maps share: sizes, styles, notes. A system's painter says how it encodes and renders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from engine.errors import Message, NotSupported
from engine.fast.generator import FastGenerator
from engine.nn.blocks import channels_last
from engine.nn.label_places import HotPieces
from engine.painting.codes import StyleSource, needs_mean
from engine.painting.edges import conditions
from engine.painting.painter import (
    Array,
    Encode,
    OnBlock,
    Scope,
    StyleCodes,
    as_image,
    as_pixels,
    checked_map,
    checked_piece_map,
    hot_map,
    label_set_of,
    style_picture_map,
)
from engine.painting.sizes import MAX_FULL, MAX_LITERAL, Fitted, encoded_size, painted_size
from engine.pictures.images import resize_image
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import MeanStyle
from engine.weights.networks import network_of
from engine.weights.store import Weights


class LabelPainter(ABC):
    """Weights in use, as `engine.painting.painter.Painter` says; `_render` is a system's own, and what else
    differs from system to system.

    scope: whether a style code decides a region or the picture.
    renderer: the system's exact fast renderer, where it has one.
    least_strides: a side of a painted picture is at least so many strides; 2 where borders are reflected.
    code_length: length of a label's code; 0 where there are no styles.
    blocks: how many blocks can have a style of their own; 0 where styles cannot cross over.
    takes_pieces: whether a piece of a label can have a style code of its own (`engine.labels.pieces`).
    measures_styles: styles are drawn as they were measured on pictures (`engine.painting.style_spread`).
    has_mean: whether the mean style is known.

    Args:
        weights: as read from their folder.
        device: where to compute.

    Raises:
        WeightsError: the tensors do not fit the card's config, or there is no label set.
    """

    scope: Scope = "label"
    renderer: type[FastGenerator] | None = None
    least_strides = 1
    code_length = 0
    blocks = 0
    takes_pieces = False
    measures_styles = False
    has_mean = True

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        network = network_of(weights)
        self.config: Any = network.config
        self.label_set = label_set_of(self.card, self.config.labels)
        self.generator: Any = channels_last(network, device).eval()
        self._fast: Any = None
        mean = self._mean_style(weights)
        self._styles = StyleSource(self.card.name, self.label_set, mean, self.sample, self.blocks, self.card.identity)

    # ------------------------------------------------------------------ what a system says

    @abstractmethod
    def _mean_style(self, weights: Weights) -> Tensor:
        """The mean style (E, L, code_length) on the CPU, E encoders; sets `code_length` and what depends on it.

        Raises WeightsError: the weights' own does not fit.
        """

    @abstractmethod
    def _encode(self, image: Tensor, one_hot_map: Tensor) -> tuple[Tensor, Tensor]:
        """image (1, 3, H, W) in [-1, 1], one_hot_map (1, L, H, W) -> codes (L, code_length), present (L,) bool."""

    @abstractmethod
    def _render(self, fitted: Fitted, style_codes: Tensor, request: RenderRequest, on_block: OnBlock) -> Tensor:
        """The picture (3, h, w) in [-1, 1] of `fitted.ids` (h, w), with codes (K, L + P, code_length) on the CPU, of P
        `fitted.pieces`."""

    @abstractmethod
    def sample(self, label_id: int, seed: int) -> Array:
        """A style drawn for a label: (code_length,) float32; the same on every machine. Raises NotSupported."""

    @property
    def literal(self) -> bool:
        """Whether pictures are painted by the literal network, which holds the features of the whole picture."""
        return self.renderer is None

    # ------------------------------------------------------------------ sizes

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """The size at which a label map of that size is painted (`engine.painting.sizes`)."""
        longest = MAX_LITERAL if self.literal else MAX_FULL
        return self._at_least(*painted_size(height, width, self.config.stride, self.config.resolution, detail, longest))

    def _encoded_size(self, height: int, width: int) -> tuple[int, int]:
        """The size at which a style picture of that size is encoded."""
        return self._at_least(*encoded_size(height, width, self.config.stride, self.config.resolution))

    def _at_least(self, height: int, width: int) -> tuple[int, int]:
        least_side = self.least_strides * int(self.config.stride)
        return max(height, least_side), max(width, least_side)

    # ------------------------------------------------------------------ styles

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture's regions: pixels (H, W, 3) uint8, label_map (h, w) ids of the same picture.

        Raises:
            BadLabelMap: it holds ids that the weights do not know.
            NotSupported: the weights have no styles, or came without an encoder.
        """
        self._require_styles()
        if getattr(self.config, "encoder", True) is None:
            raise NotSupported('"{0}" has no image encoder, so pictures give it no styles; draw them.', self.card.name)
        encoded_height, encoded_width = self._encoded_size(*pixels.shape[:2])
        label_ids = style_picture_map(label_map, self.label_set, encoded_height, encoded_width)
        image = as_image(resize_image(pixels, encoded_height, encoded_width), self.device)
        with torch.inference_mode():
            style_codes, present_labels = self._encode(image, hot_map(label_ids, self.config.labels, self.device))
        return StyleCodes(style_codes.float().cpu().numpy(), present_labels.cpu().numpy())

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (K, L + P, code_length) on the CPU, of labels and then of pieces, if the
        weights take such; K = encoders, or blocks where styles cross."""
        if not self.code_length:  # a document may keep styles that other weights had
            return torch.zeros(1, self.config.labels, 0)
        if not self.takes_pieces:
            request = request.without_pieces()
        return self._styles.codes(request, encode)

    def _require_styles(self) -> None:
        if not self.code_length:
            raise NotSupported(
                '"{0}" has one look for a label map and no styles; choose weights that have some.', self.card.name
            )

    # ------------------------------------------------------------------ painting

    def paint(self, request: RenderRequest, style_codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The request's picture, (H, W, 3) uint8 at the label map's size, and what a user should know about it."""
        label_map = checked_map(request, self.label_set)
        size = self.painted_size(label_map.shape[0], label_map.shape[1], request.detail)
        if self.takes_pieces and (piece_map := checked_piece_map(request, label_map)) is not None:
            fitted = Fitted.of(label_map, size, request.detail, piece_map, request.pieces)
        else:
            fitted = Fitted.of(label_map, size, request.detail)
        image = self._render(fitted, style_codes, request, on_block)
        pixels, notes = fitted.picture(as_pixels(image), lambda: on_block(1, 1))
        return pixels, (*self._style_notes(request), *notes)

    def _style_notes(self, request: RenderRequest) -> tuple[str, ...]:
        if not self.code_length and any(not isinstance(style, MeanStyle) for style in request.styles.values()):
            return (Message("These weights have one look for a label map; styles were not used."),)
        if self.code_length and not self.takes_pieces and request.pieces:
            return (Message("These weights paint pieces in their labels' styles; styles of their own were not used."),)
        if not self.has_mean and any(needs_mean(request.style(region)) for region in request.shown_regions()):
            return (Message("These weights come without a mean style; give each region a style."),)
        return ()

    def fast(self) -> Any:
        """The exact fast renderer, for all precisions. It takes the decoder's kernels over: weights exist once."""
        if self._fast is None:
            assert self.renderer is not None
            self._fast = self.renderer(self.generator, release=True)
        return self._fast

    def paint_literally(
        self, label_ids: Array, styles: Tensor | None, on_block: OnBlock, **more: HotPieces | None
    ) -> Tensor:
        """The literal network's picture (3, h, w) of (h, w) ids and what else it takes: styles (1, ...) or None, and
        `more` by name."""
        condition = conditions(label_ids, self.config.labels, self.config.edges, self.device)
        with torch.inference_mode():
            codes = None if styles is None else styles.to(self.device)
            picture: Tensor = self.generator(condition, codes, on_block, **more)
        return picture[0]
