"""The systems: each folder holds one paper's network, painter, training task, published files and fast path.

`SYSTEMS` is the only list of them; everything iterates `all_systems()`. To add a system: write its folder, with a
`system.py` like `engine/systems/sean/system.py`, and add it here. A test registers one more for its own time with
`monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, MINE))`. Imports no torch.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, Message, NotSupported
from engine.requests.faces.find_faces import FindFacesRequest
from engine.requests.parse import ParseRequest
from engine.systems.an_classes import system as an_classes
from engine.systems.an_inpaint import system as an_inpaint
from engine.systems.base import Abilities, System, load_part
from engine.systems.face_finder import system as face_finder
from engine.systems.parser import system as parser
from engine.systems.pix2pixhd import system as pix2pixhd
from engine.systems.sean import system as sean
from engine.systems.smis import system as smis
from engine.systems.spade import system as spade
from engine.systems.text_layout import system as text_layout
from engine.weights.card import Card

if TYPE_CHECKING:
    from engine.labels.label_sets import LabelSet
    from engine.requests.base import Request
    from engine.weights.store import WeightsEntry

SYSTEMS: tuple[System, ...] = (
    sean.SYSTEM,
    smis.SYSTEM,
    spade.SYSTEM,
    pix2pixhd.SYSTEM,
    an_classes.SYSTEM,
    an_inpaint.SYSTEM,
    text_layout.SYSTEM,
    parser.SYSTEM,
    face_finder.SYSTEM,
)


def all_systems() -> tuple[System, ...]:
    """All systems, in the order in which they are offered."""
    return SYSTEMS


def find_system(system_id: str) -> System | None:
    """The system of that id; None where this version does not know it (a card of a newer one)."""
    return next((system for system in all_systems() if system.id == system_id), None)


def system(system_id: str) -> System:
    """The system of that id. Raises NotSupported that names the nearest one."""
    known_system = find_system(system_id)
    if known_system is not None:
        return known_system
    system_ids = [system.id for system in all_systems()]
    nearest = difflib.get_close_matches(system_id, system_ids, 1)
    hint = Message('did you mean "{0}"?', nearest[0]) if nearest else Message("there are {0}.", ", ".join(system_ids))
    raise NotSupported('There is no system "{0}" in this version; {1}', system_id, hint)


def abilities(card: Card) -> Abilities:
    """What the weights of this card can do; nothing for a system that this version does not know.

    Weights without the system's main network can do nothing either: those of a discriminator alone.
    """
    usable_system = _usable_system(card)
    return Abilities() if usable_system is None else usable_system.abilities(card)


def serves(card: Card, request_kind: type) -> bool:
    """Whether the weights of this card can be asked requests of that kind."""
    usable_system = _usable_system(card)
    return usable_system is not None and usable_system.serves(request_kind)


def request_kinds(card: Card) -> list[type[Request[Any]]]:
    """The kinds of request that the weights of this card can be asked."""
    usable_system = _usable_system(card)
    return [load_part(path) for path in usable_system.requests] if usable_system is not None else []


def _usable_system(card: Card) -> System | None:
    """The system of weights that can be used: this version knows it, and its main network is among them."""
    known_system = find_system(card.system)
    usable = known_system is not None and (not card.networks or known_system.main in card.networks)
    return known_system if usable else None


def gives_features(card: Card) -> bool:
    """Whether the first network of these weights is one that perceptual losses can compare pictures by."""
    known_system = find_system(card.system)
    return known_system is not None and known_system.network.gives_features and not card.networks


def measurable(card: Card) -> bool:
    """Whether the weights of this card can be measured."""
    usable_system = _usable_system(card)
    return usable_system is not None and bool(usable_system.measuring.measure)


def systems_serving(request_kind: type) -> tuple[System, ...]:
    """The systems whose weights serve this kind of request."""
    return tuple(system for system in all_systems() if system.serves(request_kind))


def position(card: Card) -> int:
    """Where the card's system stands in the order in which systems are offered."""
    system_ids = [system.id for system in all_systems()]
    return system_ids.index(card.system) if card.system in system_ids else len(system_ids)


def parser_for(entries: Iterable[WeightsEntry], label_set: LabelSet) -> str | None:
    """The name of the first of these weights that finds label maps of these labels in photos; None if none does."""
    for entry in entries:
        if entry.card is None or not serves(entry.card, ParseRequest):
            continue
        try:
            parser_labels = entry.card.labels()
        except EngineError:
            continue  # a card that is wrong says so where it is used
        if parser_labels is not None and parser_labels.same_labels(label_set):
            return entry.name
    return None


def finder_among(entries: Iterable[WeightsEntry]) -> str | None:
    """The name of the first of these weights that finds faces in photos; None if none does."""
    finders = (entry.name for entry in entries if entry.card is not None and serves(entry.card, FindFacesRequest))
    return next(finders, None)


def default_weights(names: Iterable[str]) -> str:
    """Which of these weights (their names) a first document paints with; "" if there are none."""
    installed = list(names)
    preferred = [system.default_name for system in all_systems()]
    return next((weights_name for weights_name in [*preferred, *installed] if weights_name in installed), "")


def default_recipe() -> str:
    """The recipe that is offered first."""
    return next((system.default_name for system in all_systems() if system.default_name), "")
