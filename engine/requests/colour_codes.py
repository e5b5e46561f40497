"""A plain colour for painters of label maps: the style code of a region of that colour.

Painters know style codes only. So the label is painted once, as a large disc in the mean style, the disc is given the
colour as a photo's region would be, and the weights' own encoder says the code of what that makes. One colour gives one
code whatever the label map, and it is kept: a brush stroke does not wait for it. Weights paint a colour as near as they
have learnt to: on a portrait, blond or black hair and skin come within 2 to 15 of 255, blue or pure red hair within 40.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.compose.change import BASE_SIGMA, tones_of
from engine.compose.colour_space import to_colours, to_lab
from engine.compose.colours import colour_tones
from engine.compose.regions import region_blur
from engine.compose.samples import as_colours
from engine.compose.tones import fit_tone_map
from engine.errors import NotSupported
from engine.labels.pieces import label_of
from engine.requests.base import Services
from engine.requests.label_map_data import LabelMapData
from engine.requests.styles import MEAN, ColourStyle, ImageStyle, Style, encode_code, simple_parts, with_parts

if TYPE_CHECKING:
    from engine.painting.painter import Painter
    from engine.requests.render import RenderRequest

Array = np.ndarray
DISC = 0.35
"""Radius of the disc in parts of the picture's side."""


def with_colour_codes(request: RenderRequest, painter: Painter, services: Services) -> RenderRequest:
    """The request with a style code for each plain colour; a label that the map does not show needs none.

    Raises NotSupported: the weights have one style for the whole picture, or no encoder.
    """
    coloured = [region for region, style in request.styles.items() if _has_colour(style)]
    if not coloured or not painter.code_length:
        return request
    if painter.scope == "picture":
        raise NotSupported('"{0}" has one style for the whole picture; a colour is for a region.', painter.card.name)
    shown = set(request.shown_regions())
    styles = dict(request.styles)
    for region in coloured:

        def coded(style: Style, region: int = region) -> Style:
            if not isinstance(style, ColourStyle) or region not in shown:
                return MEAN if isinstance(style, ColourStyle) else style
            return _colour_code(style, label_of(region, request.pieces), request, painter, services)

        styles[region] = with_parts(styles[region], coded)
    return request.replace(styles=styles)


def _has_colour(style: Style) -> bool:
    return any(isinstance(simple_style, ColourStyle) for simple_style in simple_parts(style))


def _colour_code(
    style: ColourStyle, label: int, request: RenderRequest, painter: Painter, services: Services
) -> ImageStyle:
    card = painter.card

    def encoded() -> ImageStyle:
        label_map = _disc_map(label, painter.config.resolution)
        disc = request.without_pieces().replace(
            label_map=LabelMapData.from_array(label_map), styles={}, seed=0, precision="float32", detail="model"
        )
        pixels, _ = painter.paint(disc, painter.codes_for(disc, _no_picture), lambda painted_blocks, blocks: None)
        pixels = _in_colour(pixels, label_map == label, style.rgb())
        code = services.codes.encode(painter, pixels, label_map).codes[label]
        return ImageStyle(path="", label=label, code=encode_code(code), made_by=card.identity or None)

    return services.kept.get(("colour code", card.name, card.identity, label, style.colour), encoded)


def _no_picture(style: ImageStyle) -> tuple[Array, Array]:
    raise AssertionError("mean styles read no picture")


def _disc_map(label: int, side: int) -> Array:
    """(side, side) uint8: the label before another one."""
    row, column = (np.mgrid[0:side, 0:side] + 0.5) / side - 0.5
    around = 0 if label else 1
    return np.where(np.hypot(row, column) < DISC, label, around).astype(np.uint8)


def _in_colour(pixels: Array, region: Array, colour: tuple[float, float, float]) -> Array:
    """(H, W, 3) uint8 with the region's tones moved to the colour, as a photo's are, but cut along the region."""
    colours, weight = as_colours(pixels), region.astype(np.float32)
    lab, own = to_lab(colours), tones_of(colours, weight)
    tone_map = fit_tone_map(own, colour_tones(colour, own))
    changed = to_colours(tone_map.apply(lab, region_blur(lab[..., 0], weight, BASE_SIGMA)))
    return np.rint(np.where(region[..., None], changed, colours) * 255).astype(np.uint8)
