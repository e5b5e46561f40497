"""Styles for other weights: the pictures are encoded again. Runs in the work lane."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from app.jobs.work_lane import Work
from app.photos import CodeCache, Photo
from app.thumbnails import style_label_map
from engine.closeup import reduced
from engine.errors import BadFile, BadLabelMap, BadRequest
from engine.images import read_image
from engine.labels import LabelSet, resize_label_map
from engine.request import BlockStyle, ImageStyle, MixStyle, Style, encode_code


def image_parts(style: Style) -> list[ImageStyle]:
    """The pictures that a style is made of."""
    if isinstance(style, ImageStyle):
        return [style]
    if isinstance(style, MixStyle):
        return image_parts(style.a) + image_parts(style.b)
    if isinstance(style, BlockStyle):
        return [image for part in style.blocks for image in image_parts(part)]
    return []


def encode_again(
    work: Work, weights: str, styles: Iterable[ImageStyle], label_set: LabelSet, codes: CodeCache
) -> dict[ImageStyle, ImageStyle]:
    """Each style with the code that ``weights`` make of its picture. Those whose picture cannot be read any more, or
    whose regions only a parser knows, are left out: the engine deals with them, or says what is missing.

    Raises:
        EngineError: the weights cannot encode, or Cancelled.
    """
    made: dict[ImageStyle, ImageStyle] = {}
    for style in styles:
        work.check()
        photo = _photo(style, label_set)
        if photo is None:
            continue
        found = codes.encode(work, weights, photo)
        if bool(found.present[style.label]):
            made[style] = style.replace(code=encode_code(np.asarray(found.codes[style.label], np.float32)))
    return made


def _photo(style: ImageStyle, label_set: LabelSet) -> Photo | None:
    try:
        label_map = style_label_map(style, label_set)
        if label_map is None:
            return None
        pixels = reduced(read_image(style.path).pixels)
    except (BadFile, BadLabelMap, BadRequest):
        return None
    return Photo(Path(style.path), pixels, resize_label_map(label_map, *pixels.shape[:2]), 1.0, known=True)


def with_codes(style: Style, made: dict[ImageStyle, ImageStyle]) -> Style:
    """The style with its pictures as ``made`` has them; a code of other weights goes."""
    if isinstance(style, ImageStyle):
        return made.get(style, style.replace(code=None))
    if isinstance(style, MixStyle):
        return MixStyle(a=with_codes(style.a, made), b=with_codes(style.b, made), amount=style.amount)
    if isinstance(style, BlockStyle):
        return BlockStyle(blocks=tuple(with_codes(part, made) for part in style.blocks))
    return style
