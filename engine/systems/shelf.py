"""Weights in memory: read when first needed, a few kept at once. A session has one shelf; it is not thread-safe."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch

from engine.errors import WeightsError
from engine.labels.label_sets import LabelSet
from engine.painting.label_painter import Painter
from engine.systems.base import PAINTERS, PARSER
from engine.systems.parser.photo_parser import PhotoParser
from engine.systems.pix2pixhd.painter import Pix2PixHDPainter
from engine.systems.sean.painter import SEANPainter
from engine.systems.smis.painter import SMISPainter
from engine.systems.spade.painter import SPADEPainter
from engine.weights.card import Card
from engine.weights.store import Weights, list_weights, load_weights

LOADED = 3
"""Weights kept in memory at once; the least recently used are dropped."""

KINDS: dict[str, Callable[[Weights, torch.device], Painter | PhotoParser]] = {
    "sean": SEANPainter,
    "pix2pixhd": Pix2PixHDPainter,
    "smis": SMISPainter,
    "spade": SPADEPainter,
    PARSER: PhotoParser,
}
"""What makes use of the weights of each system."""


class Shelf:
    """Weights by name, ready to use on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._loaded: OrderedDict[str, Painter | PhotoParser] = OrderedDict()

    def cards(self) -> list[Card]:
        """The cards of all usable weights on the disk, by name."""
        return [entry.card for entry in list_weights() if entry.card is not None]

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Name of a parser for these labels, or None if there is none."""
        for entry in list_weights():
            own = entry.card.labels() if entry.card is not None and entry.card.system == PARSER else None
            if own is not None and own.same_labels(label_set):
                return entry.name
        return None

    def load(self, name: str) -> Painter | PhotoParser:
        """The weights called `name`, read once. Raises WeightsError."""
        if name in self._loaded:
            self._loaded.move_to_end(name)
            return self._loaded[name]
        weights = load_weights(name)
        if weights.card.system not in KINDS:
            raise WeightsError(
                '"{0}" is of the system "{1}", which this version cannot use; update Tessera.',
                name, weights.card.system,
            )
        while len(self._loaded) >= LOADED:
            self._loaded.popitem(last=False)
        self._loaded[name] = KINDS[weights.card.system](weights, self._device)
        return self._loaded[name]

    def painter(self, name: str) -> Painter:
        """Weights that paint. Raises WeightsError if they are of another kind."""
        loaded = self.load(name)
        if isinstance(loaded, PhotoParser):
            raise WeightsError(
                '"{0}" finds label maps, it does not paint; choose weights of the systems {1}.',
                name, ", ".join(PAINTERS),
            )
        return loaded

    def photo_parser(self, name: str) -> PhotoParser:
        """Weights that find label maps. Raises WeightsError if they are of another kind."""
        loaded = self.load(name)
        if not isinstance(loaded, PhotoParser):
            raise WeightsError('"{0}" paints, it does not find label maps; choose weights of the system parser.', name)
        return loaded

    def clear(self) -> None:
        """Forget all."""
        self._loaded.clear()
