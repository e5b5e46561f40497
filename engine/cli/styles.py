"""Styles for `render` and `morph`: encodes each picture once and gives complete styles, codes included; and the pieces
that words for styles name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.cli.common import tell
from engine.cli.weights import label_set_of
from engine.cli.words import Drawn, Point, StyleFile, StyleWord
from engine.errors import BadRequest, MissingStyle
from engine.labels.label_maps import read_certain_map
from engine.labels.looked_at import UNSEEN
from engine.labels.pieces import connected_part, region_map, with_piece
from engine.requests.label_map_data import LabelMapData, encode_map
from engine.requests.style_pictures import require_region
from engine.requests.styles import MEAN, ImageStyle, SampleStyle, Style, encode_code
from engine.systems import abilities
from engine.weights.card import read_card, unlearnt
from engine.weights.store import find_weights

if TYPE_CHECKING:
    from engine.cli.edit import PieceEdit
    from engine.labels.label_sets import LabelSet
    from engine.painting.painter import StyleCodes
    from engine.requests.edit import EditRequest
    from engine.requests.render import RenderRequest
    from engine.session import Session


Array = np.ndarray


class StyleReader:
    """Reads the styles of pictures for one set of weights."""

    def __init__(self, session: Session, weights: str, order: str | None = None) -> None:
        """`order`: what the numbers in label map files mean (`engine/labels/label_orders.py`)."""
        self._session, self._order = session, order
        self._weights = weights
        self.label_set = label_set_of(weights)
        card = read_card(find_weights(weights))
        self.abilities, self.unlearnt = abilities(card), unlearnt(card)
        self._codes: dict[StyleFile, StyleCodes] = {}

    def all_of(self, style_file: StyleFile) -> dict[int, ImageStyle]:
        """{label: style} of every label that the picture shows."""
        present = np.flatnonzero(self._encoded(style_file).present).tolist()
        return {label: self._style(style_file, label) for label in present}

    def one_of(self, style_word: StyleWord, label: int) -> Style:
        """The style that a word means for a label. Raises MissingStyle: it is a picture without that label."""
        if isinstance(style_word, StyleFile):
            return self._style(style_word, label)
        return SampleStyle(style_word.seed) if isinstance(style_word, Drawn) else MEAN

    def everywhere(self, style_word: StyleWord) -> dict[int, Style]:
        """{label: style} of every label for which the word has one."""
        if isinstance(style_word, StyleFile):
            return dict(self.all_of(style_word))
        return {label.id: self.one_of(style_word, label.id) for label in self.label_set.labels}

    def labels(self, option_name: str, label_names: list[str], request: RenderRequest) -> list[int]:
        """Ids of the labels called `label_names`, which must be in the request's label map; without a name all of its
        labels whose style is not locked.

        Raises BadRequest: one is not there, all are locked, or the weights have one style for the whole picture, or
        none at all.
        """
        label_map = request.label_map.array()
        if not self.abilities.styles:
            raise BadRequest('"{0}" has one look for a label map; choose weights that have styles.', self._weights)
        if label_names and self.abilities.scope == "picture":
            raise BadRequest('"{0}" has one style for the whole picture; leave out {1}.', self._weights, option_name)
        if not label_names and self.abilities.scope == "picture":
            self.require_unlocked(request)
            return [label.id for label in self.label_set.labels]
        shown_labels = np.unique(label_map).tolist()
        if not label_names:
            known_labels = [label for label in shown_labels if label < len(self.label_set)]
            unlocked = [label for label in known_labels if label not in request.style_locks]
            if not unlocked:
                raise BadRequest("Every style of the request is locked; name one with {0} to change it.", option_name)
            self.tell_kept(label for label in known_labels if label in request.style_locks)
            return unlocked
        labels = sorted({self.label_set.find(name) for name in label_names})
        for label in labels:
            self.require_region(label, label_map)
        return labels

    def warn(self, label_map: Array) -> None:
        """Tell which labels of a label map the weights have not learnt."""
        unlearnt_labels = [label for label in np.unique(label_map).tolist() if label in self.unlearnt]
        if unlearnt_labels:
            unlearnt_names = ", ".join(f'"{self.label_set[label].name}"' for label in unlearnt_labels)
            weights = f'"{self._weights}" has learnt next to nothing of {unlearnt_names}'
            tell([f"{weights}; such regions will not look like much."])

    def require_unlocked(self, request: RenderRequest) -> None:
        """Raise BadRequest where the request locks the one style that the weights have for the whole picture."""
        if self.abilities.scope == "picture" and request.style_locks:
            raise BadRequest('The style is locked in the request; take the key "style_locks" out of it.')

    def tell_kept(self, labels: Iterable[int]) -> None:
        """Tell which styles stay because the request locks them."""
        if locked_names := ", ".join(f'"{self.label_set[label].name}"' for label in labels):
            tell([f"The style of {locked_names} is locked in the request and stays."])

    def require_region(self, label: int, label_map: Array) -> None:
        """Raise BadRequest, naming what there is, unless the label map has a region of that label."""
        shown_labels = np.unique(label_map).tolist()
        if label not in shown_labels:
            region_names = ", ".join(
                self.label_set[region].name for region in shown_labels if region < len(self.label_set)
            )
            label_name = self.label_set[label].name
            raise BadRequest('The label map has no region "{0}"; its regions are {1}.', label_name, region_names)

    def _style(self, style_file: StyleFile, label: int) -> ImageStyle:
        """The style that the picture gives to a label. Raises MissingStyle: it does not show the label."""
        encoded = self._encoded(style_file)
        require_region(style_file.picture, label, encoded.present, self.label_set)
        style_code = encode_code(encoded.codes[label])
        return self._image_style(style_file).replace(label=label, code=style_code, made_by=encoded.made_by or None)

    def _encoded(self, style_file: StyleFile) -> StyleCodes:
        if style_file.label_map is None and self._session.parser_for(self.label_set) is None:
            raise MissingStyle(
                'No parser for the labels of "{0}" is installed: give the label map of "{1}" behind an @, as in {2}'
                "@labels.png.",
                self._weights, style_file.picture, style_file.picture,
            )
        if style_file not in self._codes:
            self._codes[style_file], notes = self._session.encode_picture(self._weights, self._image_style(style_file))
            tell(notes)
        return self._codes[style_file]

    def _image_style(self, style_file: StyleFile) -> ImageStyle:
        return image_style(style_file, 0, self.label_set, self._order)


@dataclass
class PieceFinder:
    """Finds the pieces that words such as "window@120,80" name, the part of a region that is connected around that
    pixel, and marks them.

    label_map: (H, W) uint8 ids, `UNSEEN` where nobody looked for regions. size: height and width that points are
    counted in. piece_map, pieces: those that there are already, and then those that were marked.
    """

    label_map: Array
    label_set: LabelSet
    size: tuple[int, int]
    piece_map: Array | None = None
    pieces: Mapping[int, int] = field(default_factory=dict)

    def piece(self, option: str, word: str, label: int, point: Point) -> int:
        """The number of the piece of a label at a point, marked if it was none. Raises BadRequest: the point lies
        outside or on another region, or there are too many pieces."""
        shown = self.label_at(option, word, point)
        if shown != label:
            x, y = point
            shown_name = self.label_set[shown].name if shown < len(self.label_set) else str(shown)
            raise BadRequest(
                '{0} "{1}": at the point {2},{3} there is "{4}", not "{5}".',
                option, word, x, y, shown_name, self.label_set[label].name,
            )
        row, column = self._place(point)
        regions = region_map(self.label_map, self.piece_map, self.pieces)
        if (region := int(regions[row, column])) != label:
            return region
        mask = connected_part(regions, column, row)
        self.piece_map, self.pieces, piece = with_piece(self.piece_map, self.pieces, mask, label)
        return piece

    def label_at(self, option: str, word: str, point: Point) -> int:
        """The label at a point. Raises BadRequest: it lies outside, or nobody looked there."""
        (x, y), (height, width) = point, self.size
        if not (0 <= x < width and 0 <= y < height):
            raise BadRequest(
                '{0} "{1}": the point {2},{3} lies outside the picture of {4} x {5} pixels.',
                option, word, x, y, width, height,
            )
        shown = int(self.label_map[self._place(point)])
        if shown == UNSEEN:
            raise BadRequest('{0} "{1}": nobody looked for regions at the point {2},{3}.', option, word, x, y)
        return shown

    def _place(self, point: Point) -> tuple[int, int]:
        """Row and column of the label map."""
        (x, y), (height, width) = point, self.size
        return y * self.label_map.shape[0] // height, x * self.label_map.shape[1] // width


def with_piece_edits(session: Session, request: EditRequest, of_pieces: Sequence[PieceEdit]) -> EditRequest:
    """The request with edits of pieces too, found in the photo's regions; of a word that means several labels the one
    at its point is edited.

    Raises BadRequest: a point is on another region or outside, or two are in one piece; as `EditRequest.run` too.
    """
    from engine.requests.editing.job import photo_regions

    with session.guarded():
        label_map, size = photo_regions(request, session.services(), lambda fraction, text: None)
    finder = PieceFinder(label_map, session.painter(request.weights).label_set, size)
    edits = list(request.edits)
    for each in of_pieces:
        assert each.point is not None  # others are of labels
        shown, own = finder.label_at(each.option, each.word, each.point), each.edit.label
        if shown != own and any(other.word == each.word and other.edit.label == shown for other in of_pieces):
            continue
        piece = finder.piece(each.option, each.word, own, each.point)
        if any(edit.label == piece for edit in edits):
            raise BadRequest('{0} "{1}": another edit is of this piece too; give one for it.', each.option, each.word)
        edits.append(each.edit.replace(label=piece))
    assert finder.piece_map is not None  # there is a piece
    piece_map = LabelMapData.from_array(finder.piece_map)
    return request.replace(edits=tuple(edits), pieces=dict(finder.pieces), piece_map=piece_map)


def image_style(style_file: StyleFile, label: int, label_set: LabelSet, order: str | None) -> ImageStyle:
    """A style of a picture's label: its files, by paths that last; a map in another order goes inside.

    Raises BadFile, BadLabelMap, BadRequest: of the label map.
    """
    style = ImageStyle(path=os.path.abspath(style_file.picture), label=label)
    if style_file.label_map is None:
        return style
    if order is None:
        return style.replace(label_map_path=os.path.abspath(style_file.label_map))
    label_map_file = read_certain_map(style_file.label_map, label_set, order=order, option="--order")
    return style.replace(label_map_png=encode_map(label_map_file.label_map))
