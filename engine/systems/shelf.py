"""Weights in memory: read when first needed, a few kept at once. A session has one shelf; it is not thread-safe."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch

from engine.errors import WeightsError
from engine.labels.label_sets import LabelSet
from engine.requests.base import Request
from engine.requests.parse import LabelMapFinder, ParseRequest
from engine.systems import find_system, finder_among, parser_for, systems_serving
from engine.systems.base import System, load_part
from engine.weights.store import list_weights, load_weights

LOADED = 3
"""Weights kept in memory at once; the least recently used are dropped."""


class Shelf:
    """Weights by name, ready to use on one device: what `System.runtime` makes of them."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._loaded: OrderedDict[str, tuple[System, Any]] = OrderedDict()

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Name of installed weights that find label maps of these labels, or None if there are none."""
        return parser_for(list_weights(), label_set)

    def face_finder(self) -> str | None:
        """Name of installed weights that find faces in photos, or None if there are none."""
        return finder_among(list_weights())

    def load(self, weights_name: str) -> Any:
        """The weights called `weights_name`, whatever they do, read once. Raises WeightsError."""
        return self._entry(weights_name)[1]

    def serving(self, weights_name: str, request_kind: type[Request[Any]]) -> Any:
        """The weights called `weights_name`. Raises WeightsError too if they do not serve requests of that kind."""
        system, runtime = self._entry(weights_name)
        if not system.serves(request_kind):
            able_systems = ", ".join(able_system.id for able_system in systems_serving(request_kind))
            raise WeightsError(
                '"{0}" does not {1}; choose weights of a system that does ({2}).',
                weights_name,
                request_kind.task,
                able_systems,
            )
        return runtime

    def parser(self, weights_name: str) -> LabelMapFinder:
        """Weights that find label maps. Raises WeightsError if they do something else."""
        parser: LabelMapFinder = self.serving(weights_name, ParseRequest)
        return parser

    def clear(self) -> None:
        """Forget all."""
        self._loaded.clear()

    def _entry(self, weights_name: str) -> tuple[System, Any]:
        if weights_name not in self._loaded:
            weights = load_weights(weights_name)
            system = find_system(weights.card.system)
            if system is None:
                raise WeightsError(
                    '"{0}" is of the system "{1}", which this version cannot use; update Tessera.',
                    weights_name,
                    weights.card.system,
                )
            while len(self._loaded) >= LOADED:
                self._loaded.popitem(last=False)
            self._loaded[weights_name] = system, load_part(system.runtime)(weights, self._device)
        self._loaded.move_to_end(weights_name)
        return self._loaded[weights_name]
