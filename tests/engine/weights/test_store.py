"""Weights are found, checked before use, and written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import files
from engine.errors import BadFile, WeightsError
from engine.labels.label_sets import load_label_set
from engine.weights import feature_networks, store
from engine.weights.card import Card, read_card, require_label_set
from engine.weights.folder import sheet_file, styles_file, tensors_file
from engine.weights.manage import problem_of
from engine.weights.store import (
    find_weights,
    join_networks,
    list_weights,
    load_weights,
    save_weights,
    search_path,
    user_weights_folder,
)
from tests.engine.drawn_pictures import smooth
from tests.engine.test_files import is_one_sentence

FACES = load_label_set("faces")
STATE = {
    "a.weight": torch.arange(12.0).reshape(3, 4).half(),
    "scalar": torch.tensor(2.5),
    "none": torch.zeros(0, 3),
}
STYLES = {"mean": torch.zeros(2, 3)}


def card(name: str = "sean-faces") -> Card:
    return Card(
        name=name,
        system="sean",
        config={"widths": [64, 32]},
        label_set=FACES.to_dict(),
        metrics={"psnr": 17.25},
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole search path."""
    folder = tmp_path / "我的 权重"
    folder.mkdir()
    monkeypatch.setenv("TESSERA_WEIGHTS", str(folder))
    monkeypatch.setattr(store, "root", lambda: tmp_path / "no bundle")
    return folder


def test_what_is_saved_is_loaded(place: Path):
    saved = save_weights(place / "sean-faces", card(), STATE, samples=smooth())
    loaded = load_weights(find_weights("sean-faces"))
    assert loaded.card == saved and len(saved.sha256) == 64
    assert loaded.card.labels() == FACES
    assert loaded.state.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert torch.equal(loaded.state[name], tensor) and loaded.state[name].dtype == tensor.dtype
    (entry,) = list_weights()
    assert (entry.name, entry.card, entry.problem) == ("sean-faces", saved, "")
    assert entry.samples is not None and entry.samples.is_file()
    assert load_weights("sean-faces").card == saved
    digits = saved.sha256[:16]
    expected = ["card.json", f"model-{digits}.safetensors", f"samples-{digits}.png"]
    assert sorted(os.listdir(place / "sean-faces")) == expected


def test_a_name_means_installed_weights_even_where_a_folder_is_called_so(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save_weights(place / "sean-faces", card(), STATE)
    (tmp_path / "desk" / "sean-faces").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "desk")
    assert load_weights("sean-faces").folder == place / "sean-faces" == find_weights("sean-faces")


def test_what_was_made_with_other_tensors_goes(place: Path):
    folder = place / "sean-faces"
    saved = save_weights(folder, card(), STATE, styles=STYLES, samples=smooth())
    for path in (sheet_file(folder, saved, "variations.png"), folder / "mine.txt"):
        path.write_bytes(b"made with the tensors")
    save_weights(folder, saved.replace(notes="the same tensors"), STATE)
    assert len(os.listdir(folder)) == 6
    saved = save_weights(folder, card(), STATE | {"scalar": torch.tensor(3.5)})
    assert sorted(os.listdir(folder)) == ["card.json", "mine.txt", tensors_file(folder, saved).name]


def plainly_named(folder: Path, state: dict[str, torch.Tensor]) -> Card:
    """Weights as earlier versions wrote them, with styles and sheets."""
    saved = save_weights(folder, card(), state, styles=STYLES, samples=smooth())
    for path in list(folder.iterdir()):
        path.rename(path.with_name(re.sub("-[0-9a-f]{16}", "", path.name)))
    (folder / "variations.png").write_bytes(b"made with the tensors")
    return saved


def test_weights_of_earlier_versions_open(place: Path):
    saved = plainly_named(place / "w", STATE)
    assert sorted(os.listdir(place / "w")) == [
        "card.json", "model.safetensors", "samples.png", "styles.safetensors", "variations.png",
    ]  # fmt: skip
    loaded = load_weights("w")
    assert loaded.card == saved and torch.equal(loaded.state["a.weight"], STATE["a.weight"])
    (entry,) = list_weights()
    assert entry.samples == place / "w" / "samples.png" and problem_of("w") == ""


def test_publishing_the_same_tensors_leaves_names_of_earlier_versions(place: Path):
    saved = plainly_named(place / "w", STATE)
    before = sorted(os.listdir(place / "w"))
    save_weights(place / "w", saved.replace(notes="measured again"), STATE)
    assert sorted(os.listdir(place / "w")) == before and load_weights("w").card.notes == "measured again"


def test_new_weights_over_those_of_an_earlier_version_leave_nothing_of_them(place: Path):
    plainly_named(place / "w", STATE)
    saved = save_weights(place / "w", card(), {"b": torch.ones(4)}, styles={"mean": torch.ones(2, 3)})
    assert load_weights("w").state.keys() == {"b"}
    names = {"card.json", tensors_file(place / "w", saved).name, styles_file(place / "w", saved).name}
    assert set(os.listdir(place / "w")) == names and problem_of("w") == ""


def test_damaged_tensors_are_mended_by_publishing_them_again(place: Path):
    saved = save_weights(place / "w", card(), STATE)
    path = tensors_file(place / "w", saved)
    path.write_bytes(path.read_bytes()[:-1])
    save_weights(place / "w", card(), STATE)
    assert load_weights("w").state.keys() == STATE.keys() and len(os.listdir(place / "w")) == 2


def test_weights_of_several_networks_hold_them_by_name(place: Path):
    several = card().replace(config={}, networks={"painter": {"width": 3}, "planner": {}})
    save_weights(place / "two", several, join_networks({"painter": STATE, "planner": {"bias": torch.ones(2)}}))
    loaded = load_weights("two")
    assert loaded.card.config_of("painter") == {"width": 3} and loaded.card.config_of("other") == {}
    assert loaded.tensors_of("painter").keys() == STATE.keys()
    assert torch.equal(loaded.tensors_of("planner")["bias"], torch.ones(2)) and loaded.tensors_of("other") == {}


def test_cards_of_one_network_read_on(place: Path):
    save_weights(place / "one", card("one"), STATE)
    text = json.loads((place / "one" / "card.json").read_text("utf-8"))
    del text["networks"]  # as every card was written before there were several
    (place / "one" / "card.json").write_text(json.dumps(text), "utf-8")
    loaded = load_weights("one")
    assert loaded.card.config_of("generator") == {"widths": [64, 32]}
    assert loaded.tensors_of("generator").keys() == STATE.keys()


def test_shared_strided_and_trainable_tensors_are_saved(place: Path):
    base = torch.arange(6.0).reshape(2, 3)
    state = {
        "a": base,
        "same": base,
        "turned": base.T,
        "row": base[0],
        "trained": base.clone().requires_grad_(),
    }
    save_weights(place / "w", card(), state)
    loaded = load_weights(place / "w").state
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())


def test_the_search_path_is_environment_then_user_then_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("TESSERA_WEIGHTS", os.pathsep.join([str(first), "", str(second)]))
    monkeypatch.setattr(store, "root", lambda: tmp_path)
    assert search_path() == (first, second, user_weights_folder(), tmp_path / "weights")
    assert user_weights_folder().parts[-2:] == ("Tessera", "weights")
    save_weights(second / "w", card("second"), STATE)
    save_weights(tmp_path / "weights" / "w", card("bundled"), STATE)
    assert [entry.card and entry.card.name for entry in list_weights()] == ["second"]
    save_weights(first / "w", card("first"), STATE)
    assert load_weights("w").card.name == "first"
    assert find_weights(tmp_path / "weights" / "w") == tmp_path / "weights" / "w"


def test_tessera_home_moves_weights_and_feature_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "家"))
    assert user_weights_folder() == tmp_path / "家" / "weights"
    assert user_weights_folder() in search_path()
    assert tmp_path / "家" / "nets" in feature_networks.search_path()


def test_feature_networks_are_looked_for_in_documented_places_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TESSERA_NETS", raising=False)
    expected = [files.user_data_folder() / "nets", files.root() / "nets"]
    assert feature_networks.search_path() == expected


def test_unknown_weights_are_answered_with_the_nearest_or_with_what_there_is(place: Path):
    with pytest.raises(WeightsError, match="none were found; put a folder into"):
        find_weights("sean-faces")
    save_weights(place / "sean-faces", card(), STATE)
    with pytest.raises(WeightsError, match='did you mean "sean-faces"'):
        find_weights("sean-face")
    with pytest.raises(WeightsError, match="there are sean-faces"):
        find_weights("dragon")
    for name in ("", ".", ".."):
        with pytest.raises(WeightsError):
            find_weights(name)
    with pytest.raises(WeightsError, match="has no card.json"):
        find_weights(place)


def broken_models(good: bytes) -> dict[str, tuple[bytes, str]]:
    return {
        "cut": (good[:-3], r"is incomplete \([\d,]+ of [\d,]+ bytes\)"),
        "cut in the header": (good[:30], "damaged or incomplete"),
        "too long": (good + b"\0", "is damaged"),
        "empty": (b"", "not a safetensors file"),
        "a .pth file": (b"PK\x03\x04" + bytes(200), "not a safetensors file"),
        "text": (b"This is not a model at all.", "not a safetensors file"),
        "huge header": ((1 << 60).to_bytes(8, "little") + b"{}", "not a safetensors file"),
        "header without offsets": ((12).to_bytes(8, "little") + b'{"a": {}}   ', "damaged or incomplete"),
        "one bit changed": (good[:-1] + bytes([good[-1] ^ 1]), "SHA-256 differs"),
    }


@pytest.mark.parametrize("kind", list(broken_models(b"x" * 40)))
def test_a_broken_model_file_is_one_sentence(place: Path, kind: str):
    saved = save_weights(place / "w", card(), STATE)
    model = tensors_file(place / "w", saved)
    data, words = broken_models(model.read_bytes())[kind]
    model.write_bytes(data)
    with pytest.raises(WeightsError, match=words) as caught:
        load_weights(place / "w")
    assert str(model) in str(caught.value) and is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, r"newer Tessera \(card schema 2, this version knows 1\); update"),
        ({"steps": "many"}, 'the key "steps": expected int'),
        ({"name": None}, 'the key "name"'),
        ({"sha256": ""}, "has no sha256"),
        ({"sha256": "0" * 64}, "SHA-256 differs"),
        ("not json", "not a valid JSON file"),
        ("[]", "not a weights card"),
        ("{}", 'the key "name" is missing'),
        (None, "does not exist"),
    ],
)
def test_a_wrong_card_is_one_sentence(place: Path, change: Any, words: str):
    save_weights(place / "w", card(), STATE)
    path = place / "w" / "card.json"
    if change is None:
        path.unlink()
    else:
        text = change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | change)
        path.write_text(text)
    with pytest.raises(WeightsError, match=words) as caught:
        load_weights(place / "w")
    assert is_one_sentence(str(caught.value))


def test_a_card_may_say_more_than_is_read(place: Path):
    save_weights(place / "w", card(), STATE)
    path = place / "w" / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"favourite_colour": "teal"}))
    assert load_weights(place / "w").card.name == "sean-faces"


def test_broken_folders_are_listed_with_their_reason(place: Path):
    save_weights(place / "good", card("good"), STATE)
    (place / "no card").mkdir()
    cut = save_weights(place / "cut", card("cut"), STATE)
    tensors_file(place / "cut", cut).write_bytes(b"")
    (place / "a file").write_text("")
    (place / ".hidden").mkdir()
    save_weights(place / "odd labels", card("odd").replace(label_set={"classes": []}), STATE)
    found = {entry.name: entry for entry in list_weights()}
    assert list(found) == ["cut", "good", "no card", "odd labels"]
    assert found["good"].card is not None and not found["good"].problem
    for name in ("cut", "no card", "odd labels"):
        assert found[name].card is None and is_one_sentence(found[name].problem)


def test_a_full_disk_keeps_the_old_weights(place: Path, monkeypatch: pytest.MonkeyPatch):
    save_weights(place / "w", card(), STATE, samples=smooth())
    before = {path.name: path.read_bytes() for path in (place / "w").iterdir()}
    real, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BadFile, match="disk is full") as caught:
        save_weights(place / "w", card().replace(steps=9), {"b": torch.zeros(4)}, samples=255 - smooth())
    assert is_one_sentence(str(caught.value))
    assert {path.name: path.read_bytes() for path in (place / "w").iterdir()} == before


def test_changed_weights_are_read_again(place: Path):
    save_weights(place / "w", card(), {"a": torch.zeros(2)})
    assert load_weights(place / "w").state["a"].sum() == 0
    save_weights(place / "w", card(), {"a": torch.ones(2)})
    assert load_weights(place / "w").state["a"].sum() == 2


def test_weights_of_another_label_set_are_refused():
    require_label_set(card(), FACES)
    require_label_set(card(), load_label_set("celebamask_hq"))
    with pytest.raises(WeightsError, match="know the 19 labels of 'faces', not the 12 labels of 'street'"):
        require_label_set(card(), load_label_set("street"))
    with pytest.raises(WeightsError, match="know no labels"):
        require_label_set(Card(name="net", system="features"), FACES)


def test_listing_weights_needs_no_torch(place: Path):
    save_weights(place / "w", card(), STATE)
    code = (
        "import sys; from engine.weights.store import list_weights; import engine.labels.label_maps, "
        "engine.requests.render, engine.pictures.images, engine.devices;"
        "print([e.name for e in list_weights()], 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=files.root())
    names, _, torch_is_in = result.stdout.strip().rpartition(" ")
    assert "'w'" in names and torch_is_in == "False"


def test_the_card_is_readable_by_people(place: Path):
    save_weights(place / "w", card(), STATE)
    text = (place / "w" / "card.json").read_text(encoding="utf-8")
    assert "头发" in text and text.count("\n") > 20
    assert read_card(place / "w").metrics == {"psnr": 17.25}
