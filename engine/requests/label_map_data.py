"""A label map or a mask inside a request: base64 of a PNG, so that 256 x 256 pixels take a few kilobytes of JSON."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import numpy as np
from msgspec import Meta

from engine.errors import BadRequest, EngineError, Message
from engine.pictures.png import decode_grey_png, encode_grey_png
from engine.requests.base import Frozen

Array = np.ndarray


class LabelMapData(Frozen, frozen=True):
    """(height, width) label ids as a base64 PNG, or a mask: 255 inside, 0 outside. Equal maps are equal data."""

    height: Annotated[int, Meta(ge=1)]
    width: Annotated[int, Meta(ge=1)]
    png: str

    @classmethod
    def from_array(cls, label_map: Array) -> LabelMapData:
        """From (H, W) integers 0-255. Raises BadRequest for anything else."""
        if label_map.ndim != 2 or label_map.size == 0 or label_map.dtype.kind not in "iu":
            raise BadRequest("A label map needs one whole number per pixel.")
        if int(label_map.min()) < 0 or int(label_map.max()) > 255:
            raise BadRequest("A label map has values outside 0-255; choose one of the label set's ids.")
        ids = np.ascontiguousarray(label_map, dtype=np.uint8)
        return cls(int(ids.shape[0]), int(ids.shape[1]), encode_map(ids))

    def array(self) -> Array:
        """(height, width) uint8, read-only. Raises BadRequest if the data is not such a map."""
        ids = decode_map(self.png, "label_map", (self.height, self.width))
        ids.flags.writeable = False
        return ids

    @classmethod
    def from_mask(cls, mask: Array) -> LabelMapData:
        """From (H, W) bool. Raises BadRequest for anything else."""
        if mask.ndim != 2 or mask.size == 0 or mask.dtype != bool:
            raise BadRequest("A mask needs one yes or no per pixel.")
        return cls.from_array(mask.astype(np.uint8) * np.uint8(255))

    def inside(self) -> Array:
        """(height, width) bool: where the mask is above 0. Raises BadRequest if the data is not such a mask."""
        return decode_map(self.png, "mask", (self.height, self.width)) > 0


def encode_map(label_map: Array) -> str:
    """(H, W) uint8 -> base64 PNG, for `LabelMapData` and `ImageStyle.label_map_png`."""
    return base64.b64encode(encode_grey_png(label_map)).decode("ascii")


def decode_map(base64_text: str, key: str, shape: tuple[int, int] | None = None) -> Array:
    """base64 PNG -> (H, W) uint8. Raises BadRequest that names `key`: not such a PNG, or not of that shape."""
    try:
        label_map = decode_grey_png(from_base64(base64_text, key), name=Message('the key "{0}"', key))
    except BadRequest:
        raise
    except EngineError as error:
        raise BadRequest(
            'The key "{0}" does not hold a readable label map PNG.', key, details=str(error)
        ) from error
    if shape is not None and label_map.shape != shape:
        raise BadRequest(
            'The key "{0}" says {1} x {2} but holds {3} x {4} pixels.',
            key, shape[1], shape[0], label_map.shape[1], label_map.shape[0],
        )
    return label_map


def from_base64(base64_text: str, key: str) -> bytes:
    """The bytes that base64 text stands for. Raises BadRequest that names `key`."""
    try:
        return base64.b64decode(base64_text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise BadRequest('The key "{0}" is not valid base64; save the request again.', key) from error
