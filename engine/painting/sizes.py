"""At which size a label map is painted, and how the picture comes to the label map's own size.

All painters ask here. Sizes are (height, width) in pixels. A request's `detail` says which of two ways it goes:

"model": no larger than the network was trained at, and enlarged along the borders of the label map. What a network
has learnt of a face, or of a street, it has learnt at one size: features do not grow with the picture.
"full": at the label map's own size, whatever the network was trained at, up to `MAX_FULL` pixels a side. Right for
textures and for networks trained on crops; a face painted so has the right colours in the wrong places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from engine.errors import Message
from engine.labels.label_maps import resize_label_map
from engine.labels.pieces import PieceLabels, PieceSlots, region_map
from engine.painting.upscale import upscale
from engine.pictures.images import resize_image
from engine.requests.render import Detail

Array = np.ndarray
Size = tuple[int, int]

MAX_FULL = 2048
"""Longest side that a network paints, whatever the detail."""
MAX_LITERAL = 1024
"""That of networks without a fast path, which hold the features of the whole picture at once."""
PREVIEWS = (1.0, 0.75, 0.5, 0.375, 0.25)
"""Longer sides of previews, as shares of the network's resolution."""


def painted_size(
    height: int, width: int, stride: int, resolution: int, detail: Detail = "model", longest: int = MAX_FULL
) -> Size:
    """The size at which a label map is painted: its own where the network takes it, else the nearest that fits.

    "model": a map whose sides are multiples of the network's stride and no longer than its resolution is painted as
    it is; others are scaled so that the longer side is the resolution. "full": maps of up to `longest` pixels a side
    are painted as they are, filled up to whole strides; larger ones are scaled to that.
    """
    if detail == "full":
        if max(height, width) > longest:
            return encoded_size(height, width, stride, longest)
        return -(-height // stride) * stride, -(-width // stride) * stride
    if height % stride == 0 and width % stride == 0 and max(height, width) <= resolution:
        return height, width
    return encoded_size(height, width, stride, resolution)


def encoded_size(height: int, width: int, stride: int, resolution: int) -> Size:
    """A size near the shape of (height, width) whose longer side is the resolution, in whole strides."""
    scale = resolution / max(height, width)
    encoded_height, encoded_width = (max(stride, round(side * scale / stride) * stride) for side in (height, width))
    return encoded_height, encoded_width


def preview_sizes(height: int, width: int, stride: int, resolution: int) -> list[Size]:
    """Sizes at which a smaller copy of a label map of (height, width) can be painted quickly, largest first.

    None is larger than the map or than the network's resolution.
    """
    longest = min(resolution, max(height, width))
    candidates = [encoded_size(height, width, stride, max(stride, round(longest * share))) for share in PREVIEWS]
    return [size for size in dict.fromkeys(candidates) if size[0] <= height and size[1] <= width]


@dataclass(frozen=True)
class Fitted:
    """A label map as the network takes it.

    regions: (H, W), as requested: label ids, and numbers of pieces if there are any. ids: (h, w) uint8, as painted.
    filled: whether `ids` is the map itself with its last row and column repeated up to whole strides, rather than
    scaled. pieces: those of `ids`.
    """

    regions: Array
    ids: Array
    filled: bool
    pieces: PieceSlots | None = None

    @classmethod
    def of(
        cls,
        label_map: Array,
        painted: Size,
        detail: Detail,
        piece_map: Array | None = None,
        piece_labels: PieceLabels = MappingProxyType({}),
    ) -> Fitted:
        """The maps (H, W) at the size that `painted_size` has found for them."""
        height, width = label_map.shape
        filled = detail == "full" and painted[0] >= height and painted[1] >= width

        def at_painted_size(ids: Array) -> Array:
            if filled:
                return np.pad(ids, ((0, painted[0] - height), (0, painted[1] - width)), mode="edge")
            return resize_label_map(ids, *painted)

        painted_ids = at_painted_size(label_map)
        if piece_map is None or not piece_labels:
            return cls(label_map, painted_ids, filled)
        pieces = PieceSlots.of(painted_ids, at_painted_size(piece_map), piece_labels)
        return cls(region_map(label_map, piece_map, piece_labels), painted_ids, filled, pieces)

    def picture(self, pixels: Array, check: Callable[[], None] = lambda: None) -> tuple[Array, tuple[str, ...]]:
        """The painted picture (h, w, 3) uint8 at the label map's own size, and a note if it had to be scaled.

        `check` is called now and then and may raise to stop.
        """
        height, width = self.regions.shape
        if self.filled or pixels.shape[:2] == (height, width):
            return np.ascontiguousarray(pixels[:height, :width]), ()
        painted_height, painted_width = pixels.shape[:2]
        notes = (
            Message("Painted at {0} x {1} and scaled to {2} x {3}.", painted_width, painted_height, width, height),
        )
        if pixels.shape[0] > height or pixels.shape[1] > width:  # a map smaller than what the network can paint
            return resize_image(np.ascontiguousarray(pixels), height, width), notes
        painted_regions = self.ids if self.pieces is None else resize_label_map(self.regions, *pixels.shape[:2])
        return upscale(pixels, painted_regions, self.regions, check), notes
