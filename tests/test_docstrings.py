"""What a docstring lists under "Args:" are the parameters: a renamed one keeps its explanation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SOURCES = [REPO / "run.py", *(path for folder in ("app", "engine", "tools") for path in (REPO / folder).rglob("*.py"))]
SECTION = re.compile(r"^Args:\n((?:    .*\n?|\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^    ([\w*, ]+):", re.MULTILINE)


def test_names_under_args_are_parameters() -> None:
    unknown = {path.relative_to(REPO).as_posix(): list(_unknown(path.read_text("utf-8"))) for path in SOURCES}
    assert {place: names for place, names in unknown.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        'def pad(picture, sides):\n    """Pad it.\n\n    Args:\n        picture: one.\n        side: how far.\n    """',
        'class Layer:\n    """One.\n\n    Args:\n        norm: of it.\n    """\n    def __init__(self, layer): ...',
        'class Layer(Base):\n    """One.\n\n    Args:\n        first, norm: of it.\n    """\n    first: int',
    ],
)
def test_a_name_that_is_no_parameter_is_seen(source: str) -> None:
    assert len(list(_unknown(source))) == 1


def _unknown(source: str) -> Iterator[str]:
    """The names that a module's docstrings explain and nothing takes, behind that of the function or class."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        section = SECTION.search(ast.get_docstring(node) or "")
        for entry in ENTRY.findall(section[1]) if section is not None else ():
            explained = {name.strip().lstrip("*") for name in entry.split(",")}
            yield from (f"{node.name}: {name}" for name in sorted(explained - _parameters(node)))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """Of a function; of a class what `__init__` takes, or its fields where a dataclass writes that."""
    if not isinstance(node, ast.ClassDef):
        arguments = node.args
        rest = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
        return {argument.arg for argument in listed}
    names: set[str] = set()
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            names |= _parameters(statement)
    return names
