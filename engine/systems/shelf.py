"""Weights in memory: read when first needed, a few kept at once. A session has one shelf; it is not thread-safe."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

import torch

from engine.errors import WeightsError
from engine.labels.label_sets import LabelSet
from engine.painting.label_painter import Painter
from engine.systems import abilities, all_systems, find_system, systems_serving
from engine.systems.base import PARSE, RENDER, load_part
from engine.systems.parser.photo_parser import PhotoParser
from engine.weights.card import Card
from engine.weights.store import list_weights, load_weights

LOADED = 3
"""Weights kept in memory at once; the least recently used are dropped."""


class Shelf:
    """Weights by name, ready to use on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._loaded: OrderedDict[str, Any] = OrderedDict()

    def cards(self) -> list[Card]:
        """The cards of all usable weights on the disk, by name."""
        return [entry.card for entry in list_weights() if entry.card is not None]

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Name of weights that find these labels in a picture, or None if there are none."""
        for entry in list_weights():
            own = entry.card.labels() if entry.card is not None and abilities(entry.card).parses else None
            if own is not None and own.same_labels(label_set):
                return entry.name
        return None

    def load(self, name: str) -> Any:
        """The weights called `name`, as their system's runtime (`Painter`, `PhotoParser` ...), read once.

        Raises WeightsError.
        """
        if name in self._loaded:
            self._loaded.move_to_end(name)
            return self._loaded[name]
        weights = load_weights(name)
        system = find_system(weights.card.system)
        if system is None:
            raise WeightsError(
                '"{0}" is of the system "{1}", which this version cannot use; update Tessera.',
                name,
                weights.card.system,
            )
        while len(self._loaded) >= LOADED:
            self._loaded.popitem(last=False)
        self._loaded[name] = load_part(system.runtime)(weights, self._device)
        return self._loaded[name]

    def serving(self, name: str, request: type) -> Any:
        """The weights called `name`, which must serve this kind of request. Raises WeightsError."""
        loaded = self.load(name)
        system = find_system(loaded.card.system)
        if system is None or not system.serves(request):
            raise WeightsError(
                '"{0}" does not take a {1}; choose weights of the systems {2}.',
                name,
                request.__name__,
                ", ".join(able.id for able in systems_serving(request)),
            )
        return loaded

    def painter(self, name: str) -> Painter:
        """Weights that paint label maps. Raises WeightsError if they are of another kind."""
        loaded = self.load(name)
        if not abilities(loaded.card).paints:
            raise WeightsError(
                '"{0}" finds label maps, it does not paint; choose weights of the systems {1}.', name, _ids(RENDER)
            )
        return cast(Painter, loaded)

    def photo_parser(self, name: str) -> PhotoParser:
        """Weights that find label maps. Raises WeightsError if they are of another kind."""
        loaded = self.load(name)
        if not abilities(loaded.card).parses:
            raise WeightsError(
                '"{0}" paints, it does not find label maps; choose weights of the system {1}.', name, _ids(PARSE)
            )
        return cast(PhotoParser, loaded)

    def clear(self) -> None:
        """Forget all."""
        self._loaded.clear()


def _ids(request: str) -> str:
    return ", ".join(system.id for system in all_systems() if request in system.requests)
