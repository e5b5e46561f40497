"""Where answers go: a pipe that nobody reads any more, a stream that is closed, a full disk; and how to type a command.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from engine.cli import main
from engine.cli.common import announce
from engine.files import resource
from engine.program import STARTED_AS, program
from tests.commands import Runner, one_sentence

COMMANDS = (["--help"], ["render", "--help"], ["bench", "--help"], ["weights"], ["weights", "--json"])


def code_of(words: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


@pytest.fixture
def unread() -> Iterator[TextIO]:
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = open(writing, "w", encoding="utf-8")
    yield stream
    with suppress(BrokenPipeError):  # a short answer still waits in it
        stream.close()


@pytest.mark.parametrize("words", COMMANDS)
def test_an_answer_that_nobody_reads_is_no_failure(
    words: list[str], unread: TextIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", unread)
    assert code_of(words) == 0
    assert capsys.readouterr().err == ""


def test_work_goes_on_and_keeps_its_exit_code_where_nobody_reads_how_it_goes(
    unread: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", unread)
    announce("step 1")
    announce("step 2")
    assert code_of(["no command"]) == 2


@pytest.mark.parametrize("words", COMMANDS)
def test_a_stream_that_is_closed_takes_everything(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert code_of(words) == 0
    sys.stdout.close()  # opened to take it
    sys.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("words", COMMANDS)
def test_an_answer_that_cannot_be_written_is_one_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert code_of(words) == 2
    assert one_sentence(capsys.readouterr().err).startswith("The answer cannot be written: the disk is full")


def test_a_console_that_lacks_a_character_shows_another(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", console)
    assert code_of(["头发"]) == 2
    assert b"'??'" in console.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_command_is_named_as_the_user_types_it(monkeypatch: pytest.MonkeyPatch, run: Runner) -> None:
    monkeypatch.setenv(STARTED_AS, "python3 ../run.py")
    assert program() == "python3 ../run.py"
    assert "python3 ../run.py render --help tells what there is" in run("render", "--seed", "x").err
    assert "Usage: python3 ../run.py render" in run("render", "--help").out
    monkeypatch.setattr(sys, "argv", ["/home/a/.venv/bin/tessera", "weights"])
    assert program() == "tessera"
    monkeypatch.setattr(sys, "argv", ["engine/__main__.py"])
    monkeypatch.delenv(STARTED_AS)
    assert program() == "python -m engine"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program() == "tessera-cli"


def test_no_sentence_supposes_how_tessera_was_started() -> None:
    """Every sentence has its translation, which tests/app/shell/test_i18n.py sees to."""
    templates = json.loads(resource("translations", "zh_CN.json").read_text("utf-8"))
    commands = "|".join(command for command in re.findall(r"^        (\w+)  ", run_help(), re.MULTILINE))
    assert [text for text in templates if re.search(rf"(tessera|run\.py|-m engine) ({commands}|COMMAND)", text)] == []


def run_help() -> str:
    return (Path(__file__).parents[3] / "run.py").read_text("utf-8")
