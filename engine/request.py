"""Requests: everything that decides the result of one engine job, frozen, hashable and kept as JSON.

The editor, the command line, exported files and tests use the same objects. JSON carries the schema
version and the kind; styles are tagged unions; an unknown or wrong key is an error that names it. Arrays
travel as base64 PNG, so a 256 x 256 label map takes a few kilobytes.

    {"schema": "tessera/1", "kind": "render", "weights": "sean-faces", "label_map": {...},
     "styles": {"13": {"style": "image", "path": "anna.jpg", "label": 13}}, "seed": 0, "precision": "float32"}
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import math
import re
from typing import Annotated, Any, Literal, Union

import msgspec
import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest, EngineError
from engine.images import encode_png, read_image
from engine.rasters import MAX_PIXELS_READ, decode_grey_png, encode_grey_png

Array = np.ndarray

SCHEMA = "tessera/1"
MAX_SEED = 2**63 - 1
MIN_AMOUNT, MAX_AMOUNT = -1.0, 2.0
MAX_DEPTH = 32
"""Mixes of mixes may be nested this deep; deeper JSON is refused rather than run out of stack."""


class _Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What requests and styles share: `replace(seed=3)` gives a changed copy (checked again)."""

    def replace(self, **changes: Any) -> Any:
        return structs.replace(self, **changes)


# ---------------------------------------------------------------- styles


class MeanStyle(_Frozen, frozen=True, tag_field="style", tag="mean"):
    """The weights' mean style of the label it is given to."""


class ImageStyle(_Frozen, frozen=True, tag_field="style", tag="image"):
    """The style of one region of a picture.

    path: the picture file, for display and re-encoding. label: the region of that picture which gives the
    style. label_map_path or label_map_png (base64 PNG): the picture's label map, given or corrected by the
    user; without one the parser makes it. code: base64 of the float32 style code, tied to the request's
    weights; it makes a request complete without the picture file.
    """

    path: str
    label: Annotated[int, Meta(ge=0, le=255)]
    label_map_path: str | None = None
    label_map_png: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        _check_label(self.label, "label")
        if self.code is not None:
            decode_code(self.code)

    def code_array(self) -> Array | None:
        """The style code as (D,) float32, or None."""
        return None if self.code is None else decode_code(self.code)

    def label_map(self) -> Array | None:
        """The inline label map as (H, W) uint8, or None. Raises BadRequest."""
        return None if self.label_map_png is None else _decode_png(self.label_map_png, "label_map_png")


class MixStyle(_Frozen, frozen=True, tag_field="style", tag="mix"):
    """(1 - amount) * a + amount * b, with amount from -1 to 2: beyond 0-1 it exaggerates."""

    a: Style
    b: Style
    amount: float

    def __post_init__(self) -> None:
        if not (isinstance(self.amount, float | int) and math.isfinite(self.amount)):
            raise BadRequest(f'The key "amount" of a mix is {self.amount}; give a number from -1 to 2.')
        if not MIN_AMOUNT <= self.amount <= MAX_AMOUNT:
            raise BadRequest(f'The key "amount" of a mix is {self.amount:g}; give a number from -1 to 2.')
        structs.force_setattr(self, "amount", float(self.amount))


class BlockStyle(_Frozen, frozen=True, tag_field="style", tag="blocks"):
    """Crossover: one style per styled ResBlk, the coarsest first (SEAN has 6)."""

    blocks: tuple[Style, ...]

    def __post_init__(self) -> None:
        structs.force_setattr(self, "blocks", tuple(self.blocks))
        if not self.blocks:
            raise BadRequest('The key "blocks" of a style is empty; give one style per block.')


Style = Union[MeanStyle, ImageStyle, MixStyle, BlockStyle]  # noqa: UP007 (msgspec reads it at run time)

MEAN = MeanStyle()


def encode_code(code: Array) -> str:
    """A style code (D,) as base64 of little-endian float32."""
    return base64.b64encode(np.ascontiguousarray(code, dtype="<f4").reshape(-1).tobytes()).decode("ascii")


def decode_code(text: str) -> Array:
    """The inverse of `encode_code`: (D,) float32. Raises BadRequest."""
    data = _from_base64(text, "code")
    if not data or len(data) % 4:
        raise BadRequest('The key "code" of a style is not a list of float32 numbers in base64.')
    code = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if not np.isfinite(code).all():
        raise BadRequest(
            'The key "code" of a style has numbers that are not finite; encode the picture again.'
        )
    return code


# ---------------------------------------------------------------- label maps


class LabelMapData(_Frozen, frozen=True):
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
        ids = _decode_png(self.png, "label_map", (self.height, self.width))
        ids.flags.writeable = False
        return ids


def encode_map(label_map: Array) -> str:
    """(H, W) uint8 -> base64 PNG, for `LabelMapData` and `ImageStyle.label_map_png`."""
    return base64.b64encode(encode_grey_png(label_map)).decode("ascii")


def _from_base64(text: str, key: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise BadRequest(f'The key "{key}" is not valid base64; save the request again.') from error


def _decode_png(text: str, key: str, shape: tuple[int, int] | None = None) -> Array:
    try:
        ids = decode_grey_png(_from_base64(text, key), name=f'the key "{key}"', limit=MAX_PIXELS_READ)
    except BadRequest:
        raise
    except EngineError as error:
        raise BadRequest(
            f'The key "{key}" does not hold a readable label map PNG.', details=str(error)
        ) from error
    if shape is not None and ids.shape != shape:
        raise BadRequest(
            f'The key "{key}" says {shape[1]} x {shape[0]} but holds {ids.shape[1]} x {ids.shape[0]} pixels.'
        )
    return ids


def _check_label(label: int, key: str) -> None:
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= 255:
        raise BadRequest(f'The key "{key}" of the request is {label!r}; a label is a number from 0 to 255.')


# ---------------------------------------------------------------- requests


class RenderRequest(_Frozen, frozen=True, tag_field="kind", tag="render"):
    """Paint a picture: label map and styles through one set of weights.

    styles: label id -> Style; a label without one gets its mean style. seed decides the noise. Same
    request, same bytes on the CPU. `styles` is copied in and must not be changed afterwards.
    """

    weights: str
    label_map: LabelMapData
    styles: dict[int, Style] = {}
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        for label in self.styles:
            _check_label(label, "styles")
        # Sorted, so that equal requests are equal text whatever the order in which styles were set.
        structs.force_setattr(self, "styles", dict(sorted(self.styles.items())))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed <= MAX_SEED:
            raise BadRequest(f'The key "seed" is {self.seed!r}; give a whole number from 0 to {MAX_SEED}.')
        if self.precision not in ("float32", "bfloat16"):
            raise BadRequest(f'The key "precision" is {self.precision!r}; give "float32" or "bfloat16".')

    def __hash__(self) -> int:
        return hash((self.weights, self.label_map, tuple(self.styles.items()), self.seed, self.precision))

    def style(self, label: int) -> Style:
        """The style of a label; its mean style where none was chosen."""
        return self.styles.get(label, MEAN)


class ParseRequest(_Frozen, frozen=True, tag_field="kind", tag="parse"):
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

    def pixels(self) -> Array:
        """The photo: (H, W, 3) uint8. Raises BadFile, or BadRequest if the inline picture is not one."""
        if self.path is not None:
            return read_image(self.path).pixels
        data = _from_base64(self.picture_png or "", "picture_png")
        return read_image(data, name='the key "picture_png"').pixels


Request = Union[RenderRequest, ParseRequest]  # noqa: UP007 (msgspec reads it at run time)

KINDS: dict[str, type[RenderRequest] | type[ParseRequest]] = {"render": RenderRequest, "parse": ParseRequest}

# ---------------------------------------------------------------- JSON


def to_json(request: Request, *, indent: int | None = None) -> str:
    """The request as JSON text; `from_json` reads it back to an equal request."""
    data = {"schema": SCHEMA, **msgspec.to_builtins(request, str_keys=True)}
    try:
        text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=False)
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # a file name in another encoding than the system's
        raise BadRequest(
            "A file name in the request has characters that are not Unicode; rename the file."
        ) from error
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
        raise BadRequest(f'The key "kind" of the request is {kind!r}; this version knows {", ".join(KINDS)}.')
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
            f'The request has the schema "{schema}", which this version does not know '
            f'(it knows "{SCHEMA}"); open it with a newer Tessera.'
        )
    raise BadRequest(
        f'The request has no key "schema" with the value "{SCHEMA}"; it is not a request of Tessera.'
    )


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
        return 'The request has a wrong label in "styles"; its keys are label numbers from 0 to 255.'
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
    return f"The request has a wrong value{where}: {wrong.replace('`', '')}."


def _keys() -> list[str]:
    parts = (RenderRequest, ParseRequest, LabelMapData, ImageStyle, MixStyle, BlockStyle)
    return sorted({name for part in parts for name in part.__struct_fields__})
