"""Styles for `render`: encodes each picture once and gives complete styles, codes included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from engine.cli.common import tell
from engine.cli.weights import label_set_of
from engine.cli.words import StyleFile
from engine.closeup import reduced
from engine.errors import MissingStyle
from engine.images import read_image
from engine.labels import read_label_map
from engine.request import ImageStyle, ParseRequest, encode_code

if TYPE_CHECKING:
    from engine.session import Session, StyleCodes


class StyleReader:
    """Reads the styles of pictures for one set of weights."""

    def __init__(self, session: Session, weights: str) -> None:
        self._session = session
        self._weights = weights
        self.label_set = label_set_of(weights)
        self._codes: dict[StyleFile, StyleCodes] = {}

    def all_of(self, file: StyleFile) -> dict[int, ImageStyle]:
        """{label: style} of every label that the picture shows."""
        present = np.flatnonzero(self._encoded(file).present)
        return {int(label): self._style(file, int(label)) for label in present}

    def one_of(self, file: StyleFile, label: int) -> ImageStyle:
        """The picture's style for that label; rendering it fails if the picture does not show the label."""
        return self._style(file, label)

    def _style(self, file: StyleFile, label: int) -> ImageStyle:
        found = self._encoded(file)
        return ImageStyle(
            path=os.path.abspath(file.picture),
            label=label,
            label_map_path=os.path.abspath(file.label_map) if file.label_map else None,
            code=encode_code(found.codes[label]) if found.present[label] else None,
        )

    def _encoded(self, file: StyleFile) -> StyleCodes:
        if file not in self._codes:
            picture = read_image(file.picture)
            tell(f'"{file.picture}": {note}' for note in picture.notes)
            label_map = self._label_map(file, picture.pixels)
            self._codes[file] = self._session.encode(self._weights, picture.pixels, label_map)
        return self._codes[file]

    def _label_map(self, file: StyleFile, pixels: np.ndarray) -> np.ndarray:
        if file.label_map is not None:
            return read_label_map(file.label_map, self.label_set).label_map
        parser = self._session.parser_for(self.label_set)
        if parser is None:
            raise MissingStyle(
                f'No parser for the labels of "{self._weights}" is installed:'
                f' give the label map of "{file.picture}" behind an @, as in {file.picture}@labels.png.'
            )
        result = self._session.run(ParseRequest.from_pixels(parser, reduced(pixels)))  # as the editor shows it
        tell(f'"{file.picture}": {note}' for note in result.notes)
        return result.label_map
