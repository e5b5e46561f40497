"""What every painter is: weights that turn a label map and styles into a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from engine.errors import BadLabelMap, Message, WeightsError
from engine.labels.label_maps import check_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.nn.blocks import one_hot
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import ImageStyle
from engine.weights.card import Card

Array = np.ndarray
Encode = Callable[[ImageStyle], tuple[Array, Array]]
"""(an image style without a code) -> codes (L, E * D), present (L,) of its picture."""
OnBlock = Callable[[int, int], None]
"""(blocks done, blocks), called often within a block; may raise to stop."""
Scope = Literal["label", "picture"]
"""What one style code decides: its label's region, or the whole picture."""


@dataclass(frozen=True)
class StyleCodes:
    """codes (L, E * D) float32, zero where absent; present (L,) bool. E is 1 but in SEAN's ablations.

    made_by: identity of the weights that made them (`Card.identity`); "" until a session says it.
    """

    codes: Array
    present: Array
    made_by: str = ""


class Painter(Protocol):
    """Weights in use.

    card, label_set, config: what they are; config has at least `labels` and `resolution`.
    scope: whether a style code decides a region or the picture.
    code_length: length of a label's code; 0 where there are no styles.
    measures_styles: styles are drawn as they were measured on pictures (`engine.painting.style_spread`).
    """

    card: Card
    label_set: LabelSet
    config: Any
    scope: Scope
    code_length: int
    measures_styles: bool

    def painted_size(self, height: int, width: int, detail: Detail = "model") -> tuple[int, int]:
        """The size at which a label map of that size is painted (`engine.painting.sizes`)."""
        ...

    def encode(self, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture's regions: pixels (H, W, 3) uint8, label_map (h, w) ids of the same picture.

        Raises BadLabelMap (ids that the weights do not know), NotSupported (weights without styles).
        """
        ...

    def sample(self, label: int, seed: int) -> Array:
        """A style drawn for a label: (code_length,) float32; the same on every machine. Raises NotSupported."""
        ...

    def codes_for(self, request: RenderRequest, encode: Encode) -> Tensor:
        """The request's styles as codes (K, L + P, D) on the CPU, of labels and then of P pieces, if the weights take
        such; K > 1 where blocks or encoders have codes of their own.

        Raises MissingStyle, BadRequest, NotSupported: a style that these weights cannot have.
        """
        ...

    def paint(self, request: RenderRequest, codes: Tensor, on_block: OnBlock) -> tuple[Array, tuple[str, ...]]:
        """The picture (H, W, 3) uint8 at the label map's size, and notes for the user.

        Same request, same bytes on the CPU. Raises BadLabelMap.
        """
        ...


def label_set_of(card: Card, label_count: int) -> LabelSet:
    """The label set of weights for so many labels. Raises WeightsError: there is none, or it has another number."""
    label_set = card.labels()
    if label_set is None:
        raise WeightsError('The card of "{0}" has no label set; get the weights again.', card.name)
    if label_count != len(label_set):
        raise WeightsError(
            '"{0}" paints {1} labels, its card names {2}; get the weights again.',
            card.name, label_count, len(label_set),
        )
    return label_set


def hot_map(label_map: Array, label_count: int, device: torch.device) -> Tensor:
    """(H, W) ids -> (1, labels, H, W) float32 one-hot map in channels-last memory."""
    ids = torch.from_numpy(label_map.astype(np.int64))[None].to(device)
    return one_hot(ids, label_count).contiguous(memory_format=torch.channels_last)


def as_image(pixels: Array, device: torch.device) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [-1, 1], channels-last."""
    image = torch.from_numpy(np.ascontiguousarray(pixels).copy()).permute(2, 0, 1)[None].float().div(127.5).sub(1)
    return image.to(device=device, memory_format=torch.channels_last)


def as_pixels(image: Tensor) -> Array:
    """(3, H, W) in [-1, 1] -> (H, W, 3) uint8."""
    rounded = ((image.float() + 1) * 127.5).round_().clamp_(0, 255)
    return np.ascontiguousarray(rounded.byte().permute(1, 2, 0).cpu().numpy())


def checked_map(request: RenderRequest, label_set: LabelSet) -> Array:
    """The request's label map (H, W) uint8. Raises BadLabelMap for ids that the weights have not learnt."""
    label_map = request.label_map.array()
    check_label_map(label_map, label_set, Message("the label map"))
    return label_map


def checked_piece_map(request: RenderRequest, label_map: Array) -> Array | None:
    """The request's piece map (H, W) uint8, if any. Raises BadLabelMap: it is of another size than the label map."""
    if request.piece_map is None or not request.pieces:
        return None
    piece_map = request.piece_map.array()
    if piece_map.shape != label_map.shape:
        raise BadLabelMap(
            "The piece map has {0} x {1} pixels, but the label map {2} x {3}; mark the pieces again.",
            *piece_map.shape[::-1],
            *label_map.shape[::-1],
        )
    return piece_map


def style_picture_map(label_map: Array, label_set: LabelSet, height: int, width: int) -> Array:
    """A style picture's label map at the size at which it is encoded. Raises BadLabelMap."""
    check_label_map(label_map, label_set, Message("the label map of the style picture"))
    return resize_label_map(label_map, height, width)
