"""Which weights there are and what their cards say. Reads cards only: no tensors, no torch."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EngineError, WeightsError
from engine.labels.label_sets import LabelSet
from engine.requests.render import RenderRequest
from engine.systems import abilities, default_weights, finder_among, parser_for, position, serves
from engine.systems.base import Abilities
from engine.weights.card import Card, read_card, unlearnt
from engine.weights.store import WeightsEntry, find_weights, lasting_name, list_weights

log = logging.getLogger("tessera")


class Catalogue(QObject):
    """The weights found on the search path, with what the editor asks about them."""

    changed = Signal()

    def __init__(
        self, find: Callable[[], Sequence[WeightsEntry]] = list_weights, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._find = find
        self._entries: tuple[WeightsEntry, ...] = ()
        self._extra: dict[str, Card] = {}
        self._abilities: dict[str, Abilities] = {}
        self._fingerprints: dict[str, str] = {}
        self.reload()

    def reload(self) -> None:
        """Look at the search path again (a few small files)."""
        self._entries = tuple(self._find())
        self._abilities.clear()
        self._fingerprints.clear()
        for entry in self._entries:
            if entry.problem:
                log.warning("weights %s: %s", entry.name, entry.problem)
        self.changed.emit()

    @property
    def entries(self) -> tuple[WeightsEntry, ...]:
        """Everything found, broken folders too."""
        return self._entries

    def serving(self, request_kind: type) -> list[tuple[str, Card]]:
        """Names and cards of the weights that serve a kind of request, by name; opened folders count as well."""
        known_cards = {entry.name: entry.card for entry in self._entries if entry.card is not None} | self._extra
        return [(name, known_cards[name]) for name in sorted(known_cards) if serves(known_cards[name], request_kind)]

    def serves(self, weights_name: str, request_kind: type) -> bool:
        """Whether the weights of that name serve a kind of request. Raises WeightsError as `card`."""
        return serves(self.card(weights_name), request_kind)

    def default_painter(self) -> str:
        """The weights to start with: those that come with Tessera if they are there; "" when there are none."""
        return default_weights(weights_name for weights_name, _ in self.serving(RenderRequest))

    def sets_serving(self, request_kind: type, preferred: str = "") -> list[tuple[LabelSet, str]]:
        """Every set of labels of which there are weights that serve a kind of request, with the weights to begin with:
        ``preferred`` for their own set, which comes first, else those of the first system that has some, by name."""
        sets_with_weights: list[tuple[LabelSet, str]] = []
        cards = self.serving(request_kind)
        in_order = sorted(cards, key=lambda item: (item[0] != preferred, position(item[1]), item[0]))
        for weights_name, card in in_order:
            try:
                label_set = card.labels()
            except EngineError:
                continue  # a card that is wrong says so where it is used
            if label_set is not None and not any(
                label_set.same_labels(known_set) for known_set, _ in sets_with_weights
            ):
                sets_with_weights.append((label_set, weights_name))
        return sets_with_weights

    def card(self, weights_name: str) -> Card:
        """The card of the weights ``weights_name`` (or of a folder's path).

        Raises:
            WeightsError: there are no such weights, or they are broken; the sentence says which.
        """
        for entry in self._entries:
            if entry.name == weights_name:
                if entry.card is None:
                    raise WeightsError(entry.problem)
                return entry.card
        if weights_name in self._extra:
            return self._extra[weights_name]
        return read_card(find_weights(weights_name))

    def fingerprint(self, weights_name: str) -> str:
        """Another text for other weights under the same name (a run may be taken again and again); "" where there are
        no such weights. What was made with weights is known again by name and fingerprint."""
        if weights_name not in self._fingerprints:
            try:
                card = self.card(weights_name)
            except EngineError:
                return ""
            self._fingerprints[weights_name] = card.sha256 + card.styles_sha256
        return self._fingerprints[weights_name]

    def identity(self, weights_name: str) -> str:
        """What codes that these weights make are known by (`Card.identity`); "" where there are no such weights."""
        try:
            return self.card(weights_name).identity
        except EngineError:
            return ""

    def label_set(self, weights_name: str) -> LabelSet:
        """The label set of the weights ``weights_name``. Raises WeightsError, also when they know no labels."""
        label_set = self.card(weights_name).labels()
        if label_set is None:
            raise WeightsError('The weights "{0}" know no labels; choose others from the Model menu.', weights_name)
        return label_set

    def abilities(self, weights_name: str) -> Abilities:
        """What the weights can do: draw styles, take them from pictures; nothing where there are no such weights."""
        if weights_name not in self._abilities:
            try:
                self._abilities[weights_name] = abilities(self.card(weights_name))
            except EngineError:
                return Abilities()
        return self._abilities[weights_name]

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Weights that find these labels in a photo."""
        return parser_for(self._entries, label_set)

    def face_finder(self) -> str | None:
        """Weights that find faces in photos."""
        return finder_among(self._entries)

    def unlearnt(self, weights_name: str) -> frozenset[int]:
        """Labels that the weights saw next to nothing of; empty where their card does not say, or cannot be read."""
        try:
            return unlearnt(self.card(weights_name))
        except EngineError:
            return frozenset()

    def open_folder(self, dropped_path: Path, request_kinds: Iterable[type]) -> str:
        """Take weights that serve any of these kinds of request from anywhere on the disk (dropped on the window) for
        this session; returns their name where it leads to them, else the folder's path: requests keep it.

        Raises:
            WeightsError: the folder holds no weights that can be used so.
        """
        weights_folder = dropped_path if dropped_path.is_dir() else dropped_path.parent
        card = read_card(find_weights(weights_folder))
        if not any(serves(card, request_kind) for request_kind in request_kinds):
            raise WeightsError(
                'The weights "{0}" are of the system "{1}", which no document of the editor uses; open others.',
                card.name,
                card.system,
            )
        if card.labels() is None:
            raise WeightsError('The weights "{0}" know no labels; open others.', card.name)
        weights_name = lasting_name(weights_folder)
        self._extra[weights_name] = card
        self._abilities.clear()
        self._fingerprints.clear()
        self.changed.emit()
        return weights_name
