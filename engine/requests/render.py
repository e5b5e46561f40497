"""Requests: everything that decides the result of one engine job, frozen, hashable and kept as JSON.

The editor, the command line, exported files and tests use the same objects. JSON carries the schema
version and the kind; styles are tagged unions; an unknown or wrong key is an error that names it. Arrays
travel as base64 PNG, so a 256 x 256 label map takes a few kilobytes.

    {"schema": "tessera/1", "kind": "render", "weights": "sean-faces", "label_map": {...},
     "styles": {"13": {"style": "image", "path": "anna.jpg", "label": 13}}, "seed": 0, "precision": "float32"}
"""

from __future__ import annotations

import base64
import difflib
import json
import re
from typing import Annotated, Literal, Union

import msgspec
import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest, Message
from engine.pictures.images import ImageFile, encode_png, read_image
from engine.requests.styles import (
    MAX_SEED,
    MEAN,
    BlockStyle,
    Frozen,
    ImageStyle,
    MixStyle,
    SampleStyle,
    Style,
    as_label,
    as_seed,
    decode_map,
    encode_map,
    from_base64,
)

Array = np.ndarray

Detail = Literal["model", "full"]
SCHEMA = "tessera/1"
LOCKS = ("style_locks", "label_locks")
MAX_DEPTH = 32
"""Mixes of mixes may be nested this deep; deeper JSON is refused rather than run out of stack."""


class LabelMapData(Frozen, frozen=True):
    """A label map inside a request: (height, width) ids as a base64 PNG; equal maps are equal data."""

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


class RenderRequest(Frozen, frozen=True, tag_field="kind", tag="render"):
    """Paint a picture: label map and styles through one set of weights.

    styles: label id -> Style; a label without one gets its mean style. seed decides the noise. detail: "model" paints
    a large label map at the size that the weights know and enlarges the picture along the map's borders, "full" paints
    it at its own size (`engine.painting.sizes`). Same request, same bytes on the CPU. `styles` is copied in and must
    not be changed afterwards.

    style_locks, label_locks: labels whose style, or whose pixels, the user has locked. They decide nothing of the
    picture, but travel with it.
    """

    weights: str
    label_map: LabelMapData
    styles: dict[int, Style] = {}
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    detail: Detail = "model"
    style_locks: tuple[int, ...] = ()
    label_locks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # Sorted, so that equal requests are equal text whatever the order in which styles were set.
        styles = {as_label(label, "styles"): style for label, style in sorted(self.styles.items())}
        structs.force_setattr(self, "styles", styles)
        structs.force_setattr(self, "seed", as_seed(self.seed))
        for key in LOCKS:
            structs.force_setattr(self, key, tuple(sorted({as_label(label, key) for label in getattr(self, key)})))
        if self.precision not in ("float32", "bfloat16"):
            raise BadRequest('The key "precision" is {0}; give "float32" or "bfloat16".', repr(self.precision))
        if self.detail not in ("model", "full"):
            raise BadRequest('The key "detail" is {0}; give "model" or "full".', repr(self.detail))

    def __hash__(self) -> int:
        parts = (self.weights, self.label_map, tuple(self.styles.items()), self.seed, self.precision, self.detail)
        return hash(parts)

    def style(self, label: int) -> Style:
        """The style of a label; its mean style where none was chosen."""
        return self.styles.get(label, MEAN)


class ParseRequest(Frozen, frozen=True, tag_field="kind", tag="parse"):
    """Find the label map of a photo, given as a file (`path`) or inline (`picture_png`, base64)."""

    weights: str
    path: str | None = None
    picture_png: str | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.picture_png is None):
            raise BadRequest('A parse request needs either the key "path" or the key "picture_png".')

    @classmethod
    def from_pixels(cls, weights: str, pixels: Array) -> ParseRequest:
        """From (H, W, 3) uint8 sRGB."""
        png = encode_png(pixels, compress_level=1)
        return cls(weights, picture_png=base64.b64encode(png).decode("ascii"))

    def image(self) -> ImageFile:
        """The photo and what was done to its file. Raises BadFile, or BadRequest if the inline picture is not one."""
        if self.path is not None:
            return read_image(self.path)
        data = from_base64(self.picture_png or "", "picture_png")
        return read_image(data, name='the key "picture_png"')

    def pixels(self) -> Array:
        """The photo: (H, W, 3) uint8. Raises as `image` does."""
        return self.image().pixels


Request = Union[RenderRequest, ParseRequest]  # noqa: UP007 (msgspec reads it at run time)

KINDS: dict[str, type[RenderRequest] | type[ParseRequest]] = {"render": RenderRequest, "parse": ParseRequest}

# ---------------------------------------------------------------- JSON


def to_json(request: Request, *, indent: int | None = None) -> str:
    """The request as JSON text; `from_json` reads it back to an equal request."""
    data = {"schema": SCHEMA, **msgspec.to_builtins(request, str_keys=True)}
    for key in LOCKS:  # written where there are some
        if not data.get(key):
            data.pop(key, None)
    try:
        text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=False)
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # a file name in another encoding than the system's
        raise BadRequest("A file name in the request has characters that are not Unicode; rename the file.") from error
    return text


def from_json(text: str | bytes) -> Request:
    """Read a request. Raises BadRequest naming the wrong key, the kind or the newer schema version."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request is not valid JSON; save it again.", details=repr(error)) from error
    if not isinstance(data, dict):
        raise BadRequest("The request is not a JSON object; give one with schema, kind and weights.")
    _check_schema(data.pop("schema", None))
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadRequest('The key "kind" of the request is {0}; this version knows {1}.', repr(kind), ", ".join(KINDS))
    _check_depth(data)
    try:
        request = msgspec.convert(data, KINDS[kind], str_keys=True)
    except msgspec.ValidationError as error:
        raise BadRequest(_sentence(str(error)), details=str(error)) from error
    except RecursionError as error:
        raise BadRequest("The request nests its styles too deeply; use fewer mixes of mixes.") from error
    if isinstance(request, RenderRequest):
        request.label_map.array()  # a damaged map is found here, not in the middle of a job
    return request


def _check_schema(schema: object) -> None:
    if schema == SCHEMA:
        return
    match = re.fullmatch(r"tessera/(\d+)", schema) if isinstance(schema, str) else None
    if match:
        raise BadRequest(
            'The request has the schema "{0}", which this version does not know (it knows "{1}"); open it with a '
            "newer Tessera.",
            schema, SCHEMA,
        )
    raise BadRequest('The request has no key "schema" with the value "{0}"; it is not a request of Tessera.', SCHEMA)


def _check_depth(data: object, depth: int = 0) -> None:
    if depth > 2 * MAX_DEPTH:
        raise BadRequest("The request nests its styles too deeply; use fewer mixes of mixes.")
    if isinstance(data, dict):
        for value in data.values():
            _check_depth(value, depth + 1)
    elif isinstance(data, list):
        for value in data:
            _check_depth(value, depth + 1)


def _sentence(message: str) -> str:
    """msgspec's message as a sentence that names the key and, for a misspelt one, the nearest."""
    what, _, place = message.partition(" - at ")
    place = re.sub(r"^[`$.]*", "", place).rstrip("`")
    where = f' in "{place}"' if place else ""
    if place.startswith("key"):  # a label in "styles" that is no number
        return Message('The request has a wrong label in "styles"; its keys are label numbers from 0 to 255.')
    if match := re.search(r"unknown field `(.+)`", what):
        key = match.group(1)
        near = [name for name in difflib.get_close_matches(key, _keys(), n=2) if name != key]
        advice = f'did you mean "{near[0]}"?' if near else "remove it, or open the file with a newer Tessera."
        return f'The request has an unknown key "{key}"{where}; {advice}'
    if match := re.search(r"missing required field `(.+)`", what):
        return f'The request lacks the key "{match.group(1)}"{where}; add it.'
    wrong = what[:1].lower() + what[1:]
    if place == "precision":
        wrong += ', give "float32" or "bfloat16"'
    if place == "detail":
        wrong += ', give "model" or "full"'
    return f"The request has a wrong value{where}: {wrong.replace('`', '')}."


def _keys() -> list[str]:
    parts = (RenderRequest, ParseRequest, LabelMapData, ImageStyle, SampleStyle, MixStyle, BlockStyle)
    return sorted({name for part in parts for name in part.__struct_fields__})
