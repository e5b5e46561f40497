"""Styles for other weights: the pictures are encoded again, and what those weights cannot have becomes the mean.

Locked styles are left as they are, apart from their codes, which belong to weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from app.jobs.photos import CodeCache, Photo, style_label_map
from app.jobs.work_lane import Work
from engine.errors import BadFile, BadLabelMap, BadRequest
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.pieces import is_piece
from engine.pictures.closeup import reduced
from engine.pictures.images import read_image
from engine.requests.styles import (
    MEAN,
    BlockStyle,
    ColourStyle,
    ImageStyle,
    MeanStyle,
    MixStyle,
    SampleStyle,
    Style,
    encode_code,
)
from engine.systems.base import Abilities


def image_parts(style: Style) -> list[ImageStyle]:
    """The pictures that a style is made of."""
    if isinstance(style, ImageStyle):
        return [style]
    if isinstance(style, MixStyle):
        return image_parts(style.a) + image_parts(style.b)
    if isinstance(style, BlockStyle):
        return [image for ingredient in style.blocks for image in image_parts(ingredient)]
    return []


def encode_again(
    work: Work, weights: str, styles: Iterable[ImageStyle], label_set: LabelSet, codes: CodeCache
) -> dict[ImageStyle, Style]:
    """Each style with the code that ``weights`` make of its picture; the mean where the region is too small for them.
    Those whose picture cannot be read any more, or whose regions only a parser knows, are left out: the engine deals
    with them, or says what is missing.

    Raises:
        EngineError: the weights cannot encode, or Cancelled.
    """
    encoded_styles: dict[ImageStyle, Style] = {}
    for style in styles:
        work.check()
        photo = _photo(style, label_set)
        if photo is None:
            continue
        style_codes = codes.encode(work, weights, photo)
        if bool(style_codes.present[style.label]):
            code = encode_code(np.asarray(style_codes.codes[style.label], np.float32))
            encoded_styles[style] = style.replace(code=code, made_by=style_codes.made_by or None)
        else:
            encoded_styles[style] = MeanStyle()
    return encoded_styles


def _photo(style: ImageStyle, label_set: LabelSet) -> Photo | None:
    try:
        label_map = style_label_map(style, label_set)
        if label_map is None:
            return None
        pixels = reduced(read_image(style.path).pixels)
    except (BadFile, BadLabelMap, BadRequest):
        return None
    return Photo(Path(style.path), pixels, resize_label_map(label_map, *pixels.shape[:2]), 1.0, known=True)


def with_codes(style: Style, encoded_styles: Mapping[ImageStyle, Style], *, keep: bool = False) -> Style:
    """The style with its pictures as ``encoded_styles`` has them; the code of one that is not there goes.

    keep: a picture that gave no new code stays as it is, and so does one whose region is too small: the engine says
    what is missing, where the mean would silently take its place.
    """
    if isinstance(style, ImageStyle):
        encoded = encoded_styles.get(style)
        if keep:
            return encoded if isinstance(encoded, ImageStyle) else style
        return encoded if encoded is not None else style.replace(code=None)
    if isinstance(style, MixStyle):
        a, b = with_codes(style.a, encoded_styles, keep=keep), with_codes(style.b, encoded_styles, keep=keep)
        return MixStyle(a=a, b=b, amount=style.amount)
    if isinstance(style, BlockStyle):
        blocks = (with_codes(ingredient, encoded_styles, keep=keep) for ingredient in style.blocks)
        return BlockStyle(blocks=tuple(blocks))
    return style


def own_regions(styles: Mapping[int, Style], locked: Collection[int]) -> dict[int, Style]:
    """Styles of weights with one style for the whole picture, for weights with one for each region: each label takes
    its own region of the same picture."""
    regional_styles = dict(styles)
    for label, style in styles.items():
        if isinstance(style, ImageStyle) and label not in locked and style.label != label and not is_piece(label):
            regional_styles[label] = style.replace(label=label, code=None)
    return regional_styles


def possible(
    styles: Mapping[int, Style], encoded_styles: Mapping[ImageStyle, Style], can: Abilities, locked: Collection[int]
) -> tuple[dict[int, Style], int]:
    """The styles as weights that can do `can` take them, and how many of them had to become something else.

    encoded_styles: what `encode_again` gave; a picture's code of other weights is never kept.
    """
    possible_styles: dict[int, Style] = {}
    changed = 0
    for label, style in styles.items():
        encoded_style = with_codes(style, dict(encoded_styles))
        if label not in locked:
            allowed_style = _allowed(encoded_style, can)
            changed += allowed_style != encoded_style
            encoded_style = allowed_style
        possible_styles[label] = encoded_style
    return possible_styles, changed


def _allowed(style: Style, abilities: Abilities) -> Style:
    if isinstance(style, SampleStyle):
        return style if abilities.samples else MEAN
    if isinstance(style, ImageStyle):
        return style if abilities.images else MEAN
    if isinstance(style, ColourStyle):
        return style if abilities.images and abilities.scope != "picture" else MEAN
    if isinstance(style, MixStyle):
        a, b = _allowed(style.a, abilities), _allowed(style.b, abilities)
        return MEAN if a == b == MEAN else MixStyle(a=a, b=b, amount=style.amount)
    if isinstance(style, BlockStyle):
        blocks = tuple(_allowed(ingredient, abilities) for ingredient in style.blocks)
        if len(blocks) == abilities.blocks:
            return BlockStyle(blocks=blocks)
        return Counter(blocks).most_common(1)[0][0]  # the style that decides most of the picture now
    return style


def whole_picture(
    styles: Mapping[int, Style], areas: np.ndarray, labels: int, locked: Collection[int]
) -> dict[int, Style]:
    """One style for all labels: a locked one, else that of the largest region that has a style of its own."""
    chosen = [label for label in styles if not is_piece(label) and not isinstance(styles[label], MeanStyle)]
    if not chosen:
        return {}
    leading_label = max(chosen, key=lambda label: (label in locked, int(areas[label])))
    return dict.fromkeys(range(labels), styles[leading_label])
