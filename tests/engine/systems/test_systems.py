"""The list of systems: what each says of itself holds, costs no torch, and one line adds one more."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import engine.systems
from engine.errors import NotSupported
from engine.labels.label_sets import load_label_set
from engine.nn.perceptual import FeatureNetwork
from engine.requests.render import RenderRequest
from engine.systems import (
    abilities,
    all_systems,
    default_weights,
    find_system,
    parser_for,
    position,
    serves,
    system,
    systems_serving,
)
from engine.systems.base import Abilities, System, load_part
from engine.training.recipe import bundled_recipes, load_recipe, read_fields
from engine.weights.card import Card
from engine.weights.store import WeightsEntry
from tests.engine.training.tiny import decided_by_data

every_system = pytest.mark.parametrize("entry", all_systems(), ids=lambda entry: entry.id)


@every_system
def test_what_a_system_names_by_path_is_there(entry: System) -> None:
    paths = [entry.runtime, entry.data, entry.task, entry.task_config, *entry.requests]
    paths += [entry.measuring.measure, entry.measuring.sheet, *entry.measuring.tables]
    paths += [entry.finish, entry.published, entry.golden, entry.bench, entry.examples]
    for network in entry.networks.values():
        paths += [network.config, network.module]
    for path in filter(None, paths):
        assert load_part(path) is not None


@every_system
def test_a_system_says_where_it_comes_from(entry: System) -> None:
    assert entry.title and entry.paper and entry.code_licence
    assert entry.requests and entry.networks


@every_system
def test_the_networks_that_give_features_are_those_that_perceptual_losses_take(entry: System) -> None:
    for name, network in entry.networks.items():
        with torch.device("meta"):
            module = network.build(network.read_config(load_part(entry.examples).networks[name].variants[""]))
        assert isinstance(module, FeatureNetwork) == network.gives_features


@every_system
def test_the_tiny_configuration_is_one_of_the_systems(entry: System) -> None:
    config, tiny = load_part(entry.network.config), load_part(entry.examples).tiny
    decided = {"resolution": tiny.resolution, **decided_by_data(entry.data)}  # where a network has them
    model = {name: value for name, value in decided.items() if name in config.__dataclass_fields__}
    assert read_fields(model | dict(tiny.model), config, "tiny")
    assert read_fields(dict(tiny.task), load_part(entry.task_config), "tiny")


@every_system
def test_a_card_that_says_nothing_has_the_abilities_of_the_default_config(entry: System) -> None:
    config, can = load_part(entry.network.config)(), abilities(Card(name="new", system=entry.id))
    if entry.serves(RenderRequest):
        assert (can.stride, can.resolution) == (config.stride, config.resolution)
    else:
        assert not can.stride and not can.styles


@every_system
def test_every_system_has_recipes(entry: System) -> None:
    assert any(load_recipe(name).system == entry.id for name in bundled_recipes())
    assert not entry.default_name or load_recipe(entry.default_name).system == entry.id


def test_ids_are_told_apart() -> None:
    assert len({entry.id for entry in all_systems()}) == len(all_systems())


def test_a_card_of_another_version_promises_nothing() -> None:
    card = Card(name="new", system="of-tomorrow")
    assert find_system(card.system) is None and abilities(card) == Abilities()
    assert position(card) == len(all_systems())


def test_an_unknown_system_names_the_nearest() -> None:
    with pytest.raises(NotSupported, match='"paser".*"parser"'):
        system("paser")
    with pytest.raises(NotSupported, match="sean, smis"):
        system("attngan")


def test_the_first_document_paints_with_what_a_system_prefers() -> None:
    assert default_weights(["mine", "sean-faces"]) == "sean-faces"
    assert default_weights(["mine", "other"]) == "mine"
    assert default_weights([]) == ""


def test_the_parser_of_a_label_set_is_the_first_that_works() -> None:
    faces, street = (load_label_set(name).to_dict() for name in ("faces", "street"))
    cards = {
        "broken": None,
        "painter": Card(name="painter", system="sean", label_set=faces),
        "wrong": Card(name="wrong", system="parser", label_set={"classes": "many"}),
        "street": Card(name="street", system="parser", label_set=street),
        "discriminator": Card(name="discriminator", system="parser", label_set=faces, networks={"other": {}}),
        "first": Card(name="first", system="parser", label_set=faces),
        "second": Card(name="second", system="parser", label_set=faces),
    }
    entries = [WeightsEntry(name, Path(name), card) for name, card in cards.items()]
    assert parser_for(entries, load_label_set("faces")) == "first"
    assert parser_for(entries, load_label_set("street")) == "street"
    assert parser_for(entries, load_label_set("facades")) is None


def test_one_line_adds_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = dataclasses.replace(system("sean"), id="mine", default_name="")
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, mine))
    assert system("mine") is mine and mine in systems_serving(RenderRequest)
    assert serves(Card(name="new", system="mine"), RenderRequest)


def test_listing_systems_and_reading_cards_imports_no_torch() -> None:
    code = (
        "import sys\n"
        "from engine.systems import abilities, all_systems\n"
        "from engine.weights.card import Card\n"
        "print([abilities(Card(name='x', system=s.id)).styles for s in all_systems()], 'torch' in sys.modules)\n"
    )
    root = Path(engine.systems.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8")
    assert done.stdout.strip().endswith("False"), done.stderr
