"""Painting a picture of a data set again, through a painter, as the editor would: what all measuring starts from."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.painting.painter import Array, Painter, StyleCodes
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, Style, encode_code
from engine.systems import abilities

SEED = 0


def native_size(config: Any) -> tuple[int, int]:
    """(height, width) of the pictures that a network was trained on."""
    width = int(config.resolution)
    return round(width / float(getattr(config, "aspect_ratio", 1.0))), width


def has_styles(painter: Painter) -> bool:
    """Whether a picture gives these weights a style (a SPADE without latent paints from the label map alone)."""
    return abilities(painter.card).images


def can_sample(painter: Painter) -> bool:
    """Whether styles can be drawn for these weights."""
    return abilities(painter.card).samples


def own_styles(painter: Painter, picture: Array, label_map: Array) -> dict[int, Style]:
    """The styles of a picture's own regions; labels that are too small for a code are left to the mean style.

    Where one style is the whole picture's, all labels get it. picture: (H, W, 3) uint8; label_map: (H, W).
    """
    if not has_styles(painter):
        return {}
    style_codes: StyleCodes = painter.encode(picture, label_map)
    present_labels = np.flatnonzero(style_codes.present)
    if painter.scope == "picture":
        return {label: coded(label, style_codes.codes[present_labels[0]]) for label in range(painter.config.labels)}
    return {int(label): coded(int(label), style_codes.codes[label]) for label in present_labels}


def coded(label: int, style_code: Array) -> Style:
    """A style that is known by its code (D,) alone."""
    return ImageStyle(path="", label=label, code=encode_code(style_code))


def drawn_style(painter: Painter, label: int, seed: int) -> dict[int, Style]:
    """The styles that change when a label's is drawn: that label's, or all labels' where one style is the picture's."""
    if painter.scope == "label":
        return {label: coded(label, painter.sample(label, seed))}
    style_code = painter.sample(0, seed)
    return {sharing_label: coded(sharing_label, style_code) for sharing_label in range(painter.config.labels)}


def all_drawn(painter: Painter, label_map: Array, style_seed: int) -> dict[int, Style]:
    """A drawn style for every label of the map, all from one seed."""
    styles: dict[int, Style] = {}
    for label in np.unique(label_map):
        styles |= drawn_style(painter, int(label), style_seed)
    return styles


def repaint(painter: Painter, label_map: Array, styles: dict[int, Style]) -> Array:
    """The picture (H, W, 3) uint8 of a label map (H, W) in those styles; noise from `SEED`."""
    request = RenderRequest(painter.card.name, LabelMapData.from_array(label_map), styles, SEED)
    codes = painter.codes_for(request, _no_files)
    return painter.paint(request, codes, lambda painted_blocks, of: None)[0]


def _no_files(style: ImageStyle) -> tuple[Array, Array]:
    raise AssertionError("every style has its code")
