"""Style codes of pictures: read from the files that a style names, and kept.

What of a picture is looked at is the same for the editor, the command line and requests (`engine.pictures.closeup`), so
the same picture and label map give the same codes wherever they come from.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import Message, MissingStyle, WeightsError
from engine.labels.label_maps import check_label_map, read_certain_map
from engine.labels.label_sets import LabelSet
from engine.pictures.closeup import close_up, reduced
from engine.pictures.images import read_image
from engine.requests.base import Services
from engine.requests.styles import ImageStyle

if TYPE_CHECKING:
    from engine.painting.painter import Painter, StyleCodes

Array = np.ndarray
PICTURES_KEPT = 64
"""Pictures whose style codes are kept (some 10 kB each)."""


class StyleCodeCache:
    """Style codes by weights, picture and label map; the least recently used are dropped."""

    def __init__(self) -> None:
        self._codes: OrderedDict[tuple[str, ...], StyleCodes] = OrderedDict()

    def encode(self, painter: Painter, pixels: Array, label_map: Array) -> StyleCodes:
        """Codes of the regions of a picture (H, W, 3) uint8 with its label map (h, w), at any size.

        They say whose they are (`StyleCodes.made_by`). Raises BadLabelMap: ids that the weights do not know;
        NotSupported: weights that take no styles from pictures.
        """
        check_label_map(label_map, painter.label_set, Message("the label map of the style picture"))
        pixels, label_map = close_up(pixels, label_map, painter.label_set)
        made_by = painter.card.identity
        digests = [hashlib.sha1(np.ascontiguousarray(array).tobytes()).hexdigest() for array in (pixels, label_map)]
        cache_key = (painter.card.name, made_by, str(pixels.shape), str(label_map.shape), *digests)
        if cache_key not in self._codes:
            self._codes[cache_key] = replace(painter.encode(pixels, label_map), made_by=made_by)
            while len(self._codes) > PICTURES_KEPT:
                self._codes.popitem(last=False)
        self._codes.move_to_end(cache_key)
        return self._codes[cache_key]

    def clear(self) -> None:
        """Forget all."""
        self._codes.clear()


def encode_picture(services: Services, painter: Painter, style: ImageStyle) -> tuple[StyleCodes, list[Message]]:
    """The codes of the picture that a style names, and what a user should know about its file and its regions.

    Raises BadFile, BadLabelMap, BadRequest: the picture or its label map cannot be read; WeightsError: it comes without
    a label map and no parser is installed; what `StyleCodeCache.encode` raises.
    """
    picture_file = read_image(style.path)
    pixels, all_notes = reduced(picture_file.pixels), notes_of(style.path, picture_file.notes)
    label_map, map_notes = label_map_of(services, painter.label_set, style, pixels)
    all_notes += map_notes
    return services.codes.encode(painter, pixels, label_map), all_notes


def label_map_of(
    services: Services, label_set: LabelSet, style: ImageStyle, pixels: Array
) -> tuple[Array, list[Message]]:
    """The label map (h, w) of a style's picture, inline, from its file or from the parser, and notes for the user.

    pixels: (H, W, 3) uint8, the picture. Raises BadFile, BadLabelMap, BadRequest, WeightsError.
    """
    inline_map = style.label_map()
    if inline_map is not None:
        return inline_map, []
    if style.label_map_path is not None:
        label_map_file = read_certain_map(style.label_map_path, label_set)
        return label_map_file.label_map, notes_of(style.label_map_path, label_map_file.notes)
    label_map, warnings = _parsed(services, label_set, style.path, pixels)
    return label_map, [Message('"{0}": {1}', Path(style.path).name, warning) for warning in warnings]


def _parsed(services: Services, label_set: LabelSet, picture_path: str, pixels: Array) -> tuple[Array, tuple[str, ...]]:
    """The label map (H, W) that the installed parser finds in a style's picture, and the parser's warnings."""
    parser_name = services.shelf.parser_for(label_set)
    if parser_name is None:
        raise WeightsError(
            "No parser for the labels of '{0}' is installed; give the label map of \"{1}\" too.",
            label_set.name,
            picture_path,
        )
    label_map, _, warnings, *_ = services.shelf.parser(parser_name).parse(pixels)
    return label_map, warnings


def require_region(picture_path: str, label: int, present: Array, label_set: LabelSet) -> None:
    """Raise MissingStyle, naming the regions there are, unless the picture shows the label; present: (L,) bool."""
    if label < len(present) and present[label]:
        return
    region_names = ", ".join(label_set[int(present_label)].name for present_label in np.flatnonzero(present))
    label_name = label_set[label].name if label < len(label_set) else str(label)
    raise MissingStyle(
        '"{0}" has no region "{1}" to take a style from; its regions are {2}.', picture_path, label_name, region_names
    )


def notes_of(path: str, notes: tuple[str, ...]) -> list[Message]:
    """What a reader says of a file ("first of 12 frames used"), as sentences that name it."""
    file_name = Path(path).name or Message("the picture")
    return [Message('"{0}": {1}.', file_name, note) for note in notes]
