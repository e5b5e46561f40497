"""Styles: what the user chose for one label. Frozen, hashable, tagged in JSON."""

from __future__ import annotations

import base64
import math
import operator
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any, Union

import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest
from engine.files import PathLike
from engine.labels.pieces import is_piece
from engine.requests.base import Frozen
from engine.requests.label_map_data import decode_map, from_base64

Array = np.ndarray

MIN_AMOUNT, MAX_AMOUNT = -1.0, 2.0
MAX_SEED = 2**63 - 1
MAX_NESTED = 60
"""Levels of JSON that a style may take: `engine.requests.json_text` reads more, so what is made is readable."""


class MeanStyle(Frozen, frozen=True, tag_field="style", tag="mean"):
    """The weights' mean style of the label it is given to."""


class ImageStyle(Frozen, frozen=True, tag_field="style", tag="image"):
    """The style of one region of a picture.

    path: the picture file, for display and re-encoding. label: the region of that picture which gives the
    style. label_map_path or label_map_png (base64 PNG): the picture's label map, given or corrected by the
    user; without one the parser makes it. code: base64 of the float32 style code, which makes a request complete
    without the picture file. made_by: the identity (`Card.identity`) of the weights that made the code, None or ""
    where it was not written down; other weights encode the picture again.
    """

    path: str
    label: Annotated[int, Meta(ge=0, le=255)]
    label_map_path: str | None = None
    label_map_png: str | None = None
    code: str | None = None
    made_by: str | None = None

    def __post_init__(self) -> None:
        structs.force_setattr(self, "label", as_label(self.label, "label"))
        structs.force_setattr(self, "made_by", self.made_by.lower() if self.code and self.made_by else None)
        if self.code is None:
            return
        decode_code(self.code)
        if self.made_by is not None and not re.fullmatch(r"[0-9a-f]{16}", self.made_by):
            raise BadRequest(
                'The key "made_by" of a style is {0}; give the first 16 digits of the SHA-256 of the weights that '
                "made its code, or leave it out.",
                repr(self.made_by),
            )

    def foreign(self, identity: str) -> bool:
        """Whether the code is known to be of other weights than those of `identity` ("": theirs is not known)."""
        return self.made_by is not None and bool(identity) and self.made_by != identity

    def code_array(self) -> Array | None:
        """The style code as (D,) float32, or None."""
        return None if self.code is None else decode_code(self.code)

    def label_map(self) -> Array | None:
        """The inline label map as (H, W) uint8, or None. Raises BadRequest."""
        return None if self.label_map_png is None else decode_map(self.label_map_png, "label_map_png")


class SampleStyle(Frozen, frozen=True, tag_field="style", tag="sample"):
    """A style drawn for the label it is given to: the same weights, label and seed give the same style everywhere."""

    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)]

    def __post_init__(self) -> None:
        structs.force_setattr(self, "seed", as_seed(self.seed))


class ColourStyle(Frozen, frozen=True, tag_field="style", tag="colour"):
    """The region takes this colour, "#rrggbb" in sRGB; the texture, light and shade that it has stay."""

    colour: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise BadRequest('The colour "{0}" should read #rrggbb, for example #a01030.', self.colour)
        structs.force_setattr(self, "colour", self.colour.lower())

    def rgb(self) -> tuple[float, float, float]:
        """The channels in 0..1."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red / 255, green / 255, blue / 255


class MixStyle(Frozen, frozen=True, tag_field="style", tag="mix"):
    """(1 - amount) * a + amount * b, with amount from -1 to 2: beyond 0-1 it exaggerates."""

    a: Style
    b: Style
    amount: float

    def __post_init__(self) -> None:
        if not (isinstance(self.amount, float | int) and math.isfinite(self.amount)):
            raise BadRequest('The key "amount" of a mix is {0}; give a number from -1 to 2.', self.amount)
        if not MIN_AMOUNT <= self.amount <= MAX_AMOUNT:
            raise BadRequest('The key "amount" of a mix is {0}; give a number from -1 to 2.', f"{self.amount:g}")
        structs.force_setattr(self, "amount", float(self.amount))
        _check_nested(self)


class BlockStyle(Frozen, frozen=True, tag_field="style", tag="blocks"):
    """Crossover: one style per styled ResBlk, the coarsest first (SEAN has 6)."""

    blocks: tuple[Style, ...]

    def __post_init__(self) -> None:
        structs.force_setattr(self, "blocks", tuple(self.blocks))
        if not self.blocks:
            raise BadRequest('The key "blocks" of a style is empty; give one style per block.')
        _check_nested(self)


Style = Union[MeanStyle, ImageStyle, SampleStyle, ColourStyle, MixStyle, BlockStyle]  # noqa: UP007 (msgspec reads it at run time)

MEAN = MeanStyle()


def mix(a: Style, b: Style, amount: float) -> Style:
    """(1 - amount) * a + amount * b, as a mix of the ends that `a` is made of where it is one on the way to, or from,
    `b`: going on from where one has come nests nothing."""
    if isinstance(a, MixStyle) and a.b == b:
        share_of_b, other_end = 1 - (1 - a.amount) * (1 - amount), a.a
    elif isinstance(a, MixStyle) and a.a == b:
        share_of_b, other_end = 1 - a.amount * (1 - amount), a.b
    else:
        return MixStyle(a, b, amount)
    within = MIN_AMOUNT <= share_of_b <= MAX_AMOUNT
    return MixStyle(other_end, b, share_of_b) if within else MixStyle(a, b, amount)


def _levels(style: Style) -> int:
    """Levels of JSON below a style's own."""
    if isinstance(style, MixStyle):
        return 1 + max(_levels(style.a), _levels(style.b))
    return 2 + max(map(_levels, style.blocks)) if isinstance(style, BlockStyle) else 0


def _check_nested(style: Style) -> None:
    """Raises BadRequest where the style could be written, but not read again."""
    if _levels(style) > MAX_NESTED:
        raise BadRequest("The request nests its styles too deeply; use fewer mixes of mixes.")


def simple_parts(style: Style) -> list[Style]:
    """The styles that a style is made of, itself where it is made of none."""
    if isinstance(style, MixStyle):
        return simple_parts(style.a) + simple_parts(style.b)
    if isinstance(style, BlockStyle):
        return [simple_style for block in style.blocks for simple_style in simple_parts(block)]
    return [style]


def with_parts(style: Style, change: Callable[[Style], Style]) -> Style:
    """The style with each of its `simple_parts` changed."""
    if isinstance(style, MixStyle):
        return MixStyle(with_parts(style.a, change), with_parts(style.b, change), style.amount)
    if isinstance(style, BlockStyle):
        return BlockStyle(tuple(with_parts(block, change) for block in style.blocks))
    return change(style)


def located(style: Style, folder: Path) -> Style:
    """The style with each relative path made that of a file in `folder` (or below)."""
    return _with_paths(style, lambda file_path, _: absolute_path(file_path, folder))


def as_in_file(style: Style, target: PathLike, *, codes_suffice: bool) -> Style:
    """The style as a file at `target` holds it: `relative_path` for its files, or their names alone where
    `codes_suffice` and the style has its code, so that the file says nothing of the user's folders."""

    def written(file_path: str, has_code: bool) -> str:
        return file_name_of(file_path) if codes_suffice and has_code else relative_path(file_path, target)

    return _with_paths(style, written)


def _with_paths(style: Style, change: Callable[[str, bool], str]) -> Style:
    """`change` gets each path that is there, and whether its style has a code."""

    def changed(simple_style: Style) -> Style:
        if not isinstance(simple_style, ImageStyle):
            return simple_style
        paths = {"path": simple_style.path, "label_map_path": simple_style.label_map_path}
        has_code = simple_style.code is not None
        return simple_style.replace(**{key: change(path, has_code) for key, path in paths.items() if path})

    return with_parts(style, changed)


def absolute_path(file_path: str, folder: Path) -> str:
    """The path of a file in `folder` (or below), unless it is absolute, on whatever system: then as it is."""
    return file_path if _is_absolute(file_path) else os.path.join(os.path.abspath(folder), file_path)


def relative_path(file_path: str, target: PathLike) -> str:
    """The inverse for a file at `target`: relative, with slashes, for what lies beside or below it, so that all can be
    moved together; else absolute."""
    if _is_absolute(file_path) and not os.path.isabs(file_path):
        return file_path  # of another system
    path, folder = Path(os.path.abspath(file_path)), os.path.dirname(os.path.abspath(target))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _is_absolute(file_path: str) -> bool:
    return PurePosixPath(file_path).is_absolute() or PureWindowsPath(file_path).is_absolute()


def file_name_of(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rpartition("/")[2]


def encode_code(style_code: Array) -> str:
    """A style code (D,) as base64 of little-endian float32."""
    return base64.b64encode(np.ascontiguousarray(style_code, dtype="<f4").reshape(-1).tobytes()).decode("ascii")


def decode_code(base64_text: str) -> Array:
    """The inverse of `encode_code`: (D,) float32. Raises BadRequest."""
    data = from_base64(base64_text, "code")
    if not data or len(data) % 4:
        raise BadRequest('The key "code" of a style is not a list of float32 numbers in base64.')
    style_code = np.frombuffer(data, dtype="<f4").astype(np.float32)
    if not np.isfinite(style_code).all():
        raise BadRequest('The key "code" of a style has numbers that are not finite; encode the picture again.')
    return style_code


def as_seed(seed: Any) -> int:
    """A seed (numpy integers too) as a plain int. Raises BadRequest."""
    value = int(seed) if isinstance(seed, np.integer) else seed
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise BadRequest('The key "seed" is {0}; give a whole number from 0 to {1}.', repr(value), MAX_SEED)
    return value


def as_region(region: Any, key: str, pieces: Collection[int]) -> int:
    """A label id, or the number of one of `pieces`, as a plain int. Raises BadRequest naming `key`."""
    if region in pieces:
        return int(region)
    if not isinstance(region, bool) and isinstance(region, int) and is_piece(region):
        raise BadRequest(
            'The key "{0}" of the request is for the piece {1}, which its key "pieces" does not have.', key, region
        )
    return as_label(region, key)


def as_label(label: Any, key: str) -> int:
    """A label id (numpy integers too) as a plain int. Raises BadRequest naming `key`."""
    try:
        value = -1 if isinstance(label, bool) else operator.index(label)
    except TypeError:
        value = -1
    if not 0 <= value <= 255:
        raise BadRequest('The key "{0}" of the request is {1}; a label is a number from 0 to 255.', key, repr(label))
    return int(value)
