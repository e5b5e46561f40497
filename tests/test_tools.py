"""The tools are run by hand and seldom: what they take of the program must be names that stay."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
TOOLS = sorted((REPO / "tools").glob("[!_]*.py"))
PROGRAMS = [path for path in TOOLS if '__name__ == "__main__"' in path.read_text("utf-8")]


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: path.stem)
def test_a_tool_reaches_into_nothing_private(path: Path) -> None:
    private = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]
    assert private == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_tool_that_is_asked_for_help_does_nothing_else(path: Path, tmp_path: Path) -> None:
    """Run elsewhere, as a module: its imports are there, and a word such as --help is never a folder's name."""
    command = [sys.executable, "-m", f"tools.{path.stem}", "--help"]
    search_path = os.pathsep.join(filter(None, [str(REPO), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": search_path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
