"""JSON and TOML of any content: a value, or one sentence at once."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import pytest

from engine.cli.train import _parsed_setting
from engine.data.layout import read_splits
from engine.errors import BadFile, BadRequest, EngineError
from engine.files import open_regular, read_bytes, write_bytes
from engine.labels.label_sets import load_label_set
from engine.plain_data import BadText, parse_json, read_json, read_toml
from engine.requests.json_text import from_json
from engine.training.recipe import load_recipe
from engine.training.run.record import settings_before
from engine.weights.card import read_card

REPO = Path(__file__).resolve().parents[2]
HOSTILE = {
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "many digits": '{"a": ' + "9" * 5000 + "}",
    "half a character": '{"a": "\\ud800"}',
    "cut": '{"a": [1, 2',
    "escapes without end": '"' + '\\"' * 100_000,
    "other encoding": '{"a": "é"}'.encode("latin-1"),
    "empty": "",
}


def hostile_bytes(kind: str) -> bytes:
    text = HOSTILE[kind]
    return text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_json_is_refused_by_the_one_reader(kind: str) -> None:
    with pytest.raises(BadText):
        parse_json(hostile_bytes(kind))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, -2.5e3, "\\ud83d\\ude00", "\\\\ud800", null]}',
        "[" * 150 + "]" * 150,
        '"' + "[" * 999 + '"',
        "18446744073709551615",
    ],
)
def test_ordinary_json_is_read_as_python_reads_it(text: str) -> None:
    assert parse_json(text) == json.loads(text)
    assert parse_json(b"\xef\xbb\xbf" + text.encode()) == json.loads(text)


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_reader_of_json_answers_hostile_text_with_one_sentence(tmp_path: Path, kind: str) -> None:
    for name in ("splits.json", "classes.json", "card.json", "config.json", "metrics.json"):
        (tmp_path / name).write_bytes(hostile_bytes(kind))
    for read in (read_splits, load_label_set, read_card):
        with pytest.raises(EngineError) as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)
    with pytest.raises(BadFile):
        read_json(tmp_path / "metrics.json")
    with pytest.raises(BadRequest):
        from_json(hostile_bytes(kind))
    assert settings_before(tmp_path) == {}
    if not isinstance(HOSTILE[kind], bytes):
        assert _parsed_setting(str(HOSTILE[kind])) == HOSTILE[kind]


@pytest.mark.parametrize(
    "text",
    [
        "steps = " + "9" * 5000,
        ".".join("a" * 40_000) + " = 1",
        "[" + " . ".join("a" * 40_000) + "]",
        "steps = " + "[" * 100_000,
        'a = "' + "\\\\" * 50_000,
        "a = '''" + "'" * 2,
        "x = " + "{y = " * 50_000,
        "# " + "x" * (2 << 20),
    ],
    ids=["digits", "dotted", "dotted table", "deep", "string", "quotes", "tables", "large"],
)
def test_hostile_toml_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(BadFile) as caught:
        load_recipe(tmp_path / "recipe.toml")
    assert "recipe.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_toml_with_dots_and_brackets_in_words_is_read(tmp_path: Path) -> None:
    text = '# ' + "." * 300 + '\nnote = "' + "[" * 300 + "." * 99 + '"\nx = [1.5, 2.5]\n\n[a.b]\nc = 1\n'
    (tmp_path / "a.toml").write_text("\ufeff" + text, encoding="utf-8")
    assert read_toml(tmp_path / "a.toml") == {"note": "[" * 300 + "." * 99, "x": [1.5, 2.5], "a": {"b": {"c": 1}}}


# ---------------------------------------------------------------- paths


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_a_device_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero"):
        with pytest.raises(BadFile, match="pipe or a device"):
            read_bytes(path)
    with pytest.raises(BadFile, match="pipe or a device"):
        write_bytes(pipe, b"x")
    assert pipe.is_fifo() and os.listdir(tmp_path) == ["pipe.json"]
    with pytest.raises(BadFile):
        load_recipe(tmp_path / "pipe.json")


def test_a_regular_file_and_a_link_to_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    with open_regular(tmp_path / "b") as file:
        assert file.read() == b"abc"


# ---------------------------------------------------------------- the house

READ_ELSEWHERE = {
    "app/shell/i18n.py": "a table that ships with Tessera",
    "app/shell/icons.py": "ships with Tessera",
    "app/shell/theme.py": "ships with Tessera",
    "app/library/samples.py": "ships with Tessera",
    "app/document/opening.py": "templates.json ships with Tessera",
    "engine/devices.py": "the system's own facts in /proc and /sys",
    "engine/bench/rows.py": "the system's own facts in /proc",
    "engine/bench/memory.py": "the system's own facts in /proc",
    "engine/bench/literal_training.py": "a template that ships with Tessera",
    "engine/training/loop.py": "appends to a run's own stats.jsonl",
    "engine/cli/common.py": "appends to the log",
    "engine/files.py": "the one reader of paths",
    "app/document/saved/process_folders.py": "locks a file of its own, whose bytes nobody reads",
    "engine/plain_data.py": "the one reader of JSON and TOML",
}


def test_paths_json_and_toml_are_read_in_one_place() -> None:
    """A second reader would have to be guarded against pipes, depth, digits and sizes again."""
    readers = {"json.loads", "json.load", "json.decode", "toml.decode", "tomllib.loads"}
    second_readers = set()
    for path in sorted([*(REPO / "engine").rglob("*.py"), *(REPO / "app").rglob("*.py")]):
        place = path.relative_to(REPO).as_posix()
        source = path.read_text(encoding="utf-8")
        if place in READ_ELSEWHERE or not re.search(r"read_text|read_bytes|open\(|json\.|toml", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            on_path = isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "read_bytes")
            if on_path or called == "open" or ".".join(called.split(".")[-2:]) in readers:
                second_readers.add(f"{place}: {called}")
    assert second_readers == set()
