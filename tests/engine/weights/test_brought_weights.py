"""Weights of anyone: what cannot be used is refused or listed with its reason, and nothing of the user's is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from engine.errors import BadFile, WeightsError
from engine.systems import system
from engine.systems.base import load_part
from engine.weights.card import Card
from engine.weights.folder import is_taken, sheet_file
from engine.weights.manage import problem_of, remove_abandoned_files, remove_weights
from engine.weights.networks import network_of
from engine.weights.pth import read_pth
from engine.weights.store import list_weights, load_weights, save_weights, user_weights_folder
from tests.engine.drawn_pictures import smooth

STATE = {"fc.weight": torch.ones(8, 3), "fc.bias": torch.zeros(8)}


@pytest.fixture
def place(shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "home"))
    return shelf


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_weights_with_what_is_no_number_are_refused(place: Path, tmp_path: Path, number: float) -> None:
    broken = STATE | {"fc.bias": torch.tensor([0.0, number], dtype=torch.float16)}
    save_weights(place / "broken", Card(name="broken", system="sean"), broken)
    with pytest.raises(WeightsError, match="no number .*fc.bias"):
        load_weights("broken")
    torch.save(broken, tmp_path / "broken.pth")
    with pytest.raises(WeightsError, match="no number"):
        read_pth(tmp_path / "broken.pth")


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 1, "label_set": {"name": "x", "ignore": 1e999, "labels": []}}',
        '{"name": "x", "system": "sean", "label_set": {"ignore": 1e999, "classes": [{"id": 0, "name": "a"}]}}',
        '{"name": "x", "system": "sean", "label_set": {"classes": [{"id": 1e999, "name": "a"}]}}',
        "[" * 100_000,
    ],
)
def test_a_card_of_any_content_is_listed_as_broken(place: Path, text: str) -> None:
    save_weights(place / "odd", Card(name="odd", system="sean"), STATE)
    (place / "odd" / "card.json").write_text(text)
    assert [entry.problem != "" for entry in list_weights() if entry.name == "odd"] == [True]


def test_a_card_that_asks_for_a_huge_network_takes_no_memory(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sean = system("sean")
    tiny = dict(load_part(sean.examples).tiny.model)
    for name, width in (("large", 60_000), ("beyond", 10**9)):
        config = tiny | {"labels": 3, "style_width": width}
        save_weights(place / name, Card(name=name, system="sean", config=config), {"x": torch.zeros(1)})
        with pytest.raises(WeightsError, match="do not fit"):
            network_of(load_weights(name))


@pytest.mark.parametrize("system_id", ["parser", "an-classes"])  # the second one's beginning is decomposed
def test_a_network_that_is_read_draws_no_numbers_to_begin_with(place: Path, system_id: str) -> None:
    main = system(system_id).networks[system(system_id).main]
    config = dict(load_part(system(system_id).examples).tiny.model)
    state = main.build(main.read_config(config)).state_dict()
    save_weights(place / "w", Card(name="w", system=system_id, config=config), state)
    weights, random_state = load_weights("w"), torch.get_rng_state()
    read_state = network_of(weights).state_dict()
    assert torch.equal(torch.get_rng_state(), random_state)
    assert state.keys() == read_state.keys() and all(torch.equal(state[name], read_state[name]) for name in state)


def test_styles_of_other_weights_are_found_by_the_check(place: Path) -> None:
    save_weights(place / "w", Card(name="w", system="sean", styles_sha256="0" * 64), STATE)
    (place / "w" / "styles.safetensors").write_bytes(b"styles")
    assert "styles.safetensors" in problem_of("w")


def test_removing_weights_through_a_link_keeps_what_it_leads_to(place: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "elsewhere", Card(name="w", system="sean"), STATE)
    before = sorted((tmp_path / "elsewhere").iterdir())
    (place / "w").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    remove_weights("w")
    assert not (place / "w").is_symlink() and sorted((tmp_path / "elsewhere").iterdir()) == before


def test_all_that_tessera_wrote_is_removed_with_the_weights(place: Path) -> None:
    saved = save_weights(place / "w", Card(name="w", system="sean"), STATE, styles=STATE, samples=smooth())
    for name in ("model.safetensors", "styles.safetensors", "samples.png", "variations.png"):  # as earlier versions
        (place / "w" / name).write_bytes(b"old")
    sheet_file(place / "w", saved, "variations.png").write_bytes(b"sheet")
    (place / "w" / ".tessera-0123456789ab.tmp").write_bytes(b"half")
    remove_weights("w")
    assert not (place / "w").exists()


def test_what_a_killed_publishing_left_goes_at_the_next_start(place: Path) -> None:
    folder = user_weights_folder() / "w"
    save_weights(folder, Card(name="w", system="sean"), STATE)
    (folder / ".tessera-0123456789ab.tmp").write_bytes(b"half")
    remove_abandoned_files()
    assert len(list(folder.iterdir())) == 2


def test_what_is_the_user_s_own_stays_when_weights_are_removed(place: Path) -> None:
    save_weights(place / "w", Card(name="w", system="sean"), STATE)
    for name in ("mine.png", "model-of-mine.safetensors", "model-0123456789abcdef.safetensors.bak"):
        (place / "w" / name).write_bytes(b"mine")
    remove_weights("w")
    assert len(list((place / "w").iterdir())) == 3


# ---------------------------------------------------------------- checkpoints of others


@pytest.mark.parametrize(
    "contents",
    [
        STATE,
        {"epoch": 3, "state_dict": STATE},
        {f"module.{name}": tensor for name, tensor in STATE.items()},
        {"model": {"state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in STATE.items()}, "args": 1}},
    ],
)
def test_known_nestings_open_and_known_prefixes_come_off(tmp_path: Path, contents: dict[str, object]) -> None:
    torch.save(contents, tmp_path / "a.pth")
    state = read_pth(tmp_path / "a.pth")
    assert state.keys() == STATE.keys() and torch.equal(state["fc.weight"], STATE["fc.weight"])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "pointer of Git LFS"),
        (b"<!DOCTYPE html><title>Virus scan warning</title>", "web page"),
        (b"\n<html><body></body></html>", "web page"),
        (b"\x1f\x8b\x08\x00" + bytes(100), "archive"),
        (b"7z\xbc\xaf'\x1c" + bytes(100), "archive"),
    ],
)
def test_what_bears_the_name_of_a_checkpoint_is_called_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=what):
        read_pth(tmp_path / "a.pth")


def test_a_config_with_infinite_numbers_is_refused(place: Path) -> None:
    save_weights(place / "w", Card(name="w", system="sean"), STATE)
    card = json.loads((place / "w" / "card.json").read_text()) | {"config": {"labels": 1}}
    text = json.dumps(card).replace('"labels": 1', '"labels": 1e999')
    (place / "w" / "card.json").write_text(text)
    with pytest.raises(WeightsError, match="do not fit"):
        network_of(load_weights("w"))


def test_a_name_that_no_disk_can_hold_is_one_sentence_that_says_so(place: Path) -> None:
    assert not is_taken(place / ("w" * 300))
    with pytest.raises(BadFile, match="name is too long"):
        save_weights(place / ("w" * 300), Card(name="w", system="sean"), STATE)
