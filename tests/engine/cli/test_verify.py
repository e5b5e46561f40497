"""`tessera verify` and `tessera import`, run for real on golden cases of the authors' networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.golden.cases import read_case
from engine.weights.card import read_card
from engine.weights.folder import named
from engine.weights.store import user_weights_folder
from tests.commands import Runner, one_sentence

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
SMALL = "patchgan_sean_ndf8_64"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A folder with one small case and a file that is none."""
    folder = tmp_path / "cases 金"
    folder.mkdir()
    for suffix in (".json", ".npz"):
        shutil.copy(GOLDEN / f"{SMALL}{suffix}", folder)
    (folder / "notes.json").write_text("{}", encoding="utf-8")
    return folder


def _columns(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("word", ["", f"{SMALL}.json", SMALL])
def test_a_case_that_holds_prints_name_difference_and_seconds(run: Runner, cases: Path, word: str) -> None:
    done = run("verify", cases / word)
    assert done.code == 0, done.err
    ((name, difference, seconds),) = _columns(done.out)
    assert name == SMALL
    assert float(difference) <= 1e-4
    assert float(seconds) >= 0


def test_a_case_that_is_off_fails_the_check(run: Runner, cases: Path) -> None:
    with np.load(cases / f"{SMALL}.npz") as file:
        arrays = dict(file)
    key = next(iter(arrays))
    arrays[key] = arrays[key] + np.float32(0.5)
    np.savez(cases / f"{SMALL}.npz", **arrays)
    done = run("verify", cases)
    assert done.code == 1
    assert float(_columns(done.out)[0][1]) == pytest.approx(0.5, abs=1e-3)


def test_a_kind_not_yet_supported_fails_the_check_and_says_so(run: Runner, cases: Path) -> None:
    spec = json.loads((cases / f"{SMALL}.json").read_text("utf-8"))
    spec["config"]["model"] = "teapot"
    (cases / "teapot.json").write_text(json.dumps({**spec, "name": "teapot"}), encoding="utf-8")
    shutil.copy(cases / f"{SMALL}.npz", cases / "teapot.npz")
    done = run("verify", cases)
    assert done.code == 1
    rows = {name: difference for name, difference, _ in _columns(done.out)}
    assert rows["teapot"] == "nan"
    assert float(rows[SMALL]) <= 1e-4
    assert "teapot" in done.err and "not yet supported" in done.err
    as_json = json.loads(run("verify", cases, "--json").out)
    assert as_json["failed"] == ["teapot"]


def test_a_place_without_cases_is_the_users_mistake(run: Runner, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "gone.json"):
        done = run("verify", place)
        assert done.code == 2
        assert place.name in one_sentence(done.err)


# ---------------------------------------------------------------- import


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A small file as the authors publish them: a state dict with their names."""
    state = read_case(GOLDEN / f"{SMALL}.json").state()
    path = tmp_path / "latest_net_D.pth"
    torch.save({key: torch.from_numpy(array) for key, array in state.items()}, path)
    return path


def test_a_published_file_becomes_weights_with_a_card(run: Runner, published: Path) -> None:
    done = run("import", published, "--name", "authors", "--json")
    assert done.code == 0, done.err
    folder = user_weights_folder() / "authors"
    assert json.loads(done.out)["folder"] == str(folder)
    assert {p.name for p in folder.iterdir()} == {named("model.safetensors", read_card(folder).sha256), "card.json"}
    (entry,) = [e for e in json.loads(run("weights", "--json").out) if e["name"] == "authors"]
    assert entry["problem"] is None
    assert "CC BY-NC-SA" in entry["card"]["weights_licence"]
    again = run("import", published, "--name", "authors")
    assert again.code == 2 and "--replace" in one_sentence(again.err)
    assert run("import", published, "--name", "authors", "--replace").code == 0


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a:b", ".hidden"])
def test_a_name_that_is_no_folder_everywhere_is_refused(run: Runner, published: Path, name: str) -> None:
    done = run("import", published, "--name", name)
    assert done.code == 2
    one_sentence(done.err)
    assert not user_weights_folder().exists()


def test_files_that_are_no_published_network_get_one_sentence(run: Runner, published: Path, tmp_path: Path) -> None:
    whole = published.read_bytes()
    files = {
        "cut.pth": whole[: len(whole) // 2],
        "text.pth": b"no tensors here",
        "code.pth": b"cos\nsystem\n(S'echo unsafe > ran'\ntR.",
    }
    for file_name, content in files.items():
        path = tmp_path / file_name
        path.write_bytes(content)
        done = run("import", path, "--name", "bad")
        assert done.code == 2
        assert file_name in one_sentence(done.err)
    assert not (user_weights_folder() / "bad").exists()
    assert not (tmp_path / "ran").exists() and not Path("ran").exists()
